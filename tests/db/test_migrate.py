import asyncio
import sys
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import URL, Connection, Enum, String, inspect, make_url, text
from sqlalchemy.schema import CreateColumn

from db.engine import open_database
from db.errors import DatabaseNotMigrated, DatabaseUnavailable
from db.migrate import _config, _run, check, drift, migrate
from db.tables import Base


async def test_migrating_an_empty_database_makes_every_table_and_nothing_drifts(empty_url: URL) -> None:
    before, now = await migrate(empty_url)

    assert (before, now) == (None, await check(empty_url))
    assert await drift(empty_url) == []


async def test_migrating_twice_changes_nothing(empty_url: URL) -> None:
    _, first = await migrate(empty_url)

    assert await migrate(empty_url) == (first, first)


async def test_four_processes_that_migrate_at_once_all_succeed(empty_url: URL) -> None:
    program = "import asyncio, sys; from db.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"
    url = empty_url.render_as_string(hide_password=False)

    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, url) for _ in range(4)]

    assert [await process.wait() for process in processes] == [0, 0, 0, 0]
    assert await drift(empty_url) == []


async def test_drift_is_seen(database_url: URL) -> None:
    database = open_database(database_url)
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP TABLE program_course_run_mode"))
    await database.close()

    assert any("program_course_run_mode" in line for line in await drift(database_url))


async def downgraded(url: URL, revision: str) -> list[str]:
    """The tables that are left when a database is brought back to a revision."""

    def down(connection: Connection) -> list[str]:
        command.downgrade(_config(connection), revision)
        return inspect(connection).get_table_names()

    return await _run(url, down)


async def test_a_database_goes_back_to_any_revision_and_to_the_newest_again(database_url: URL) -> None:
    assert "learner" not in await downgraded(database_url, "0003")
    await migrate(database_url)  # over the categories that are there
    assert await drift(database_url) == []

    assert await downgraded(database_url, "base") == ["alembic_version"]
    await migrate(database_url)
    assert await drift(database_url) == []


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_rows_without_the_row_they_refer_to_end_a_migration(database_url: URL) -> None:
    await downgraded(database_url, "0018")
    orphan = text("INSERT INTO content_protection VALUES (5, '[]', 'ada', 0)")
    await _run(database_url, lambda connection: connection.execute(orphan))

    with pytest.raises(RuntimeError, match="content_protection"):
        await migrate(database_url)


async def test_an_empty_database_is_reported_as_not_migrated(empty_url: URL) -> None:
    if empty_url.get_backend_name() == "sqlite":
        Path(str(empty_url.database)).touch()

    with pytest.raises(DatabaseNotMigrated, match="collegium migrate"):
        await check(empty_url)


async def test_a_missing_sqlite_file_is_reported_and_not_made(tmp_path: object) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/none.db"

    with pytest.raises(DatabaseUnavailable, match="there is no database"):
        await check(url)
    with pytest.raises(DatabaseUnavailable, match="there is no database"):
        await check(url)


async def test_an_unreachable_postgresql_is_reported_as_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable):
        await check("postgresql+asyncpg://nobody@127.0.0.1:1/none")


def test_every_text_column_is_compared_byte_by_byte_on_postgresql() -> None:
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    texts = [c for c in columns if isinstance(c.type, String) and not isinstance(c.type, Enum)]

    dialect = make_url("postgresql+asyncpg://").get_dialect()()
    assert texts
    for column in texts:
        assert 'COLLATE "C"' in str(CreateColumn(column).compile(dialect=dialect)), column
