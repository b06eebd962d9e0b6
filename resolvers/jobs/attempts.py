"""Taking jobs up, holding them and giving them back: the statements that keep two workers from one job.

Whoever takes a job up raises its fence and knows the number; every later write of the attempt asks for it.
"""

import os
import secrets
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Float, bindparam, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.news import tell
from db.tables import Job, JobState
from db.types import later, present
from resolvers.jobs.errors import AttemptLost
from resolvers.jobs.queue import CHANNEL, release

LONGEST_MESSAGE = 2000


def worker_name() -> str:
    """A name for whatever runs jobs in this process: host, process and a random part."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def is_gone(worker: str | None) -> bool:
    """Whether a worker was a process of this host that is no more."""
    host, _, rest = (worker or "").partition("/")
    pid = rest.partition("/")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return int(pid) == os.getpid()  # an earlier process had our number: who asks holds nothing yet


@dataclass(frozen=True)
class Held:
    """A job as whoever took it up holds it."""

    job: Job
    fence: int
    """The number of this holding."""


READY = (Job.state == JobState.QUEUED, or_(Job.not_before.is_(None), Job.not_before <= present()))


def in_seconds(seconds: float) -> ColumnElement[datetime]:
    """The moment some seconds from now, by the database's clock."""
    return later(bindparam(None, seconds, type_=Float()))


async def take(
    session: AsyncSession,
    worker: str,
    lease: float,
    kinds: Collection[str],
    *,
    uuid: str | None = None,
    queue: str = "",
) -> Held | None:
    """Take up a job of one of the kinds that is ready: the one with a UUID, or the first of a queue; None for none."""
    ready = select(Job.id).where(*READY, Job.kind.in_(sorted(kinds)))
    ready = ready.where(Job.uuid == uuid) if uuid else ready.where(Job.queue == queue).order_by(Job.id)
    values = {
        "state": JobState.RUNNING, "attempts": Job.attempts + 1, "fence": Job.fence + 1, "worker": worker,
        "lease_until": in_seconds(lease), "started_at": func.coalesce(Job.started_at, present()),
        "changed_at": present(),
    }  # fmt: skip
    pick = ready.limit(1).with_for_update(skip_locked=True).scalar_subquery()
    job = await session.scalar(update(Job).where(Job.id == pick).values(values).returning(Job))
    if job is None:
        return None
    await tell(session, CHANNEL, job.uuid)
    return Held(job, job.fence)


async def hold(session: AsyncSession, held: Held, lease: float, values: Mapping[str, Any] | None = None) -> Job:
    """Hold a job for longer and write `values`; the job as it is now, which nobody else changes before the commit.

    Raises AttemptLost.
    """
    mine = (Job.id == held.job.id, Job.fence == held.fence, Job.state == JobState.RUNNING)
    changes = {"lease_until": in_seconds(lease)} | ({"changed_at": present(), **values} if values else {})
    query = update(Job).where(*mine).values(changes).returning(Job)
    job = await session.scalar(query.execution_options(populate_existing=True))
    if job is None:
        raise AttemptLost("somebody else has the job, or it is over")
    if values:
        await tell(session, CHANNEL, job.uuid)
    return job


def ended(state: JobState, **values: Any) -> dict[str, Any]:
    """What is written of a job that is over."""
    return {"state": state, "finished_at": present(), "lease_until": None, **values}


def waiting(pause: float) -> dict[str, Any]:
    """What is written of a job that is to be taken up again."""
    return {"state": JobState.QUEUED, "lease_until": None, "not_before": in_seconds(pause) if pause else literal(None)}


def reason(code: str | None, message: str | None) -> dict[str, Any]:
    """What is written of why an attempt ended without a result; of None, that it did not."""
    return {"error_code": code, "error_message": message and storable(message, LONGEST_MESSAGE)}


def storable(text: str, longest: int) -> str:
    """A text from anywhere as every database takes it: not too long, and without what none of them can hold."""
    return text[:longest].replace("\0", "").encode(errors="replace").decode()


async def put(session: AsyncSession, job: Job, values: Mapping[str, Any]) -> None:
    """Write how an attempt ended of a job that the transaction holds, and have it delivered again if it is queued."""
    await session.execute(
        update(Job)
        .where(Job.id == job.id)
        .values({**values, "changed_at": present()})
        .execution_options(synchronize_session=False)
    )
    await tell(session, CHANNEL, job.uuid)
    if values["state"] is JobState.QUEUED:
        await release(session, [job.uuid], job.queue)


def as_json(value: Any) -> str:
    """A result, an input or what is remembered, as it is stored."""
    return orjson.dumps(value).decode()
