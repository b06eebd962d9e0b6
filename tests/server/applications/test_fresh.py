"""What a process keeps, and how soon it learns of a change; authorization is never older than five seconds."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from db.engine import Database
from db.errors import DatabaseError
from resolvers.errors import ServiceUnavailable
from server.applications.fresh import CacheName, Freshness, Kept, changed
from server.applications.registry import Application, disable
from tests.server.applications.conftest import Clock, Registered

Applications = Kept[Mapping[str, Application]]


async def until(is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come about in five seconds")


async def test_nothing_is_known_before_the_first_look(kept: Applications) -> None:
    with pytest.raises(ServiceUnavailable):
        kept.get()


async def test_a_change_is_seen_at_the_next_look(
    registered: Registered, kept: Applications, freshness: Freshness
) -> None:
    await freshness.refresh()
    before = kept.get()[registered.client_id]
    async with registered.database.writing() as session:
        await disable(session, registered.client_id)
    await freshness.refresh()

    assert (before.is_disabled, kept.get()[registered.client_id].is_disabled) == (False, True)


async def test_what_did_not_change_is_not_read_again(
    registered: Registered, kept: Applications, freshness: Freshness
) -> None:
    await freshness.refresh()
    before = kept.get()
    async with registered.database.writing() as session:
        await changed(session, CacheName.DOCUMENTS)
    await freshness.refresh()

    assert kept.get() is before


async def test_a_change_that_is_rolled_back_is_none(
    database: Database, freshness: Freshness, kept: Applications
) -> None:
    await freshness.refresh()
    before = kept.get()
    async with database.writing() as session:
        await changed(session, CacheName.APPLICATIONS)
        await session.rollback()
    await freshness.refresh()

    assert kept.get() is before


async def test_what_is_not_confirmed_for_five_seconds_is_used_no_longer(
    freshness: Freshness, kept: Applications, clock: Clock
) -> None:
    await freshness.refresh()
    clock.now += 5
    kept.get()
    clock.now += 0.01
    with pytest.raises(ServiceUnavailable):
        kept.get()
    await freshness.refresh()
    kept.get()


async def test_changes_are_seen_while_it_runs(registered: Registered, kept: Applications, freshness: Freshness) -> None:
    async with freshness.running():
        assert not kept.get()[registered.client_id].is_disabled
        async with registered.database.writing() as session:
            await disable(session, registered.client_id)
        await until(lambda: kept.get()[registered.client_id].is_disabled)


async def test_a_database_that_does_not_answer_is_looked_at_again(
    database: Database, kept: Applications, freshness: Freshness
) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE cache_version RENAME TO elsewhere"))
    with pytest.raises(DatabaseError):
        await freshness.refresh()

    with capture_logs() as lines:
        async with freshness.running():
            await asyncio.sleep(0.1)
            with pytest.raises(ServiceUnavailable):
                kept.get()
            async with database.engine.begin() as connection:
                await connection.execute(text("ALTER TABLE elsewhere RENAME TO cache_version"))
            await until(lambda: kept._value is not None)
            kept.get()
    assert [line["event"] for line in lines] == ["caches_not_confirmed"]
