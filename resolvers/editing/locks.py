"""Locks on the content of runs: one client at a time, fenced, free again after some time without use (§2.6).

Every function is part of the caller's transaction. Time is the database's, and never goes back for a lock. Who waits
for a lock is first to get it; who does not ask again in time has left the line.

LockRefused    somebody else holds the lock, or the caller's own is none any more
Refusal        no lock lasts so long, or so briefly
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.news import tell
from db.store import Author
from db.tables import ContentLock, ContentLockWait, CourseRun, now
from db.types import later
from resolvers.editing.problems import EditCode
from resolvers.refusals import Problem, Reason, Refusal

SHORTEST, LONGEST = 5, 24 * 3600
"""Seconds that a lock may last without use."""
DEFAULT_SECONDS = 300
WAIT_SECONDS = 60
"""How long a place in the line is kept without asking again."""
BYTES = 24
CHANNEL = "content_lock"
"""Where changes of locks are told, by the ids of runs."""

Clock = Callable[[AsyncSession], Awaitable[datetime]]


async def store_time(session: AsyncSession) -> datetime:
    """The present moment by the database's clock."""
    return await session.scalar(select(later(0.0))) or now()


class Ended(StrEnum):
    """How a lock ended before its time."""

    RELEASED = "released"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held. `token` is for the holder alone: whoever has it may write."""

    holder: Author
    since: datetime
    expires_at: datetime
    fencing: int
    token: str | None = None

    @property
    def username(self) -> str:
        """Who has it."""
        return self.holder.username

    @property
    def application(self) -> str | None:
        """Which application they came through."""
        return self.holder.application


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place in the line for a lock, from 1, and the lock that is held now: None if it is free for the first."""

    place: int
    lock: Lock | None


class LockRefused(Exception):
    """Somebody else holds the lock (`LOCKED`), or the caller's token is worth nothing any more (`LOCK_EXPIRED`).

    `lock` is the one that is held now, without its token.
    """

    def __init__(self, code: EditCode, lock: Lock | None) -> None:
        self.code = code
        self.lock = lock
        if code is EditCode.LOCKED and lock is not None:
            by = f"{lock.holder.username}{f' by {lock.holder.application}' if lock.holder.application else ''}"
            message = f"the run is locked for {by} until {lock.expires_at:%Y-%m-%d %H:%M:%S} UTC, if not used longer"
        elif code is EditCode.LOCKED:
            message = "others wait in line for the lock of the run"
        else:
            message = "the lock has ended: it was not used for too long, was released, or was broken"
        super().__init__(message)


async def acquire(
    session: AsyncSession, run_id: int, by: Author, seconds: int = DEFAULT_SECONDS, *, clock: Clock = store_time
) -> Lock:
    """Lock a run for a client, or renew the lock that it has (L1, L2).

    Raises LockRefused, and Refusal where a lock cannot last as long or as briefly as asked for.
    """
    got = await _acquired(session, run_id, by, seconds, clock)
    if isinstance(got, Lock):
        return got
    raise LockRefused(EditCode.LOCKED, got.lock)


async def acquire_or_wait(
    session: AsyncSession, run_id: int, by: Author, seconds: int = DEFAULT_SECONDS, *, clock: Clock = store_time
) -> Lock | Waiting:
    """The same, but stand in line where somebody else has the lock, or waited before. To be asked again in time."""
    return await _acquired(session, run_id, by, seconds, clock, waits=True)


async def _acquired(
    session: AsyncSession, run_id: int, by: Author, seconds: int, clock: Clock, *, waits: bool = False
) -> Lock | Waiting:
    _check(seconds)
    row, moment = await _row(session, run_id, clock)
    if row is not None and _is_held(row, moment) and _holder(row) == by:
        row.seconds = seconds
        return _renewed(row, moment)
    line = await _line(session, run_id, moment)
    held_by_other = row is not None and _is_held(row, moment)
    mine = next((place for place, each in enumerate(line) if _holder(each) == by), None)
    if held_by_other or (line[:1] and mine != 0):
        if waits and mine is None:
            line.append(ContentLockWait(course_run_id=run_id, username=by.username, application=by.application))
            session.add(line[-1])
        place = len(line) - 1 if mine is None else mine
        if waits:
            line[place].lapses_at = moment + timedelta(seconds=WAIT_SECONDS)
        return Waiting(place + 1, _told(row) if row is not None and held_by_other else None)
    if mine == 0:
        await session.delete(line[0])
    if row is None:
        row = ContentLock(course_run_id=run_id, fencing=0)
        session.add(row)
    return await _locked(session, row, by, seconds, moment)


async def _locked(session: AsyncSession, row: ContentLock, by: Author, seconds: int, moment: datetime) -> Lock:
    row.fencing += 1
    row.token = secrets.token_hex(BYTES)
    row.username, row.application = by.username, by.application
    row.since, row.seconds, row.ended = moment, seconds, None
    lock = _renewed(row, moment)
    await tell(session, CHANNEL, str(row.course_run_id))
    return lock


