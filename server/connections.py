"""HTTP connections that clients hold no longer, and fill no further, than a request needs.

uvicorn waits for requests as long as clients like, and keeps their headers until they are complete, however long they
get; fields after a body it takes for headers. That is a proxy's work where there is one; here nobody needs one for it.
"""

from asyncio import Protocol, TimerHandle, Transport, get_running_loop
from enum import Enum, auto
from typing import Any

import orjson
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from resolvers.errors import Code
from server.errors import refused
from server.media import JSON

MOST_HEADERS = 64_000
"""Bytes of a request before its body, the first line and the headers; and of what is beside or after it."""

HEADERS_SECONDS = 10.0
"""How long a client may take to send them, from the connection or the first byte on."""

BODY_SECONDS = 30.0
"""How long it may take to send the body after them, and then again as long as it comes fast enough."""

SLOWEST = 8 * 1024
"""Bytes of a body that must come in a second, on the average of that time, for it to go on."""

READING_SECONDS = 60.0
"""How long it may read nothing of what waits for it."""

TOO_LARGE = f"the first line and the headers have more than {MOST_HEADERS} bytes"
TOO_SLOW = "the request did not arrive in time"
NO_HANDSHAKE = (
    "this is no handshake of a WebSocket: it has a body, or one of its headers is too long, or they are too many"
)


class _Phase(Enum):
    """What a connection waits for: nothing, as an answer is made or nobody asked anything; headers; or a body."""

    IDLE = auto()
    HEADERS = auto()
    BODY = auto()


class _Read(Protocol):
    """A connection whose client reads what it is sent, or is let go."""

    transport: Transport
    _waiting: TimerHandle | None = None

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait()

    @override
    def resume_writing(self) -> None:
        if not self.transport.is_closing():
            self._wait_no_longer()
        super().resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_longer()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._wait_no_longer()
        unread = self.transport.get_write_buffer_size()
        self._waiting = get_running_loop().call_later(READING_SECONDS, self._look, unread)

    def _wait_no_longer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _look(self, unread: int) -> None:
        """Wait on if something was read meanwhile."""
        if self.transport.get_write_buffer_size() < unread:
            self._wait()
        else:
            self.transport.abort()


class Socket(_Read, WebSocketsSansIOProtocol):
    """One WebSocket: as uvicorn has it, but for clients that read nothing."""


class Connection(_Read, HttpToolsProtocol):
    """One connection. A client that sends too much is answered 431, one that sends too slowly 408, and is let go."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._phase = _Phase.HEADERS
        self._watched = _Phase.IDLE
        self._received = 0
        self._beside = 0
        self._timer: TimerHandle | None = None

    @override
    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as in uvicorn
        super().connection_made(transport)
        self._watch()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._phase is _Phase.IDLE:
            self._begin()
        self._beside += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._phase is not _Phase.IDLE and self._beside > MOST_HEADERS:
            self._refuse(b"431 Request Header Fields Too Large", Code.PAYLOAD_TOO_LARGE, TOO_LARGE)
        else:
            self._watch()

    @override
    def on_message_begin(self) -> None:
        self._begin()
        super().on_message_begin()

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if self._phase is _Phase.HEADERS:  # what comes after a body is none: no proxy has looked at it
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MOST_HEADERS:
            self._refuse(b"431 Request Header Fields Too Large", Code.PAYLOAD_TOO_LARGE, TOO_LARGE)
        else:
            self._phase, self._received, self._beside = _Phase.BODY, 0, 0
            super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        if self._phase is _Phase.BODY:
            self._received += len(body)
            self._beside = 0
            super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        if self._phase is _Phase.BODY:
            self._phase = _Phase.IDLE
            super().on_message_complete()

    @override
    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, and take it back where its new protocol could not read the handshake.

        That would keep the connection open in silence then, and fail when the server stops.
        """
        super().handle_websocket_upgrade()
        taker = self.transport.get_protocol()
        if isinstance(taker, WebSocketsSansIOProtocol) and not taker.handshake_initiated:
            self.transport.set_protocol(self)
            self.connections.discard(taker)
            self.connections.add(self)
            self._refuse(b"400 Bad Request", Code.BAD_REQUEST, NO_HANDSHAKE)

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._close()

    @override
    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless a request has come while the loop was busy: what is there is read first."""
        self.loop.call_soon(self.loop.call_soon, self._close_idle, self.cycle)

    def _close_idle(self, last: object) -> None:
        if self._phase is _Phase.IDLE and self.cycle is last:
            self._close()

    def _begin(self) -> None:
        self._phase, self._beside = _Phase.HEADERS, 0

    def _watch(self) -> None:
        """See to it that the phase comes to its end; most requests are there at once and are never waited for."""
        if self._phase is not self._watched:
            self._stop()
            if self._phase is not _Phase.IDLE:
                self._watched = self._phase
                seconds = HEADERS_SECONDS if self._phase is _Phase.HEADERS else BODY_SECONDS
                self._timer = self.loop.call_later(seconds, self._late)

    def _stop(self) -> None:
        self._watched = _Phase.IDLE
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        """Give the client up, unless it is we who make it wait: another answer comes first."""
        self._stop()
        is_coming = self._phase is _Phase.BODY and self._received >= BODY_SECONDS * SLOWEST
        if is_coming or self.flow.read_paused or (self._phase is _Phase.HEADERS and not self._may_answer()):
            self._received = 0 if is_coming else self._received
            self._watch()
        else:
            self._refuse(b"408 Request Timeout", Code.BAD_REQUEST, TOO_SLOW)

    def _may_answer(self) -> bool:
        """Whether nothing of another answer would be cut in two."""
        if self._phase is _Phase.BODY:
            return not getattr(self.cycle, "response_started", False)
        return bool(getattr(self.cycle, "response_complete", True))

    def _close(self) -> None:
        """Close the connection once the client has read what was written, as long as it does read."""
        self._stop()
        self.transport.close()
        self._wait()

    def _refuse(self, status: bytes, code: Code, problem: str) -> None:
        """Answer in place of the application, and close the connection."""
        if self._may_answer():
            body = orjson.dumps({"errors": [refused(code, problem)]})
            self.transport.write(
                b"HTTP/1.1 %b\r\ncontent-type: %b; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
                % (status, JSON.encode(), len(body), body)
            )
        self._close()
