"""Runs and modes of the LMS: which there are to choose from, and which programs may have.

spec/programs.md, "Selection of Course Run Modes" and "ProgramCourseRunMode": runs and modes cannot be associated with
programs until they have been published to the participating LMS.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from db.engine import Database
from db.tables import CourseRun, Program, ProgramCourseRunMode
from edx.lms import COURSES, MODES
from edx.simulator.faults import Fault, Kind
from edx.simulator.world import Mode
from resolvers.access import Viewer
from resolvers.programs import sync_run_modes
from tests.asking import ADMIN, ANONYMOUS, AUTHOR, LEARNER, Asking
from tests.catalog import fill
from tests.offering import Platform, platform
from tests.schema.test_program_mutations import ACTIVE, NEW, RUN, UNPUBLISHED, change, document, program, refused

AUDIT = Mode("audit", "Audit")
VERIFIED = Mode("verified", "Verified", 49, "usd", datetime(2027, 5, 1, tzinfo=UTC), sku="8CF08E5")
RUNS = [f"course-v1:Org0X+C0.0x+R{number}" for number in range(3)]
COURSE = ["Org0X+C0.0x"]
LISTING = """query ($organization: String!, $course: String!) {
  availableRunModes(organization: $organization, course: $course) {
    key displayName start end modes { slug displayName sku price currency expiresAt }
  }
}"""


@pytest.fixture
async def lms() -> AsyncIterator[Platform]:
    """An LMS with two of the course's three runs, and the run of another course."""
    async with platform() as running:
        running.publish(RUNS[0], AUDIT, VERIFIED)
        running.publish(RUNS[1])
        running.publish("course-v1:Org0X+C1.0x+R0", AUDIT)
        yield running


@pytest.fixture
async def offering(database: Database, lms: Platform) -> Asking:
    """An executor over the small catalog that can ask the LMS."""
    await fill(database)
    return Asking(database, offers=lms.offers)


def modes(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"courses": COURSE, "runModes": [{"run": run, "modeSlug": slug} for run, slug in pairs]}


async def available(asking: Asking, organization: str, course: str, viewer: Viewer = AUTHOR) -> Any:
    given = {"organization": organization, "course": course}
    return (await asking.data(LISTING, given, viewer=viewer))["availableRunModes"]


async def test_the_runs_of_a_course_are_listed_with_their_modes_and_skus(offering: Asking, lms: Platform) -> None:
    """ "Fetch listings of available runs and modes, filtered by an organization and course code"."""
    first, second = await available(offering, "Org0X", "C0.0x")

    assert (first["key"], first["displayName"], first["start"], first["end"]) == (
        RUNS[0], "Run R0", "2026-01-01T00:00:00Z", None,
    )  # fmt: skip
    assert first["modes"] == [
        {"slug": "audit", "displayName": "Audit", "sku": "", "price": 0, "currency": "usd", "expiresAt": None},
        {
            "slug": "verified", "displayName": "Verified", "sku": "8CF08E5", "price": 49, "currency": "usd",
            "expiresAt": "2027-05-01T00:00:00Z",
        },
    ]  # fmt: skip
    assert (second["key"], [mode["slug"] for mode in second["modes"]]) == (RUNS[1], ["audit"])
    assert lms.calls() == {"courses": 1, "modes": 2}


async def test_case_does_not_matter_and_what_is_not_there_is_an_empty_list(offering: Asking) -> None:
    assert [run["key"] for run in await available(offering, "ORG0x", "c0.0X")] == RUNS[:2]
    assert await available(offering, "Org0X", "C9.0x") == []
    assert await available(offering, "Nobody", "C0.0x") == []


async def test_only_who_builds_programs_may_ask_the_lms(offering: Asking, lms: Platform) -> None:
    """§2.8."""
    given = {"organization": "Org0X", "course": "C0.0x"}
    for viewer, code in ((LEARNER, "FORBIDDEN"), (ANONYMOUS, "UNAUTHENTICATED")):
        error = await offering.error(LISTING, given, viewer=viewer)
        assert error["extensions"]["code"] == code
    assert lms.calls() == {}


