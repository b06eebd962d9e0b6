"""What the two profiles are open to: the 13 checks of graphql-cop, re-stated, and each of their parts by itself.

The open profile has the three findings that were chosen (domain notes, table g, row 6): queries by GET, explorer and
introspection. The locked one has none.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import URL
from starlette.applications import Starlette
from starlette.routing import Route

from db.engine import Database
from resolvers.access import ANONYMOUS
from schema import schema
from server import explorer
from server.execution import Executor
from server.graphql import GraphQLView
from server.profiles import Profile, profile
from server.settings import Settings, SettingsError, load
from tests.asking import LEARNER
from tests.serving import serving

Finding = Callable[[httpx.AsyncClient], Awaitable[bool]]
CHOSEN = {"queries by GET", "the explorer", "introspection"}
DEEP = "fields { type { " * 4 + "name" + " } }" * 4


async def errors(client: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    response = await client.post("/graphql", json={"query": query})
    assert response.status_code < 500
    found: list[dict[str, Any]] = response.json().get("errors", [])
    return found


async def is_answered(client: httpx.AsyncClient, query: str) -> bool:
    response = await client.post("/graphql", json={"query": query})
    return bool(response.json().get("data"))


async def alias_overloading(client: httpx.AsyncClient) -> bool:
    return await is_answered(client, "{ " + " ".join(f"alias{i}: __typename" for i in range(101)) + " }")


async def array_batching(client: httpx.AsyncClient) -> bool:
    response = await client.post("/graphql", json=[{"query": "{ __typename }"}] * 10)
    return isinstance(response.json(), list)


async def circular_introspection(client: httpx.AsyncClient) -> bool:
    return await is_answered(client, f"query cop {{ __schema {{ types {{ {DEEP} }} }} }}")


async def directive_overloading(client: httpx.AsyncClient) -> bool:
    return len(await errors(client, "query cop { __typename " + "@aa" * 10 + " }")) >= 10


async def field_duplication(client: httpx.AsyncClient) -> bool:
    return await is_answered(client, "query cop { " + "__typename " * 500 + "}")


async def field_suggestions(client: httpx.AsyncClient) -> bool:
    texts = [
        "{ __schema { directive } }",
        "{ organisations { nodes { key } } }",
        '{ courses(filter: {serch: "x"}) { totalCount } }',
        "{ programs(orderBy: {field: NAM}) { totalCount } }",
        "{ ... on Corse { key } }",
    ]
    found = [error["message"] for text in texts for error in await errors(client, text)]
    return any("did you mean" in message.lower() for message in found)


async def mutations_by_get(client: httpx.AsyncClient) -> bool:
    response = await client.get("/graphql", params={"query": "mutation cop { __typename }"})
    return bool(response.json().get("data"))


async def queries_by_get(client: httpx.AsyncClient) -> bool:
    response = await client.get("/graphql", params={"query": "query cop { __typename }"})
    return bool(response.json().get("data"))


async def an_explorer(client: httpx.AsyncClient) -> bool:
    pages = ["/graphiql", "/", "/playground", "/console", "/graphql"]
    texts = [(await client.get(page, headers={"accept": "text/html"})).text.lower() for page in pages]
    return any("<title>" in text for text in texts)


async def introspection(client: httpx.AsyncClient) -> bool:
    return await is_answered(client, "query cop { __schema { types { name fields { name } } } }")


async def urlencoded_posts(client: httpx.AsyncClient) -> bool:
    response = await client.post("/graphql", data={"query": "query cop { __typename }"})
    return bool(response.json().get("data"))


async def tracing_data(client: httpx.AsyncClient) -> bool:
    response = await client.post("/graphql", json={"query": "query cop { __typename }"})
    return "tracing" in response.json().get("extensions", {})


async def unhandled_exceptions(client: httpx.AsyncClient) -> bool:
    found = await errors(client, "query cop { __typename }}}") + await errors(client, "qwerty cop { abc }")
    return any("exception" in str(error.get("extensions")) or "Traceback" in str(error) for error in found)


CHECKS: dict[str, Finding] = {
    "aliases without end": alias_overloading,
    "batches": array_batching,
    "circular introspection": circular_introspection,
    "directives without end": directive_overloading,
    "fields without end": field_duplication,
    "suggestions": field_suggestions,
    "mutations by GET": mutations_by_get,
    "queries by GET": queries_by_get,
    "the explorer": an_explorer,
    "introspection": introspection,
    "forms": urlencoded_posts,
    "tracing": tracing_data,
    "exceptions": unhandled_exceptions,
}


@pytest.fixture
def dialect() -> str:
    """Profiles are looked at before any database."""
    return "sqlite"


@pytest.fixture
def settings(database_url: URL, request: pytest.FixtureRequest) -> Settings:
    return load(database_url=database_url, profile=request.param)


@pytest.fixture
async def clients(database: Database, settings: Settings) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Of a server under the settings; of a locked one also as if it knew every document, so that the rest must hold."""
    profiles = [profile(settings)]
    if settings.profile == "locked":
        profiles.append(profile(settings, lambda _text: True))
    made = []
    for each in profiles:
        view = GraphQLView(Executor(schema(), database, each), lambda _headers: LEARNER)
        pages = explorer.routes(explorer.ExplorerConfig()) if settings.explorer else []
        transport = httpx.ASGITransport(Starlette(routes=[Route("/graphql", view), *pages]))
        made.append(httpx.AsyncClient(transport=transport, base_url="http://test"))
    yield made
    for client in made:
        await client.aclose()


