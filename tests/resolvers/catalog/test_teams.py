"""Teams of runs copied from a simulated Studio, and the rights that they give (notes on OLX, O2)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import CourseRun, Job, JobState, StudioMember
from edx.http import OpenEdxHttp
from edx.patience import HttpSettings
from edx.simulator import Fault, Kind
from edx.simulator.world import CourseRun as SimulatedRun
from edx.simulator.world import Key, Member
from edx.studio import Studio
from edx.tokens import Tokens
from resolvers.access import Role, Viewer
from resolvers.catalog.report import Outcome
from resolvers.catalog.team_jobs import SYNC_TEAMS, order_teams, reading_teams
from resolvers.catalog.teams import sync_teams
from resolvers.editing.rights import may_edit, require_to_edit_some
from resolvers.errors import Forbidden
from resolvers.jobs import Handlers, Pace, Runner
from server.jobs import running as jobs
from server.settings import Settings, load
from tests.asking import AUTHOR
from tests.catalog import fill
from tests.edx.studios import CLIENT, RUN, SECRET, Studios, serving_studios

GRACE = Viewer("grace", frozenset({Role.LEARNER}))
SETTINGS = HttpSettings(attempts=1)


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Studios]:
    async with serving_studios() as edx:
        yield edx


@pytest.fixture
def edx(served: Studios) -> Studios:
    edx = served.fresh()
    edx.world.runs[str(RUN)].team = [Member("grace", "staff"), Member("ada", "instructor"), Member("lim", "limited")]
    return edx


@pytest.fixture
async def studio(edx: Studios) -> AsyncIterator[Studio]:
    async with (
        Tokens(edx.lms, CLIENT, SECRET, settings=SETTINGS) as tokens,
        OpenEdxHttp(edx.studio, authority=tokens, settings=SETTINGS) as http,
    ):
        yield Studio(http)


async def members(database: Database) -> set[tuple[str, str]]:
    async with database.writing() as session:
        return {(each.username, each.role.value) for each in await session.scalars(select(StudioMember))}


async def grace_may(database: Database) -> bool:
    async with database.writing() as session:
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key == str(RUN)))
        assert run is not None
        try:
            await require_to_edit_some(session, GRACE)
        except Forbidden:
            assert not await may_edit(session, GRACE, run)
            return False
        return await may_edit(session, GRACE, run)


async def test_whoever_is_on_the_team_may_edit_and_whoever_is_not_any_more_may_not(
    database: Database, studio: Studio, edx: Studios
) -> None:
    await fill(database)
    assert await grace_may(database) is False
    report = await sync_teams(database, studio)
    assert report.counts == {Outcome.UPDATED: 1}
    assert await members(database) == {("grace", "staff"), ("ada", "instructor")}
    assert await grace_may(database) is True
    assert (await sync_teams(database, studio)).counts == {Outcome.UNCHANGED: 1}

    edx.world.runs[str(RUN)].team.remove(Member("grace", "staff"))
    assert (await sync_teams(database, studio, dry_run=True)).counts == {Outcome.UPDATED: 1}
    assert await grace_may(database) is True
    await sync_teams(database, studio)
    assert (await members(database), await grace_may(database)) == ({("ada", "instructor")}, False)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_run_that_studio_has_no_more_has_no_team(database: Database, studio: Studio, edx: Studios) -> None:
    await fill(database)
    await sync_teams(database, studio)
    run = edx.world.runs.pop(str(RUN))
    edx.world.add_run(SimulatedRun(Key("No", "Such", "Run"), "Unknown here", team=run.team))
    report = await sync_teams(database, studio)
    assert report.counts == {Outcome.SKIPPED: 1, Outcome.UPDATED: 1}
    assert await members(database) == set()


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_cannot_be_read_leaves_teams_as_they_are(database: Database, studio: Studio, edx: Studios) -> None:
    await fill(database)
    await sync_teams(database, studio)
    edx.faults.set([Fault(Kind.ERROR, path="/api/v1/course_runs/")])
    report = await sync_teams(database, studio)
    assert report.failure is not None
    assert len(await members(database)) == 2
    edx.faults.set([])
    run = edx.world.runs[str(RUN)]
    edx.world.add_run(replace(run, team=[Member("", "staff")]))
    assert (await sync_teams(database, studio)).counts == {Outcome.SKIPPED: 1}
    assert len(await members(database)) == 2


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_many_runs_are_read_each_once_though_studio_gives_one_twice(
    database: Database, studio: Studio, edx: Studios, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages shift while they are read; and Studio may tell keys apart by case, which the catalog does not."""
    await fill(database)
    monkeypatch.setattr("resolvers.catalog.teams.CHUNK", 2)
    edx.world.add_run(replace(edx.world.runs[str(RUN)], key=Key(RUN.org.lower(), RUN.course, RUN.run), team=[]))
    for number in range(2):
        edx.world.add_run(SimulatedRun(Key("No", "Such", f"Run{number}"), "Unknown here"))
    done: list[int] = []
    report = await sync_teams(database, studio, progress=done.append)
    assert (done, report.counts) == ([2, 1], {Outcome.UPDATED: 1, Outcome.SKIPPED: 2})
    assert await members(database) == {("grace", "staff"), ("ada", "instructor")}


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_reading_teams_is_tried_again_while_studio_is_away(
    database: Database, studio: Studio, edx: Studios
) -> None:
    edx.faults.set([Fault(Kind.ERROR, path="/api/v1/course_runs/")])
    async with database.writing() as session:
        await order_teams(session, AUTHOR)
    runner = Runner(database, {SYNC_TEAMS: reading_teams(studio)})
    held = await runner.take(queue=SYNC_TEAMS.queue)
    assert held is not None
    await runner.run(held)
    async with database.writing() as session:
        [job] = await session.scalars(select(Job))
    assert (job.state, job.attempts, job.error_code) == (JobState.QUEUED, 1, "WAITING_FOR_OPEN_EDX")


async def asked(database: Database, studio: Studio | None, *, dry_run: bool = False) -> Job:
    """The job, once it has ended, of an author who asks for the teams to be read."""

    @asynccontextmanager
    async def work(_settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
        yield {SYNC_TEAMS: reading_teams(studio)}

    async with database.writing() as session:
        uuid = await order_teams(session, AUTHOR, dry_run=dry_run)
    async with asyncio.timeout(30), jobs.running(load(), database, work, pace=Pace(look=0.05)):
        while True:
            async with database.writing() as session:
                job = await session.scalar(select(Job).where(Job.uuid == uuid))
            if job is not None and job.finished_at is not None:
                return job
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_teams_are_read_by_a_job(database: Database, studio: Studio, edx: Studios) -> None:
    await fill(database)
    job = await asked(database, studio, dry_run=True)
    assert orjson.loads(job.result or "") == {"updated": 1, "skippedRuns": []}
    assert await members(database) == set()
    job = await asked(database, studio)
    assert (job.stage, job.done) == ("SYNCHRONIZING", 1)
    assert len(await members(database)) == 2
    assert (await asked(database, None)).error_code == "OPEN_EDX_NOT_CONFIGURED"
    async with database.writing() as session:
        with pytest.raises(Forbidden):
            await order_teams(session, GRACE)
