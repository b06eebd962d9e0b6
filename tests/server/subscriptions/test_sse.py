"""GraphQL over server-sent events, in "distinct connections mode" (graphql-sse, PROTOCOL.md)."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.types import Message

from db.engine import Database
from server import connections
from server.graphql import GraphQLView
from server.limits import Limits
from server.media import EVENTS
from server.profiles import Profile
from server.subscriptions.limits import StreamLimits
from server.subscriptions.sse import EventStreams
from server.subscriptions.streams import Streams
from tests.catalog import uuid
from tests.server.subscriptions.conftest import Served
from tests.server.subscriptions.following import Tokens, closed, code, ended, made, operations

HEADERS = {"accept": EVENTS, "authorization": "JWT learner"}
QUICK = StreamLimits(check=0.02)


class Stream:
    """A response, read event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def event(self) -> tuple[str, Any]:
        """The next event and its data; `:` for a comment and the empty text for the end."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(5):
            async for line in self._lines:
                if not line and fields:
                    data = fields.get("data")
                    return fields["event"], json.loads(data) if data else data
                if line:
                    name, _, value = line.partition(":")
                    fields[name or "event"] = value.strip() if name else ":"
        return "", None

    async def events(self) -> list[tuple[str, Any]]:
        """All events to the end, without comments."""
        found = []
        while (event := await self.event())[0]:
            if event[0] != ":":
                found.append(event)
        return found


@asynccontextmanager
async def streamed(
    url: str, query: str, *, method: str = "POST", headers: dict[str, str] | None = None, **more: Any
) -> AsyncIterator[Stream]:
    body = {"query": query} | more
    asked: dict[str, Any] = {"json": body} if method == "POST" else {"params": body}
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream(method, url, headers=HEADERS | (headers or {}), **asked) as response,
    ):
        yield Stream(response)


async def refused(url: str, query: str, **more: Any) -> tuple[int, str]:
    async with streamed(url, query, **more) as stream:
        body = json.loads(await stream.response.aread())
    return stream.response.status_code, code(body["errors"])


def following(data: Any) -> tuple[str, Any]:
    return "next", {"data": data}


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_subscription_is_answered_event_by_event_and_completed(served: Served, method: str) -> None:
    async with served() as url, streamed(url, "subscription { count(to: 2) }", method=method) as stream:
        assert stream.response.status_code == 200
        assert stream.response.headers["content-type"] == f"{EVENTS}; charset=utf-8"
        assert stream.response.headers["cache-control"] == "no-store"
        assert stream.response.headers["x-accel-buffering"] == "no"
        assert [await stream.event() for _ in range(5)] == [
            (":", None),
            following({"count": 0}),
            following({"count": 1}),
            ("complete", ""),
            ("", None),
        ]


async def test_queries_and_mutations_work_too(served: Served) -> None:
    retire = f'mutation {{ retireProgram(input: {{id: "Program:{uuid(1)}"}}) {{ program {{ status }} }} }}'
    async with served() as url:
        async with streamed(url, "{ health { status } }") as stream:
            assert await stream.events() == [following({"health": {"status": "OK"}}), ("complete", "")]
        async with streamed(url, retire, headers={"authorization": "JWT admin"}) as stream:
            [answer, _] = await stream.events()
            assert answer == following({"retireProgram": {"program": {"status": "RETIRED"}}})


async def test_what_accepts_no_events_goes_to_the_ordinary_view(served: Served) -> None:
    async with served() as url, httpx.AsyncClient(trust_env=False) as client:
        response = await client.post(url, json={"query": "{ health { status } }"})

    assert response.json() == {"data": {"health": {"status": "OK"}}}


async def test_a_client_that_goes_ends_its_source(served: Served) -> None:
    streams = Streams(QUICK)
    async with served(streams=streams) as url:
        async with streamed(url, 'subscription { waiting(name: "gone") }') as stream:
            await stream.event()
            await stream.event()
            assert streams.open == 1
        assert await ended("gone")
        await asyncio.sleep(0.05)
        assert streams.open == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { refusing }", "FORBIDDEN"),
        ("subscription { seen(uuids: []) { program { courses { course { key } } } } }", "DEPTH_LIMIT_EXCEEDED"),
    ],
)
async def test_an_operation_that_is_refused_is_told_so_in_the_stream(served: Served, query: str, expected: str) -> None:
    """graphql-sse, PROTOCOL.md: browsers show nothing of a response that is no stream."""
    async with served(profile=Profile(Limits(depth=3))) as url, streamed(url, query) as stream:
        [(kind, body), last] = await stream.events()

    assert (kind, last) == ("next", ("complete", ""))
    assert list(body) == ["errors"]
    assert code(body["errors"]) == expected


async def test_a_source_that_fails_ends_the_stream_with_an_error(served: Served) -> None:
    async with served() as url, streamed(url, "subscription { failing }") as stream:
        [first, (_, body), last] = await stream.events()

    assert (first, last) == (following({"failing": 1}), ("complete", ""))
    assert code(body["errors"]) == "INTERNAL_SERVER_ERROR"
    assert "secret" not in str(body)


async def test_requests_that_hold_no_operation_are_refused_as_without_events(served: Served) -> None:
    async with served(profile=Profile(Limits(body=1000))) as url:
        assert await refused(url, "") == (400, "BAD_REQUEST")
        assert await refused(url, "#".ljust(1000)) == (413, "PAYLOAD_TOO_LARGE")
        assert await refused(url, "", method="PUT") == (405, "METHOD_NOT_ALLOWED")
        assert await refused(url, "{a}", headers={"content-type": "text/plain"}) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_get_is_for_reading(served: Served) -> None:
    """graphql-sse, PROTOCOL.md, after GraphQL over HTTP, "GET": no mutations."""
    retire = f'mutation {{ retireProgram(input: {{id: "Program:{uuid(1)}"}}) {{ program {{ status }} }} }}'
    async with served() as url:
        assert await refused(url, retire, method="GET") == (405, "METHOD_NOT_ALLOWED")
        async with streamed(url, "{ health { status } }", method="GET") as stream:
            assert (await stream.events())[0] == following({"health": {"status": "OK"}})


async def test_a_locked_server_takes_no_get(served: Served) -> None:
    async with served(profile=Profile(takes_get=False)) as url:
        assert await refused(url, "subscription { count }", method="GET") == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("authorization", ["", "JWT bad"])
async def test_without_a_good_token_there_is_no_stream(served: Served, authorization: str) -> None:
    async with served() as url:
        headers = {"authorization": authorization}
        assert await refused(url, "subscription { count }", headers=headers) == (401, "UNAUTHENTICATED")


async def test_pages_of_other_origins_open_no_streams(served: Served) -> None:
    async with served(origins=["https://dashboard.example"]) as url:
        headers = {"origin": "https://evil.example"}
        assert await refused(url, "subscription { count }", headers=headers) == (403, "FORBIDDEN")
        for origin in ("https://dashboard.example", url.removesuffix("/graphql")):
            async with streamed(url, "subscription { count }", headers={"origin": origin}) as stream:
                assert stream.response.status_code == 200


async def test_a_stream_ends_with_its_token_and_is_complete(served: Served, tokens: Tokens) -> None:
    """So that browsers do not ask again, which they do after an end without `complete`."""
    async with served(QUICK) as url, streamed(url, 'subscription { waiting(name: "expired") }') as stream:
        await stream.event()
        assert await stream.event() == following({"waiting": "expired"})
        del tokens.viewers["learner"]
        [(_, body), last] = await stream.events()

    assert code(body["errors"]) == "UNAUTHENTICATED"
    assert last == ("complete", "")
    assert closed == ["expired"]


@pytest.mark.parametrize("why", ["lifetime", "stopping"])
async def test_a_stream_that_the_server_ends_is_not_complete(served: Served, why: str) -> None:
    streams = Streams(StreamLimits(check=0.02, lifetime=0.3 if why == "lifetime" else 60))
    async with served(streams=streams) as url, streamed(url, 'subscription { waiting(name: "cut") }') as stream:
        await stream.event()
        await stream.event()
        if why == "stopping":
            await streams.close()
        assert await stream.events() == []

    assert closed == ["cut"]


async def test_comments_keep_a_silent_stream_alive(served: Served) -> None:
    query = 'subscription { waiting(name: "silent") }'
    async with served(StreamLimits(heartbeat=0.05)) as url, streamed(url, query) as stream:
        events = [(await stream.event())[0] for _ in range(5)]

    assert events == [":", "next", ":", ":", ":"]


async def test_a_process_has_so_many_streams(served: Served) -> None:
    query = 'subscription { waiting(name: "first") }'
    async with served(StreamLimits(connections=1)) as url, streamed(url, query) as stream:
        await stream.event()
        assert await refused(url, query) == (503, "SERVICE_UNAVAILABLE")


async def test_a_token_that_cannot_be_checked_any_more_ends_a_stream_and_begins_none(
    served: Served, tokens: Tokens
) -> None:
    async with served(QUICK) as url:
        async with streamed(url, 'subscription { waiting(name: "lost") }') as stream:
            await stream.event()
            await stream.event()
            tokens.is_lost = True
            [(_, body), _] = await stream.events()

        assert await refused(url, "subscription { count }") == (503, "SERVICE_UNAVAILABLE")
    assert code(body["errors"]) == "SERVICE_UNAVAILABLE"
    assert body["errors"][0]["message"] == "The database does not answer; try again later."


async def test_a_fault_is_told_as_one_and_no_more(served: Served, tokens: Tokens) -> None:
    async with served(QUICK) as url, streamed(url, 'subscription { waiting(name: "fault") }') as stream:
        await stream.event()
        await stream.event()
        tokens.viewers = None  # type: ignore[assignment]
        [(_, body), _] = await stream.events()

    assert code(body["errors"]) == "INTERNAL_SERVER_ERROR"


async def test_a_client_that_reads_nothing_holds_no_stream(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end would wait for the client to read what is before."""
    monkeypatch.setattr(connections, "READING_SECONDS", 0.3)
    streams = Streams()
    body = json.dumps({"query": "subscription { flood }"}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: test\r\naccept: {EVENTS}\r\nauthorization: JWT learner\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    async with served(streams=streams) as url:
        with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0)) as silent:
            silent.sendall(head.encode() + body)
            for _ in range(100):
                if not made:
                    await asyncio.sleep(0.05)
            assert streams.open == 1
            await asyncio.wait_for(streams._empty.wait(), 10)


