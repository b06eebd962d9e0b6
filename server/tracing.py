"""Spans for OpenTelemetry: one for each operation, within the trace that the caller names.

Only its API is used here: spans cost next to nothing, and go nowhere, until the process is started with an SDK.
"""

from collections.abc import Awaitable, Mapping

from opentelemetry import context, propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from starlette.types import ASGIApp, Receive, Scope, Send

from server.exchange import headers_of

CALLERS_TRACE = "traceparent"
LOGGED_ONLY = frozenset({"trace", "user"})
"""What stands in logs only: traces know their own id, and go to places where users need not be named."""

TRACER = trace.get_tracer("collegium")
ATTRIBUTES = {
    "operation": "graphql.operation.name",
    "kind": "graphql.operation.type",
    "document": "graphql.document.hash",
}
"""The attributes of a span for which OpenTelemetry has names; all others are our own."""


class _Tracing:
    """Whether there is anybody to record spans: asked once, since asking for each would cost more than the rest."""

    is_on = False


_tracing = _Tracing()


def begin() -> None:
    """Look whether the process was started with an SDK of OpenTelemetry: before it serves."""
    _tracing.is_on = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


class OperationSpan:
    """The span of one operation, current until its `end`, so that spans of libraries lie within it."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token = context.attach(trace.set_span_in_context(span))

    @property
    def trace_id(self) -> str:
        """The id of the trace, in the form in which tracing tools have it."""
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    def end(self, told: Mapping[str, str | float], *, fault: str | None = None) -> None:
        """End the span with what is told of the operation; `fault` is the code of an error that is the server's own."""
        self._span.update_name(f"{told['kind']} {told['operation']}")
        self._span.set_attributes(
            {
                ATTRIBUTES.get(name, f"collegium.{name}"): value
                for name, value in told.items()
                if name not in LOGGED_ONLY
            }
        )
        if fault is not None:
            self._span.set_status(Status(StatusCode.ERROR, fault))
        context.detach(self._token)
        self._span.end()


def operation_span() -> OperationSpan | None:
    """A span that begins now, or None where nobody records it."""
    if not _tracing.is_on:
        return None
    span = TRACER.start_span("graphql", kind=SpanKind.SERVER)
    return OperationSpan(span) if span.is_recording() else None


class CallersTrace:
    """ASGI middleware: what is done for a request belongs to the trace of its W3C header `traceparent`, if any."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request within its caller's trace."""
        if CALLERS_TRACE not in headers_of(scope):
            return self._app(scope, receive, send)
        return self._traced(scope, receive, send)

    async def _traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = context.attach(propagate.extract(headers_of(scope)))
        try:
            await self._app(scope, receive, send)
        finally:
            context.detach(token)
