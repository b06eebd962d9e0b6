"""The catalog that is measured: the same rows at every run, in the tables of a migrated database.

Texts hold quotes, backslashes and letters beyond ASCII, some times are null, and some programs must not be shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import open_database
from db.migrate import migrate
from db.tables import (
    Base,
    Course,
    CourseRun,
    Organization,
    OrganizationAlias,
    Program,
    ProgramCategory,
    ProgramCategoryMode,
    ProgramOrganization,
    ProgramRequirement,
)

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = ("Introduction to Probability", "Künstliche Intelligenz", 'The "Greek" Hero', r"Back\slash Studies", "数据科学")
STATUSES = (*["active"] * 21, "retired", "unpublished", "unpublished", "deleted")
CHUNK = 10_000

Row = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How many organizations, courses of each, runs of each course, categories and programs of each."""

    organizations: int = 200
    courses_each: int = 50
    runs_each: int = 4
    categories: int = 10
    programs_each: int = 125

    @property
    def courses(self) -> int:
        return self.organizations * self.courses_each

    @property
    def programs(self) -> int:
        return self.categories * self.programs_each

    def status(self, program: int) -> str:
        """The status of a program; 22 in 25 are visible to everybody."""
        return STATUSES[program // self.categories % len(STATUSES)]


async def fill(url: str, sizes: Sizes) -> None:
    """Migrate the empty database at `url` and write the catalog into it."""
    await migrate(url)
    database = open_database(url)
    try:
        async with database.engine.begin() as connection:
            for seeded in (ProgramCategoryMode, ProgramCategory):  # those that every installation begins with
                await connection.execute(delete(seeded))
        for table, rows in catalog(sizes).items():
            await write(database.engine, table, list(rows))
        if database.dialect.name == "postgresql":
            async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
                await connection.execute(text("VACUUM ANALYZE"))
    finally:
        await database.close()


async def write(engine: AsyncEngine, table: type[Base], rows: list[Row]) -> None:
    for start in range(0, len(rows), CHUNK):
        async with engine.begin() as connection:
            await connection.execute(insert(table), rows[start : start + CHUNK])


def catalog(sizes: Sizes) -> Mapping[type[Base], Iterator[Row]]:
    """All rows by table, in the order in which they refer to each other."""
    return {
        Organization: _organizations(sizes),
        OrganizationAlias: _aliases(sizes),
        Course: _courses(sizes),
        CourseRun: _runs(sizes),
        ProgramCategory: _categories(sizes),
        Program: _programs(sizes),
        ProgramOrganization: _program_organizations(sizes),
        ProgramRequirement: _requirements(sizes),
    }


def organization_key(number: int) -> str:
    return f"Org{number}X"


def category_slug(number: int) -> str:
    return f"category-{number}"


def program_uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def _name(number: int) -> str:
    return f"{NAMES[number % len(NAMES)]} {number:05d}"


def _written(number: int) -> Row:
    moment = EPOCH + timedelta(minutes=number)
    return {"created_at": moment, "updated_at": moment}


def _organizations(sizes: Sizes) -> Iterator[Row]:
    for i in range(sizes.organizations):
        name = {"display_name": _name(i), "name_folded": _name(i).casefold()}
        yield {"id": i + 1, "key": organization_key(i)} | name | _written(i)


def _aliases(sizes: Sizes) -> Iterator[Row]:
    for i in range(sizes.organizations):
        yield {"alias": organization_key(i).casefold(), "organization_id": i + 1}


def _courses(sizes: Sizes) -> Iterator[Row]:
    for i in range(sizes.courses):
        organization, number = i % sizes.organizations, f"C{i // sizes.organizations}.0x"
        yield {
            "id": i + 1,
            "organization_id": organization + 1,
            "number": number,
            "number_folded": number.casefold(),
            "readable_id": f"{organization_key(organization)}+{number}",
            "display_name": _name(i),
            "name_folded": _name(i).casefold(),
        } | _written(i)


def _runs(sizes: Sizes) -> Iterator[Row]:
    for course in _courses(sizes):
        for i in range(sizes.runs_each):
            number = course["id"] * sizes.runs_each + i
            start = EPOCH + timedelta(days=number % 2_000, hours=number % 2 * 12)
            key = f"course-v1:{course['readable_id']}+R{i}"
            yield {
                "id": number,
                "course_id": course["id"],
                "key": key,
                "key_folded": key.casefold(),
                "display_name": course["display_name"],
                "name_folded": course["name_folded"],
                "start": None if i == sizes.runs_each - 1 else start,
                "end": None if i > 1 else start + timedelta(weeks=12),
                "pacing": "self" if i % 2 else "instructor",
            } | _written(number)


def _categories(sizes: Sizes) -> Iterator[Row]:
    for i in range(sizes.categories):
        yield {"id": i + 1, "slug": category_slug(i), "display_name": f"Category {i}"}


def _programs(sizes: Sizes) -> Iterator[Row]:
    for i in range(sizes.programs):
        yield {
            "id": i + 1,
            "uuid": program_uuid(i),
            "name": _name(i),
            "name_folded": _name(i).casefold(),
            "subtitle": f"A subtitle of “{i}”",
            "category_id": i % sizes.categories + 1,
            "status": sizes.status(i),
        } | _written(i)


def _program_organizations(sizes: Sizes) -> Iterator[Row]:
    """One or two for each program."""
    for i in range(sizes.programs):
        for position in range(1 + i % 2):
            organization = (i * 3 + position * 5) % sizes.organizations
            yield {"program_id": i + 1, "organization_id": organization + 1, "position": position}


def _requirements(sizes: Sizes) -> Iterator[Row]:
    """A tree for each program: six to nine courses, of which the last is an elective."""
    for program in range(sizes.programs):
        root, count = program * 12 + 1, 6 + program // sizes.categories % 4
        courses = [(program * 7 + i * 131) % sizes.courses + 1 for i in range(count)]
        node = {"program_id": program + 1, "minimum": None, "course_id": None, "is_elective": False}
        yield node | {"id": root, "parent_id": None, "sequence": 0, "depth": 0, "kind": "all_of"}
        for i, course in enumerate(courses[:-1], 1):
            leaf = {"id": root + i, "parent_id": root, "sequence": i, "depth": 1}
            yield node | leaf | {"kind": "course", "course_id": course}
        group = {"id": root + count, "parent_id": root, "sequence": count, "depth": 1, "is_elective": True}
        yield node | group | {"kind": "min_number_of", "minimum": 1}
        elective = {"id": root + count + 1, "parent_id": root + count, "sequence": count + 1, "depth": 2}
        yield node | elective | {"kind": "course", "course_id": courses[-1]}
