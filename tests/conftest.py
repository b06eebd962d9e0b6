"""What all tests share: a migrated, empty database of each kind."""

import os
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import URL, make_url

from db.engine import Database, open_database
from db.migrate import migrate
from db.store import Store, open_blobs
from resolvers.content.load import Courses
from resolvers.learners import Learners
from resolvers.paths.places import Places
from resolvers.paths.service import Paths
from server.garbage import settle_garbage_collection
from tests.asking import Asking
from tests.catalog import fill
from tests.postgresql import postgresql

DIALECTS = ["sqlite", "postgresql"]


def pytest_collection_finish() -> None:
    """Collect garbage as a server does: with so many objects that stay, an eighth of the time went into it."""
    settle_garbage_collection()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """A running PostgreSQL; where there is none, tests over it skip, loudly, and fail in CI."""
    with postgresql() as url:
        if url is None:
            missing = "no PostgreSQL: neither COLLEGIUM_TEST_POSTGRESQL_URL, PG_BIN, the system nor a wheel has one"
            refuse = pytest.fail if os.environ.get("CI") else pytest.skip
            refuse(missing)
        yield url


@pytest.fixture(scope="session")
async def postgresql_template(postgresql_server: URL) -> URL:
    """A migrated database to copy: quicker than migrating one for each test."""
    name = f"template_{uuid4().hex[:12]}"
    execute(postgresql_server, f"CREATE DATABASE {name}")
    url = postgresql_server.set(database=name)
    await migrate(url)
    return url


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "collegium.db"
    await migrate(f"sqlite+aiosqlite:///{path}")
    return path


def execute(server: URL, statement: str) -> None:
    """Run one statement, such as CREATE DATABASE, outside of any transaction."""
    with psycopg.connect(dsn(server), autocommit=True) as connection:
        connection.execute(statement.encode())


def dsn(server: URL) -> str:
    """The address of a server, as libpq takes it."""
    return server.set(drivername="postgresql").render_as_string(hide_password=False)


@cache
def copied(server: URL) -> str:
    """How to copy a database: its files as they are, which is twice as quick where nothing is synced to a disk."""
    with psycopg.connect(dsn(server)) as connection:
        return " STRATEGY file_copy" if connection.info.server_version >= 15_00_00 else ""


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    return str(request.param)


@pytest.fixture
def empty_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """The address of a database without tables."""
    if dialect == "sqlite":
        yield make_url(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
        return
    server: URL = request.getfixturevalue("postgresql_server")
    name = f"empty_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name}")
    yield server.set(database=name)
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """The address of a migrated database without rows."""
    if dialect == "sqlite":
        path = tmp_path / "collegium.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        yield make_url(f"sqlite+aiosqlite:///{path}")
        return
    template: URL = request.getfixturevalue("postgresql_template")
    name = f"test_{uuid4().hex[:12]}"
    server = template.set(database="postgres")
    execute(server, f"CREATE DATABASE {name} TEMPLATE {template.database}{copied(server)}")
    yield server.set(database=name)
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: URL) -> AsyncIterator[Database]:
    """A migrated database without rows."""
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    """An executor over a small catalog, of whose runs none has content."""
    await fill(database)
    courses = Courses(Store(database, open_blobs(tmp_path / "blobs")))
    return Asking(database, paths=Paths(Places(courses, database.dialect), Learners(database).mirror))
