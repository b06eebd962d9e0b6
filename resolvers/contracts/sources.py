"""Source runs: the one run of a course that its runs for contracts are made from.

"The source run flag comes into play: the system checks for any existing runs that have the source flag set"
(`spec/b2b-courseware.md`, "Source Course Run"). A run is designated here, one for each course; where none is, the runs
count whose key has `SOURCE` as its run.
"""

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.tables import Course, CourseRun
from edx.contract_keys import SOURCE
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from resolvers.access import Permission, Viewer
from resolvers.audit import record
from resolvers.errors import NotFound
from resolvers.grants import may_for, require_some
from resolvers.refusals import Problem, Reason, Refusal

CHANGE = Permission.CHANGE_CONTRACTS


def is_source_of_its_course() -> ColumnElement[bool]:
    """Whether a run is the designated source, or called a source where none is designated."""
    other = aliased(CourseRun)
    has_designated = exists().where(other.course_id == CourseRun.course_id, other.is_designated)
    called = and_(CourseRun.is_source, CourseRun.retired_at.is_(None), ~has_designated)
    return or_(CourseRun.is_designated, called)


async def designate(session: AsyncSession, viewer: Viewer, key: str) -> str:
    """Make a run the one source of its course; its key. Raises Refusal, Forbidden and NotFound.

    Another run that is designated keeps its place until it is cleared; one called so by its key gives way.
    """
    await require_some(session, viewer, CHANGE)
    run = await _run(session, viewer, key)
    if run.contract_id is not None or run.retired_at is not None:
        raise Refusal([Problem(Reason.RUN_OF_CONTRACT, "what was made for one contract is not for others", ("key",))])
    query = select(CourseRun.key).where(CourseRun.course_id == run.course_id, CourseRun.is_designated)
    other = await session.scalar(query.where(CourseRun.id != run.id))
    if other is not None:
        reason = f"the run {other} is designated as the source of this course; clear it first"
        raise Refusal([Problem(Reason.SOURCE_RUN_EXISTS, reason, ("key",), {"run": other})])
    _set(session, viewer, run, is_designated=True)
    await session.flush()
    return run.key


async def clear(session: AsyncSession, viewer: Viewer, key: str) -> str:
    """End the designation of a run; its key. One whose key calls it a source goes on as such. Raises as `designate`."""
    await require_some(session, viewer, CHANGE)
    run = await _run(session, viewer, key)
    _set(session, viewer, run, is_designated=False)
    return run.key


def _set(session: AsyncSession, viewer: Viewer, run: CourseRun, *, is_designated: bool) -> None:
    if run.is_designated is not is_designated:
        changes = {"isDesignatedSource": (run.is_designated, is_designated)}
        record(session, viewer, "designate" if is_designated else "clear", f"CourseRun:{run.key}", changes)
    run.is_designated = is_designated
    run.is_source = is_designated or CourseKey.parse(run.key).run == SOURCE


async def _run(session: AsyncSession, viewer: Viewer, key: str) -> CourseRun:
    """A run, after its course was locked: designations of one course come one after the other."""
    try:
        folded = CourseKey.parse(key).folded
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("key",))]) from error
    query = select(Course).join(CourseRun, CourseRun.course_id == Course.id).where(CourseRun.key_folded == folded)
    course = await session.scalar(query.with_for_update(of=Course))
    if course is None or not await may_for(session, viewer, CHANGE, course.organization_id):
        raise NotFound(f"there is no course run '{key}'")
    found = await session.scalars(
        select(CourseRun).where(CourseRun.key_folded == folded).execution_options(populate_existing=True)
    )
    return found.one()
