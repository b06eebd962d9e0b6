"""Runs made by jobs, on both engines: what is kept of them, and that they can be stopped and tried again."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import update

from db.engine import Database
from db.tables import Job, JobState, Rerun, RerunState, now
from edx.breaker import Breaker
from edx.simulator import Fault, Kind
from resolvers.jobs import AttemptLost, JobContext, JobFailed, Postponed, Runner, TryAgain
from resolvers.jobs.attempts import take
from resolvers.reruns import (
    RERUN,
    Platform,
    Reason,
    Rules,
    request_configurations,
    request_reruns,
    rerun_handlers,
    store,
)
from resolvers.reruns.job import MEANINGS, NOT_CONFIGURED, WAITING, _go_on
from resolvers.reruns.machine import Answer, Memory, Told
from resolvers.reruns.store import RUN_NOT_FOUND, RerunStore, memory_of, remembered
from tests.resolvers.reruns.conftest import QUICK, SOURCE, WANTED, Edx, until
from tests.resolvers.reruns.planned import FAST, making, over, plan, request, state_of

CLONE = "/api/v1/course_runs/clone/"


async def test_a_planned_run_is_made(database: Database, platform: Platform, edx: Edx) -> None:
    [run] = await plan(database)
    async with making(database, platform):
        await request(database, [run])
        await over(database, [run])

    rerun, job, log = await state_of(database, run)
    assert (rerun.state, rerun.failure_code, rerun.attempts) == (RerunState.READY, None, 1)
    assert rerun.ready_at is not None
    assert [(line.attempt, line.step, line.outcome) for line in log] == [
        (1, "look", "missing"),
        (1, "clone", "done"),
        (1, "look", "done"),
        (1, "configure", "done"),
        (1, "add_modes", "done"),
    ]
    assert (job.state, job.stage, job.done, job.total) == (JobState.SUCCEEDED, "CONFIGURING", 3, 3)
    assert (job.requested_by, job.subject, orjson.loads(job.result or "")) == (
        "admin",
        f"CourseRun:{run.key}",
        {"clones": 1},
    )
    made = edx.run()
    assert (made.title, made.start, made.end, made.self_paced) == (WANTED.title, WANTED.start, WANTED.end, True)


ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])


@ON_SQLITE
async def test_a_run_that_failed_says_why_and_is_tried_again(database: Database, platform: Platform, edx: Edx) -> None:
    source = edx.world.runs.pop(str(SOURCE))
    [run] = await plan(database)
    async with making(database, platform):
        await request(database, [run])
        await over(database, [run])
        rerun, job, log = await state_of(database, run)
        assert (rerun.state, rerun.failure_code) == (RerunState.FAILED, "SOURCE_MISSING")
        assert (job.state, job.error_code) == (JobState.FAILED, "SOURCE_MISSING")
        assert "Source course does not exist." in (rerun.failure or "") == (job.error_message or "")
        assert log[-1].detail.startswith("400 POST /api/v1/course_runs/clone/")

        edx.world.add_run(source)
        await request(database, [run])
        await over(database, [run])
    rerun, job, log = await state_of(database, run)
    assert (rerun.state, rerun.failure_code, rerun.failure, job.state) == (
        RerunState.READY,
        None,
        None,
        JobState.SUCCEEDED,
    )
    assert [line.attempt for line in log] == [1, 1, 2, 2, 2, 2, 2]
    assert rerun.attempts == 2


@ON_SQLITE
async def test_a_run_is_asked_for_once_at_a_time(database: Database) -> None:
    runs = await plan(database, 2)
    first = await request(database, runs)
    again = await request(database, [*runs, runs[0]])
    assert [job.uuid for job in again] == [*(job.uuid for job in first), first[0].uuid]


@ON_SQLITE
async def test_a_run_that_is_stopped_between_two_steps_can_be_taken_up(
    database: Database, platform: Platform, edx: Edx
) -> None:
    edx.faults.set([Fault(Kind.LATE, path=CLONE, seconds=0.1)])
    [run] = await plan(database)
    async with making(database, platform):
        [job] = await request(database, [run])
        await until(lambda: edx.jobs.clones)
        async with database.writing() as session:
            (await session.get_one(type(job), job.id)).cancel_requested_at = job.created_at
        await over(database, [run])
        rerun, job, _ = await state_of(database, run)
        assert (rerun.state, rerun.failure_code, job.state) == (RerunState.FAILED, "CANCELED", JobState.CANCELED)

        await request(database, [run])
        await over(database, [run])
    assert (await state_of(database, run))[0].state is RerunState.READY
    assert edx.jobs.clones == {run.key: 1}


@ON_SQLITE
async def test_jobs_wait_while_studio_is_down_and_nothing_is_lost(
    database: Database, platform: Platform, edx: Edx, breaker: Breaker
) -> None:
    breaker._rest = 2.5
    edx.faults.set([Fault(Kind.ERROR, path="/api/v1/", status=503)])
    runs = await plan(database, 6)
    async with making(database, platform, Rules(backoff=0.01, longest=0.02, failures=1000)):
        await request(database, runs)
        await until(lambda: breaker.state.value == "open")
        waiting = (await state_of(database, runs[0]))[1]
        async with asyncio.timeout(10):
            while waiting.error_code is None:
                await asyncio.sleep(0.05)
                waiting = (await state_of(database, runs[0]))[1]
        assert (waiting.state, waiting.attempts, waiting.error_code) == (JobState.QUEUED, 0, "WAITING_FOR_OPEN_EDX")
        assert waiting.not_before is not None

        edx.faults.set([])
        breaker._rests_until = None
        await over(database, runs)
    assert edx.jobs.clones == {run.key: 1 for run in runs}
    assert {(await state_of(database, run))[0].state for run in runs} == {RerunState.READY}


@ON_SQLITE
async def test_without_open_edx_a_job_says_so(database: Database) -> None:
    [run] = await plan(database)
    async with making(database, None):
        await request(database, [run])
        await over(database, [run])
    rerun, job, _ = await state_of(database, run)
    assert (job.state, job.error_code, rerun.state) == (
        JobState.FAILED,
        "OPEN_EDX_NOT_CONFIGURED",
        RerunState.PLANNED,
    )


async def attempted(database: Database, platform: Platform) -> None:
    """Take up the job that is queued and make one attempt at it."""
    runner = Runner(database, rerun_handlers(platform, QUICK), FAST)
    held = await runner.take(queue=RERUN.queue)
    assert held is not None
    await runner.run(held)


@ON_SQLITE
async def test_a_run_is_not_configured_while_it_is_being_made(database: Database, platform: Platform, edx: Edx) -> None:
    [run] = await plan(database)
    async with database.writing() as session:
        await session.execute(update(Rerun).values(state=RerunState.CONFIGURING))
        await request_configurations(session, [run])
    await attempted(database, platform)

    _, job, _ = await state_of(database, run)
    assert (job.state, job.attempts, job.error_code) == (JobState.QUEUED, 0, WAITING)
    assert not edx.faults.requests


@ON_SQLITE
async def test_a_run_that_waits_for_open_edx_can_be_given_up(database: Database, platform: Platform, edx: Edx) -> None:
    [run] = await plan(database)
    waiting = Memory(RerunState.CLONING, clones=1, not_before=now() + timedelta(hours=1))
    async with database.writing() as session:
        await session.execute(update(Rerun).values(state=waiting.state, remembered=remembered(waiting)))
        [asked] = await request_reruns(session, [run])
        await session.execute(update(Job).where(Job.id == asked.id).values(attempts=1, cancel_requested_at=now()))
    await attempted(database, platform)

    rerun, job, _ = await state_of(database, run)
    assert (rerun.state, rerun.failure_code, job.state) == (RerunState.FAILED, "CANCELED", JobState.CANCELED)
    assert not edx.faults.requests


async def test_who_has_lost_a_job_clones_nothing_any_more(database: Database) -> None:
    """The clone is remembered in a transaction that holds the job: somebody else's job is not remembered in."""
    [run] = await plan(database)
    await request(database, [run])
    async with database.writing() as session:
        held = await take(session, "one", 30, [RERUN.name], queue=RERUN.queue)
    assert held is not None
    store = RerunStore(JobContext(database, held, 30), run.id, is_anew=True)
    wanted, memory = await store.load()
    assert (str(wanted.key), str(wanted.source), memory) == (run.key, str(SOURCE), Memory())
    async with database.writing() as session:
        (await session.get_one(type(held.job), held.job.id)).fence += 1
    with pytest.raises(AttemptLost):
        await store.save(Memory(RerunState.CLONING, clones=1))
    assert (await state_of(database, run))[0].state is RerunState.PLANNED


