"""Courses and sections as runs of the catalog: their rows, with what holds in them, and their members."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import LEARNER, CourseRun, DirectoryMember, DirectoryRun, RunOrigin
from edx.keys import CourseKey
from ondisk.courses import Course, Section, inherit
from ondisk.roles import Access
from resolvers.catalog.course_runs import upsert_course_runs
from resolvers.catalog.errors import Refused
from resolvers.catalog.facts import RunDetails, RunFacts
from resolvers.directories.changes import Change, Fate
from resolvers.directories.contents import diagnostics_of, files_of, section_of
from resolvers.directories.state import chunks


class NotTaken(Exception):
    """A run that the catalog does not take; the message says why."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A course or section that is a run, or will be one: what is said of it, and what holds in it."""

    change: Change
    effective: Course | Section
    key: str
    parent: str | None

    @property
    def facts(self) -> RunFacts:
        """What the catalog is told."""
        entry = self.effective.entry
        details = RunDetails(short_description=entry.description or "", start=entry.start, end=entry.ends)
        return RunFacts(CourseKey.parse(self.key), entry.title or self.effective.name, details)


async def write_courses(
    session: AsyncSession, site: int, courses: Sequence[Change], levels: Mapping[str, int]
) -> set[int]:
    """Write courses and their sections, in a number of statements that does not grow with them.

    The ids of the catalog's courses that they are of. Raises NotTaken, IntegrityError and DataError.
    """
    changed = [unit for course in courses if is_changed(course) for unit in units_of(course)]
    rows: Mapping[str, RowMapping] = {}
    if changed:
        await put_runs(session, changed)
        rows = await settle_runs(session, changed)
    await put_directories(session, site, courses, rows, levels)
    if changed:
        await put_members(session, {rows[unit.key.casefold()]["id"]: unit for unit in changed})
    return {row["course_id"] for row in rows.values()}


def is_changed(course: Change) -> bool:
    """Whether something in a course or its sections is not as it was."""
    return any(change.fate not in {Fate.UNCHANGED, Fate.HELD, Fate.REFUSED} for change in course.all())


def units_of(course: Change) -> Iterator[Unit]:
    """The runs of a course: itself and its sections, those too that are kept as they were."""
    assert isinstance(course.read, Course)  # noqa: S101 -- what is written was read
    key = str(course.key)
    yield Unit(course, course.read, key, None)
    for change in course.sections:
        own = change.read
        if own is None and change.stored is not None and change.fate is not Fate.REMOVED:
            own = section_of(change.stored.content, change.path)
        if isinstance(own, Section):
            yield Unit(change, inherit(course.read, own), str(change.key), key)


async def put_runs(session: AsyncSession, units: Sequence[Unit]) -> None:
    """Tell the catalog of runs. Raises NotTaken."""
    upserts = await upsert_course_runs(session, [unit.facts for unit in units])
    for unit, outcome in zip(units, upserts.outcomes, strict=True):
        if isinstance(outcome, Refused):
            raise NotTaken(f"{unit.key}: {outcome}")


async def settle_runs(session: AsyncSession, units: Sequence[Unit]) -> dict[str, RowMapping]:
    """Bring in line what only runs of directories have; the rows of the runs by folded key."""
    found: dict[str, RowMapping] = {}
    columns = (CourseRun.id, CourseRun.key_folded, CourseRun.course_id)
    own = (CourseRun.parent_id, CourseRun.origin, CourseRun.is_restricted)
    for keys in chunks(unit.key.casefold() for unit in units):
        query = select(*columns, *own).where(CourseRun.key_folded.in_(keys))
        found |= {row["key_folded"]: row for row in (await session.execute(query)).mappings()}
    updates = []
    for unit in units:
        row = found[unit.key.casefold()]
        values: dict[str, Any] = {
            "parent_id": None if unit.parent is None else found[unit.parent.casefold()]["id"],
            "origin": RunOrigin.DIRECTORY,
            "is_restricted": bool(unit.effective.entry.non_public),
        }
        if any(row[name] != value for name, value in values.items()):
            updates.append({"id": row["id"], **values})
    if updates:
        await session.execute(update(CourseRun), updates)
    return found


async def put_directories(
    session: AsyncSession,
    site: int,
    courses: Sequence[Change],
    rows: Mapping[str, RowMapping],
    levels: Mapping[str, int],
) -> None:
    """Store what the files of courses and sections say."""
    created: list[dict[str, Any]] = []
    updated: list[dict[str, Any]] = []
    for course in courses:
        for change in course.all():
            if change.read is None:
                continue
            values = said(change)
            if change.stored is None:
                parent = None if change is course else rows[str(course.key).casefold()]["id"]
                placed = {"site_id": site, "parent_run_id": parent, "level_id": level_of(course, levels)}
                created.append({"course_run_id": rows[str(change.key).casefold()]["id"], **placed, **values})
            elif differs(change, values):
                updated.append({"course_run_id": change.stored.id, **values})
    if created:
        await session.execute(insert(DirectoryRun).execution_options(render_nulls=True), created)
    if updated:
        await session.execute(update(DirectoryRun), updated)


def said(change: Change) -> dict[str, Any]:
    """The columns that hold what was read."""
    assert change.read is not None  # noqa: S101 -- what is written was read
    is_known = isinstance(change.read, Course) and is_settled(change)
    return {
        "path": change.path,
        "ntiid": change.read.ntiid,
        "content": change.content,
        "digest": change.digest,
        "files": files_of(change.read),
        "diagnostics": diagnostics_of(change.read),
        "fingerprint": change.read.fingerprint if isinstance(change.read, Course) and is_known else None,
        "stamp": change.read.stamp if isinstance(change.read, Course) and is_known else None,
    }


def is_settled(course: Change) -> bool:
    """Whether there is nothing to be done about a course as long as its directory stays the same."""
    return all(section.fate not in {Fate.HELD, Fate.REFUSED} for section in course.sections)


def differs(change: Change, values: Mapping[str, Any]) -> bool:
    """Whether a stored row is to be written again."""
    assert change.stored is not None  # noqa: S101 -- the caller has looked
    kept = (change.stored.digest, change.stored.fingerprint, change.stored.diagnostics)
    return bool(change.files) or kept != tuple(values[name] for name in ("digest", "fingerprint", "diagnostics"))


def level_of(course: Change, levels: Mapping[str, int]) -> int | None:
    """The id of the administrative level that a course is in."""
    return levels.get(str(PurePosixPath(course.path).parent))


async def put_members(session: AsyncSession, units: Mapping[int, Unit]) -> None:
    """Give the roles in runs to those to whom their files give them, and to nobody else; learners stay."""
    of = DirectoryMember
    stored: set[tuple[int, str, str]] = set()
    for ids in chunks(units):
        query = select(of.course_run_id, of.username, of.role).where(of.course_run_id.in_(ids), of.role != LEARNER)
        stored |= {(run, username, role) for run, username, role in await session.execute(query)}
    wanted = {
        (run, grant.user, str(grant.role))
        for run, unit in units.items()
        for grant in unit.effective.roles
        if grant.access is Access.ALLOW
    }
    for members in chunks(stored - wanted):
        await session.execute(delete(of).where(tuple_(of.course_run_id, of.username, of.role).in_(members)))
    if new := sorted(wanted - stored):
        await session.execute(
            insert(of), [dict(zip(("course_run_id", "username", "role"), each, strict=True)) for each in new]
        )
