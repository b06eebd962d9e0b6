"""Both engines: within a process on SQLite, and procrastinate's on PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text, update
from structlog.testing import capture_logs

from db.engine import Database, PostgresqlDatabase, open_database
from db.errors import DatabaseBusy
from db.tables import Job, JobState, now
from db.types import EPOCH
from resolvers.jobs import (
    CONTENT,
    AttemptLost,
    Embedded,
    Handlers,
    JobContext,
    JobFailed,
    Kind,
    Order,
    Places,
    Runner,
    enqueue,
    enqueue_all,
)
from resolvers.jobs.attempts import hold
from resolvers.jobs.delivered import Delivered
from resolvers.jobs.queue import release
from resolvers.jobs.sweeping import Sweeper, sweep
from tests.resolvers.jobs.sample import COUNT, FAST, HANDLERS, OTHER, SLOW, forever

SUBJECT = "Course:MITx+1x"
ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])
"""What no engine has a part in."""


def engine(database: Database, handlers: Handlers = HANDLERS, **options: Any) -> Embedded | Delivered:
    runner = Runner(database, handlers, FAST)
    if isinstance(database, PostgresqlDatabase):
        return Delivered(database, runner, **options)
    return Embedded(runner, **options)


async def ask(database: Database, kind: Kind = COUNT, **input: Any) -> str:
    async with database.writing() as session:
        return (await enqueue(session, kind, SUBJECT, input=input)).uuid


async def read(database: Database, uuids: Sequence[str] = ()) -> list[Job]:
    async with database.writing() as session:
        query = select(Job).order_by(Job.id)
        return list(await session.scalars(query.where(Job.uuid.in_(uuids)) if uuids else query))


async def until(database: Database, uuid: str, is_so: Callable[[Job], object]) -> Job:
    """The job once something is so."""
    async with asyncio.timeout(20):
        while True:
            [job] = await read(database, [uuid])
            if is_so(job):
                return job
            await asyncio.sleep(0.02)


async def over(database: Database, uuid: str) -> Job:
    """The job once it is finished."""
    return await until(database, uuid, lambda job: job.finished_at is not None)


async def test_a_job_runs_to_its_result(database: Database) -> None:
    async with engine(database).running():
        job = await over(database, await ask(database, to=3))

    assert (job.state, job.attempts, job.worker is not None) == (JobState.SUCCEEDED, 1, True)
    assert orjson.loads(job.result or "") == {"number": 3, "attempt": 1}
    assert (job.stage, job.done, job.total, job.item) == ("COUNTING", 3, 3, None)
    assert job.started_at
    assert job.finished_at
    assert job.created_at <= job.finished_at


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"fail": "fatal"}, (JobState.FAILED, 1, "BROKEN", "it cannot be counted")),
        ({"fail": "transient"}, (JobState.FAILED, 3, "BUSY", "the numbers are busy")),
        ({"fail": "transient", "times": 2}, (JobState.SUCCEEDED, 3, None, None)),
        ({"fail": "postponed"}, (JobState.SUCCEEDED, 1, None, None)),
    ],
)
async def test_what_an_attempt_raises_decides_what_becomes_of_the_job(
    database: Database, input: Mapping[str, Any], expected: tuple[Any, ...]
) -> None:
    async with engine(database).running():
        job = await over(database, await ask(database, **input))

    assert (job.state, job.attempts, job.error_code, job.error_message) == expected


@ON_SQLITE
async def test_what_nobody_foresaw_is_told_by_an_id_only_and_other_jobs_go_on(database: Database) -> None:
    async with engine(database).running():
        poisoned = await over(database, await ask(database, fail="fault"))
        good = await over(database, await ask(database))

    assert (poisoned.state, poisoned.attempts, poisoned.error_code) == (JobState.FAILED, 3, "INTERNAL_ERROR")
    assert "secret" not in (poisoned.error_message or "")
    assert good.state == JobState.SUCCEEDED


@ON_SQLITE
async def test_work_that_cancels_itself_is_a_fault_and_not_begun_again_for_ever(database: Database) -> None:
    async def work(context: JobContext) -> None:
        raise asyncio.CancelledError

    async with engine(database, {COUNT: work}).running():
        job = await over(database, await ask(database))

    assert (job.state, job.attempts, job.error_code) == (JobState.FAILED, 3, "INTERNAL_ERROR")


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_texts_that_no_database_holds_do_not_keep_a_job_from_its_end(database: Database) -> None:
    async def work(context: JobContext) -> None:
        await context.advance("WORKING", item="an \0 and \ud800")
        raise JobFailed("BROKEN", "a \0 and \ud800")

    async with engine(database, {COUNT: work}).running():
        job = await over(database, await ask(database))

    assert (job.state, job.error_message, job.item) == (JobState.FAILED, "a  and ?", "an  and ?")


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_what_is_remembered_at_the_same_time_is_all_kept(database: Database) -> None:
    async def work(context: JobContext) -> None:
        await asyncio.gather(*(context.remember(f"run {number}", number) for number in range(20)))

    async with engine(database, {COUNT: work}).running():
        job = await over(database, await ask(database))

    assert len(orjson.loads(job.memory)) == 20


@ON_SQLITE
async def test_an_attempt_that_takes_too_long_is_ended_and_made_again(database: Database) -> None:
    async with engine(database).running():
        job = await over(database, await ask(database, SLOW))

    assert (job.state, job.attempts, job.error_code) == (JobState.FAILED, 2, "TIMED_OUT")


async def test_a_rollback_leaves_no_job(database: Database) -> None:
    async def change() -> None:
        async with database.writing() as session:
            await enqueue(session, COUNT, SUBJECT)
            raise RuntimeError("the change is not made")

    with pytest.raises(RuntimeError):
        await change()

    assert await read(database) == []


async def test_of_jobs_with_one_key_one_is_unfinished(database: Database) -> None:
    async with database.writing() as session:
        first = await enqueue(session, COUNT, SUBJECT, key="once")
        again, other, without = await enqueue_all(
            session, COUNT, [Order(SUBJECT, key="once"), Order(SUBJECT, key="other"), Order(SUBJECT)]
        )
        elsewhere = await enqueue(session, OTHER, SUBJECT, key="once")
    async with engine(database).running():
        for job in (first, other, without, elsewhere):
            await over(database, job.uuid)
        async with database.writing() as session:
            anew = await enqueue(session, COUNT, SUBJECT, key="once")
        await over(database, anew.uuid)

    assert again.uuid == first.uuid
    assert len({first.uuid, other.uuid, without.uuid, elsewhere.uuid, anew.uuid}) == 5


async def test_as_many_jobs_of_a_queue_run_side_by_side_as_are_allowed(database: Database) -> None:
    running: set[str] = set()
    together = asyncio.Barrier(3)
    most = 0

    async def work(context: JobContext) -> None:
        nonlocal most
        running.add(context.uuid)
        most = max(most, len(running))
        await together.wait()
        running.discard(context.uuid)

    async with database.writing() as session:
        jobs = await enqueue_all(session, COUNT, [Order(SUBJECT) for _ in range(9)])
    async with engine(database, {COUNT: work}, places=Places(3)).running():
        for job in jobs:
            await over(database, job.uuid)

    assert most == 3


async def test_each_queue_has_places_of_its_own(database: Database) -> None:
    """spec/content-api.md, "Scalability": some can be reserved for content; a queue without places is left alone."""
    running: Counter[str] = Counter()
    content, alone = Kind(name="IMPORT", queue=CONTENT), Kind(name="ALONE", queue="alone")
    let_go = asyncio.Event()

    async def work(context: JobContext) -> None:
        running[context.subject] += 1
        await let_go.wait()

    async with database.writing() as session:
        for kind in (COUNT, content, alone):
            await enqueue_all(session, kind, [Order(kind.queue) for _ in range(3)])
    places = Places(1, {CONTENT: 2, "alone": 0})
    async with engine(database, dict.fromkeys((COUNT, content, alone), work), places=places).running():
        async with asyncio.timeout(20):
            while running.total() < 3:  # noqa: ASYNC110 -- what is waited for happens in several tasks
                await asyncio.sleep(0.01)
        assert running == {COUNT.queue: 1, CONTENT: 2}
        let_go.set()
        for job in await read(database):
            if job.queue != "alone":
                await over(database, job.uuid)
    assert running == {COUNT.queue: 3, CONTENT: 3}


async def test_a_job_of_a_kind_that_the_process_does_not_know_waits_for_one_that_does(database: Database) -> None:
    async with engine(database, {COUNT: HANDLERS[COUNT]}).running():
        unknown = await ask(database, SLOW)
        await over(database, await ask(database))
        [waiting] = await read(database, [unknown])

    assert (waiting.state, waiting.attempts) == (JobState.QUEUED, 0)


async def test_a_job_is_not_begun_before_its_time(database: Database) -> None:
    async with database.writing() as session:
        moment = now() + timedelta(seconds=0.4)
        job = await enqueue(session, COUNT, SUBJECT, not_before=moment)
    async with engine(database).running():
        done = await over(database, job.uuid)

    assert done.started_at
    assert done.started_at >= moment - timedelta(milliseconds=2)


async def test_jobs_under_way_at_the_end_of_the_process_are_given_back_and_go_on_where_they_were(
    database: Database,
) -> None:
    async with engine(database).running():
        uuid = await ask(database, to=5, sleep=0.1)
        await until(database, uuid, lambda job: "2" in job.memory)
    [given_back] = await read(database, [uuid])
    async with engine(database).running():
        job = await over(database, uuid)

    assert (given_back.state, given_back.attempts) == (JobState.QUEUED, 0)
    assert (job.state, job.attempts, job.fence) == (JobState.SUCCEEDED, 1, 2)


async def test_whoever_does_not_hold_a_job_any_more_writes_nothing(database: Database) -> None:
    """A worker that was taken for dead, and is not."""
    runner = Runner(database, HANDLERS, FAST)
    uuid = await ask(database, to=1)
    old = await runner.take(queue="default")
    assert old is not None
    context = JobContext(database, old, 60)
    async with database.writing() as session:
        await session.execute(update(Job).values(lease_until=EPOCH))
    assert await sweep(database) == 1
    new = await runner.take(queue="default")
    assert new is not None

    with pytest.raises(AttemptLost):
        await context.remember("number", 7)
    with pytest.raises(AttemptLost):
        async with context.writing():
            pass
    await runner.run(old)
    [untouched] = await read(database, [uuid])
    await runner.run(new)
    [job] = await read(database, [uuid])

    assert (untouched.state, untouched.memory) == (JobState.RUNNING, "{}")
    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 2)


async def left(database: Database, uuid: str) -> None:
    """Have a job, which runs, taken for one that nobody works on any more."""
    async with database.writing() as session:
        await session.execute(update(Job).where(Job.uuid == uuid).values(state=JobState.QUEUED, lease_until=None))


@ON_SQLITE
async def test_work_that_somebody_else_has_by_now_is_stopped_and_the_other_goes_on(database: Database) -> None:
    """Even where both are in one process, which could not write for so long that it was taken for dead."""
    begun, let_go = [asyncio.Event(), asyncio.Event()], asyncio.Event()

    async def work(context: JobContext) -> int:
        begun[context.held.fence - 1].set()
        try:
            await let_go.wait()
        except asyncio.CancelledError:
            await begun[1].wait()  # cleaning up takes its time
            raise
        return context.held.fence

    runner = Runner(database, {COUNT: work}, replace(FAST, beat=0.02))
    uuid = await ask(database)
    runs = []
    with capture_logs() as lines:
        for each in begun:
            held = await runner.take(uuid=uuid)
            assert held is not None
            runs.append(asyncio.create_task(runner.run(held)))
            await each.wait()
            if not begun[1].is_set():
                await left(database, uuid)
        async with asyncio.timeout(20):
            await runs[0]
        let_go.set()
        await runs[1]
    [job] = await read(database)

    assert (job.state, job.attempts, job.result) == (JobState.SUCCEEDED, 2, "2")
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["job_lost"]


@ON_SQLITE
async def test_a_result_that_comes_after_somebody_else_has_the_job_is_not_written(database: Database) -> None:
    async def work(context: JobContext) -> str:
        return "too late"

    runner = Runner(database, {COUNT: work}, FAST)
    uuid = await ask(database)
    held = await runner.take(uuid=uuid)
    assert held is not None
    await left(database, uuid)
    with capture_logs() as lines:
        await runner.run(held)
    [job] = await read(database)

    assert (job.state, job.result) == (JobState.QUEUED, None)
    assert "job_lost" in {line["event"] for line in lines}


async def test_a_job_whose_workers_all_died_fails(database: Database) -> None:
    runner = Runner(database, HANDLERS, FAST)
    uuid = await ask(database)
    for _ in range(COUNT.attempts):
        assert await runner.take(queue="default")
        async with database.writing() as session:
            await session.execute(update(Job).values(lease_until=EPOCH))
        await sweep(database)
    [job] = await read(database, [uuid])

    assert (job.state, job.error_code) == (JobState.FAILED, "WORKER_LOST")
    assert job.finished_at


@pytest.mark.parametrize(("dialect", "count"), [("sqlite", 1000), ("postgresql", 100)])
async def test_many_jobs_are_drained_and_each_runs_once(database: Database, count: int) -> None:
    ran: list[str] = []
    is_over = asyncio.Event()

    async def work(context: JobContext) -> None:
        ran.append(context.uuid)
        if len(ran) == count:
            is_over.set()

    async with database.writing() as session:
        await enqueue_all(session, COUNT, [Order(SUBJECT) for _ in range(count)])
    async with engine(database, {COUNT: work}, places=Places(8)).running(), asyncio.timeout(100):
        await is_over.wait()
        await until(database, ran[-1], lambda job: job.finished_at is not None)
    jobs = await read(database)

    assert len(set(ran)) == len(ran) == len(jobs)
    assert {(job.state, job.attempts) for job in jobs if job.finished_at} == {(JobState.SUCCEEDED, 1)}


def failing(work: Callable[..., Awaitable[Any]], *errors: Exception) -> Callable[..., Awaitable[Any]]:
    """The same work, which fails with these errors first."""
    to_come = list(errors)

    async def tried(*given: Any, **named: Any) -> Any:
        if to_come:
            raise to_come.pop(0)
        return await work(*given, **named)

    return tried


@pytest.mark.parametrize(
    ("error", "code"),
    [(DatabaseBusy("locked"), "DATABASE_UNAVAILABLE"), (TimeoutError("of its own"), "INTERNAL_ERROR")],
)
@ON_SQLITE
async def test_work_that_meets_a_busy_database_or_a_time_limit_of_its_own_is_tried_again(
    database: Database, error: Exception, code: str
) -> None:
    runner = Runner(database, {COUNT: failing(HANDLERS[COUNT], error)}, FAST)
    uuid = await ask(database)
    held = await runner.take(queue="default")
    assert held is not None
    await runner.run(held)
    [job] = await read(database, [uuid])

    assert (job.state, job.attempts, job.error_code) == (JobState.QUEUED, 1, code)


@ON_SQLITE
async def test_a_job_goes_on_while_it_cannot_be_written_for_a_moment(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobContext, "write", failing(JobContext.write, *[DatabaseBusy("locked")] * 2))

    async def work(context: JobContext) -> str:
        await context.advance("WORKING")
        await asyncio.sleep(3 * FAST.beat)
        return "done"

    with capture_logs() as lines:
        async with engine(database, {COUNT: work}).running():
            job = await over(database, await ask(database))

    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 1)
    assert [line["event"] for line in lines if line["event"] == "job_not_held"] == ["job_not_held"] * 2


@ON_SQLITE
async def test_work_on_a_job_that_cannot_be_held_any_more_is_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then somebody else may have it."""
    monkeypatch.setattr(JobContext, "write", failing(JobContext.write, *[DatabaseBusy("locked")] * 1000))
    runner = Runner(database, {COUNT: forever}, replace(FAST, lease=0.1, beat=0.02))
    uuid = await ask(database)
    held = await runner.take(uuid=uuid)
    assert held is not None
    with capture_logs() as lines:
        async with asyncio.timeout(20):
            await runner.run(held)
    [job] = await read(database)

    assert (job.state, job.result) == (JobState.RUNNING, None)
    assert lines[-2]["event"] == "job_lost"


