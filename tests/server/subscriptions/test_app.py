"""Subscriptions of the whole application, with tokens as the LMS signs them."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import URL
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from resolvers.access import Role
from server.app import create_app
from server.settings import Settings, load
from server.signin import mint
from tests.serving import serving

PROTOCOL = Subprotocol("graphql-transport-ws")
QUERY = "subscription { heartbeat(every: 1) { number health { status } } }"
FIRST = {"data": {"heartbeat": {"number": 0, "health": {"status": "OK"}}}}


@pytest.fixture
def settings(database_url: URL) -> Settings:
    return load(
        database_url=database_url,
        jwt_secret="a secret that is long enough for tests, and no other use",
        jwt_audience=("collegium-tests",),
        jwt_issuers=("https://lms.example.org/oauth2",),
        jwt_leeway=0,
    )


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    app = create_app(settings)
    async with serving(app) as url:
        yield f"{url}/graphql"
        await app.state.streams.close()


def token(settings: Settings, seconds: int) -> str:
    return f"JWT {mint(settings, 'learner', Role.LEARNER, timedelta(seconds=seconds))}"


async def test_a_heartbeat_comes_over_a_websocket_until_the_token_ends(url: str, settings: Settings) -> None:
    async with connect(url.replace("http", "ws", 1), subprotocols=[PROTOCOL], proxy=None) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": token(settings, 3)}}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": QUERY}}))
        assert json.loads(await socket.recv()) == {"id": "1", "type": "next", "payload": FIRST}

        with suppress(ConnectionClosed):
            for _ in range(10):
                await socket.recv()

    assert (socket.close_code, socket.close_reason) == (4403, "Forbidden: The token has expired.")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_heartbeat_comes_as_events_until_the_token_ends(url: str, settings: Settings, method: str) -> None:
    headers = {"accept": "text/event-stream", "authorization": token(settings, 3)}
    asked = {"params": {"query": QUERY}} if method == "GET" else {"json": {"query": QUERY}}
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.request(method, url, headers=headers, **asked)  # type: ignore[arg-type]

    events = [event for event in response.text.split("\n\n") if event.startswith("event:")]
    first, error = (json.loads(events[number].partition("data: ")[2]) for number in (0, -2))
    assert first == FIRST
    assert error["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert events[-1] == "event: complete\ndata:"


async def test_a_browser_still_gets_the_explorer(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        page = await client.get(url, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert "<title>Collegium" in page.text
