"""Changes of the catalog through the API: runs, courses and organizations (`spec/programs.md`, "Course Runs").

Names that are given here are marked as customized: no synchronization overwrites them. Whoever may change programs
everywhere changes all of the catalog, whoever may do so for an organization what belongs to it. Every function raises
Refusal, Forbidden and NotFound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import RowMapping, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Course, CourseRun, Organization, Program, ProgramCourseRunMode, ProgramStatus
from edx.contract_keys import ContractTag
from edx.errors import InvalidCourseKey
from edx.keys import CourseId, CourseKey
from resolvers.access import Permission, Viewer
from resolvers.addresses import NO_ADDRESS, is_web_address
from resolvers.audit import difference, record
from resolvers.catalog.course_runs import Upserts, upsert_course_run, upsert_course_runs
from resolvers.catalog.errors import Refused
from resolvers.catalog.facts import MAX_NAME, OrganizationFacts, RunFacts, check_texts
from resolvers.catalog.organizations import find_organizations, named, upsert_organization
from resolvers.catalog.report import Outcome
from resolvers.catalog.settling import settled
from resolvers.errors import Forbidden, NotFound
from resolvers.grants import require_for, require_some
from resolvers.programs.state import as_json, draft_of
from resolvers.refusals import Problem, Reason, Refusal

T = TypeVar("T", Course, CourseRun)
State = Mapping[str, Any]
CHANGE = Permission.CHANGE_PROGRAMS
SHOWN = (ProgramStatus.ACTIVE, ProgramStatus.RETIRED)


async def put_run(session: AsyncSession, viewer: Viewer, key: str, name: str) -> str:
    """Add a run, with its course and organization as needed, or name a known one; its key.

    The first run names its course; an organization that is made so has no name.
    """
    await require_some(session, viewer, CHANGE)
    parsed = _run_key(key)
    _check_name(name, required=True)
    before = await session.scalar(select(CourseRun).where(CourseRun.key_folded == parsed.folded))
    if ContractTag.parse(parsed.run) and not viewer.may(Permission.CHANGE_CONTRACTS):
        raise Forbidden("you may not add runs of contracts")  # whether or not there is such a run
    await require_for(session, viewer, CHANGE, await _owner(session, parsed.org, before))
    old = None if before is None else before.display_name
    try:
        outcome = await upsert_course_run(session, RunFacts(parsed, name))
    except Refused as error:
        raise Refusal([Problem(Reason.INVALID, str(error), ("key",))]) from error
    run = await _one(session, CourseRun, CourseRun.key_folded == parsed.folded, f"course run '{parsed}'")
    _rename(run, name)
    action = "create run" if outcome is Outcome.CREATED else "rename"
    _record(session, viewer, action, f"CourseRun:{run.key}", ({"displayName": old}, {"displayName": name}))
    return run.key


async def delete_run(session: AsyncSession, viewer: Viewer, key: str) -> str:
    """Remove a run from the catalog and from the programs that nobody sees yet; its key.

    Refused where a program that learners see would lose it. Its course and organization stay.
    """
    await require_some(session, viewer, CHANGE)
    folded = _run_key(key).folded
    return await settled(session, lambda: _delete_run(session, viewer, folded))


async def _delete_run(session: AsyncSession, viewer: Viewer, folded: str) -> str:
    """As `delete_run`. Programs are locked before the run is touched, as their authors do.

    One that somebody puts the run in meanwhile is not among them: it has the last statement fail, for another attempt.
    """
    run = await session.scalar(select(CourseRun).where(CourseRun.key_folded == folded))
    if run is None or not _sees(viewer, run):
        raise NotFound("there is no such course run")
    await require_for(session, viewer, CHANGE, await _organization_of(session, run.course_id))
    if run.contract_id is not None:
        raise Refusal([Problem(Reason.RUN_OF_CONTRACT, "it is a contract's; take it out of that", ("key",))])
    if run.is_source or run.is_designated:
        reason = "it is a source run: deleting it would break future runs for contracts of its course"
        raise Refusal([Problem(Reason.SOURCE_RUN_PROTECTED, reason, ("key",))])
    programs = await _programs_with(session, run.id)
    shown = [program for program in programs if program.status in SHOWN]
    if shown:
        names = ", ".join(repr(program.name) for program in shown)
        raise Refusal([Problem(Reason.PROGRAM_ACTIVE, f"it is in programs that learners see: {names}", ("key",))])
    if await session.scalar(select(CourseRun.id).where(CourseRun.parent_id == run.id).limit(1)) is not None:
        raise Refusal([Problem(Reason.INVALID, "other runs were made from it", ("key",))])
    for program in programs:
        await _drop(session, viewer, program, run.key, run.id)
    key, name = run.key, run.display_name
    gone = delete(CourseRun).where(CourseRun.id == run.id).returning(CourseRun.id)
    if await session.scalar(gone) is None:
        raise NotFound("there is no such course run")
    _record(session, viewer, "delete run", f"CourseRun:{key}", ({"displayName": name}, {}))
    return key


async def _drop(session: AsyncSession, viewer: Viewer, program: Program, key: str, run: int) -> None:
    """Take a run out of a program that is locked, and tell its history so."""
    before = await draft_of(session, program)
    after = replace(before, run_modes=tuple(mode for mode in before.run_modes if mode.run != key))
    mode = ProgramCourseRunMode
    await session.execute(delete(mode).where(mode.program_id == program.id, mode.course_run_id == run))
    program.revision += 1
    changes = difference(as_json(before), as_json(after))
    record(session, viewer, "delete run", f"Program:{program.uuid}", changes, program_id=program.id)


async def rename_run(session: AsyncSession, viewer: Viewer, key: str, name: str) -> str:
    """Name a run; its key."""
    await require_some(session, viewer, CHANGE)
    run = await _one(session, CourseRun, CourseRun.key_folded == _run_key(key).folded, f"course run '{key}'")
    if not _sees(viewer, run):
        raise NotFound(f"there is no course run '{key}'")
    await require_for(session, viewer, CHANGE, await _organization_of(session, run.course_id))
    _named(session, viewer, run, f"CourseRun:{run.key}", name)
    return run.key


async def rename_course(session: AsyncSession, viewer: Viewer, key: str, name: str) -> str:
    """Name a course; its id."""
    await require_some(session, viewer, CHANGE)
    try:
        folded = CourseId.parse(key).folded
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("key",))]) from error
    course = await _one(session, Course, Course.readable_id_folded == folded, f"course '{key}'")
    await require_for(session, viewer, CHANGE, course.organization_id)
    _named(session, viewer, course, f"Course:{course.readable_id}", name)
    return course.readable_id


async def rename_organization(session: AsyncSession, viewer: Viewer, key: str, name: str | None) -> str:
    """Name an organization, or take its name away, so that it shows its key; its key."""
    await require_some(session, viewer, CHANGE)
    row = await _known_organization(session, key)
    if row is None:
        raise NotFound(f"there is no organization '{key}'")
    await require_for(session, viewer, CHANGE, row["id"])
    _check_name(name or "", required=False)
    before = await _name_organization(session, row["id"], name or "")
    states = {"displayName": before}, {"displayName": name or None}
    _record(session, viewer, "rename", f"Organization:{row['key']}", states)
    return str(row["key"])


async def put_organization(session: AsyncSession, viewer: Viewer, key: str, given: Mapping[str, str | None]) -> str:
    """Add an organization or bring a known one up to date; its key.

    `given` has those of `display_name`, `description` and `logo_url` that are to change; the others stay as they are.
    """
    await require_some(session, viewer, CHANGE)
    known = await _known_organization(session, key)
    await require_for(session, viewer, CHANGE, None if known is None else known["id"])
    _check_name(given.get("display_name") or "", required=False)
    if (logo := given.get("logo_url")) and not is_web_address(logo):
        raise Refusal([Problem(Reason.INVALID, NO_ADDRESS, ("logoUrl",))])
    before: dict[str, str | None] = {} if known is None else {name: known[name] for name in FIELDS}
    after = {**before, **given}
    facts = OrganizationFacts(
        key, after.get("display_name") or "", after.get("description") or "", after.get("logo_url") or None
    )
    try:
        outcome = await upsert_organization(session, facts)
    except Refused as error:
        raise Refusal([Problem(Reason.INVALID, str(error), ("key",))]) from error
    row = await _known_organization(session, key)
    assert row is not None  # noqa: S101 -- it was just put there
    action = "create organization" if outcome is Outcome.CREATED else "update organization"
    old, new = ({FIELDS[name]: values.get(name) or None for name in FIELDS} for values in (before, after))
    if outcome is Outcome.CREATED:
        new["key"] = key
    _record(session, viewer, action, f"Organization:{row['key']}", (old, new))
    if "display_name" in given:
        await _name_organization(session, row["id"], given["display_name"] or "")
    return str(row["key"])


FIELDS = {"display_name": "displayName", "description": "description", "logo_url": "logoUrl"}
"""What is told of an organization, as the API calls it."""


async def push_runs(session: AsyncSession, viewer: Viewer, runs: Sequence[RunFacts], *, dry_run: bool) -> Upserts:
    """Take runs that a platform pushes, whatever their organizations: what became of each."""
    if not viewer.may(CHANGE):
        raise Forbidden("you may not push course runs of all organizations")
    if not viewer.may(Permission.CHANGE_CONTRACTS) and any(ContractTag.parse(facts.key.run) for facts in runs):
        raise Forbidden("you may not push runs of contracts")
    done = await upsert_course_runs(session, runs, dry_run=dry_run)
    counts = {name: done.outcomes.count(name) for name in (Outcome.CREATED, Outcome.UPDATED)}
    if any(counts.values()) and not dry_run:
        _record(session, viewer, "push", "Catalog", ({}, {name.value: count for name, count in counts.items()}))
    return done


def _sees(viewer: Viewer, run: CourseRun) -> bool:
    """Whether a run is there for a viewer who changes the catalog: those of contracts are for their staff."""
    return viewer.may(Permission.SEE_CONTRACTS) or (run.contract_id is None and run.retired_at is None)


def _run_key(key: str) -> CourseKey:
    try:
        return CourseKey.parse(key)
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("key",))]) from error


async def _one(session: AsyncSession, table: type[T], where: Any, what: str) -> T:
    found: T | None = await session.scalar(select(table).where(where).with_for_update())
    if found is None:
        raise NotFound(f"there is no {what}")
    return found


async def _known_organization(session: AsyncSession, key: str) -> RowMapping | None:
    return (await find_organizations(session, [key])).get(key.casefold())


async def _owner(session: AsyncSession, org: str, run: CourseRun | None) -> int | None:
    """The organization whose authors may put a run there: that of a known run's course, else that of its key."""
    if run is not None:
        return await _organization_of(session, run.course_id)
    known = await _known_organization(session, org)
    return None if known is None else int(known["id"])


