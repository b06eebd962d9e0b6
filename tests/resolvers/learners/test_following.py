"""A dashboard that follows a learner hears of a change within a second."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from edx.events import Event, EventKind
from resolvers.access import Viewer
from resolvers.learners import Learners
from resolvers.learners.following import Followers
from schema import schema
from server.execution import Operation, Result
from server.operations import Refusal
from server.subscriptions.operations import Operations
from tests.asking import ADMIN
from tests.catalog import uuid
from tests.resolvers.learners.conftest import MOMENT, RUN, Campus

FACTS = {"mode": "audit", "is_active": True}
PROGRAM = f"Program:{uuid(1)}"
FIELDS = """username program { name learner(username: "ada") { association { status } progress {
    courses { state } } } }"""


def follow(campus: Campus, viewer: Viewer, arguments: str = "") -> AsyncGenerator[Result, None]:
    operations = Operations(campus.asking.executor, schema(), campus.database)
    query = f'subscription {{ programProgress(program: "{PROGRAM}"{arguments}) {{ {FIELDS} }} }}'
    return operations.results(Operation(query), lambda: viewer)


async def next_of(results: AsyncGenerator[Result, None], seconds: float = 2) -> Any:
    async with asyncio.timeout(seconds):
        result = await anext(results)
    assert not result.errors
    assert result.data is not None
    return result.data["programProgress"]


async def test_a_change_is_told_within_a_second(campus: Campus) -> None:
    results = follow(campus, campus.viewer("ada"))
    first = await next_of(results, 10)
    assert (first["username"], first["program"]["name"]) == ("ada", "Program 1")
    assert first["program"]["learner"]["association"] is None
    assert first["program"]["learner"]["progress"]["courses"][0]["state"] == "NOT_STARTED"
    await next_of(results)  # the first look at the LMS was a change
    loop = asyncio.get_running_loop()

    event = Event("1", EventKind.ENROLLMENT, "ada", RUN, campus.clock[0], {"mode": "verified", "is_active": True})
    await campus.learners.inbox.put([event])
    await campus.learners.inbox.take_up()
    changed_at = loop.time()
    told = await next_of(results)

    assert loop.time() - changed_at < 1
    assert told["program"]["learner"]["progress"]["courses"][0]["state"] == "IN_PROGRESS"
    await results.aclose()


async def test_a_change_that_another_process_made_is_told_too(campus: Campus) -> None:
    results = follow(campus, ADMIN, ', username: "ada"')
    await next_of(results, 10)
    await next_of(results)
    other = Learners(campus.database)

    await other.inbox.put([Event("1", EventKind.ENROLLMENT, "ada", RUN, MOMENT, {"mode": "audit", "is_active": True})])
    await other.inbox.take_up()

    assert (await next_of(results))["username"] == "ada"
    await results.aclose()
    await other.aclose()


async def test_nothing_is_told_of_others(campus: Campus) -> None:
    followers = Followers(campus.database, period=0.05)
    changes = followers.follow("ada")
    await anext(changes)
    await campus.names(ADMIN, "bob")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await anext(changes)
    await followers.aclose()


async def hears(changes: AsyncGenerator[None, None]) -> bool:
    """Whether a change is told in time."""
    try:
        await asyncio.wait_for(anext(changes), 20)
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_whoever_follows_the_same_learner_hears_of_the_same_changes(campus: Campus) -> None:
    followers = Followers(campus.database, period=0.05)
    first, second = (followers.follow("ada") for _ in range(2))
    await anext(first)
    await anext(second)
    await campus.names(ADMIN, "ada")  # the first look at the LMS is a change

    assert all(await asyncio.gather(hears(first), hears(second)))
    await first.aclose()
    await campus.learners.inbox.put([Event("1", EventKind.ENROLLMENT, "ada", RUN, campus.clock[0], FACTS)])
    await campus.learners.inbox.take_up()
    assert await hears(second)
    await second.aclose()
    await followers.aclose()


async def test_a_thousand_followers_are_one_statement_a_look(campus: Campus) -> None:
    campus.asking.snapshots.clear()
    followers = Followers(campus.database, period=0.1)
    following = [followers.follow(f"learner{number}") for number in range(1000)]
    for changes in following:
        await anext(changes)
    campus.asking.snapshots.clear()

    await asyncio.sleep(0.35)

    assert 1 <= sum(snapshot.statements for snapshot in campus.asking.snapshots) <= 4
    for changes in following:
        await changes.aclose()
    await asyncio.sleep(0.25)
    campus.asking.snapshots.clear()
    await asyncio.sleep(0.25)
    assert campus.asking.snapshots == []


@pytest.mark.parametrize(("name", "code"), [("bob", "FORBIDDEN"), (" ", "BAD_USER_INPUT")])
async def test_learners_follow_themselves_only(campus: Campus, name: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        await anext(follow(campus, campus.viewer("ada"), f', username: "{name}"'))

    assert caught.value.errors[0]["extensions"]["code"] == code
