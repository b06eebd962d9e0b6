"""Roles for one organization or one program: the registrar's model, a union of grants (domain/programs §5)."""

from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from db.engine import Database
from db.tables import AuditEntry, RoleGrant
from resolvers.access import Role, Viewer
from tests.asking import ADMIN, ANONYMOUS, AUTHOR, LEARNER, Asking
from tests.catalog import uuid
from tests.resolvers.catalog.conftest import rows
from tests.schema.test_program_mutations import ACTIVE, DELETED, NEW, RETIRED, UNPUBLISHED, change, document

ADA = Viewer("ada", frozenset({Role.LEARNER}))
OTHER_CASE = Viewer("Ada", frozenset({Role.LEARNER}))
GRANTS = "{ roleGrants { totalCount nodes { username role grantedBy organization { key } program { id } } } }"
SEEN = "query ($id: ID!) { program(id: $id) { status viewerPermissions history { totalCount } } node(id: $id) { id } }"
AUTHORING, PUBLISHING = ["CHANGE", "SEE", "SEE_UNPUBLISHED"], ["CHANGE", "PUBLISH", "SEE", "SEE_UNPUBLISHED"]


def written(mutation: str) -> str:
    name = mutation[0].upper() + mutation[1:]
    return f"mutation ($input: {name}Input!) {{ payload: {mutation}(input: $input) {{ userErrors {{ code field }} }} }}"


async def told(asking: Asking, mutation: str, viewer: Viewer = ADMIN, **given: Any) -> list[tuple[str, Any]]:
    """Code and field of the user errors."""
    variables = {"input": {"username": "ada", "role": "AUTHOR", **given}}
    payload = (await asking.data(written(mutation), variables, viewer=viewer))["payload"]
    return [(error["code"], error["field"] and ".".join(error["field"])) for error in payload["userErrors"]]


async def code(asking: Asking, mutation: str, viewer: Viewer, **given: Any) -> str:
    """The code of the one error of a mutation that is not let in."""
    query = document(mutation) if "Program" in mutation else written(mutation)
    error = await asking.error(query, {"input": given}, viewer=viewer)
    found: str = error["extensions"]["code"]
    return found


async def seen(asking: Asking, id_: str, viewer: Viewer = ADA) -> Any:
    data = await asking.data(SEEN, {"id": id_}, viewer=viewer)
    assert (data["program"] is None) == (data["node"] is None)
    return data["program"]


async def test_a_role_is_granted_once_listed_and_revoked(asking: Asking, database: Database) -> None:
    for _ in range(2):
        assert await told(asking, "grantRole", organization="org0x") == []
        assert await told(asking, "grantRole", role="ADMIN", program=UNPUBLISHED) == []

    found = (await asking.data(GRANTS, viewer=ADMIN))["roleGrants"]
    of = {"username": "ada", "grantedBy": "admin"}
    assert found["nodes"] == [
        {**of, "role": "AUTHOR", "organization": {"key": "Org0X"}, "program": None},
        {**of, "role": "ADMIN", "organization": None, "program": {"id": UNPUBLISHED}},
    ]
    for viewer in (LEARNER, ADA, AUTHOR):
        assert (await asking.data(GRANTS, viewer=viewer))["roleGrants"]["totalCount"] == 0

    assert await told(asking, "revokeRole", organization="ORG0X") == []
    assert await code(asking, "revokeRole", ADMIN, username="ada", role="AUTHOR", organization="Org0X") == "NOT_FOUND"
    assert (await asking.data(GRANTS, viewer=ADMIN))["roleGrants"]["totalCount"] == 1
    audit = await rows(database, select(AuditEntry.action, AuditEntry.username, AuditEntry.changes))
    assert [row[:2] for row in audit] == [("grant", "admin"), ("grant", "admin"), ("revoke", "admin")]
    assert orjson.loads(audit[0][2]) == [{"field": "ada", "before": None, "after": "author"}]


