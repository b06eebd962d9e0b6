"""Marking what programs have of runs and modes that the LMS stopped offering, and what it offers again.

"Logic may be added to … invalidate Programs when a related run / mode stops being available in the LMS"
(`spec/programs.md`, "ProgramCourseRunMode"). Nothing is removed: learners may be in such runs.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.tables import CourseRun, Program, ProgramCourseRunMode, ProgramStatus
from edx.errors import OpenEdxError
from edx.keys import CourseKey
from edx.lms import Lms
from resolvers.catalog.report import Outcome, Report
from resolvers.catalog.sync import CHUNK, Progress, silent
from resolvers.programs.offers import offered

RunMode = tuple[int, str, str, bool]
"""Id, the run's key, the mode's slug, and whether it is marked as unavailable."""


async def sync_run_modes(database: Database, lms: Lms, *, dry_run: bool = False, progress: Progress = silent) -> Report:
    """Mark the run modes of all programs as the LMS offers them now; `updated` counts those whose mark changes.

    It takes a call for each fifty runs and one for each run that there still is. When the LMS fails, what it was asked
    before stays done, the rest is left as it is, and the report's `failure` says why. Raises DatabaseError.
    """
    report = Report("run modes", is_dry_run=dry_run)
    async with database.writing() as session:
        attached = await attached_modes(session)
    try:
        for keys in chunked(attached):
            found = await offered(lms, [CourseKey.parse(key) for key in keys])
            modes = [mode for key in keys for mode in attached[key]]
            changed = [mode for mode in modes if is_unavailable(mode, found) != mode[3]]
            if not dry_run:
                await mark(database, changed)
            report.counts[Outcome.UPDATED] += len(changed)
            report.counts[Outcome.UNCHANGED] += len(modes) - len(changed)
            progress(len(modes))
    except OpenEdxError as error:
        report.failure = str(error)
    return report


async def attached_modes(session: AsyncSession) -> Mapping[str, Sequence[RunMode]]:
    """The run modes of all programs but deleted ones, by the key of the run."""
    mode = ProgramCourseRunMode
    query = (
        select(mode.id, CourseRun.key, mode.mode_slug, mode.is_unavailable)
        .join(CourseRun, CourseRun.id == mode.course_run_id)
        .join(Program, Program.id == mode.program_id)
        .where(Program.status != ProgramStatus.DELETED)
        .order_by(CourseRun.key, mode.id)
    )
    found: dict[str, list[RunMode]] = {}
    for id_, run, slug, was in await session.execute(query):
        found.setdefault(run, []).append((id_, run, slug, was))
    return found


def chunked(attached: Iterable[str]) -> Iterable[Sequence[str]]:
    """The runs in portions, so that one failure does not undo all, and no transaction is long."""
    keys = list(attached)
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))


def is_unavailable(mode: RunMode, offered_modes: Mapping[str, frozenset[str]]) -> bool:
    """Whether the LMS does not offer the run, or not in that mode."""
    _, run, slug, _ = mode
    return slug not in offered_modes.get(run, frozenset())


async def mark(database: Database, changed: Sequence[RunMode]) -> None:
    """Turn the marks of these around, in one short transaction."""
    if not changed:
        return
    async with database.writing() as session:
        for was in (True, False):
            ids = [mode[0] for mode in changed if mode[3] is was]
            query = update(ProgramCourseRunMode).where(ProgramCourseRunMode.id.in_(ids)).values(is_unavailable=not was)
            await session.execute(query)
