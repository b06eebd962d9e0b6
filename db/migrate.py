"""Bringing a database to this version's tables, and telling whether it is there."""

from collections.abc import Callable
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import TypeVar

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from db.deliveries import is_ours
from db.engine import BUSY_MILLISECONDS
from db.errors import DatabaseNotMigrated, DatabaseUnavailable
from db.tables import Base

T = TypeVar("T")


async def migrate(url: str | URL) -> tuple[str | None, str]:
    """Bring the database at `url` to the newest revision and return (revision before, revision now).

    All or nothing; several processes may do it at once. A missing SQLite file and its folder are made.
    Raises DatabaseUnavailable.
    """
    url = make_url(url)
    if url.get_backend_name() == "sqlite" and url.database:
        _make_folder(Path(url.database).parent)
    return await _run(url, _upgrade)


async def check(url: str | URL) -> str:
    """The revision of the database at `url`, which is the newest.

    Raises DatabaseNotMigrated when it is another or none, and DatabaseUnavailable.
    """
    url = make_url(url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise DatabaseUnavailable(f"there is no database at {url.database}; run 'collegium migrate'")
    current, newest = await _run(url, _current), _newest()
    if current != newest:
        found = f"at revision {current}" if current else "not migrated"
        raise DatabaseNotMigrated(f"the database is {found}, not at {newest}; run 'collegium migrate'")
    return newest


async def drift(url: str | URL) -> list[str]:
    """How the database's tables differ from the declared ones, one line for each difference."""
    return await _run(make_url(url), _differences)


async def _run(url: URL, work: Callable[[Connection], T]) -> T:
    engine = create_async_engine(url)
    if url.get_backend_name() == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except (DBAPIError, OSError, asyncpg.PostgresError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise DatabaseUnavailable(f"the database {url.render_as_string()} cannot be used: {reason}") from error
    finally:
        await engine.dispose()


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(f"the folder {path} cannot be made: {error.strerror}") from error


def _prepare_sqlite(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    # A table that a revision rebuilds must not take the rows that refer to it along; env.py checks them afterwards.
    for pragma in (f"busy_timeout={BUSY_MILLISECONDS}", "journal_mode=WAL", "foreign_keys=OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "db:migrations")
    config.attributes["connection"] = connection
    return config


def _newest() -> str:
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    before = _current(connection)
    command.upgrade(_config(connection), "head")
    return before, _newest()


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})
    return [str(difference) for difference in compare_metadata(context, Base.metadata)]
