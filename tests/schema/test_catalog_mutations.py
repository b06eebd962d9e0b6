"""Runs, courses and organizations through GraphQL (`spec/programs.md`, "Course Runs", "Organizations", "Courses").

The rows are those of domain/programs §2.5.
"""

from typing import Any

import pytest
from sqlalchemy import func, select, update

from db.engine import Database
from db.tables import AuditEntry, Course, CourseRun, Organization, Program, ProgramStatus
from edx.keys import CourseKey
from resolvers.access import Viewer
from resolvers.catalog import RunFacts, upsert_course_run
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.catalog import uuid
from tests.resolvers.catalog.conftest import rows
from tests.schema.test_program_mutations import ACTIVE, NEW, RETIRED, RUN, UNPUBLISHED, change, program

NEW_RUN = "course-v1:NewX+Circuits+2026"
SELECTIONS = {
    "upsertCourseRun": "courseRun { key displayName course { key displayName organization { key displayName } } }",
    "updateCourseRun": "courseRun { key displayName }",
    "deleteCourseRun": "deletedId",
    "updateCourse": "course { key displayName runs { nodes { key } } }",
    "updateOrganization": "organization { key displayName }",
    "upsertOrganization": "organization { key displayName description logoUrl }",
    "syncCatalog": "created updated unchanged skipped { key reason }",
    "grantRole": "__typename",
}
LOOKS = "query ($run: String!) { courseRun(key: $run) { key displayName course { displayName } } }"


def written(mutation: str) -> str:
    name = mutation[0].upper() + mutation[1:]
    return (
        f"mutation ($input: {name}Input!) {{ payload: {mutation}(input: $input)"
        f" {{ {SELECTIONS[mutation]} userErrors {{ code field message }} }} }}"
    )


async def done(asking: Asking, mutation: str, viewer: Viewer = AUTHOR, **given: Any) -> dict[str, Any]:
    """The payload of a mutation that is done."""
    data = await asking.data(written(mutation), {"input": given}, viewer=viewer)
    payload: dict[str, Any] = data["payload"]
    assert payload.pop("userErrors") == []
    return payload


async def errors(asking: Asking, mutation: str, viewer: Viewer = AUTHOR, **given: Any) -> list[tuple[str, str]]:
    """Code and field of the user errors."""
    payload = (await asking.data(written(mutation), {"input": given}, viewer=viewer))["payload"]
    assert payload["userErrors"]
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


async def code(asking: Asking, mutation: str, viewer: Viewer, **given: Any) -> str:
    """The code of the one error of a mutation that is not let in."""
    error = await asking.error(written(mutation), {"input": given}, viewer=viewer)
    found: str = error["extensions"]["code"]
    return found


async def counted(database: Database) -> list[int]:
    tables = (Organization, Course, CourseRun)
    return [(await rows(database, select(func.count()).select_from(table)))[0] for table in tables]


async def entries(database: Database) -> list[tuple[str, str, str, str]]:
    """The audit log."""
    query = select(AuditEntry.action, AuditEntry.subject, AuditEntry.username, AuditEntry.changes)
    return [tuple(row) for row in await rows(database, query.order_by(AuditEntry.id))]


async def test_a_run_makes_its_course_and_organization(asking: Asking, database: Database) -> None:
    """§2.5 "nothing exists: creates Org, Course(display_name=run name), Run"; X3: the organization has no name."""
    found = (await done(asking, "upsertCourseRun", key=NEW_RUN, displayName="Circuits 1"))["courseRun"]

    assert found == {
        "key": NEW_RUN,
        "displayName": "Circuits 1",
        "course": {
            "key": "NewX+Circuits",
            "displayName": "Circuits 1",
            "organization": {"key": "NewX", "displayName": "NewX"},
        },
    }
    assert await rows(database, select(Organization.display_name).where(Organization.key == "NewX")) == [None]


async def test_only_the_first_run_names_a_course(asking: Asking, database: Database) -> None:
    """§2.5 "org exists: display_name untouched; course exists: display_name untouched"."""
    await done(asking, "updateOrganization", key="Org0X", displayName="The Org")
    found = await done(asking, "upsertCourseRun", key="course-v1:ORG0X+c0.0x+New", displayName="Another")

    assert found["courseRun"] == {
        "key": "course-v1:ORG0X+c0.0x+New",
        "displayName": "Another",
        "course": {
            "key": "Org0X+C0.0x",
            "displayName": "Course 0 of Org0X",
            "organization": {"key": "Org0X", "displayName": "The Org"},
        },
    }


