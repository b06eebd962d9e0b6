"""Following content and its locks (spec/content-api.md, "Concurrency"; §2.6 of the notes on OLX)."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select

from db.engine import Database, open_database
from db.store import Author
from db.tables import CourseRun
from resolvers.access import Viewer
from resolvers.editing import locks
from schema import schema
from server.execution import Operation
from server.operations import Refusal
from server.subscriptions.operations import Operations
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.resolvers.editing.courses import FILES
from tests.schema.contents import RUN, with_content

LOCK = f'subscription {{ contentLock(courseRun: "{RUN}") {{ event username application lock {{ username token }} }} }}'
VERSIONS = f"""subscription {{ contentVersions(courseRun: "{RUN}") {{
    version {{ number operation username message }} courseRun {{ key content {{ version }} }}
    diff {{ blocks {{ key change settings {{ name after }} }} }} }} }}"""


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    return await with_content(database, tmp_path, FILES)


def follow(asking: Asking, query: str, viewer: Viewer = AUTHOR) -> AsyncGenerator[Any, None]:
    return Operations(asking.executor, schema(), asking.database).results(Operation(query), lambda: viewer)


async def following(results: AsyncGenerator[Any, None]) -> Any:
    """The next of some results."""
    async with asyncio.timeout(10):
        result = await anext(results)
    assert not result.errors, result.errors
    [found] = result.data.values()
    return found


async def change(asking: Asking, name: str, given: str, selection: str = "userErrors { code message }") -> Any:
    """What a mutation of the author answers, with no user errors."""
    query = f'mutation {{ {name}(input: {{courseRun: "{RUN}", {given}}}) {{ {selection} }} }}'
    answer = (await asking.data(query, viewer=ADMIN if name == "breakLock" else AUTHOR))[name]
    assert not answer.get("userErrors")
    return answer


async def test_what_becomes_of_a_lock_is_told_without_its_token(asking: Asking) -> None:
    """L1, L5, L7: acquired, released, acquired again, broken."""
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ lock {{ username token fencing acquiredAt expiresAt }} }} }} }}'
    async with contextlib.aclosing(follow(asking, LOCK)) as results:
        assert await following(results) == {"event": None, "username": None, "application": None, "lock": None}
        held = {"username": "author", "token": None}

        token = (await change(asking, "acquireLock", "seconds: 60", "lock { token }"))["lock"]["token"]
        assert await following(results) == {
            "event": "ACQUIRED",
            "username": "author",
            "application": None,
            "lock": held,
        }
        shown = (await asking.data(query, viewer=ADMIN))["courseRun"]["content"]["lock"]
        assert (shown["username"], shown["token"], shown["fencing"]) == ("author", None, 1)
        assert shown["acquiredAt"] < shown["expiresAt"]

        await change(asking, "releaseLock", f'token: "{token}"')
        assert (await following(results))["event"] == "RELEASED"
        assert (await asking.data(query, viewer=ADMIN))["courseRun"]["content"]["lock"] is None

        await change(asking, "acquireLock", "seconds: 60")
        assert (await following(results))["event"] == "ACQUIRED"
        await change(asking, "breakLock", "")
        assert await following(results) == {"event": "BROKEN", "username": "author", "application": None, "lock": None}


async def test_the_lock_is_read_by_one_statement(asking: Asking) -> None:
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ version %s }} }} }}'
    for _ in range(2):  # first the course is loaded
        await asking.data(query % "", viewer=AUTHOR)
    without = asking.statements
    await asking.data(query % "lock { username }", viewer=AUTHOR)
    assert asking.statements == without + 1


async def test_new_versions_are_told_with_what_differs(asking: Asking) -> None:
    async with contextlib.aclosing(follow(asking, VERSIONS)) as results:
        first = await following(results)
        assert (first["version"]["number"], first["version"]["operation"], first["diff"]) == (1, "import", None)

        answer = await change(
            asking,
            "updateBlockSettings",
            'force: true, block: "html/page", settings: [{name: "display_name", value: "New"}], message: "better"',
            "edit { version }",
        )
        second = await following(results)

    assert second == {
        "version": {"number": 2, "operation": "SetBlockSettings", "username": "author", "message": "better"},
        "courseRun": {"key": RUN, "content": {"version": answer["edit"]["version"]}},
        "diff": {
            "blocks": [
                {"key": "html/page", "change": "CHANGED", "settings": [{"name": "display_name", "after": "New"}]}
            ]
        },
    }
    assert not asking.database.news._hearers  # a subscription that is closed hears no longer


async def test_what_another_process_does_is_told_too(asking: Asking, database_url: URL) -> None:
    """On PostgreSQL by NOTIFY, on SQLite by looking."""
    other = open_database(database_url)
    async with contextlib.aclosing(follow(asking, LOCK)) as results:
        assert (await following(results))["event"] is None
        async with other.writing() as session:
            run = await session.scalar(select(CourseRun.id).where(CourseRun.key == RUN))
            assert run is not None
            await locks.acquire(session, run, Author("ben", "studio"))
        told = await following(results)
    await other.close()
    assert (told["event"], told["username"], told["application"]) == ("ACQUIRED", "ben", "studio")


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("query", "viewer", "code"),
    [
        (LOCK, LEARNER, "FORBIDDEN"),
        (LOCK.replace("R0", "none"), AUTHOR, "NOT_FOUND"),
        (LOCK.replace("course-v1", "x"), AUTHOR, "BAD_USER_INPUT"),
        (VERSIONS, LEARNER, "NOT_FOUND"),
        (VERSIONS.replace("R0", "none"), AUTHOR, "NOT_FOUND"),
        (VERSIONS.replace("course-v1", "x"), AUTHOR, "BAD_USER_INPUT"),
    ],
)
async def test_who_may_not_follow_is_refused(asking: Asking, query: str, viewer: Viewer, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        await anext(follow(asking, query, viewer))
    assert refused.value.errors[0]["extensions"]["code"] == code
