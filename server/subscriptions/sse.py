"""GraphQL over server-sent events: one operation a request, its answers as events of the response.

This is "distinct connections mode" of https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md: `next` for each
answer, `complete` at the end. A response that ends without `complete` may be asked for again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import orjson
import structlog
from graphql import GraphQLError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from resolvers.access import Viewer
from resolvers.errors import Code, RequestError, ServiceUnavailable, Unauthenticated
from server.errors import described, refused
from server.exchange import headers_of
from server.execution import Operation
from server.graphql import CHALLENGE
from server.media import EVENTS, JSON, prefers
from server.operations import Refusal
from server.requests import BadRequest, operation
from server.subscriptions.operations import Operations, Viewing
from server.subscriptions.origins import is_allowed
from server.subscriptions.streams import End, Ended, Streams, TooManyStreams

HEADERS = [
    (b"content-type", f"{EVENTS}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept, Authorization"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events until it has a page of them
]
COMMENT = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"

log = structlog.get_logger(__name__)


class EventStreams:
    """The ASGI application for HTTP requests to the GraphQL endpoint: those that want no events go on to `view`."""

    def __init__(
        self,
        view: ASGIApp,
        operations: Operations,
        sign_in: Callable[[Mapping[str, str]], Viewer],
        streams: Streams,
        *,
        origins: Collection[str] = (),
    ) -> None:
        self._view = view
        self._operations = operations
        self._sign_in = sign_in
        self._streams = streams
        self._origins = frozenset(origin.lower() for origin in origins)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one HTTP request."""
        if not prefers(headers_of(scope).get("accept"), EVENTS):
            return self._view(scope, receive, send)
        return self._streamed(scope, receive, send)

    async def _streamed(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        try:
            with self._streams.opened():
                asked, refusal = await self._asked(scope, headers, receive)
                stream = _Stream(self._operations, self._streams, partial(self._sign_in, headers), receive, send)
                await stream.run(asked, refusal)
                return
        except TooManyStreams:
            problem = "There are too many streams; try again later."
            response = _refusal(503, Code.SERVICE_UNAVAILABLE, problem, ("retry-after", "5"))
        except Unauthenticated as error:
            response = _refusal(401, Code.UNAUTHENTICATED, str(error), _text(CHALLENGE))
        except ServiceUnavailable as error:
            response = _refusal(503, error.code, str(error))
        except BadRequest as error:
            response = _refusal(error.status, error.code, str(error), *map(_text, error.headers))
        await response(scope, receive, send)

    async def _asked(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive
    ) -> tuple[Operation, Refusal | None]:
        """The operation of a request, and why it is not run. Raises BadRequest, Unauthenticated and ServiceUnavailable.

        Refusals are told as an event, since browsers show nothing of responses that are not streams; but not being
        signed in and a wrong method are told as other servers do, by the status.
        """
        if not is_allowed(headers, self._origins):
            log.info("foreign_origin", origin=headers.get("origin"))
            raise BadRequest(403, Code.FORBIDDEN, "Streams are not opened for pages of this origin.")
        viewer = self._sign_in(headers)
        asked = await operation(scope, headers, receive, self._operations.profile)
        try:
            self._operations.prepared(asked, viewer)
        except Refusal as refusal:
            message = refusal.errors[0]["message"]
            if refusal.code is Code.UNAUTHENTICATED:
                raise Unauthenticated(message) from None
            if refusal.code is Code.METHOD_NOT_ALLOWED:
                raise BadRequest(405, refusal.code, message, (b"allow", b"POST")) from None
            return asked, refusal
        return asked, None


class _Stream:
    """One response that is a stream of events."""

    def __init__(
        self, operations: Operations, streams: Streams, viewing: Viewing, receive: Receive, send: Send
    ) -> None:
        self._operations = operations
        self._streams = streams
        self._viewing = viewing
        self._receive = receive
        self._send = send

    async def run(self, asked: Operation, refusal: Refusal | None) -> None:
        """Answer with a stream, to its end or to the client's."""
        with contextlib.suppress(Ended):
            await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._write(COMMENT)  # so that the client knows at once that the stream is open
            ending = _ending(refusal) if refusal else await self._followed(asked)
            await self._write(ending, more=False)

    async def _followed(self, asked: Operation) -> bytes:
        """Send the answers to an operation, until it or its client or its time ends; returns what to end with."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._streams.watch(self._viewing))
                tasks.create_task(self._until_gone())
                tasks.create_task(self._keep_alive())
                await self._answer(asked)
                raise Ended(End.DONE)
        except ExceptionGroup as group:
            return _ending(group.exceptions[0])

    async def _answer(self, asked: Operation) -> None:
        async with contextlib.aclosing(self._operations.results(asked, self._viewing)) as results:
            async for result in results:
                await self._write(_next(result.body()))

    async def _until_gone(self) -> NoReturn:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        raise Ended(End.GONE)

    async def _keep_alive(self) -> NoReturn:
        while True:
            await asyncio.sleep(self._streams.limits.heartbeat)
            await self._write(COMMENT)

    async def _write(self, body: bytes, *, more: bool = True) -> None:
        try:
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
        except OSError:  # what some servers raise when the client is gone
            raise Ended(End.GONE) from None


def _ending(error: Exception) -> bytes:
    """What a stream ends with after `error`: nothing when the client may ask again."""
    match error:
        case Ended(end=End.DONE):
            return COMPLETE
        case Ended():
            return b""
        case Refusal():
            errors: Sequence[Mapping[str, Any]] = error.errors
        case RequestError():
            errors = [refused(error.code, str(error))]
        case _:
            errors = described([GraphQLError("", original_error=error)])
    return _next({"errors": list(errors)}) + COMPLETE


def _next(body: Mapping[str, Any]) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(body, option=orjson.OPT_UTC_Z) + b"\n\n"


def _refusal(status: int, code: Code, message: str, *headers: tuple[str, str]) -> Response:
    body = orjson.dumps({"errors": [refused(code, message)]})
    return Response(body, status, {"cache-control": "no-store", **dict(headers)}, media_type=JSON)


def _text(header: tuple[bytes, bytes]) -> tuple[str, str]:
    return header[0].decode(), header[1].decode()
