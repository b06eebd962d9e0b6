"""Asking for jobs, in the transaction of what they are about: all of it is committed together or nothing is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.deliveries import defer
from db.engine import inserting
from db.news import tell
from db.tables import Job, JobState, now
from resolvers.access import Viewer
from resolvers.jobs.kinds import Kind

CHANNEL = "collegium_jobs"
"""The channel of news of jobs: the UUID of one that changed, or one of the following with what is behind it."""

QUEUED = "queued:"
"""A queue in which there is something to take up."""

CANCEL = "cancel:"
"""The UUID of a job that runs and is to be canceled."""

MOST_TOGETHER = 200
"""Rows of one statement."""


@dataclass(frozen=True)
class Order:
    """One job to be done: about `subject`, the global id of an object, with `input`, which is JSON.

    Where an unfinished job of the kind has the same `key`, that one is it. `not_before` is the first time to begin.
    """

    subject: str
    input: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    not_before: datetime | None = None


async def enqueue(
    session: AsyncSession,
    kind: Kind,
    subject: str,
    *,
    input: Mapping[str, Any] | None = None,
    by: Viewer | None = None,
    key: str | None = None,
    not_before: datetime | None = None,
) -> Job:
    """Ask for one job, as `Order` has it, for a viewer or for nobody in particular; the job, or the unfinished one."""
    [job] = await enqueue_all(session, kind, [Order(subject, input or {}, key, not_before)], by=by)
    return job


async def enqueue_all(
    session: AsyncSession, kind: Kind, orders: Sequence[Order], *, by: Viewer | None = None
) -> list[Job]:
    """Ask for many jobs of a kind; for each order its job, or the unfinished one that has its key. Few statements."""
    found: dict[str, Job] = {}
    rows = [_row(kind, order, by) for order in orders]
    missing = rows
    while missing:
        for start in range(0, len(missing), MOST_TOGETHER):
            found |= await _insert(session, missing[start : start + MOST_TOGETHER])
        found |= await _unfinished(session, kind, [row for row in missing if row["uuid"] not in found])
        missing = [row for row in missing if row["uuid"] not in found]  # their twins have finished just now
    made = [job.uuid for uuid, job in found.items() if job.uuid == uuid]
    if made:
        await release(session, made, kind.queue)
    return [found[row["uuid"]] for row in rows]


async def release(session: AsyncSession, uuids: Collection[str], queue: str) -> None:
    """Have queued jobs taken up after the transaction: they are new, or may be tried again."""
    await defer(session, uuids)
    await tell(session, CHANNEL, QUEUED + queue)


def _row(kind: Kind, order: Order, by: Viewer | None) -> dict[str, Any]:
    return {
        "uuid": str(uuid4()), "kind": kind.name, "queue": kind.queue, "subject": order.subject, "key": order.key,
        "requested_by": by.username if by else None, "application": by.application if by else None,
        "state": JobState.QUEUED, "max_attempts": kind.attempts, "input": orjson.dumps(order.input).decode(),
        "not_before": order.not_before, "created_at": now(),
    }  # fmt: skip


async def _insert(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> dict[str, Job]:
    """Insert those whose keys are free; the new jobs by UUID. Waits for others that use the same keys."""
    insert = inserting(session, Job).values(rows).on_conflict_do_nothing().returning(Job)
    return {job.uuid: job for job in await session.scalars(insert)}


async def _unfinished(session: AsyncSession, kind: Kind, rows: Sequence[Mapping[str, Any]]) -> dict[str, Job]:
    """The unfinished jobs that have the keys of rows which were not inserted, by the UUIDs that those would have."""
    if not rows:
        return {}
    keys = {row["key"]: row["uuid"] for row in rows}
    query = select(Job).where(Job.kind == kind.name, Job.key.in_(sorted(keys)), Job.finished_at.is_(None))
    jobs = {job.key: job for job in await session.scalars(query)}
    return {row["uuid"]: jobs[row["key"]] for row in rows if row["key"] in jobs}
