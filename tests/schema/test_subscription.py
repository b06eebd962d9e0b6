"""Root fields of subscriptions (design §5)."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import is_non_null_type

from db.engine import Database
from schema import schema
from server.execution import Executor, Operation, Result
from server.operations import Refusal
from server.subscriptions.operations import Operations
from tests.asking import LEARNER


@pytest.fixture
def dialect() -> str:
    """No subscription here reads tables."""
    return "sqlite"


def follow(database: Database, query: str) -> AsyncGenerator[Result, None]:
    operations = Operations(Executor(schema(), database), schema(), database)
    return operations.results(Operation(query), lambda: LEARNER)


def beat(result: Result) -> Any:
    assert not result.errors
    assert result.data is not None
    return result.data["heartbeat"]


async def test_a_heartbeat_comes_at_once_and_after_every_pause(database: Database) -> None:
    beats = follow(database, "subscription { heartbeat(every: 1) { number at health { status database } } }")
    loop = asyncio.get_running_loop()

    started = loop.time()
    first = beat(await anext(beats))
    at_once = loop.time() - started
    second = beat(await anext(beats))
    paused = loop.time() - started
    await beats.aclose()

    assert at_once < 0.9 < paused < 3
    assert (first["number"], second["number"]) == (0, 1)
    assert first["health"] == {"status": "OK", "database": "OK"}
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(first["at"]) < timedelta(seconds=5)
    assert first["at"] < second["at"]


async def test_a_heartbeat_tells_when_the_database_does_not_answer(database: Database) -> None:
    beats = follow(database, "subscription { heartbeat(every: 1) { health { status } } }")
    assert beat(await anext(beats)) == {"health": {"status": "OK"}}

    await database.close()
    for file in database.path.parent.glob(f"{database.path.name}*"):  # type: ignore[attr-defined]
        file.unlink()

    assert beat(await anext(beats)) == {"health": {"status": "UNAVAILABLE"}}
    await beats.aclose()


@pytest.mark.parametrize("every", [0, -1, 3601])
async def test_pauses_out_of_range_are_refused(database: Database, every: int) -> None:
    with pytest.raises(Refusal) as refused:
        await anext(follow(database, f"subscription {{ heartbeat(every: {every}) {{ number }} }}"))

    [error] = refused.value.errors
    assert error["message"] == f"every: {every} is not between 1 and 3600"
    assert (error["extensions"]["code"], error["path"]) == ("BAD_USER_INPUT", ["heartbeat"])


@pytest.mark.parametrize("every", [1, 3600])
async def test_pauses_within_range_are_taken(database: Database, every: int) -> None:
    beats = follow(database, f"subscription {{ heartbeat(every: {every}) {{ number }} }}")

    assert beat(await anext(beats)) == {"number": 0}
    await beats.aclose()


def test_root_fields_are_nullable_so_that_an_event_that_fails_is_null_and_the_next_one_comes() -> None:
    subscription = schema()._schema.subscription_type
    assert subscription is not None

    assert [name for name, field in subscription.fields.items() if is_non_null_type(field.type)] == []
