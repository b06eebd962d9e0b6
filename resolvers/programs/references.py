"""Finding what drafts of programs name: organizations, courses, runs and other programs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.tables import Course, CourseRun, Program, ProgramRequirement
from resolvers.catalog.organizations import find_organizations
from resolvers.programs.drafts import ProgramDraft
from resolvers.programs.errors import BadDraft, UnknownReferences


@dataclass(frozen=True)
class References:
    """The ids of what the drafts name; organizations by their case-folded key, a run with its course.

    `programs` are those that there are already; those of `drafted` are about to be made, or known.
    """

    organizations: dict[str, int]
    courses: dict[str, int]
    runs: dict[str, tuple[int, int]]
    programs: dict[UUID, int]
    drafted: frozenset[UUID]

    def check(self, draft: ProgramDraft) -> None:
        """Raise UnknownReferences, or BadDraft for a run of another course than the program's."""
        missing = self.missing(draft)
        if any(missing.values()):
            raise UnknownReferences(draft.name, **missing)
        for run in self.strange_runs(draft):
            raise BadDraft(draft.name, f"the run {run} is of none of its courses")

    def missing(self, draft: ProgramDraft) -> dict[str, list[str]]:
        """What a draft names and there is not, by kind."""
        return {
            "organizations": [key for key in draft.organizations if key.casefold() not in self.organizations],
            "courses": [key for key in draft.courses if key not in self.courses],
            "runs": sorted({mode.run for mode in draft.run_modes if mode.run not in self.runs}),
            "programs": [str(uuid) for uuid in draft.programs if uuid not in self.drafted | self.programs.keys()],
        }

    def strange_runs(self, draft: ProgramDraft) -> list[str]:
        """The runs of a draft that are of none of its courses."""
        courses = {self.courses.get(key) for key in draft.courses}
        runs = dict.fromkeys(mode.run for mode in draft.run_modes)
        return [run for run in runs if run in self.runs and self.runs[run][1] not in courses]


CAN_BE_OFFERED = and_(CourseRun.contract_id.is_(None), CourseRun.retired_at.is_(None))
"""Programs are for all learners, so that they have no runs of contracts."""


async def find_references(session: AsyncSession, drafts: Sequence[ProgramDraft]) -> References:
    """Look up what the drafts name, each kind in one statement."""
    organizations = await find_organizations(session, {key for draft in drafts for key in draft.organizations})
    courses = await _found(session, Course.readable_id, {key for draft in drafts for key in draft.courses}, Course.id)
    keys = {mode.run for draft in drafts for mode in draft.run_modes}
    runs = await _found(session, CourseRun.key, keys, CourseRun.id, CourseRun.course_id, where=CAN_BE_OFFERED)
    uuids = {str(uuid) for draft in drafts for uuid in draft.programs}
    programs = await _found(session, Program.uuid, uuids, Program.id)
    return References(
        {alias: row["id"] for alias, row in organizations.items()},
        {key: id_ for key, (id_,) in courses.items()},
        {key: (id_, course_id) for key, (id_, course_id) in runs.items()},
        {UUID(uuid): id_ for uuid, (id_,) in programs.items()},
        frozenset(draft.uuid for draft in drafts),
    )


async def _found(
    session: AsyncSession,
    key: InstrumentedAttribute[str],
    wanted: Collection[str],
    *columns: InstrumentedAttribute[Any],
    where: ColumnElement[bool] | None = None,
) -> dict[str, tuple[Any, ...]]:
    query = select(key, *columns).where(key.in_(wanted))
    rows = await session.execute(query if where is None else query.where(where))
    return {row[0]: tuple(row[1:]) for row in rows}


async def check_circles(session: AsyncSession, drafts: Sequence[ProgramDraft]) -> None:
    """Raise BadDraft if a program would require itself, directly or through others."""
    for draft in await in_circles(session, drafts):
        raise BadDraft(draft.name, "it would require itself")


async def in_circles(session: AsyncSession, drafts: Sequence[ProgramDraft]) -> list[ProgramDraft]:
    """The programs that would require themselves, directly or through others."""
    required = aliased(Program)
    query = select(Program.uuid, required.uuid).join(ProgramRequirement, ProgramRequirement.program_id == Program.id)
    query = query.join(required, required.id == ProgramRequirement.required_program_id)
    edges: dict[UUID, set[UUID]] = {}
    for program, nested in await session.execute(query):
        edges.setdefault(UUID(program), set()).add(UUID(nested))
    edges |= {draft.uuid: set(draft.programs) for draft in drafts}
    return [draft for draft in drafts if draft.uuid in reached(draft.uuid, edges)]


def reached(start: UUID, edges: dict[UUID, set[UUID]]) -> set[UUID]:
    """All that `start` requires, directly or through others."""
    found: set[UUID] = set()
    waiting = [start]
    while waiting:
        new = edges.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return found
