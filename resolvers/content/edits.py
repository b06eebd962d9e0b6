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
from resolvers.editing.problems import EditProblem
from resolvers.editing.rights import require_to_edit, require_to_edit_some
from resolvers.errors import NotFound
from resolvers.refusals import Problem, Reason, Refusal
from resolvers.usage import Operation

MOST = 1000
"""Characters of a message."""


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

    `token` is that of the lock of the run; without one nobody may have it (L9).
    """
    await require_to_edit_some(session, viewer)
    run = await _run(session, viewer, key)
    seen.run_id = run.id
    if len(message) > MOST or "\x00" in message:
        reason = f"the message may have {MOST} characters at most, and none of them U+0000"
        raise Refusal([Problem(Reason.INVALID, reason, ("message",))])
    author = Author(viewer.username or "", viewer.application)
    try:
        await check(session, run.id, token)
        head, is_new = await restore(session, run.id, version, author, expected=expected, message=message)
    except LockRefused as error:
        problem = EditProblem(error.code, str(error))
        raise Refusal([Problem(Reason.CONTENT_REFUSED, str(problem), ("lockToken",), {"problem": problem})]) from error
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