async def test_a_run_is_put_twice_and_is_there_once(asking: Asking, database: Database) -> None:
    """§2.5 "Upsert same run twice: one row, second updates display_name"; X4: idempotent."""
    before = await counted(database)
    for name in ("One", "Two", "Two"):
        found = await done(asking, "upsertCourseRun", key=NEW_RUN, displayName=name)
        assert found["courseRun"]["displayName"] == name
        assert found["courseRun"]["course"]["displayName"] == "One"

    assert await counted(database) == [number + 1 for number in before]
    assert [(action, changes) for action, _, _, changes in await entries(database)] == [
        ("create run", '[{"field":"displayName","before":null,"after":"One"}]'),
        ("rename", '[{"field":"displayName","before":"One","after":"Two"}]'),
    ]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "invalid",
        "edx/demo",
        "course-v1:edX+DemoX",
        "org/course/",
        "a/b/c/d",
        "course-v1:a+b+c+d",
        "course-v1:a b+c+d",
        "course-v1:a+b+c\n",
        "course-v1:o+c+r+branch@draft",
        "library-v1:org+lib",
        "foo!/bar/baz",
        "course-v1:o+c+" + "r" * 300,
        "course-v1%3Aa%2Bb%2Bc",
    ],
)
async def test_a_bad_key_is_refused(asking: Asking, key: str) -> None:
    """§1.5; §2.5 "bad key → 400", "Reject still-encoded text with a helpful message"."""
    for mutation in ("upsertCourseRun", "updateCourseRun", "deleteCourseRun"):
        given = {"key": key} if mutation == "deleteCourseRun" else {"key": key, "displayName": "X"}
        payload = (await asking.data(written(mutation), {"input": given}, viewer=AUTHOR))["payload"]
        [error] = payload["userErrors"]
        assert (error["code"], error["field"]) == ("BAD_COURSE_KEY", ["key"])
        assert "%" not in key or "course-v1:a+b+c" in error["message"]


@pytest.mark.parametrize("key", ["ANUx/ANU-ASTRO2x/2B3T2015", "course-v1:Ünï+b+c", "course-v1:a.b~c+x:y+z"])
async def test_old_and_unusual_keys_are_taken(asking: Asking, key: str) -> None:
    """§1.5."""
    assert (await done(asking, "upsertCourseRun", key=key, displayName="X"))["courseRun"]["key"] == key


async def test_a_key_that_differs_by_case_only_is_refused(asking: Asking) -> None:
    """Open edX never has both."""
    assert await errors(asking, "upsertCourseRun", key=RUN.replace("R0", "r0"), displayName="X") == [("INVALID", "key")]


@pytest.mark.parametrize(
    ("mutation", "key"), [("upsertCourseRun", NEW_RUN), ("updateCourseRun", RUN), ("updateCourse", "Org0X+C0.0x")]
)
async def test_a_name_is_needed_and_fits(asking: Asking, mutation: str, key: str) -> None:
    for name, expected in ((" ", "REQUIRED"), ("n" * 256, "TOO_LONG"), ("n\0", "INVALID")):
        assert await errors(asking, mutation, key=key, displayName=name) == [(expected, "displayName")]


async def test_a_name_given_here_outlives_synchronizations(asking: Asking, database: Database) -> None:
    """spec/programs.md, "PUT /runs/": display names "may be subsequently customized via API calls"."""
    await done(asking, "updateCourseRun", key=RUN, displayName="Ours")
    await done(asking, "updateCourse", key="Org0X/C0.0x", displayName="Our course")
    async with database.writing() as session:
        await upsert_course_run(session, RunFacts(CourseKey.parse(RUN), "Theirs"))

    found = (await asking.data(LOOKS, {"run": RUN}))["courseRun"]
    assert found == {"key": RUN, "displayName": "Ours", "course": {"displayName": "Our course"}}


async def test_a_run_of_no_visible_program_is_removed_and_leaves_its_course(asking: Asking, database: Database) -> None:
    """§2.5 "Delete run not in any active program → removed; Org and Course stay as orphans"."""
    await done(asking, "upsertCourseRun", key=NEW_RUN, displayName="One")
    before = await counted(database)

    gone = await done(asking, "deleteCourseRun", key="course-v1:newx+CIRCUITS+2026")
    assert gone == {"deletedId": f"CourseRun:{NEW_RUN}"}
    assert await counted(database) == [before[0], before[1], before[2] - 1]
    assert (await entries(database))[-1][:3] == ("delete run", f"CourseRun:{NEW_RUN}", "author")
    assert await code(asking, "deleteCourseRun", AUTHOR, key=NEW_RUN) == "NOT_FOUND"


