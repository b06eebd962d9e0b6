"""Tokens for registered applications over real HTTP (RFC 6749; `spec/content-api.md`, "Security")."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from db.engine import Database
from resolvers.access import Role
from server.applications.registry import ALL_SCOPES, Registration, Scope, disable, register, rotate
from server.applications.tokens import Tokens
from server.exchange import Exchanges
from server.oauth import LONGEST_FORM, TokenEndpoint
from server.throttle import Throttle
from tests.server.applications.conftest import Registered
from tests.serving import serving

TOKENS = Tokens("plainly-a-test-secret-of-this-server-itself")
GRANT = {"grant_type": "client_credentials"}
PATH = "/oauth2/access_token"


@pytest.fixture
async def registered(database: Database) -> Registered:
    async with database.writing() as session:
        wanted = Registration("Report builder", "report_worker", Role.AUTHOR, ALL_SCOPES)
        client_id, secret = await register(session, wanted)
    return Registered(database, client_id, secret)


@pytest.fixture
async def client(registered: Registered) -> AsyncIterator[httpx.AsyncClient]:
    endpoint = TokenEndpoint(registered.database, TOKENS, Throttle(20))
    app = Exchanges(Starlette(routes=endpoint.routes()))
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


def form(registered: Registered, **more: str) -> dict[str, str]:
    return {**GRANT, "client_id": registered.client_id, "client_secret": registered.secret, **more}


def error(response: httpx.Response) -> tuple[int, str]:
    """The status and the error of a response without a token, which no cache may keep (RFC 6749, §5.2)."""
    body = response.json()
    assert set(body) == {"error", "error_description"}
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, body["error"]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
async def test_credentials_in_the_form_get_a_token(
    client: httpx.AsyncClient, registered: Registered, path: str
) -> None:
    response = await client.post(path, data=form(registered))
    body = response.json()

    assert response.status_code == 200
    assert (response.headers["cache-control"], response.headers["pragma"]) == ("no-store", "no-cache")
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "read write")
    grant = TOKENS.grant(body["access_token"])
    assert (grant.client_id, grant.scopes, grant.generation) == (registered.client_id, ALL_SCOPES, 1)


async def test_credentials_in_http_basic_get_a_token(client: httpx.AsyncClient, registered: Registered) -> None:
    response = await client.post(PATH, data=GRANT, auth=(registered.client_id, registered.secret))

    assert TOKENS.grant(response.json()["access_token"]).client_id == registered.client_id


async def test_a_part_of_the_scopes_may_be_asked_for(client: httpx.AsyncClient, registered: Registered) -> None:
    body = (await client.post(PATH, data=form(registered, scope="read"))).json()

    assert body["scope"] == "read"
    assert TOKENS.grant(body["access_token"]).scopes == {Scope.READ}


@pytest.mark.parametrize("scope", ["read admin", "profile", "READ"])
async def test_a_scope_that_the_application_lacks_is_refused(
    client: httpx.AsyncClient, registered: Registered, scope: str
) -> None:
    assert error(await client.post(PATH, data=form(registered, scope=scope))) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client")),
        ({"client_id": "0" * 32}, (401, "invalid_client")),
        ({"client_id": "a\0b"}, (401, "invalid_client")),
        ({"client_id": "x" * 65}, (401, "invalid_client")),
        ({"client_id": "é"}, (401, "invalid_client")),
        ({"client_secret": ""}, (401, "invalid_client")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": "authorization_code"}, (400, "unsupported_grant_type")),
        ({"grant_type": ""}, (400, "invalid_request")),
    ],
)
async def test_what_is_wrong_with_a_request_is_told(
    client: httpx.AsyncClient, registered: Registered, changed: dict[str, str], expected: tuple[int, str]
) -> None:
    assert error(await client.post(PATH, data=form(registered) | changed)) == expected


@pytest.mark.parametrize("header", ["Basic !", "Basic YQ==", "Bearer x", "Basic gICAOoA=", ""])
async def test_a_header_that_is_not_http_basic_is_refused(client: httpx.AsyncClient, header: str) -> None:
    response = await client.post(PATH, data=GRANT, headers={"authorization": header})

    assert error(response) == (401, "invalid_client")
    assert response.headers["www-authenticate"].startswith("Basic ")


async def test_good_credentials_are_taken_by_http_basic_alone(
    client: httpx.AsyncClient, registered: Registered
) -> None:
    """RFC 6749, §2.3.1; in whatever case the scheme is written."""
    given = base64.b64encode(f"{registered.client_id}:{registered.secret}".encode()).decode()
    for scheme, status in (("Basic", 200), ("bAsIc", 200), ("Bearer", 401), ("Token", 401)):
        response = await client.post(PATH, data=GRANT, headers={"authorization": f"{scheme} {given}"})
        assert response.status_code == status


async def test_a_wrong_secret_in_http_basic_is_challenged(client: httpx.AsyncClient, registered: Registered) -> None:
    response = await client.post(PATH, data=GRANT, auth=(registered.client_id, "wrong"))

    assert error(response) == (401, "invalid_client")
    assert response.headers["www-authenticate"].startswith("Basic ")


async def test_credentials_are_given_in_one_place(client: httpx.AsyncClient, registered: Registered) -> None:
    response = await client.post(PATH, data=form(registered), auth=(registered.client_id, registered.secret))

    assert error(response) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", 400),
        (b"grant_type=%ff", 400),
        (b"\xff", 400),
        (b"&".join(b"a%d=1" % number for number in range(20)), 400),
        (b"a=" + b"x" * LONGEST_FORM, 413),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(client: httpx.AsyncClient, content: bytes, status: int) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}

    assert error(await client.post(PATH, content=content, headers=headers)) == (status, "invalid_request")


async def test_json_is_no_form(client: httpx.AsyncClient, registered: Registered) -> None:
    assert error(await client.post(PATH, json=form(registered))) == (400, "invalid_request")


async def test_a_token_is_not_got_by_get(client: httpx.AsyncClient, registered: Registered) -> None:
    assert (await client.get(PATH, params=form(registered))).status_code == 405


async def test_a_disabled_application_gets_no_token_from_then_on(
    client: httpx.AsyncClient, registered: Registered
) -> None:
    assert (await client.post(PATH, data=form(registered))).status_code == 200
    async with registered.database.writing() as session:
        await disable(session, registered.client_id)

    assert error(await client.post(PATH, data=form(registered))) == (401, "invalid_client")


async def test_the_old_secret_gets_tokens_in_the_time_of_grace_only(
    client: httpx.AsyncClient, registered: Registered
) -> None:
    async with registered.database.writing() as session:
        await rotate(session, registered.client_id, timedelta(hours=1))
    body = (await client.post(PATH, data=form(registered))).json()
    assert TOKENS.grant(body["access_token"]).generation == 1

    async with registered.database.writing() as session:
        await rotate(session, registered.client_id, timedelta(0))
    assert error(await client.post(PATH, data=form(registered))) == (401, "invalid_client")


async def test_an_address_asks_only_so_often(client: httpx.AsyncClient, registered: Registered) -> None:
    for _ in range(20):
        await client.post(PATH, data=form(registered, client_secret="wrong"))
    response = await client.post(PATH, data=form(registered))

    assert error(response) == (429, "temporarily_unavailable")
    assert int(response.headers["retry-after"]) >= 1


async def test_without_a_database_there_are_no_tokens_for_now(
    client: httpx.AsyncClient, registered: Registered
) -> None:
    async with registered.database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE client_application RENAME TO elsewhere"))

    assert error(await client.post(PATH, data=form(registered))) == (503, "temporarily_unavailable")
