"""Making and changing programs (`spec/programs.md`, "POST /programs/", "PATCH /programs/:program_id/").

The rows are those of domain/programs §2.1 and §2.4; `tests/schema/test_program_mutations.py` has the first of them.
"""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from db.engine import Database
from db.tables import AuditEntry, Course, IdempotencyKey, Organization, Program
from resolvers.access import Viewer
from resolvers.programs.edits import Changes, Editor
from resolvers.refusals import Reason, Refusal
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.catalog import uuid
from tests.resolvers.catalog.conftest import rows, statements
from tests.schema.test_program_mutations import (
    ACTIVE,
    NEW,
    RUN,
    UNPUBLISHED,
    change,
    document,
    program,
    refused,
)

TABLES = (Program, Organization, Course, AuditEntry, IdempotencyKey)
VERIFIED, AUDIT = {"run": RUN, "modeSlug": "verified"}, {"run": RUN, "modeSlug": "audit", "sku": "A1"}
FLAT: Mapping[str, Any] = {**NEW, "courses": ["Org0X+C0.0x", "Org0X+C1.0x"], "runModes": [VERIFIED]}


async def made(asking: Asking, **given: Any) -> str:
    """The id of a new program that is a list of two courses."""
    id_: str = (await change(asking, "createProgram", AUTHOR, **{**FLAT, **given}))["program"]["id"]
    return id_


def courses(found: Mapping[str, Any]) -> list[str]:
    return [course["key"] for course in found["courses"]]


