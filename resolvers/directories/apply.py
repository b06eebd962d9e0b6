"""Writing what a plan says: a transaction for a site, a savepoint for each course.

Courses are written many at a time; where that fails, one by one, and only the bad ones are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import DirectoryLevel, DirectoryRun, DirectorySite
from resolvers.directories.changes import Change, Fate, LevelChange, SitePlan
from resolvers.directories.layout import Layout
from resolvers.directories.offers import settle_offers
from resolvers.directories.removal import remove_runs, settle_courses
from resolvers.directories.runs import NotTaken, write_courses
from resolvers.directories.sites import put_site
from resolvers.directories.state import StoredSite, chunks


class Overtaken(Exception):
    """Somebody else has synchronized a site since it was read: what was read may be older than what they wrote."""


class Writer:
    """Writes the changes of one site, and remembers whose catalog courses were `touched`."""

    def __init__(self, session: AsyncSession, stored: StoredSite, layout: Layout) -> None:
        self.session = session
        self.stored = stored
        self.layout = layout
        self.touched: set[int] = set()
        self.site = 0
        self.is_moved = False
        self.at: dict[str, int] = {}

    async def begin(self, frame: SitePlan, root: str) -> SitePlan:
        """Write the site, its levels and removals; the frame of the plan as it was done.

        Raises Refused where the site can have no organization, and Overtaken.
        """
        self.site, is_new, self.is_moved = await put_site(self.session, frame.name, self.layout, root)
        if is_new != (self.stored.id is None):
            raise Overtaken
        courses = await self.remove(frame.courses)
        self.at = await self.levels(frame.levels)
        return replace(frame, courses=tuple(courses))

    async def courses(self, changes: Sequence[Change]) -> list[Change]:
        """Write some courses that were read; the changes as they were done."""
        return await self.write(await self.remove(changes))

    async def end(self, done: SitePlan) -> None:
        """Write what follows from the whole, and leave a site that is removed without a trace."""
        await settle_courses(self.session, self.touched)
        if done.fate is Fate.REMOVED and all(course.fate is Fate.REMOVED for course in done.courses):
            await self.session.execute(delete(DirectorySite).where(DirectorySite.id == self.site))
        if done.changes_anything or self.is_moved:
            await settle_offers(self.session)

    async def restamp(self, unchanged: Mapping[PurePosixPath, str | None]) -> None:
        """Remember the stamps of directories in which nothing changed but the times of files."""
        known = ((self.stored.courses.get(str(path)), stamp) for path, stamp in unchanged.items())
        stamps = [{"course_run_id": run.id, "stamp": stamp} for run, stamp in known if run and run.stamp != stamp]
        if stamps:
            await self.session.execute(update(DirectoryRun), stamps)

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

    async def levels(self, changes: Sequence[LevelChange]) -> dict[str, int]:
        """Remove and create levels; the ids of all that there are then, by path."""
        ids = dict(self.stored.levels)
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

    async def write(self, courses: Sequence[Change]) -> list[Change]:
        """Write courses in one savepoint; where that fails each in its own. The changes as they were done."""
        done = {change.path: change for change in courses}
        read = [change for change in courses if change.read is not None]
        if read and await self._attempt(read) is not None:
            for change in read:
                if problem := await self._attempt([change]):
                    done[change.path] = refused(change, problem)
        return list(done.values())

    async def _attempt(self, courses: Sequence[Change]) -> str | None:
        """Write courses in a savepoint; None, or why they cannot be written."""
        try:
            async with self.session.begin_nested():
                self.touched |= await write_courses(self.session, self.site, courses, self.at)
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
