"""Runs of contracts held against a simulated Open edX, by a job, and what changes of dates do there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from db.engine import Database
from db.tables import Contract, CourseRun, Job, JobState, Rerun, RerunState
from edx.simulator import Fault, Kind
from resolvers.contracts import dates, reconciling
from resolvers.contracts.reconciling import reconcile_handlers
from resolvers.jobs import Handlers, Runner
from resolvers.reruns import Platform, rerun_handlers
from server.jobs import running as jobs
from server.settings import Settings, load
from tests.asking import ADMIN
from tests.resolvers.reruns.conftest import QUICK, TARGET, Edx, breaker, clone_seconds, edx, platform, served_edx
from tests.resolvers.reruns.planned import FAST, over, plan, request

__all__ = ["breaker", "clone_seconds", "edx", "platform", "served_edx"]


@pytest.fixture
def dialect() -> str:
    """What is compared is the same on every database."""
    return "sqlite"


@asynccontextmanager
async def at_work(database: Database, platform: Platform | None) -> AsyncIterator[None]:
    """The engine, which makes runs and compares contracts."""

    @asynccontextmanager
    async def work(_settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
        yield {**rerun_handlers(platform, QUICK), **reconcile_handlers(platform)}

    async with jobs.running(load(), database, work, pace=FAST):
        yield


async def reconciled(database: Database, *, with_repair: bool = False) -> dict[str, Any]:
    """The result of a comparison of contract 102, once all jobs are over."""
    async with database.writing() as session:
        uuid = await reconciling.request(session, ADMIN, 102, with_repair=with_repair)
    await over(database, [])
    async with database.writing() as session:
        job = (await session.scalars(select(Job).where(Job.uuid == uuid))).one()
    assert job.result is not None, job.error_message
    result: dict[str, Any] = orjson.loads(job.result)
    return result


async def test_what_differs_is_told_and_repaired(database: Database, platform: Platform, edx: Edx) -> None:
    [run] = await plan(database)
    async with database.writing() as session:
        await session.execute(update(Contract).values(start=run.start, end=run.end))
    async with at_work(database, platform):
        await request(database, [run])
        await over(database, [run])
        assert await reconciled(database) == {"runs": 1, "differences": [], "jobs": []}

        edx.run().end = datetime(2027, 1, 1, tzinfo=UTC)
        edx.run().title = "Theirs"
        found = await reconciled(database)
        assert [(each["key"], each["aspect"], each["theirs"]) for each in found["differences"]] == [
            (str(TARGET), "title", "Theirs"),
            (str(TARGET), "end", "2027-01-01T00:00:00Z"),
        ]
        assert found["jobs"] == []
        assert len((await reconciled(database, with_repair=True))["jobs"]) == 1
        assert (edx.run().title, edx.run().end) == (run.display_name, run.end)


async def test_new_dates_are_proposed_applied_and_pushed(database: Database, platform: Platform, edx: Edx) -> None:
    """C4: no change of a contract reaches its runs by itself; an open end is never sent as null (E8)."""
    [run] = await plan(database)
    async with at_work(database, platform):
        await request(database, [run])
        await over(database, [run])
        start = datetime(2027, 2, 1, tzinfo=UTC)
        async with database.writing() as session:
            await session.execute(update(Contract).values(start=start, end=None))
            [proposed] = await dates.propose(session, ADMIN, 102)
        assert (proposed.run, proposed.start, proposed.new_start, proposed.new_end) == (run.key, run.start, start, None)
        assert edx.run().start == run.start

        async with database.writing() as session:
            assert await dates.apply(session, ADMIN, 102, [run.key.upper().replace("COURSE-V1", "course-v1")])
        await over(database, [run])
        assert (edx.run().start, edx.run().end) == (start, platform.open_end)
    async with database.writing() as session:
        assert await dates.propose(session, ADMIN, 102) == []
        kept = await session.get_one(CourseRun, run.id)
        assert (kept.start, kept.end, kept.enrollment_start, kept.enrollment_end) == (start, None, start, None)


async def test_a_comparison_is_tried_again_while_open_edx_is_away(
    database: Database, platform: Platform, edx: Edx
) -> None:
    await plan(database)
    async with database.writing() as session:
        await session.execute(update(Rerun).values(state=RerunState.READY))
        await reconciling.request(session, ADMIN, 102, with_repair=False)
    edx.faults.set([Fault(Kind.ERROR)])
    runner = Runner(database, reconcile_handlers(platform), FAST)
    held = await runner.take(queue=reconciling.RECONCILE.queue)
    assert held is not None
    await runner.run(held)
    async with database.writing() as session:
        [job] = await session.scalars(select(Job))
    assert (job.state, job.attempts, job.error_code) == (JobState.QUEUED, 1, "OPEN_EDX")


async def test_without_an_open_edx_the_job_says_so(database: Database) -> None:
    await plan(database)
    async with at_work(database, None):
        async with database.writing() as session:
            await reconciling.request(session, ADMIN, 102, with_repair=False)
        await over(database, [])
    async with database.writing() as session:
        [job] = await session.scalars(select(Job))
        assert job.error_code == "OPEN_EDX_NOT_CONFIGURED"
        assert (await session.scalars(select(Rerun.state))).all() == [RerunState.PLANNED]
