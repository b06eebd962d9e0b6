"""Jobs whose worker is gone, or that nobody will ask for any more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, NoReturn

import structlog
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.errors import DatabaseError
from db.tables import Job, JobState, now
from db.types import present
from resolvers.background import alongside
from resolvers.jobs.attempts import ended, is_gone, put, reason, waiting
from resolvers.jobs.errors import JobErrorCode

KEPT = timedelta(days=90)
"""How long jobs that are over are kept."""

MOST_SWEPT = 100

log = structlog.get_logger(__name__)


class Sweeper:
    """Sweeps a database every `period` seconds, and with it what an engine keeps beside it (`also`)."""

    def __init__(self, database: Database, period: float, also: Callable[[], Awaitable[object]] | None = None) -> None:
        self._database = database
        self._period = period
        self._also = also

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep now and again for the time of the block."""
        async with alongside(self._run):
            yield

    async def _run(self) -> NoReturn:
        cleaned = None
        while True:
            try:
                if count := await sweep(self._database):
                    log.warning("jobs_swept", jobs=count)
                if self._also is not None:
                    await self._also()
                if cleaned is None or now() - cleaned > timedelta(hours=1):
                    cleaned = now()
                    await forget_old_ones(self._database)
            except DatabaseError as error:
                log.warning("jobs_not_swept", reason=str(error))
            await asyncio.sleep(self._period)


async def sweep(database: Database) -> int:
    """Queue the jobs again that nobody holds any more, or end those that had all their attempts; how many there were.

    A worker that kills its process at each attempt so ends with a failed job. Raises DatabaseError.
    """
    return await _sweep(database, Job.lease_until < present())


async def sweep_after_start(database: Database, worker: str) -> int:
    """The same for what earlier processes of this host held, which is all of it where there is one process only."""
    async with database.reading() as snapshot:
        snapshot.is_single = True
        rows = await snapshot.fetch("SELECT DISTINCT worker FROM job WHERE state = 'running'")
    gone = [row[0] for row in rows if row[0] != worker and is_gone(row[0])]
    return await _sweep(database, Job.worker.in_(gone)) if gone else 0


async def forget_old_ones(database: Database) -> None:
    """Delete what is over for a long time. Raises DatabaseError."""
    async with database.writing() as session:
        await session.execute(delete(Job).where(Job.finished_at < now() - KEPT))


async def _sweep(database: Database, is_left: ColumnElement[bool]) -> int:
    count = 0
    while True:
        async with database.writing() as session:
            swept = await _some(session, is_left)
        count += swept
        if swept < MOST_SWEPT:
            return count


async def _some(session: AsyncSession, is_left: ColumnElement[bool]) -> int:
    query = select(Job).where(Job.state == JobState.RUNNING, is_left).order_by(Job.id).limit(MOST_SWEPT)
    jobs = list(await session.scalars(query.with_for_update(skip_locked=True)))
    for job in jobs:
        await put(session, job, _ending(job))
    return len(jobs)


def _ending(job: Job) -> Mapping[str, Any]:
    """What becomes of a job whose worker is gone."""
    if job.cancel_requested_at is not None:
        return ended(JobState.CANCELED)
    lost = reason(JobErrorCode.WORKER_LOST, "the process that worked on it ended, or was not heard of any more")
    return {**(waiting(0) if job.attempts < job.max_attempts else ended(JobState.FAILED)), **lost}
