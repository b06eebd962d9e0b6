"""The jobs of a process: what it can do, and the engine that has it do so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from db.engine import Database, PostgresqlDatabase, open_database
from db.migrate import check
from resolvers.contracts.reconciling import reconcile_handlers
from resolvers.directories.jobs import SYNC, synchronizing
from resolvers.jobs import Embedded, Handlers, Pace, Runner
from resolvers.reruns import Rules, rerun_handlers
from resolvers.usage import usage_of
from server.directories.commands import layout_of
from server.failures import Failure
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
async def work(settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
    """What does the work of each kind of jobs that there is."""
    async with open_platform(settings) as platform:
        reruns = rerun_handlers(platform, Rules(lingers=settings.clone_timeout + LINGERS))
        reconciling = reconcile_handlers(platform)
        yield {**reruns, **reconciling, SYNC: synchronizing(layout_of(settings))}


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
    """Run jobs for the time of the block: those of all queues, or of some. Raises Failure for a queue that is none."""
    async with work(settings, database) as handlers:
        runner = Runner(database, handlers, pace)
        if unknown := sorted(set(queues) - set(runner.queues)):
            raise Failure(f"there is no queue '{unknown[0]}'; there are {', '.join(runner.queues) or 'none'}")
        engine = _engine(runner, database, queues, concurrency or settings.job_concurrency)
        async with engine.running():
            yield


def _engine(runner: Runner, database: Database, queues: Collection[str], concurrency: int) -> "Embedded | Delivered":
    if not isinstance(database, PostgresqlDatabase):
        return Embedded(runner, queues=queues, concurrency=concurrency)

    from resolvers.jobs.delivered import Delivered

    return Delivered(database, runner, queues=queues, concurrency=concurrency)


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
