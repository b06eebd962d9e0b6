"""Sign-in by the LMS's cookies: whom it lets in, and which requests it takes for forged."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from server.cookies import CSRF_COOKIE, JwtCookies, csrf_route
from server.security import cors

FRONT_END = "https://apps.college.test"
JWT = {"edx-jwt-cookie-header-payload": "plainly.test", "edx-jwt-cookie-signature": "signature"}
WANTED = {"use-jwt-cookie": "true"}
SIGNED_IN = "JWT plainly.test.signature"


async def endpoint(request: Request) -> JSONResponse:
    return JSONResponse(request.headers.getlist("authorization"))


APP = Starlette(
    routes=[
        csrf_route(),
        Mount("/", JwtCookies(Starlette(routes=[Route("/", endpoint, methods=["GET", "POST"])]), [FRONT_END])),
    ],
    middleware=list(cors([FRONT_END])),
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="https://api.college.test") as client:
        yield client


async def csrf(client: httpx.AsyncClient) -> dict[str, str]:
    """What a page of the micro-frontends does first: their library asks for a token, the browser keeps its cookie."""
    answer = await client.get("/csrf/api/v1/token", headers={"origin": FRONT_END})
    token: str = answer.json()["csrfToken"]
    assert answer.headers["access-control-allow-credentials"] == "true"
    return {"x-csrftoken": token}


async def test_a_page_with_both_cookies_and_a_token_is_signed_in(client: httpx.AsyncClient) -> None:
    """Open edX, "JWT cookies for micro-frontends": both halves joined with a dot, and CSRF is enforced."""
    client.cookies.update(JWT)
    sent = await csrf(client)
    answer = await client.post("/", headers=WANTED | sent | {"origin": FRONT_END})
    assert answer.json() == [SIGNED_IN]


@pytest.mark.parametrize("origin", ["https://api.college.test", None])
async def test_pages_of_the_server_itself_are_trusted_too(client: httpx.AsyncClient, origin: str | None) -> None:
    client.cookies.update(JWT)
    sent = await csrf(client)
    headers = {} if origin is None else {"origin": origin}
    assert (await client.post("/", headers=WANTED | sent | headers)).json() == [SIGNED_IN]


@pytest.mark.parametrize("token", [None, "", "x" * 43, "é"])
async def test_a_post_without_the_token_may_be_forged(client: httpx.AsyncClient, token: str | None) -> None:
    client.cookies.update(JWT)
    await csrf(client)
    headers = [(b"use-jwt-cookie", b"true"), (b"origin", FRONT_END.encode())]
    sent = [] if token is None else [(b"x-csrftoken", token.encode())]
    answer = await client.post("/", headers=headers + sent)
    assert answer.status_code == 403
    [error] = answer.json()["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert answer.headers["access-control-allow-origin"] == FRONT_END


@pytest.mark.parametrize("kept", [None, "", "short"])
async def test_a_token_counts_only_beside_the_cookie_that_it_came_with(
    client: httpx.AsyncClient, kept: str | None
) -> None:
    client.cookies.update(JWT | ({} if kept is None else {CSRF_COOKIE: kept}))
    answer = await client.post("/", headers=WANTED | {"x-csrftoken": kept or ""})
    assert answer.status_code == 403


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("origin", ["https://evil.test", "null", "https://apps.college.test.evil.test"])
async def test_a_page_of_another_origin_is_refused_whatever_it_sends(
    client: httpx.AsyncClient, method: str, origin: str
) -> None:
    client.cookies.update(JWT)
    sent = await csrf(client)
    answer = await client.request(method, "/", headers=WANTED | sent | {"origin": origin})
    assert answer.status_code == 403


async def test_a_query_by_get_needs_no_token_as_it_changes_nothing(client: httpx.AsyncClient) -> None:
    client.cookies.update(JWT)
    assert (await client.get("/", headers=WANTED | {"origin": FRONT_END})).json() == [SIGNED_IN]


async def test_cookies_alone_sign_nobody_in(client: httpx.AsyncClient) -> None:
    client.cookies.update(JWT)
    assert (await client.post("/", headers={"origin": FRONT_END})).json() == []


@pytest.mark.parametrize("missing", list(JWT))
async def test_half_a_token_signs_nobody_in(client: httpx.AsyncClient, missing: str) -> None:
    client.cookies.update({name: value for name, value in JWT.items() if name != missing})
    sent = await csrf(client)
    assert (await client.post("/", headers=WANTED | sent)).json() == []


async def test_a_header_with_a_token_comes_before_cookies(client: httpx.AsyncClient) -> None:
    client.cookies.update(JWT)
    answer = await client.post("/", headers=WANTED | {"authorization": "Bearer other"})
    assert answer.json() == ["Bearer other"]


async def test_the_token_stays_the_same_for_all_tabs_of_a_browser(client: httpx.AsyncClient) -> None:
    first = await csrf(client)
    assert await csrf(client) == first
    client.cookies.clear()
    assert await csrf(client) != first


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(client: httpx.AsyncClient) -> None:
    answer = await client.get("/csrf/api/v1/token")
    assert answer.headers["cache-control"] == "no-store"
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert attributes == {"httponly", "path=/", "samesite=lax", "secure"}
