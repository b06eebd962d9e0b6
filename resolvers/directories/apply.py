"""Writing what a plan says: a transaction for a site, a savepoint for each course.

Courses are written many at a time; where that fails, one by one, and only the bad ones are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from sqlalchemy import delete, insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import DirectoryLevel, DirectorySite
from resolvers.directories.changes import Change, Fate, LevelChange, SitePlan
from resolvers.directories.layout import Layout
from resolvers.directories.offers import settle_offers
from resolvers.directories.removal import remove_runs, settle_courses
from resolvers.directories.runs import NotTaken, write_courses
from resolvers.directories.sites import put_site
from resolvers.directories.state import StoredSite, chunks

TOGETHER = 100
"""Courses that are written in one savepoint."""


async def apply_site(session: AsyncSession, plan: SitePlan, stored: StoredSite, layout: Layout, root: str) -> SitePlan:
    """Do what the plan of a site says; the plan as it was done, in which courses that could not be written are held.

    Raises Refused where the site can have no organization.
    """
    site, is_moved = await put_site(session, plan.name, layout, root)
    writer = Writer(session, site)
    courses = await writer.remove(plan.courses)
    levels = await writer.levels(plan.levels, stored)
    courses = await writer.write(courses, levels)
    await settle_courses(session, writer.touched)
    done = replace(plan, courses=tuple(courses))
    if plan.fate is Fate.REMOVED and all(course.fate is Fate.REMOVED for course in courses):
        await session.execute(delete(DirectorySite).where(DirectorySite.id == site))
    if done.changes_anything or is_moved:
        await settle_offers(session)
    return done


class Writer:
    """Writes the changes of one site, and remembers whose catalog courses were `touched`."""

    def __init__(self, session: AsyncSession, site: int) -> None:
        self.session = session
        self.site = site
        self.touched: set[int] = set()

    async def remove(self, courses: Iterable[Change]) -> list[Change]:
        """Remove courses and sections that are to be removed; the changes as they were done."""
        return [await self._without_removed(change) for change in courses]

    async def _without_removed(self, course: Change) -> Change:
        lost = [change for change in course.all() if change.fate is Fate.REMOVED and change.stored]
        if not lost:
            return course
        runs = [change.stored for change in lost if change.stored]
        try:
            async with self.session.begin_nested():
                await remove_runs(self.session, [run.id for run in runs])
        except IntegrityError:
            return refused(course, "something else refers to it")
        self.touched |= {run.course_id for run in runs}
        return course

    async def levels(self, changes: Sequence[LevelChange], stored: StoredSite) -> dict[str, int]:
        """Remove and create levels; the ids of all that there are then, by path."""
        ids = dict(stored.levels)
        for paths in chunks(change.path for change in changes if change.fate is Fate.REMOVED):
            await self.session.execute(
                delete(DirectoryLevel).where(DirectoryLevel.id.in_([ids[path] for path in paths]))
            )
            for path in paths:
                del ids[path]
        new = [PurePosixPath(change.path) for change in changes if change.fate is Fate.CREATED]
        for depth in sorted({len(path.parts) for path in new}):
            rows = [
                {"site_id": self.site, "parent_id": ids.get(str(path.parent)), "path": str(path), "name": path.name}
                for path in new
                if len(path.parts) == depth
            ]
            query = insert(DirectoryLevel).returning(DirectoryLevel.path, DirectoryLevel.id)
            ids |= dict((await self.session.execute(query, rows)).all())
        return ids

    async def write(self, courses: Sequence[Change], levels: dict[str, int]) -> list[Change]:
        """Write the courses that were read; the changes as they were done."""
        done = {change.path: change for change in courses}
        read = [change for change in courses if change.read is not None]
        for start in range(0, len(read), TOGETHER):
            chunk = read[start : start + TOGETHER]
            if await self._attempt(chunk, levels) is not None:
                for change in chunk:
                    if problem := await self._attempt([change], levels):
                        done[change.path] = refused(change, problem)
        return list(done.values())

    async def _attempt(self, courses: Sequence[Change], levels: dict[str, int]) -> str | None:
        """Write courses in a savepoint; None, or why they cannot be written."""
        try:
            async with self.session.begin_nested():
                self.touched |= await write_courses(self.session, self.site, courses, levels)
        except NotTaken as error:
            return str(error)
        except DBAPIError as error:
            if not is_about_data(error):
                raise
            return f"the database refuses it: {error.orig}"
        return None


def is_about_data(error: DBAPIError) -> bool:
    """Whether a database refuses what it was given, and not because it is busy or gone."""
    is_data_exception = str(getattr(error.orig, "sqlstate", "")).startswith(
        "22"
    )  # which asyncpg raises as no DataError
    return isinstance(error, IntegrityError | DataError) or is_data_exception


def refused(course: Change, reason: str) -> Change:
    """A course that could not be written after all, with all that was to happen to its sections."""
    fate = Fate.REFUSED if course.fate is Fate.REMOVED else Fate.HELD
    sections = tuple(replace(section, fate=fate, reason=reason) for section in course.sections)
    return replace(course, fate=fate, reason=reason, sections=sections, read=None)
