"""Requests of nobody's client, byte by byte, to the whole server on a real connection: no fault, and no leak.

Domain notes, table g, row 2: at least 50 of them, never 5xx, and JSON with `errors` where an operation was meant.
"""

import asyncio
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest
from sqlalchemy import URL

from server.app import create_app
from server.settings import load
from tests.serving import serving

DEEP = b"[" * 20_000
QUERY = b'{"query": "{ __typename }"}'
LEAKS = (
    b"Traceback",
    b"sqlalchemy",
    b"graphql-core",
    b"strawberry",
    b"asyncpg",
    b"sqlite3",
    b"/server/",
    b"site-packages",
    b"sys.set",
)


def post(body: bytes = QUERY, *headers: bytes, kind: bytes = b"application/json") -> bytes:
    lines = [b"content-type: " + kind, b"content-length: %d" % len(body), *headers]
    return request(b"POST /graphql", *lines) + body


def get(parameters: bytes, *headers: bytes) -> bytes:
    return request(b"GET /graphql?" + parameters, *headers)


def request(line: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([line + b" HTTP/1.1", b"host: test", *headers, b"", b""])


def variables(value: bytes) -> bytes:
    return b'{"query": "query ($n: Int) { organizations(first: $n) { totalCount } }", "variables": {"n": %b}}' % value


def document(text: str) -> bytes:
    return orjson.dumps({"query": text})


BODIES = [
    b"",
    b"null",
    b"true",
    b"1",
    b'"x"',
    b"[]",
    b"[1]",
    b"{",
    b"{}",
    b"{]",
    DEEP,
    b'{"query":' + DEEP,
    b"\xff\xfe",
    b"\x00",
    b"\xef\xbb\xbf" + QUERY,
    b'{"query": "\xff"}',
    b'{"query": "\\ud800"}',
    b'{"query": 1}',
    b'{"query": null}',
    b'{"query": []}',
    b'{"query": ""}',
    b'{"query": "{ __typename }", "query": 1}',
    b"[" + QUERY + b"]",
    b'{"query": "{ __typename }", "variables": []}',
    b'{"query": "{ __typename }", "operationName": {}}',
    b'{"query": "{ __typename }", "extensions": "x"}',
    variables(b"1e999"),
    variables(b"NaN"),
    variables(b"1" * 400),
    variables(b'"1"'),
    variables(DEEP),
    document("{"),
    document("}"),
    document("\0"),
    document("{ a" * 5_000),
    document("{ ...F } fragment F on Query { ...F }"),
    document("{ nonsense }"),
    document('{ course(key: "\\ud800") { key } }'),
    document("query A { __typename } query A { __typename }"),
    document("{ __typename " + "@skip(if: true) " * 500 + "}"),
    document("subscription { heartbeat { at } }"),
    document("{ organizations(first: " + "9" * 5_000 + ") { totalCount } }"),
    document("query ($n: Int = " + "9" * 5_000 + ") { organizations(first: $n) { totalCount } }"),
    document("type T { a: Int }"),
    document("{ __typename } #" + "x" * 300_000),
    document("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }" * 2),
]
"""Bodies that hold no operation that could be run."""

OTHERS = {
    "a form": post(b"query={__typename}", kind=b"application/x-www-form-urlencoded"),
    "a file": post(b"--x\r\n\r\n--x--", kind=b"multipart/form-data; boundary=x"),
    "no type": post(kind=b""),
    "a charset": post(kind=b"application/json; charset=utf-7"),
    "a zip": post(b"\x1f\x8b\x08\x00", b"content-encoding: gzip"),
    "no answer wanted": post(QUERY, b"accept: image/png"),
    "bytes in headers": post(QUERY, b"authorization: \xff\xfe", b"x-request-id: \xe9"),
    "a token of nobody": post(QUERY, b"authorization: JWT " + b"a." * 3000),
    "forged cookies": post(QUERY, b"use-jwt-cookie: true", b"cookie: " + b";=" * 2000),
    "a bad query string": get(b"query=%ff"),
    "many parameters": get(b"&".join(b"a%d=1" % number for number in range(1000))),
    "no query": get(b"variables={}"),
    "variables that are none": get(b"query={__typename}&variables=[1"),
    "a mutation by GET": get(b"query=mutation{__typename}"),
    "a long address": get(b"query=" + b"a" * 70_000),
    "another method": request(b"PUT /graphql"),
    "a method of its own": request(b"TRACE /graphql"),
}


@pytest.fixture
def dialect() -> str:
    """None of these gets as far as a database."""
    return "sqlite"


@pytest.fixture
async def url(database_url: URL) -> AsyncIterator[httpx.URL]:
    async with serving(create_app(load(database_url=database_url))) as url:
        yield httpx.URL(url)


async def test_hostile_requests_are_refused_in_json(url: httpx.URL) -> None:
    requests = {str(body[:60]): post(body) for body in BODIES} | OTHERS
    assert len(requests) >= 50

    bad = {}
    for name, given in requests.items():
        status, head, body = await answer(url, given)
        is_refused = 400 <= status < 500 or (status == 200 and name in {str(each[:60]) for each in BODIES})
        if not is_refused or not orjson.loads(body)["errors"] or any(leak in head + body for leak in LEAKS):
            bad[name] = head + body[:300]
    assert not bad


async def answer(url: httpx.URL, given: bytes) -> tuple[int, bytes, bytes]:
    """Status, head and body of what is answered to a request."""
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        async with asyncio.timeout(10):
            writer.write(given)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length: "))
            body = await reader.readexactly(int(length.removeprefix(b"content-length: ")))
            return int(head.split()[1]), head, body
    finally:
        writer.close()
