"""What is kept of jobs that are over, and what a stage begins with; no engine has a part in either."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import Job, JobState, now
from resolvers.jobs import JobContext, Runner, enqueue
from resolvers.jobs.sweeping import KEPT, forget_old_ones
from tests.resolvers.jobs.sample import COUNT, FAST, HANDLERS


@pytest.fixture
def dialect() -> str:
    return "sqlite"


async def test_jobs_are_forgotten_some_months_after_their_end_and_never_before(database: Database) -> None:
    moment, day = now(), timedelta(days=1)
    ended = {"old": moment - KEPT - day, "young": moment - KEPT + day, "unfinished": None}
    async with database.writing() as session:
        for subject, at in ended.items():
            job = await enqueue(session, COUNT, subject)
            job.created_at = moment - KEPT - 2 * day
            job.finished_at, job.state = at, JobState.SUCCEEDED if at else JobState.QUEUED

    await forget_old_ones(database)

    async with database.writing() as session:
        assert set(await session.scalars(select(Job.subject))) == {"young", "unfinished"}


async def test_a_new_stage_begins_with_nothing_done(database: Database) -> None:
    async with database.writing() as session:
        await enqueue(session, COUNT, "Course:MITx+1x")
    held = await Runner(database, HANDLERS, FAST).take(queue=COUNT.queue)
    assert held is not None
    context = JobContext(database, held, FAST.lease)

    await context.advance("ONE", 1, 3, "the first")
    await context.advance("ONE", 2)
    await context.advance("TWO", item="another")

    async with database.writing() as session:
        [job] = await session.scalars(select(Job))
        assert (job.stage, job.done, job.total, job.item) == ("TWO", 0, None, "another")