async def test_grants_are_filtered_by_user_and_organization(asking: Asking) -> None:
    await told(asking, "grantRole", organization="Org0X")
    await told(asking, "grantRole", organization="Org1X", username="Ada")
    query = "query ($f: RoleGrantFilter) { roleGrants(filter: $f) { nodes { username } } }"
    for given, expected in (({"username": "ada"}, ["ada"]), ({"org": "ORG1X"}, ["Ada"]), ({"org": "none"}, [])):
        found = (await asking.data(query, {"f": given}, viewer=ADMIN))["roleGrants"]["nodes"]
        assert [node["username"] for node in found] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("INVALID", None)),
        ({"organization": "Org0X", "program": ACTIVE}, ("INVALID", None)),
        ({"organization": "Nobody"}, ("ORG_UNKNOWN", "organization")),
        ({"program": DELETED}, ("PROGRAM_UNKNOWN", "program")),
        ({"program": f"Program:{uuid(99)}"}, ("PROGRAM_UNKNOWN", "program")),
        ({"organization": "Org0X", "username": " "}, ("INVALID", "username")),
        ({"organization": "Org0X", "username": "u" * 256}, ("INVALID", "username")),
        ({"organization": "Org0X", "username": "u\0"}, ("INVALID", "username")),
    ],
)
async def test_a_grant_without_user_or_scope_is_refused(
    asking: Asking, database: Database, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    for mutation in ("grantRole", "revokeRole"):
        assert await told(asking, mutation, **given) == [expected]
    assert await rows(database, select(func.count()).select_from(RoleGrant)) == [0]


async def test_only_admins_of_the_whole_installation_grant_roles(asking: Asking) -> None:
    """Whoever has a role by a grant does not pass it on."""
    await told(asking, "grantRole", role="ADMIN", organization="Org0X")
    given = {"username": "bob", "role": "AUTHOR", "organization": "Org0X"}
    for mutation in ("grantRole", "revokeRole"):
        for viewer in (LEARNER, AUTHOR, ADA):
            assert await code(asking, mutation, viewer, **given) == "FORBIDDEN"
        assert await code(asking, mutation, ANONYMOUS, **given) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "scope", [{"organization": "Org1X"}, {"program": UNPUBLISHED}], ids=["organization", "program"]
)
@pytest.mark.parametrize(("role", "permitted"), [("AUTHOR", AUTHORING), ("ADMIN", PUBLISHING)])
async def test_a_grant_shows_unpublished_programs_and_what_may_be_done_with_them(
    asking: Asking, scope: dict[str, str], role: str, permitted: list[str]
) -> None:
    """§2.3, §5: permissions are told on each program; they end when the grant does."""
    assert await seen(asking, UNPUBLISHED) is None
    await change(asking, "updateProgram", id=UNPUBLISHED, subtitle="Changed")
    assert await told(asking, "grantRole", role=role, **dict[str, Any](scope)) == []

    found = await seen(asking, UNPUBLISHED)
    assert (found["status"], found["viewerPermissions"]) == ("UNPUBLISHED", permitted)
    assert found["history"]["totalCount"] == 1 + ("program" in scope)
    assert asking.statements <= 6
    assert await told(asking, "grantRole", **dict[str, Any](scope, username="other", role="ADMIN")) == []
    assert (await seen(asking, UNPUBLISHED))["viewerPermissions"] == permitted
    assert await seen(asking, UNPUBLISHED, OTHER_CASE) is None
    assert await seen(asking, DELETED) is None
    is_of_organization = "organization" in scope
    assert (await seen(asking, ACTIVE))["viewerPermissions"] == (permitted if is_of_organization else ["SEE"])
    assert (await seen(asking, ACTIVE))["history"]["totalCount"] == 0
    names = "{ programs(filter: {status: UNPUBLISHED}) { totalCount nodes { id } } }"
    assert (await asking.data(names, viewer=ADA))["programs"]["totalCount"] == (2 if is_of_organization else 1)

    assert await told(asking, "revokeRole", role=role, **dict[str, Any](scope)) == []
    assert await seen(asking, UNPUBLISHED) is None


async def test_grants_add_up(asking: Asking) -> None:
    """§5 "union of org and program grants"."""
    await told(asking, "grantRole", organization="Org0X")
    assert (await seen(asking, ACTIVE))["viewerPermissions"] == AUTHORING
    await told(asking, "grantRole", role="ADMIN", program=ACTIVE)
    assert (await seen(asking, ACTIVE))["viewerPermissions"] == PUBLISHING
    assert (await seen(asking, RETIRED))["viewerPermissions"] == AUTHORING


