"""The jobs of a process: what it can do, and the engine that has it do so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TYPE_CHECKING

from db.engine import Database, PostgresqlDatabase, open_database
from db.migrate import check
from db.store.parcels import Parcels
from resolvers.catalog.team_jobs import SYNC_TEAMS, reading_teams
from resolvers.content.load import Courses
from resolvers.content.uploads import Uploads
from resolvers.contracts.reconciling import reconcile_handlers
from resolvers.directories.jobs import SYNC, synchronizing
from resolvers.features import Feature
from resolvers.instances.handlers import instance_handlers
from resolvers.instances.hosts import Hosts
from resolvers.instances.machine import Rules as InstanceRules
from resolvers.jobs import CONTENT, Embedded, Handlers, Pace, Places, Runner
from resolvers.reruns import Rules, rerun_handlers
from resolvers.transfer.asking import EXPORT, IMPORT
from resolvers.transfer.exporting import exporting
from resolvers.transfer.importing import importing
from resolvers.transfer.reporting import EXPORT_LEARNERS, exporting_learners
from resolvers.usage import usage_of
from server.content.store import open_store, upload_limits
from server.directories.commands import layout_of
from server.failures import Failure
from server.instances.hosts import open_hosts
from server.process import stopping
from server.settings import Settings
from server.upstream import open_platform

if TYPE_CHECKING:
    from resolvers.jobs.delivered import Delivered

Work = Callable[[Settings, Database], AbstractAsyncContextManager[Handlers]]
"""Makes what does the work of each kind, for as long as the process runs jobs."""

LINGERS = 180.0
"""Seconds for which a clone that was given up on is looked for."""


@contextlib.asynccontextmanager
async def work(settings: Settings, database: Database) -> AsyncIterator[Handlers]:
    """What does the work of each kind of jobs that there is."""
    async with open_platform(settings) as platform, open_hosts(settings) as hosts:
        reruns = rerun_handlers(platform, Rules(lingers=settings.clone_timeout + LINGERS))
        reconciling = reconcile_handlers(platform)
        yield {
            **reruns,
            **reconciling,
            SYNC: synchronizing(layout_of(settings)),
            SYNC_TEAMS: reading_teams(platform.studio if platform else None),
            **_transfers(settings, database, hosts),
        }


def _transfers(settings: Settings, database: Database, hosts: Hosts) -> Handlers:
    """What moves content, where there is content."""
    if Feature.CONTENT not in settings.features:
        return {}
    store = open_store(settings, database)
    courses, lifetime, seconds = Courses(store), timedelta(seconds=settings.upload_lifetime), settings.transfer_timeout
    return {
        IMPORT: importing(store, Uploads(store, upload_limits(settings)), seconds),
        EXPORT: exporting(courses, lifetime, seconds),
        EXPORT_LEARNERS: exporting_learners(Parcels(store), lifetime),
        **instance_handlers(hosts, courses, InstanceRules(patience=settings.import_timeout)),
    }


@contextlib.asynccontextmanager
async def running(
    settings: Settings,
    database: Database,
    work: Work = work,
    *,
    queues: Collection[str] = (),
    concurrency: int | None = None,
    pace: Pace | None = None,
) -> AsyncIterator[None]:
    """Run jobs for the time of the block: those of all queues, or of some, `concurrency` of each if that is given.

    Raises Failure for a queue that is none.
    """
    async with work(settings, database) as handlers:
        runner = Runner(database, handlers, pace)
        places = Places(concurrency or settings.job_concurrency, {} if concurrency else settings.queue_concurrency)
        known = sorted({CONTENT, *runner.queues})
        if unknown := sorted({*queues, *places.special} - set(known)):
            raise Failure(f"there is no queue '{unknown[0]}'; there are {', '.join(known)}")
        if not places.served(queues or known):
            raise Failure("there is no queue to take jobs from: all that are meant have no place")
        engine = _engine(runner, database, queues, places)
        async with engine.running():
            yield


def _engine(runner: Runner, database: Database, queues: Collection[str], places: Places) -> "Embedded | Delivered":
    if not isinstance(database, PostgresqlDatabase):
        return Embedded(runner, queues=queues, places=places)

    from resolvers.jobs.delivered import Delivered

    return Delivered(database, runner, queues=queues, places=places)


async def run_worker(
    settings: Settings,
    work: Work = work,
    *,
    queues: Collection[str] = (),
    concurrency: int | None = None,
    pace: Pace | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Run jobs until the process is told to stop. Raises DatabaseError where the database is not there or not ours."""
    await check(settings.database_url)
    database = open_database(settings.database_url)
    is_over = asyncio.Event()
    try:
        with stopping(is_over.set):
            async with (
                usage_of(database).running(database, settings.usage_kept),
                running(settings, database, work, queues=queues, concurrency=concurrency, pace=pace),
            ):
                on_ready()
                await is_over.wait()
    finally:
        await database.close()
