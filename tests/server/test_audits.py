"""The 61 public audits of GraphQL over HTTP, re-stated, so that tests need no Node; `make audit` runs the originals.

Each has the id and the name under which the audit suite reports it (npm `graphql-http` 1.23.1). All of them are
asked of the open profile, by somebody who has not signed in, over real HTTP.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from db.engine import Database
from resolvers.access import ANONYMOUS
from schema import schema
from server.execution import Executor
from server.graphql import GraphQLView
from server.media import GRAPHQL, JSON
from server.profiles import Profile
from tests.serving import serving

TYPENAME = {"query": "{ __typename }"}
LOOK_UP = {"query": "query Type($name: String!) { __type(name: $name) { name } }", "variables": {"name": "sometype"}}
NO_DOCUMENT = {"query": "{"}
NO_FIELD = {"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}
NO_VALUE = {"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": None}}
NOT_JSON = b'{ "not a JSON'

CLIENT_ERROR = range(400, 500)
ANY_ERROR = range(400, 600)
OK = range(200, 201)
BAD = range(400, 401)


@dataclass(frozen=True)
class Audit:
    """A request, and what must be true of the answer: its status, type and members."""

    id: str
    name: str
    sent: Mapping[str, Any] | bytes | None
    status: range
    accept: str | None = None
    content_type: str | None = JSON
    by_get: bool = False
    answers: str | None = None
    lacks: str | None = None


def wrong(prefix: str, member: str, *values: Any) -> list[Audit]:
    """One audit for each value of a type that a member of the request must not have."""
    kinds = {dict: "object", int: "number", bool: "boolean", list: "array", str: "string"}
    return [
        Audit(
            f"{prefix}{number}",
            f"MAY use 400 status code on {kinds[type(value)]} {{{member}}} parameter",
            TYPENAME | {member: value},
            BAD,
        )
        for number, value in enumerate(values)
    ]


def absent(number: int, member: str) -> list[Audit]:
    """The audits of a member of the request that is null."""
    sent = TYPENAME | {member: None}
    name = f"allow null {{{member}}} parameter when accepting"
    return [
        Audit(f"94B{number}", f"SHOULD {name} {GRAPHQL}", sent, OK, GRAPHQL, lacks="errors"),
        Audit(f"022{number}", f"MUST {name} {JSON}", sent, OK, JSON, lacks="errors"),
    ]


AUDITS = [
    Audit("22EB", f"SHOULD accept {GRAPHQL} and match the content-type", TYPENAME, OK, GRAPHQL, answers=GRAPHQL),
    Audit("4655", f"MUST accept {JSON} and match the content-type", TYPENAME, OK, JSON, answers=JSON),
    Audit("47DE", f"SHOULD accept */* and use {JSON} for the content-type", TYPENAME, OK, "*/*", answers=JSON),
    Audit("80D8", f"SHOULD assume {JSON} content-type when accept is missing", TYPENAME, OK, answers=JSON),
    Audit("82A3", "MUST use utf-8 encoding when responding", TYPENAME, OK),
    Audit(
        "BF61",
        "MUST accept utf-8 encoded request",
        {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'},
        OK,
        content_type=f"{JSON}; charset=utf-8",
    ),
    Audit("78D5", "MUST assume utf-8 in request if encoding is unspecified", TYPENAME, OK),
    Audit("2C94", "MUST accept POST requests", TYPENAME, OK),
    Audit("5A70", "MAY accept application/x-www-form-urlencoded formatted GET requests", TYPENAME, OK, by_get=True),
    Audit(
        "9C48",
        "MAY NOT allow executing mutations on GET requests",
        {"query": "mutation { __typename }"},
        CLIENT_ERROR,
        GRAPHQL,
        by_get=True,
    ),
    Audit(
        "9ABE",
        "SHOULD respond with 4xx status code if content-type is not supplied on POST requests",
        TYPENAME,
        CLIENT_ERROR,
        content_type=None,
    ),
    Audit("03D4", f"MUST accept {JSON} POST requests", TYPENAME, OK),
    Audit("A5BF", "MAY use 400 status code when request body is missing on POST", None, BAD),
    Audit("423L", "MAY use 400 status code on missing {query} parameter", {"notquery": "x"}, BAD, GRAPHQL),
    *wrong("LKJ", "query", {"obj": "ect"}, 0, False, ["array"]),
    Audit("34A2", f"SHOULD allow string {{query}} parameter when accepting {GRAPHQL}", TYPENAME, OK, GRAPHQL),
    Audit("13EE", f"MUST allow string {{query}} parameter when accepting {JSON}", TYPENAME, OK, JSON, lacks="errors"),
    *wrong("6C0", "operationName", {"obj": "ect"}, 0, False, ["array"]),
    Audit(
        "8161",
        f"SHOULD allow string {{operationName}} parameter when accepting {GRAPHQL}",
        {"operationName": "Query", "query": "query Query { __typename }"},
        OK,
        GRAPHQL,
    ),
    Audit(
        "B8B3",
        f"MUST allow string {{operationName}} parameter when accepting {JSON}",
        {"operationName": "Query", "query": "query Query { __typename }"},
        OK,
        JSON,
        lacks="errors",
    ),
    *absent(0, "variables"),
    *absent(1, "operationName"),
    *absent(2, "extensions"),
    *wrong("476", "variables", "string", 0, False, ["array"]),
    Audit("2EA1", f"SHOULD allow map {{variables}} parameter when accepting {GRAPHQL}", LOOK_UP, OK, GRAPHQL),
    Audit("28B9", f"MUST allow map {{variables}} parameter when accepting {JSON}", LOOK_UP, OK, JSON, lacks="errors"),
    Audit(
        "D6D5",
        f"MAY allow URL-encoded JSON string {{variables}} parameter in GETs when accepting {GRAPHQL}",
        LOOK_UP,
        OK,
        GRAPHQL,
        by_get=True,
        lacks="errors",
    ),
    Audit(
        "6A70",
        f"MAY allow URL-encoded JSON string {{variables}} parameter in GETs when accepting {JSON}",
        LOOK_UP,
        OK,
        JSON,
        by_get=True,
        lacks="errors",
    ),
    *wrong("58B", "extensions", "string", 0, False, ["array"]),
    Audit(
        "428F",
        f"SHOULD allow map {{extensions}} parameter when accepting {GRAPHQL}",
        TYPENAME | {"extensions": {"some": "value"}},
        OK,
        GRAPHQL,
    ),
    Audit(
        "1B7A",
        f"MUST allow map {{extensions}} parameter when accepting {JSON}",
        TYPENAME | {"extensions": {"some": "value"}},
        OK,
        JSON,
        lacks="errors",
    ),
    Audit(
        "B6DC",
        f"MAY use 2xx, 4xx, or 5xx status codes on JSON parsing failure when accepting {JSON}",
        NOT_JSON,
        CLIENT_ERROR,
        JSON,
    ),
    Audit("BCF8", f"SHOULD use 400 status code on JSON parsing failure when accepting {JSON}", NOT_JSON, BAD, JSON),
    Audit(
        "B7N8", f"SHOULD use 400 status code on JSON parsing failure when accepting {GRAPHQL}", NOT_JSON, BAD, GRAPHQL
    ),
    Audit("8764", "MAY use 4xx or 5xx status codes if parameters are invalid", {"qeury": "{ __typename }"}, ANY_ERROR),
    Audit("3E3A", "MAY use 400 status code if parameters are invalid", {"qeury": "{ __typename }"}, BAD),
    Audit(
        "572B", f"SHOULD use 200 status code on document parsing failure when accepting {JSON}", NO_DOCUMENT, OK, JSON
    ),
    Audit(
        "FDE2", f"SHOULD use 200 status code on document validation failure when accepting {JSON}", NO_FIELD, OK, JSON
    ),
    Audit(
        "7B9B",
        f"SHOULD use a status code of 200 on variable coercion failure when accepting {JSON}",
        NO_VALUE,
        OK,
        JSON,
    ),
    Audit(
        "865D",
        f"SHOULD use 4xx or 5xx status codes on document parsing failure when accepting {GRAPHQL}",
        NO_DOCUMENT,
        ANY_ERROR,
        GRAPHQL,
    ),
    Audit(
        "556A",
        f"SHOULD use 400 status code on document parsing failure when accepting {GRAPHQL}",
        NO_DOCUMENT,
        BAD,
        GRAPHQL,
    ),
    Audit(
        "D586",
        f"SHOULD not contain the data entry on document parsing failure when accepting {GRAPHQL}",
        NO_DOCUMENT,
        BAD,
        GRAPHQL,
        lacks="data",
    ),
    Audit(
        "51FE",
        f"SHOULD use 4xx or 5xx status codes on document validation failure when accepting {GRAPHQL}",
        NO_FIELD,
        ANY_ERROR,
        GRAPHQL,
    ),
    Audit(
        "74FF",
        f"SHOULD use 400 status code on document validation failure when accepting {GRAPHQL}",
        NO_FIELD,
        BAD,
        GRAPHQL,
    ),
    Audit(
        "5E5B",
        f"SHOULD not contain the data entry on document validation failure when accepting {GRAPHQL}",
        NO_FIELD,
        BAD,
        GRAPHQL,
        lacks="data",
    ),
    Audit(
        "86EE",
        f"SHOULD use a status code of 400 on variable coercion failure when accepting {GRAPHQL}",
        NO_VALUE,
        BAD,
        GRAPHQL,
    ),
]


@pytest.fixture
def dialect() -> str:
    """What is audited here happens before any database."""
    return "sqlite"


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends no header of its own accord."""
    view = GraphQLView(Executor(schema(), database, Profile()), lambda _headers: ANONYMOUS)
    async with serving(view) as url, httpx.AsyncClient(base_url=url) as client:
        client.headers.clear()
        yield client


@pytest.mark.parametrize("audit", [pytest.param(audit, id=audit.id) for audit in AUDITS])
async def test_the_audit_passes(client: httpx.AsyncClient, audit: Audit) -> None:
    given = {"accept": audit.accept, "content-type": None if audit.by_get else audit.content_type}
    headers = {name: value for name, value in given.items() if value is not None}
    if audit.by_get:
        assert isinstance(audit.sent, Mapping)
        texts = {name: orjson.dumps(value).decode() for name, value in audit.sent.items() if name != "query"}
        response = await client.get("/graphql", params=texts | {"query": audit.sent["query"]}, headers=headers)
    else:
        content = orjson.dumps(audit.sent) if isinstance(audit.sent, Mapping) else audit.sent
        response = await client.post("/graphql", content=content, headers=headers)

    assert response.status_code in audit.status, audit.name
    assert audit.lacks is None or audit.lacks not in response.json(), audit.name
    assert audit.answers is None or response.headers["content-type"].startswith(f"{audit.answers};"), audit.name
    assert response.content.decode("utf-8"), audit.name


def test_there_are_as_many_audits_as_the_suite_has() -> None:
    assert len({audit.id for audit in AUDITS}) == len(AUDITS) == 61
