"""Snapshots and transactions, with several at once."""

import asyncio
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import URL, select, update

from db.engine import READERS, Database, open_database
from db.errors import DatabaseBusy, DatabaseNotMigrated, DatabaseUnavailable
from db.tables import Organization, Program
from tests.catalog import fill, organization
from tests.freezing import Way


async def increment(database: Database, times: int) -> None:
    for _ in range(times):
        async with database.writing() as session:
            program = await session.get_one(Program, 1, with_for_update=True)
            program.revision += 1


async def test_no_update_is_lost_between_writers(database: Database, database_url: URL) -> None:
    """On SQLite a writer takes the lock at once: an upgraded read transaction loses updates without an error."""
    await fill(database)
    other = open_database(database_url)

    await asyncio.gather(*(increment(each, 10) for each in (database, other) for _ in range(3)))

    await other.close()
    async with database.writing() as session:
        assert await session.scalar(select(Program.revision).where(Program.id == 1)) == 61


async def test_a_snapshot_sees_nothing_that_is_written_after_its_first_read(database: Database) -> None:
    count = "SELECT count(*) FROM organization"
    async with database.reading() as snapshot:
        assert (await snapshot.fetch(count))[0][0] == 0
        async with database.writing() as session:
            session.add(organization("NewX"))
        assert (await snapshot.fetch(count))[0][0] == 0
    async with database.reading() as snapshot:
        assert (await snapshot.fetch(count))[0][0] == 1


async def test_a_snapshot_cannot_write(database: Database) -> None:
    async with database.reading() as snapshot:
        with pytest.raises(Exception, match=r"read-?only"):
            await snapshot.fetch("DELETE FROM organization")


async def test_readers_wait_for_a_connection_and_all_get_one(database: Database) -> None:
    async def read() -> int:
        async with database.reading() as snapshot:
            value: int = (await snapshot.fetch("SELECT 1"))[0][0]
            await asyncio.sleep(0)
            return value

    assert await asyncio.gather(*(read() for _ in range(READERS * 10))) == [1] * READERS * 10


