"""The engine of jobs within a process, for SQLite: nothing but the table of jobs stands behind it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from typing import NoReturn

import structlog
from sqlalchemy import String, select

from db.errors import DatabaseError
from db.tables import Job
from db.types import any_of
from resolvers.jobs.attempts import READY, Held
from resolvers.jobs.kinds import Places
from resolvers.jobs.queue import CHANNEL, QUEUED
from resolvers.jobs.running import Runner, stop
from resolvers.jobs.sweeping import Sweeper, sweep_after_start
from resolvers.plan.statements import keys_parameter, rows_for

READY_IN = select(Job.id).where(*READY, any_of(Job.queue, keys_parameter(String()))).limit(1)

log = structlog.get_logger(__name__)


class Embedded:
    """Takes up the jobs of some queues, as many of each as have a place; at first those that a process left behind."""

    def __init__(self, runner: Runner, *, queues: Collection[str] = (), places: Places | None = None) -> None:
        self._runner = runner
        self._database = runner.database
        self._places = places or Places()
        self._news = {queue: asyncio.Event() for queue in self._places.served(queues or runner.queues)}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs for the time of the block; those that are under way at its end are given back."""
        with contextlib.suppress(DatabaseError):  # what is left is swept later
            await sweep_after_start(self._database, self._runner.worker)
        async with (
            self._runner.listening(),
            self._database.news.listening(CHANNEL, self._hear),
            Sweeper(self._database, self._runner.pace.sweep).running(),
        ):
            tasks = {asyncio.create_task(self._serve(queue)) for queue in self._news}
            try:
                yield
            finally:
                await stop(tasks)

    def _hear(self, text: str) -> None:
        event = self._news.get(text.removeprefix(QUEUED))
        if event is not None:
            event.set()

    async def _serve(self, queue: str) -> NoReturn:
        places = asyncio.Semaphore(self._places.of(queue))
        under_way: set[asyncio.Task[None]] = set()

        def over(task: asyncio.Task[None]) -> None:
            under_way.discard(task)
            places.release()

        try:
            while True:
                await places.acquire()
                task = asyncio.create_task(self._runner.run(await self._next(queue)))
                under_way.add(task)
                task.add_done_callback(over)
        finally:
            await stop(under_way)

    async def _next(self, queue: str) -> Held:
        """The next job of a queue, taken up as soon as there is one: most often at once, where there is much to do."""
        is_ready = True
        while True:
            self._news[queue].clear()
            try:
                held = await self._runner.take(queue=queue) if is_ready or await self._is_ready(queue) else None
            except Exception as error:  # noqa: BLE001 -- whatever it is, later jobs are taken up
                log.warning("jobs_not_taken_up", queue=queue, reason=str(error))
                held = None
            if held is not None:
                return held
            is_ready = False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._runner.pace.look):
                    await self._news[queue].wait()

    async def _is_ready(self, queue: str) -> bool:
        """Whether there is something to take up: asked of a reader, so that idle queues keep no writer waiting."""
        async with self._database.reading() as snapshot:
            snapshot.is_single = True
            return bool(await rows_for(snapshot, self._database.dialect, READY_IN, [queue]))