def modes(found: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((mode["courseRun"]["key"], mode["modeSlug"], mode["sku"]) for mode in found["runModes"])


async def count(database: Database) -> list[int]:
    return [(await rows(database, select(func.count()).select_from(table)))[0] for table in TABLES]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_a_new_program_needs_is_asked_for(asking: Asking) -> None:
    """Whoever calls: the API's own input has it required already."""
    async with asking.database.writing() as session:
        with pytest.raises(Refusal) as caught:
            await Editor(session, ADMIN).create(lambda: Changes(subtitle="No name"))
    assert [(problem.code, problem.place) for problem in caught.value.problems] == [
        (Reason.REQUIRED, (name,)) for name in ("name", "category", "organizations")
    ]


@pytest.mark.parametrize("status", ['"DELETED"', '""', '" "', '"unrecognized"', '"active"'])
async def test_a_status_that_is_none_is_no_valid_choice(asking: Asking, status: str) -> None:
    """§2.1: 400 "not a valid choice"; deleted is no public status."""
    variables = {"input": {**NEW, "status": orjson.loads(status)}}
    error = await asking.error(document("createProgram"), variables, viewer=ADMIN)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "status" in error["message"]


@pytest.mark.parametrize("field", ["name", "category", "organizations"])
async def test_required_fields_are_required(asking: Asking, field: str) -> None:
    """§2.1: `name`, `category` or `organizations` omitted: 400 "This field is required"."""
    given = {name: value for name, value in NEW.items() if name != field}
    for variables in ({"input": given}, {"input": {**given, field: None}}):
        error = await asking.error(document("createProgram"), variables, viewer=ADMIN)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert field in error["message"]


async def test_an_empty_category_is_refused(asking: Asking) -> None:
    """§2.1: category "" is not a valid choice."""
    assert await refused(asking, "createProgram", **{**NEW, "category": ""}) == [("REQUIRED", "category")]


async def test_a_program_has_an_id_a_uuid_and_its_times(asking: Asking) -> None:
    """§2.1: id, uuid, created, modified present; status unpublished may be said."""
    query = document("createProgram").replace("program {", "program { uuid createdAt updatedAt")
    variables = {"input": {**NEW, "status": "UNPUBLISHED", "subtitle": None}}
    found = (await asking.data(query, variables, viewer=ADMIN))["payload"]["program"]

    assert found["id"] == f"Program:{found['uuid']}"
    assert "2026" < found["createdAt"] <= found["updatedAt"]
    assert (found["status"], found["subtitle"]) == ("UNPUBLISHED", "")


async def test_a_create_that_fails_leaves_nothing_behind(asking: Asking, database: Database) -> None:
    """§2.1: one transaction, no orphan rows; X16: an unknown course or organization is not made on the fly."""
    before = await count(database)
    for wrong in ({"courses": ["Org0X+New"]}, {"organizations": ["NewX"]}, {"name": "Program 1"}):
        await refused(asking, "createProgram", **{**FLAT, **wrong}, idempotencyKey="k")
    for viewer in (LEARNER,):
        await asking.error(document("createProgram"), {"input": NEW}, viewer=viewer)

    assert await count(database) == before
    assert await made(asking, idempotencyKey="k")


async def test_malformed_keys_are_all_told_at_once_each_at_its_place(asking: Asking) -> None:
    """§2.4 "invalid course entry", "invalid run entry"."""
    wrong = {"courses": ["", "Org0X+C0.0x", "a b"], "runModes": [VERIFIED, {"run": "x", "modeSlug": "audit"}]}
    assert await refused(asking, "createProgram", **{**NEW, **wrong}) == [
        ("BAD_COURSE_KEY", "courses.0"),
        ("BAD_COURSE_KEY", "courses.2"),
        ("BAD_COURSE_KEY", "runModes.1.run"),
    ]
    tree = [{"group": {"requirements": [{"course": ""}, {"program": "Course:a+b"}]}}, {"course": "Org0X+None"}]
    assert await refused(asking, "createProgram", **NEW, requirements=tree) == [
        ("BAD_COURSE_KEY", "requirements.0.group.requirements.0.course"),
        ("INVALID", "requirements.0.group.requirements.1.program"),
    ]
    assert await refused(asking, "createProgram", **NEW, requirements=tree[1:]) == [("COURSE_UNKNOWN", "requirements")]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ({"run": RUN, "modeSlug": ""}, ("REQUIRED", "runModes.0.modeSlug")),
        ({"run": "course-v1:Org0X+C0.0x+R9", "modeSlug": "audit"}, ("RUN_UNKNOWN", "runModes.0.run")),
        ({"run": "course-v1:Org1X+C0.0x+R0", "modeSlug": "audit"}, ("RUN_OF_OTHER_COURSE", "runModes.0.run")),
        ({"run": "course-v1%3AOrg0X%2BC0.0x%2BR0", "modeSlug": "audit"}, ("BAD_COURSE_KEY", "runModes.0.run")),
        ({"run": "library-v1:Org0X+L", "modeSlug": "audit"}, ("BAD_COURSE_KEY", "runModes.0.run")),
    ],
)
async def test_a_bad_run_is_refused(asking: Asking, mode: dict[str, Any], expected: tuple[str, str]) -> None:
    """§2.4 "invalid run entry: bad course_key, no mode_slug"; "run's key must match its course"."""
    assert await refused(asking, "createProgram", **{**FLAT, "runModes": [mode]}) == [expected]


@pytest.mark.parametrize("mode", [{"modeSlug": "audit"}, {"run": RUN}, {}])
async def test_a_run_without_a_key_or_a_mode_is_no_input(asking: Asking, mode: dict[str, Any]) -> None:
    """§2.4 "no mode_slug; no course_key; `{}`"."""
    variables = {"input": {**FLAT, "runModes": [mode]}}
    response = await asking.response(document("createProgram"), variables, viewer=ADMIN)
    assert {error["extensions"]["code"] for error in response["errors"]} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize(
    "given",
    [
        {"name": "Two"},
        {"subtitle": "S"},
        {"description": "D"},
        {"marketingSlug": "m"},
        {"name": "Two", "marketingSlug": "m"},
        {"imageUrl": "https://example.org/i.png"},
    ],
)
async def test_each_field_is_changed_alone_and_the_whole_program_is_returned(
    asking: Asking, given: dict[str, Any]
) -> None:
    """§2.4 [P `test_patch`]: keys present overwrite, keys absent stay, whole resource returned."""
    before = await program(asking, ACTIVE)

    after = (await change(asking, "updateProgram", AUTHOR, id=ACTIVE, **given))["program"]

    shown = {name: value for name, value in given.items() if name in after}
    assert after == {**before, **shown, "revision": before["revision"] + 1}
    assert await program(asking, ACTIVE) == after


