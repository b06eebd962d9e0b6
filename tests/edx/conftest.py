"""A service on a real local port that answers as it is told, and a client of it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
import stamina
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edx.http import OpenEdxHttp
from edx.patience import HttpSettings, Try

RECORDINGS = Path(__file__).parents[1] / "recordings"

Reply = Response | Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Seen:
    """A request as it came in; the path is as it stood on the wire."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(self.query)


@dataclass
class Service:
    """Gives the replies in turn, the last one for ever; keeps what it was asked."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def answers(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.seen = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        seen = Seen(
            request.method,
            scope["raw_path"].decode(),
            scope["query_string"].decode(),
            dict(request.headers),
            await request.body(),
        )
        self.seen.append(seen)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        response = reply if isinstance(reply, Response) else await reply(request)
        await response(scope, receive, send)


@dataclass
class Badge:
    """Signs calls in with the next of its values."""

    values: list[str] = field(default_factory=lambda: ["JWT one", "JWT two", "JWT three"])
    turned_down: list[str] = field(default_factory=list)
    user: str = "collegium_worker"

    async def authorization(self) -> str:
        return self.values[0]

    def refused(self, authorization: str) -> None:
        self.turned_down.append(authorization)
        self.values.remove(authorization)

    async def username(self) -> str:
        return self.user


def reply(content: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer, or an HTML page if the content is a text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(content, str):
        return Response(content, status, {"content-type": "text/html; charset=utf-8", **named})
    return Response(orjson.dumps(content), status, {"content-type": "application/json", **named})


def recorded(name: str = "*") -> list[dict[str, Any]]:
    """The recorded exchanges with the real platform of one file, or of all."""
    return [
        {**exchange, "file": path.stem}
        for path in sorted(RECORDINGS.glob(f"{name}.json"))
        for exchange in orjson.loads(path.read_bytes())
    ]


def title_of(exchange: dict[str, Any]) -> str:
    """The name of a recorded exchange."""
    return f"{exchange['file']}: {exchange['name']}"


def replayed(exchange: dict[str, Any], body: Any = None) -> Response:
    """The recorded answer, or one with another body in place of what the recording leaves out."""
    answer = exchange["response"]
    told = answer.get("body") if body is None else body
    is_html = "html" in answer["headers"].get("content-type", "")
    content = b"" if told is None else told.encode() if is_html else orjson.dumps(told)
    return Response(content, answer["status"], answer["headers"])


@pytest.fixture(scope="session")
async def served() -> AsyncIterator[Service]:
    service = Service()
    # only a socket that says TCP gets no delay from asyncio; else each answer on a kept connection takes 40 ms more
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(service, lifespan="off", ws="none", log_config=None))
    running = asyncio.create_task(server.serve([listener]))
    service.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield service
    server.should_exit = True
    await running
    listener.close()


@pytest.fixture
def service(served: Service) -> Service:
    """An LMS that answers as it is told."""
    served.answers(reply("unexpected", 500))
    return served


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """Retries come at once."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
def tries() -> list[Try]:
    """What the client reported of each exchange."""
    return []


@pytest.fixture
async def http(service: Service, tries: list[Try]) -> AsyncIterator[OpenEdxHttp]:
    """A client that is not signed in."""
    async with OpenEdxHttp(service.url, settings=HttpSettings(on_try=tries.append)) as client:
        yield client
