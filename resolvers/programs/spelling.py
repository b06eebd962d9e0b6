"""The keys in drafts as they are stored, whatever the case in which they were written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from db.tables import Course, CourseRun
from resolvers.catalog.organizations import find_organizations
from resolvers.programs.drafts import CourseLeaf, Group, ProgramDraft, Requirement

Spellings = Mapping[str, str]
"""Stored keys by what they are case-folded."""


async def spelled(session: AsyncSession, draft: ProgramDraft, before: ProgramDraft | None = None) -> ProgramDraft:
    """The draft with its keys as they are stored; unknown ones stay. Keys that `before` has are not looked up."""
    known = before or replace(draft, organizations=(), requirements=(), run_modes=())
    organizations = await _organizations(session, set(draft.organizations) - set(known.organizations))
    courses = await _found(
        session, Course.readable_id, Course.readable_id_folded, set(draft.courses) - set(known.courses)
    )
    runs = await _found(session, CourseRun.key, CourseRun.key_folded, _runs(draft) - _runs(known))
    return replace(
        draft,
        organizations=tuple(organizations.get(key.casefold(), key) for key in draft.organizations),
        requirements=_requirements(draft.requirements, courses),
        run_modes=tuple(replace(mode, run=runs.get(mode.run.casefold(), mode.run)) for mode in draft.run_modes),
    )


def _runs(draft: ProgramDraft) -> set[str]:
    return {mode.run for mode in draft.run_modes}


def _requirements(requirements: Sequence[Requirement], courses: Spellings) -> tuple[Requirement, ...]:
    return tuple(_requirement(each, courses) for each in requirements)


def _requirement(requirement: Requirement, courses: Spellings) -> Requirement:
    match requirement:
        case CourseLeaf(course):
            return CourseLeaf(courses.get(course.casefold(), course))
        case Group(children):
            return replace(requirement, children=_requirements(children, courses))
        case _:
            return requirement


async def _organizations(session: AsyncSession, keys: Collection[str]) -> Spellings:
    if not keys:
        return {}
    return {alias: row["key"] for alias, row in (await find_organizations(session, keys)).items()}


async def _found(
    session: AsyncSession, key: InstrumentedAttribute[str], folded: InstrumentedAttribute[str], wanted: Collection[str]
) -> Spellings:
    if not wanted:
        return {}
    query = select(folded, key).where(folded.in_({text.casefold() for text in wanted}))
    return {row[0]: row[1] for row in await session.execute(query)}
