"""Authoring programs through GraphQL (`spec/programs.md`; the rows are those of the domain notes, §2.1 to §2.4)."""

from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import Program, ProgramUser
from resolvers.access import Viewer
from tests.asking import ADMIN, ANONYMOUS, AUTHOR, LEARNER, Asking
from tests.catalog import uuid

PROGRAM = "id name subtitle description status revision marketingSlug category { slug } organizations { key }"
PROGRAM += " courses { key } runModes { courseRun { key } modeSlug sku }"
ERRORS = "userErrors { __typename code message field ... on RevisionConflict { currentRevision }"
ERRORS += " ... on NotPublishable { reasons { code message path } } }"
NEW: dict[str, Any] = {"name": "Circuits", "category": "XSeries", "organizations": ["org0x"]}
RUN = "course-v1:Org0X+C0.0x+R0"
UNPUBLISHED, ACTIVE, RETIRED, DELETED = (f"Program:{uuid(number)}" for number in range(4))


def document(mutation: str) -> str:
    name = mutation[0].upper() + mutation[1:]
    selection = "deletedId" if mutation == "deleteProgram" else f"program {{ {PROGRAM} }}"
    return f"mutation ($input: {name}Input!) {{ payload: {mutation}(input: $input) {{ {selection} {ERRORS} }} }}"


async def change(asking: Asking, mutation: str, viewer: Viewer = ADMIN, **given: Any) -> dict[str, Any]:
    """The payload of a mutation that answers one."""
    data = await asking.data(document(mutation), {"input": given}, viewer=viewer)
    payload: dict[str, Any] = data["payload"]
    return payload


async def refused(asking: Asking, mutation: str, viewer: Viewer = ADMIN, **given: Any) -> list[tuple[str, Any]]:
    """Code and field of the user errors of a mutation that changes nothing."""
    payload = await change(asking, mutation, viewer, **given)
    assert payload.get("program") is None
    assert payload["userErrors"]
    return [(error["code"], error["field"] and ".".join(error["field"])) for error in payload["userErrors"]]


async def program(asking: Asking, id_: str, viewer: Viewer = ADMIN) -> Any:
    query = f"query ($id: ID!) {{ program(id: $id) {{ {PROGRAM} }} }}"
    return (await asking.data(query, {"id": id_}, viewer=viewer))["program"]


async def learner_of(database: Database, id_: str) -> None:
    async with database.writing() as session:
        found = await session.scalar(select(Program.id).where(Program.uuid == id_.removeprefix("Program:")))
        session.add(ProgramUser(username="ada", program_id=found, source="listing"))


async def test_a_program_is_made_unpublished_with_what_was_given(asking: Asking) -> None:
    """§2.1: exactly one existing organization; status unpublished; texts left out are empty."""
    made = (await change(asking, "createProgram", **NEW))["program"]

    assert made.pop("id").startswith("Program:")
    assert made == {
        "name": "Circuits", "subtitle": "", "description": "", "status": "UNPUBLISHED", "revision": 1,
        "marketingSlug": "", "category": {"slug": "xseries"}, "organizations": [{"key": "Org0X"}], "courses": [],
        "runModes": [],
    }  # fmt: skip


