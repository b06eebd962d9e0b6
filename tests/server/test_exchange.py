"""What every request has and every answer tells."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import orjson
import pytest
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from structlog.testing import capture_logs

from db.errors import DatabaseError
from edx import http
from resolvers.errors import ServiceUnavailable
from server.exchange import Exchanges, current, headers_of, with_header
from tests.server.test_errors import Refused


async def endpoint(request: Request) -> JSONResponse:
    exchange = current.get()
    assert exchange is not None
    exchange.told += [(b"told", value.encode()) for value in request.query_params.getlist("tell")]
    own = {"content-security-policy": "default-src 'self'"} if "page" in request.query_params else {}
    return JSONResponse({"id": http.request_id.get(), "address": exchange.address}, headers=own)


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close(reason=http.request_id.get())


APP = Exchanges(Starlette(routes=[Route("/", endpoint), WebSocketRoute("/socket", socket)]))


@asynccontextmanager
async def asking(base_url: str = "http://college.test") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(APP, client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield client


async def test_requests_get_the_caller_s_id_or_their_own_and_answer_it() -> None:
    async with asking() as client:
        given = await client.get("/", headers={"X-Request-ID": "from-proxy.7"})
        one, two = await asyncio.gather(client.get("/"), client.get("/"))
    assert given.headers["x-request-id"] == given.json()["id"] == "from-proxy.7"
    assert one.headers["x-request-id"] == one.json()["id"] != two.headers["x-request-id"] == two.json()["id"]
    assert http.request_id.get() is None


async def test_sockets_get_an_id_too() -> None:
    sent: list[Message] = []
    scope: Scope = {"type": "websocket", "path": "/socket", "headers": [(b"x-request-id", b"s1")], "subprotocols": []}

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await APP(scope, receive, send)
    assert (b"x-request-id", b"s1") in sent[0]["headers"]
    assert sent[1]["reason"] == "s1"


async def test_the_lifespan_passes_through() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])
        assert (http.request_id.get(), current.get()) == (None, None)

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        pass

    await Exchanges(app)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]


async def failed(error: Exception, kind: str = "http", *, begins: bool = False) -> list[Message]:
    """What is sent when an application fails, before or after its answer begins."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begins:
            await send({"type": "http.response.start", "status": 200})
        raise error

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await Exchanges(app)({"type": kind, "headers": [(b"x-request-id", b"r7")]}, receive, send)
    finally:
        assert (http.request_id.get(), current.get()) == (None, None)
    return sent


@pytest.mark.parametrize(
    ("error", "status", "code", "message"),
    [
        (KeyError("the secret"), 500, "INTERNAL_SERVER_ERROR", "Something went wrong on our side."),
        (DatabaseError("the secret"), 503, "SERVICE_UNAVAILABLE", "The database does not answer; try again later."),
        (DBAPIError("SELECT", {}, Refused()), 400, "BAD_USER_INPUT", "a text must not contain the character U+0000"),
        (ServiceUnavailable("The LMS does not answer."), 503, "SERVICE_UNAVAILABLE", "The LMS does not answer."),
    ],
)
async def test_what_nobody_answers_for_is_told_as_a_fault_under_the_id_that_is_logged(
    error: Exception, status: int, code: str, message: str
) -> None:
    with capture_logs() as lines:
        start, body = await failed(error)

    [told] = orjson.loads(body["body"])["errors"]
    assert (start["status"], told["extensions"]["code"], told["message"]) == (status, code, message)
    assert {(b"x-request-id", b"r7"), (b"x-content-type-options", b"nosniff")} <= set(start["headers"])
    assert [line["id"] for line in lines if line["event"] == "fault"] == [
        told["extensions"][name] for name in ("id",) if name in told["extensions"]
    ]


async def test_a_client_that_goes_in_the_middle_of_its_request_breaks_nothing() -> None:
    assert await failed(ClientDisconnect()) == []
    assert await failed(WebSocketDisconnect(1006), "websocket") == []


async def test_what_breaks_an_answer_or_a_socket_is_left_to_the_server() -> None:
    with pytest.raises(KeyError):
        await failed(KeyError(), begins=True)
    with pytest.raises(KeyError):
        await failed(KeyError(), "websocket")


async def test_answers_tell_what_was_found_out_for_this_request_only() -> None:
    async with asking() as client:
        told, untold = await asyncio.gather(client.get("/?tell=a&tell=b"), client.get("/"))
    assert told.headers.get_list("told") == ["a", "b"]
    assert "told" not in untold.headers
    assert told.json()["address"] == "192.0.2.7"


@pytest.mark.parametrize("path", ["/", "/nothing"])
async def test_every_answer_is_cautious(path: str) -> None:
    async with asking() as client:
        headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "strict-transport-security" not in headers


async def test_a_page_keeps_its_own_policy() -> None:
    async with asking() as client:
        headers = (await client.get("/?page")).headers
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_only_https_tells_to_use_nothing_else() -> None:
    async with asking(base_url="https://college.test") as client:
        assert (await client.get("/")).headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        ([], {}),
        ([(b"accept", b"a"), (b"accept", b"b")], {"accept": "a"}),
        ([(b"x", b"\xe9")], {"x": "é"}),
    ],
)
def test_the_first_header_of_a_name_counts(headers: list[tuple[bytes, bytes]], read: dict[str, str]) -> None:
    scope: Scope = {"headers": headers}
    assert headers_of(scope) == read
    assert headers_of(scope) is headers_of(scope)


def test_a_header_that_is_added_is_read_where_it_was_added() -> None:
    scope: Scope = {"headers": [(b"accept", b"a")]}
    headers_of(scope)
    assert headers_of(with_header(scope, "authorization", "JWT x")) == {"accept": "a", "authorization": "JWT x"}
    assert "authorization" not in headers_of(scope)
