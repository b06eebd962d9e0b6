"""Jobs over GraphQL: who sees them, who ends them, and how they are followed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import orjson
import pytest
from sqlalchemy import URL, select

from db.engine import Database, open_database
from db.tables import AuditEntry, Job, JobState
from resolvers.access import Viewer
from resolvers.jobs import Embedded, Kind, Runner, enqueue
from resolvers.jobs.attempts import ended, put
from schema import schema
from server.execution import Operation
from server.operations import Refusal
from server.subscriptions.operations import Operations
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.conftest import DIALECTS
from tests.resolvers.jobs.sample import COUNT, FAST, HANDLERS

SUBJECT = "Course:Org0X+C0.0x"
ON_BOTH = pytest.mark.parametrize("dialect", DIALECTS)


@pytest.fixture
def dialect() -> str:
    """Where nothing else is said."""
    return "sqlite"


CANCEL = "mutation ($id: ID!) { cancelJob(input: {job: $id}) { job { state cancelRequestedAt } userErrors { code } } }"
RETRY = """mutation ($id: ID!) { retryJob(input: {job: $id}) { job { state attempts errorCode finishedAt }
    userErrors { code } } }"""


async def ask(database: Database, viewer: Viewer | None = LEARNER, **given: Any) -> str:
    async with database.writing() as session:
        return (await enqueue(session, given.pop("kind", COUNT), SUBJECT, by=viewer, **given)).uuid


async def test_a_job_is_there_for_whoever_asked_for_it_and_for_administrators(asking: Asking) -> None:
    mine = await ask(asking.database, input={"to": 3})
    await ask(asking.database, None)
    query = "query ($id: ID!) { job(id: $id) { id kind state input result } node(id: $id) { id } jobs { totalCount } }"

    shown = await asking.data(query, {"id": f"Job:{mine}"})
    hidden = await asking.data(query, {"id": f"Job:{mine}"}, viewer=AUTHOR)
    all_shown = await asking.data(query, {"id": f"Job:{mine}"}, viewer=ADMIN)

    job = {"id": f"Job:{mine}", "kind": "COUNT", "state": "QUEUED", "input": '{"to":3}', "result": None}
    assert shown == {"job": job, "node": {"id": f"Job:{mine}"}, "jobs": {"totalCount": 1}}
    assert hidden == {"job": None, "node": None, "jobs": {"totalCount": 0}}
    assert all_shown["jobs"] == {"totalCount": 2}


@ON_BOTH
async def test_jobs_are_listed_the_last_first_by_few_statements(asking: Asking) -> None:
    uuids = [await ask(asking.database) for _ in range(3)]
    await ask(asking.database, kind=Kind(name="OTHER"))
    query = """{ jobs(filter: {kind: ["COUNT"], state: [QUEUED], subject: "Course:Org0X+C0.0x",
        requestedBy: "learner"}) { nodes { id application } totalCount } }"""

    data = await asking.data(query)

    assert [node["id"] for node in data["jobs"]["nodes"]] == [f"Job:{uuid}" for uuid in reversed(uuids)]
    assert asking.statements == 2  # the page, which has no application to look up, and its count


@ON_BOTH
async def test_a_job_that_waits_is_canceled_at_once_and_can_be_tried_again(asking: Asking) -> None:
    uuid = await ask(asking.database)

    canceled = (await asking.data(CANCEL, {"id": f"Job:{uuid}"}))["cancelJob"]
    again = (await asking.data(CANCEL, {"id": f"Job:{uuid}"}))["cancelJob"]
    retried = (await asking.data(RETRY, {"id": f"Job:{uuid}"}))["retryJob"]
    too_early = (await asking.data(RETRY, {"id": f"Job:{uuid}"}))["retryJob"]

    assert canceled["job"]["state"] == "CANCELED"
    assert canceled["job"]["cancelRequestedAt"]
    assert again == {"job": None, "userErrors": [{"code": "JOB_OVER"}]}
    assert retried["job"] == {"state": "QUEUED", "attempts": 0, "errorCode": None, "finishedAt": None}
    assert too_early == {"job": None, "userErrors": [{"code": "JOB_NOT_FAILED"}]}
    async with asking.database.writing() as session:
        entries = list(await session.scalars(select(AuditEntry).where(AuditEntry.subject == f"Job:{uuid}")))
    assert [(entry.action, entry.username) for entry in entries] == [("cancel", "learner"), ("retry", "learner")]


@pytest.mark.parametrize("mutation", [CANCEL, RETRY])
async def test_what_is_others_is_not_there(asking: Asking, mutation: str) -> None:
    uuid = await ask(asking.database)

    error = await asking.error(mutation, {"id": f"Job:{uuid}"}, viewer=AUTHOR)

    assert error["extensions"]["code"] == "NOT_FOUND"


@ON_BOTH
async def test_a_job_is_not_tried_again_while_another_one_has_its_key(asking: Asking) -> None:
    uuid = await ask(asking.database, key="once")
    await asking.data(CANCEL, {"id": f"Job:{uuid}"})
    await ask(asking.database, key="once")

    data = await asking.data(RETRY, {"id": f"Job:{uuid}"})

    assert data["retryJob"] == {"job": None, "userErrors": [{"code": "JOB_SUPERSEDED"}]}


@ON_BOTH
async def test_a_job_that_runs_is_canceled_where_it_can_be_stopped(asking: Asking) -> None:
    async with Embedded(Runner(asking.database, HANDLERS, FAST)).running():
        results = follow(asking.database, await ask(asking.database, input={"to": 1000, "sleep": 0.01}))
        job = await until(results, lambda job: job["stage"] == "COUNTING")
        asked = (await asking.data(CANCEL, {"id": job["id"]}))["cancelJob"]
        job = await until(results, lambda job: job["state"] == "CANCELED")

    assert asked["job"]["state"] == "RUNNING"
    assert asked["job"]["cancelRequestedAt"]
    assert 0 < job["progressDone"] < 1000
    assert [result async for result in results] == []  # the job is over, and so is the subscription


def follow(database: Database, uuid: str, viewer: Viewer = LEARNER) -> AsyncGenerator[Any, None]:
    asking = Asking(database)
    query = f'subscription {{ jobProgress(id: "Job:{uuid}") {{ at job {{ id state stage progressDone result }} }} }}'
    return Operations(asking.executor, schema(), database).results(Operation(query), lambda: viewer)


async def until(results: AsyncGenerator[Any, None], is_so: Any) -> Any:
    """The job in the first of the results in which something is so."""
    async with asyncio.timeout(10):
        async for result in results:
            assert not result.errors, result.errors
            job = result.data["jobProgress"]["job"]
            if is_so(job):
                return job
    raise AssertionError("the subscription ended before")


@ON_BOTH
async def test_what_another_process_does_is_told_too(database: Database, database_url: URL) -> None:
    """On PostgreSQL by NOTIFY, within less time than anybody looks; on SQLite by looking."""
    uuid = await ask(database)
    results = follow(database, uuid)
    assert (await until(results, bool))["state"] == "QUEUED"
    other = open_database(database_url)
    loop = asyncio.get_running_loop()

    async with other.writing() as session:
        [job] = await session.scalars(select(Job))
        await put(session, job, ended(JobState.SUCCEEDED, result="[1]"))
    began = loop.time()
    job = await until(results, lambda job: job["state"] == "SUCCEEDED")
    took = loop.time() - began
    await other.close()

    assert orjson.loads(job["result"]) == [1]
    assert took < (1.5 if database.dialect.name == "postgresql" else 5)


@pytest.mark.parametrize("is_there", [True, False])
async def test_following_what_is_others_is_as_following_what_is_not_there(asking: Asking, is_there: bool) -> None:
    uuid = await ask(asking.database) if is_there else "00000000-0000-4000-8000-000000000000"

    with pytest.raises(Refusal) as refused:
        await anext(follow(asking.database, uuid, AUTHOR))

    assert refused.value.errors[0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_text_that_is_no_id_of_a_job_is_refused(asking: Asking) -> None:
    for query in ('{ job(id: "Job:7") { id } }', '{ job(id: "Course:x") { id } }'):
        assert (await asking.error(query))["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_subscription_that_is_closed_hears_no_longer(asking: Asking) -> None:
    uuid = await ask(asking.database)
    async with contextlib.aclosing(follow(asking.database, uuid)) as results:
        await until(results, bool)
        assert asking.database.news._hearers
    assert not asking.database.news._hearers
