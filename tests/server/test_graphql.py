"""GraphQL over HTTP: media types, status codes and bodies (the GraphQL-over-HTTP specification)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import orjson
import pytest
from starlette.types import Message

from resolvers.access import ANONYMOUS, Viewer
from resolvers.errors import ServiceUnavailable, Unauthenticated
from schema import schema
from server.execution import Executor
from server.graphql import GraphQLView
from server.limits import Limits
from server.operations import MOST_ERRORS
from server.profiles import Profile
from tests.asking import LEARNER, Asking

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
SIZED = "query ($n: Int!) { courses(first: $n) { totalCount } }"
BODY = 20_000
PROFILE = Profile(Limits(body=BODY))
MUTATION = 'mutation { deleteProgram(input: {id: "Program:x"}) { deletedId } }'
TYPENAME = {"query": "{ __typename }"}


def sign_in(headers: Mapping[str, str]) -> Viewer:
    """Any token but `bad` is the learner's: tokens themselves are tested with sign-in."""
    token = headers.get("authorization")
    if token == "JWT bad":
        raise Unauthenticated("The token has expired.")
    return LEARNER if token else ANONYMOUS


@pytest.fixture
async def client(asking: Asking) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(GraphQLView(Executor(schema(), asking.database, PROFILE), sign_in))
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
        ({"query": "{ __typename }", "operationName": ""}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { __typename }", "operationName": ""}, "OPERATION_RESOLUTION_FAILURE"),
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


async def test_a_body_that_ends_early_is_a_bad_request(asking: Asking) -> None:
    begun: Message = {"type": "http.request", "body": b"{", "more_body": True}
    messages = iter([begun, {"type": "http.disconnect"}])
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", JSON.encode())], "query_string": b""}
    await GraphQLView(asking.executor, sign_in)(scope, receive, send)

    assert sent[0]["status"] == 400


@pytest.mark.parametrize("media_type", [JSON, GRAPHQL])
@pytest.mark.parametrize(
    ("query", "name"),
    [
        (MUTATION, None),
        ("mutation M { __typename }", "M"),
        (f"query Q {{ __typename }} {MUTATION.replace('mutation', 'mutation M')}", "M"),
    ],
)
async def test_a_mutation_is_not_run_by_get(
    client: httpx.AsyncClient, query: str, name: str | None, media_type: str
) -> None:
    parameters = {"query": query} | ({"operationName": name} if name else {})

    response = await client.get("/graphql", params=parameters, headers={"accept": media_type})

    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"
    assert "data" not in response.json()


async def test_a_query_beside_a_mutation_is_run_by_get(client: httpx.AsyncClient) -> None:
    parameters = {
        "query": f"query Q {{ __typename }} {MUTATION.replace('mutation', 'mutation M')}",
        "operationName": "Q",
    }

    assert (await client.get("/graphql", params=parameters)).json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("query", ["{ __typename }", "query A { __typename }"])
async def test_an_empty_name_is_none_in_a_query_string(client: httpx.AsyncClient, query: str) -> None:
    """GraphQL over HTTP, "GET": there the empty text is equivalent to leaving it out; in JSON that is null."""
    response = await client.get("/graphql", params={"query": query, "operationName": ""})

    assert response.json() == {"data": {"__typename": "Query"}}


async def test_an_empty_name_chooses_none_of_several_operations(client: httpx.AsyncClient) -> None:
    parameters = {"query": "query A { __typename } query B { __typename }", "operationName": ""}

    assert code(await client.get("/graphql", params=parameters)) == "OPERATION_RESOLUTION_FAILURE"


@pytest.mark.parametrize("media_type", [JSON, GRAPHQL])
async def test_a_subscription_wants_another_transport(client: httpx.AsyncClient, media_type: str) -> None:
    body = {"query": "subscription { heartbeat { at } }"}

    response = await client.post("/graphql", json=body, headers={"accept": media_type})

    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")
    assert "text/event-stream" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
async def test_bodies_are_not_decompressed(client: httpx.AsyncClient, encoding: str) -> None:
    """A small body may hold a large one."""
    headers = {"content-type": JSON, "content-encoding": encoding}

    response = await client.post("/graphql", content=orjson.dumps(TYPENAME), headers=headers)

    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_query_string_is_no_larger_than_a_body(client: httpx.AsyncClient) -> None:
    fits = "query=%7B__typename%7D&x="

    largest = await client.get(f"/graphql?{fits.ljust(BODY, 'x')}")
    larger = await client.get(f"/graphql?{fits.ljust(BODY + 1, 'x')}")

    assert largest.json() == {"data": {"__typename": "Query"}}
    assert (larger.status_code, code(larger)) == (414, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 5000, "²"])
async def test_a_length_that_is_none_does_no_harm(client: httpx.AsyncClient, length: str) -> None:
    headers = [(b"content-type", JSON.encode()), (b"content-length", length.encode("latin-1"))]

    response = await client.post("/graphql", content=orjson.dumps(TYPENAME), headers=httpx.Headers(headers))

    assert response.status_code in (200, 413)


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{ __typename }", "extensions": {"cost": True}},
        {"query": "{ __typename }", "extensions": {"cost": True, "another": {"deep": [1]}}},
    ],
)
async def test_the_cost_is_told_to_whoever_asks_in_extensions(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    by_post = await client.post("/graphql", json=body)
    by_get = await client.get(
        "/graphql", params={"query": body["query"], "extensions": orjson.dumps(body["extensions"]).decode()}
    )

    for response in (by_post, by_get):
        assert response.json()["extensions"] == {"cost": {"requested": 0, "actual": 0, "limit": PROFILE.limits.cost}}


async def test_errors_of_validation_are_few_and_suggest_nothing(client: httpx.AsyncClient) -> None:
    body = {"query": "{ organisations { nodes { key } } " + " ".join(f"x{i}" for i in range(15)) + " }"}

    messages = [error["message"] for error in (await client.post("/graphql", json=body)).json()["errors"]]

    assert len(messages) <= MOST_ERRORS + 1
    assert not any("did you mean" in message.lower() for message in messages)


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
    declared = await client.post("/graphql", content=b" " * (BODY + 1), headers={"content-type": JSON})
    largest = await client.post("/graphql", content=orjson.dumps(TYPENAME).ljust(BODY), headers={"content-type": JSON})  # fmt: skip # noqa: E501

    assert (chunked.status_code, code(chunked)) == (413, "PAYLOAD_TOO_LARGE")
    assert (declared.status_code, code(declared)) == (413, "PAYLOAD_TOO_LARGE")
    assert sent <= BODY + 2 * 65_536
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


async def test_the_id_of_a_document_is_a_text(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"documentId": 3})

    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert response.json()["errors"][0]["message"] == "'documentId' must be a text or null"


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (ServiceUnavailable("Whether you are signed in cannot be found out now."), 503, "SERVICE_UNAVAILABLE"),
        (RuntimeError("a fault of ours"), 500, "INTERNAL_SERVER_ERROR"),
    ],
)
async def test_whatever_fails_the_answer_is_json(asking: Asking, error: Exception, status: int, expected: str) -> None:
    def failing(_: Mapping[str, str]) -> Viewer:
        raise error

    view = GraphQLView(asking.executor, failing)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(view), base_url="http://test") as client:
        response = await client.post("/graphql", json=TYPENAME)

    assert (response.status_code, code(response)) == (status, expected)
    assert "fault of ours" not in response.text
