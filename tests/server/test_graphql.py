"""GraphQL over HTTP: media types, status codes and bodies (the GraphQL-over-HTTP specification)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import orjson
import pytest

from resolvers.access import ANONYMOUS, Viewer
from resolvers.errors import Unauthenticated
from server.graphql import GraphQLView
from server.limits import Limits
from server.media import accepted
from tests.asking import LEARNER, Asking

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
SIZED = "query ($n: Int!) { courses(first: $n) { totalCount } }"
TYPENAME = {"query": "{ __typename }"}


def sign_in(headers: Mapping[str, str]) -> Viewer:
    """Any token but `bad` is the learner's: tokens themselves are tested with sign-in."""
    token = headers.get("authorization")
    if token == "JWT bad":
        raise Unauthenticated("The token has expired.")
    return LEARNER if token else ANONYMOUS


@pytest.fixture
async def client(asking: Asking) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(GraphQLView(asking.executor, sign_in))
    headers = {"authorization": "JWT good"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


@pytest.fixture
def dialect() -> str:
    """What is tested here happens before any database."""
    return "sqlite"


def code(response: httpx.Response) -> str:
    found: str = response.json()["errors"][0]["extensions"]["code"]
    return found


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.9, {GRAPHQL};q=0.1", JSON),
        (f"text/html, {GRAPHQL.upper()}; charset=utf-8", GRAPHQL),
    ],
)
def test_the_media_type_is_negotiated(accept: str | None, expected: str) -> None:
    assert accepted(accept) == expected


@pytest.mark.parametrize("accept", ["text/plain", f"{JSON};q=0", f"{GRAPHQL};q=nonsense"])
async def test_a_media_type_that_we_do_not_have_is_not_acceptable(client: httpx.AsyncClient, accept: str) -> None:
    response = await client.post("/graphql", json=TYPENAME, headers={"accept": accept})

    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


async def test_an_operation_is_posted_as_json(client: httpx.AsyncClient) -> None:
    body = {
        "query": "query A { __typename } query B($k: String!) { organization(key: $k) { key } }",
        "operationName": "B",
        "variables": {"k": "Org0X"},
    }

    response = await client.post("/graphql", json=body, headers={"accept": GRAPHQL})

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {"data": {"organization": {"key": "Org0X"}}}


async def test_a_query_may_be_sent_by_get(client: httpx.AsyncClient) -> None:
    parameters = {"query": "query ($k: String!) { organization(key: $k) { key } }", "variables": '{"k": "Org0X"}'}

    response = await client.get("/graphql", params=parameters)

    assert response.json() == {"data": {"organization": {"key": "Org0X"}}}


@pytest.mark.parametrize(("media_type", "status"), [(JSON, 200), (GRAPHQL, 400)])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nonsense }"}, "GRAPHQL_VALIDATION_FAILED"),
        (
            {"query": "query ($n: Int!) { courses(first: $n) { totalCount } }", "variables": {"n": "x"}},
            "BAD_USER_INPUT",
        ),
        ({"query": "query ($n: Int!) { courses(first: $n) { totalCount } }"}, "BAD_USER_INPUT"),
        ({"query": "query A { __typename } query B { __typename }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { __typename }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "fragment F on Query { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_an_operation_that_cannot_be_run_has_no_data(
    client: httpx.AsyncClient, body: dict[str, Any], expected: str, media_type: str, status: int
) -> None:
    response = await client.post("/graphql", json=body, headers={"accept": media_type})

    assert (response.status_code, code(response)) == (status, expected)
    assert "data" not in response.json()


async def test_a_field_that_fails_is_null_beside_its_error(client: httpx.AsyncClient) -> None:
    query = '{ course(key: "nonsense") { key } organization(key: "Org0X") { key } }'

    response = await client.post("/graphql", json={"query": query}, headers={"accept": GRAPHQL})

    assert (response.status_code, code(response)) == (200, "BAD_USER_INPUT")
    assert response.json()["data"] == {"course": None, "organization": {"key": "Org0X"}}
    assert response.json()["errors"][0]["path"] == ["course"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"1",
        b'"x"',
        b"[]",
        b"{",
        b"{}",
        b'{"query": 1}',
        b'{"query": ""}',
        b'{"query": null}',
        b'{"query": "{__typename}", "variables": []}',
        b'{"query": "{__typename}", "operationName": 1}',
        b'{"query": "{__typename}", "extensions": 1}',
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        b"[" * 20_000,
        b'{"query": "{__typename}", "variables": {"a": ' + b"[" * 5000 + b"]" * 5000 + b"}}",
    ],
)
async def test_a_body_that_holds_no_operation_is_a_bad_request(client: httpx.AsyncClient, content: bytes) -> None:
    response = await client.post("/graphql", content=content, headers={"content-type": JSON})

    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("parameters", [{}, {"query": ""}, {"query": "{__typename}", "variables": "[1"}])
async def test_a_query_string_that_holds_no_operation_is_a_bad_request(
    client: httpx.AsyncClient, parameters: dict[str, str]
) -> None:
    response = await client.get("/graphql", params=parameters)

    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("query_string", ["query=%ff", "&".join(f"a{i}=1" for i in range(100))])
async def test_a_query_string_that_is_no_query_string_is_a_bad_request(
    client: httpx.AsyncClient, query_string: str
) -> None:
    response = await client.get(f"/graphql?{query_string}")

    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", f"{JSON}; charset=iso-8859-1"]
)
async def test_only_json_is_read(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post("/graphql", content=orjson.dumps(TYPENAME), headers={"content-type": content_type})

    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_are_not_allowed(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_a_body_is_refused_as_soon_as_it_is_too_large(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    chunked = await client.post("/graphql", content=endless(), headers={"content-type": JSON})
    declared = await client.post("/graphql", content=b" " * (Limits.body + 1), headers={"content-type": JSON})
    largest = await client.post("/graphql", content=orjson.dumps(TYPENAME).ljust(Limits.body), headers={"content-type": JSON})  # fmt: skip # noqa: E501

    assert (chunked.status_code, code(chunked)) == (413, "PAYLOAD_TOO_LARGE")
    assert (declared.status_code, code(declared)) == (413, "PAYLOAD_TOO_LARGE")
    assert sent <= Limits.body + 2 * 65_536
    assert largest.status_code == 200


@pytest.mark.parametrize("media_type", [JSON, GRAPHQL])
async def test_a_request_without_a_token_is_unauthenticated(client: httpx.AsyncClient, media_type: str) -> None:
    """spec/programs.md, "General notes": 401 if the user is not authenticated."""
    body = {"query": "{ programs { totalCount } }"}

    response = await client.post("/graphql", json=body, headers={"accept": media_type, "authorization": ""})

    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("JWT")


async def test_a_bad_token_is_refused_whatever_is_asked(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=TYPENAME, headers={"authorization": "JWT bad"})

    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.json()["errors"][0]["message"] == "The token has expired."