@pytest.mark.parametrize("status", [ProgramStatus.ACTIVE, ProgramStatus.RETIRED])
async def test_a_run_of_a_program_that_learners_see_stays(
    asking: Asking, database: Database, status: ProgramStatus
) -> None:
    """§2.5 "Delete run in ≥1 active program → 403, nothing removed"; retired ones too, their history would be lost."""
    async with database.writing() as session:
        others = update(Program).where(Program.uuid != uuid(1))
        await session.execute(others.values(status=ProgramStatus.UNPUBLISHED))
        await session.execute(update(Program).where(Program.uuid == uuid(1)).values(status=status))
    before = await counted(database)

    payload = (await asking.data(written("deleteCourseRun"), {"input": {"key": RUN}}, viewer=ADMIN))["payload"]

    [error] = payload["userErrors"]
    assert (error["code"], error["field"], payload["deletedId"]) == ("PROGRAM_ACTIVE", ["key"], None)
    assert "'Program 1'" in error["message"]
    assert await counted(database) == before
    assert len((await program(asking, UNPUBLISHED))["runModes"]) == 4


@pytest.mark.parametrize("status", [ProgramStatus.UNPUBLISHED, ProgramStatus.DELETED])
async def test_a_run_is_removed_from_programs_that_learners_do_not_see(
    asking: Asking, database: Database, status: ProgramStatus
) -> None:
    """§2.5 "In only unpublished/deleted programs → removed together with its associations", and history tells."""
    async with database.writing() as session:
        await session.execute(update(Program).values(status=status))
    await done(asking, "deleteCourseRun", key=RUN)

    history = "query ($id: ID!) { program(id: $id) { revision runModes { courseRun { key } } history { nodes {"
    history += " action username changes { field after } } } } }"
    found = (await asking.data(history, {"id": UNPUBLISHED}, viewer=ADMIN))["program"]
    if status is ProgramStatus.DELETED:
        assert found is None
        return
    assert {mode["courseRun"]["key"] for mode in found["runModes"]} == {RUN.replace("R0", "R1")}
    [entry] = found["history"]["nodes"]
    assert (found["revision"], entry["action"], entry["username"]) == (2, "delete run", "author")
    [changed] = entry["changes"]
    assert changed["field"] == "runModes"
    assert RUN not in changed["after"]


async def test_a_run_that_others_were_made_from_stays(asking: Asking, database: Database) -> None:
    await done(asking, "upsertCourseRun", key=NEW_RUN, displayName="One")
    async with database.writing() as session:
        parent = select(CourseRun.id).where(CourseRun.key == NEW_RUN).scalar_subquery()
        await session.execute(update(CourseRun).where(CourseRun.key == RUN).values(parent_id=parent))

    assert await errors(asking, "deleteCourseRun", key=NEW_RUN) == [("INVALID", "key")]


async def test_courses_and_organizations_are_named_and_returned_whole(asking: Asking, database: Database) -> None:
    """§2.5 "set display_name returns the resource"; an empty name of an organization shows its key."""
    course = (await done(asking, "updateCourse", key="ORG0X/c0.0x", displayName="Exploring"))["course"]
    assert (course["key"], course["displayName"], len(course["runs"]["nodes"])) == ("Org0X+C0.0x", "Exploring", 3)
    for name, shown in (("The Org", "The Org"), (None, "Org0X"), ("", "Org0X")):
        found = await done(asking, "updateOrganization", key="org0x", displayName=name)
        assert found["organization"] == {"key": "Org0X", "displayName": shown}
    assert [entry[:2] for entry in await entries(database)] == [
        ("rename", "Course:Org0X+C0.0x"),
        ("rename", "Organization:Org0X"),
        ("rename", "Organization:Org0X"),
    ]


@pytest.mark.parametrize(
    ("mutation", "given"),
    [
        ("updateCourseRun", {"key": NEW_RUN, "displayName": "X"}),
        ("deleteCourseRun", {"key": NEW_RUN}),
        ("updateCourse", {"key": "NewX+Circuits", "displayName": "X"}),
        ("updateOrganization", {"key": "NewX", "displayName": "X"}),
    ],
)
async def test_what_is_not_there_is_not_found(asking: Asking, mutation: str, given: dict[str, Any]) -> None:
    """§2.5 "Delete unknown run → 404"; X16: a change makes nothing."""
    assert await code(asking, mutation, AUTHOR, **given) == "NOT_FOUND"
    assert await code(asking, mutation, LEARNER, **given) == "FORBIDDEN"