@ON_SQLITE
@pytest.mark.parametrize(("failures", "is_lost"), [(1, False), (4, True)])
async def test_the_end_of_a_job_is_written_as_soon_as_that_is_possible_or_another_worker_does(
    database: Database, monkeypatch: pytest.MonkeyPatch, failures: int, is_lost: bool
) -> None:
    runner = Runner(database, HANDLERS, FAST)
    uuid = await ask(database)
    held = await runner.take(queue="default")
    assert held is not None
    monkeypatch.setattr("resolvers.jobs.running.hold", failing(hold, *[DatabaseBusy("locked")] * failures))

    with capture_logs() as lines:
        await runner.run(held)
    [job] = await read(database, [uuid])

    assert ("job_end_not_written" in {line["event"] for line in lines}) is is_lost
    assert job.state == (JobState.RUNNING if is_lost else JobState.SUCCEEDED)


@ON_SQLITE
async def test_later_jobs_are_taken_up_though_one_look_for_them_failed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Runner, "take", failing(Runner.take, RuntimeError("once")))
    with capture_logs() as lines:
        async with engine(database).running():
            job = await over(database, await ask(database))

    assert job.state == JobState.SUCCEEDED
    assert "jobs_not_taken_up" in {line["event"] for line in lines}


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_deliveries_go_on_though_their_worker_failed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.jobs.delivered.PAUSE", 0.01)
    made = engine(database)
    assert isinstance(made, Delivered)
    monkeypatch.setattr(made._app, "run_worker_async", failing(made._app.run_worker_async, RuntimeError("once")))
    with capture_logs() as lines:
        async with made.running():
            job = await over(database, await ask(database))

    assert job.state == JobState.SUCCEEDED
    assert "jobs_not_taken_up" in {line["event"] for line in lines}


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_what_was_delivered_to_a_worker_that_is_gone_is_delivered_again(database: Database) -> None:
    uuid = await ask(database)
    async with database.writing() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
    async with engine(database).running():
        job = await over(database, uuid)

    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 1)


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_delivery_that_comes_twice_does_nothing(database: Database) -> None:
    async with engine(database, places=Places(1)).running():
        job = await over(database, await ask(database))
        async with database.writing() as session:
            await release(session, [job.uuid], job.queue)
        await over(database, await ask(database))  # which is delivered after it
    again, _ = await read(database)

    assert (again.state, again.attempts, again.finished_at) == (JobState.SUCCEEDED, 1, job.finished_at)