async def test_a_program_is_made_with_runs_and_modes_that_the_lms_offers(offering: Asking, lms: Platform) -> None:
    """One call tells which of the runs there are, and one for each of them its modes."""
    given = modes((RUNS[0], "verified"), (RUNS[0], "audit"), (RUNS[1], "audit"))
    made = (await change(offering, "createProgram", AUTHOR, **NEW, **given))["program"]

    assert len(made["runModes"]) == 3
    assert lms.calls() == {"courses": 1, "modes": 2}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (modes((RUNS[2], "audit")), [("RUN_NOT_PUBLISHED", "runModes.0.run")]),
        (modes((RUNS[0], "honor")), [("MODE_UNKNOWN", "runModes.0.modeSlug")]),
        (modes((RUNS[0], "Verified")), [("MODE_UNKNOWN", "runModes.0.modeSlug")]),
        (modes((RUNS[1], "verified")), [("MODE_UNKNOWN", "runModes.0.modeSlug")]),
        (
            {**modes((RUNS[0], "audit"), (RUNS[2], "audit"), (RUNS[0], "no")), "name": "Program 1"},
            [
                ("NAME_TAKEN", "name"),
                ("RUN_NOT_PUBLISHED", "runModes.1.run"),
                ("MODE_UNKNOWN", "runModes.2.modeSlug"),
            ],
        ),
    ],
)
async def test_what_the_lms_does_not_offer_is_refused_with_all_else_that_is_wrong(
    offering: Asking, given: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert await refused(offering, "createProgram", AUTHOR, **{**NEW, **given}) == expected

    count = await offering.data("{ programs { totalCount } }", viewer=ADMIN)
    assert count["programs"]["totalCount"] == 6


async def test_an_update_asks_about_what_it_attaches_only(offering: Asking, lms: Platform) -> None:
    """§2.4: run modes are a replacement set; those that the program has stay, whatever has become of them."""
    assert RUNS[2] not in lms.world.runs
    kept = [{"run": mode["courseRun"]["key"], "modeSlug": mode["modeSlug"]} for mode in (
        await program(offering, UNPUBLISHED))["runModes"]]  # fmt: skip

    await change(offering, "updateProgram", AUTHOR, id=UNPUBLISHED, name="New", runModes=kept)
    assert lms.calls() == {}

    wrong = {"run": RUNS[2], "modeSlug": "audit"}
    assert await refused(offering, "updateProgram", AUTHOR, id=UNPUBLISHED, name="Newer", runModes=[*kept, wrong]) == [
        ("RUN_NOT_PUBLISHED", f"runModes.{len(kept)}.run")
    ]
    assert (await program(offering, UNPUBLISHED))["name"] == "New"
    assert lms.calls() == {"courses": 1}


async def test_a_course_is_added_with_runs_that_the_lms_offers(offering: Asking) -> None:
    made = (await change(offering, "createProgram", AUTHOR, **NEW))["program"]["id"]
    for slug, expected in (("honor", [("MODE_UNKNOWN", "runModes.0.modeSlug")]), ("audit", [])):
        given = {"id": made, "course": COURSE[0], "runModes": [{"run": RUNS[0], "modeSlug": slug}]}
        payload = await change(offering, "addCourseToProgram", AUTHOR, **given)
        errors = [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]
        assert errors == expected


async def test_the_place_of_a_run_is_that_in_the_input_whatever_the_program_has(offering: Asking) -> None:
    given = modes((RUNS[0], "audit"), (RUNS[1], "audit"))
    made = (await change(offering, "createProgram", AUTHOR, **NEW, **given))["program"]["id"]
    wrong = {"run": "course-v1:Org0X+C1.0x+R0", "modeSlug": "honor"}
    added = {"id": made, "course": "Org0X+C1.0x", "runModes": [wrong]}

    assert await refused(offering, "addCourseToProgram", **added) == [("MODE_UNKNOWN", "runModes.0.modeSlug")]


async def test_a_run_that_the_catalog_does_not_know_is_not_asked_about(offering: Asking, lms: Platform) -> None:
    """X16: what is unknown here is refused, not made on the fly."""
    assert await refused(offering, "createProgram", **NEW, **modes(("course-v1:Org0X+C0.0x+R9", "audit"))) == [
        ("RUN_UNKNOWN", "runModes.0.run")
    ]
    assert lms.calls() == {}


async def test_those_who_may_not_change_programs_make_nobody_ask_the_lms(offering: Asking, lms: Platform) -> None:
    for mutation, given in (("createProgram", NEW), ("updateProgram", {"id": ACTIVE})):
        error = await offering.error(
            document(mutation), {"input": {**given, **modes((RUNS[0], "audit"))}}, viewer=LEARNER
        )
        assert error["extensions"]["code"] == "FORBIDDEN"
    assert lms.calls() == {}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.ERROR, path=COURSES, status=503),
        Fault(Kind.ERROR, path=MODES, status=500),
        Fault(Kind.CUT, path=MODES),
        Fault(Kind.PAGE, path=COURSES),
        Fault(Kind.WRONG_TYPE, path=MODES),
        Fault(Kind.THROTTLE, path=COURSES, retry_after=59),
    ],
    ids=lambda fault: f"{fault.kind} {fault.path}",
)
async def test_when_the_lms_fails_that_is_said_and_nothing_is_written(
    offering: Asking, lms: Platform, fault: Fault
) -> None:
    """§2.9: an LMS that is unreachable or throttles is told from everything else."""
    lms.strike(fault)

    given = {"input": {**NEW, **modes((RUNS[0], "audit"))}}
    listing = {"organization": "Org0X", "course": "C0.0x"}
    for query, variables in ((document("createProgram"), given), (LISTING, listing)):
        error = await offering.error(query, variables, viewer=AUTHOR)
        assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        assert error["message"].startswith("The LMS ")
        assert "127.0.0.1" not in error["message"]
        assert ("59 seconds" in error["message"]) is (fault.kind is Kind.THROTTLE)
    count = await offering.data("{ programs { totalCount } }", viewer=ADMIN)
    assert count["programs"]["totalCount"] == 6