async def renew(session: AsyncSession, run_id: int, token: str, *, clock: Clock = store_time) -> Lock:
    """Let a lock last longer, as every write with it does. Raises LockRefused."""
    row, moment = await _row(session, run_id, clock)
    return _renewed(_owned(row, token, moment), moment)


async def release(session: AsyncSession, run_id: int, token: str, *, clock: Clock = store_time) -> bool:
    """Give a lock back; whether it was one. Twice is no error (L5)."""
    row, _ = await _row(session, run_id, clock)
    if row is None or row.token != token:
        return False
    await _end(session, row, Ended.RELEASED)
    return True


async def break_lock(session: AsyncSession, run_id: int, *, clock: Clock = store_time) -> Lock | None:
    """Take a lock away from whoever has it (L7); who that was, None if nobody."""
    row, moment = await _row(session, run_id, clock)
    if row is None or not _is_held(row, moment):
        return None
    await _end(session, row, Ended.BROKEN)
    return _told(row)


async def held(session: AsyncSession, run_id: int, *, clock: Clock = store_time) -> Lock | None:
    """The lock of a run, without its token; None if it is free."""
    row = await session.get(ContentLock, run_id)
    return _told(row) if row is not None and _is_held(row, await clock(session)) else None


async def check(session: AsyncSession, run_id: int, token: str | None, *, clock: Clock = store_time) -> Lock | None:
    """Whether a client may write: with the token of the lock, which is renewed (L3), or without one while it is free.

    A token that is none any more is refused even if nobody else took the lock (L4, L13). Raises LockRefused.
    """
    row = await _locked_row(session, run_id)
    if token is None and (row is None or row.token is None):
        return None
    moment = await _time(session, row, clock)
    if token is not None:
        return _renewed(_owned(row, token, moment), moment)
    if row is not None and _is_held(row, moment):
        raise LockRefused(EditCode.LOCKED, _told(row))
    return None


async def token_of(session: AsyncSession, run_id: int, fencing: int) -> str:
    """The token of a lock that is known by its number, for work that goes on for its holder; of none, a bad one."""
    row = await session.get(ContentLock, run_id, populate_existing=True)
    return row.token or "" if row is not None and row.fencing == fencing else ""


async def _row(session: AsyncSession, run_id: int, clock: Clock) -> tuple[ContentLock | None, datetime]:
    """The row of a run, for this transaction alone, and the time."""
    row = await _locked_row(session, run_id)
    return row, await _time(session, row, clock)


async def _locked_row(session: AsyncSession, run_id: int) -> ContentLock | None:
    await session.execute(select(CourseRun.id).where(CourseRun.id == run_id).with_for_update(key_share=True))
    return await session.get(ContentLock, run_id, with_for_update=True, populate_existing=True)


async def _time(session: AsyncSession, row: ContentLock | None, clock: Clock) -> datetime:
    """The time, which is never before the last use of the lock."""
    moment = await clock(session)
    return moment if row is None else max(moment, row.renewed_at)


async def _line(session: AsyncSession, run_id: int, moment: datetime) -> list[ContentLockWait]:
    """Who waits for the lock of a run, the first first. Those who did not ask again in time are none of them."""
    of_run = ContentLockWait.course_run_id == run_id
    await session.execute(delete(ContentLockWait).where(of_run, ContentLockWait.lapses_at <= moment))
    return list(await session.scalars(select(ContentLockWait).where(of_run).order_by(ContentLockWait.id)))


async def _end(session: AsyncSession, row: ContentLock, how: Ended) -> None:
    row.token, row.ended = None, how.value
    await tell(session, CHANNEL, str(row.course_run_id))


def _owned(row: ContentLock | None, token: str, moment: datetime) -> ContentLock:
    if row is not None and row.token is not None and secrets.compare_digest(row.token.encode(), token.encode()):
        if _is_held(row, moment):
            return row
        raise LockRefused(EditCode.LOCK_EXPIRED, None)
    raise LockRefused(EditCode.LOCK_EXPIRED, _told(row) if row is not None and _is_held(row, moment) else None)


def _is_held(row: ContentLock, moment: datetime) -> bool:
    return row.token is not None and moment < row.expires_at


def _renewed(row: ContentLock, moment: datetime) -> Lock:
    row.renewed_at = moment
    row.expires_at = moment + timedelta(seconds=row.seconds)
    return Lock(_holder(row), row.since, row.expires_at, row.fencing, row.token)


def _told(row: ContentLock) -> Lock:
    return Lock(_holder(row), row.since, row.expires_at, row.fencing)


def _holder(row: ContentLock | ContentLockWait) -> Author:
    return Author(row.username, row.application)


def _check(seconds: int) -> None:
    if not SHORTEST <= seconds <= LONGEST:
        message = f"a lock lasts from {SHORTEST} to {LONGEST} seconds without use, not {seconds}"
        raise Refusal([Problem(Reason.INVALID, message, ("seconds",))])