async def _organization_of(session: AsyncSession, course: int) -> int | None:
    return await session.scalar(select(Course.organization_id).where(Course.id == course))


async def _programs_with(session: AsyncSession, run: int) -> Sequence[Program]:
    """The programs that have a run, locked: none may be published meanwhile."""
    ids = select(ProgramCourseRunMode.program_id).where(ProgramCourseRunMode.course_run_id == run)
    query = select(Program).where(Program.id.in_(ids)).order_by(Program.id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def _name_organization(session: AsyncSession, id_: int, name: str) -> str | None:
    """Name an organization; the name that it had."""
    organization = await session.get_one(Organization, id_, with_for_update=True)
    before = organization.display_name
    for column, value in named(organization.key, name or None).items():
        setattr(organization, column, value)
    organization.is_name_customized = True
    return before


def _named(session: AsyncSession, viewer: Viewer, row: Course | CourseRun, subject: str, name: str) -> None:
    _check_name(name, required=True)
    _record(session, viewer, "rename", subject, ({"displayName": row.display_name}, {"displayName": name}))
    _rename(row, name)


def _rename(row: Course | CourseRun, name: str) -> None:
    row.display_name, row.name_folded, row.is_name_customized = name, name.casefold(), True


def _record(session: AsyncSession, viewer: Viewer, action: str, subject: str, states: tuple[State, State]) -> None:
    """Tell the audit log of a change from one state to the other, if it is one."""
    before, after = states
    changes = difference(before, dict.fromkeys(before) | dict(after))
    if changes:
        record(session, viewer, action, subject, changes)


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
