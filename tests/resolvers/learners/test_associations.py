"""Learners' associations with programs (`spec/programs.md`, "ProgramUser"; domain notes §2.6 and §2.7)."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import false, func, select, update

from db.tables import AuditEntry, Program, ProgramStatus, ProgramUser, ProgramUserSource
from resolvers.access import Viewer, visible_associations
from resolvers.learners import associate
from resolvers.learners.service import listed
from tests.asking import ADMIN, ANONYMOUS, AUTHOR
from tests.catalog import uuid
from tests.resolvers.learners.conftest import ELSEWHERE, OTHER_RUN, RUN, Campus

ASSOCIATED = ["Program 1", "Program 5"]
ACTIVE, UNPUBLISHED, RETIRED = f"Program:{uuid(1)}", f"Program:{uuid(0)}", f"Program:{uuid(2)}"


async def rows(campus: Campus) -> list[tuple[str, int, str, str]]:
    """All associations there are: username, program, status, source."""
    query = select(ProgramUser.username, Program.name, ProgramUser.status, ProgramUser.source)
    query = query.join(Program, Program.id == ProgramUser.program_id).order_by(ProgramUser.username, Program.name)
    async with campus.database.writing() as session:
        return [(row[0], int(row[1][-1]), row[2].value, row[3]) for row in await session.execute(query)]


async def change(campus: Campus, mutation: str, viewer: Viewer, **given: Any) -> dict[str, Any]:
    name = mutation[0].upper() + mutation[1:]
    extra = "registered" if mutation == "registerProgramUsers" else ""
    document = f"""mutation ($input: {name}Input!) {{
        payload: {mutation}(input: $input) {{ {extra} program {{ name }} userErrors {{ code field }} }} }}"""
    payload: dict[str, Any] = (await campus.data(document, viewer, input=given))["payload"]
    return payload


async def code_of(campus: Campus, mutation: str, viewer: Viewer, **given: Any) -> str:
    name = mutation[0].upper() + mutation[1:]
    document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
    error = await campus.asking.error(document, {"input": given}, viewer=viewer)
    return str(error["extensions"]["code"])


async def move(campus: Campus, number: int, status: ProgramStatus) -> None:
    async with campus.database.writing() as session:
        await session.execute(update(Program).where(Program.uuid == uuid(number)).values(status=status))


async def test_a_listing_associates_with_the_active_programs_of_active_enrollments(campus: Campus) -> None:
    """Only active ones: programs 0 and 4 are unpublished, 2 and 6 retired, 3 and 7 deleted, all with the same runs."""
    campus.enroll("ada", mode="audit")  # the mode does not matter
    await campus.names(ADMIN, "ada")

    assert await rows(campus) == [("ada", 1, "active", "listing"), ("ada", 5, "active", "listing")]


@pytest.mark.parametrize(("run", "active"), [(RUN, False), (ELSEWHERE, True)])
async def test_inactive_enrollments_and_runs_of_no_program_associate_with_nothing(
    campus: Campus, run: str, active: bool
) -> None:
    campus.enroll("ada", run, active=active)

    assert await campus.names(ADMIN, "ada") == []
    assert await rows(campus) == []


@pytest.mark.parametrize(
    "query",
    [
        "{ programs { nodes { name } } }",
        f'{{ program(id: "{ACTIVE}") {{ name users {{ totalCount }} }} }}',
        "{ viewer { username enrollmentsAsOf } }",
        '{ organization(key: "Org0X") { programs { totalCount } } }',
    ],
)
async def test_nothing_but_a_listing_for_a_username_associates(campus: Campus, query: str) -> None:
    """The two triggers are a listing for a user and a certificate event."""
    campus.enroll("ada")

    await campus.data(query, campus.viewer("ada"))

    assert await rows(campus) == []


async def test_associations_are_got_or_created_once_however_many_ask(campus: Campus) -> None:
    campus.enroll("ada")
    await asyncio.gather(*(campus.names(ADMIN, "ada") for _ in range(10)))
    campus.enroll("ada", OTHER_RUN)
    campus.passes(minutes=6)
    await campus.names(ADMIN, "ada")

    assert len(await rows(campus)) == 2


async def test_an_association_outlives_the_enrollment_and_the_retirement_of_the_program(campus: Campus) -> None:
    """Get-or-create never deletes; retired programs are listed for those who are associated."""
    campus.enroll("ada")
    await campus.names(ADMIN, "ada")
    campus.world.enrollments["ada", RUN].active = False
    campus.passes(minutes=6)
    await move(campus, 1, ProgramStatus.RETIRED)

    assert await campus.names(campus.viewer("ada")) == ASSOCIATED
    data = await campus.data("{ viewer { programs { nodes { program { name } } } } }", campus.viewer("ada"))
    assert [node["program"]["name"] for node in data["viewer"]["programs"]["nodes"]] == ASSOCIATED


async def test_a_program_that_becomes_active_gains_the_enrolled_without_another_call(campus: Campus) -> None:
    campus.enroll("ada")
    await campus.names(ADMIN, "ada")
    await move(campus, 0, ProgramStatus.ACTIVE)
    campus.calls()

    assert await campus.names(ADMIN, "ada") == ["Program 0", *ASSOCIATED]
    assert campus.calls() == {}


async def test_a_deleted_program_is_not_listed_for_anyone(campus: Campus) -> None:
    campus.enroll("ada")
    await campus.names(ADMIN, "ada")
    await move(campus, 1, ProgramStatus.DELETED)

    assert await campus.names(ADMIN, "ada") == ["Program 5"]
    data = await campus.data("{ viewer { programs { totalCount nodes { program { name } } } } }", campus.viewer("ada"))
    assert data["viewer"]["programs"] == {"totalCount": 1, "nodes": [{"program": {"name": "Program 5"}}]}


async def test_learners_may_list_their_own_programs_and_nobody_elses(campus: Campus) -> None:
    """spec/programs.md, "GET /programs/": another's name is refused, whether or not there is such a user."""
    campus.enroll("ada")
    campus.enroll("bob")
    assert await campus.names(campus.viewer("ada")) == ASSOCIATED
    campus.calls()
    for viewer in (campus.viewer("ada"), AUTHOR):
        for name in ("bob", "nobody", "Ada"):
            query = f'{{ programs(filter: {{username: "{name}"}}) {{ totalCount }} viewer {{ username }} }}'
            response = await campus.asking.response(query, viewer=viewer)
            [error] = response["errors"]
            assert (error["extensions"]["code"], error["path"]) == ("FORBIDDEN", ["programs"])
            assert response["data"] == {"programs": None, "viewer": {"username": viewer.username}}

    assert campus.calls() == {}
    assert [row[0] for row in await rows(campus)] == ["ada", "ada"]