async def test_courses_are_replaced_and_their_order_is_the_one_given(asking: Asking) -> None:
    """§2.4 "courses given: full replacement; order of the list = position"; the runs of a course go with it."""
    id_ = await made(asking)
    for wanted in (["Org0X+C2.0x", "Org0X+C0.0x"], ["Org0X+C0.0x", "Org0X+C2.0x"], ["Org0X/C1.0x"], []):
        after = (await change(asking, "updateProgram", AUTHOR, id=id_, courses=wanted))["program"]
        assert courses(after) == [key.replace("/", "+") for key in wanted]
        assert len(modes(after)) == ("Org0X+C0.0x" in wanted)


async def test_run_modes_are_replaced_by_run_mode_and_sku(asking: Asking, database: Database) -> None:
    """§2.4 "nested run modes: replacement set keyed (course_key, mode_slug, sku)"; their order is nobody's business."""
    id_ = await made(asking, runModes=[VERIFIED, AUDIT])
    other = {**AUDIT, "sku": "A2"}

    same = await change(asking, "updateProgram", AUTHOR, id=id_, runModes=[AUDIT, VERIFIED])
    assert same["program"]["revision"] == 1
    same = await change(asking, "updateProgram", AUTHOR, id=id_, runModes=[VERIFIED, AUDIT])
    assert same["program"]["revision"] == 1
    after = await change(asking, "updateProgram", AUTHOR, id=id_, runModes=[other, AUDIT])
    assert modes(after["program"]) == [(RUN, "audit", "A1"), (RUN, "audit", "A2")]
    assert await refused(asking, "updateProgram", id=id_, runModes=[AUDIT, AUDIT]) == [("DUPLICATE", "runModes")]
    assert modes((await change(asking, "updateProgram", AUTHOR, id=id_, runModes=[]))["program"]) == []


async def test_a_course_of_another_organization_is_refused(asking: Asking) -> None:
    """§2.4 [P `test_organization`]: replacing `organizations` needs all courses to belong to the new one."""
    id_ = await made(asking)

    assert await refused(asking, "updateProgram", id=id_, organizations=["Org1X"]) == [
        ("COURSE_OF_OTHER_ORGANIZATION", "courses.0"),
        ("COURSE_OF_OTHER_ORGANIZATION", "courses.1"),
    ]
    after = await change(
        asking, "updateProgram", AUTHOR, id=id_, organizations=["Org1X"], courses=["Org1X+C0.0x"], runModes=[]
    )
    assert after["program"]["organizations"] == [{"key": "Org1X"}]


@pytest.mark.parametrize("field", ["name", "category", "status", "organizations", "courses", "runModes"])
async def test_null_for_a_required_field_is_an_error(asking: Asking, field: str) -> None:
    """§2.4 "explicit null for a required field: 400, not ignored"."""
    assert await refused(asking, "updateProgram", ADMIN, id=UNPUBLISHED, **{field: None}) == [("REQUIRED", field)]


async def test_null_empties_the_others(asking: Asking) -> None:
    """§2.4; RFC 7396: null deletes."""
    texts = {"subtitle": "S", "description": "D", "marketingSlug": "m", "imageUrl": "https://example.org/i.png"}
    id_ = await made(asking, **texts)
    query = document("updateProgram").replace("program {", "program { imageUrl")

    given = {"id": id_, **dict.fromkeys(texts)}
    after = (await asking.data(query, {"input": given}, viewer=AUTHOR))["payload"]["program"]

    assert [after[name] for name in texts] == ["", "", "", None]


