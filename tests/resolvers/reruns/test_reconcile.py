"""What a contract's runs are in Open edX against what is wanted, and how they are made alike."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db.engine import Database
from db.tables import CourseRun, JobState, RerunState
from edx.errors import Failed
from edx.keys import CourseKey
from edx.lms import BadItem, Mode, Pacing
from edx.simulator import Fault, Kind
from edx.simulator import world as simulated
from edx.studio import StudioRun
from resolvers.reruns import MODES, Platform, request_configurations
from resolvers.reruns.reconcile import LEFT_ALONE, Aspect, Difference, Found, compare, repair, survey, unknown
from tests.asking import ADMIN
from tests.resolvers.reruns.conftest import OPEN_END, SOURCE, TARGET, WANTED, Edx
from tests.resolvers.reruns.planned import making, over, plan, request, state_of

ALIKE = StudioRun(
    TARGET,
    WANTED.title,
    start=WANTED.start,
    end=WANTED.end,
    enrollment_start=WANTED.enrollment_start,
    enrollment_end=None,
    pacing=Pacing.SELF,
)
LATER = datetime(2030, 6, 1, tzinfo=UTC)


def differences(run: StudioRun | None, modes: tuple[Mode, ...] = MODES) -> list[tuple[str, str | None, str | None]]:
    return [(each.aspect, each.ours, each.theirs) for each in compare(WANTED, Found(run, modes), OPEN_END)]


def test_runs_that_are_alike_have_no_differences() -> None:
    assert differences(ALIKE) == []
    assert WANTED.start
    assert differences(replace(ALIKE, start=WANTED.start.replace(microsecond=7))) == []


def test_an_open_end_is_like_the_one_that_studio_has_for_it() -> None:
    found = Found(replace(ALIKE, end=OPEN_END), MODES)
    assert compare(replace(WANTED, end=None), found, OPEN_END) == []


def test_a_start_that_we_do_not_have_is_that_of_studio() -> None:
    assert compare(replace(WANTED, start=None), Found(replace(ALIKE, start=LATER), MODES), OPEN_END) == []


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (None, ("missing", None, None)),
        (replace(ALIKE, title="Source"), ("title", "Art & Craft", "Source")),
        (replace(ALIKE, pacing=Pacing.INSTRUCTOR), ("pacing", "self", "instructor")),
        (replace(ALIKE, start=LATER), ("start", "2026-12-01T00:00:00Z", "2030-06-01T00:00:00Z")),
        (replace(ALIKE, end=None), ("end", "2027-11-30T23:59:59Z", None)),
        (replace(ALIKE, enrollment_start=None), ("enrollment_start", "2026-12-01T00:00:00Z", None)),
        (replace(ALIKE, enrollment_end=LATER), ("enrollment_end", None, "2030-06-01T00:00:00Z")),
    ],
)
def test_every_setting_that_differs_is_told(run: StudioRun | None, told: tuple[str, str | None, str | None]) -> None:
    assert differences(run) == [told]


def test_modes_that_lack_or_are_too_many_are_told() -> None:
    modes = (Mode("audit", "Free"), Mode("honor", "Honor"))
    assert differences(ALIKE, modes) == [("mode_missing", "verified", None), ("mode_extra", None, "honor")]


def test_runs_of_the_contract_that_nobody_knows_are_told() -> None:
    keys = ["+1x+C102_2025", "+2x+C102_2026", "+3x+C10_2026", "+4x+C102", "+5x+2026"]
    there = [replace(ALIKE, key=CourseKey.parse(f"course-v1:UAI_MIT{key}")) for key in keys]
    known = [CourseKey.parse("course-v1:uai_mit+2x+c102_2026")]
    told = unknown(102, known, [*there, BadItem("course-v1:UAI_MIT+6x+C102_2026", "bad")])
    assert told == [Difference(there[0].key, Aspect.UNKNOWN)]


async def test_open_edx_is_asked_twice_for_each_run(edx: Edx, platform: Platform) -> None:
    found = await survey(platform, [SOURCE, TARGET])
    assert found[TARGET] == Found(None)
    assert found[SOURCE].run is not None
    assert found[SOURCE].modes == []
    asked = {path: count for (_, path), count in edx.faults.requests.items() if "oauth" not in path}
    assert sum(asked.values()) == 3

    edx.faults.set([Fault(Kind.ERROR, path="/api/v1/")])
    with pytest.raises(Failed):
        await survey(platform, [SOURCE, TARGET])


async def made(database: Database, count: int) -> dict[CourseKey, CourseRun]:
    runs = await plan(database, count)
    await request(database, runs)
    await over(database, runs)
    return {CourseKey.parse(run.key): run for run in runs}


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_differs_is_repaired_and_what_is_missing_is_made_anew(
    database: Database, platform: Platform, edx: Edx
) -> None:
    async with making(database, platform):
        runs = await made(database, 3)
        missing, changed, same = runs
        del edx.world.runs[str(missing)]
        edx.run(changed).end = LATER
        edx.run(changed).modes = {"honor": simulated.Mode("honor", "Honor")}
        found = await survey(platform, runs)
        told = [each for key in runs for each in compare(replace(WANTED, key=key), found[key], OPEN_END)]
        assert [(each.key, each.aspect) for each in told] == [
            (missing, "missing"),
            (changed, "end"),
            (changed, "mode_missing"),
            (changed, "mode_missing"),
            (changed, "mode_extra"),
        ]

        async with database.writing() as session:
            jobs = await repair(session, runs, told, by=ADMIN)
        assert [(job.kind, job.key) for job in jobs] == [("RERUN", str(missing)), ("CONFIGURE_RUN", str(changed))]
        await over(database, list(runs.values()))

    found = await survey(platform, runs)
    left = {each.aspect for key in runs for each in compare(replace(WANTED, key=key), found[key], OPEN_END)}
    assert left == {Aspect.MODE_EXTRA} <= LEFT_ALONE
    assert edx.jobs.copies == {str(missing): 2, str(changed): 1, str(same): 1}


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_dates_that_change_later_are_set_in_studio(database: Database, platform: Platform, edx: Edx) -> None:
    async with making(database, platform):
        [run] = (await made(database, 1)).values()
        async with database.writing() as session:
            run = await session.get_one(CourseRun, run.id)
            run.end, run.enrollment_end = None, LATER
            await request_configurations(session, [run], by=ADMIN)
        await over(database, [run])
        assert (edx.run().end, edx.run().enrollment_end, edx.run().team != []) == (OPEN_END, LATER, True)

        edx.world.users["worker"].staff = False
        async with database.writing() as session:
            await request_configurations(session, [run], by=ADMIN)
        await over(database, [run])
    rerun, job, _ = await state_of(database, run)
    assert (rerun.state, job.state, job.error_code) == (RerunState.READY, JobState.FAILED, "REFUSED")


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_run_that_is_not_made_yet_is_not_configured(database: Database, platform: Platform, edx: Edx) -> None:
    runs = await plan(database)
    async with making(database, platform):
        async with database.writing() as session:
            await request_configurations(session, runs, by=ADMIN)
        await over(database, runs)
    assert (await state_of(database, runs[0]))[1].result == '{"configured":false}'
    assert edx.faults.requests == {}
