"""The lifecycle of programs (`spec/programs.md`, "Program Lifecycle"; domain/programs §2.2): what becomes what."""

from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from db.engine import Database
from db.tables import (
    AuditEntry,
    Program,
    ProgramCategory,
    ProgramOrganization,
    ProgramStatus,
    ProgramUser,
    ProgramUserStatus,
)
from resolvers.access import Viewer
from resolvers.programs.lifecycle import Rules
from schema import schema
from server.execution import Executor
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.catalog import uuid
from tests.schema.test_program_mutations import (
    ACTIVE,
    DELETED,
    NEW,
    RETIRED,
    RUN,
    UNPUBLISHED,
    change,
    document,
    learner_of,
    program,
    refused,
)

IDS = {"UNPUBLISHED": UNPUBLISHED, "ACTIVE": ACTIVE, "RETIRED": RETIRED}
TO = {"ACTIVE": "publishProgram", "UNPUBLISHED": "revertProgram", "RETIRED": "retireProgram"}
READY: dict[str, Any] = {**NEW, "courses": ["Org0X+C0.0x"], "runModes": [{"run": RUN, "modeSlug": "verified"}]}
BAD = [("BAD_TRANSITION", "status")]


async def ready(asking: Asking, **given: Any) -> str:
    """The id of a new program that could be published."""
    made = await change(asking, "createProgram", AUTHOR, **{**READY, **given})
    id_: str = made["program"]["id"]
    return id_


async def ready_in(asking: Asking, status: str, **given: Any) -> str:
    """The id of a new program with a run in that status."""
    id_ = await ready(asking, **given)
    for step in {"UNPUBLISHED": (), "ACTIVE": ("ACTIVE",), "RETIRED": ("ACTIVE", "RETIRED")}[status]:
        await change(asking, TO[step], id=id_)
    return id_


@pytest.mark.parametrize("by", ["its own mutation", "updateProgram"])
@pytest.mark.parametrize(
    ("before", "to", "expected"),
    [
        ("UNPUBLISHED", "UNPUBLISHED", ("done", "done")),
        ("UNPUBLISHED", "ACTIVE", ("FORBIDDEN", "done")),
        ("UNPUBLISHED", "RETIRED", (BAD, BAD)),
        ("ACTIVE", "UNPUBLISHED", ("done", "done")),
        ("ACTIVE", "ACTIVE", ("done", "done")),
        ("ACTIVE", "RETIRED", ("done", "done")),
        ("RETIRED", "UNPUBLISHED", (BAD, BAD)),
        ("RETIRED", "ACTIVE", ("FORBIDDEN", "done")),
        ("RETIRED", "RETIRED", ("done", "done")),
    ],
)
async def test_each_status_follows_which_for_whom(
    asking: Asking, before: str, to: str, expected: tuple[Any, Any], by: str
) -> None:
    """§2.2, the table; X6, X15. The same status again is a success that changes nothing and needs no permission."""
    for viewer, outcome in zip((AUTHOR, ADMIN), expected, strict=True):
        id_ = await ready_in(asking, before, name=f"Circuits of the {viewer.username}")
        revision = (await program(asking, id_))["revision"]
        mutation, given = (TO[to], {"id": id_}) if by != "updateProgram" else (by, {"id": id_, "status": to})
        if outcome == "FORBIDDEN":
            error = await asking.error(document(mutation), {"input": given}, viewer=viewer)
            assert error["extensions"]["code"] == outcome
        elif outcome == "done":
            after = (await change(asking, mutation, viewer, **given))["program"]
            assert (after["status"], after["revision"]) == (to, revision + (before != to))
        else:
            assert await refused(asking, mutation, viewer, **given) == outcome
        if outcome != "done":
            now = await program(asking, id_)
            assert (now["status"], now["revision"]) == (before, revision)


@pytest.mark.parametrize("status", ["UNPUBLISHED", "ACTIVE", "RETIRED"])
@pytest.mark.parametrize("viewer", [AUTHOR, ADMIN], ids=["author", "admin"])
async def test_any_program_is_deleted_for_everybody_and_keeps_its_learners_and_name(
    asking: Asking, database: Database, status: str, viewer: Viewer
) -> None:
    """§2.2 "*→deleted"; §2.3 "detail: deleted → 404 for Admin too"; X14: the name stays taken."""
    id_ = IDS[status]
    await learner_of(database, id_)
    name = (await program(asking, id_))["name"]

    payload = await change(asking, "deleteProgram", viewer, id=id_)

    assert payload == {"deletedId": id_, "userErrors": []}
    for each in (LEARNER, AUTHOR, ADMIN):
        assert await program(asking, id_, each) is None
    for mutation in ("publishProgram", "revertProgram", "retireProgram", "deleteProgram", "updateProgram"):
        error = await asking.error(document(mutation), {"input": {"id": id_}}, viewer=ADMIN)
        assert error["extensions"]["code"] == "NOT_FOUND"
    assert await refused(asking, "createProgram", **{**NEW, "name": name}) == [("NAME_TAKEN", "name")]
    async with database.writing() as session:
        assert await session.scalar(select(func.count()).select_from(ProgramUser)) == 1
        entry = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))).one()
    assert (entry.action, entry.subject, entry.username) == ("delete", id_, viewer.username)


