"""What people do about jobs: canceling those that are unfinished, and having those tried again that ended badly."""

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.news import tell
from db.tables import Job, JobState
from db.types import present
from resolvers.access import VIEWER, Viewer, visible_jobs
from resolvers.audit import record
from resolvers.errors import NotFound
from resolvers.jobs.attempts import ended, put, reason, waiting
from resolvers.jobs.queue import CANCEL, CHANNEL
from resolvers.refusals import Problem, Reason, Refusal


async def cancel(session: AsyncSession, uuid: str, viewer: Viewer | None = None) -> str:
    """Cancel a job, as a viewer or as whoever runs the server; returns its UUID.

    One that waits is canceled at once; one that runs when it next comes to where it can be stopped, unless it ends
    before. Raises NotFound, and Refusal for a job that is over.
    """
    job = await _found(session, uuid, viewer)
    if job.finished_at is not None:
        raise Refusal([Problem(Reason.JOB_OVER, f"the job is over: it has {job.state.value}")])
    if viewer is not None:
        record(session, viewer, "cancel", f"Job:{uuid}", {})
    if job.state is JobState.QUEUED:
        await put(session, job, ended(JobState.CANCELED, cancel_requested_at=present()))
        return uuid
    asked = {"cancel_requested_at": present(), "changed_at": present()}
    await session.execute(update(Job).where(Job.id == job.id).values(asked))
    await tell(session, CHANNEL, job.uuid)
    await tell(session, CHANNEL, CANCEL + job.uuid)
    return uuid


async def retry(session: AsyncSession, uuid: str, viewer: Viewer | None = None) -> str:
    """Have a job that failed or was canceled tried again, with all its attempts; returns its UUID.

    It goes on with what it remembers. Raises NotFound, and Refusal for any other job, or where an unfinished one has
    taken its place.
    """
    job = await _found(session, uuid, viewer)
    if job.state not in {JobState.FAILED, JobState.CANCELED}:
        raise Refusal([Problem(Reason.JOB_NOT_FAILED, f"the job did not end badly: it is {job.state.value}")])
    if viewer is not None:
        record(session, viewer, "retry", f"Job:{uuid}", {})
    anew = {"attempts": 0, "finished_at": None, "cancel_requested_at": None, "stage": None, "done": 0, "total": None}
    anew["result"] = None
    try:
        await put(session, job, {**waiting(0), **reason(None, None), **anew, "item": None})
    except IntegrityError:
        raise Refusal([Problem(Reason.JOB_SUPERSEDED, "another job for the same thing is unfinished")]) from None
    return uuid


async def _found(session: AsyncSession, uuid: str, viewer: Viewer | None) -> Job:
    """The job, which nobody else changes before the commit. Raises NotFound."""
    query = select(Job).where(Job.uuid == uuid).with_for_update()
    shown = visible_jobs(viewer.permissions) if viewer else None
    job = await session.scalar(query if shown is None else query.where(shown), {VIEWER: viewer and viewer.username})
    if job is None:
        raise NotFound(f"there is no job {uuid}")
    return job
