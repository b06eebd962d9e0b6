"""Registered applications, the rate limit, documents and parts of the whole application, over real HTTP."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import orjson
import pytest
import structlog
from graphql import get_introspection_query
from sqlalchemy import URL
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from db.engine import Database
from resolvers.access import Role
from server import logs, metrics
from server.app import create_app
from server.applications.registry import ALL_SCOPES, Registration, Scope, disable, register
from server.documents.store import add
from server.observing import tell
from server.settings import Settings, load
from server.signin import mint
from tests.catalog import fill
from tests.serving import serving

PROTOCOL = Subprotocol("graphql-transport-ws")
ORGANIZATIONS = "{ organizations { totalCount } }"
NAMED = "query Named($key: String!) { organization(key: $key) { key } }"
CREATE = (
    'mutation { createProgram(input: { name: "", category: "xseries", organizations: [] }) { userErrors { code } } }'
)

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def settings(database_url: URL) -> Settings:
    return load(
        database_url=database_url,
        jwt_secret="a secret that is long enough for tests, and no other use",
        jwt_audience=("collegium-tests",),
        jwt_issuers=("https://lms.example.org/oauth2",),
        token_secret="another secret that is long enough for tests",
    )


@pytest.fixture
def serve(settings: Settings, database: Database) -> Serve:
    """Serves the application with other settings than the usual ones, and signs a learner in."""

    @contextlib.asynccontextmanager
    async def served(**given: Any) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(settings.model_copy(update=given))
        headers = {"authorization": as_(Role.LEARNER, settings)}
        async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
            yield client
            await app.state.streams.close()

    return served


@pytest.fixture
async def catalog(database: Database) -> Database:
    await fill(database)
    return database


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    tell()
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    yield stream
    logs._short_cut.stream, logs._short_cut.is_open = None, True
    structlog.reset_defaults()


def as_(role: Role, settings: Settings) -> str:
    return f"JWT {mint(settings, role.value, role, timedelta(minutes=5))}"


def documented(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


async def trust(database: Database, *texts: str) -> None:
    async with database.writing() as session:
        await add(session, dict.fromkeys(texts, "A"))


async def asked(client: httpx.AsyncClient, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await client.post("/graphql", json=body, headers=headers)


async def token_of(client: httpx.AsyncClient, client_id: str, secret: str) -> str:
    response = await client.post(
        "/oauth2/access_token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
    )
    assert response.status_code == 200, response.text
    return f"Bearer {response.json()['access_token']}"


# spec/content-api.md, "Security": applications are registered, and get in by credentials of their own.


async def test_a_registered_application_gets_a_token_and_asks_with_it(serve: Serve, catalog: Database) -> None:
    wanted = Registration("Report builder", "worker", Role.AUTHOR, ALL_SCOPES)
    async with catalog.writing() as session:
        client_id, secret = await register(session, wanted)
    async with serve() as client:
        token = await token_of(client, client_id, secret)
        programs = await asked(client, {"query": "{ programs { totalCount } }"}, authorization=token)
        learned = await asked(client, {"query": "{ programs { totalCount } }"})
    assert programs.json()["data"]["programs"]["totalCount"] > learned.json()["data"]["programs"]["totalCount"]


async def test_an_application_that_may_only_read_changes_nothing(serve: Serve, database: Database) -> None:
    async with database.writing() as session:
        client_id, secret = await register(
            session, Registration("Reader", "worker", Role.ADMIN, frozenset({Scope.READ}))
        )
    async with serve() as client:
        answer = await asked(client, {"query": CREATE}, authorization=await token_of(client, client_id, secret))
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert answer.status_code == 403


async def test_a_disabled_application_is_out_within_seconds(serve: Serve, database: Database) -> None:
    async with database.writing() as session:
        client_id, secret = await register(session, Registration("Reader", "worker"))
    async with serve() as client:
        token = await token_of(client, client_id, secret)
        assert (await asked(client, {"query": ORGANIZATIONS}, authorization=token)).status_code == 200
        async with database.writing() as session:
            await disable(session, client_id)
        async with asyncio.timeout(20):
            while (await asked(client, {"query": ORGANIZATIONS}, authorization=token)).status_code == 200:
                pass
        form = {"grant_type": "client_credentials"}
        assert (await client.post("/oauth2/access_token", data=form, auth=(client_id, secret))).status_code == 401


async def test_without_a_secret_for_tokens_there_is_no_endpoint_for_them(serve: Serve) -> None:
    async with serve(token_secret=None) as client:
        assert (await client.post("/oauth2/access_token", data={})).status_code == 404


# The rate limit: design §5, "Throttling".


async def test_every_answer_tells_how_many_points_are_left(serve: Serve) -> None:
    async with serve(rate_limit=3) as client:
        answers = [await asked(client, {"query": "{ rateLimit { limit remaining used resetAt } }"}) for _ in range(4)]
    told = [answer.json().get("data", {}).get("rateLimit") for answer in answers[:3]]
    assert [(one["limit"], one["remaining"], one["used"]) for one in told] == [(3, 2, 1), (3, 1, 2), (3, 0, 3)]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert [answer.headers["ratelimit-limit"] for answer in answers] == ["3"] * 4
    refused = answers[3].json()["errors"][0]["extensions"]
    assert (answers[3].status_code, refused["code"]) == (429, "RATE_LIMITED")
    assert int(answers[3].headers["retry-after"]) == refused["retryAfter"] > 0


async def test_users_are_counted_apart(serve: Serve, settings: Settings) -> None:
    async with serve(rate_limit=1) as client:
        statuses = [
            (await asked(client, {"query": ORGANIZATIONS}, authorization=as_(role, settings))).status_code
            for role in (Role.LEARNER, Role.ADMIN, Role.LEARNER)
        ]
    assert statuses == [200, 200, 429]


async def test_an_application_may_have_points_of_its_own(serve: Serve, database: Database) -> None:
    async with database.writing() as session:
        client_id, secret = await register(session, Registration("Reader", "worker", points=50))
    async with serve() as client:
        token = await token_of(client, client_id, secret)
        answer = await asked(client, {"query": "{ rateLimit { limit } }"}, authorization=token)
    assert answer.json() == {"data": {"rateLimit": {"limit": 50}}}


async def test_introspection_takes_points_too(serve: Serve) -> None:
    """One answer to tools has more objects than any other, and nobody needs to be signed in for it."""
    async with serve() as client:
        small = await asked(client, {"query": "{ __schema { queryType { name } } }"})
        whole = await asked(client, {"query": get_introspection_query()})

    assert small.headers["ratelimit-remaining"] == "5999"
    assert 40 < 5999 - int(whole.headers["ratelimit-remaining"]) < 400


async def test_a_subscription_takes_points_too(serve: Serve) -> None:
    query = {"query": "subscription { heartbeat(every: 1) { number } }"}
    async with serve(rate_limit=1) as client:
        assert (await asked(client, {"query": ORGANIZATIONS})).status_code == 200
        answer = await asked(client, query, accept="text/event-stream")
    assert "RATE_LIMITED" in answer.text


# Trusted documents and automatic persisted queries.


async def test_a_trusted_document_is_run_by_its_name(serve: Serve, catalog: Database) -> None:
    await trust(catalog, NAMED)
    variables = {"key": "Org0X"}
    body = {"documentId": documented(NAMED), "variables": variables}
    async with serve() as client:
        posted = await asked(client, body)
        got = await client.get("/graphql", params={"documentId": documented(NAMED), "variables": json.dumps(variables)})
        events = await asked(client, body, accept="text/event-stream")
        unknown = await asked(client, {"documentId": documented("{ __typename }")})
    assert posted.json() == got.json() == {"data": {"organization": {"key": "Org0X"}}}
    assert '"key":"Org0X"' in events.text
    assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert unknown.status_code == 400


async def test_a_trusted_document_is_run_by_its_name_over_a_websocket(
    serve: Serve, catalog: Database, settings: Settings
) -> None:
    await trust(catalog, NAMED)
    async with serve() as client:
        url = str(client.base_url.join("/graphql")).replace("http", "ws", 1)
        async with connect(url, subprotocols=[PROTOCOL], proxy=None) as socket:
            payload: dict[str, Any] = {"Authorization": as_(Role.LEARNER, settings)}
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            await socket.recv()
            payload = {"documentId": documented(NAMED), "variables": {"key": "Org0X"}}
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
            answer = json.loads(await socket.recv())
    assert answer["payload"] == {"data": {"organization": {"key": "Org0X"}}}


async def test_a_locked_server_runs_nothing_but_trusted_documents(serve: Serve, catalog: Database) -> None:
    await trust(catalog, NAMED)
    variables = {"key": "Org0X"}
    async with serve(profile="locked", explorer=False, remember_documents=False) as client:
        named = await asked(client, {"documentId": documented(NAMED), "variables": variables})
        sent = await asked(client, {"query": NAMED, "variables": variables})
        other = await asked(client, {"query": ORGANIZATIONS})
        persisted = {"persistedQuery": {"version": 1, "sha256Hash": sha256(ORGANIZATIONS.encode()).hexdigest()}}
        remembered = await asked(client, {"extensions": persisted})
    assert named.json() == sent.json() == {"data": {"organization": {"key": "Org0X"}}}
    assert other.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert remembered.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_SUPPORTED"


async def test_an_open_server_remembers_documents_for_clients(serve: Serve) -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(ORGANIZATIONS.encode()).hexdigest()}}
    async with serve() as client:
        before = await asked(client, {"extensions": extensions})
        taught = await asked(client, {"query": ORGANIZATIONS, "extensions": extensions})
        after = await asked(client, {"extensions": extensions})
    assert before.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert taught.json() == after.json()
    assert "data" in after.json()


# Parts of the product.


async def test_of_a_part_that_is_off_nothing_is_found(serve: Serve, catalog: Database, settings: Settings) -> None:
    query = """{
      features { hasPrograms hasContracts hasContent hasDirectories }
      programs { totalCount nodes { id } }
      courses(first: 50) { nodes { programs { totalCount } } }
    }"""
    async with serve(enable_programs=False) as client:
        for role in (Role.LEARNER, Role.ADMIN):
            data = (await asked(client, {"query": query}, authorization=as_(role, settings))).json()["data"]
            assert data["features"] == {
                "hasPrograms": False,
                "hasContracts": True,
                "hasContent": True,
                "hasDirectories": True,
            }
            assert data["programs"] == {"totalCount": 0, "nodes": []}
            assert {course["programs"]["totalCount"] for course in data["courses"]["nodes"]} == {0}
        change = await asked(client, {"query": CREATE}, authorization=as_(Role.ADMIN, settings))
    assert change.json()["errors"][0]["extensions"]["code"] == "FEATURE_DISABLED"
    assert change.json()["data"] == {"createProgram": None}


async def test_other_parts_go_on_while_one_is_off(serve: Serve, catalog: Database, settings: Settings) -> None:
    mutation = 'mutation { upsertOrganization(input: { key: "NewX" }) { organization { key } } }'
    async with serve(enable_programs=False) as client:
        answer = await asked(client, {"query": mutation}, authorization=as_(Role.ADMIN, settings))
    assert answer.json() == {"data": {"upsertOrganization": {"organization": {"key": "NewX"}}}}


# spec/content-api.md, "Observability": operations and user errors are told by application.


async def test_each_operation_is_told_of_once(serve: Serve, catalog: Database, log: io.StringIO) -> None:
    async with serve() as client:
        await asked(client, {"query": "query Some { organizations { nodes { key } } }"})
        await asked(client, {"query": "{ nonsense }"})
    some, nonsense = [line for line in lines(log) if line["event"] == "operation"]
    assert some.items() >= {"operation": "Some", "kind": "query", "outcome": "ok", "statements": 1}.items()
    assert some.items() >= {"user": "learner", "application": "lms:learner"}.items()
    assert some["cost"] > 1
    assert nonsense["outcome"] == "GRAPHQL_VALIDATION_FAILED"


async def test_user_errors_are_logged_and_counted(
    serve: Serve, catalog: Database, settings: Settings, log: io.StringIO
) -> None:
    labels = {"code": "REQUIRED", "mutation": "createProgram", "application": "lms"}
    before = metrics.REGISTRY.get_sample_value("collegium_user_errors_total", labels) or 0
    async with serve() as client:
        answer = await asked(client, {"query": CREATE}, authorization=as_(Role.ADMIN, settings))
    codes = [error["code"] for error in answer.json()["data"]["createProgram"]["userErrors"]]
    told = [line for line in lines(log) if line["event"] == "user_error"]
    assert [line["code"] for line in told] == codes
    assert {(line["mutation"], line["application"]) for line in told} == {("createProgram", "lms:admin")}
    assert metrics.REGISTRY.get_sample_value("collegium_user_errors_total", labels) == before + codes.count("REQUIRED")
    assert "REQUIRED" in codes


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    tell()
    return [orjson.loads(line) for line in log.getvalue().splitlines()]


# Pages of other origins.


async def test_pages_of_named_origins_may_ask_and_read_the_headers(serve: Serve) -> None:
    async with serve(allowed_origins=("https://apps.example.org",)) as client:
        named = await asked(client, {"query": ORGANIZATIONS}, origin="https://apps.example.org")
        other = await asked(client, {"query": ORGANIZATIONS}, origin="https://evil.example.org")
    assert named.headers["access-control-allow-origin"] == "https://apps.example.org"
    assert "ratelimit-remaining" in named.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-origin" not in other.headers
