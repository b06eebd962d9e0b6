"""Counting in memory and in the tables (spec/content-api.md, "Observability")."""

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from db.engine import Database, open_database
from db.errors import DatabaseUnavailable
from db.tables import BlockTypeUse, ContentTotal, ContentUsage, now
from resolvers.usage import recorder, usage_of
from resolvers.usage.recorder import Done, Usage, Waiting, _forget
from resolvers.usage.slots import slot_of

MOMENT = 1_800_000_123.0
EDIT = Done("addBlock", "ada", "studio", 7, "ok", 0.02, {"html": 2, "strange": 1}, "v1", {("html", ""): 2})


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """One for most tests: what differs is the statement that adds up."""
    return getattr(request, "param", "sqlite")


BOTH = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)


async def rows(database: Database, table: Any) -> list[dict[str, Any]]:
    async with database.writing() as session:
        found = await session.scalars(select(table).order_by(*table.__table__.primary_key.columns))
        return [{column.name: getattr(row, column.name) for column in table.__table__.columns} for row in found]


@BOTH
async def test_operations_that_are_alike_are_added_up_by_whichever_process(database: Database) -> None:
    one, other = Usage(lambda: MOMENT), Usage(lambda: MOMENT + 60)
    for usage in (one, one, other):
        usage.note(EDIT)
    assert await one.flush(database)
    assert await other.flush(database)
    found = await rows(database, ContentUsage)
    assert [(row["block_type"], row["count"], row["blocks"]) for row in found] == [
        ("", 3, 0), ("html", 3, 6), ("strange", 3, 3),
    ]  # fmt: skip
    assert {(row["period"].timestamp(), row["slot"], row["course_run_id"]) for row in found} == {
        (1_800_000_000.0, slot_of(0.02), 7)
    }
    totals = {row["block_type"]: (row["count"], row["micros"]) for row in await rows(database, ContentTotal)}
    assert totals == {"": (3, 60_000), "html": (3, 60_000), "other": (3, 60_000)}


@BOTH
async def test_what_was_first_stays_and_what_was_last_is_replaced(database: Database) -> None:
    for at, version in ((MOMENT, "v1"), (MOMENT + 500, "v2")):
        usage = Usage(lambda at=at: at)  # type: ignore[misc]
        usage.note(Done("addBlock", "ada", "", 7, "ok", 0.1, {}, version, {("html", ""): 2, ("html", "editor"): 1}))
        usage.note(Done("addBlock", "ada", "", 7, "PLACEMENT", 0.1, faults={("html", "", "PLACEMENT"): 1}))
        await usage.flush(database)
    [fault_free, fault, setting] = await rows(database, BlockTypeUse)
    assert (fault_free["first_version"], fault_free["last_version"], fault_free["count"]) == ("v1", "v2", 2)
    assert (fault_free["last_at"] - fault_free["first_at"], fault_free["blocks"]) == (timedelta(seconds=500), 4)
    assert (fault["code"], fault["count"], fault["first_version"]) == ("PLACEMENT", 2, None)
    assert (setting["setting"], setting["blocks"]) == ("editor", 2)


async def test_what_waits_is_bounded_and_told_to_be(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_WAITING", 10)
    usage = Usage(lambda: MOMENT)
    for number in range(1000):
        usage.note(Done("olx", f"user{number}", "", 1, "ok", 0.1, {}, "v", {("html", f"s{number}"): 1}))
    await usage.flush(database)
    assert len(await rows(database, ContentUsage)) == 10
    assert len(await rows(database, BlockTypeUse)) == 10


async def test_what_cannot_be_written_waits_and_is_counted_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it failed in between: rows that are written are not written again."""
    monkeypatch.setattr(recorder, "ROWS", 2)
    usage, writing, left = Usage(lambda: MOMENT), database.writing, [2]

    @asynccontextmanager
    async def sometimes() -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise DatabaseUnavailable("gone")
        async with writing() as session:
            yield session

    for number in range(5):
        usage.note(Done("olx", f"user{number}", "", 1, "ok", 0.1))
    monkeypatch.setattr(database, "writing", sometimes)
    assert not await usage.flush(database)
    usage.note(Done("olx", "user0", "", 1, "ok", 0.1))
    monkeypatch.setattr(database, "writing", writing)
    assert await usage.flush(database)
    assert {row["username"]: row["count"] for row in await rows(database, ContentUsage)} == {
        "user0": 2, "user1": 1, "user2": 1, "user3": 1, "user4": 1,
    }  # fmt: skip
    assert [row["count"] for row in await rows(database, ContentTotal)] == [6]


def test_what_comes_back_unwritten_is_older_than_what_waits_by_now() -> None:
    older, newer = Waiting(), Waiting()
    older.use(EDIT, MOMENT)
    newer.use(replace(EDIT, version="v2"), MOMENT + 500)
    newer.take_back(older)
    [[count, blocks, first, last, *versions]] = newer.uses.values()
    assert (count, blocks, versions) == (2, 4, ["v1", "v2"])
    assert last - first == timedelta(seconds=500)


async def test_a_database_that_is_away_forgets_later(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(database, "writing", away)
    with capture_logs() as lines:
        await _forget(database, now())
    assert lines == [{"event": "usage_not_forgotten", "log_level": "warning", "reason": "gone"}]


async def test_it_is_written_in_the_background_and_at_the_end_and_forgotten_in_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PAUSE", 0.01)
    flush, turns, is_third = Usage.flush, 0, asyncio.Event()

    async def counted(usage: Usage, database: Database) -> bool:
        nonlocal turns
        turns += 1
        if turns == 4:  # that of the old one, and three in the background, of which the first forgets
            is_third.set()
        return await flush(usage, database)

    monkeypatch.setattr(Usage, "flush", counted)
    old = Usage(lambda: MOMENT - 3e9)
    old.note(Done("olx", "ada", "", 1, "X", 0.1, {}, "v", {("html", ""): 1}, {("html", "", "X"): 1}))
    await old.flush(database)
    usage = Usage()

    async def found() -> Mapping[str, int]:
        return {row["username"]: row["count"] for row in await rows(database, ContentUsage)}

    async with usage.running(database, timedelta(days=1)):
        usage.note(Done("olx", "bob", "", 1, "ok", 0.1))
        async with asyncio.timeout(10):
            while await found() != {"bob": 1}:  # noqa: ASYNC110 -- what is waited for is in the database
                await asyncio.sleep(0.01)
            await is_third.wait()
        usage.note(Done("olx", "eve", "", 1, "ok", 0.1))
    assert await found() == {"bob": 1, "eve": 1}
    assert [row["code"] for row in await rows(database, BlockTypeUse)] == [""]


def test_a_database_has_one_counter_that_lives_as_long_as_it(database_url: Any) -> None:
    database = open_database(database_url)
    assert usage_of(database) is usage_of(database)
    assert usage_of(database) is not usage_of(open_database(database_url))
