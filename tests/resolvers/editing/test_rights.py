"""Who may change which run's content (notes on OLX, O2)."""

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import Course, CourseRun, DirectoryMember, RoleGrant
from resolvers.access import ANONYMOUS, Role, Viewer
from resolvers.editing.rights import may_edit, require_to_edit, require_to_edit_some
from resolvers.errors import Forbidden
from tests.db.store.conftest import add_runs


def viewer(*roles: Role) -> Viewer:
    return Viewer("grace", frozenset(roles))


async def allowed(database: Database, run: int, who: Viewer) -> bool:
    async with database.writing() as session:
        return await may_edit(session, who, run)


async def allowed_somewhere(database: Database, who: Viewer) -> bool:
    """Whether anything is looked up for a viewer."""
    async with database.writing() as session:
        try:
            await require_to_edit_some(session, who)
        except Forbidden:
            return False
    return True


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (ANONYMOUS, False),
        (viewer(), False),
        (viewer(Role.LEARNER), False),
        (viewer(Role.AUTHOR), True),
        (viewer(Role.ADMIN), True),
    ],
)
async def test_authors_and_admins_may_edit_all_runs(database: Database, who: Viewer, expected: bool) -> None:
    run = (await add_runs(database, "R"))[0]
    assert await allowed(database, run, who) is expected
    assert await allowed_somewhere(database, who) is expected


@pytest.mark.parametrize(("role", "expected"), [("learner", False), ("author", True), ("admin", True)])
async def test_a_grant_of_the_organization_holds_for_its_runs(database: Database, role: str, expected: bool) -> None:
    run = (await add_runs(database, "R"))[0]
    async with database.writing() as session:
        of = await session.scalar(select(Course.organization_id).join(CourseRun).where(CourseRun.id == run))
        session.add(RoleGrant(username="grace", role=role, organization_id=of, granted_by="root"))
    assert await allowed(database, run, viewer()) is expected
    assert await allowed_somewhere(database, viewer()) is expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [("nti.roles.course_instructor", True), ("nti.roles.course_ta", True), ("learner", False)],
)
async def test_instructors_and_assistants_may_edit_their_run(database: Database, role: str, expected: bool) -> None:
    run, other = await add_runs(database, "R", "S")
    async with database.writing() as session:
        session.add(DirectoryMember(course_run_id=run, username="grace", role=role))
    assert await allowed(database, run, viewer()) is expected
    assert await allowed(database, other, viewer()) is False
    assert await allowed_somewhere(database, viewer()) is expected
    assert await allowed_somewhere(database, Viewer("alan")) is False


async def test_who_may_not_is_refused(database: Database) -> None:
    run = (await add_runs(database, "R"))[0]
    async with database.writing() as session:
        with pytest.raises(Forbidden, match="may not change the content of this run"):
            await require_to_edit(session, viewer(Role.LEARNER), run)