async def test_a_snapshot_that_is_cancelled_gives_its_connection_back(database: Database) -> None:
    async def read_for_ever() -> None:
        async with database.reading() as snapshot:
            await snapshot.fetch("SELECT 1")
            await asyncio.Event().wait()

    for _ in range(READERS * 3):
        task = asyncio.create_task(read_for_ever())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async with database.reading() as snapshot:
        assert (await snapshot.fetch("SELECT 1"))[0][0] == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_connection_that_is_given_up_holds_no_lock_though_a_cursor_of_it_is_still_referred_to(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a task that was canceled while its statement ran: nobody could write until it was collected."""
    await fill(database)
    monkeypatch.setattr("db.engine.SQLITE_PRAGMAS", ("busy_timeout=0",))
    async with database.engine.connect() as connection:
        await connection.execute(update(Program).values(revision=7))
        driver: Any = (await connection.get_raw_connection()).driver_connection
        cursor = await driver.execute("SELECT 1")
        await connection.invalidate()

        await increment(database, 1)
    assert cursor
    async with database.writing() as session:
        assert await session.scalar(select(Program.revision).where(Program.id == 1)) == 2


async def test_a_lost_connection_is_replaced(database: Database) -> None:
    if database.dialect.name == "sqlite":
        pytest.skip("a file has no connections to lose")
    async with database.reading() as snapshot:
        [row] = await snapshot.fetch("SELECT pg_backend_pid()")
        async with database.engine.connect() as other:
            await other.exec_driver_sql(f"SELECT pg_terminate_backend({row[0]})")
        with pytest.raises(DatabaseUnavailable):
            await snapshot.fetch("SELECT 1")

    async with database.reading() as snapshot:
        assert (await snapshot.fetch("SELECT 1"))[0][0] == 1


@pytest.mark.parametrize("is_single", [True, False])
async def test_a_server_that_says_nothing_any_more_does_not_keep_who_gives_up(
    database_url: URL, dialect: str, monkeypatch: pytest.MonkeyPatch, is_single: bool
) -> None:
    """A network that is cut tells nobody: neither that a statement was cancelled, nor that a transaction is over."""
    if dialect == "sqlite":
        pytest.skip("a file answers")
    monkeypatch.setattr("db.engine.PARTING", 0.3)
    way = Way(database_url)

    async def read(database: Database) -> None:
        async with database.reading() as snapshot:
            snapshot.is_single = is_single
            await snapshot.fetch("SELECT pg_sleep(600)")

    async with way.open():
        database = open_database(way.url)
        reads = [asyncio.create_task(read(database)) for _ in range(12)]  # more than there are connections
        await asyncio.sleep(0.5)
        way.freeze()
        for each in reads:
            each.cancel()
        await asyncio.wait(reads, timeout=10)
        assert all(each.cancelled() for each in reads)

        way.thaw()
        async with asyncio.timeout(5), database.reading() as snapshot:
            assert (await snapshot.fetch("SELECT 1"))[0][0] == 1
        await database.close()


async def test_a_server_that_says_nothing_any_more_is_left(
    database_url: URL, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dialect == "sqlite":
        pytest.skip("a file answers")
    monkeypatch.setattr("db.engine.PARTING", 0.3)
    way = Way(database_url)
    async with way.open(), asyncio.timeout(20):
        database = open_database(way.url)
        async with database.reading() as snapshot, database.writing() as session:
            await snapshot.fetch("SELECT 1")
            await session.scalar(select(1))
        way.freeze()
        start = asyncio.get_running_loop().time()
        await database.close()
        took = asyncio.get_running_loop().time() - start
        way.thaw()

    assert took < 10


async def test_an_unreachable_database_is_a_typed_error_for_writers_too(database_url: URL, dialect: str) -> None:
    gone = database_url.set(port=1) if dialect == "postgresql" else database_url.set(database="/nonexistent/x.db")
    database = open_database(gone)

    with pytest.raises(DatabaseUnavailable):
        await increment(database, 1)
    await database.close()


async def test_a_writer_that_waits_too_long_is_told_that_the_database_is_busy(
    database: Database, database_url: URL, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dialect == "postgresql":
        pytest.skip("writers of PostgreSQL wait for rows, not for the database")
    monkeypatch.setattr("db.engine.SQLITE_PRAGMAS", ("busy_timeout=50",))
    impatient = open_database(database_url)

    async with database.writing() as session:
        await session.execute(update(Organization).values(description=""))
        with pytest.raises(DatabaseBusy):
            await increment(impatient, 1)
    await impatient.close()


async def test_a_single_statement_is_its_own_snapshot_and_there_is_no_second(database: Database) -> None:
    async with database.reading() as snapshot:
        snapshot.is_single = True
        assert (await snapshot.fetch("SELECT 1"))[0][0] == 1
        with pytest.raises(AssertionError):
            await snapshot.fetch("SELECT 2")


async def test_a_failed_statement_spares_those_that_follow(database: Database) -> None:
    async with database.reading() as snapshot:
        await snapshot.fetch("SELECT 1")
        with pytest.raises(Exception, match="nonsense"):
            await snapshot.fetch("SELECT nonsense")
        with pytest.raises(DatabaseNotMigrated):
            await snapshot.fetch("SELECT 1 FROM nowhere")
        assert (await snapshot.fetch("SELECT 2"))[0][0] == 2


async def test_a_file_that_is_removed_replaced_or_broken_while_in_use_is_noticed(
    tmp_path: Path, sqlite_template: Path
) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = open_database(f"sqlite+aiosqlite:///{path}")
    async with database.writing() as session:
        session.add(organization("MITx"))

    async def count() -> int:
        async with database.reading() as snapshot:
            return int((await snapshot.fetch("SELECT count(*) FROM organization"))[0][0])

    assert await count() == 1
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(DatabaseUnavailable):
        await count()
    with pytest.raises(DatabaseUnavailable):
        await increment(database, 1)
    path.write_bytes(sqlite_template.read_bytes())
    assert await count() == 0
    async with database.writing() as session:
        session.add(organization("ANUx"))
    assert await count() == 1

    for file in tmp_path.iterdir():
        file.unlink()
    path.write_bytes(sqlite_template.read_bytes())
    async with database.writing() as session:
        session.add_all([organization("ANUx"), organization("MITx")])
    assert await count() == 2

    broken = tmp_path / "broken"
    broken.write_bytes(b"garbage" * 1000)
    broken.replace(path)
    for _ in range(10):
        with pytest.raises(DatabaseUnavailable):
            await count()
    await database.close()


async def test_a_snapshot_is_released_when_no_statement_is_under_way(database: Database) -> None:
    """Fields of one operation may read while another one lets go of the snapshot."""
    async with database.reading() as snapshot:
        reads = [snapshot.fetch("SELECT count(*) FROM program") for _ in range(3)]
        found = await asyncio.gather(reads[0], snapshot.release(), reads[1], snapshot.release(), reads[2])

        assert [int(rows[0][0]) for rows in found if rows is not None] == [0, 0, 0]


async def test_a_reader_that_is_cancelled_while_it_connects_leaves_no_connection(
    sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[aiosqlite.Connection] = []
    connect = aiosqlite.connect

    async def cancelled(*given: Any, **named: Any) -> aiosqlite.Connection:
        made.append(await connect(*given, **named))
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return made[-1]

    database = open_database(f"sqlite+aiosqlite:///{sqlite_template}")
    with monkeypatch.context() as patched:
        patched.setattr("db.engine.aiosqlite.connect", cancelled)
        for _ in range(READERS + 1):
            reading = asyncio.create_task(database.snapshot().fetch("SELECT 1"))
            await asyncio.gather(reading, return_exceptions=True)
            assert reading.cancelled()
    for connection in made:
        with pytest.raises(ValueError, match="no active connection"):
            await connection.execute("SELECT 1")
    async with database.reading() as snapshot:
        assert (await snapshot.fetch("SELECT 1"))[0][0] == 1
    await database.close()