MOMENT = WANTED.start


@pytest.mark.parametrize(
    "memory",
    [
        Memory(),
        Memory(RerunState.CLONING, 2, 1, MOMENT, Told.SILENT, is_free=True, failures=3, not_before=MOMENT),
        Memory(RerunState.FAILED, clones=1, reason=Reason.UNAVAILABLE, detail="away", idle=9, idle_since=MOMENT),
        Memory(RerunState.READY, 1, 1, MOMENT, Told.DONE, is_found=True, is_configured=True),
    ],
)
def test_what_is_remembered_is_what_was_kept(memory: Memory) -> None:
    row = Rerun(
        state=memory.state,
        remembered=remembered(memory),
        failure_code=memory.reason and memory.reason.upper(),
        failure=memory.detail or None,
    )
    assert memory_of(row) == memory


def test_every_reason_has_a_meaning_and_is_documented() -> None:
    assert set(MEANINGS) == set(Reason)
    page = (Path(__file__).parents[3] / "docs" / "reruns.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| [^|]+ \| [^|]+ \|$", page, flags=re.MULTILINE)
    assert rows == sorted(reason.upper() for reason in Reason)
    assert all(f"`{code}`" in page for code in (NOT_CONFIGURED, RUN_NOT_FOUND, WAITING))


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        (Answer(Told.NOT_DONE, detail="later"), Postponed, "later"),
        (Answer(Told.NOT_DONE, detail="later", retry_after=7), Postponed, "later"),
        (Answer(Told.REFUSED, detail="no"), JobFailed, "no"),
        (Answer(Told.BROKEN, detail="what?"), TryAgain, "what\\?"),
        (Answer(Told.MISSING), TryAgain, "Studio does not show the run"),
    ],
)
def test_what_came_of_a_step_decides_what_becomes_of_the_attempt(
    answer: Answer, kind: type[Exception], detail: str
) -> None:
    with pytest.raises(kind, match=detail):
        _go_on(answer)
    _go_on(Answer(Told.DONE))


async def test_a_run_that_is_not_planned_any_more_is_not_made(database: Database) -> None:
    async with database.writing() as session:
        with pytest.raises(JobFailed, match="not planned any more"):
            await store.read(session, 77)