async def test_the_rule_holds_below_other_objects_too(campus: Campus) -> None:
    query = """query ($id: ID!) { nodes(ids: [$id]) { id ... on Organization {
        programs(filter: {username: "bob"}) { totalCount } } }
        organization(key: "Org0X") { programs(filter: {username: "bob"}) { totalCount } } }"""
    response = await campus.asking.response(query, {"id": "Organization:Org0X"}, viewer=campus.viewer("ada"))

    assert {error["extensions"]["code"] for error in response["errors"]} == {"FORBIDDEN"}
    assert response["data"] == {"nodes": [None], "organization": None}
    assert campus.calls() == {}


async def test_an_empty_username_is_refused_and_never_means_all(campus: Campus) -> None:
    for viewer in (ADMIN, campus.viewer("ada")):
        error = await campus.asking.error('{ programs(filter: {username: " "}) { totalCount } }', viewer=viewer)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
    query = "query ($name: String) { programs(filter: {username: $name}) { totalCount } }"
    assert (await campus.data(query, campus.viewer("ada"), name=None))["programs"]["totalCount"] == 4
    error = await campus.asking.error("{ viewer { username } }", viewer=ANONYMOUS)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_filter_goes_together_with_others(campus: Campus) -> None:
    campus.enroll("ada")
    query = """{ programs(filter: {username: "ada", status: [ACTIVE], search: "5", org: "Org0X"}) {
        totalCount nodes { name } edges { cursor } pageInfo { hasNextPage } } }"""

    data = await campus.data(query, ADMIN)

    assert data["programs"]["nodes"] == [{"name": "Program 5"}]
    assert data["programs"]["totalCount"] == 1


