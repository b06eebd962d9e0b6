"""Runs that are planned for a contract, and the engine that makes them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import select

from db.engine import Database
from db.tables import Contract, CourseRun, Job, Rerun, RerunAttempt, RunOrigin
from edx.lms import Pacing
from resolvers.jobs import Handlers, Pace
from resolvers.reruns import Platform, Rules, request_reruns, rerun_handlers
from server.jobs import running as jobs
from server.settings import Settings, load
from tests.asking import ADMIN
from tests.catalog import course, course_run, organization
from tests.resolvers.reruns.conftest import QUICK, SOURCE, WANTED

FAST = Pace(lease=1.0, beat=0.2, sweep=0.1, look=0.05)


def target(number: int) -> str:
    """The key of a contract's run of one of many courses; that of number 0 is `TARGET`."""
    return "course-v1:UAI_MIT+12.345x+C102_2026" if not number else f"course-v1:UAI_MIT+{number}x+C102_2026"


async def plan(database: Database, count: int = 1) -> list[CourseRun]:
    """Plan runs of as many courses for a contract, all made from the same run of Studio but with keys of their own."""
    async with database.writing() as session:
        of = organization("UAI_SOURCE")
        contract = Contract(id=102, organization=of, name="MIT", name_folded="mit")
        source = course_run(course(of, SOURCE.course, "Source"), SOURCE.run)
        session.add_all([of, contract, source])
        await session.flush()
        runs = []
        for number in range(count):
            run = course_run(source.course, "", key=target(number))
            run.parent_id, run.contract_id, run.origin = source.id, contract.id, RunOrigin.RERUN
            run.display_name, run.pacing = WANTED.title, type(run.pacing)(Pacing.SELF.value)
            run.start, run.end, run.enrollment_start = WANTED.start, WANTED.end, WANTED.enrollment_start
            session.add(run)
            runs.append(run)
        await session.flush()
        session.add_all(Rerun(id=run.id, requested_by="admin") for run in runs)
        return runs


async def request(database: Database, runs: Sequence[CourseRun]) -> list[Job]:
    async with database.writing() as session:
        return await request_reruns(session, runs, by=ADMIN)


async def state_of(database: Database, run: CourseRun) -> tuple[Rerun, Job, list[RerunAttempt]]:
    """The row of a run's making, its latest job, and the log."""
    async with database.writing() as session:
        rerun = await session.get_one(Rerun, run.id)
        job = (await session.scalars(select(Job).where(Job.key == run.key).order_by(Job.id.desc()))).first()
        log = list(await session.scalars(select(RerunAttempt).where(RerunAttempt.rerun_id == run.id)))
    assert job is not None
    return rerun, job, log


async def over(database: Database, runs: Sequence[CourseRun], *, seconds: float = 60) -> None:
    """Return once the jobs of all these runs have ended."""
    query = select(Job.id).where(Job.finished_at.is_(None)).limit(1)
    async with asyncio.timeout(seconds):
        while True:
            async with database.writing() as session:
                if await session.scalar(query) is None:
                    return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def making(
    database: Database, platform: Platform | None, rules: Rules = QUICK, *, concurrency: int = 4
) -> AsyncIterator[None]:
    """The engine of the database's kind, at work."""

    @asynccontextmanager
    async def work(_settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
        yield rerun_handlers(platform, rules)

    async with jobs.running(load(), database, work, pace=FAST, concurrency=concurrency):
        yield
