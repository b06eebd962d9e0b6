"""What is told of each operation that clients send: one line in the log, numbers for Prometheus, and one span.

Never its variables, nor its text: the hash of the document tells operations apart. Lines and numbers are told for
many operations together, shortly after their answers: one at a time they would cost a small query a fifth of its time.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from hashlib import sha256
from time import perf_counter, time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import structlog
from sqlalchemy import event

from db.engine import Database
from edx import http
from resolvers.errors import Code
from resolvers.refusals import Problem
from server import metrics
from server.logs import operation_lines
from server.tracing import operation_span

if TYPE_CHECKING:
    from resolvers.plan.planner import Request

OK = "ok"
CANCELLED = "CANCELLED"
FAULTS = frozenset({Code.INTERNAL_SERVER_ERROR, Code.SERVICE_UNAVAILABLE, Code.TIME_LIMIT_EXCEEDED})
"""Outcomes for which the server, not the client, is to blame."""

UNKNOWN = "unknown"
ANONYMOUS = "anonymous"
LONGEST_NAME = 100
DIGITS = 16
"""How much of a document's SHA-256, in hexadecimal, is told."""

DELAY = 0.05
"""Seconds for which what is to be told may wait."""

MOST_WAITING = 256

log = structlog.get_logger(__name__)

Told = dict[str, str | float]


class Observation:
    """One operation while it runs: a block at whose end its attributes are told.

    `kind` is query, mutation or subscription once that is known, `cost` an upper bound of the objects in the answer.
    """

    __slots__ = (
        "_began",
        "_query",
        "_request_id",
        "_span",
        "_token",
        "application",
        "cost",
        "ended",
        "kind",
        "lms_calls",
        "name",
        "outcome",
        "seconds",
        "statements",
        "username",
    )

    def __init__(self, query: str, name: str | None, username: str | None, application: str | None) -> None:
        self.name = name
        self.username = username
        self.application = application
        self.kind = UNKNOWN
        self.cost = 0
        self.statements = 0
        self.lms_calls = 0
        self.outcome: str = OK
        self._query = query

    def of(self, request: "Request", cost: int) -> None:
        """Take what the operation turned out to be, and what it costs at most."""
        name = request.operation.name
        self.name = name.value if name else self.name
        self.kind = request.operation.operation.value
        self.cost = cost
        self._query = request.text

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        self._span = operation_span()
        self._began = perf_counter()
        return self

    def answered(self, errors: Sequence[Mapping[str, Any]]) -> None:
        """Take the outcome from the errors of the response: the code of the first one."""
        if errors:
            self.outcome = str(errors[0]["extensions"]["code"])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = perf_counter() - self._began
        self.ended = time()
        try:  # noqa: SIM105 -- `suppress` is felt here
            _current.reset(self._token)
        except ValueError:  # a generator may be closed in another context than it ran in
            pass
        if kind is not None:
            self.outcome = Code.INTERNAL_SERVER_ERROR.value if issubclass(kind, Exception) else CANCELLED
        self._request_id = http.request_id.get()
        if self._span is not None:
            self._span.end(self.told(), fault=self.outcome if self.outcome in FAULTS else None)
        _tell_soon(self)

    def told(self) -> Told:
        """All that is told, by name; what is not known is left out."""
        told: Told = {
            "operation": self.name[:LONGEST_NAME] if self.name else ANONYMOUS,
            "kind": self.kind,
            "document": _digest(self._query),
            "outcome": self.outcome,
            "milliseconds": round(self.seconds * 1000, 2),
            "cost": self.cost,
            "statements": self.statements,
            "lms_calls": self.lms_calls,
        }
        if self.username is not None:
            told["user"] = self.username
        if self.application is not None:
            told["application"] = self.application
        if self._request_id is not None:
            told["request_id"] = self._request_id
        if self._span is not None:
            told["trace"] = self._span.trace_id
        return told


@lru_cache(1024)
def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()[:DIGITS]


_current: ContextVar[Observation | None] = ContextVar("observation", default=None)
_waiting: list[Observation] = []


def observe(
    query: str, name: str | None = None, username: str | None = None, application: str | None = None
) -> Observation:
    """A block in which one operation is served, to be filled with what is found out about it.

    `query` is the document, `name` the one that the client gives, `username` and `application` whoever asks.
    An exception that ends the block is an outcome too: a fault, or that nobody waits for the answer any more.
    """
    return Observation(query, name, username, application)


def tell() -> None:
    """Tell now what waits to be told: before the process ends, and before somebody reads the numbers."""
    ended = _waiting[:]
    _waiting.clear()
    _count(ended)
    operation_lines((seen.ended, seen.told()) for seen in ended)


def watch(database: Database) -> None:
    """Count the statements of writers for the operations that send them; readers count their own."""
    engine = database.engine.sync_engine
    if not event.contains(engine, "before_cursor_execute", _count_statement):
        event.listen(engine, "before_cursor_execute", _count_statement)


def count_lms_call() -> None:
    """Count one call of Open edX for the operation that makes it, if any."""
    seen = _current.get()
    if seen is not None:
        seen.lms_calls += 1


def refused(mutation: str, problems: Sequence[Problem]) -> None:
    """Log and count the user errors that a mutation is answered with (`spec/content-api.md`, "Observability")."""
    seen = _current.get()
    application = (seen.application if seen else None) or ANONYMOUS
    for problem in problems:
        log.info("user_error", code=problem.code, mutation=mutation, field=problem.place, application=application)
        kind = application.partition(":")[0]  # those of the LMS are as many as its users
        metrics.USER_ERRORS.labels(problem.code, mutation, kind).inc()


def _count_statement(*_given: Any) -> None:
    seen = _current.get()
    if seen is not None:
        seen.statements += 1


def _tell_soon(seen: Observation) -> None:
    _waiting.append(seen)
    if len(_waiting) == 1:
        asyncio.get_running_loop().call_later(DELAY, tell)
    elif len(_waiting) >= MOST_WAITING:
        tell()


def _count(ended: Sequence[Observation]) -> None:
    for (kind, outcome), number in Counter((seen.kind, seen.outcome) for seen in ended).items():
        metrics.OPERATIONS.labels(kind, outcome).inc(number)
    durations = {kind: metrics.DURATION.labels(kind) for kind in {seen.kind for seen in ended}}
    for seen in ended:
        durations[seen.kind].observe(seen.seconds)
    metrics.COST.inc(sum(seen.cost for seen in ended))
    metrics.STATEMENTS.inc(sum(seen.statements for seen in ended))
    metrics.LMS_CALLS.inc(sum(seen.lms_calls for seen in ended))
