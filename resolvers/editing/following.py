"""Locks as others see them: who has one now, and what becomes of it as it happens. Never the token."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import String, select

from db.engine import Database, Snapshot
from db.store import Author
from db.tables import ContentLock, CourseRun
from db.types import any_of, instant, micros, present
from resolvers import following
from resolvers.content.readers import for_staff
from resolvers.editing.locks import CHANNEL, Lock
from resolvers.following import LOOK
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, rows_for

STANDING = (
    select(
        CourseRun.key,
        ContentLock.username,
        ContentLock.application,
        ContentLock.fencing,
        ContentLock.token.is_not(None),
        ContentLock.ended,
        micros(ContentLock.since),
        micros(ContentLock.expires_at),
        micros(present()),
    )
    .join(CourseRun, CourseRun.id == ContentLock.course_run_id)
    .where(any_of(CourseRun.key, keys_parameter(String())))
)


class Happened(StrEnum):
    """What became of a lock."""

    ACQUIRED = "acquired"
    RENEWED = "renewed"
    RELEASED = "released"
    BROKEN = "broken"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with the lock of a run: the one that is held, else how the last one ended, and whose it was."""

    last: Author
    fencing: int
    lock: Lock | None
    ended: str | None


@dataclass(frozen=True, slots=True)
class LockChange:
    """What happened since the change before, None at the beginning, and how it stands now."""

    happened: Happened | None
    standing: Standing | None


async def standings(snapshot: Snapshot, dialect: Any, keys: Sequence[str]) -> Mapping[str, Standing]:
    """How it stands with the locks of runs, by course key; those that were never locked are left out."""
    return {row[0]: _standing(*row[1:]) for row in await rows_for(snapshot, dialect, STANDING, list(keys))}


def _standing(*row: Any) -> Standing:
    username, application, fencing, has_token, ended, since, expires_at, moment = row
    holder = Author(username, application)
    lock = Lock(holder, instant(since), instant(expires_at), fencing) if has_token and moment < expires_at else None
    return Standing(holder, fencing, lock, ended)


@for_staff
async def load_lock(batch: Batch) -> Mapping[Any, Any]:
    """The lock of the run of each version, without its token: a batch source."""
    runs = {record: str(record.run) for record in batch.keys}
    context = batch.context
    found = await standings(context.snapshot, context.database.dialect, list(set(runs.values())))
    return {record: found[key].lock if key in found else None for record, key in runs.items()}


async def follow_lock(
    database: Database, run: int, key: str, *, look: float = LOOK
) -> AsyncGenerator[LockChange, None]:
    """How it stands with the lock of a run at once, and whenever it is another; that it ran out within `look`."""

    async def read(snapshot: Snapshot) -> Standing | None:
        snapshot.is_single = True
        return (await standings(snapshot, database.dialect, [key])).get(key)

    before: list[Standing | None] = []
    async with contextlib.aclosing(following.follow(database, CHANNEL, str(run), read, look=look)) as found:
        async for standing in found:  # pragma: no branch -- it never ends by itself
            yield LockChange(between(before[0], standing) if before else None, standing)
            before = [standing]


def between(before: Standing | None, now: Standing | None) -> Happened | None:
    """What happened last, where it stood otherwise before."""
    if now is None:
        return None
    if now.lock is not None:
        is_same = before is not None and before.lock is not None and before.fencing == now.fencing
        return Happened.RENEWED if is_same else Happened.ACQUIRED
    return Happened(now.ended) if now.ended else Happened.EXPIRED
