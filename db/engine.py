"""One database: raw read-only snapshots for the batch executor, ORM transactions for everything that writes.

SQLite and PostgreSQL behave alike here. A snapshot is one connection, one transaction and one view of the data;
a transaction on SQLite takes the write lock at its start, since an upgraded read transaction would lose updates.
"""

import asyncio
import contextlib
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
from sqlalchemy import URL, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from typing_extensions import override

from db.errors import DatabaseBusy, DatabaseNotMigrated, DatabaseUnavailable, WritersCrossed
from db.news import NEWS, News

READERS = 4
BUSY_MILLISECONDS = 10_000
SQLITE_PRAGMAS = (f"busy_timeout={BUSY_MILLISECONDS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")

PARTING = 5.0
"""Seconds in which PostgreSQL must say that a statement was cancelled, or a transaction is over.

A connection that hears nothing by then is closed: whoever waited for it would wait for as long as the network likes.
"""

LONGEST = 86_400.0
"""Seconds that a statement may take at most; most have less, from whoever sends them."""

DEADLOCK = "40P01"
"""PostgreSQL's code for it. SQLite has one writer at a time."""

Row = Sequence[Any]
File = tuple[int, int]
"""Device and inode: a file that was removed or replaced is another one."""

LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that ended between two messages
    asyncpg.OperatorInterventionError,
    asyncpg.InvalidCatalogNameError,
)
"""What asyncpg raises when a server, a database or its tables are not there, or no more."""


class Snapshot(ABC):
    """Reads that all see the data as it was at the first of them.

    The connection is taken when the first statement needs it. `statements` counts what was sent. Set `is_single` where
    there will be one statement only: it needs no transaction.
    """

    def __init__(self) -> None:
        self.statements = 0
        self.is_single = False
        self._lock = asyncio.Lock()

    async def fetch(self, sql: str, *parameters: Any) -> Sequence[Row]:
        """All rows of one SELECT in the driver's own form. Raises DatabaseUnavailable."""
        async with self._lock:
            self.statements += 1
            assert self.statements == 1 or not self.is_single  # noqa: S101 -- two would see different data
            return await self._fetch(sql, parameters)

    @abstractmethod
    async def _fetch(self, sql: str, parameters: Sequence[Any]) -> Sequence[Row]: ...

    async def release(self) -> None:
        """Give the connection back once no statement is under way; a later `fetch` starts a new snapshot."""
        async with self._lock:
            await self._release()

    @abstractmethod
    async def _release(self) -> None: ...