async def test_an_idempotent_create_asks_the_lms_once(offering: Asking, lms: Platform) -> None:
    given = {**NEW, **modes((RUNS[0], "audit")), "idempotencyKey": "k"}
    first, second = [await change(offering, "createProgram", AUTHOR, **given) for _ in range(2)]

    assert first["program"]["id"] == second["program"]["id"]
    assert lms.calls() == {"courses": 1, "modes": 1}


async def test_one_change_attaches_a_hundred_runs_at_most(offering: Asking, lms: Platform) -> None:
    async with offering.database.writing() as session:
        course_id = await session.scalar(select(CourseRun.course_id).where(CourseRun.key == RUN))
        keys = [f"course-v1:Org0X+C0.0x+X{number}" for number in range(101)]
        session.add_all(
            CourseRun(course_id=course_id, key=key, key_folded=key.casefold(), display_name="X", name_folded="x")
            for key in keys
        )
    assert await refused(offering, "createProgram", **NEW, **modes(*((key, "audit") for key in keys))) == [
        ("INVALID", "runModes")
    ]
    assert lms.calls() == {}


async def test_without_an_lms_runs_are_taken_as_the_catalog_has_them(asking: Asking) -> None:
    assert (await change(asking, "createProgram", AUTHOR, **NEW, **modes((RUN, "any"))))["program"]
    error = await asking.error(LISTING, {"organization": "Org0X", "course": "C0.0x"}, viewer=AUTHOR)
    assert error["extensions"]["code"] == "FEATURE_DISABLED"


async def test_programs_with_runs_that_the_lms_dropped_are_found_and_keep_them(offering: Asking, lms: Platform) -> None:
    """What disappears is marked and never deleted; staff list the programs that it concerns."""
    given = modes((RUNS[0], "verified"), (RUNS[1], "audit"))
    made = (await change(offering, "createProgram", AUTHOR, **NEW, **given))["program"]["id"]
    del lms.world.runs[RUNS[0]].modes["verified"]
    async with offering.database.writing() as session:  # the others have runs of courses that are not published
        others = select(Program.id).where(Program.name != "Circuits")
        await session.execute(delete(ProgramCourseRunMode).where(ProgramCourseRunMode.program_id.in_(others)))
    await sync_run_modes(offering.database, lms.lms)

    query = """query ($wanted: Boolean) { programs(filter: { hasUnavailableRuns: $wanted }) {
      nodes { id runModes { courseRun { key } modeSlug isUnavailable } publishability { reasons { code path } } }
    } }"""
    [found] = (await offering.data(query, {"wanted": True}, viewer=AUTHOR))["programs"]["nodes"]
    assert found["id"] == made
    assert [(mode["courseRun"]["key"], mode["isUnavailable"]) for mode in found["runModes"]] == [
        (RUNS[0], True),
        (RUNS[1], False),
    ]
    assert {"code": "RUN_UNAVAILABLE", "path": ("runModes", RUNS[0])} in found["publishability"]["reasons"]
    rest = (await offering.data(query, {"wanted": False}, viewer=AUTHOR))["programs"]["nodes"]
    assert made not in [each["id"] for each in rest]

    await change(offering, "updateProgram", AUTHOR, id=made, courses=[*COURSE, "Org0X+C1.0x"])
    [found] = (await offering.data(query, {"wanted": True}, viewer=AUTHOR))["programs"]["nodes"]
    assert found["id"] == made


async def test_learners_find_the_programs_that_they_may_see(offering: Asking) -> None:
    async with offering.database.writing() as session:
        await session.execute(update(ProgramCourseRunMode).values(is_unavailable=True))
    query = "{ programs(filter: { hasUnavailableRuns: true }) { nodes { status } } }"

    found = (await offering.data(query, viewer=LEARNER))["programs"]["nodes"]
    assert {each["status"] for each in found} == {"ACTIVE", "RETIRED"}
