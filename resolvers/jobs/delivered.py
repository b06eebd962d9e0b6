"""The engine of jobs on PostgreSQL: procrastinate delivers them to any number of processes (`db.deliveries`).

A delivery says that a job may be taken up, no more: the job's row decides. So one that comes twice does nothing, and
what becomes of the job is not written in the delivery.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from typing import NoReturn

import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from sqlalchemy import update

from db.deliveries import TASK
from db.engine import PostgresqlDatabase
from db.tables import Job, JobState
from resolvers.jobs.attempts import in_seconds
from resolvers.jobs.kinds import Places
from resolvers.jobs.queue import release
from resolvers.jobs.running import Runner, stop
from resolvers.jobs.sweeping import Sweeper

UNKNOWN_SECONDS = 30.0
"""How long a job waits that came to a process which does not know its kind: an older one, while a newer starts."""

PAUSE = 1.0
"""Seconds until a worker that lost its database begins anew."""

log = structlog.get_logger(__name__)


class Delivered:
    """Takes up the jobs of some queues as they are delivered, as many of each as have a place."""

    def __init__(
        self,
        database: PostgresqlDatabase,
        runner: Runner,
        *,
        queues: Collection[str] = (),
        places: Places | None = None,
    ) -> None:
        self._runner = runner
        self._database = database
        self._places = places or Places()
        self._queues = self._places.served(queues or runner.queues)
        connector = PsycopgConnector(conninfo=database.dsn, min_size=1, max_size=2 + len(self._queues))
        self._app = App(connector=connector)
        self._app.task(name=TASK, retry=RetryStrategy(wait=1))(self._deliver)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs for the time of the block; those that are under way at its end are given back."""
        sweeper = Sweeper(self._database, self._runner.pace.sweep, self._sweep)
        async with self._app.open_async(), self._runner.listening(), sweeper.running():
            tasks = {asyncio.create_task(self._serve(queue)) for queue in self._queues}
            try:
                yield
            finally:
                await stop(tasks)

    async def _serve(self, queue: str) -> NoReturn:
        pace = self._runner.pace
        while True:
            try:
                await self._app.run_worker_async(
                    queues=[queue],
                    name=self._runner.worker,
                    concurrency=self._places.of(queue),
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=pace.look,
                    shutdown_graceful_timeout=0,
                    update_heartbeat_interval=pace.beat,
                    stalled_worker_timeout=pace.lease,
                )
            except Exception as error:  # noqa: BLE001 -- whatever it is, later jobs are taken up
                log.warning("jobs_not_taken_up", queue=queue, reason=str(error))
            await asyncio.sleep(PAUSE)

    async def _deliver(self, job: str) -> None:
        """Run a job that was delivered, unless it is over or somebody else has it. Raises DatabaseError: once more."""
        held = await self._runner.take(uuid=job)
        if held is None:
            await self._put_off(job)
        else:
            await self._runner.run(held)

    async def _put_off(self, uuid: str) -> None:
        """Have a job that is of an unknown kind delivered again later."""
        of = (Job.uuid == uuid, Job.state == JobState.QUEUED, Job.kind.not_in(sorted(self._runner.kinds)))
        async with self._database.writing() as session:
            later = update(Job).where(*of).values(not_before=in_seconds(UNKNOWN_SECONDS)).returning(Job)
            job = await session.scalar(later)
            if job is not None:
                log.warning("job_of_unknown_kind", job=uuid, kind=job.kind)
                await release(session, [uuid], job.queue)

    async def _sweep(self) -> None:
        """Deliver again what went to workers that are gone: they may not even have taken the jobs up."""
        manager = self._app.job_manager
        with contextlib.suppress(ConnectorException):  # the next sweep sees to it
            for delivery in await manager.get_stalled_jobs(seconds_since_heartbeat=self._runner.pace.lease):
                assert delivery.id is not None  # noqa: S101 -- it comes from the table
                await manager.retry_job_by_id_async(delivery.id, datetime.now(UTC))
