"""Changes of the catalog through the API: runs, courses and organizations (`spec/programs.md`, "Course Runs").

Names that are given here are marked as customized: no synchronization overwrites them. Every function raises Refusal,
Forbidden and NotFound.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Course, CourseRun, Organization, Program, ProgramCourseRunMode, ProgramStatus
from edx.errors import InvalidCourseKey
from edx.keys import CourseId, CourseKey
from resolvers.access import Permission, Viewer
from resolvers.audit import record
from resolvers.catalog.course_runs import upsert_course_run
from resolvers.catalog.errors import Refused
from resolvers.catalog.facts import MAX_NAME, OrganizationFacts, RunFacts, check_texts
from resolvers.catalog.organizations import find_organizations, upsert_organization
from resolvers.errors import NotFound
from resolvers.grants import require_some
from resolvers.refusals import Problem, Reason, Refusal

T = TypeVar("T", Organization, Course, CourseRun)
SHOWN = (ProgramStatus.ACTIVE, ProgramStatus.RETIRED)


async def put_run(session: AsyncSession, viewer: Viewer, key: str, name: str) -> str:
    """Add a run, with its course and organization as needed, or name a known one; its key.

    The first run names its course; an organization that is made so has no name.
    """
    await require_some(session, viewer, Permission.CHANGE_PROGRAMS)
    parsed = _run_key(key)
    _check_name(name, required=True)
    try:
        outcome = await upsert_course_run(session, RunFacts(parsed, name))
    except Refused as error:
        raise Refusal([Problem(Reason.INVALID, str(error), ("key",))]) from error
    run = await _one(session, CourseRun, CourseRun.key_folded == parsed.folded)
    _rename(run, name)
    record(session, viewer, f"{outcome.value} run", f"CourseRun:{run.key}", {"displayName": (None, name)})
    return run.key


async def delete_run(session: AsyncSession, viewer: Viewer, key: str) -> str:
    """Remove a run from the catalog and from the programs that nobody sees yet; its key.

    Refused where a program that learners see would lose it. Its course and organization stay.
    """
    await require_some(session, viewer, Permission.CHANGE_PROGRAMS)
    run = await _one(session, CourseRun, CourseRun.key_folded == _run_key(key).folded)
    programs = await _programs_with(session, run.id)
    shown = [program for program in programs if program.status in SHOWN]
    if shown:
        names = ", ".join(repr(program.name) for program in shown)
        raise Refusal([Problem(Reason.PROGRAM_ACTIVE, f"it is in programs that learners see: {names}", ("key",))])
    if await session.scalar(select(CourseRun.id).where(CourseRun.parent_id == run.id).limit(1)) is not None:
        raise Refusal([Problem(Reason.INVALID, "other runs were made from it", ("key",))])
    await session.execute(delete(ProgramCourseRunMode).where(ProgramCourseRunMode.course_run_id == run.id))
    for program in programs:
        program.revision += 1
    record(session, viewer, "delete run", f"CourseRun:{run.key}", {"displayName": (run.display_name, None)})
    await session.delete(run)
    return run.key


async def rename_run(session: AsyncSession, viewer: Viewer, key: str, name: str) -> str:
    """Name a run; its key."""
    await require_some(session, viewer, Permission.CHANGE_PROGRAMS)
    run = await _one(session, CourseRun, CourseRun.key_folded == _run_key(key).folded)
    _named(session, viewer, run, f"CourseRun:{run.key}", name)
    return run.key


async def rename_course(session: AsyncSession, viewer: Viewer, key: str, name: str) -> str:
    """Name a course; its id."""
    await require_some(session, viewer, Permission.CHANGE_PROGRAMS)
    try:
        folded = str(CourseId.parse(key)).casefold()
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("key",))]) from error
    course = await _one(session, Course, Course.readable_id_folded == folded)
    _named(session, viewer, course, f"Course:{course.readable_id}", name)
    return course.readable_id


async def rename_organization(session: AsyncSession, viewer: Viewer, key: str, name: str | None) -> str:
    """Name an organization, or take its name away, so that it shows its key; its key."""
    await require_some(session, viewer, Permission.CHANGE_PROGRAMS)
    found = await find_organizations(session, [key])
    if not found:
        raise NotFound(f"there is no organization '{key}'")
    [row] = found.values()
    organization = await session.get_one(Organization, row["id"], with_for_update=True)
    _check_name(name or "", required=False)
    changes = {"displayName": (organization.display_name, name or None)}
    organization.display_name = name or None
    organization.name_folded = (name or organization.key).casefold()
    organization.is_name_customized = True
    record(session, viewer, "rename", f"Organization:{organization.key}", changes)
    return organization.key


async def put_organization(
    session: AsyncSession, viewer: Viewer, facts: OrganizationFacts, *, is_named: bool = True
) -> str:
    """Add an organization or bring a known one up to date; its key."""
    await require_some(session, viewer, Permission.CHANGE_PROGRAMS)
    try:
        outcome = await upsert_organization(session, facts)
    except Refused as error:
        raise Refusal([Problem(Reason.INVALID, str(error), ("key",))]) from error
    [row] = (await find_organizations(session, [facts.key])).values()
    key: str = row["key"]
    record(session, viewer, f"{outcome.value} organization", f"Organization:{key}", {})
    return await rename_organization(session, viewer, key, facts.display_name) if is_named else key


def _run_key(key: str) -> CourseKey:
    try:
        return CourseKey.parse(key)
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("key",))]) from error


async def _one(session: AsyncSession, table: type[T], where: Any) -> T:
    found: T | None = await session.scalar(select(table).where(where).with_for_update())
    if found is None:
        raise NotFound("there is no such object")
    return found


async def _programs_with(session: AsyncSession, run: int) -> Sequence[Program]:
    """The programs that have a run, locked: none may be published meanwhile."""
    ids = select(ProgramCourseRunMode.program_id).where(ProgramCourseRunMode.course_run_id == run)
    query = select(Program).where(Program.id.in_(ids)).order_by(Program.id).with_for_update()
    return (await session.scalars(query)).all()


def _named(session: AsyncSession, viewer: Viewer, row: Course | CourseRun, subject: str, name: str) -> None:
    _check_name(name, required=True)
    record(session, viewer, "rename", subject, {"displayName": (row.display_name, name)})
    _rename(row, name)


def _rename(row: Course | CourseRun, name: str) -> None:
    row.display_name, row.name_folded, row.is_name_customized = name, name.casefold(), True


def _check_name(name: str, *, required: bool) -> None:
    if required and not name.strip():
        raise Refusal([Problem(Reason.REQUIRED, "it needs a name", ("displayName",))])
    if len(name) > MAX_NAME:
        reason = f"its name has {len(name)} characters, {MAX_NAME} are allowed"
        raise Refusal([Problem(Reason.TOO_LONG, reason, ("displayName",))])
    try:
        check_texts(name=name)
    except Refused as error:
        raise Refusal([Problem(Reason.INVALID, str(error), ("displayName",))]) from error
