"""Who may do what, cell by cell, over real HTTP with real tokens (`spec/programs.md`, "Roles and Permissions").

The rows are those of the matrix in domain/programs §2.8; each is tried by nobody, a learner, an author and an admin.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import URL

from db.engine import open_database
from resolvers.access import Role
from server.app import create_app
from server.settings import Settings, load
from server.signin import mint
from tests.catalog import fill, uuid
from tests.serving import serving

UNPUBLISHED, ACTIVE, RETIRED, DELETED = (f"Program:{uuid(number)}" for number in range(4))
RUN = "course-v1:Org0X+C0.0x+R0"
NOBODY, ROLES = "nobody", (Role.LEARNER, Role.AUTHOR, Role.ADMIN)


@dataclass(frozen=True)
class Operation:
    """A row: what is asked, and what each of the four gets: "null", "seen", "done" or the code of an error."""

    name: str
    query: str
    cells: Sequence[str]


def mutation(name: str, given: str) -> str:
    return f"mutation {{ it: {name}(input: {{ {given} }}) {{ __typename userErrors {{ code message }} }} }}"


def row(name: str, query: str, *cells: str) -> Operation:
    return Operation(name, query, ("UNAUTHENTICATED", *cells))


def get(id_: str) -> str:
    return f'{{ it: program(id: "{id_}") {{ name }} node(id: "{id_}") {{ id }} }}'


def listed(status: str) -> str:
    return f"{{ it: programs(filter: {{ status: {status} }}) {{ nodes {{ name }} }} }}"


MOVED = f'id: "{ACTIVE}"'
NEW = 'name: "New", category: "xseries", organizations: ["Org0X"]'
ALL = ("seen", "seen", "seen")
CHANGES = ("FORBIDDEN", "done", "done")
ADMINS = ("FORBIDDEN", "FORBIDDEN", "done")
MISSING = ("FORBIDDEN", "NOT_FOUND", "NOT_FOUND")
MATRIX = [
    row("list active", listed("ACTIVE"), *ALL),
    row("list retired", listed("RETIRED"), *ALL),
    row("list unpublished", listed("UNPUBLISHED"), "null", "seen", "seen"),
    row("get active", get(ACTIVE), *ALL),
    row("get retired", get(RETIRED), *ALL),
    row("get unpublished", get(UNPUBLISHED), "null", "seen", "seen"),
    row("get deleted", get(DELETED), "null", "null", "null"),
    row("get unknown", get(f"Program:{uuid(99)}"), "null", "null", "null"),
    row("create", mutation("createProgram", NEW), *CHANGES),
    row("edit unpublished", mutation("updateProgram", f'id: "{UNPUBLISHED}", name: "New 0"'), *CHANGES),
    row("edit active", mutation("updateProgram", f'id: "{ACTIVE}", name: "New 1"'), *CHANGES),
    row("edit deleted", mutation("updateProgram", f'id: "{DELETED}", name: "New"'), *MISSING),
    row("retire", mutation("retireProgram", f'id: "{ACTIVE}"'), *CHANGES),
    row("revert", mutation("revertProgram", f'id: "Program:{uuid(5)}"'), *CHANGES),
    row("delete", mutation("deleteProgram", f'id: "{UNPUBLISHED}"'), *CHANGES),
    row("delete deleted", mutation("deleteProgram", f'id: "{DELETED}"'), *MISSING),
    row("publish", mutation("publishProgram", f'id: "{RETIRED}"'), *ADMINS),
    row("publish by an edit", mutation("updateProgram", f'id: "{RETIRED}", status: ACTIVE'), *ADMINS),
    row("set requirements", mutation("setProgramRequirements", f'id: "{RETIRED}", requirements: []'), *CHANGES),
    row("add a course", mutation("addCourseToProgram", f'id: "{UNPUBLISHED}", course: "Org1X+C1.0x"'), *CHANGES),
    row("remove a course", mutation("removeCourseFromProgram", f'id: "{ACTIVE}", course: "Org1X+C0.0x"'), *CHANGES),
    row("move a course", mutation("moveProgramCourse", f'{MOVED}, course: "Org0X+C1.0x", position: 0'), *CHANGES),
    row("upsert a run", mutation("upsertCourseRun", 'key: "course-v1:NewX+C+R", displayName: "New"'), *CHANGES),
    row("name a run", mutation("updateCourseRun", f'key: "{RUN}", displayName: "New"'), *CHANGES),
    row("delete a run", mutation("deleteCourseRun", 'key: "course-v1:Org0X+C0.0x+R2"'), *CHANGES),
    row("name a course", mutation("updateCourse", 'key: "Org0X+C0.0x", displayName: "New"'), *CHANGES),
    row("name an organization", mutation("updateOrganization", 'key: "Org0X", displayName: "New"'), *CHANGES),
    row("upsert an organization", mutation("upsertOrganization", 'key: "NewX"'), *CHANGES),
    row("push runs", mutation("syncCatalog", "items: []"), *CHANGES),
    row("list organizations", "{ it: organizations { nodes { key } } }", *ALL),
    row("list courses", "{ it: courses { nodes { key } } }", *ALL),
    row("list runs", "{ it: courseRuns { nodes { key } } }", *ALL),
    row("grant a role", mutation("grantRole", 'username: "ada", role: AUTHOR, organization: "Org0X"'), *ADMINS),
    row("list grants", "{ it: roleGrants { nodes { username } } }", "null", "null", "null"),
]  # fmt: skip


@pytest.fixture
def settings(database_url: URL) -> Settings:
    return load(
        database_url=database_url,
        jwt_secret="a secret that is long enough for tests, and no other use",
        jwt_audience=("collegium-tests",),
        jwt_issuers=("https://lms.example.org/oauth2",),
        authors=["author"],
        max_organizations_per_program=0,
    )


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    database = open_database(settings.database_url)
    await fill(database)
    await database.close()
    async with serving(create_app(settings)) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


async def outcome(client: httpx.AsyncClient, settings: Settings, query: str, who: str) -> str:
    """What somebody gets for an operation: the code of an error, or whether something is there or was done."""
    headers = {}
    if who != NOBODY:
        headers["authorization"] = f"JWT {mint(settings, who, Role(who), timedelta(minutes=5))}"
    response = await client.post("/graphql", json={"query": query}, headers=headers)
    body: dict[str, Any] = response.json()
    if "errors" in body:
        codes = {error["extensions"]["code"] for error in body["errors"]}
        assert (response.status_code == 401) == (codes == {"UNAUTHENTICATED"})
        assert not any((body.get("data") or {}).values())
        return ",".join(codes)
    assert response.status_code == 200
    found = body["data"]["it"]
    if query.startswith("mutation"):
        problems = [error["code"] for error in found["userErrors"]]
        assert set(problems) <= {"PROGRAM_ACTIVE", "NOT_PUBLISHABLE"}, found  # let in, and kept by rules of its data
        return "done"
    assert ("node" not in body["data"]) or (body["data"]["node"] is None) == (found is None)
    return "null" if found is None or found.get("nodes") == [] else "seen"


@pytest.mark.parametrize("number", range(4), ids=[NOBODY, *ROLES])
async def test_every_cell_of_the_matrix(client: httpx.AsyncClient, settings: Settings, number: int) -> None:
    """§2.8. Rows that change something come after those that need it as it was, one fresh installation for a column."""
    who = (NOBODY, *ROLES)[number]
    order = sorted(MATRIX, key=lambda each: each.query.startswith("mutation") + ("deleteP" in each.query) * 2)
    got = {each.name: await outcome(client, settings, each.query, who) for each in order}

    assert got == {each.name: each.cells[number] for each in order}


@pytest.mark.parametrize("role", [Role.LEARNER])
async def test_a_learner_is_told_the_same_of_what_there_is_and_what_there_is_not(
    client: httpx.AsyncClient, settings: Settings, role: Role
) -> None:
    """§2.3: "404 (not 403)": whole bodies are alike but for the id; so are the errors of changes."""
    token = mint(settings, role.value, role, timedelta(minutes=5))
    for query in (get("{}"), mutation("deleteProgram", 'id: "{}"'), mutation("publishProgram", 'id: "{}"')):
        bodies = set()
        for id_ in (UNPUBLISHED, DELETED, f"Program:{uuid(99)}"):
            response = await client.post(
                "/graphql",
                json={"query": query.replace("{}", id_)},
                headers={"authorization": f"JWT {token}"},
            )
            bodies.add((response.status_code, response.text.replace(id_.removeprefix("Program:"), "…")))
        assert len(bodies) == 1, bodies


async def test_a_role_ends_with_the_claim_that_gave_it(client: httpx.AsyncClient, settings: Settings) -> None:
    """§2.8 "administrator: claim false or absent removes it at next request"."""
    for role, expected in ((Role.ADMIN, "done"), (Role.LEARNER, "FORBIDDEN"), (Role.ADMIN, "done")):
        token = mint(settings, "ada", role, timedelta(minutes=5))
        response = await client.post(
            "/graphql",
            json={"query": mutation("updateOrganization", f'key: "Org0X", displayName: "{role}"')},
            headers={"authorization": f"JWT {token}"},
        )
        errors = response.json().get("errors")
        assert (errors[0]["extensions"]["code"] if errors else "done") == expected
