"""The runs of contracts: which there are, and making those again that failed."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import CourseRun, Rerun, RerunState
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from resolvers.access import Viewer
from resolvers.contracts.edits import CHANGE, locked
from resolvers.errors import NotFound
from resolvers.grants import require_some
from resolvers.refusals import Problem, Reason, Refusal
from resolvers.reruns import request_reruns


async def runs_of_contracts(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of the keys, case-folded, that are of runs which contracts have or had."""
    of_contracts = or_(CourseRun.contract_id.is_not(None), CourseRun.retired_at.is_not(None))
    folded = [key.casefold() for key in keys]
    return set(
        await session.scalars(select(CourseRun.key_folded).where(CourseRun.key_folded.in_(folded), of_contracts))
    )


async def retry(session: AsyncSession, viewer: Viewer, key: str) -> str:
    """Have a run of a contract made that failed, or that nobody is making; its key.

    Raises Refusal, Forbidden and NotFound.
    """
    await require_some(session, viewer, CHANGE)
    try:
        folded = CourseKey.parse(key).folded
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("key",))]) from error
    run = await session.scalar(select(CourseRun).where(CourseRun.key_folded == folded))
    rerun = None if run is None else await session.get(Rerun, run.id)
    if run is None or rerun is None or run.contract_id is None:
        raise NotFound(f"there is no run of a contract '{key}'")
    await locked(session, viewer, run.contract_id)
    if rerun.state is RerunState.READY or run.retired_at is not None:
        reason = "is ready" if rerun.state is RerunState.READY else "was taken out of its contract"
        raise Refusal([Problem(Reason.INVALID, f"the run {run.key} {reason}", ("key",))])
    await request_reruns(session, [run], by=viewer)
    return run.key
