"""Enrollments in runs that are kept as directories: they are ours, for no LMS has such runs."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import LEARNER, CourseRun, DirectoryMember, DirectoryRun
from resolvers.access import Permission, Viewer
from resolvers.audit import record
from resolvers.errors import Forbidden, NotFound
from resolvers.reads import folded_run_key


async def enroll(session: AsyncSession, viewer: Viewer, key: str, username: str | None) -> str:
    """Enroll a user, by default the viewer; the run's key. Doing it again changes nothing.

    A restricted run is not there for those who are no members of it. Raises NotFound and Forbidden.
    """
    run = await _run(session, viewer, key)
    learner = _learner(viewer, username)
    if await session.get(DirectoryMember, (run.id, learner, LEARNER)) is None:
        session.add(DirectoryMember(course_run_id=run.id, username=learner, role=LEARNER))
        record(session, viewer, "enroll", f"CourseRun:{run.key}", {"learner": (None, learner)})
    return run.key


async def drop(session: AsyncSession, viewer: Viewer, key: str, username: str | None) -> str:
    """End an enrollment, by default the viewer's; the run's key. Raises NotFound and Forbidden."""
    run = await _run(session, viewer, key)
    learner = _learner(viewer, username)
    of = DirectoryMember
    gone = delete(of).where(of.course_run_id == run.id, of.username == learner, of.role == LEARNER)
    if (await session.execute(gone.returning(of.username))).first() is not None:
        record(session, viewer, "drop", f"CourseRun:{run.key}", {"learner": (learner, None)})
    return run.key


def _learner(viewer: Viewer, username: str | None) -> str:
    if username not in {None, viewer.username} and not viewer.may(Permission.SYNC_DIRECTORIES):
        raise Forbidden("you may not enroll others")
    return username or viewer.username or ""


async def _run(session: AsyncSession, viewer: Viewer, key: str) -> CourseRun:
    """A run of a directory that the viewer may see, locked: it must not be removed meanwhile."""
    query = select(CourseRun).join(DirectoryRun, DirectoryRun.course_run_id == CourseRun.id)
    run: CourseRun | None = await session.scalar(
        query.where(CourseRun.key_folded == folded_run_key(key)).with_for_update(of=CourseRun)
    )
    if run is None or not await _sees(session, viewer, run):
        raise NotFound("there is no such run of a course directory")
    return run


async def _sees(session: AsyncSession, viewer: Viewer, run: CourseRun) -> bool:
    if not run.is_restricted or viewer.may(Permission.SEE_RESTRICTED_RUNS):
        return True
    of = DirectoryMember
    section = select(DirectoryRun.course_run_id).where(DirectoryRun.parent_run_id == run.id)
    query = select(of.role).where(of.username == viewer.username)
    return await session.scalar(query.where((of.course_run_id == run.id) | of.course_run_id.in_(section))) is not None
