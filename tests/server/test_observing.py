"""What is told of each operation: a line, numbers, a span; never variables, and at no great cost."""

import asyncio
import hashlib
import io
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from sqlalchemy import text

from db.engine import Database
from edx import http
from server import logs, metrics, observing
from server.logs import configure
from server.observing import MOST_WAITING, count_lms_call, observe, tell, watch

QUERY = 'query Secret { course(key: "plainly-a-secret") { id } }'


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    tell()
    stream = io.StringIO()
    configure("info", "json", stream)
    yield stream
    logs._short_cut.stream, logs._short_cut.is_open = None, True
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    tell()
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def counted(name: str, **labels: str) -> float:
    tell()
    return metrics.REGISTRY.get_sample_value(name, labels) or 0


async def test_an_operation_is_one_line_without_its_text(stream: io.StringIO) -> None:
    before = http.request_id.set("r-1")
    with observe(QUERY, "Secret", "lena", "mfe") as seen:
        seen.kind, seen.cost, seen.statements = "query", 7, 2
        count_lms_call()
        seen.answered([])
    http.request_id.reset(before)
    [line] = lines(stream)
    assert 0 <= line.pop("milliseconds") < 1000
    assert line.pop("timestamp")
    assert line == {
        "event": "operation",
        "level": "info",
        "logger": "collegium.operations",
        "operation": "Secret",
        "kind": "query",
        "document": hashlib.sha256(QUERY.encode()).hexdigest()[:16],
        "outcome": "ok",
        "cost": 7,
        "statements": 2,
        "lms_calls": 1,
        "user": "lena",
        "application": "mfe",
        "request_id": "r-1",
    }


async def test_a_line_has_no_more_of_a_name_than_fits(stream: io.StringIO) -> None:
    with observe(QUERY, "n" * 10_000):
        pass
    [line] = lines(stream)
    assert line["operation"] == "n" * 100
    assert line["kind"] == "unknown"
    assert "user" not in line


async def test_the_outcome_is_the_code_of_the_first_error(stream: io.StringIO) -> None:
    with observe(QUERY) as seen:
        seen.answered([{"extensions": {"code": "FORBIDDEN"}}, {"extensions": {"code": "NOT_FOUND"}}])
    assert lines(stream)[0]["outcome"] == "FORBIDDEN"


async def test_an_exception_is_a_fault_and_one_who_hung_up_is_told_apart(stream: io.StringIO) -> None:
    with pytest.raises(ZeroDivisionError), observe(QUERY):
        raise ZeroDivisionError
    with pytest.raises(asyncio.CancelledError), observe(QUERY):
        raise asyncio.CancelledError
    assert [line["outcome"] for line in lines(stream)] == ["INTERNAL_SERVER_ERROR", "CANCELLED"]


async def test_lines_are_told_shortly_after_the_end_and_before_too_many_wait(stream: io.StringIO) -> None:
    tell()
    with observe(QUERY):
        pass
    assert stream.getvalue() == ""
    await asyncio.sleep(observing.DELAY * 3)
    assert len(stream.getvalue().splitlines()) == 1

    for _ in range(MOST_WAITING):
        with observe(QUERY):
            pass
    assert len(stream.getvalue().splitlines()) == 1 + MOST_WAITING


async def test_numbers_are_counted_by_kind_and_outcome() -> None:
    labels = {"kind": "mutation", "outcome": "FORBIDDEN"}
    before = counted("collegium_operations_total", **labels)
    cost = counted("collegium_operation_cost_total")
    times = counted("collegium_operation_seconds_count", kind="mutation")

    for _ in range(2):
        with observe(QUERY) as seen:
            seen.kind, seen.cost = "mutation", 5
            seen.answered([{"extensions": {"code": "FORBIDDEN"}}])

    assert counted("collegium_operations_total", **labels) == before + 2
    assert counted("collegium_operation_cost_total") == cost + 10
    assert counted("collegium_operation_seconds_count", kind="mutation") == times + 2


async def test_the_statements_of_writers_count_for_their_operation_only(database: Database) -> None:
    watch(database)
    watch(database)
    with observe(QUERY) as one:
        async with database.writing() as session:
            await session.execute(text("SELECT 1"))
        first = one.statements
        with observe(QUERY) as other:
            pass
    assert first == one.statements >= 1
    assert first <= 2  # SQLite's BEGIN IMMEDIATE is a statement too
    assert other.statements == 0
    async with database.writing() as session:
        await session.execute(text("SELECT 1"))
    assert one.statements == first


# Spans


async def test_an_operation_is_one_span(spans: InMemorySpanExporter, stream: io.StringIO) -> None:
    with observe(QUERY, "Secret", "lena") as seen:
        seen.kind, seen.statements = "query", 2
        inner = trace.get_current_span()
    [span] = spans.get_finished_spans()
    assert span.name == "query Secret"
    assert span.context == inner.get_span_context()
    assert dict(span.attributes or {}) | {"collegium.milliseconds": 0} == {
        "graphql.operation.name": "Secret",
        "graphql.operation.type": "query",
        "graphql.document.hash": hashlib.sha256(QUERY.encode()).hexdigest()[:16],
        "collegium.outcome": "ok",
        "collegium.milliseconds": 0,
        "collegium.cost": 0,
        "collegium.statements": 2,
        "collegium.lms_calls": 0,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert lines(stream)[0]["trace"] == f"{span.context.trace_id:032x}"


@pytest.mark.parametrize(
    ("code", "status"), [("SERVICE_UNAVAILABLE", StatusCode.ERROR), ("BAD_USER_INPUT", StatusCode.UNSET)]
)
async def test_only_faults_of_the_server_make_a_span_one_of_an_error(
    spans: InMemorySpanExporter, code: str, status: StatusCode
) -> None:
    with observe(QUERY) as seen:
        seen.answered([{"extensions": {"code": code}}])
    [span] = spans.get_finished_spans()
    assert span.status.status_code is status