async def test_a_reverted_program_is_invisible_to_learners(asking: Asking) -> None:
    """§2.2: given active with zero ProgramUsers, when reverted, then unpublished and invisible to learners."""
    assert await program(asking, ACTIVE, LEARNER) is not None

    assert (await change(asking, "revertProgram", AUTHOR, id=ACTIVE))["program"]["status"] == "UNPUBLISHED"

    assert await program(asking, ACTIVE, LEARNER) is None
    names = (await asking.data("{ programs { nodes { name } } }", viewer=LEARNER))["programs"]["nodes"]
    assert "Program 1" not in [each["name"] for each in names]


@pytest.mark.parametrize("status", list(ProgramUserStatus))
async def test_a_program_with_learners_is_not_reverted(
    asking: Asking, database: Database, status: ProgramUserStatus
) -> None:
    """§2.2 "≥1 ProgramUser: 400 and unchanged"; X7: one that was deleted counts, learners "have been associated"."""
    await learner_of(database, ACTIVE)
    async with database.writing() as session:
        await session.execute(update(ProgramUser).values(status=status))
    before = await program(asking, ACTIVE)

    assert await refused(asking, "revertProgram", id=ACTIVE) == [("HAS_USERS", "status")]
    assert await refused(asking, "updateProgram", id=ACTIVE, status="UNPUBLISHED", name="New") == [
        ("HAS_USERS", "status")
    ]
    assert await program(asking, ACTIVE) == before
    assert (await change(asking, "retireProgram", id=ACTIVE))["program"]["status"] == "RETIRED"


async def test_a_retired_program_is_still_shown(asking: Asking) -> None:
    """§2.2 "Given retired: learners still see it in lists and detail"."""
    await change(asking, "retireProgram", AUTHOR, id=ACTIVE)

    assert (await program(asking, ACTIVE, LEARNER))["status"] == "RETIRED"
    names = (await asking.data("{ programs { nodes { name } } }", viewer=LEARNER))["programs"]["nodes"]
    assert "Program 1" in [each["name"] for each in names]


async def test_publishing_names_all_that_is_lacking_at_once_and_changes_nothing(
    asking: Asking, database: Database
) -> None:
    """§2.2 "Empty program on publish", "XSeries": all reasons, each with its place; the query says so beforehand."""
    async with database.writing() as session:
        await session.execute(update(ProgramCategory).values(needs_marketing_slug=True))
    nested = (await change(asking, "createProgram", **{**NEW, "name": "Nested"}))["program"]["id"]
    requirements = [
        {"course": "Org0X+C0.0x"},
        {"group": {"minimum": 1, "requirements": [{"course": "Org0X+C1.0x"}, {"program": nested}]}},
    ]
    modes = [{"run": RUN, "modeSlug": "verified"}]
    made = (await change(asking, "createProgram", **NEW, requirements=requirements, runModes=modes))["program"]
    expected = [
        ("NO_MARKETING_SLUG", ["marketingSlug"]),
        ("COURSE_WITHOUT_RUN", ["courses", "Org0X+C1.0x"]),
        ("REQUIRED_PROGRAM_HIDDEN", ["requirements", "4"]),
    ]

    [error] = (await change(asking, "publishProgram", id=made["id"]))["userErrors"]
    assert (error["__typename"], error["code"], error["field"]) == ("NotPublishable", "NOT_PUBLISHABLE", ["status"])
    assert [(reason["code"], reason["path"]) for reason in error["reasons"]] == expected
    assert "active XSeries programs must have a marketing slug" in error["message"]
    assert (await program(asking, made["id"]))["status"] == "UNPUBLISHED"

    found = await publishability(asking, made["id"])
    assert not found["ready"]
    assert [(reason["code"], list(reason["path"])) for reason in found["reasons"]] == expected


async def test_an_empty_program_is_not_published(asking: Asking, database: Database) -> None:
    """§2.2: no organization, no course."""
    made = (await change(asking, "createProgram", **NEW))["program"]["id"]
    async with database.writing() as session:
        of = select(Program.id).where(Program.name == "Circuits").scalar_subquery()
        await session.execute(delete(ProgramOrganization).where(ProgramOrganization.program_id == of))

    found = await publishability(asking, made)
    assert [reason["code"] for reason in found["reasons"]] == ["NO_ORGANIZATION", "NO_COURSE"]
    assert await refused(asking, "publishProgram", id=made) == [("NOT_PUBLISHABLE", "status")]