class Database(ABC):
    """A database that the server reads and writes. Made by `open_database`."""

    def __init__(self, engine: AsyncEngine, news: News) -> None:
        self.engine = engine
        self.dialect = engine.dialect
        self.news = news
        self._sessions = async_sessionmaker(engine, expire_on_commit=False, info={NEWS: news})

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """A new snapshot; release it when done."""

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Snapshot]:
        """A snapshot that is released at the end of the block."""
        snapshot = self.snapshot()
        try:
            yield snapshot
        finally:
            await snapshot.release()

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session in a write transaction, committed at the end of the block and rolled back by an exception.

        Raises DatabaseBusy when another writer did not finish in time, or had to be given way, and DatabaseUnavailable.
        """
        try:
            async with self._sessions() as session, session.begin():
                yield session
        except OperationalError as error:
            raise _translated(error) from error
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == DEADLOCK:
                raise WritersCrossed("two writers waited for each other; try again") from error
            raise
        except LOST as error:
            raise DatabaseUnavailable(str(error)) from error

    async def close(self) -> None:
        """Close all connections."""
        await self.news.aclose()
        await self.engine.dispose()


def open_database(url: str | URL) -> Database:
    """The database at `url`, `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`. Nothing is connected yet."""
    url = make_url(url)
    return SqliteDatabase(url) if url.get_backend_name() == "sqlite" else PostgresqlDatabase(url)


def inserting(session: AsyncSession, table: type[DeclarativeBase]) -> Any:
    """An INSERT that can be told what to do with rows that are there already."""
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)


def _translated(error: DBAPIError) -> Exception:
    if "locked" in str(error.orig) or "busy" in str(error.orig):
        return DatabaseBusy("another writer did not finish in time; try again")
    return DatabaseUnavailable(str(error.orig))


class Writer(sqlite3.Connection):
    """A connection that lets go of its lock when it is closed.

    SQLite keeps one open for as long as there are statements of it, which a canceled task may still refer to.
    """

    @override
    def close(self) -> None:
        try:
            self.rollback()
        finally:
            super().close()


class SqliteDatabase(Database):
    """One file, the embedded default: several readers beside one writer."""

    def __init__(self, url: URL) -> None:
        self.path = Path(url.database or "")
        engine = create_async_engine(url, connect_args={"factory": Writer})
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
        event.listen(engine.sync_engine, "checkout", self._refuse_another_file)
        super().__init__(engine, News())
        self._writer = asyncio.Lock()
        self._idle: list[SqliteReader] = []
        self._places = asyncio.Semaphore(READERS)

    @override
    def snapshot(self) -> Snapshot:
        return SqliteSnapshot(self)

    @override
    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """As in `Database`; the writers of this process queue up here, in order, rather than poll for the lock."""
        async with self._writer, super().writing() as session:
            yield session

    async def acquire(self) -> "SqliteReader":
        """A reader of the file that is there now, waiting for a free place. Raises DatabaseUnavailable."""
        await self._places.acquire()
        try:
            file = self._file()
            while self._idle:
                reader = self._idle.pop()
                if reader.file == file:
                    return reader
                await reader.connection.close()
            return SqliteReader(await self._connect(), file)
        except BaseException:
            self._places.release()
            raise

    def give_back(self, reader: "SqliteReader") -> None:
        """Return what `acquire` gave."""
        self._idle.append(reader)
        self._places.release()

    def _file(self) -> File:
        try:
            found = self.path.stat()
        except OSError as error:  # SQLite would make an empty one
            raise DatabaseUnavailable(f"there is no database at {self.path}") from error
        return found.st_dev, found.st_ino

    async def _connect(self) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self.path, isolation_level=None, cached_statements=512)
        try:
            for pragma in (f"busy_timeout={BUSY_MILLISECONDS}", "query_only=ON"):
                await connection.execute_fetchall(f"PRAGMA {pragma}")
        except BaseException:
            await connection.close()
            raise
        return connection

    def _refuse_another_file(self, _connection: object, record: Any, _proxy: object) -> None:
        """Have the pool open a writer anew whose file was removed or replaced: its changes would be lost."""
        file = self._file()
        if record.info.setdefault("file", file) != file:
            raise DisconnectionError(f"{self.path} is another file now")

    @override
    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().connection.close()
        await super().close()


@dataclass(frozen=True)
class SqliteReader:
    """A connection for reads, and the file that it has open."""

    connection: aiosqlite.Connection
    file: File


class SqliteSnapshot(Snapshot):
    """A deferred transaction on one reader's connection."""

    def __init__(self, database: SqliteDatabase) -> None:
        super().__init__()
        self._database = database
        self._reader: SqliteReader | None = None

    @override
    async def _fetch(self, sql: str, parameters: Sequence[Any]) -> Sequence[Row]:
        try:
            if self._reader is None:
                self._reader = await self._database.acquire()
                if not self.is_single:
                    await self._reader.connection.execute_fetchall("BEGIN")
            return list(await self._reader.connection.execute_fetchall(sql, parameters))
        except aiosqlite.DatabaseError as error:
            lacks_table = str(error).startswith("no such table")
            raise (DatabaseNotMigrated if lacks_table else DatabaseUnavailable)(str(error)) from error

    @override
    async def _release(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            try:
                if not self.is_single:
                    await reader.connection.rollback()
            finally:
                self._database.give_back(reader)


class PostgresqlDatabase(Database):
    """A PostgreSQL server, read through a pool of plain driver connections."""

    def __init__(self, url: URL) -> None:
        self.dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        super().__init__(create_async_engine(url, pool_pre_ping=True), News(self.dsn))
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    @override
    def snapshot(self) -> Snapshot:
        return PostgresqlSnapshot(self)

    async def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The readers' connections, opened at first use."""
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self.dsn,
                    min_size=0,
                    max_size=10,
                    statement_cache_size=1024,
                    server_settings={"jit": "off"},
                    command_timeout=PARTING,
                    init=_prepare_reader,
                    reset=_keep,
                )
            return self._pool

    @override
    async def close(self) -> None:
        """Close all connections, without a farewell where the server says nothing."""
        if self._pool is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._pool.close(), PARTING)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(super().close(), PARTING)


class PostgresqlSnapshot(Snapshot):
    """A repeatable-read, read-only transaction on one connection."""

    def __init__(self, database: PostgresqlDatabase) -> None:
        super().__init__()
        self._database = database
        self._connection: Any = None  # asyncpg's PoolConnectionProxy, which its stubs do not let us call

    @override
    async def _fetch(self, sql: str, parameters: Sequence[Any]) -> Sequence[Row]:
        try:
            if self._connection is None:
                self._connection = await (await self._database.pool()).acquire()
                if not self.is_single:
                    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                    await self._connection.execute(begin, timeout=LONGEST)
            rows: Sequence[Row] = await self._connection.fetch(sql, *parameters, timeout=LONGEST)
        except LOST as error:
            raise DatabaseUnavailable(str(error)) from error
        except asyncpg.PostgresError as error:
            # The transaction is of no more use to the fields that come after; they start a new one.
            await self._release()
            if isinstance(error, asyncpg.UndefinedTableError):
                raise DatabaseNotMigrated(str(error)) from error
            raise
        return rows

    @override
    async def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if not self.is_single:
                with contextlib.suppress(*LOST):  # the pool puts a new connection in place of a lost one
                    await connection.execute("ROLLBACK")
        finally:
            await (await self._database.pool()).release(connection)


async def _prepare_reader(connection: Any) -> None:
    """Take times as the integers that the server sends, see `db.types.EPOCHS`."""
    await connection.set_builtin_type_codec("timestamptz", schema="pg_catalog", codec_name="int8")


async def _keep(_connection: Any) -> None:
    """Do nothing when a connection returns: a snapshot leaves no state behind that a reset would have to clear."""


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy sends BEGIN itself, below
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
