"""Clients that send without end, or slowly, or do not read, on real connections."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from server import connections
from server.connections import MOST_HEADERS, Connection
from tests.serving import serving

HEAD = b"POST / HTTP/1.1\r\nhost: test\r\n"
CHUNKED = HEAD + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
LARGE = 32 * 1024 * 1024
"""Bytes of an answer that no buffers of sockets take in."""


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers how long the body was, or with `/headers` those; with `/late` after a while, with `/large` at length."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/early":  # before it has read anything
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"early", "more_body": True})
    try:
        body = await Request(scope, receive).body()
    except ClientDisconnect:
        return
    if scope["path"] == "/late":
        await asyncio.sleep(0.5)
    told = {"/large": "x" * LARGE, "/headers": repr(scope["headers"])}
    answer: Response = PlainTextResponse(told.get(scope["path"], str(len(body))))
    await answer(scope, receive, send)


@pytest.fixture
async def url(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of a server that is not patient."""
    for name in ("HEADERS_SECONDS", "BODY_SECONDS", "READING_SECONDS"):
        monkeypatch.setattr(connections, name, 0.2)
    async with serving(application) as url:
        yield url


async def opened(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = httpx.URL(url)
    return await asyncio.open_connection(parts.host, parts.port)


async def answer(url: str, *parts: bytes, pause: float = 0) -> bytes:
    """All that is answered until the server closes the connection; the parts are sent with pauses in between."""
    reader, writer = await opened(url)
    reading = asyncio.create_task(reader.read())
    try:
        async with asyncio.timeout(5):
            with suppress(ConnectionError):
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(pause)
            return await reading
    finally:
        writer.close()


async def taken(url: str, begin: bytes, line: bytes) -> int:
    """How many bytes of a line that comes again and again the server takes, or a hundred times what it should."""
    _, writer = await opened(url)
    writer.write(begin)
    sent = 0
    with suppress(ConnectionError):
        while sent < 100 * MOST_HEADERS:
            writer.write(line * 1000)
            sent += 1000 * len(line)
            await writer.drain()
            await asyncio.sleep(0)
    writer.close()
    return sent


def read(reader: socket.socket) -> int:
    """How many bytes there are to read until the connection is closed or reset."""
    size = 0
    reader.settimeout(5)
    with suppress(ConnectionError):
        while piece := reader.recv(2**20):
            size += len(piece)
    return size


def refusal(given: bytes) -> tuple[bytes, Any]:
    """Status line and error of an answer that is a refusal."""
    head, _, body = given.partition(b"\r\n\r\n")
    [error] = orjson.loads(body)["errors"]
    return head.partition(b"\r\n")[0], error


def sized(size: int) -> bytes:
    """A request whose first line and headers have this size as it is counted: names, values and address."""
    padding = size - len("/hosttestconnectionclosecontent-length0x")
    lines = [b"connection: close", b"content-length: 0", b"x: " + b"a" * padding]
    return HEAD + b"\r\n".join(lines) + b"\r\n\r\n"


async def test_headers_have_a_largest_size(url: str) -> None:
    taken = await answer(url, sized(MOST_HEADERS))
    refused = refusal(await answer(url, sized(MOST_HEADERS + 1)))

    assert taken.startswith(b"HTTP/1.1 200 OK")
    assert refused[0] == b"HTTP/1.1 431 Request Header Fields Too Large"
    assert refused[1] == {
        "message": f"the first line and the headers have more than {MOST_HEADERS} bytes",
        "extensions": {"code": "PAYLOAD_TOO_LARGE"},
    }


@pytest.mark.parametrize("line", [b"x-%d: y\r\n", b"a" * 30])
async def test_headers_without_end_are_cut_off(url: str, line: bytes) -> None:
    """Whether they are many or one of them is long: nothing but the limit is kept of them."""
    assert await taken(url, HEAD, line) < 100 * MOST_HEADERS


@pytest.mark.parametrize("line", [b"x-a: y\r\n", b"a" * 30])
async def test_what_comes_after_a_body_is_cut_off_too(url: str, line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trailers of a body in chunks, be they many or one of them long."""
    monkeypatch.setattr(connections, "BODY_SECONDS", 60)
    assert await taken(url, CHUNKED + b"1\r\na\r\n0\r\nx: y", line) < 100 * MOST_HEADERS


async def test_what_comes_after_a_body_is_no_header(url: str) -> None:
    """A proxy that lets no `X-Forwarded-For` of strangers pass does not look for it there."""
    end = b"1\r\na\r\n0\r\nx-told: yes\r\n\r\n"

    given = await answer(url, CHUNKED.replace(b"/ ", b"/headers ") + end)

    assert given.startswith(b"HTTP/1.1 200")
    assert b"host" in given
    assert b"x-told" not in given


@pytest.mark.parametrize(
    "more",
    [
        b"content-length: 5\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n",
        b"cookie: " + b"a" * 9000 + b"\r\n\r\n",
        b"x: y\r\n" * 200 + b"\r\n",
    ],
)
async def test_a_handshake_that_nobody_can_read_is_refused(url: str, more: bytes) -> None:
    """It was waited on for ever, and the server could not stop."""
    status, error = refusal(await answer(url, HANDSHAKE + more))

    assert status == b"HTTP/1.1 400 Bad Request"
    assert error == {"message": connections.NO_HANDSHAKE, "extensions": {"code": "BAD_REQUEST"}}


@pytest.mark.parametrize("given", [b"", b"\r\n", HEAD, HEAD + b"content-length: 5\r\n\r\nabc"])
async def test_a_request_that_does_not_arrive_is_not_waited_for(url: str, given: bytes) -> None:
    status, error = refusal(await answer(url, given))

    assert status == b"HTTP/1.1 408 Request Timeout"
    assert error == {"message": "the request did not arrive in time", "extensions": {"code": "BAD_REQUEST"}}


@pytest.mark.parametrize("end", [b"x-a: b\r\n", b"content-length: 100\r\n\r\n"])
async def test_a_request_that_arrives_bit_by_bit_has_no_more_time_than_any_other(url: str, end: bytes) -> None:
    given = await answer(url, HEAD + end, *[b"x"] * 5, pause=0.1)

    assert given.startswith(b"HTTP/1.1 408")


async def test_a_second_request_on_a_connection_has_its_own_time(url: str) -> None:
    first = HEAD + b"content-length: 0\r\n\r\n"
    given = await answer(url, first, first, HEAD, pause=0.15)

    assert given.count(b"HTTP/1.1 200") == 2
    assert given.count(b"HTTP/1.1 408") == 1


async def test_whoever_waits_for_an_answer_is_not_hurried(url: str) -> None:
    late = HEAD.replace(b"/ ", b"/late ") + b"content-length: 0\r\n\r\n"
    given = await answer(url, late + late + HEAD)

    assert given.count(b"HTTP/1.1 200") == 2  # a third one has begun meanwhile
    assert given.count(b"HTTP/1.1 408") == 1
    assert given.index(b"HTTP/1.1 408") > given.rindex(b"HTTP/1.1 200")


@pytest.mark.parametrize("more", [b"", b"connection: close\r\n"])
async def test_an_answer_that_is_not_read_is_not_kept(url: str, more: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = asyncio.Event()
    made_before, lost_before = Connection.connection_made, Connection.connection_lost

    def made(self: Connection, transport: asyncio.Transport) -> None:
        made_before(self, transport)
        self.timeout_keep_alive = 0

    def losing(self: Connection, error: Exception | None) -> None:
        lost_before(self, error)
        lost.set()

    monkeypatch.setattr(Connection, "connection_made", made)
    monkeypatch.setattr(Connection, "connection_lost", losing)
    parts = httpx.URL(url)
    with socket.create_connection((parts.host, parts.port or 0)) as reader:
        reader.sendall(HEAD.replace(b"/ ", b"/large ") + more + b"content-length: 0\r\n\r\n")
        with suppress(TimeoutError):
            await asyncio.wait_for(lost.wait(), 8)

        assert lost.is_set()
        assert await asyncio.to_thread(read, reader) < LARGE


async def test_an_answer_that_is_read_slowly_is_read_to_its_end(url: str) -> None:
    """It takes several times what a client has that reads nothing."""

    parts = httpx.URL(url)
    with socket.create_connection((parts.host, parts.port or 0)) as reader:
        reader.sendall(HEAD.replace(b"/ ", b"/large ") + b"connection: close\r\ncontent-length: 0\r\n\r\n")
        assert await asyncio.to_thread(read_slowly, reader) > LARGE


async def test_who_has_read_slowly_may_ask_again(url: str) -> None:
    """Nothing of an answer waits for them any more."""
    parts = httpx.URL(url)
    with socket.create_connection((parts.host, parts.port or 0)) as reader:
        reader.sendall(HEAD.replace(b"/ ", b"/large ") + b"content-length: 0\r\n\r\n")
        await asyncio.to_thread(read_slowly, reader, LARGE)
        await asyncio.sleep(2 * connections.READING_SECONDS)
        reader.sendall(HEAD + b"connection: close\r\ncontent-length: 0\r\n\r\n")
        assert 0 < await asyncio.to_thread(read_slowly, reader) < 1000


def read_slowly(reader: socket.socket, enough: int | None = None) -> int:
    """How many bytes were read until there was enough, or until the end."""
    size = 0
    while (enough is None or size < enough) and (piece := reader.recv(2**21)):
        size += len(piece)
        time.sleep(0.03)
    return size


async def test_a_body_in_pieces_is_taken_whole(url: str) -> None:
    pieces = b"4\r\nabcd\r\n", b"3\r\nefg\r\n", b"0\r\n\r\n"
    given = await answer(url, CHUNKED, *pieces, pause=0.03)

    assert given.startswith(b"HTTP/1.1 200")
    assert given.endswith(b"7")


async def test_a_large_body_may_take_longer_as_long_as_it_keeps_coming(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload takes minutes on a slow line."""
    monkeypatch.setattr(connections, "SLOWEST", 10)
    parts = [b"x" * 5] * 6
    given = await answer(url, HEAD + b"connection: close\r\ncontent-length: 30\r\n\r\n", *parts, pause=0.1)

    assert given.endswith(b"30")


async def test_an_answer_that_has_begun_is_not_mixed_with_a_refusal(url: str) -> None:
    """The client sees that it broke off: its last chunk is missing."""
    given = await answer(url, HEAD.replace(b"/ ", b"/early ") + b"content-length: 5\r\n\r\nabc")

    assert given.startswith(b"HTTP/1.1 200")
    assert given.endswith(b"5\r\nearly\r\n")


async def connected(app: ASGIApp) -> tuple[Connection, socket.socket]:
    """A connection of a server, which can be told what came, and the client's end of it."""
    config = uvicorn.Config(app, log_config=None)
    config.load()
    ours, theirs = socket.socketpair()
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(config, ServerState(), {}), sock=ours
    )
    return connection, theirs


@pytest.mark.parametrize(("come", "answers"), [([HEAD + b"content-length: 0\r\n\r\n"], 1), ([], 0)])
async def test_a_request_that_came_while_the_loop_was_busy_is_answered(come: list[bytes], answers: int) -> None:
    """The time of an idle connection is up just before it is read."""
    connection, theirs = await connected(application)
    connection.data_received(HEAD + b"content-length: 0\r\n\r\n")
    reader, writer = await asyncio.open_connection(sock=theirs)
    await reader.readuntil(b"\r\n\r\n0")

    connection.timeout_keep_alive_handler()
    for data in come:
        connection.data_received(data)
    connection.timeout_keep_alive = 0  # of the next time
    assert (await asyncio.wait_for(reader.read(), 5)).count(b"HTTP/1.1 200") == answers
    writer.close()


async def test_whatever_comes_after_a_refusal_is_not_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    """A body that comes along with its headers, and what was read before the connection was closed."""
    asked = []

    async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])

    connection, theirs = await connected(nobody)
    large = sized(MOST_HEADERS + 1).replace(b"connection: close", b"connection: stays")
    connection.data_received(large.replace(b"length: 0", b"length: 3") + b"abc")
    connection.data_received(HEAD + b"\r\n")
    reader, writer = await asyncio.open_connection(sock=theirs)

    assert (await reader.read()).count(b"HTTP/1.1 431") == 1
    assert (asked, caplog.messages) == ([], [])
    writer.close()
