"""Which origins' pages may read answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from server.security import cors

FRONT_END = "https://apps.example.org"


async def endpoint(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("text")


@asynccontextmanager
async def asking(*origins: str) -> AsyncIterator[httpx.AsyncClient]:
    routes = [Route("/", endpoint, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=cors(origins))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://college.test") as client:
        yield client


async def preflight(client: httpx.AsyncClient, origin: str, headers: str) -> httpx.Response:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": headers}
    return await client.options("/", headers={"origin": origin, **asked})


async def test_a_known_front_end_may_ask_with_cookies_and_tokens() -> None:
    async with asking(FRONT_END) as client:
        allowed = await preflight(client, FRONT_END, "authorization, content-type, use-jwt-cookie, x-csrftoken")
        answer = await client.post("/", headers={"origin": FRONT_END})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == FRONT_END
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert allowed.headers["access-control-max-age"] == "600"
    assert answer.headers["access-control-allow-origin"] == FRONT_END
    assert "x-request-id" in answer.headers["access-control-expose-headers"].lower()
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://apps.example.org.evil.example", "null", "http://apps.example.org"]
)
async def test_other_origins_may_read_nothing(origin: str) -> None:
    async with asking(FRONT_END) as client:
        refused = await preflight(client, origin, "content-type")
        answer = await client.post("/", headers={"origin": origin})
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers
    assert "access-control-allow-origin" not in answer.headers


async def test_without_known_front_ends_there_is_no_cors() -> None:
    async with asking() as client:
        assert (await preflight(client, FRONT_END, "content-type")).status_code == 405
        assert not [name for name in (await client.get("/")).headers if name.startswith("access-control")]
