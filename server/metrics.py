"""Numbers for Prometheus: what the process counts, and the page on which they are read.

No label holds what clients choose, such as names of operations or of users: their number would have no bound.
"""

import hmac
from collections.abc import Awaitable, Callable, Iterator

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from db.engine import Database, SqliteDatabase
from resolvers.health import version
from server.circuits import Circuits
from server.health import Readiness

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60)

REGISTRY = CollectorRegistry()
"""What is counted for the process as a whole, whatever applications it serves."""

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
REGISTRY.register(Circuits())

OPERATIONS = Counter(
    "collegium_operations",
    "Operations by kind and outcome: ok, the code of the first error, or CANCELLED.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
DURATION = Histogram(
    "collegium_operation_seconds", "How long operations took.", ["kind"], buckets=SECONDS, registry=REGISTRY
)
COST = Counter("collegium_operation_cost", "Objects that operations could have asked for at most.", registry=REGISTRY)
STATEMENTS = Counter("collegium_sql_statements", "SQL statements that operations sent.", registry=REGISTRY)
LMS_CALLS = Counter("collegium_lms_calls", "Calls of Open edX that operations made.", registry=REGISTRY)
USER_ERRORS = Counter(
    "collegium_user_errors",
    "User errors by code, mutation and application: a client id, lms for the LMS's tokens, or anonymous.",
    ["code", "mutation", "application"],
    registry=REGISTRY,
)
REFUSED_TOKENS = Counter(
    "collegium_refused_tokens", "Tokens that nobody was signed in by, by reason.", ["reason"], registry=REGISTRY
)


EVENTS = Counter(
    "collegium_learner_events",
    "Events of learners by outcome: new, known or ignored; refused counts requests.",
    ["outcome"],
    registry=REGISTRY,
)

DELIVERIES = Counter(
    "collegium_webhook_deliveries",
    "Attempts to send events about certificates by outcome: delivered, failed, or given_up for good.",
    ["outcome"],
    registry=REGISTRY,
)


class Standing(Collector):
    """What an application stands on, as far as is known without asking anybody."""

    def __init__(self, database: Database, readiness: Readiness) -> None:
        self._database = database
        self._readiness = readiness

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        yield _gauge("collegium_info", "The version that runs.", 1, version=version())
        if isinstance(self._database, SqliteDatabase):
            log = self._database.path.with_name(self._database.path.name + "-wal")
            size = log.stat().st_size if log.exists() else 0
            yield _gauge("collegium_sqlite_wal_bytes", "Size of SQLite's write-ahead log.", size)
        last = self._readiness.lms_last_success
        if last is not None:
            name = "collegium_lms_last_success_timestamp_seconds"
            yield _gauge(name, "When the LMS last answered a check.", last.timestamp())


def route(path: str, *collectors: Collector, before: Callable[[], Awaitable[None]], token: str | None = None) -> Route:
    """The page of all numbers, at `path`, with those of `collectors`; `before` brings them up to date.

    With a `token` only whoever sends it as `Authorization: Bearer` sees the page.
    """
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)

    async def metrics(request: Request) -> Response:
        if token is not None and not _is_sent(token, request.headers.get("authorization", "")):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        await before()
        return Response(generate_latest(REGISTRY) + generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Route(path, metrics, methods=["GET"])


def _is_sent(token: str, authorization: str) -> bool:
    return hmac.compare_digest(authorization.encode("latin-1"), f"Bearer {token}".encode())  # bytes as they came


def _gauge(name: str, meaning: str, value: float, **labels: str) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family