async def test_a_course_key_that_is_none_is_refused(asking: Asking) -> None:
    assert await errors(asking, "updateCourse", key="course-v1:a+b+c", displayName="X") == [("BAD_COURSE_KEY", "key")]


async def test_an_organization_is_made_and_brought_up_to_date(asking: Asking, database: Database) -> None:
    """§2.5 "Org create", "PUT unknown": an upsert; what is left out stays as it is, null empties."""
    for given, expected in (
        ({}, ("NewX", "", None)),
        ({"displayName": "New"}, ("New", "", None)),
        ({"description": "D", "logoUrl": "https://example.org/l.png"}, ("New", "D", "https://example.org/l.png")),
        ({"displayName": "Newer"}, ("Newer", "D", "https://example.org/l.png")),
        ({"displayName": None, "description": None, "logoUrl": None}, ("NewX", "", None)),
    ):
        found = (await done(asking, "upsertOrganization", key="NewX", **given))["organization"]
        assert (found["displayName"], found["description"], found["logoUrl"]) == expected
    assert [entry[0] for entry in await entries(database)] == [
        "create organization", *["update organization"] * 4,
    ]  # fmt: skip
    same = await done(asking, "upsertOrganization", key="newx")
    assert same["organization"]["key"] == "NewX"
    assert await errors(asking, "upsertOrganization", key="a b") == [("INVALID", "key")]
    assert await errors(asking, "upsertOrganization", key="A", displayName="n" * 256) == [("TOO_LONG", "displayName")]
    for logo in ("javascript:alert(1)", "/logo.png", "https://"):
        assert await errors(asking, "upsertOrganization", key="A", logoUrl=logo) == [("INVALID", "logoUrl")]


async def test_a_push_takes_what_it_can_and_says_what_it_left_out(asking: Asking, database: Database) -> None:
    """spec/programs.md, "Population of CourseCodes"; §5 "Idempotent sync with dry run; skip and log bad items"."""
    item = {"key": NEW_RUN, "displayName": "One", "start": "2026-02-01T00:00:00Z", "pacing": "SELF"}
    long = f"course-v1:Org0X+New+{'ß' * 200}"
    items = [item, {**item, "key": NEW_RUN.lower()}, {**item, "key": "bad"}, {"key": RUN, "displayName": "Renamed"}]
    items.append({**item, "key": long})
    skipped = [
        {"key": NEW_RUN.lower(), "reason": "it comes twice"},
        {"key": "bad", "reason": "'bad' is no course key: it does not start with 'course-v1:'"},
        {"key": long, "reason": "its key has more than 255 characters when case is folded"},
    ]
    before = await counted(database)

    dry = await done(asking, "syncCatalog", items=items, dryRun=True)
    assert (dry["created"], dry["updated"], [each["key"] for each in dry["skipped"]]) == (
        1,
        1,
        [each["key"] for each in skipped],
    )
    assert (await counted(database), await entries(database)) == (before, [])
    for created, updated in ((1, 1), (0, 0)):
        pushed = await done(asking, "syncCatalog", items=items)
        assert pushed["skipped"] == skipped
        assert (pushed["created"], pushed["updated"], pushed["unchanged"]) == (created, updated, 2 - created - updated)
    assert await counted(database) == [number + 1 for number in before]
    [entry] = await entries(database)
    assert entry[:3] == ("push", "Catalog", "author")


async def test_a_push_is_bounded(asking: Asking) -> None:
    items = [{"key": f"course-v1:A+B+{i}", "displayName": "X"} for i in range(501)]
    assert await errors(asking, "syncCatalog", items=items) == [("INVALID", "items")]


async def test_programs_keep_their_courses_when_the_catalog_is_renamed(asking: Asking) -> None:
    """A name of the catalog is no part of a program: neither its revision nor what learners see of it changes."""
    before = [await program(asking, id_) for id_ in (ACTIVE, RETIRED)]
    await done(asking, "updateCourse", key="Org0X+C0.0x", displayName="Renamed")
    await done(asking, "updateOrganization", key="Org0X", displayName="Renamed")
    assert [await program(asking, id_) for id_ in (ACTIVE, RETIRED)] == before
    assert (await change(asking, "createProgram", **NEW))["program"]
