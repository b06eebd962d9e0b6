"""The explorer's page and files, as HTTP answers."""

import json
import re
from collections.abc import AsyncIterator
from importlib.resources import files

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.explorer import ExplorerConfig, Operation, Session, page, routes

CONFIG = ExplorerConfig(
    sessions=(Session("Lena", "learner", "plainly-a-token"),),
    operations=(Operation("Odd", "</script><script>alert(1)</script><!--", "{ a }", {"n": 1}),),
    title="A <b>title</b>",
)
ASSETS = files("server.explorer").joinpath("assets")
MANIFEST = json.loads(ASSETS.joinpath("manifest.json").read_text())


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async def graphql(request: Request) -> Response:
        return page(CONFIG, request)

    app = Starlette(routes=[Route("/graphql", graphql), *routes(CONFIG)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://college.test:8000") as client:
        yield client


def told(answer: httpx.Response) -> dict[str, object]:
    """The configuration that a browser finds in the page."""
    data = re.search(r'<script type="application/json" id="config">(.*?)</script>', answer.text, re.DOTALL)
    assert data
    found: dict[str, object] = json.loads(data[1])
    return found


async def test_the_policy_allows_this_origin_only(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphiql")
    assert answer.headers["content-security-policy"].split("; ") == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self' data:",
        "img-src 'self' data:",
        "connect-src 'self' ws://college.test:8000 wss://college.test:8000",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]


@pytest.mark.parametrize("host", ["a; script-src *", "a b", "a,b", "", "[::1"])
async def test_a_host_that_is_none_adds_nothing_to_the_policy(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/graphiql", headers={"host": host})
    assert "connect-src 'self'; worker-src" in answer.headers["content-security-policy"]


async def test_an_address_of_ipv6_is_a_host(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphiql", headers={"host": "[::1]:8000"})
    assert "connect-src 'self' ws://[::1]:8000 wss://[::1]:8000;" in answer.headers["content-security-policy"]


async def test_the_page_is_neither_stored_nor_sniffed_nor_told_on(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/graphiql")).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-type"] == "text/html; charset=utf-8"


async def test_the_page_has_no_script_of_its_own(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphiql")
    assert re.findall(r"<script[^>]*>", answer.text) == [
        f'<script type="module" src="/graphiql/assets/{MANIFEST["script"]}">',
        '<script type="application/json" id="config">',
    ]
    assert "A &lt;b&gt;title&lt;/b&gt;" in answer.text


async def test_the_page_is_told_its_configuration_whole(client: httpx.AsyncClient) -> None:
    assert told(await client.get("/graphiql")) == {
        "title": "A <b>title</b>",
        "endpoint": "/graphql",
        "subscriptions": "/graphql",
        "sessions": [{"label": "Lena", "role": "learner", "token": "plainly-a-token"}],
        "operations": [
            {
                "name": "Odd",
                "description": "</script><script>alert(1)</script><!--",
                "query": "{ a }",
                "variables": {"n": 1},
            }
        ],
    }


async def test_any_address_may_answer_the_same_page(client: httpx.AsyncClient) -> None:
    assert (await client.get("/graphql")).text == (await client.get("/graphiql")).text


@pytest.mark.parametrize(
    ("kind", "media_type"), [("script", "text/javascript; charset=utf-8"), ("style", "text/css; charset=utf-8")]
)
async def test_files_with_a_hash_in_the_name_are_kept_for_a_year(
    client: httpx.AsyncClient, kind: str, media_type: str
) -> None:
    answer = await client.get(f"/graphiql/assets/{MANIFEST[kind]}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == ASSETS.joinpath(MANIFEST[kind]).read_text()


async def test_licences_are_served_and_kept_for_an_hour(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphiql/assets/LICENSES.txt")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    for package in ["graphiql", "react", "react-dom", "monaco-editor", "graphql", "graphql-ws", "@graphiql/react"]:
        assert re.search(rf"^{re.escape(package)} [0-9.]+ \(MIT\)$", answer.text, re.MULTILINE), package


@pytest.mark.parametrize("path", ["nothing.js", "../__init__.py", "..%2f__init__.py", "../src/main.jsx"])
async def test_only_built_files_are_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/graphiql/assets/{path}")).status_code == 404


async def test_the_paths_are_free_to_choose() -> None:
    config = ExplorerConfig(endpoint="/api/graphql", subscriptions="/api/live", path="/explore")
    app = Starlette(routes=routes(config))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://college.test") as client:
        answer = await client.get("/explore")
        style = await client.get(f"/explore/assets/{MANIFEST['style']}")
    assert told(answer) == {
        "title": "Collegium",
        "endpoint": "/api/graphql",
        "subscriptions": "/api/live",
        "sessions": [],
        "operations": [],
    }
    assert style.status_code == 200


def test_a_session_does_not_print_its_token() -> None:
    assert "plainly-a-token" not in repr(CONFIG)


def test_the_built_files_are_small_and_load_nothing_from_elsewhere() -> None:
    built = [file for file in ASSETS.iterdir() if file.is_file()]
    assert sum(len(file.read_bytes()) for file in built) < 8 * 1024 * 1024
    assert not [file.name for file in built if file.name.endswith(".map")]
    for file in built:
        if file.name.endswith((".js", ".css")):
            text = file.read_text()
            assert "sourceMappingURL=" not in text, file.name
            assert not re.search(r"""(?:import\(|import|from|url\()\s*["']?https?://""", text), file.name
