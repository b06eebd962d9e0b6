"""What programs have of runs and modes that the LMS stopped offering is marked, and never removed.

spec/programs.md, "ProgramCourseRunMode": logic may be added to invalidate programs when a related run or mode stops
being available in the LMS.
"""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, update

from db.engine import Database
from db.tables import CourseRun, Program, ProgramCourseRunMode, ProgramStatus
from edx.lms import COURSES, MODES
from edx.simulator.faults import Fault, Kind
from edx.simulator.world import Mode
from resolvers.catalog import Outcome
from resolvers.programs import load_programs, sync_run_modes
from tests.offering import Platform, platform
from tests.resolvers.catalog.conftest import rows, statements
from tests.resolvers.programs.conftest import draft, fill

A, B = "course-v1:A+C0+R1", "course-v1:B+C1+R2"
AUDIT, VERIFIED = Mode("audit", "Audit"), Mode("verified", "Verified")
MARKS = (
    select(CourseRun.key, ProgramCourseRunMode.mode_slug, ProgramCourseRunMode.is_unavailable)
    .join(CourseRun, CourseRun.id == ProgramCourseRunMode.course_run_id)
    .order_by(CourseRun.key)
)
OFFERED, GONE = [(A, "verified", False), (B, "audit", False)], [(A, "verified", True), (B, "audit", False)]


@pytest.fixture
async def lms() -> AsyncIterator[Platform]:
    """An LMS that offers what the program of the tests has."""
    async with platform() as running:
        running.publish(A, VERIFIED)
        running.publish(B)
        yield running


@pytest.fixture
async def filled(database: Database) -> Database:
    """A program of two runs."""
    await fill(database)
    await load_programs(database, [draft()])
    return database


async def test_what_is_offered_is_left_alone(filled: Database, lms: Platform) -> None:
    with statements(filled) as sent:
        report = await sync_run_modes(filled, lms.lms)

    assert (report.counts, report.failure) == ({Outcome.UNCHANGED: 2, Outcome.UPDATED: 0}, None)
    assert await rows(filled, MARKS) == OFFERED
    assert len(sent) == 1
    assert lms.calls() == {"courses": 1, "modes": 2}


@pytest.mark.parametrize("what", ["run", "mode"])
async def test_what_disappears_is_marked_and_what_comes_back_is_not_any_more(
    filled: Database, lms: Platform, what: str
) -> None:
    if what == "run":
        del lms.world.runs[A]
    else:
        lms.publish(A, AUDIT)
    report = await sync_run_modes(filled, lms.lms)
    assert report.counts[Outcome.UPDATED] == 1
    assert await rows(filled, MARKS) == GONE
    assert (await sync_run_modes(filled, lms.lms)).counts[Outcome.UPDATED] == 0

    lms.publish(A, AUDIT, VERIFIED)
    assert (await sync_run_modes(filled, lms.lms)).counts[Outcome.UPDATED] == 1
    assert await rows(filled, MARKS) == OFFERED


async def test_a_dry_run_counts_the_same_and_marks_nothing(filled: Database, lms: Platform) -> None:
    del lms.world.runs[A]
    report = await sync_run_modes(filled, lms.lms, dry_run=True)

    assert (report.is_dry_run, report.counts[Outcome.UPDATED]) == (True, 1)
    assert await rows(filled, MARKS) == OFFERED


@pytest.mark.parametrize(
    "fault", [Fault(Kind.ERROR, path=COURSES, status=503), Fault(Kind.CUT, path=MODES), Fault(Kind.PAGE, path=MODES)]
)
async def test_an_lms_that_is_down_makes_nothing_unavailable(filled: Database, lms: Platform, fault: Fault) -> None:
    lms.strike(fault)
    report = await sync_run_modes(filled, lms.lms)

    assert report.failure
    assert await rows(filled, MARKS) == OFFERED


async def test_programs_that_were_deleted_are_not_asked_about(filled: Database, lms: Platform) -> None:
    async with filled.writing() as session:
        await session.execute(update(Program).values(status=ProgramStatus.DELETED))

    assert (await sync_run_modes(filled, lms.lms)).total == 0
    assert lms.calls() == {}


async def test_a_mark_outlives_a_change_of_the_program(filled: Database, lms: Platform) -> None:
    del lms.world.runs[A]
    await sync_run_modes(filled, lms.lms)
    await load_programs(filled, [draft(requirements=draft().requirements[::-1])])

    assert await rows(filled, MARKS) == GONE
    assert await rows(filled, select(func.count()).select_from(ProgramCourseRunMode)) == [2]
