"""What authors, programs and synchronizations make of contracts' runs: as little as of runs that are not there."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import CourseRun, Pacing
from edx.keys import CourseKey
from resolvers.catalog import RunDetails, RunFacts, upsert_course_run
from tests.asking import ADMIN, AUTHOR, Asking
from tests.catalog import uuid
from tests.contracts import READY, SOURCE, add_contracts
from tests.resolvers.catalog.conftest import rows
from tests.schema.test_catalog_mutations import code, done, errors

NONE = "course-v1:UAI_Org0X+C0.0x+C1_2027"


@pytest.fixture
def dialect() -> str:
    """These are rules, not SQL."""
    return "sqlite"


@pytest.fixture
async def asking(asking: Asking, database: Database) -> Asking:
    """An executor over the small catalog and its two contracts."""
    await add_contracts(database)
    return asking


@pytest.mark.parametrize("key", [READY, NONE])
async def test_authors_cannot_tell_whether_there_is_a_contracts_run(asking: Asking, key: str) -> None:
    """Isolation on every edge: the answer is the same whether or not there is such a run."""
    assert await code(asking, "updateCourseRun", AUTHOR, key=key, displayName="X") == "NOT_FOUND"
    assert await code(asking, "deleteCourseRun", AUTHOR, key=key) == "NOT_FOUND"
    assert await code(asking, "upsertCourseRun", AUTHOR, key=key, displayName="X") == "FORBIDDEN"
    for dry_run in (True, False):
        items = [{"key": key, "displayName": "X"}]
        assert await code(asking, "syncCatalog", AUTHOR, items=items, dryRun=dry_run) == "FORBIDDEN"
    given = {"run": key, "modeSlug": "audit"}
    text = """mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { userErrors { code field } } }"""
    for viewer in (AUTHOR, ADMIN):
        data = await asking.data(text, {"input": {"id": f"Program:{uuid(0)}", "runModes": [given]}}, viewer=viewer)
        assert data["updateProgram"]["userErrors"][0]["code"] == "RUN_UNKNOWN"


async def test_a_contracts_run_and_a_source_are_not_deleted(asking: Asking) -> None:
    """S11: "Retiring it would break future contract runs for this course"."""
    assert await errors(asking, "deleteCourseRun", ADMIN, key=READY) == [("RUN_OF_CONTRACT", "key")]
    assert await errors(asking, "deleteCourseRun", AUTHOR, key=SOURCE) == [("SOURCE_RUN_PROTECTED", "key")]
    assert (await done(asking, "updateCourseRun", ADMIN, key=READY, displayName="Ours"))["courseRun"]["key"] == READY


async def test_a_synchronization_leaves_a_contracts_dates_alone(asking: Asking, database: Database) -> None:
    """E8: an open-ended contract's run got the source's dates back, and lost those of enrollment."""
    moment = datetime(2001, 1, 1, tzinfo=UTC)
    details = RunDetails("Told", start=moment, end=moment, enrollment_start=None, pacing=Pacing.INSTRUCTOR)
    for key in (READY, "course-v1:Org0X+C0.0x+R0"):
        async with database.writing() as session:
            await upsert_course_run(session, RunFacts(CourseKey.parse(key), "Name", details))
    run = CourseRun
    query = select(run.start, run.end, run.pacing, run.short_description, run.display_name).where(
        run.key.in_([READY, "course-v1:Org0X+C0.0x+R0"])
    )
    assert sorted(map(tuple, await rows(database, query)), key=str) == [
        (None, None, Pacing.SELF, "Told", "Name"),
        (moment, moment, Pacing.INSTRUCTOR, "Told", "Name"),
    ]
