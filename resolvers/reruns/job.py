"""The job that makes a run in Open edX; there is one unfinished at most for each run."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import uniform
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import CourseRun, Job, RerunState
from resolvers.access import Viewer
from resolvers.jobs import Handler, JobCanceled, JobContext, JobFailed, Kind, Order, Postponed, enqueue_all
from resolvers.reruns.machine import Memory, Reason, Rules
from resolvers.reruns.making import Platform, make
from resolvers.reruns.store import RerunStore

RERUN = Kind(name="RERUN", queue="studio", attempts=20)
"""Attempts count only what we did not foresee, such as processes that end: how often Open edX is asked, the run's own
rules say."""

WAITING = "WAITING_FOR_OPEN_EDX"
NOT_CONFIGURED = "OPEN_EDX_NOT_CONFIGURED"


async def request_reruns(session: AsyncSession, runs: Sequence[CourseRun], *, by: Viewer | None = None) -> list[Job]:
    """Have planned runs made, or runs that FAILED tried again; for each its job, be it one that is unfinished."""
    orders = [Order(f"CourseRun:{run.key}", {"run": run.id}, key=run.key) for run in runs]
    return await enqueue_all(session, RERUN, orders, by=by)


def rerun_handler(platform: Platform | None, rules: Rules | None = None) -> Handler:
    """What makes runs in a platform; without one, jobs fail and say so."""
    patience = rules or Rules()

    async def rerun(context: JobContext) -> dict[str, Any]:
        if platform is None:
            raise JobFailed(NOT_CONFIGURED, "no setting says how to reach Studio and the LMS")
        store = RerunStore(context, context.input["run"], is_anew=context.attempt == 1)
        try:
            memory = await make(store, platform, patience)
        except JobCanceled:
            await store.cancel()
            raise
        if context.is_canceled and not memory.is_over:
            await store.cancel()
            raise JobCanceled("it was canceled while it waited")
        return _result(memory)

    return rerun


def _result(memory: Memory) -> dict[str, Any]:
    """What became of a run: the result of the job, or what the attempt ends with."""
    match memory.state:
        case RerunState.READY:
            return {"clones": memory.clones}
        case RerunState.FAILED:
            reason = memory.reason or Reason.BROKEN
            raise JobFailed(reason.upper(), memory.detail or MEANINGS[reason])
        case _:
            assert memory.not_before is not None  # noqa: S101 -- else there would be no end
            wait = max(0.0, (memory.not_before - datetime.now(UTC)).total_seconds())
            after = wait * uniform(1.0, 1.2)  # noqa: S311 -- spreads jobs, guards nothing
            raise Postponed(WAITING, memory.detail or "the run is not there yet", after=after)


MEANINGS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.SOURCE_MISSING: "Studio has no run of the source's key",
        Reason.KEY_TAKEN: "Studio has a run of this key, or of one that differs by case, which was not made from here",
        Reason.REFUSED: "Open edX refused",
        Reason.CLONE_FAILED: "Studio was asked several times to clone the source, and the run has not come",
        Reason.NOT_VISIBLE: "Studio says that the run is there, but does not show it",
        Reason.BROKEN: "a step failed too often",
        Reason.UNAVAILABLE: "Open edX was away for too long",
        Reason.CANCELED: "it was canceled",
    }
)
"""What is said where Open edX said nothing."""
