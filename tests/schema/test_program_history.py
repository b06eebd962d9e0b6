"""The history of programs: who changed what, and through which application."""

from sqlalchemy import select

from db.engine import Database
from db.tables import AuditEntry
from resolvers.access import Role, Viewer
from server.applications.callers import Caller, from_lms
from server.applications.registry import ALL_SCOPES, Registration, register
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.schema.test_program_mutations import ACTIVE, UNPUBLISHED, change

HISTORY = """query ($id: ID!) { program(id: $id) { history { nodes {
  username application action changes { field before after }
} } } }"""


async def test_each_change_tells_its_application(asking: Asking, database: Database) -> None:
    """§5 "Modified-since filter, change history, audit": registered ones by name, the LMS's tokens as `lms:<name>`."""
    wanted = Registration("Report builder", "report_worker", Role.AUTHOR, ALL_SCOPES)
    async with database.writing() as session:
        client_id, _ = await register(session, wanted)
    registered = Caller("report_worker", AUTHOR.roles, client_id, ALL_SCOPES)
    viewers: list[Viewer] = [registered, from_lms("author", AUTHOR.roles), AUTHOR, registered]
    for number, viewer in enumerate(viewers):
        await change(asking, "updateProgram", viewer, id=UNPUBLISHED, name=f"Name {number}")

    found = (await asking.data(HISTORY, {"id": UNPUBLISHED}, viewer=ADMIN))["program"]["history"]["nodes"]

    assert [(entry["username"], entry["application"]) for entry in reversed(found)] == [
        ("report_worker", "Report builder"),
        ("author", "lms:author"),
        ("author", None),
        ("report_worker", "Report builder"),
    ]
    assert found[0]["changes"] == [{"field": "name", "before": '"Name 2"', "after": '"Name 3"'}]
    assert asking.statements <= 5
    async with database.writing() as session:
        stored = list(await session.scalars(select(AuditEntry.application).order_by(AuditEntry.id)))
    assert stored == [client_id, "lms:author", None, client_id]


async def test_learners_find_no_history_of_programs_that_they_see(asking: Asking) -> None:
    """§5: it is for those who see programs before they are published, or were granted a role for this one."""
    await change(asking, "updateProgram", AUTHOR, id=ACTIVE, subtitle="New")

    for viewer, count in ((AUTHOR, 1), (LEARNER, 0)):
        found = (await asking.data(HISTORY, {"id": ACTIVE}, viewer=viewer))["program"]["history"]["nodes"]
        assert len(found) == count


async def test_an_application_that_is_not_registered_is_told_as_it_is(asking: Asking) -> None:
    await change(asking, "updateProgram", Caller("ada", ADMIN.roles, "gone"), id=UNPUBLISHED, name="New")

    found = (await asking.data(HISTORY, {"id": UNPUBLISHED}, viewer=ADMIN))["program"]["history"]["nodes"]
    assert [entry["application"] for entry in found] == ["gone"]
