"""Who changes the catalog: all of it, or what belongs to an organization (domain/programs §2.8)."""

from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import Course
from resolvers.access import Role, Viewer
from tests.asking import ADMIN, ANONYMOUS, AUTHOR, LEARNER, Asking
from tests.catalog import course_run
from tests.schema.test_catalog_mutations import NEW_RUN, code, counted, done
from tests.schema.test_program_mutations import RUN, UNPUBLISHED

EVERY: dict[str, dict[str, Any]] = {
    "upsertCourseRun": {"key": NEW_RUN, "displayName": "X"},
    "updateCourseRun": {"key": RUN, "displayName": "X"},
    "deleteCourseRun": {"key": RUN.replace("R0", "R2")},
    "updateCourse": {"key": "Org0X+C0.0x", "displayName": "X"},
    "updateOrganization": {"key": "Org0X", "displayName": "X"},
    "upsertOrganization": {"key": "NewX"},
    "syncCatalog": {"items": []},
}


@pytest.mark.parametrize("mutation", EVERY)
async def test_learners_change_nothing_of_the_catalog(asking: Asking, database: Database, mutation: str) -> None:
    """§2.8 "upsert/delete run, set org/course names": 401, 403, ✓, ✓."""
    before = await counted(database)
    assert await code(asking, mutation, ANONYMOUS, **EVERY[mutation]) == "UNAUTHENTICATED"
    assert await code(asking, mutation, LEARNER, **EVERY[mutation]) == "FORBIDDEN"
    assert await counted(database) == before
    await done(asking, mutation, AUTHOR, **EVERY[mutation])
    if mutation != "deleteCourseRun":
        await done(asking, mutation, ADMIN, **EVERY[mutation])


ADA = Viewer("ada", frozenset({Role.LEARNER}))
OWN: dict[str, dict[str, Any]] = {
    "upsertCourseRun": {"key": "course-v1:Org0X+New+1", "displayName": "X"},
    "updateCourseRun": {"key": RUN, "displayName": "X"},
    "deleteCourseRun": {"key": RUN.replace("R0", "R2")},
    "updateCourse": {"key": "Org0X+C0.0x", "displayName": "X"},
    "updateOrganization": {"key": "Org0X", "displayName": "X"},
    "upsertOrganization": {"key": "Org0X", "description": "X"},
}
FOREIGN: dict[str, dict[str, Any]] = {
    name: {field: text.replace("Org0X", "Org1X") for field, text in given.items()} for name, given in OWN.items()
}


async def test_an_author_of_an_organization_changes_what_belongs_to_it(asking: Asking) -> None:
    """spec/programs.md, "Future Expansion": an Org-Author role; no organization is made by one."""
    await done(asking, "grantRole", ADMIN, username="ada", role="AUTHOR", organization="Org0X")
    for mutation, given in FOREIGN.items():
        assert await code(asking, mutation, ADA, **given) == "FORBIDDEN"
    for mutation, given in EVERY.items():
        if "NewX" in given.get("key", "") or mutation == "syncCatalog":
            assert await code(asking, mutation, ADA, **given) == "FORBIDDEN"
    for mutation, given in OWN.items():
        await done(asking, mutation, ADA, **given)


async def test_a_known_run_belongs_to_the_organization_of_its_course(asking: Asking, database: Database) -> None:
    """Whatever organization its key names, as those of runs for contracts do."""
    key = "course-v1:Org0X+C0.0x+Moved"
    async with database.writing() as session:
        of = await session.scalar(select(Course).where(Course.readable_id == "Org1X+C0.0x"))
        assert of is not None
        session.add(course_run(of, "", key=key))
    for name, organization in (("ada", "Org0X"), ("bob", "Org1X")):
        await done(asking, "grantRole", ADMIN, username=name, role="AUTHOR", organization=organization)
    bob = Viewer("bob", frozenset({Role.LEARNER}))
    for mutation in ("upsertCourseRun", "updateCourseRun"):
        assert await code(asking, mutation, ADA, key=key, displayName="X") == "FORBIDDEN"
        await done(asking, mutation, bob, key=key, displayName="X")


async def test_an_author_of_one_program_changes_nothing_of_the_catalog(asking: Asking) -> None:
    await done(asking, "grantRole", ADMIN, username="ada", role="ADMIN", program=UNPUBLISHED)
    for mutation, given in OWN.items():
        assert await code(asking, mutation, ADA, **given) == "FORBIDDEN"