@ON_SQLITE
async def test_as_many_jobs_are_swept_as_there_are_and_canceled_ones_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.jobs.sweeping.MOST_SWEPT", 1)
    runner = Runner(database, HANDLERS, FAST)
    uuids = [await ask(database) for _ in range(2)]
    assert [await runner.take(uuid=uuid) is not None for uuid in uuids] == [True, True]
    async with database.writing() as session:
        await session.execute(update(Job).values(lease_until=EPOCH))
        await session.execute(update(Job).where(Job.uuid == uuids[1]).values(cancel_requested_at=now()))

    assert await sweep(database) == 2
    assert [job.state for job in await read(database)] == [JobState.QUEUED, JobState.CANCELED]


@ON_SQLITE
async def test_a_job_whose_worker_is_gone_is_queued_again_and_the_log_says_how_many(database: Database) -> None:
    uuid = await ask(database)
    assert await Runner(database, HANDLERS, FAST).take(uuid=uuid)
    async with database.writing() as session:
        await session.execute(update(Job).values(lease_until=EPOCH))
    is_swept = asyncio.Event()

    async def also() -> None:
        is_swept.set()

    with capture_logs() as lines:
        async with Sweeper(database, 60, also).running(), asyncio.timeout(20):
            await is_swept.wait()
    [job] = await read(database)

    assert (job.state, job.error_code) == (JobState.QUEUED, "WORKER_LOST")
    assert [line["jobs"] for line in lines if line["event"] == "jobs_swept"] == [1]


async def test_sweeping_goes_on_while_the_database_does_not_answer(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    with capture_logs() as lines:
        async with Sweeper(database, 0.01).running():
            await asyncio.sleep(0.2)
    await database.close()

    events = [line["event"] for line in lines]
    assert len(events) > 1
    assert set(events) == {"jobs_not_swept"}