@pytest.mark.parametrize(
    ("field", "text", "kept"), [("marketingSlug", " m ", "m"), ("marketingSlug", "  ", ""), ("imageUrl", "", None)]
)
async def test_blank_texts_are_as_good_as_none(asking: Asking, field: str, text: str, kept: str | None) -> None:
    """§2.2 "Active XSeries Programs must have a valid marketing slug": spaces are none."""
    query = document("createProgram").replace("program {", "program { imageUrl")
    response = await asking.data(query, {"input": {**NEW, field: text}}, viewer=AUTHOR)
    assert response["payload"]["program"][field] == kept


@pytest.mark.parametrize(("field", "text"), [("marketingSlug", "a b"), ("imageUrl", "javascript:alert(1)")])
async def test_parts_of_addresses_are_refused_where_no_page_could_use_them(
    asking: Asking, field: str, text: str
) -> None:
    given: dict[str, Any] = {**NEW, field: text}
    assert await refused(asking, "createProgram", **given) == [("INVALID", field)]


async def test_courses_do_not_replace_a_tree(asking: Asking) -> None:
    """Programs of the catalog have a group of electives: a list of courses would lose it."""
    assert await refused(asking, "updateProgram", id=UNPUBLISHED, courses=["Org0X+C0.0x"]) == [
        ("REQUIREMENTS_NOT_FLAT", "courses")
    ]
    both: dict[str, Any] = {"courses": ["Org0X+C0.0x"], "requirements": [{"course": "Org0X+C0.0x"}]}
    assert await refused(asking, "createProgram", **NEW, **both) == [("INVALID", "requirements")]


async def test_keys_are_taken_in_any_case_and_kept_in_their_first_spelling(asking: Asking) -> None:
    """§2.5 "`anux` and `ANUx`: the same org, keep first spelling"."""
    mode = {"run": RUN.upper().replace("COURSE-V1", "course-v1"), "modeSlug": "verified"}
    odd = {"organizations": ["ORG0X"], "courses": ["org0x+c0.0X", "Org0X/C1.0X"], "runModes": [mode]}
    id_ = await made(asking, **odd)

    found = await program(asking, id_)
    assert (courses(found), modes(found)) == (["Org0X+C0.0x", "Org0X+C1.0x"], [(RUN, "verified", "")])
    again = (await change(asking, "updateProgram", AUTHOR, id=id_, **odd))["program"]
    assert again == found
    assert await refused(asking, "updateProgram", id=id_, courses=["Org0X+C0.0x", "org0x+c0.0x"]) == [
        ("DUPLICATE", "courses")
    ]


@pytest.mark.parametrize("revision", [0, -1, 2])
async def test_any_revision_but_the_present_one_is_a_conflict(asking: Asking, revision: int) -> None:
    for mutation in ("updateProgram", "publishProgram", "revertProgram", "retireProgram", "deleteProgram"):
        payload = await change(asking, mutation, id=ACTIVE, expectedRevision=revision)
        [error] = payload["userErrors"]
        assert (error["__typename"], error["currentRevision"]) == ("RevisionConflict", 1)
        assert error["field"] == ["expectedRevision"]
    assert (await change(asking, "updateProgram", id=ACTIVE, expectedRevision=1, name="N"))["program"]["revision"] == 2


@pytest.mark.parametrize("key", ["", "k" * 256, "k\0"])
async def test_a_key_that_cannot_be_kept_is_refused(asking: Asking, key: str) -> None:
    assert await refused(asking, "createProgram", **NEW, idempotencyKey=key) == [("INVALID", "idempotencyKey")]