async def test_associations_are_shown_to_their_learners_and_to_admins(campus: Campus) -> None:
    for name in ("ada", "bob"):
        campus.enroll(name)
        await campus.names(ADMIN, name)
    query = "query ($id: ID!) { program(id: $id) { users(first: 10) { totalCount nodes { username status source } } } }"

    own = await campus.data(query, campus.viewer("ada"), id=ACTIVE)
    all_of_them = await campus.data(query, ADMIN, id=ACTIVE)

    assert own["program"]["users"] == {
        "totalCount": 1,
        "nodes": [{"username": "ada", "status": "ACTIVE", "source": "LISTING"}],
    }
    assert [node["username"] for node in all_of_them["program"]["users"]["nodes"]] == ["ada", "bob"]


async def test_who_leaves_a_program_is_not_associated_again_by_another_enrollment(campus: Campus) -> None:
    """X8: get-or-create finds the ended association and does not revive it."""
    campus.enroll("ada")
    viewer = campus.viewer("ada")
    await campus.names(viewer)

    assert await change(campus, "leaveProgram", viewer, program=ACTIVE) == {
        "program": {"name": "Program 1"},
        "userErrors": [],
    }
    campus.enroll("ada", OTHER_RUN)
    campus.passes(minutes=6)

    assert await campus.names(viewer) == ["Program 5"]
    assert await campus.names(ADMIN, "ada") == ["Program 5"]
    query = f'{{ program(id: "{ACTIVE}") {{ users {{ totalCount }} }} viewer {{ programs {{ totalCount }} }} }}'
    for asking in (viewer, ADMIN):
        assert (await campus.data(query, asking))["program"]["users"]["totalCount"] == 0
    assert await code_of(campus, "leaveProgram", viewer, program=ACTIVE) == "NOT_FOUND"


async def test_an_ended_association_still_keeps_the_program_from_being_reverted(campus: Campus) -> None:
    """X7: any row blocks, "no Users have yet been associated"."""
    campus.enroll("ada")
    viewer = campus.viewer("ada")
    await campus.names(viewer)
    await change(campus, "leaveProgram", viewer, program=ACTIVE)
    document = "mutation ($id: ID!) { revertProgram(input: {id: $id}) { userErrors { code } } }"

    payload = (await campus.data(document, ADMIN, id=ACTIVE))["revertProgram"]

    assert payload["userErrors"] == [{"code": "HAS_USERS"}]


async def test_admins_end_and_restore_associations_and_both_are_in_the_log(campus: Campus) -> None:
    campus.enroll("ada")
    await campus.names(ADMIN, "ada")
    given = {"program": ACTIVE, "username": "ada"}

    await change(campus, "removeProgramUser", ADMIN, **given)
    assert await campus.names(ADMIN, "ada") == ["Program 5"]
    assert await code_of(campus, "removeProgramUser", ADMIN, **given) == "NOT_FOUND"
    for _ in range(2):
        await change(campus, "restoreProgramUser", ADMIN, **given)
        assert await campus.names(ADMIN, "ada") == ASSOCIATED
    async with campus.database.writing() as session:
        actions = list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == ["remove", "restore"]


@pytest.mark.parametrize("mutation", ["removeProgramUser", "restoreProgramUser", "registerProgramUsers"])
async def test_only_admins_manage_learners(campus: Campus, mutation: str) -> None:
    given = {"usernames": ["ada"]} if mutation == "registerProgramUsers" else {"username": "ada"}
    for viewer in (campus.viewer("ada"), AUTHOR):
        for program in (ACTIVE, f"Program:{uuid(99)}"):
            assert await code_of(campus, mutation, viewer, program=program, **given) == "FORBIDDEN"
    if mutation != "registerProgramUsers":
        assert await code_of(campus, mutation, ADMIN, program=ACTIVE, **given) == "NOT_FOUND"


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_learners_are_registered_in_programs_that_there_are(campus: Campus) -> None:
    for program in (f"Program:{uuid(99)}", f"Program:{uuid(3)}"):  # the latter is deleted
        code = await code_of(campus, "registerProgramUsers", ADMIN, program=program, usernames=["ada"])
        assert code == "NOT_FOUND"
    assert await rows(campus) == []