async def publishability(asking: Asking, id_: str, viewer: Viewer = ADMIN) -> Any:
    query = "query ($id: ID!) { program(id: $id) { publishability { ready reasons { code message path } } } }"
    return (await asking.data(query, {"id": id_}, viewer=viewer))["program"]["publishability"]


async def test_an_installation_may_publish_what_it_likes(asking: Asking, database: Database) -> None:
    """§2.2 "setting to relax"."""
    made = (await change(asking, "createProgram", **NEW))["program"]["id"]
    asking.executor = Executor(schema(), database, rules=Rules(is_publishing_checked=False))

    assert (await change(asking, "publishProgram", id=made))["program"]["status"] == "ACTIVE"


async def test_a_change_and_the_publication_that_needs_it_are_one(asking: Asking, database: Database) -> None:
    """spec/programs.md, "PATCH": status beside other fields, all or nothing; the checks see the other fields."""
    async with database.writing() as session:
        await session.execute(update(ProgramCategory).values(needs_marketing_slug=True))
    id_ = await ready(asking)

    assert await refused(asking, "updateProgram", id=id_, status="ACTIVE", name="New") == [
        ("NOT_PUBLISHABLE", "status")
    ]
    assert (await program(asking, id_))["name"] == "Circuits"
    done = await change(asking, "updateProgram", id=id_, status="ACTIVE", name="New", marketingSlug="new")
    assert (done["program"]["status"], done["program"]["name"]) == ("ACTIVE", "New")


async def test_an_active_program_keeps_the_slug_that_its_category_needs(asking: Asking, database: Database) -> None:
    """§1.1 "required iff category=XSeries ∧ status=active"; one that never had one can still be edited."""
    async with database.writing() as session:
        await session.execute(update(ProgramCategory).values(needs_marketing_slug=True))
    id_ = await ready(asking, marketingSlug="circuits")
    await change(asking, "publishProgram", id=id_)

    for empty in (None, "", " \t"):
        assert await refused(asking, "updateProgram", id=id_, marketingSlug=empty) == [
            ("NOT_PUBLISHABLE", "marketingSlug")
        ]
    assert (await change(asking, "updateProgram", id=id_, marketingSlug="other"))["program"]
    assert (await change(asking, "updateProgram", id=ACTIVE, name="New"))["program"]


async def test_whoever_may_not_see_a_required_program_does_not_learn_its_name(asking: Asking) -> None:
    """§2.3: a leak over an edge; program 5 is active and requires program 0, which is unpublished."""
    for viewer in (LEARNER, ADMIN):
        found = await publishability(asking, f"Program:{uuid(5)}", viewer)
        [hidden] = [each for each in found["reasons"] if each["code"] == "REQUIRED_PROGRAM_HIDDEN"]
        assert "Program 0" not in hidden["message"]
        assert list(hidden["path"]) == ["requirements", "90"]


@pytest.mark.parametrize("status", [ProgramStatus.ACTIVE, ProgramStatus.RETIRED])
async def test_a_program_that_learners_saw_loses_no_run_category_or_organization(
    asking: Asking, status: ProgramStatus
) -> None:
    """§2.4: refused, nothing else applied; X1: the category is updatable while unpublished; adding is not forbidden."""
    id_ = await ready_in(asking, status.name)
    other = {"run": RUN, "modeSlug": "audit"}
    before = await program(asking, id_)
    for given, field in (
        ({"runModes": []}, "runModes"),
        ({"courses": []}, "runModes"),
        ({"courses": ["Org0X+C1.0x"]}, "runModes"),
        ({"category": "micromasters"}, "category"),
        ({"organizations": ["Org1X"], "courses": []}, "runModes"),
    ):
        assert ("PROGRAM_ACTIVE", field) in await refused(asking, "updateProgram", id=id_, name="Lost", **given)
    assert await refused(asking, "setProgramRequirements", id=id_, requirements=[]) == [("PROGRAM_ACTIVE", "runModes")]
    assert await refused(asking, "removeCourseFromProgram", id=id_, course="Org0X+C0.0x") == [
        ("PROGRAM_ACTIVE", "runModes")
    ]
    assert await program(asking, id_) == before

    added = await change(asking, "updateProgram", id=id_, courses=["Org0X+C2.0x", "Org0X+C0.0x"], runModes=[other])
    assert [each["key"] for each in added["program"]["courses"]] == ["Org0X+C2.0x", "Org0X+C0.0x"]
    assert [each["modeSlug"] for each in added["program"]["runModes"]] == ["audit"]


async def test_a_deleted_program_has_no_place_anywhere(asking: Asking) -> None:
    """§2.2 "deleted: not found (404) for every caller"."""
    for viewer in (AUTHOR, ADMIN):
        assert await program(asking, DELETED, viewer) is None
