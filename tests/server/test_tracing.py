"""Spans belong to their callers' traces, and cost nothing where nobody records them."""

import subprocess
import sys
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from server import tracing
from server.tracing import CallersTrace, operation_span

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


async def endpoint(_request: Request) -> JSONResponse:
    span = operation_span()
    assert span is not None
    span.end({"kind": "query", "operation": "Q"})
    return JSONResponse({"trace": span.trace_id})


APP = CallersTrace(Starlette(routes=[Route("/", endpoint)]))


async def asked(headers: dict[str, Any]) -> Any:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://test") as client:
        return (await client.get("/", headers=headers)).json()["trace"]


async def test_a_span_continues_its_caller_s_trace(spans: InMemorySpanExporter) -> None:
    assert await asked({"traceparent": TRACEPARENT}) == TRACE
    [span] = spans.get_finished_spans()
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "00f067aa0ba902b7"


@pytest.mark.parametrize("header", [{}, {"traceparent": "nonsense"}, {"traceparent": b"\xe9"}])
async def test_a_span_without_a_caller_s_trace_begins_one(spans: InMemorySpanExporter, header: dict[str, Any]) -> None:
    assert await asked(header) != TRACE
    assert spans.get_finished_spans()[0].parent is None


def test_nobody_records_without_an_sdk() -> None:
    tracing.begin()
    assert operation_span() is None


def test_a_process_that_was_started_with_an_sdk_records() -> None:
    program = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
from server import tracing
assert tracing.operation_span() is None
tracing.begin()
assert tracing.operation_span() is not None
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
