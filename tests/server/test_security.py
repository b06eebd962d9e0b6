"""What every answer tells browsers, and which origins' pages may read it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from server.security import Cautious, cors

FRONT_END = "https://apps.example.org"


async def endpoint(request: Request) -> PlainTextResponse:
    own = {"content-security-policy": "default-src 'self'"} if "page" in request.query_params else {}
    return PlainTextResponse("text", headers=own)


@asynccontextmanager
async def asking(*origins: str, base_url: str = "http://college.test") -> AsyncIterator[httpx.AsyncClient]:
    routes = [Route("/", endpoint, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(Cautious), *cors(origins)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url) as client:
        yield client


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