async def test_a_key_gives_the_program_again_as_it_is_now(asking: Asking, database: Database) -> None:
    id_ = await made(asking, idempotencyKey="k")
    await change(asking, "updateProgram", AUTHOR, id=id_, name="Renamed")

    again = await change(asking, "createProgram", AUTHOR, **FLAT, idempotencyKey="k")
    assert (again["program"]["id"], again["program"]["name"]) == (id_, "Renamed")
    await change(asking, "deleteProgram", id=id_)
    gone = await change(asking, "createProgram", AUTHOR, **FLAT, idempotencyKey="k")
    assert (gone["program"], gone["userErrors"]) == (None, [])


async def test_the_statements_of_a_change_do_not_grow_with_the_program(asking: Asking, database: Database) -> None:
    small = await made(asking)
    large = await made(asking, name="Large", courses=[f"Org0X+C{i}.0x" for i in range(3)], runModes=[VERIFIED, AUDIT])
    sent: list[int] = []
    for id_ in (small, large):
        await change(asking, "updateProgram", AUTHOR, id=id_, subtitle="warm")
        with statements(database) as log:
            await change(asking, "updateProgram", AUTHOR, id=id_, subtitle="changed")
        sent.append(len(log))
    assert sent[0] == sent[1] <= 26, sent


HISTORY = """query ($id: ID!) { program(id: $id) { history(first: 10) { totalCount nodes {
  at username action changes { field before after } } } } }"""


async def history(asking: Asking, id_: str, viewer: Viewer = ADMIN) -> Any:
    return (await asking.data(HISTORY, {"id": id_}, viewer=viewer))["program"]["history"]["nodes"]


async def test_every_change_is_in_the_history_the_last_first(asking: Asking) -> None:
    """§5 "Modified-since filter, change history, audit of who changed status"."""
    id_ = await made(asking)
    await change(asking, "updateProgram", AUTHOR, id=id_, name="New", subtitle=None, runModes=[])
    await change(asking, "updateProgram", AUTHOR, id=id_, runModes=[VERIFIED], courses=["Org0X+C0.0x"])
    await change(asking, "publishProgram", ADMIN, id=id_)
    await change(asking, "retireProgram", AUTHOR, id=id_)
    await refused(asking, "revertProgram", id=id_)

    found = await history(asking, id_)
    assert [(entry["action"], entry["username"]) for entry in found] == [
        ("retired", "author"),
        ("active", "admin"),
        ("update", "author"),
        ("update", "author"),
        ("create", "author"),
    ]
    told = [{each["field"]: (each["before"], each["after"]) for each in entry["changes"]} for entry in found]
    assert told[0] == {"status": ('"active"', '"retired"')}
    assert told[3] == {"name": ('"Circuits"', '"New"'), "runModes": (orjson.dumps([MODE]).decode(), "[]")}
    assert told[2]["requirements"][1] == '[{"course":"Org0X+C0.0x"}]'
    assert told[4]["name"] == (None, '"Circuits"')
    assert await history(asking, id_, LEARNER) == []


MODE = {"run": RUN, "mode": "verified", "sku": ""}


async def test_a_value_from_the_history_is_restored_by_one_call(asking: Asking) -> None:
    await change(asking, "updateProgram", AUTHOR, id=UNPUBLISHED, name="Mistaken")
    [entry] = await history(asking, UNPUBLISHED)
    [changed] = entry["changes"]

    given = {changed["field"]: orjson.loads(changed["before"])}
    assert (await change(asking, "updateProgram", AUTHOR, id=UNPUBLISHED, **given))["program"]["name"] == "Program 0"


async def test_unknown_and_deleted_programs_are_told_alike(asking: Asking) -> None:
    """§2.3: "not 403 but 404", for changes as for looks; no message tells one from the other."""
    texts = set()
    for id_ in (uuid(3), uuid(99)):
        error = await asking.error(document("deleteProgram"), {"input": {"id": f"Program:{id_}"}}, viewer=AUTHOR)
        texts.add((error["extensions"]["code"], error["message"].replace(id_, "…")))
    assert len(texts) == 1
