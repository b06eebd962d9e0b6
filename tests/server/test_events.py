"""`POST /events`: signed, idempotent, stored and answered with 202, whatever becomes of them later."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Message
from structlog.testing import capture_logs

from db.engine import Database, open_database
from resolvers.learners import Learners
from server.events import LARGEST_BODY, MOST_EVENTS, SIGNATURE, EventsEndpoint
from tests.edx.test_events import told
from tests.serving import serving

SECRET = "a-plainly-fake-secret-of-the-tests"
ENROLLED = "course.enrollment.created"


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    learners = Learners(database)
    app = Starlette(routes=EventsEndpoint(learners.inbox, SECRET).routes())
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        yield client
    await learners.aclose()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, sha256).hexdigest()
    return {SIGNATURE: f"sha256={digest}", "content-type": "application/json"}


async def send(client: httpx.AsyncClient, given: Any, **headers: str) -> tuple[int, Any]:
    body = given if isinstance(given, bytes) else orjson.dumps(given)
    answer = await client.post("/events", content=body, headers=signed(body) | headers)
    return answer.status_code, answer.json()


def numbered(*ids: int) -> list[dict[str, Any]]:
    return [told(ENROLLED) | {"id": str(id_)} for id_ in ids]


async def test_signed_events_are_taken_once(client: httpx.AsyncClient) -> None:
    assert await send(client, numbered(1)[0]) == (202, {"accepted": 1, "known": 0, "ignored": 0})
    assert await send(client, numbered(1, 2)) == (202, {"accepted": 1, "known": 1, "ignored": 0})


async def test_a_token_does_in_place_of_a_signature(client: httpx.AsyncClient) -> None:
    headers = {"authorization": f"Bearer {SECRET}", "content-type": "application/cloudevents+json; charset=utf-8"}

    answer = await client.post("/events", content=orjson.dumps(numbered(1)[0]), headers=headers)

    assert answer.status_code == 202


async def test_a_token_may_have_any_letters(database: Database) -> None:
    learners = Learners(database)
    app = Starlette(routes=EventsEndpoint(learners.inbox, "plainly-fäke").routes())
    headers = {b"authorization": "Bearer plainly-fäke".encode(), b"content-type": b"application/json"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post("/events", content=b"[]", headers=headers)
    await learners.aclose()

    assert answer.status_code == 202


async def test_events_of_other_types_are_accepted_without_effect(client: httpx.AsyncClient) -> None:
    other = {"id": "1", "type": "org.openedx.learning.thread.created.v1", "data": {}}

    assert await send(client, other) == (202, {"accepted": 0, "known": 0, "ignored": 1})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {SIGNATURE: ""},
        {SIGNATURE: "sha256=" + "0" * 64},
        {SIGNATURE: signed(b"other")[SIGNATURE]},
        {"authorization": "Bearer wrong"},
        {"authorization": f"JWT {SECRET}"},
        {"authorization": f"Bearer {SECRET}", SIGNATURE: "sha256=0"},
    ],
)
async def test_who_does_not_know_the_secret_is_refused_and_logged(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """§2.6: unauthenticated or badly signed events get 401, and nothing is done."""
    body = orjson.dumps(numbered(1)[0])
    with capture_logs() as logs:
        answer = await client.post("/events", content=body, headers={"content-type": "application/json", **headers})

    assert answer.status_code == 401
    assert [entry["event"] for entry in logs] == ["events_refused"]
    assert SECRET not in str(logs)
    assert (await send(client, numbered(1)[0]))[1]["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"{", 400, "no JSON"),
        (b'"event"', 400, "event 0"),
        (orjson.dumps([*numbered(1), {**numbered(2)[0], "data": {}}]), 400, "event 1"),
        (orjson.dumps([{}] * (MOST_EVENTS + 1)), 413, "1001 events"),
        (b" " * (LARGEST_BODY + 1), 413, "bytes"),
    ],
)  # fmt: skip
async def test_bad_events_are_refused_all_together(
    client: httpx.AsyncClient, body: bytes, status: int, reason: str
) -> None:
    got, answer = await send(client, body)

    assert got == status
    assert reason in answer["error"]
    assert (await send(client, numbered(1)))[1]["accepted"] == 1


async def test_another_media_type_and_another_method_are_refused(client: httpx.AsyncClient) -> None:
    assert (await send(client, numbered(1), **{"content-type": "text/plain"}))[0] == 415
    assert (await client.get("/events")).status_code == 405


async def test_a_burst_of_requests_is_taken_without_losing_any(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(send(client, numbered(*range(i, i + 20))) for i in range(0, 1000, 20)))

    assert sum(answer["accepted"] for status, answer in answers if status == 202) == 1000


async def test_events_that_cannot_be_stored_are_to_be_sent_again(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    learners = Learners(database)
    app = Starlette(routes=EventsEndpoint(learners.inbox, SECRET).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        status, told = await send(client, numbered(1))
    await learners.aclose()
    await database.close()

    assert (status, told) == (503, {"error": "The database does not answer; try again later."})


async def test_a_sender_that_goes_away_stores_nothing(tmp_path: Path) -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    endpoint = EventsEndpoint(Learners(database).inbox, SECRET)
    headers = [(name.encode(), value.encode()) for name, value in signed(b"{}").items()]
    scope = {"type": "http", "method": "POST", "path": "/events", "headers": headers}

    assert (await endpoint.answer(Request(scope, gone))).status_code == 400
    await database.close()
