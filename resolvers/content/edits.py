"""Changes of what version a run's content is, through the API (spec/content-api.md, "version hashes")."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.store import Author, UnknownVersion, VersionConflict, restore
from db.tables import CourseRun
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from resolvers.access import Viewer
from resolvers.audit import record
from resolvers.editing.locks import LockRefused, check
from resolvers.editing.requests import check_message, locked
from resolvers.editing.rights import require_to_edit, require_to_edit_some
from resolvers.errors import NotFound
from resolvers.refusals import Problem, Reason, Refusal
from resolvers.usage import Operation


async def restore_version(
    session: AsyncSession,
    viewer: Viewer,
    key: str,
    version: str,
    *,
    expected: str | None,
    token: str | None,
    message: str,
    seen: Operation,
) -> str:
    """Make a version that a run had its content again; the run's key. Raises Refusal, Forbidden and NotFound.

    It is a change like others: a run that somebody has locked takes it with the token of the lock alone (L9).
    """
    await require_to_edit_some(session, viewer)
    run = await _run(session, viewer, key)
    seen.run_id = run.id
    check_message(message)
    author = Author(viewer.username or "", viewer.application)
    try:
        await check(session, run.id, token)
        head, is_new = await restore(session, run.id, version, author, expected=expected, message=message)
    except LockRefused as refused:
        raise Refusal([locked(refused)]) from refused
    except UnknownVersion as error:
        raise Refusal([Problem(Reason.VERSION_UNKNOWN, str(error), ("version",))]) from error
    except VersionConflict as error:
        data = {"current_version": error.current}
        raise Refusal([Problem(Reason.VERSION_CONFLICT, str(error), ("expectedVersion",), data)]) from error
    if is_new:
        record(session, viewer, "restore content", f"CourseRun:{run.key}", {"version": (None, head.root)})
    return run.key


async def _run(session: AsyncSession, viewer: Viewer, key: str) -> CourseRun:
    """The run with a key, whose content the viewer may change."""
    try:
        folded = CourseKey.parse(key).folded
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("run",))]) from error
    run = await session.scalar(select(CourseRun).where(CourseRun.key_folded == folded))
    if run is None:
        raise NotFound("there is no such course run")
    await require_to_edit(session, viewer, run.id)
    return run
