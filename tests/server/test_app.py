"""The whole application over real HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import URL

from db.engine import open_database
from resolvers.access import Role
from server.app import create_app
from server.examples import OPERATIONS
from server.settings import Settings, load
from server.signin import mint
from tests.catalog import fill
from tests.serving import serving


@pytest.fixture
def settings(database_url: URL) -> Settings:
    return load(
        database_url=database_url,
        jwt_secret="a secret that is long enough for tests, and no other use",
        jwt_audience=("collegium-tests",),
        jwt_issuers=("https://lms.example.org/oauth2",),
    )


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    database = open_database(settings.database_url)
    await fill(database)
    await database.close()
    async with serving(create_app(settings)) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


def as_(role: Role, settings: Settings) -> dict[str, str]:
    return {"authorization": f"JWT {mint(settings, role.value, role, timedelta(minutes=5))}"}


@pytest.mark.parametrize("role", [Role.LEARNER, Role.ADMIN])
async def test_every_example_operation_works(client: httpx.AsyncClient, settings: Settings, role: Role) -> None:
    for operation in OPERATIONS:
        body = {"query": operation.query, "variables": dict(operation.variables)}
        response = await client.post("/graphql", json=body, headers=as_(role, settings))
        assert response.status_code == 200, operation.name
        assert "errors" not in response.json(), operation.name
        assert response.json()["data"], operation.name


async def test_a_token_decides_what_is_seen(client: httpx.AsyncClient, settings: Settings) -> None:
    body = {"query": "{ programs { totalCount } }"}

    totals = [
        (await client.post("/graphql", json=body, headers=as_(role, settings))).json()["data"]["programs"]["totalCount"]
        for role in (Role.LEARNER, Role.ADMIN)
    ]

    assert totals == [4, 6]


async def test_without_a_token_only_health_is_answered(client: httpx.AsyncClient) -> None:
    health = await client.post("/graphql", json={"query": "{ health { status } }"})
    programs = await client.post("/graphql", json={"query": "{ programs { totalCount } }"})

    assert health.json() == {"data": {"health": {"status": "OK"}}}
    assert programs.status_code == 401


async def test_a_browser_gets_the_explorer_at_the_endpoint(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert page.status_code == 200
    assert "<title>Collegium" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_who_prefers_an_answer_to_a_page_gets_one(client: httpx.AsyncClient) -> None:
    headers = {"accept": "application/json, text/html;q=0.1"}

    answer = await client.get("/graphql", params={"query": "{ __typename }"}, headers=headers)

    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_the_explorer_can_be_switched_off(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"explorer": False}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/graphiql")).status_code == 404
        assert (await client.get("/graphql", headers={"accept": "text/html"})).status_code == 406


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_without_content_there_are_neither_uploads_nor_downloads_but_links_lead_on(database_url: URL) -> None:
    """A course whose content is elsewhere still has a page in the learning front end."""
    app = create_app(load(database_url=database_url, enable_content=False, learning_url="https://apps.example.org"))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        link = await client.get("/course/course-v1:Org0X+C0.0x+R0/one")
        assert (await client.options("/uploads")).status_code == 404
        assert (await client.get("/content/files/x/y")).status_code == 404
    assert link.status_code == 302
    assert link.headers["location"].startswith("https://apps.example.org/course/")
