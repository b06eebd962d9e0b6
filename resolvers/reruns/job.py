"""The jobs that make a run in Open edX, and that set what has changed of one; one unfinished of each for a run."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import uniform
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import CourseRun, Job, RerunState
from resolvers.access import Viewer
from resolvers.jobs import (
    Handler,
    Handlers,
    JobCanceled,
    JobContext,
    JobFailed,
    Kind,
    Order,
    Postponed,
    TryAgain,
    enqueue_all,
)
from resolvers.reruns.machine import Answer, Memory, Reason, Rules, Step, Told
from resolvers.reruns.making import NAP, Platform, make, taken
from resolvers.reruns.store import RerunStore, read

RERUN = Kind(name="RERUN", queue="studio", attempts=20)
"""Attempts count only what we did not foresee, such as processes that end: how often Open edX is asked, the run's own
rules say."""

CONFIGURE_RUN = Kind(name="CONFIGURE_RUN", queue="studio", attempts=10)
"""Sets title, pacing and dates of a run that is there, and adds the modes that it lacks."""

WAITING = "WAITING_FOR_OPEN_EDX"
NOT_CONFIGURED = "OPEN_EDX_NOT_CONFIGURED"

PAUSE = 15.0
"""Seconds until Open edX is called again where it did not say how many."""


async def request_reruns(session: AsyncSession, runs: Sequence[CourseRun], *, by: Viewer | None = None) -> list[Job]:
    """Have planned runs made, or runs that FAILED tried again; for each its job, be it one that is unfinished."""
    return await enqueue_all(session, RERUN, _orders(runs), by=by)


async def request_configurations(
    session: AsyncSession, runs: Sequence[CourseRun], *, by: Viewer | None = None
) -> list[Job]:
    """Have what is wanted of runs set in Open edX, as after their dates have changed; for each its job."""
    return await enqueue_all(session, CONFIGURE_RUN, _orders(runs), by=by)


def _orders(runs: Sequence[CourseRun]) -> list[Order]:
    return [Order(f"CourseRun:{run.key}", {"run": run.id}, key=run.key) for run in runs]


def rerun_handlers(platform: Platform | None, rules: Rules | None = None) -> Handlers:
    """What does the work of both kinds in a platform; without one, jobs fail and say so."""
    return {RERUN: rerun_handler(platform, rules), CONFIGURE_RUN: configure_handler(platform)}


def configure_handler(platform: Platform | None) -> Handler:
    """What sets the runs of a platform."""

    async def configure(context: JobContext) -> dict[str, Any]:
        async with context.writing() as session:
            rerun, wanted = await read(session, context.input["run"])
        if rerun.state is RerunState.CONFIGURING:
            raise Postponed(WAITING, "the run is being made", after=NAP)
        if rerun.state is not RerunState.READY:
            return {"configured": False}  # whoever makes it sets what is wanted then
        for step in (Step.CONFIGURE, Step.ADD_MODES):
            await context.advance(step.upper())
            _go_on(await taken(step, wanted, _required(platform)))
        return {"configured": True}

    return configure


def _go_on(answer: Answer) -> None:
    """Return if a step was done; else end the attempt as its answer wants it."""
    match answer.told:
        case Told.DONE:
            return
        case Told.NOT_DONE:
            raise Postponed(WAITING, answer.detail, after=answer.retry_after or PAUSE)
        case Told.REFUSED:
            raise JobFailed(Reason.REFUSED.upper(), answer.detail)
        case _:
            raise TryAgain(Reason.BROKEN.upper(), answer.detail or "Studio does not show the run")


def _required(platform: Platform | None) -> Platform:
    if platform is None:
        raise JobFailed(NOT_CONFIGURED, "no setting says how to reach Studio and the LMS")
    return platform


def rerun_handler(platform: Platform | None, rules: Rules | None = None) -> Handler:
    """What makes runs in a platform."""
    patience = rules or Rules()

    async def rerun(context: JobContext) -> dict[str, Any]:
        store = RerunStore(context, context.input["run"], is_anew=context.attempt == 1)
        try:
            memory = await make(store, _required(platform), patience)
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
