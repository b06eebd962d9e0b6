"""Numbers of operations on content for Prometheus, from the table: those of all processes, workers included."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import select

from db.engine import Database, Row
from db.errors import DatabaseError
from db.tables import ContentTotal
from resolvers.plan.statements import rows_for
from resolvers.usage import usage_of

PERIOD = 10.0
"""Seconds for which what was counted is good."""

PATIENCE = 2.0
"""Seconds in which the database must answer."""

SECOND = 1_000_000
LABELS = ("operation", "block_type", "outcome", "application")
TOTALS = select(*(getattr(ContentTotal, name) for name in (*LABELS, "count", "micros")))

log = structlog.get_logger(__name__)


class ContentCounts(Collector):
    """How often and for how long content was worked on, as of at most some seconds ago."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._totals: Sequence[Row] = ()
        self._counted = -PERIOD

    async def count(self) -> None:
        """Count, unless that was done just now."""
        if time.monotonic() - self._counted < PERIOD:
            return
        self._counted = time.monotonic()
        await usage_of(self._database).flush(self._database)
        try:
            async with asyncio.timeout(PATIENCE), self._database.reading() as snapshot:
                self._totals = await rows_for(snapshot, self._database.dialect, TOTALS, [])
        except (DatabaseError, TimeoutError) as error:
            self._totals = ()
            log.warning("content_not_counted", reason=str(error) or "it took too long")

    def collect(self) -> Iterator[Metric]:
        """The metrics as they were counted."""
        operations = CounterMetricFamily(
            "collegium_content_operations",
            "Operations on content; those that touched blocks count for each type once more.",
            labels=LABELS,
        )
        seconds = CounterMetricFamily("collegium_content_seconds", "How long these took together.", labels=LABELS)
        for *labels, count, micros in self._totals:
            operations.add_metric(labels, count)
            seconds.add_metric(labels, micros / SECOND)
        yield from (operations, seconds)
