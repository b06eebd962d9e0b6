"""Removing runs, and leaving courses as if the runs had never been."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Course, CourseRun, DirectoryRun, Program, ProgramCourseRunMode, ProgramRequirement, RunOrigin
from resolvers.directories.state import chunks


async def remove_runs(session: AsyncSession, runs: Collection[int]) -> None:
    """Remove runs with all that is known of them, their enrollments and their places in programs."""
    of = ProgramCourseRunMode
    for ids in chunks(runs):
        programs = select(of.program_id).where(of.course_run_id.in_(ids))
        await session.execute(update(Program).where(Program.id.in_(programs)).values(revision=Program.revision + 1))
        await session.execute(delete(of).where(of.course_run_id.in_(ids)))
        await session.execute(delete(DirectoryRun).where(DirectoryRun.course_run_id.in_(ids)))
        await session.execute(update(CourseRun).where(CourseRun.parent_id.in_(ids)).values(parent_id=None))
        await session.execute(delete(CourseRun).where(CourseRun.id.in_(ids)))


async def settle_courses(session: AsyncSession, courses: Collection[int]) -> None:
    """Bring courses in line with their runs.

    One without runs goes, unless a program requires it. One whose runs are all directories is named by the first of
    them, and restricted if they all are.
    """
    of = CourseRun
    for ids in chunks(courses):
        query = select(of.course_id, of.key, of.display_name, of.is_restricted, of.origin, of.parent_id)
        runs: defaultdict[int, list[Any]] = defaultdict(list)
        for run in await session.execute(query.where(of.course_id.in_(ids)).order_by(of.key)):
            runs[run.course_id].append(run)
        lost = [id_ for id_ in ids if id_ not in runs]
        required = exists().where(ProgramRequirement.course_id == Course.id)
        await session.execute(delete(Course).where(Course.id.in_(lost), ~required))
        known = await session.execute(select(Course).where(Course.id.in_(list(runs))).order_by(Course.id))
        for course in known.scalars():
            settle_course(course, runs[course.id])


def settle_course(course: Course, runs: Sequence[Any]) -> None:
    """Bring one course in line with its runs."""
    course.is_restricted = all(run.is_restricted for run in runs)
    if course.is_name_customized or any(run.origin is not RunOrigin.DIRECTORY for run in runs):
        return
    first = next((run for run in runs if run.parent_id is None), runs[0])
    course.display_name, course.name_folded = first.display_name, first.display_name.casefold()
