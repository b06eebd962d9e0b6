"""GraphQL over WebSockets: the protocol graphql-transport-ws, with operations of all kinds.

A connection is a group of tasks: one reads messages, one watches the time, the token and the server, and one runs each
operation. Whatever ends the connection ends them all, and closes the sources of their events.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import NoReturn

import structlog
from graphql import GraphQLError
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from resolvers.access import Viewer
from resolvers.errors import Code, ServiceUnavailable, Unauthenticated
from server.errors import described, refused
from server.operations import Refusal
from server.subscriptions import messages
from server.subscriptions.messages import PROTOCOL, Close, Complete, ConnectionInit, Ping, Subscribe
from server.subscriptions.operations import Operations
from server.subscriptions.origins import is_allowed
from server.subscriptions.streams import End, Ended, Streams, TooManyStreams

SignIn = Callable[[Mapping[str, str]], Viewer]
CODES: Mapping[End, tuple[int, str]] = MappingProxyType(
    {
        End.IDLE: (1000, "Idle"),
        End.LIFETIME: (1001, "Open for as long as it may be; connect again"),
        End.STOPPING: (1001, "Going away"),
    }
)
"""The code and the reason of connections that end for no fault of the client's; it may connect again."""

TOO_LARGE = 1009
FAULT = 1011
TRY_AGAIN = 1013

log = structlog.get_logger(__name__)


class Sockets:
    """The ASGI application for the WebSockets of the GraphQL endpoint, opened from our own and from `origins`."""

    def __init__(
        self, operations: Operations, sign_in: SignIn, streams: Streams, *, origins: Collection[str] = ()
    ) -> None:
        self._operations = operations
        self._sign_in = sign_in
        self._streams = streams
        self._origins = frozenset(origin.lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        socket = WebSocket(scope, receive, send)
        if not is_allowed(socket.headers, self._origins):
            log.info("foreign_origin", origin=socket.headers.get("origin"))
            await socket.close()  # which refuses the handshake with 403
            return
        speaks = PROTOCOL in scope["subprotocols"]
        await socket.accept(PROTOCOL if speaks else None)
        await self._served(socket) if speaks else await _close(socket, messages.strange_protocol())

    async def _served(self, socket: WebSocket) -> None:
        try:
            with self._streams.opened():
                end = await Connection(socket, self._operations, self._sign_in, self._streams).run()
                if end is not None:
                    await _close(socket, end)
        except TooManyStreams:
            await _close(socket, Close(TRY_AGAIN, "Too many connections"))


class Connection:
    """One connection of a client that speaks the protocol."""

    def __init__(self, socket: WebSocket, operations: Operations, sign_in: SignIn, streams: Streams) -> None:
        self._socket = socket
        self._operations = operations
        self._sign_in = sign_in
        self._streams = streams
        self._headers: Mapping[str, str] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._opened = self._active = asyncio.get_running_loop().time()

    async def run(self) -> Close | None:
        """Serve the client until the end; None when the client made the end."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._streams.watch(self._check))
                await self._read(tasks)
        except ExceptionGroup as group:
            return _closing(group.exceptions[0])

    async def _read(self, tasks: asyncio.TaskGroup) -> NoReturn:
        while True:
            frame = await self._socket.receive()
            if frame["type"] == "websocket.disconnect":
                raise Ended(End.GONE)
            self._active = asyncio.get_running_loop().time()
            text = frame.get("text")
            if text is None:
                raise messages.invalid("a binary frame")
            if len(text.encode()) > self._operations.profile.limits.body:
                raise Close(TOO_LARGE, "Message too large")
            await self._take(messages.read(text), tasks)

    async def _take(self, message: messages.Message, tasks: asyncio.TaskGroup) -> None:
        match message:
            case ConnectionInit():
                await self._initialise(message)
            case Ping():
                await self._send(messages.pong(message.payload))
            case Subscribe():
                await self._begin(message, tasks)
            case Complete() if task := self._running.pop(message.id, None):
                task.cancel()

    async def _initialise(self, message: ConnectionInit) -> None:
        if self._headers is not None:
            raise messages.initialised_twice()
        token = message.authorization()
        if token is None:
            token = self._socket.headers.get("authorization")
        if not isinstance(token, str | None):
            raise messages.invalid("the authorization in its payload is no text")
        self._headers = {} if token is None else {"authorization": token}
        self._viewer()
        await self._send(messages.acknowledged())

    def _viewer(self) -> Viewer:
        """Who listens, as of now. Raises Unauthenticated when the token is no good, or not anymore."""
        return self._sign_in(self._headers or {})

    async def _begin(self, message: Subscribe, tasks: asyncio.TaskGroup) -> None:
        if self._headers is None:
            raise messages.not_initialised()
        if message.id in self._running:
            raise messages.already_exists(message.id)
        most = self._streams.limits.operations
        if len(self._running) >= most:
            problem = f"{most} operations run on this connection already; complete one, or open another connection"
            await self._send(messages.refused(message.id, [refused(Code.SERVICE_UNAVAILABLE, problem)]))
            return
        self._running[message.id] = tasks.create_task(self._run(message))

    async def _run(self, message: Subscribe) -> None:
        last = messages.completed(message.id)
        try:
            results = self._operations.results(message.payload.operation(), self._viewer)
            async with contextlib.aclosing(results):
                async for result in results:
                    await self._send(messages.following(message.id, result.body()))
        except Refusal as error:
            last = messages.refused(message.id, error.errors)
        del self._running[message.id]  # before the client knows, who may use the id again at once
        self._active = asyncio.get_running_loop().time()
        await self._send(last)

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send_text(text)
        except WebSocketDisconnect:
            raise Ended(End.GONE) from None

    def _check(self) -> None:
        """Raise Close or Ended when the connection may not go on."""
        limits, now = self._streams.limits, asyncio.get_running_loop().time()
        if self._headers is None:
            if now - self._opened > limits.initialization:
                raise messages.initialised_late()
            return
        self._viewer()
        if not self._running and now - self._active > limits.idle:
            raise Ended(End.IDLE)


def _closing(error: Exception) -> Close | None:
    """How a connection is closed that ended with `error`; None when there is nobody to tell."""
    match error:
        case Close():
            return error
        case Ended(end=end):
            return Close(*CODES[end]) if end in CODES else None
        case Unauthenticated():
            return messages.forbidden(str(error))
        case ServiceUnavailable():  # whether the token is still good cannot be told
            return Close(TRY_AGAIN, str(error))
    described([GraphQLError("", original_error=error)])  # which logs it
    return Close(FAULT, "Internal error")


async def _close(socket: WebSocket, close: Close) -> None:
    log.info("socket_closed", code=close.code, reason=close.reason)
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client was quicker
        await socket.close(close.code, close.reason)