async def test_histories_name_learners_to_nobody_but_admins(campus: Campus) -> None:
    """§2.8 "other username filter": what authors may not ask for is not told by a program's history either."""
    await change(campus, "registerProgramUsers", ADMIN, program=ACTIVE, usernames=["ada"])
    await change(campus, "leaveProgram", campus.viewer("ada"), program=ACTIVE)
    await change(campus, "restoreProgramUser", ADMIN, program=ACTIVE, username="ada")
    await change(campus, "removeProgramUser", ADMIN, program=ACTIVE, username="ada")
    await change(campus, "retireProgram", AUTHOR, id=ACTIVE)

    query = "query ($id: ID!) { program(id: $id) { history { totalCount nodes { action } } } }"
    told = {
        viewer.username: (await campus.data(query, viewer, id=ACTIVE))["program"]["history"]
        for viewer in (ADMIN, AUTHOR)
    }

    assert told["author"] == {"totalCount": 1, "nodes": [{"action": "retired"}]}
    actions = ["retired", "remove", "restore", "leave", "register"]
    assert told["admin"] == {"totalCount": 5, "nodes": [{"action": action} for action in actions]}


async def test_learners_are_registered_once_and_those_who_left_stay_away(campus: Campus) -> None:
    """spec/programs.md, "Commerce Integration": registrations are fulfilled, idempotently."""
    usernames = ["ada", "bob", "cem", "ada"]
    payload = await change(campus, "registerProgramUsers", ADMIN, program=ACTIVE, usernames=usernames)
    assert payload == {"registered": 3, "program": {"name": "Program 1"}, "userErrors": []}
    await change(campus, "leaveProgram", campus.viewer("bob"), program=ACTIVE)

    payload = await change(campus, "registerProgramUsers", ADMIN, program=ACTIVE, usernames=[*usernames, "dan"])

    assert payload["registered"] == 1
    assert await rows(campus) == [
        ("ada", 1, "active", "registration"),
        ("bob", 1, "deleted", "registration"),
        ("cem", 1, "active", "registration"),
        ("dan", 1, "active", "registration"),
    ]
    assert campus.calls() == {}


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"program": UNPUBLISHED}, [("PROGRAM_NOT_ACTIVE", ["program"])]),
        ({"program": RETIRED}, [("PROGRAM_NOT_ACTIVE", ["program"])]),
        ({"usernames": []}, [("INVALID", ["usernames"])]),
        ({"usernames": ["x"] * 1001}, [("INVALID", ["usernames"])]),
        ({"usernames": ["ada", "a,b", ""]}, [("INVALID", ["usernames", "1"]), ("INVALID", ["usernames", "2"])]),
    ],
)
async def test_registrations_that_cannot_be_are_refused(
    campus: Campus, given: dict[str, Any], errors: list[tuple[str, list[str]]]
) -> None:
    payload = await change(campus, "registerProgramUsers", ADMIN, **{"program": ACTIVE, "usernames": ["ada"], **given})

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == errors
    assert await rows(campus) == []


async def test_a_revert_and_an_association_at_once_do_not_both_succeed(campus: Campus) -> None:
    """§2.2: the race between a revert and a lazy association."""
    campus.enroll("ada")
    document = "mutation ($id: ID!) { revertProgram(input: {id: $id}) { userErrors { code } } }"
    await campus.data("{ viewer { enrollmentsAsOf } }", campus.viewer("ada"))

    async def associated() -> None:
        async with campus.database.writing() as session:
            await associate(session, ["ada"], ProgramUserSource.LISTING)

    results = await asyncio.gather(
        *(campus.data(document, ADMIN, id=f"Program:{uuid(number)}") for number in (1, 5)), associated()
    )

    async with campus.database.writing() as session:
        query = select(func.count()).select_from(ProgramUser).join(Program, Program.id == ProgramUser.program_id)
        assert await session.scalar(query.where(Program.status == ProgramStatus.UNPUBLISHED)) == 0
        users = await session.scalar(select(func.count()).select_from(ProgramUser))
    reverted = [each for each in results if each and not each["revertProgram"]["userErrors"]]
    assert len(reverted) + (users or 0) == 2


async def test_who_may_see_no_programs_has_no_associations_brought_up_to_date() -> None:
    context = SimpleNamespace(request=SimpleNamespace(permissions=frozenset()))
    await listed(context, ["ada"])  # nothing else of the context is there
    assert str(visible_associations(frozenset())) == str(false())
