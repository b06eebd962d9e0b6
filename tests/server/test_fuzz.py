"""Whatever is thrown at the endpoint, the answer is JSON, in time, and tells nothing of the inside.

`make fuzz` throws more. Bytes and headers go to the view; documents are written from the schema, well and badly.
"""

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message

from resolvers.access import ANONYMOUS, Viewer
from resolvers.errors import Code
from schema import schema
from server.execution import Executor
from server.graphql import GraphQLView
from server.limits import Limits
from server.media import GRAPHQL, JSON
from server.profiles import Profile
from tests.asking import ADMIN, Asking

EXAMPLES = int(os.environ.get("COLLEGIUM_TEST_EXAMPLES", "100"))
SECONDS = 5.0
FUZZ = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES <= 100, suppress_health_check=list(HealthCheck)
)
SCHEMA = schema()._schema
CODES = {code.value for code in Code}
LEAKS = ("Traceback", 'File "', "sqlite", "asyncpg", "SELECT ", "sqlalchemy", "/server/", "/resolvers/", "object at 0x")
CLIENTS_FAULTS = range(200, 500)

VALUES: Sequence[str] = (
    "null", "true", "0", "-1", "101", "2147483648", "9" * 400, "1e308", '""', '"x"', '"\\u0000"', '"\\ud83d\\ude00"',
    '"' + "x" * 3000 + '"', "[]", '["a", null]', "{}", "{a: {b: [1]}}", "ENUM", "$missing", '"%\'; --"', '"Course:"',
    '"Program:00000000-0000-4000-8000-000000000001"', '"course-v1:a+b+c"', '"/w=="', "[[[[1]]]]", '"../../etc"',
)  # fmt: skip
"""Literals that no argument wants, and some that one does."""


@dataclass(frozen=True)
class Answer:
    """What the endpoint sent back."""

    status: int
    media_type: str
    body: bytes