def test_there_are_as_many_checks_as_the_checker_has() -> None:
    assert len(CHECKS) == 13


@pytest.mark.parametrize(("settings", "chosen"), [("open", CHOSEN), ("locked", set())], indirect=["settings"])
@pytest.mark.parametrize("name", list(CHECKS))
async def test_a_check_finds_what_was_chosen_and_nothing_else(
    clients: list[httpx.AsyncClient], chosen: set[str], name: str
) -> None:
    for client in clients:
        assert await CHECKS[name](client) == (name in chosen)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ __typename }", None),
        ("{ __schema { queryType { name } } }", "INTROSPECTION_DISABLED"),
        ('{ ...F } fragment F on Query { t: __type(name: "X") { name } }', "INTROSPECTION_DISABLED"),
        ("{ courses { totalCount } }", "PERSISTED_QUERY_NOT_FOUND"),
    ],
)  # fmt: skip
async def test_a_locked_server_runs_known_documents_only(database: Database, query: str, code: str | None) -> None:
    locked = profile(load(profile="locked"), lambda text: "courses" not in text)
    view = GraphQLView(Executor(schema(), database, locked), lambda _headers: ANONYMOUS)
    async with serving(view) as url, httpx.AsyncClient(base_url=url) as client:
        answer = (await client.post("/graphql", json={"query": query})).json()

    assert [error["extensions"]["code"] for error in answer.get("errors", [])] == ([code] if code else [])


@pytest.mark.parametrize("settings", ["locked"], indirect=True)
async def test_a_locked_server_without_a_store_of_documents_runs_none(clients: list[httpx.AsyncClient]) -> None:
    response = await clients[0].post("/graphql", json={"query": "{ __typename }"})

    assert response.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_document_that_is_no_longer_known_is_no_longer_run(database: Database) -> None:
    """Documents are kept when they were read, but what may be run is asked each time."""
    known = {"{ __typename }"}
    executor = Executor(schema(), database, Profile(is_known=known.__contains__))
    transport = httpx.ASGITransport(GraphQLView(executor, lambda _headers: ANONYMOUS))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        before = await client.post("/graphql", json={"query": "{ __typename }"})
        known.clear()
        after = await client.post("/graphql", json={"query": "{ __typename }"})

    assert before.json() == {"data": {"__typename": "Query"}}
    assert after.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize("settings", ["locked"], indirect=True)
async def test_a_locked_server_takes_post_alone(clients: list[httpx.AsyncClient]) -> None:
    response = await clients[0].get("/graphql", params={"query": "{ __typename }"})

    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_a_locked_server_has_no_explorer() -> None:
    assert load().explorer
    assert not load(profile="locked").explorer
    assert not load(explorer=False).explorer
    with pytest.raises(SettingsError, match="COLLEGIUM_EXPLORER cannot be true where COLLEGIUM_PROFILE is locked"):
        load(profile="locked", explorer=True)


def test_a_profile_that_is_none_is_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLEGIUM_PROFILE", "ajar")

    with pytest.raises(SettingsError) as caught:
        load()
    [problem] = caught.value.problems
    assert problem.startswith("COLLEGIUM_PROFILE='ajar': ")
    assert problem.endswith("accepted: open or locked")
