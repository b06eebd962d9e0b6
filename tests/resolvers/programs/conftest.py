"""A catalog to make programs of, and what the tables say of the programs that were made."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.engine import Database
from db.tables import ProgramCourseRunMode, ProgramOrganization, ProgramRequirement
from edx.keys import CourseKey
from resolvers.catalog import OrganizationFacts, RunFacts, upsert_course_runs, upsert_organizations
from resolvers.programs import CategoryDraft, CourseLeaf, ProgramDraft, RunModeDraft

XSERIES = CategoryDraft("xseries", "XSeries")


def uuid(number: int) -> UUID:
    return UUID(int=number, version=4)


async def fill(database: Database, courses: int = 6, title: str = "Course") -> None:
    """Organizations `A` and `B`, their courses `C0`, `C1` … in turn, each with the runs `R1` and `R2`."""
    runs = [
        RunFacts(CourseKey("AB"[i % 2], f"C{i}", run), f"{title} {i}") for i in range(courses) for run in ("R1", "R2")
    ]
    async with database.writing() as session:
        await upsert_organizations(session, [OrganizationFacts("A", "Alpha"), OrganizationFacts("B", "Beta")])
        await upsert_course_runs(session, runs)


def draft(number: int = 1, **others: Any) -> ProgramDraft:
    """A program of the courses `A+C0` and `B+C1`."""
    given: dict[str, Any] = {
        "uuid": uuid(number),
        "name": f"Program {number}",
        "category": XSERIES,
        "subtitle": "A subtitle",
        "description": "A description",
        "organizations": ("B", "A"),
        "requirements": (CourseLeaf("A+C0"), CourseLeaf("B+C1")),
        "run_modes": (
            RunModeDraft("course-v1:A+C0+R1", "verified", "8CF08E5"),
            RunModeDraft("course-v1:B+C1+R2", "audit"),
        ),
    }
    return ProgramDraft(**given | others)


async def everything(database: Database) -> list[list[tuple[Any, ...]]]:
    """All rows of the parts of all programs."""
    tables = [table.__table__ for table in (ProgramOrganization, ProgramRequirement, ProgramCourseRunMode)]
    async with database.writing() as session:
        found = [(await session.execute(select(table).order_by(*table.primary_key))).all() for table in tables]
    return [list(map(tuple, rows)) for rows in found]