class Endpoint:
    """The view, asked byte by byte: clients would mend much of what is sent here."""

    def __init__(self, view: GraphQLView) -> None:
        self._view = view

    async def ask(
        self, content: bytes, *, method: str = "POST", query: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to one request of an admin."""
        given = {"content-type": JSON, "authorization": "JWT any"} | dict(headers or {})
        raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
        scope = {"type": "http", "method": method, "path": "/graphql", "query_string": query, "headers": raw}
        sent: list[Any] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._view(scope, receive, send)
        start, body = sent
        return Answer(start["status"], dict(start["headers"])[b"content-type"].decode(), body["body"])


@pytest.fixture
def endpoint(asking: Asking) -> Endpoint:
    profile = Profile(Limits(query_seconds=SECONDS, mutation_seconds=SECONDS))

    def sign_in(headers: Any) -> Viewer:
        return ADMIN if headers.get("authorization") else ANONYMOUS

    return Endpoint(GraphQLView(Executor(schema(), asking.database, profile), sign_in))


def check(answer: Answer) -> None:
    """An answer that no client needs to fear: no fault of ours, and errors as they are documented."""
    body = orjson.loads(answer.body)
    assert answer.status in CLIENTS_FAULTS, body
    assert answer.media_type in (f"{JSON}; charset=utf-8", f"{GRAPHQL}; charset=utf-8")
    assert body.keys() <= {"data", "errors", "extensions"}
    for error in body.get("errors", ()):
        assert error["extensions"]["code"] in CODES
        assert error["extensions"]["code"] not in ("INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE"), error
    told = str([error["message"] for error in body.get("errors", ())])
    assert not [leak for leak in LEAKS if leak in told]


TYPES = [JSON, f"{JSON}; charset=utf-8", f"{JSON}; charset=latin-1", "", "text/plain", ";;="]
lines = st.text(st.characters(min_codepoint=32, max_codepoint=255))
headers = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(TYPES) | lines,
        "accept": st.sampled_from([JSON, GRAPHQL, "*/*", f"{GRAPHQL};q=0.5, {JSON};q=nan", ",;,"])
        | lines,
        "content-encoding": st.sampled_from(["gzip", "identity", ""]),
        "authorization": st.just(""),
    },
)  # fmt: skip
members = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
bodies = st.binary(max_size=2000) | st.fixed_dictionaries(
    {"query": members | st.just("{ __typename }")},
    optional={"variables": members, "operationName": members, "extensions": members},
)


@FUZZ
@given(
    method=st.sampled_from(["POST", "GET", "PUT", "HEAD", "OPTIONS", "QUERY"]),
    body=bodies,
    given_headers=headers,
    query=st.binary(max_size=300),
)
async def test_any_bytes_are_answered(
    endpoint: Endpoint, method: str, body: Any, given_headers: dict[str, str], query: bytes
) -> None:
    content = body if isinstance(body, bytes) else orjson.dumps(body)

    check(await endpoint.ask(content, method=method, query=query, headers=given_headers))


@FUZZ
@given(text=st.text(st.sampled_from('{}()[]:!$@|&=."\\#,… \n\ufeffaAq0-9eE_') | st.characters(), max_size=200))
async def test_any_text_is_answered_as_a_document(endpoint: Endpoint, text: str) -> None:
    content = orjson.dumps({"query": text.encode("utf-8", "replace").decode()})

    check(await endpoint.ask(content))


WILD = [
    "__typename",
    "nonsense",
    "...Nope",
    "... @include(if: false) { __typename }",
    "__schema { types { name } }",
    "",
]
CALM: Mapping[str, Sequence[str]] = {
    "Int": ["0", "3", "100", "-1"],
    "Boolean": ["true", "false"],
    "DateTime": ['"2026-01-01T00:00:00Z"'],
    "ID": ['"Course:Org0X+C0.0x"', '"Program:00000000-0000-4000-8000-000000000001"', '"x"'],
    "String": ['"x"', '"Org0X"', '"Org0X+C0.0x"', '"course-v1:Org0X+C0.0x+R0"', '""', '"\\u0000"'],
}


class Author:
    """Writes operations over the schema: every other one is calm and mostly fits it, the others are wild."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- hypothesis varies the seed
        self._is_wild = self._happens(2)
        self._fragments: list[str] = []

    def document(self) -> str:
        """A whole document with one operation, `Q`."""
        kind = self._random.choice([SCHEMA.query_type, SCHEMA.query_type, SCHEMA.mutation_type])
        assert kind is not None
        selection = self._selection(kind, self._random.randint(1, 7))
        keyword = "query" if kind is SCHEMA.query_type else "mutation"
        variables = "($a: Int = 5, $b: [ID!]!)" if self._is_wild else ""
        return f"{keyword} Q{variables} {self._directive()} {selection} {' '.join(self._fragments)}"

    def _selection(self, kind: GraphQLObjectType, depth: int) -> str:
        names = self._random.sample(list(kind.fields), min(len(kind.fields), self._random.randint(1, 4)))
        fields = [self._field(kind, name, depth) for name in names]
        if self._happens_wildly(10):
            fields.append(self._random.choice(WILD))
        if self._happens(6):
            self._fragments.append(f"fragment F{len(self._fragments)} on {kind.name} {{ {' '.join(fields)} }}")
            fields = [f"...F{len(self._fragments) - 1} {self._directive()}"] * self._random.randint(1, 3)
        return "{ " + " ".join(fields) + " }"

    def _field(self, kind: GraphQLObjectType, name: str, depth: int) -> str:
        field = kind.fields[name]
        given = {arg: each.type for arg, each in field.args.items() if is_non_null_type(each.type) or self._happens(4)}
        values = ", ".join(f"{arg}: {self._value(each)}" for arg, each in given.items() if not self._happens_wildly(30))
        text = f"{name}{f'({values})' if values else ''} {self._directive()}"
        if self._happens(6):
            text = f"{'x' if self._is_wild else f'x{len(text)}{name}'}: {text}"
        result = get_named_type(field.type)
        if is_leaf_type(result):
            return text
        if depth == 0:
            return f"{text} {{ __typename }}"
        if isinstance(result, GraphQLObjectType):
            return f"{text} {self._selection(result, depth - 1)}"
        assert is_abstract_type(result)
        possible = SCHEMA.get_possible_types(result)[:2]
        return f"{text} {{ {' '.join(f'... on {each.name} {{ ok: __typename }}' for each in possible)} }}"

    def _value(self, kind: Any) -> str:
        """A literal for an argument: in wild documents, any at all in one of four cases."""
        if self._happens_wildly(4):
            return self._random.choice(VALUES)
        kind = kind.of_type if is_non_null_type(kind) else kind
        if is_list_type(kind):
            return "[" + " ".join(self._value(kind.of_type) for _ in range(self._random.randint(0, 3))) + "]"
        if isinstance(kind, GraphQLInputObjectType):
            members = {name: each.type for name, each in kind.fields.items()}
            chosen = [name for name, each in members.items() if is_non_null_type(each) or self._happens(3)]
            return "{" + ", ".join(f"{name}: {self._value(members[name])}" for name in chosen) + "}"
        if isinstance(kind, GraphQLEnumType):
            return str(self._random.choice(list(kind.values)))
        return self._random.choice(CALM.get(kind.name, VALUES))

    def _directive(self) -> str:
        calm = [*[""] * 12, "@include(if: true)"]
        wild = ["@skip(if: $a)", "@nope", "@skip(if: false) @skip(if: true)"]
        return self._random.choice(calm + wild * self._is_wild)

    def _happens(self, one_in: int) -> bool:
        return self._random.randrange(one_in) == 0

    def _happens_wildly(self, one_in: int) -> bool:
        return self._is_wild and self._happens(one_in)


@FUZZ
@given(seed=st.integers(0, 2**32), variables=st.fixed_dictionaries({}, optional={"a": members, "b": members}))
async def test_hostile_documents_are_answered(endpoint: Endpoint, seed: int, variables: dict[str, Any]) -> None:
    body = {"query": Author(seed).document(), "variables": variables}

    check(await endpoint.ask(orjson.dumps(body)))


def test_hostile_documents_are_not_so_hostile_that_none_is_run() -> None:
    """Or the test above would test the parser alone."""
    documents = [Author(seed).document() for seed in range(400)]

    assert sum(not validate(SCHEMA, parse(document)) for document in documents) > 40


@FUZZ
@given(where=st.integers(0, 300), what=st.binary(min_size=1, max_size=4), seed=st.integers(0, 2**32))
async def test_documents_with_a_few_bytes_changed_are_answered(
    endpoint: Endpoint, where: int, what: bytes, seed: int
) -> None:
    body = bytearray(orjson.dumps({"query": Author(seed).document(), "operationName": "Q"}))
    body[where : where + len(what)] = what

    check(await endpoint.ask(bytes(body)))