async def test_a_program_is_made_with_courses_in_order_and_run_modes(asking: Asking) -> None:
    courses = ["Org0X/C2.0x", "Org0X+C0.0x"]
    modes = [{"run": RUN, "modeSlug": "verified"}, {"run": RUN, "modeSlug": "audit", "sku": "A1"}]

    made = (await change(asking, "createProgram", **NEW, courses=courses, runModes=modes))["program"]

    assert [course["key"] for course in made["courses"]] == ["Org0X+C2.0x", "Org0X+C0.0x"]
    assert [(mode["courseRun"]["key"], mode["modeSlug"], mode["sku"]) for mode in made["runModes"]] == [
        (RUN, "audit", "A1"),
        (RUN, "verified", ""),
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": " "}, [("REQUIRED", "name")]),
        ({"name": "Program 1"}, [("NAME_TAKEN", "name")]),
        ({"name": " pROGRAM 1 "}, [("NAME_TAKEN", "name")]),
        ({"name": "Program 3"}, [("NAME_TAKEN", "name")]),
        ({"name": "N" * 256}, [("TOO_LONG", "name")]),
        ({"status": "ACTIVE"}, [("BAD_TRANSITION", "status")]),
        ({"category": "none"}, [("CATEGORY_UNKNOWN", "category")]),
        ({"organizations": []}, [("ORG_COUNT", "organizations")]),
        ({"organizations": ["Org0X", "Org1X"]}, [("ORG_COUNT", "organizations")]),
        ({"organizations": ["Org0X", "org0x"]}, [("DUPLICATE", "organizations"), ("ORG_COUNT", "organizations")]),
        ({"organizations": ["Nobody"]}, [("ORG_UNKNOWN", "organizations.0")]),
        ({"courses": ["Org0X+None"]}, [("COURSE_UNKNOWN", "courses.0")]),
        ({"courses": ["nonsense"]}, [("BAD_COURSE_KEY", "courses.0")]),
        ({"courses": ["Org0X+C0.0x", "Org1X+C0.0x"]}, [("COURSE_OF_OTHER_ORGANIZATION", "courses.1")]),
        ({"courses": ["Org0X+C0.0x", "Org0X+C0.0x"]}, [("DUPLICATE", "courses")]),
        ({"runModes": [{"run": "nonsense", "modeSlug": "audit"}]}, [("BAD_COURSE_KEY", "runModes.0.run")]),
        ({"runModes": [{"run": RUN, "modeSlug": "audit"}]}, [("RUN_OF_OTHER_COURSE", "runModes.0.run")]),
        (
            {"name": "Program 1", "category": "none", "organizations": ["Nobody"]},
            [("ORG_UNKNOWN", "organizations.0"), ("CATEGORY_UNKNOWN", "category"), ("NAME_TAKEN", "name")],
        ),
    ],
)
async def test_a_bad_program_is_refused_with_all_that_is_wrong_and_leaves_nothing(
    asking: Asking, given: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """§2.1; X16: what is unknown is not made on the fly."""
    assert await refused(asking, "createProgram", **{**NEW, **given}) == expected

    data = await asking.data("{ programs { totalCount } }", viewer=ADMIN)
    assert data["programs"]["totalCount"] == 6


@pytest.mark.parametrize("mutation", ["createProgram", "updateProgram", "publishProgram", "deleteProgram"])
async def test_learners_change_nothing_and_learn_nothing(asking: Asking, mutation: str) -> None:
    """§2.8: 401 for nobody, 403 for learners, whatever there is."""
    for id_ in (UNPUBLISHED, ACTIVE, DELETED, f"Program:{uuid(99)}"):
        given = NEW if mutation == "createProgram" else {"id": id_}
        for viewer, code in ((LEARNER, "FORBIDDEN"), (ANONYMOUS, "UNAUTHENTICATED")):
            error = await asking.error(document(mutation), {"input": given}, viewer=viewer)
            assert error["extensions"]["code"] == code


async def test_what_is_left_out_stays_and_null_empties(asking: Asking) -> None:
    """§2.4: merge-patch."""
    await change(asking, "updateProgram", AUTHOR, id=UNPUBLISHED, description="About.", marketingSlug="slug")
    changed = (await change(asking, "updateProgram", AUTHOR, id=UNPUBLISHED, name=" New ", marketingSlug=None))[
        "program"
    ]

    assert (changed["name"], changed["subtitle"], changed["description"]) == ("New", "Subtitle 0", "About.")
    assert (changed["marketingSlug"], changed["revision"]) == ("", 3)
    assert len(changed["courses"]) == 4

    same = (await change(asking, "updateProgram", AUTHOR, id=UNPUBLISHED, name="New"))["program"]
    assert same["revision"] == 3
    assert await refused(asking, "updateProgram", id=UNPUBLISHED, name=None, organizations=None) == [
        ("REQUIRED", "name"),
        ("REQUIRED", "organizations"),
    ]


async def test_a_deleted_unknown_or_malformed_program_is_not_found(asking: Asking) -> None:
    for id_ in (DELETED, f"Program:{uuid(99)}"):
        error = await asking.error(document("updateProgram"), {"input": {"id": id_, "name": "X"}}, viewer=ADMIN)
        assert error["extensions"]["code"] == "NOT_FOUND"
    error = await asking.error(document("updateProgram"), {"input": {"id": "x", "name": "X"}}, viewer=ADMIN)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_change_for_another_revision_is_a_conflict(asking: Asking) -> None:
    payload = await change(asking, "updateProgram", id=UNPUBLISHED, expectedRevision=7, name="New")

    [error] = payload["userErrors"]
    assert (error["code"], error["currentRevision"]) == ("REVISION_CONFLICT", 1)


async def test_a_create_is_done_once_for_a_key(asking: Asking) -> None:
    first = await change(asking, "createProgram", **NEW, idempotencyKey="k1")
    again = await change(asking, "createProgram", **NEW, idempotencyKey="k1")

    assert first["program"]["id"] == again["program"]["id"]
    assert await refused(asking, "createProgram", **{**NEW, "name": "Other"}, idempotencyKey="k1") == [
        ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    ]
    assert (await change(asking, "createProgram", AUTHOR, **{**NEW, "name": "Other"}, idempotencyKey="k1"))["program"]


async def test_what_a_program_lacks_is_told_alike_before_and_by_its_publication(asking: Asking) -> None:
    """§2.2: all that is lacking at once; `publishability` is a dry run."""
    lacking = "reasons { code message path }"
    query = f"query ($id: ID!) {{ program(id: $id) {{ publishability {{ ready {lacking} }} }} }}"
    before = (await asking.data(query, {"id": UNPUBLISHED}, viewer=ADMIN))["program"]["publishability"]

    [error] = (await change(asking, "publishProgram", id=UNPUBLISHED))["userErrors"]

    assert not before["ready"]
    assert error["code"] == "NOT_PUBLISHABLE"
    assert error["reasons"] == [{**reason, "path": list(reason["path"])} for reason in before["reasons"]]
    assert {reason["code"] for reason in error["reasons"]} == {"COURSE_WITHOUT_RUN"}
