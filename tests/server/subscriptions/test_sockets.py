"""GraphQL over WebSockets, on real ones: the protocol graphql-transport-ws (its PROTOCOL.md)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from starlette.types import Message
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from db.engine import Database
from resolvers.errors import ServiceUnavailable
from server import connections
from server.limits import Limits
from server.profiles import Profile
from server.subscriptions.limits import StreamLimits
from server.subscriptions.sockets import Sockets
from server.subscriptions.streams import Streams
from tests.catalog import uuid
from tests.server.subscriptions.conftest import Served
from tests.server.subscriptions.following import Tokens, closed, code, ended, made, operations

PROTOCOL = "graphql-transport-ws"
QUICK = StreamLimits(check=0.02)


class Client:
    """What a client of the protocol sends and gets."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, kind: str, **members: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **members}))

    async def subscribe(self, query: str, name: str = "1", **more: Any) -> None:
        await self.send("subscribe", id=name, payload={"query": query, **more})

    async def get(self) -> Any:
        async with asyncio.timeout(5):
            frame = await self.socket.recv()
        assert isinstance(frame, str)  # text frames only
        return json.loads(frame)

    async def closing(self) -> tuple[int, str]:
        """Code and reason, after whatever else still comes."""
        with suppress(ConnectionClosed):
            while True:
                await self.get()
        assert self.socket.close_code is not None
        return self.socket.close_code, self.socket.close_reason or ""


@asynccontextmanager
async def connected(url: str, *, protocol: str | None = PROTOCOL, **more: Any) -> AsyncIterator[Client]:
    protocols = None if protocol is None else [Subprotocol(protocol)]
    async with connect(url.replace("http", "ws", 1), subprotocols=protocols, proxy=None, **more) as socket:
        yield Client(socket)


@asynccontextmanager
async def acknowledged(url: str, authorization: str = "JWT learner") -> AsyncIterator[Client]:
    async with connected(url) as client:
        await client.send("connection_init", payload={"Authorization": authorization})
        assert await client.get() == {"type": "connection_ack"}
        yield client


def following(data: Any, name: str = "1") -> dict[str, Any]:
    return {"id": name, "type": "next", "payload": {"data": data}}


async def test_a_subscription_is_answered_event_by_event_and_completed(served: Served) -> None:
    async with served() as url, acknowledged(url) as client:
        await client.subscribe("subscription { count(to: 2) }")

        assert client.socket.subprotocol == PROTOCOL
        assert [await client.get() for _ in range(3)] == [
            following({"count": 0}),
            following({"count": 1}),
            {"id": "1", "type": "complete"},
        ]


async def test_queries_and_mutations_work_too(served: Served) -> None:
    retire = "mutation ($id: ID!) { retireProgram(input: {id: $id}) { program { status } } }"
    async with served() as url, acknowledged(url, "JWT admin") as client:
        await client.subscribe('query A { organization(key: "Org0X") { key } }', operationName="A")
        assert await client.get() == following({"organization": {"key": "Org0X"}})
        assert await client.get() == {"id": "1", "type": "complete"}

        await client.subscribe(retire, variables={"id": f"Program:{uuid(1)}"})
        assert await client.get() == following({"retireProgram": {"program": {"status": "RETIRED"}}})
        assert await client.get() == {"id": "1", "type": "complete"}


async def test_an_empty_name_names_no_operation(served: Served) -> None:
    """As in JSON over HTTP: null leaves the name out, and an empty text is a name that nothing has."""
    async with served() as url, acknowledged(url) as client:
        await client.subscribe("{ __typename }", operationName="")
        refused = await client.get()
        await client.subscribe("{ __typename }", operationName=None)

        assert (refused["type"], code(refused["payload"])) == ("error", "OPERATION_RESOLUTION_FAILURE")
        assert await client.get() == following({"__typename": "Query"})


async def test_operations_run_beside_one_another_and_each_is_ended_alone(served: Served) -> None:
    async with served() as url, acknowledged(url) as client:
        for name in ("a", "b"):
            await client.subscribe(f'subscription {{ waiting(name: "{name}") }}', name=name)
            assert await client.get() == following({"waiting": name}, name)

        await client.send("complete", id="a")
        assert await ended("a")
        assert closed == ["a"]
        await client.send("complete", id="unknown")
        await client.subscribe("subscription { count(to: 1) }", name="a")
        assert await client.get() == following({"count": 0}, "a")


