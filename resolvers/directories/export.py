"""Courses of the catalog as they were read from their directories, to be written to others."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import CourseRun, DirectoryRun, DirectorySite
from ondisk.courses import Course
from resolvers.directories.contents import course_of, section_of
from resolvers.errors import NotFound
from resolvers.reads import folded_run_key


async def stored_course(session: AsyncSession, key: str) -> tuple[Course, Path]:
    """The course whose run has the key, with its sections, and the library that its images are in.

    Raises NotFound, for sections too, and BadUserInput.
    """
    query = select(DirectoryRun.course_run_id, DirectoryRun.path, DirectoryRun.content, DirectorySite.root)
    query = query.join(CourseRun, CourseRun.id == DirectoryRun.course_run_id).join(DirectorySite)
    own = query.where(CourseRun.key_folded == folded_run_key(key), DirectoryRun.parent_run_id.is_(None))
    found = (await session.execute(own)).one_or_none()
    if found is None:
        raise NotFound(f"there is no course directory with the key {key}")
    run, path, content, root = found
    below = query.where(DirectoryRun.parent_run_id == run).order_by(DirectoryRun.path)
    sections = [section_of(said, own_path) for _, own_path, said, _ in await session.execute(below)]
    return replace(course_of(content, path), sections=tuple(sections)), Path(root)
