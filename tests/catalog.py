"""A small catalog with a program in every status, written straight into the tables."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete

from db.engine import Database
from db.tables import (
    Course,
    CourseRun,
    Organization,
    OrganizationAlias,
    Pacing,
    Program,
    ProgramCategory,
    ProgramCategoryMode,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramRequirement,
    ProgramStatus,
    RequirementKind,
)

MODES = ("verified", "audit")
MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def organization(key: str, name: str | None = None) -> Organization:
    return Organization(
        key=key,
        display_name=name,
        name_folded=(name or key).casefold(),
        created_at=MOMENT,
        updated_at=MOMENT,
        aliases=[OrganizationAlias(alias=key.casefold())],
    )


def course(of: Organization, number: str, name: str) -> Course:
    return Course(
        organization=of,
        number=number,
        number_folded=number.casefold(),
        readable_id=f"{of.key}+{number}",
        display_name=name,
        name_folded=name.casefold(),
        created_at=MOMENT,
        updated_at=MOMENT,
    )


def course_run(of: Course, run: str, *, start: datetime | None = None, key: str | None = None) -> CourseRun:
    key = key or f"course-v1:{of.readable_id}+{run}"
    return CourseRun(
        course=of,
        key=key,
        key_folded=key.casefold(),
        display_name=of.display_name,
        name_folded=of.name_folded,
        start=start,
        pacing=Pacing.SELF if start is None else Pacing.INSTRUCTOR,
        created_at=MOMENT,
        updated_at=MOMENT,
    )


def program(
    number: int,
    *,
    category: ProgramCategory,
    status: ProgramStatus,
    organizations: Sequence[Organization],
    courses: Sequence[Course],
    runs: Sequence[CourseRun],
) -> Program:
    """A program whose tree has a group of its courses but the last, and a group of electives with that one."""
    root = ProgramRequirement(sequence=0, depth=0, kind=RequirementKind.ALL_OF)
    electives = ProgramRequirement(
        sequence=len(courses),
        depth=1,
        kind=RequirementKind.MIN_NUMBER_OF,
        minimum=1,
        is_elective=True,
        title="Electives",
    )
    leaves = [
        ProgramRequirement(sequence=i + 1, depth=1, kind=RequirementKind.COURSE, course_id=of.id)
        for i, of in enumerate(courses[:-1])
    ]
    elective = ProgramRequirement(
        sequence=len(courses) + 1, depth=2, kind=RequirementKind.COURSE, course_id=courses[-1].id
    )
    root.children.extend([*leaves, electives])
    electives.children.append(elective)
    return Program(
        uuid=uuid(number),
        name=f"Program {number}",
        name_folded=f"program {number}",
        subtitle=f"Subtitle {number}",
        category=category,
        status=status,
        created_at=MOMENT,
        updated_at=MOMENT,
        organizations=[ProgramOrganization(organization_id=of.id, position=i) for i, of in enumerate(organizations)],
        requirements=[root, electives, elective, *leaves],
        run_modes=[
            ProgramCourseRunMode(course_run_id=of.id, mode_slug=m) for of in runs for m in ("verified", "audit")
        ],
    )


async def fill(database: Database, *, organizations: int = 3, courses: int = 3, runs: int = 3) -> None:
    """`courses` for each organization, `runs` for each course, and programs 0 to 7: each status twice.

    Programs 4 to 7 require program 0, which is unpublished. The last run of each course has no start.
    """
    async with database.writing() as session:
        all_organizations = [organization(f"Org{i}X", f"Organization {i}") for i in range(organizations)]
        all_courses = [
            course(o, f"C{i}.0x", f"Course {i} of {o.key}") for o in all_organizations for i in range(courses)
        ]
        all_runs = [
            course_run(c, f"R{i}", start=None if i == runs - 1 else datetime(2026, 1 + i % 12, 1, tzinfo=UTC))
            for c in all_courses
            for i in range(runs)
        ]
        for table in (ProgramCategoryMode, ProgramCategory):  # those that every installation begins with
            await session.execute(delete(table))
        xseries = ProgramCategory(slug="xseries", display_name="XSeries")
        modes = [ProgramCategoryMode(mode_slug=mode) for mode in ("professional", "verified")]
        categories = [xseries, ProgramCategory(slug="micromasters", display_name="MicroMasters", modes=modes)]
        session.add_all([*all_organizations, *all_courses, *all_runs, *categories])
        await session.flush()
        programs = [
            program(
                i,
                category=categories[i % 2],
                status=status,
                organizations=all_organizations[:2],
                courses=all_courses[: courses + 1],
                runs=all_runs[:2],
            )
            for i, status in enumerate(list(ProgramStatus) * 2)
        ]
        session.add_all(programs)
        await session.flush()
        for dependent in programs[4:]:
            nested = ProgramRequirement(
                program_id=dependent.id, sequence=90, depth=1, kind=RequirementKind.PROGRAM,
                required_program_id=programs[0].id, parent_id=dependent.requirements[0].id,
            )  # fmt: skip
            session.add(nested)
