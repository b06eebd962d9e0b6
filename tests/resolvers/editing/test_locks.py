"""Locks (§2.6 L1 to L13 of the notes on OLX; spec/content-api.md, "Concurrency")."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.store import Author
from db.tables import ContentLock
from resolvers.editing import locks
from resolvers.editing.changes import SetBlockSettings
from resolvers.editing.following import Happened, Standing, between, follow_lock
from resolvers.editing.locks import Lock, LockRefused
from resolvers.editing.problems import EditCode
from resolvers.editing.writing import Editor, Expected
from resolvers.refusals import Reason, Refusal
from tests.db.store.conftest import add_runs
from tests.resolvers.editing.conftest import ADA, BOB, Desk

RENAME = SetBlockSettings("html/page", {"display_name": "Renamed"})
TTL = 60


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    async def __call__(self, _session: AsyncSession) -> datetime:
        return self.at

    def go(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Desks:
    """Locks of one run, each call in a transaction of its own."""

    def __init__(self, database: Database, run: int) -> None:
        self.database = database
        self.run = run
        self.clock = Clock()

    async def do(self, work: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        async with self.database.writing() as session:
            return await work(session, self.run, *given, clock=self.clock)

    async def refused(self, work: Callable[..., Awaitable[Any]], *given: Any) -> LockRefused:
        with pytest.raises(LockRefused) as raised:
            await self.do(work, *given)
        return raised.value


@pytest.fixture
async def desks(database: Database) -> Desks:
    return Desks(database, (await add_runs(database, "R"))[0])


async def test_a_lock_keeps_others_out_and_tells_who_has_it(desks: Desks) -> None:
    """L1: the holder, since when and until when, but never the token."""
    mine: Lock = await desks.do(locks.acquire, ADA, TTL)
    assert mine.token
    assert (mine.fencing, mine.expires_at) == (1, desks.clock.at + timedelta(seconds=TTL))
    refusal = await desks.refused(locks.acquire, BOB, TTL)
    assert refusal.code is EditCode.LOCKED
    assert refusal.lock == Lock(ADA, mine.since, mine.expires_at, 1)
    assert "ada by tests" in str(refusal)
    assert await desks.do(locks.held) == Lock(ADA, mine.since, mine.expires_at, 1)
    assert (await desks.refused(locks.check, None)).code is EditCode.LOCKED


async def test_the_same_client_gets_the_same_lock_renewed(desks: Desks) -> None:
    """L2."""
    first = await desks.do(locks.acquire, ADA, TTL)
    desks.clock.go(30)
    again = await desks.do(locks.acquire, ADA, TTL)
    assert (again.token, again.fencing, again.since) == (first.token, 1, first.since)
    assert again.expires_at == first.expires_at + timedelta(seconds=30)


async def test_a_lock_lasts_as_long_as_it_is_used(desks: Desks) -> None:
    """L3: it is inactivity that ends it, and not its age."""
    mine = await desks.do(locks.acquire, ADA, TTL)
    for work in (locks.check, locks.renew, locks.check):
        desks.clock.go(TTL - 1)
        await desks.do(work, mine.token)
    assert await desks.do(locks.held)


async def test_a_lock_ends_when_it_is_not_used(desks: Desks) -> None:
    """L4, L6: free for others, and worth nothing to its holder, even if nobody took it."""
    mine = await desks.do(locks.acquire, ADA, TTL)
    desks.clock.go(TTL)
    assert await desks.do(locks.held) is None
    assert await desks.do(locks.check, None) is None
    assert (await desks.refused(locks.check, mine.token)).code is EditCode.LOCK_EXPIRED
    assert (await desks.refused(locks.renew, mine.token)).lock is None
    theirs = await desks.do(locks.acquire, BOB, TTL)
    assert theirs.fencing == 2


async def test_a_late_write_with_an_older_lock_fails(desks: Desks) -> None:
    """L13: also when the same client has taken the run again."""
    mine = await desks.do(locks.acquire, ADA, TTL)
    desks.clock.go(TTL + 1)
    newer = await desks.do(locks.acquire, ADA, TTL)
    refusal = await desks.refused(locks.check, mine.token)
    assert refusal.code is EditCode.LOCK_EXPIRED
    assert (await desks.do(locks.check, newer.token)).fencing == 2


async def test_releasing_frees_at_once_and_twice_is_no_error(desks: Desks) -> None:
    """L5."""
    mine = await desks.do(locks.acquire, ADA, TTL)
    assert await desks.do(locks.release, mine.token) is True
    assert await desks.do(locks.release, mine.token) is False
    theirs = await desks.do(locks.acquire, BOB, TTL)
    assert await desks.do(locks.release, mine.token) is False
    assert (await desks.do(locks.held)).holder == BOB
    assert theirs.fencing == 2


async def test_a_lock_can_be_broken(desks: Desks) -> None:
    """L7: who had it is told."""
    mine = await desks.do(locks.acquire, ADA, TTL)
    assert (await desks.do(locks.break_lock)).holder == ADA
    assert await desks.do(locks.break_lock) is None
    assert (await desks.refused(locks.check, mine.token)).code is EditCode.LOCK_EXPIRED


async def test_a_token_of_a_run_that_was_never_locked_is_none(desks: Desks) -> None:
    assert (await desks.refused(locks.renew, "made up")).code is EditCode.LOCK_EXPIRED
    assert await desks.do(locks.held) is None
    assert await desks.do(locks.release, "made up") is False


async def test_a_clock_that_goes_back_ends_no_lock_late(desks: Desks) -> None:
    """L11."""
    mine = await desks.do(locks.acquire, ADA, TTL)
    desks.clock.go(-3600)
    assert (await desks.do(locks.renew, mine.token)).expires_at == mine.expires_at


@pytest.mark.parametrize("seconds", [locks.SHORTEST, TTL, locks.LONGEST])
async def test_a_lock_lasts_as_long_as_asked_for(desks: Desks, seconds: int) -> None:
    lock = await desks.do(locks.acquire, ADA, seconds)
    assert lock.expires_at - desks.clock.at == timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [-1, locks.SHORTEST - 1, locks.LONGEST + 1])
async def test_no_lock_lasts_longer_or_shorter_than_the_bounds(desks: Desks, seconds: int) -> None:
    for acquire in (locks.acquire, locks.acquire_or_wait):
        with pytest.raises(Refusal, match="from 5 to 86400 seconds") as refused:
            await desks.do(acquire, ADA, seconds)
        assert [(problem.code, problem.place) for problem in refused.value.problems] == [(Reason.INVALID, ("seconds",))]
    assert (await desks.do(locks.acquire, BOB, TTL)).username == BOB.username


async def test_the_time_is_that_of_the_database(database: Database) -> None:
    async with database.writing() as session:
        assert abs(await locks.store_time(session) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_writes_need_the_lock_while_there_is_one(desk: Desk) -> None:
    """L9, L12: the lock first, then the version; with the lock the version need not be said."""
    clock = Clock()
    editor = desk.editor = Editor(desk.editor.courses, clock=clock)
    async with editor.store.database.writing() as session:
        lock = await locks.acquire(session, desk.run, ADA, TTL, clock=clock)
    with pytest.raises(LockRefused, match="is locked for ada by tests"):
        await desk.apply(RENAME, by=BOB, expected=Expected("wrong"))
    clock.go(TTL - 1)
    made = await desk.apply(RENAME, expected=Expected(), token=lock.token)
    assert made.lock is not None
    assert made.lock.expires_at == clock.at + timedelta(seconds=TTL)
    clock.go(TTL)
    with pytest.raises(LockRefused, match="the lock has ended"):
        await desk.apply(RENAME, expected=Expected(made.version), token=lock.token)
    assert await desk.current() == made.version


async def test_a_lock_that_ends_while_a_change_is_made_stops_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """L13: though the version still is the expected one."""
    clock = Clock()
    editor = desk.editor = Editor(desk.editor.courses, clock=clock)
    async with editor.store.database.writing() as session:
        lock = await locks.acquire(session, desk.run, ADA, TTL, clock=clock)
    made = editor._made

    def slow(*given: Any) -> Any:
        clock.go(TTL + 1)
        return made(*given)

    monkeypatch.setattr(editor, "_made", slow)
    with pytest.raises(LockRefused):
        await desk.apply(RENAME, token=lock.token)
    assert await desk.current() == desk.version


# The line


async def test_who_waits_gets_the_lock_in_turn(desks: Desks) -> None:
    """The memo: "one client at a time"; with `wait` in the order in which they came."""
    eva = Author("eva", "third")
    mine = await desks.do(locks.acquire, ADA, TTL)
    for who, place in ((BOB, 1), (eva, 2), (BOB, 1), (eva, 2)):
        waiting = await desks.do(locks.acquire_or_wait, who, TTL)
        assert (waiting.place, waiting.lock) == (place, replace(mine, token=None))

    await desks.do(locks.release, mine.token)
    assert (await desks.do(locks.acquire_or_wait, eva, TTL)) == locks.Waiting(2, None)
    assert "others wait" in str(await desks.refused(locks.acquire, ADA, TTL))
    his = await desks.do(locks.acquire, BOB, TTL)
    assert (his.holder, his.fencing) == (BOB, 2)
    assert (await desks.do(locks.acquire_or_wait, eva, TTL)).place == 1
    assert (await desks.do(locks.acquire_or_wait, ADA, TTL)).place == 2
    await desks.do(locks.release, his.token)
    assert (await desks.do(locks.acquire_or_wait, eva, TTL)).holder == eva


async def test_who_does_not_ask_again_has_left_the_line(desks: Desks) -> None:
    await desks.do(locks.acquire, ADA, TTL)
    await desks.do(locks.acquire_or_wait, BOB, TTL)
    desks.clock.go(locks.WAIT_SECONDS)
    eva = Author("eva", "third")
    assert (await desks.do(locks.acquire_or_wait, eva, TTL)).holder == eva


async def test_who_asks_without_waiting_is_in_no_line(desks: Desks) -> None:
    await desks.do(locks.acquire, ADA, TTL)
    await desks.refused(locks.acquire, BOB, TTL)
    assert (await desks.do(locks.acquire_or_wait, Author("eva"), TTL)).place == 1


A, B = Author("a"), Author("b")
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def standing(holder: Author, fencing: int, *, minute: int | None = None, ended: str | None = None) -> Standing:
    """A lock that is held until some minute, or that is none any more."""
    lock = None if minute is None else Lock(holder, MOMENT, MOMENT + timedelta(minutes=minute), fencing)
    return Standing(holder, fencing, lock, ended)


@pytest.mark.parametrize(
    ("before", "now", "happened"),
    [
        (None, standing(A, 1, minute=1), Happened.ACQUIRED),
        (standing(A, 1, minute=1), standing(A, 1, minute=2), Happened.RENEWED),
        (standing(A, 1, minute=1), standing(A, 1, ended="released"), Happened.RELEASED),
        (standing(A, 1, minute=1), standing(A, 1, ended="broken"), Happened.BROKEN),
        (standing(A, 1, minute=1), standing(A, 1), Happened.EXPIRED),
        (standing(A, 1, minute=1), standing(B, 2, minute=2), Happened.ACQUIRED),
        (standing(A, 1), standing(A, 2, minute=2), Happened.ACQUIRED),
        (standing(A, 1, minute=1), standing(B, 2, ended="released"), Happened.RELEASED),
        (standing(A, 1), None, None),
    ],
)
def test_what_happened_to_a_lock_follows_from_how_it_stood(
    before: Standing | None, now: Standing | None, happened: Happened | None
) -> None:
    assert between(before, now) is happened


async def test_a_follower_hears_of_a_lock_that_ran_out(database: Database) -> None:
    """L4, L6: nobody tells of that; it is looked for."""
    [run] = await add_runs(database, "R")
    async with database.writing() as session:
        lock = await locks.acquire(session, run, ADA)
    key = "course-v1:ANUx+ASTRO1x+R"
    async with contextlib.aclosing(follow_lock(database, run, key, look=0.01)) as changes:
        first = await anext(changes)
        async with database.writing() as session:
            row = await session.get(ContentLock, run)
            assert row is not None
            row.expires_at = row.renewed_at
        second = await anext(changes)
    assert (first.happened, first.standing and first.standing.lock) == (None, replace(lock, token=None))
    assert (second.happened, second.standing and second.standing.last) == (Happened.EXPIRED, ADA)
