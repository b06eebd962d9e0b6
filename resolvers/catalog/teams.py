"""Reading the teams of runs from Studio, whose members may change the content of their runs (notes on OLX, O2).

Studio lists all runs with their teams. Whoever is not listed any more is off the team here, too.
"""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.tables import CourseRun, StudioMember, TeamRole
from edx.errors import OpenEdxError
from edx.lms import BadItem
from edx.studio import Studio, StudioRun
from resolvers.catalog.report import Outcome, Report
from resolvers.catalog.sync import CHUNK, Progress, silent

Team = frozenset[tuple[str, TeamRole]]
ROLES = {role.value: role for role in TeamRole}
UNKNOWN = "the catalog has no such run"


async def sync_teams(
    database: Database, studio: Studio, *, dry_run: bool = False, progress: Progress = silent
) -> Report:
    """Copy the teams of all runs that the catalog has; runs that Studio has no more have none.

    What cannot be read is skipped and reported, and its team stays as it is. When Studio fails, what was read before
    stays done, and the report's `failure` says why. A dry run writes nothing. Raises DatabaseError.
    """
    report = Report("teams", is_dry_run=dry_run)
    seen: set[str] = set()
    try:
        async for chunk in _chunks(studio, report, seen):
            async with database.writing() as session:
                outcomes = await _write(session, chunk, dry_run=dry_run)
            for run, outcome in zip(chunk, outcomes, strict=True):
                if outcome is None:
                    report.skip(str(run.key), UNKNOWN)
                else:
                    report.add(outcome)
            progress(len(chunk))
    except OpenEdxError as error:
        report.failure = str(error)
        return report
    async with database.writing() as session:
        gone = await _forget(session, seen, dry_run=dry_run)
    for _ in range(gone):
        report.add(Outcome.UPDATED)
    return report


async def _chunks(studio: Studio, report: Report, seen: set[str]) -> AsyncIterator[list[StudioRun]]:
    """The runs, each once: pages shift while they are read."""
    waiting: list[StudioRun] = []
    async for run in studio.runs():
        if isinstance(run, BadItem):
            report.skip(run.raw_id, run.reason)
            seen.add(run.raw_id.casefold())
        elif run.key.folded not in seen:
            seen.add(run.key.folded)
            waiting.append(run)
        if len(waiting) == CHUNK:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


async def _write(session: AsyncSession, runs: Sequence[StudioRun], *, dry_run: bool) -> list[Outcome | None]:
    """Make the teams what they are in Studio; None for runs that the catalog has not."""
    query = select(CourseRun.id, CourseRun.key_folded).where(CourseRun.key_folded.in_([run.key.folded for run in runs]))
    ids = {folded: id_ for id_, folded in await session.execute(query)}
    teams = await _teams(session, list(ids.values()))
    outcomes: list[Outcome | None] = []
    for run in runs:
        run_id = ids.get(run.key.folded)
        before, after = teams.get(run_id or 0, frozenset()), team_of(run)
        if run_id is None:
            outcomes.append(None)
            continue
        outcomes.append(Outcome.UNCHANGED if before == after else Outcome.UPDATED)
        if before != after and not dry_run:
            await _put(session, run_id, before, after)
    return outcomes


def team_of(run: StudioRun) -> Team:
    """Who of a team may change content: roles that Studio may have besides give nothing."""
    return frozenset((member.username, ROLES[member.role]) for member in run.team if member.role in ROLES)


async def _teams(session: AsyncSession, runs: Sequence[int]) -> dict[int, Team]:
    found: dict[int, set[tuple[str, TeamRole]]] = {}
    for member in await session.scalars(select(StudioMember).where(StudioMember.course_run_id.in_(runs))):
        found.setdefault(member.course_run_id, set()).add((member.username, member.role))
    return {run: frozenset(team) for run, team in found.items()}


async def _put(session: AsyncSession, run_id: int, before: Team, after: Team) -> None:
    for username, role in before - after:
        of = (StudioMember.course_run_id == run_id, StudioMember.username == username, StudioMember.role == role)
        await session.execute(delete(StudioMember).where(*of))
    session.add_all(StudioMember(course_run_id=run_id, username=name, role=role) for name, role in after - before)


async def _forget(session: AsyncSession, seen: set[str], *, dry_run: bool) -> int:
    """Take away the teams of runs that Studio has no more; how many."""
    query = select(CourseRun.id, CourseRun.key_folded).where(CourseRun.id.in_(select(StudioMember.course_run_id)))
    gone = [id_ for id_, folded in await session.execute(query) if folded not in seen]
    for start in range(0, 0 if dry_run else len(gone), CHUNK):
        runs = gone[start : start + CHUNK]
        await session.execute(delete(StudioMember).where(StudioMember.course_run_id.in_(runs)))
    return len(gone)
