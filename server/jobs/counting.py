"""Numbers of jobs for Prometheus, from the table: so every process tells the same, whichever works on them."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import BigInteger, cast, func, select

from db.engine import Database, Row
from db.errors import DatabaseError
from db.tables import Job
from db.types import micros, present
from resolvers.jobs.attempts import READY
from resolvers.plan.statements import rows_for

PERIOD = 10.0
"""Seconds for which what was counted is good."""

PATIENCE = 2.0
"""Seconds in which the database must answer."""

SECOND = 1_000_000

_lasted = cast(func.sum(micros(Job.finished_at) - micros(Job.started_at)), BigInteger)
_since = func.min(micros(func.coalesce(Job.not_before, Job.created_at)))
STATES = select(Job.kind, Job.state, func.count(Job.id), _lasted).group_by(Job.kind, Job.state)
QUEUES = select(Job.queue, func.count(Job.id), micros(present()) - _since).where(*READY).group_by(Job.queue)

log = structlog.get_logger(__name__)


class JobCounts(Collector):
    """How many jobs there are, as of at most some seconds ago, as long as the database answers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._states: Sequence[Row] = ()
        self._queues: Sequence[Row] = ()
        self._counted = -PERIOD

    async def count(self) -> None:
        """Count, unless that was done just now."""
        if time.monotonic() - self._counted < PERIOD:
            return
        self._counted = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE), self._database.reading() as snapshot:
                dialect = self._database.dialect
                self._states = await rows_for(snapshot, dialect, STATES, [])
                self._queues = await rows_for(snapshot, dialect, QUEUES, [])
        except (DatabaseError, TimeoutError) as error:
            self._states = self._queues = ()
            log.warning("jobs_not_counted", reason=str(error) or "it took too long")

    def collect(self) -> Iterator[Metric]:
        """The metrics as they were counted."""
        jobs = GaugeMetricFamily("collegium_jobs", "Jobs by kind and state.", labels=["kind", "state"])
        lasted = GaugeMetricFamily(
            "collegium_jobs_lasted_seconds",
            "How long all that are over took together, from the first attempt on.",
            labels=["kind", "state"],
        )
        for kind, state, count, micros_ in self._states:
            jobs.add_metric([kind, state], count)
            if micros_ is not None:
                lasted.add_metric([kind, state], micros_ / SECOND)
        ready = GaugeMetricFamily("collegium_job_queue", "Jobs that could be taken up.", labels=["queue"])
        waits = GaugeMetricFamily(
            "collegium_job_queue_wait_seconds", "How long the first of them has waited.", labels=["queue"]
        )
        for queue, count, micros_ in self._queues:
            ready.add_metric([queue], count)
            waits.add_metric([queue], micros_ / SECOND)
        yield from (jobs, lasted, ready, waits)
