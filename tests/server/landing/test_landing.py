"""The pages for people: what they lead to, and that nothing on them runs."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette

from schema import schema, sdl
from server.landing import LandingConfig, documentation, routes

OPEN = LandingConfig("/graphql", explorer="/graphiql", schema=schema()._schema, sdl=sdl)
LOCKED = LandingConfig("/graphql")


@asynccontextmanager
async def asking(config: LandingConfig = OPEN) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=routes(config))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with asking() as client:
        yield client


def links(page: httpx.Response) -> set[str]:
    return set(re.findall(r'href="(/[^"]*)"', page.text))


async def test_the_first_page_leads_to_everything(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert links(page) == {
        *("/", "/landing.css", "/docs/", "/graphiql", "/schema.graphql", "/healthz", "/readyz"),
    }
    assert "<code>POST /graphql</code>" in page.text


async def test_what_is_locked_is_not_shown() -> None:
    async with asking(LOCKED) as client:
        page = await client.get("/")
        assert links(page) == {"/", "/landing.css", "/docs/", "/healthz", "/readyz"}
        assert "<svg role" not in page.text
        assert (await client.get("/schema.graphql")).status_code == 404


async def test_the_schema_is_a_file_to_download(client: httpx.AsyncClient) -> None:
    answer = await client.get("/schema.graphql")
    assert answer.text == sdl()
    assert answer.headers["content-disposition"] == 'attachment; filename="schema.graphql"'
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["/", "/docs/", "/docs/limits.md"])
async def test_nothing_on_a_page_runs_or_comes_from_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert not [part for part in policy if part.startswith("script-src") or "unsafe" in part]
    assert not re.search(r'<script|<style|<link[^>]*href="https?:|<img|\sstyle=|\son[a-z]+=', page.text)


async def test_every_page_of_the_documentation_is_listed_and_its_links_lead_somewhere(
    client: httpx.AsyncClient,
) -> None:
    contents = await client.get("/docs/")
    for path in documentation.texts():
        assert f"/docs/{path}" in links(contents)
        page = await client.get(f"/docs/{path}")
        assert f"<title>{documentation.title(path)}" in page.text
        for link in re.findall(r'<article>.*?href="(?!https?:|#)([^"#]+)', page.text, re.DOTALL):
            assert (await client.get(str(page.url.join(link)))).status_code == 200, f"{path}: {link}"


@pytest.mark.parametrize("path", ["nothing.md", "../README.md", "..%2fREADME.md", "decisions", "%00"])
async def test_only_the_documentation_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/docs/{path}")).status_code == 404


async def test_the_style_is_kept_for_an_hour(client: httpx.AsyncClient) -> None:
    answer = await client.get("/landing.css")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
