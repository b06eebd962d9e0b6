"""The jobs of a process: what it can do, and the engine that has it do so."""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager

from db.engine import Database
from resolvers.jobs import Embedded, Handlers, Runner
from server.settings import Settings

Work = Callable[[Settings, Database], AbstractAsyncContextManager[Handlers]]
"""Makes what does the work of each kind, for as long as the process runs jobs."""


@contextlib.asynccontextmanager
async def work(_settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
    """What does the work of each kind of jobs that there is."""
    yield {}


@contextlib.asynccontextmanager
async def running(
    settings: Settings,
    database: Database,
    work: Work = work,
    *,
    queues: Collection[str] = (),
    concurrency: int | None = None,
) -> AsyncIterator[None]:
    """Run jobs for the time of the block: those of all queues, or of some."""
    async with work(settings, database) as handlers:
        engine = Embedded(
            Runner(database, handlers), queues=queues, concurrency=concurrency or settings.job_concurrency
        )
        async with engine.running():
            yield