async def test_a_slow_client_holds_its_source_up(served: Served) -> None:
    async with served() as url, streamed(url, "subscription { flood }") as stream:
        await stream.event()
        await asyncio.sleep(0.5)
        already = made[-1]
        await asyncio.sleep(0.3)

        assert 0 < already < 1000
        assert made[-1] == already


@pytest.mark.parametrize("heard", [0, 1])
async def test_a_client_that_is_gone_before_it_is_told_something_ends_its_stream(
    database: Database, tokens: Tokens, heard: int
) -> None:
    """Some servers say so where they are given something to send."""
    streams, told = Streams(QUICK), list[bytes]()
    sent: list[Message] = [{"type": "http.request", "body": b'{"query": "subscription { flood }"}'}]

    async def receive() -> Message:
        if not sent:
            await asyncio.Event().wait()
        return sent.pop(0)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            if len(told) == heard:
                raise OSError("the client is gone")
            told.append(message["body"])

    running = operations(database)
    headers = [(b"accept", EVENTS.encode()), (b"authorization", b"JWT learner"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    view = GraphQLView(running._executor, tokens.viewer)
    async with asyncio.timeout(5):
        await EventStreams(view, running, tokens.viewer, streams)(scope, receive, send)
    assert (told, streams.open) == ([b":\n\n"] * heard, 0)
