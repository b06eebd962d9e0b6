"""What every request has and every answer tells: an id, where the request came from, and headers of caution.

One middleware does all of it, since each one more is felt in a small query.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType

from graphql import GraphQLError
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from edx import http
from resolvers.errors import Code
from server.errors import described
from server.logs import usable_id

Header = tuple[bytes, bytes]

REQUEST_ID = "x-request-id"
NAMED = REQUEST_ID.encode()
HEADERS = "collegium.headers"
"""Where a request's scope keeps its headers, once they were read."""

CAUTION: Sequence[Header] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""What every answer says that does not say it otherwise: nothing is run or loaded, whatever a browser takes it for."""

ONLY_HTTPS: Header = (b"strict-transport-security", b"max-age=31536000")
CAUTIOUS = frozenset(name for name, _ in (*CAUTION, ONLY_HTTPS))

STATUSES: Mapping[str, int] = MappingProxyType({Code.SERVICE_UNAVAILABLE: 503, Code.INTERNAL_SERVER_ERROR: 500})
"""Statuses of what nobody answered for; anything else is the client's doing."""


@dataclass(slots=True)
class Exchange:
    """A request and its answer: the address that it came from, and headers to be added to the answer once it begins."""

    address: str
    told: list[Header] = field(default_factory=list)
    is_begun: bool = False


current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def headers_of(scope: Scope) -> Mapping[str, str]:
    """The headers of a request by lower-case name, each the first of its name; they are read once."""
    headers: dict[str, str] | None = scope.get(HEADERS)
    if headers is None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        scope[HEADERS] = headers
    return headers


def with_header(scope: Scope, name: str, value: str) -> Scope:
    """A request with one header more."""
    added = name.encode("latin-1"), value.encode("latin-1")
    return {**scope, "headers": [*scope["headers"], added], HEADERS: None}


class Exchanges:
    """ASGI middleware: every request gets an id, the caller's `X-Request-ID` if usable, which the answer names too.

    Answers tell browsers to trust them no more than needed; pages bring a policy of their own. That only HTTPS is to be
    used is told over HTTPS alone. What nobody else answered for is a fault, told as such and no more.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        exchange = Exchange(client[0] if client else "")
        used = usable_id(headers_of(scope).get(REQUEST_ID))
        named = NAMED, used.encode()
        wanted = (*CAUTION, ONLY_HTTPS) if scope.get("scheme") == "https" else CAUTION

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.is_begun = True
                message["headers"] = [*_with(wanted, message.get("headers", ())), *exchange.told, named]
            elif message["type"] == "websocket.accept":
                message["headers"] = [*message.get("headers", ()), named]
            await send(message)

        outer, before = current.set(exchange), http.request_id.set(used)
        try:
            await self._app(scope, receive, answer)
        except (ClientDisconnect, WebSocketDisconnect):
            pass  # in the middle of its request, or before it was told that its socket is accepted
        except Exception as error:
            if scope["type"] != "http" or exchange.is_begun:
                raise
            await _failed(error)(scope, receive, answer)
        finally:
            http.request_id.reset(before)
            current.reset(outer)


def _failed(error: Exception) -> Response:
    """The answer to a request that broke something: what is the server's own fault is logged under an id."""
    [told] = described([GraphQLError(str(error), original_error=error)])
    return JSONResponse({"errors": [told]}, STATUSES.get(told["extensions"]["code"], 400))


def _with(wanted: Sequence[Header], given: Iterable[Header]) -> Sequence[Header]:
    """The headers of an answer, and those that are wanted and not among them."""
    names = [name for name, _ in given]
    if CAUTIOUS.isdisjoint(names):
        return [*given, *wanted]
    return [*given, *(each for each in wanted if each[0] not in names)]