@pytest.mark.parametrize("by", ["close", "abort"])
async def test_a_client_that_goes_ends_its_sources(served: Served, by: str) -> None:
    streams = Streams(QUICK)
    async with served(streams=streams) as url:
        async with acknowledged(url) as client:
            await client.subscribe('subscription { waiting(name: "gone") }')
            await client.get()
            if by == "abort":
                client.socket.transport.abort()

        assert await ended("gone")
        await asyncio.sleep(0.05)
        assert streams.open == 0


async def test_an_operation_that_is_refused_ends_with_an_error_and_the_connection_goes_on(served: Served) -> None:
    async with served() as url, acknowledged(url) as client:
        for query, expected in [
            ("subscription {", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { refusing }", "FORBIDDEN"),
        ]:
            await client.subscribe(query)
            message = await client.get()
            assert (message["id"], message["type"]) == ("1", "error")
            assert code(message["payload"]) == expected
        await client.subscribe("subscription { failing }")
        assert await client.get() == following({"failing": 1})
        message = await client.get()
        assert (message["type"], code(message["payload"])) == ("error", "INTERNAL_SERVER_ERROR")
        assert "secret" not in str(message)


async def test_errors_of_fields_stand_in_the_answer(served: Served) -> None:
    async with served() as url, acknowledged(url) as client:
        await client.subscribe('{ course(key: "nonsense") { key } }')
        message = await client.get()

    assert message["type"] == "next"
    assert message["payload"]["data"] == {"course": None}
    assert code(message["payload"]["errors"]) == "BAD_USER_INPUT"


async def test_a_ping_is_answered_at_any_time(served: Served) -> None:
    async with served() as url, connected(url) as client:
        await client.send("ping")
        assert await client.get() == {"type": "pong"}
        await client.send("pong")
        await client.send("ping", payload={"at": 1})
        assert await client.get() == {"type": "pong", "payload": {"at": 1}}


async def test_times_are_written_as_everywhere_else(served: Served) -> None:
    async with served() as url, acknowledged(url) as client:
        await client.subscribe("subscription { heartbeat { number at health { status } } }")
        beat = (await client.get())["payload"]["data"]["heartbeat"]

    assert beat["at"].endswith("Z")
    assert (beat["number"], beat["health"]) == (0, {"status": "OK"})


# Who may connect


@pytest.mark.parametrize(
    ("header", "payload", "total"),
    [
        (None, {"Authorization": "JWT admin"}, 6),
        (None, {"headers": {"authorization": "JWT admin"}}, 6),
        ("JWT admin", None, 6),
        ("JWT bad", {"authorization": "JWT admin"}, 6),
        ("JWT admin", {"authorization": "JWT learner"}, 4),
    ],
)
async def test_the_token_comes_with_the_first_message_or_the_handshake(
    served: Served, header: str | None, payload: dict[str, Any] | None, total: int
) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with served() as url, connected(url, additional_headers=headers) as client:
        await client.send("connection_init", payload=payload)
        await client.get()
        await client.subscribe("{ programs { totalCount } }")
        assert await client.get() == following({"programs": {"totalCount": total}})


async def test_without_a_token_only_what_is_open_to_all_is_answered(served: Served) -> None:
    async with served() as url, connected(url) as client:
        await client.send("connection_init")
        await client.get()
        await client.subscribe("{ health { status } }")
        assert await client.get() == following({"health": {"status": "OK"}})
        await client.get()
        await client.subscribe("subscription { count }")
        assert code((await client.get())["payload"]) == "UNAUTHENTICATED"


async def test_a_bad_token_is_forbidden(served: Served) -> None:
    async with served() as url, connected(url) as client:
        await client.send("connection_init", payload={"Authorization": "JWT bad"})
        assert await client.closing() == (4403, "Forbidden: The token has expired.")


@pytest.mark.parametrize(
    "query", ['subscription { waiting(name: "expired") }', "subscription { count(to: 9999, pause: 0.01) }"]
)
async def test_a_connection_ends_with_its_token(served: Served, tokens: Tokens, query: str) -> None:
    async with served(QUICK) as url, acknowledged(url) as client:
        await client.subscribe(query)
        await client.get()
        del tokens.viewers["learner"]

        assert await client.closing() == (4403, "Forbidden: The token has expired.")
        assert "waiting" not in query or await ended("expired")


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_page_of_another_origin_is_refused_at_the_handshake(served: Served, origin: str) -> None:
    async with served() as url:
        with pytest.raises(InvalidStatus) as error:
            await connected(url, origin=Origin(origin)).__aenter__()

    assert error.value.response.status_code == 403


async def test_pages_of_our_own_and_of_allowed_origins_are_let_in(served: Served) -> None:
    async with served(origins=["https://Dashboard.example"]) as url:
        for origin in (url.removesuffix("/graphql"), "https://dashboard.example"):
            async with connected(url, origin=Origin(origin)) as client:
                await client.send("connection_init")
                assert await client.get() == {"type": "connection_ack"}


@pytest.mark.parametrize("protocol", [None, "graphql-ws"])
async def test_older_protocols_are_not_spoken(served: Served, protocol: str | None) -> None:
    async with served() as url, connected(url, protocol=protocol) as client:
        assert client.socket.subprotocol is None
        assert await client.closing() == (4406, "Subprotocol not acceptable")


# What closes a connection


@pytest.mark.parametrize("frame", ["", "nonsense", '{"type": "start", "id": "1"}', b'{"type": "ping"}'])
async def test_what_is_no_message_closes_the_connection(served: Served, frame: str | bytes) -> None:
    async with served() as url, acknowledged(url) as client:
        await client.subscribe('subscription { waiting(name: "other") }')
        await client.get()
        await client.socket.send(frame)

        number, reason = await client.closing()
        assert number == 4400
        assert reason.startswith("Invalid message: ")
        assert await ended("other")


async def test_a_message_may_not_be_larger_than_a_request(served: Served) -> None:
    async with served(profile=Profile(Limits(body=1000))) as url, connected(url) as client:
        await client.socket.send(json.dumps({"type": "ping"}).ljust(1000))
        assert await client.get() == {"type": "pong"}
        await client.socket.send(json.dumps({"type": "ping"}).ljust(1001))
        assert (await client.closing())[0] == 1009


async def test_operations_wait_for_the_acknowledgement(served: Served) -> None:
    async with served() as url, connected(url) as client:
        await client.subscribe("{ health { status } }")
        assert await client.closing() == (4401, "Unauthorized")


async def test_a_client_introduces_itself_in_time(served: Served) -> None:
    limits = StreamLimits(check=0.02, initialization=0.1)
    async with served(limits) as url, connected(url) as silent, acknowledged(url) as client:
        assert await silent.closing() == (4408, "Connection initialisation timeout")
        await client.send("ping")
        assert await client.get() == {"type": "pong"}


async def test_a_client_introduces_itself_once(served: Served) -> None:
    async with served() as url, acknowledged(url) as client:
        await client.send("connection_init")
        assert await client.closing() == (4429, "Too many initialisation requests")


async def test_an_id_names_one_operation_at_a_time(served: Served) -> None:
    async with served() as url, acknowledged(url) as client:
        await client.subscribe('subscription { waiting(name: "first") }', name="x")
        await client.get()
        await client.subscribe("{ health { status } }", name="x")
        assert await client.closing() == (4409, "Subscriber for x already exists")
        assert await ended("first")


async def test_a_connection_runs_so_many_operations_at_once(served: Served) -> None:
    async with served(StreamLimits(operations=2)) as url, acknowledged(url) as client:
        for name in ("a", "b"):
            await client.subscribe(f'subscription {{ waiting(name: "{name}") }}', name=name)
            await client.get()
        await client.subscribe("{ health { status } }", name="c")
        message = await client.get()
        assert (message["id"], message["type"], code(message["payload"])) == ("c", "error", "SERVICE_UNAVAILABLE")

        await client.send("complete", id="a")
        await client.subscribe("{ health { status } }", name="c")
        assert await client.get() == following({"health": {"status": "OK"}}, "c")


async def test_a_process_has_so_many_streams(served: Served) -> None:
    async with served(StreamLimits(connections=1)) as url, connected(url) as first, connected(url) as second:
        assert await second.closing() == (1013, "Too many connections")
        await first.socket.close()
        await asyncio.sleep(0.05)
        async with acknowledged(url):
            pass


async def test_an_idle_connection_is_closed_and_one_with_an_operation_is_not(served: Served) -> None:
    limits = StreamLimits(check=0.02, idle=0.2)
    async with served(limits) as url, acknowledged(url) as idle, acknowledged(url) as busy:
        await busy.subscribe('subscription { waiting(name: "busy") }')
        await busy.get()
        started = asyncio.get_running_loop().time()
        assert await idle.closing() == (1000, "Idle")
        assert 0.15 < asyncio.get_running_loop().time() - started < 2
        await busy.send("ping")
        assert await busy.get() == {"type": "pong"}
        await busy.send("complete", id="1")
        assert await busy.closing() == (1000, "Idle")


async def test_a_connection_ends_after_its_lifetime(served: Served) -> None:
    async with served(StreamLimits(check=0.02, lifetime=0.2)) as url, acknowledged(url) as client:
        await client.subscribe("subscription { count(to: 9999, pause: 0.01) }")
        assert (await client.closing())[0] == 1001


async def test_a_server_that_stops_tells_its_clients_and_lets_no_others_in(served: Served) -> None:
    streams = Streams()
    async with served(streams=streams) as url, acknowledged(url) as client:
        await client.subscribe('subscription { waiting(name: "stopped") }')
        await client.get()
        await streams.close()

        assert streams.open == 0
        assert closed == ["stopped"]
        assert await client.closing() == (1001, "Going away")
        async with connected(url) as late:
            assert (await late.closing())[0] == 1013


async def test_a_token_that_cannot_be_checked_any_more_closes_the_connection_for_now(
    served: Served, tokens: Tokens
) -> None:
    lost = 1013, "The database does not answer; try again later."
    async with served(QUICK) as url:
        async with acknowledged(url) as client:
            tokens.is_lost = True
            assert await client.closing() == lost
        async with connected(url) as client:
            await client.send("connection_init", payload={"Authorization": "JWT learner"})
            assert await client.closing() == lost


async def test_documents_that_cannot_be_looked_up_refuse_an_operation_and_the_connection_goes_on(
    served: Served,
) -> None:
    """A locked server knows no document while its database does not answer."""

    def lost(_text: str) -> bool:
        raise ServiceUnavailable("The database does not answer; try again later.")

    async with served(profile=Profile(is_known=lost)) as url, acknowledged(url) as client:
        await client.subscribe("{ health { status } }")
        error = await client.get()
        await client.send("ping")

        assert (error["type"], code(error["payload"])) == ("error", "SERVICE_UNAVAILABLE")
        assert await client.get() == {"type": "pong"}


async def test_a_fault_closes_the_connection_and_tells_nothing(served: Served, tokens: Tokens) -> None:
    async with served(QUICK) as url, acknowledged(url) as client:
        tokens.viewers = None  # type: ignore[assignment]
        assert await client.closing() == (1011, "Internal error")


async def test_a_client_that_reads_nothing_holds_no_connection(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "READING_SECONDS", 0.3)
    streams = Streams()
    async with served(streams=streams) as url, acknowledged(url) as client:
        client.socket.transport.pause_reading()
        await client.subscribe("subscription { flood }")
        with suppress(TimeoutError):
            await asyncio.wait_for(streams._empty.wait(), 10)
        assert streams.open == 0
        client.socket.transport.abort()


async def test_a_slow_client_holds_its_source_up(served: Served) -> None:
    """What is not read is not made either: a client cannot fill the server's memory."""
    async with served() as url, acknowledged(url) as client:
        client.socket.transport.pause_reading()
        await client.subscribe("subscription { flood }")
        async with asyncio.timeout(20):
            already = -1
            while not made or made[-1] != already:
                already = made[-1] if made else -1
                await asyncio.sleep(0.5)

        assert 0 < already < 1000
        client.socket.transport.resume_reading()
        await client.get()
        client.socket.transport.abort()


async def test_an_authorization_that_is_no_text_closes_the_connection(served: Served) -> None:
    async with served() as url, connected(url) as client:
        await client.send("connection_init", payload={"Authorization": 1})
        assert await client.closing() == (4400, "Invalid message: the authorization in its payload is no text")


async def test_a_client_that_is_gone_before_it_is_told_something_ends_its_connection(
    database: Database, tokens: Tokens
) -> None:
    """That is no fault, and nothing of it stays."""
    streams, told = Streams(QUICK), list[str]()
    sent: list[Message] = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": '{"type": "ping"}'}]

    async def receive() -> Message:
        if not sent:
            await asyncio.Event().wait()
        return sent.pop(0)

    async def send(message: Message) -> None:
        if told:
            raise OSError("the client is gone")
        told.append(message["type"])

    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": [PROTOCOL]}
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            await Sockets(operations(database), tokens.viewer, streams)(scope, receive, send)
    assert (told, streams.open, logs) == (["websocket.accept"], 0, [])
