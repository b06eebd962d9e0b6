"""Whose turn it is: of the imports into one run one works at a time, in the order in which they were asked for (J9)."""

from random import uniform

from sqlalchemy import and_, or_, select

from db.tables import CourseRun, Job, JobState
from resolvers.jobs import JobContext, Postponed

QUEUED = "QUEUED"
"""The stage of a job that waits for its turn."""
NAP = 1.0
"""Seconds, about, until it asks again."""


async def take_turn(job: JobContext, run_id: int, kinds: tuple[str, ...], stage: str) -> None:
    """Begin with the first stage, if no other job of these kinds is at the run, and none was asked for before.

    Raises Postponed.
    """
    mine = job.held.job
    async with job.writing() as session:
        await session.execute(select(CourseRun.id).where(CourseRun.id == run_id).with_for_update(key_share=True))
        is_at_work = and_(Job.state == JobState.RUNNING, Job.stage.is_not(None), Job.stage != QUEUED)
        is_first = and_(Job.finished_at.is_(None), Job.id < mine.id)
        query = select(Job.id).where(
            Job.kind.in_(kinds), Job.subject == mine.subject, Job.id != mine.id, or_(is_at_work, is_first)
        )
        has_to_wait = await session.scalar(query.limit(1)) is not None
        await job.begin(session, QUEUED if has_to_wait else stage)
    if has_to_wait:
        raise Postponed(QUEUED, "another import into the run comes first", after=uniform(NAP / 2, NAP * 3 / 2))  # noqa: S311 -- no secret
