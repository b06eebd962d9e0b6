"""A run with content here, and a simulated Open edX that it is pushed to and pulled from."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from db.engine import Database
from db.store import Store, open_blobs
from db.tables import CourseRun, InstanceContent, Job
from edx.breaker import Breaker
from edx.http import OpenEdxHttp
from edx.patience import HttpSettings
from edx.studio import Studio
from edx.studio_imports import StudioImports
from edx.studio_session import StudioSession
from edx.tokens import Tokens
from resolvers.access import Viewer
from resolvers.content.load import Courses
from resolvers.instances.handlers import instance_handlers
from resolvers.instances.hosts import Host, Hosts
from resolvers.instances.known import Instance
from resolvers.instances.machine import Rules
from resolvers.instances.requests import Order
from resolvers.jobs import Handlers, Pace
from server.jobs import running as jobs
from server.settings import Settings, load
from tests.asking import AUTHOR
from tests.catalog import fill
from tests.edx.studios import CLIENT, RUN, SECRET, WORKER, Studios, serving_studios
from tests.resolvers.content.conftest import imported
from tests.resolvers.editing.courses import FILES

QUICK = Rules(patience=30, settles=0.3, lingers=0.4, first_pause=0.01, longest_pause=0.05)
"""The usual rules, but for their times."""

FAST = Pace(lease=1.0, beat=0.2, sweep=0.1, look=0.05)
PATIENCE = HttpSettings(read=2, whole=2, attempts=1, backoff=0.01)


@pytest.fixture(scope="session")
async def served_studios() -> AsyncIterator[Studios]:
    async with serving_studios() as edx:
        yield edx


@pytest.fixture
def edx(served_studios: Studios) -> Studios:
    return served_studios.fresh()


@asynccontextmanager
async def hosted(
    lms_url: str, studio_url: str, settings: HttpSettings, *, signs_in: bool = True
) -> AsyncIterator[Host]:
    """An instance as jobs reach it."""
    instance = Instance("partner", lms_url, studio_url, is_readable=signs_in)
    async with (
        Tokens(lms_url, CLIENT, SECRET, settings=PATIENCE) as tokens,
        OpenEdxHttp(studio_url, authority=tokens, settings=settings) as studio,
        OpenEdxHttp(studio_url, settings=settings, keeps_cookies=True) as pages,
        OpenEdxHttp(lms_url, settings=PATIENCE, keeps_cookies=True) as lms,
    ):
        session = StudioSession(lms, pages, WORKER, SECRET) if signs_in else None
        yield Host(instance, Studio(studio), StudioImports(studio, patience=2), session)


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("Studio", failures=5, rest=0.2)


@pytest.fixture
async def host(edx: Studios, breaker: Breaker) -> AsyncIterator[Host]:
    guarded = replace(PATIENCE, admit=breaker.admit, on_try=breaker.note)
    async with hosted(edx.lms, edx.studio, guarded) as host:
        yield host


@dataclass
class Desk:
    """A run with content, and its instance."""

    database: Database
    courses: Courses
    run: int
    version: str
    host: Host

    @asynccontextmanager
    async def working(self, rules: Rules = QUICK, host: Host | None = None) -> AsyncIterator[None]:
        """The engine of the database's kind, at work."""
        hosts: Hosts = {"partner": host or self.host}

        @asynccontextmanager
        async def work(_settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
            yield instance_handlers(hosts, self.courses, rules)

        async with jobs.running(load(), self.database, work, pace=FAST):
            yield

    def order(self, viewer: Viewer = AUTHOR) -> Order:
        return Order(self.database, viewer, [self.host.instance], str(RUN), "partner")

    async def push(self, viewer: Viewer = AUTHOR, version: str | None = None, expected: str | None = None) -> str:
        async with self.database.writing() as session:
            return await self.order(viewer).push(session, version, expected)

    async def pull(self, viewer: Viewer = AUTHOR, expected: str | None = None) -> str:
        async with self.database.writing() as session:
            return await self.order(viewer).pull(session, expected)

    async def check(self) -> Any:
        """What comes of a look, while the engine works."""
        async with self.database.writing() as session:
            uuid = await self.order().check(session)
        return result_of(await self.over(uuid))

    async def job(self, uuid: str) -> Job:
        async with self.database.writing() as session:
            job = await session.scalar(select(Job).where(Job.uuid == uuid))
        assert job is not None
        return job

    async def over(self, uuid: str) -> Job:
        """A job once it has ended."""
        return await self.until(uuid, lambda job: job.finished_at is not None)

    async def until(self, uuid: str, is_so: Callable[[Job], bool]) -> Job:
        async with asyncio.timeout(30):
            while True:
                if is_so(job := await self.job(uuid)):
                    return job
                await asyncio.sleep(0.02)

    async def row(self) -> InstanceContent | None:
        async with self.database.writing() as session:
            return await session.get(InstanceContent, (self.run, "partner"))


@pytest.fixture
async def desk(database: Database, tmp_path: Path, host: Host) -> Desk:
    await fill(database)
    async with database.writing() as session:
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key == str(RUN)))
    assert run is not None
    store = Store(database, open_blobs(tmp_path / "blobs"))
    version = (await imported(store, run, FILES)).version
    return Desk(database, Courses(store), run, version, host)


def result_of(job: Job) -> Any:
    assert job.result is not None, job.error_message
    return orjson.loads(job.result)
