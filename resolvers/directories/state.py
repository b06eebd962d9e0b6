"""What the database has of a site: its levels and runs, and what would be lost with them."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import (
    LEARNER,
    CourseRun,
    DirectoryLevel,
    DirectoryMember,
    DirectoryRun,
    DirectorySite,
    Program,
    ProgramCourseRunMode,
)
from resolvers.catalog.edits import SHOWN

T = TypeVar("T")
CHUNK = 500
"""Values of one IN: fewer than either database takes."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A course or section as it was synchronized last.

    `content`, `files`, `enrollments` and `programs`, which learners see, are known only where `detailed` was asked.
    """

    id: int
    key: str
    path: str
    course_id: int
    parent_id: int | None
    digest: str
    fingerprint: str | None
    stamp: str | None
    content: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    diagnostics: str = "[]"
    enrollments: int = 0
    programs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredSite:
    """A site as it was synchronized last; `id` is None for one that is new."""

    name: str
    id: int | None = None
    root: str | None = None
    synchronized_at: datetime | None = None
    levels: Mapping[str, int] = field(default_factory=dict)
    courses: Mapping[str, StoredRun] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, StoredRun]] = field(default_factory=dict)
    """By the path of the course, then by their own."""


async def load_site(session: AsyncSession, name: str) -> StoredSite:
    """The site of that name, without details of its runs."""
    query = select(DirectorySite).where(DirectorySite.name_folded == name.casefold()).with_for_update()
    site = await session.scalar(query)
    if site is None:
        return StoredSite(name)
    levels = await session.execute(
        select(DirectoryLevel.path, DirectoryLevel.id).where(DirectoryLevel.site_id == site.id)
    )
    runs = [StoredRun(*row) for row in (await session.execute(_runs().where(DirectoryRun.site_id == site.id)))]
    courses = {run.id: run for run in runs if run.parent_id is None}
    sections: dict[str, dict[str, StoredRun]] = {run.path: {} for run in courses.values()}
    for run in runs:
        if run.parent_id is not None:
            sections[courses[run.parent_id].path][run.path] = run
    by_path = {run.path: run for run in courses.values()}
    return StoredSite(site.name, site.id, site.root, site.synchronized_at, dict(levels.all()), by_path, sections)


def _runs() -> Select[int, str, str, int, int | None, str, str | None, str | None]:
    of = DirectoryRun
    own = (of.parent_run_id, of.digest, of.fingerprint, of.stamp)
    query = select(CourseRun.id, CourseRun.key, of.path, CourseRun.course_id, *own)
    return query.join_from(of, CourseRun, of.course_run_id == CourseRun.id)


async def detailed(session: AsyncSession, site: StoredSite, courses: Collection[str]) -> StoredSite:
    """The site with the details of some courses and of their sections."""
    known = [path for path in courses if path in site.courses]
    chosen = [run for path in known for run in (site.courses[path], *site.sections[path].values())]
    details = await _details(session, chosen)
    return replace(
        site,
        courses={**site.courses, **{path: details[site.courses[path].id] for path in known}},
        sections={
            **site.sections,
            **{path: {own: details[run.id] for own, run in site.sections[path].items()} for path in known},
        },
    )


async def _details(session: AsyncSession, runs: Sequence[StoredRun]) -> dict[int, StoredRun]:
    found = {run.id: run for run in runs}
    for ids in chunks(found):
        of = DirectoryRun
        columns = (of.course_run_id, of.content, of.files, of.diagnostics)
        for id_, content, files, diagnostics in await session.execute(
            select(*columns).where(of.course_run_id.in_(ids))
        ):
            found[id_] = replace(found[id_], content=content, files=json.loads(files), diagnostics=diagnostics)
        for id_, count in await session.execute(_enrollments(ids)):
            found[id_] = replace(found[id_], enrollments=count)
        for id_, name in await session.execute(_programs(ids)):
            found[id_] = replace(found[id_], programs=(*found[id_].programs, name))
    return found


def _enrollments(runs: Collection[int]) -> Select[int, int]:
    of = DirectoryMember
    query = select(of.course_run_id, func.count()).where(of.course_run_id.in_(runs), of.role == LEARNER)
    return query.group_by(of.course_run_id)


def _programs(runs: Collection[int]) -> Select[int, str]:
    of = ProgramCourseRunMode
    query = select(of.course_run_id, Program.name).join(Program, Program.id == of.program_id).distinct()
    return query.where(of.course_run_id.in_(runs), Program.status.in_(SHOWN)).order_by(Program.name)


async def keys_in_use(session: AsyncSession, keys: Iterable[str]) -> dict[str, str]:
    """The keys of runs, whatever they came from, that are one of these without regard to case: by the folded key."""
    found: dict[str, str] = {}
    for folded in chunks({key.casefold() for key in keys}):
        query = select(CourseRun.key_folded, CourseRun.key).where(CourseRun.key_folded.in_(folded))
        found |= dict((await session.execute(query)).all())
    return found


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists that are short enough for one statement."""
    all_items = list(items)
    for start in range(0, len(all_items), CHUNK):
        yield all_items[start : start + CHUNK]