async def test_organizations_tell_what_the_viewer_may_do_with_their_programs(asking: Asking) -> None:
    await told(asking, "grantRole", organization="Org1X")
    query = "{ organizations { nodes { key viewerPermissions } } }"
    expected = {
        LEARNER: [["SEE"]] * 3,
        ADA: [["SEE"], AUTHORING, ["SEE"]],
        AUTHOR: [AUTHORING] * 3,
        ADMIN: [PUBLISHING] * 3,
    }
    for viewer, permissions in expected.items():
        nodes = (await asking.data(query, viewer=viewer))["organizations"]["nodes"]
        assert [node["viewerPermissions"] for node in nodes] == permissions
        assert asking.statements == 2


async def test_an_author_of_an_organization_builds_its_programs_and_no_others(asking: Asking) -> None:
    """spec/programs.md, "Future Expansion": "change programs" specific to the organization of the program."""
    await told(asking, "grantRole", organization="Org2X")
    given = {**NEW, "organizations": ["Org2X"], "courses": ["Org2X+C0.0x"]}

    own = (await change(asking, "createProgram", ADA, **given))["program"]["id"]
    assert await code(asking, "createProgram", ADA, **NEW) == "FORBIDDEN"
    assert await code(asking, "createProgram", ADA, **{**NEW, "organizations": ["Org2X", "Org0X"]}) == "FORBIDDEN"
    assert await code(asking, "createProgram", ADA, **{**NEW, "organizations": []}) == "FORBIDDEN"
    mode = {"run": "course-v1:Org2X+C0.0x+R0", "modeSlug": "audit"}
    assert (await change(asking, "updateProgram", ADA, id=own, runModes=[mode]))["program"]["revision"] == 2
    assert await code(asking, "publishProgram", ADA, id=own) == "FORBIDDEN"
    await told(asking, "grantRole", role="ADMIN", organization="Org2X")
    assert (await change(asking, "publishProgram", ADA, id=own))["program"]["status"] == "ACTIVE"

    for mutation in ("updateProgram", "publishProgram", "revertProgram", "retireProgram", "deleteProgram"):
        assert await code(asking, mutation, ADA, id=UNPUBLISHED) == "NOT_FOUND"
        assert await code(asking, mutation, ADA, id=ACTIVE) == "FORBIDDEN"
        assert await code(asking, mutation, ADA, id=DELETED) == "NOT_FOUND"


async def test_an_author_does_not_hand_a_program_to_others(asking: Asking) -> None:
    """A program goes to another organization only by somebody who may change programs there."""
    await told(asking, "grantRole", organization="Org2X")
    own = (await change(asking, "createProgram", ADA, **{**NEW, "organizations": ["Org2X"]}))["program"]["id"]

    assert await code(asking, "updateProgram", ADA, id=own, organizations=["Org0X"]) == "FORBIDDEN"
    await told(asking, "grantRole", organization="Org0X")
    assert (await change(asking, "updateProgram", ADA, id=own, organizations=["Org0X"]))["program"]["revision"] == 2


async def test_an_author_of_one_of_its_organizations_changes_a_program_of_several(asking: Asking) -> None:
    """Those that it has already ask for nothing more."""
    await told(asking, "grantRole", organization="Org0X")

    changed = (await change(asking, "updateProgram", ADA, id=UNPUBLISHED, name="Mine"))["program"]

    assert (changed["name"], [each["key"] for each in changed["organizations"]]) == ("Mine", ["Org0X", "Org1X"])


async def test_an_author_of_a_program_requires_no_program_that_is_hidden(asking: Asking) -> None:
    """§2.3: what is not seen is unknown, over every edge."""
    await told(asking, "grantRole", organization="Org2X")
    own = (await change(asking, "createProgram", ADA, **{**NEW, "organizations": ["Org2X"]}))["program"]["id"]
    for id_ in (UNPUBLISHED, DELETED, f"Program:{uuid(99)}"):
        payload = await change(asking, "setProgramRequirements", ADA, id=own, requirements=[{"program": id_}])
        assert [error["code"] for error in payload["userErrors"]] == ["PROGRAM_UNKNOWN"]
    done = await change(asking, "setProgramRequirements", ADA, id=own, requirements=[{"program": ACTIVE}])
    assert done["program"]["revision"] == 2
