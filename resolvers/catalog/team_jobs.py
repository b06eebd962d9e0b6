"""Reading teams from Studio as a job, for those who ask for it through the API."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from edx.studio import Studio
from resolvers.access import Permission, Viewer
from resolvers.catalog.teams import sync_teams
from resolvers.errors import Forbidden
from resolvers.jobs import Handler, JobContext, JobFailed, Kind, TryAgain, enqueue
from resolvers.transfer.telling import Told

SYNC_TEAMS = Kind(name="SYNC_TEAMS", queue="catalog")
SUBJECT = "Query:courseRuns"
STAGE = "SYNCHRONIZING"
AWAY, NOT_CONFIGURED = "WAITING_FOR_OPEN_EDX", "OPEN_EDX_NOT_CONFIGURED"
MOST_TOLD = 100


async def order_teams(session: AsyncSession, viewer: Viewer, *, dry_run: bool = False) -> str:
    """Ask for the teams to be read; the UUID of the job, be it one that is unfinished. Raises Forbidden."""
    if not viewer.may(Permission.CHANGE_CONTENT):
        raise Forbidden("you lack the permission to change content")
    key = "dry run" if dry_run else SUBJECT
    return (await enqueue(session, SYNC_TEAMS, SUBJECT, input={"dryRun": dry_run}, by=viewer, key=key)).uuid


def reading_teams(studio: Studio | None) -> Handler:
    """What does the work of these jobs; without Studio they fail and say so."""

    async def work(job: JobContext) -> dict[str, Any]:
        if studio is None:
            raise JobFailed(NOT_CONFIGURED, "no setting says how to reach Studio")
        told = Told(STAGE)

        def progress(count: int) -> None:
            told.step(STAGE, told.last.done + count)

        is_dry = job.input["dryRun"]
        report = await told.follow(job, sync_teams(job.database, studio, dry_run=is_dry, progress=progress))
        if report.failure is not None:
            raise TryAgain(AWAY, report.failure)
        skipped = [{"key": each.key, "reason": each.reason} for each in report.skipped[:MOST_TOLD]]
        return {**{outcome.value: count for outcome, count in report.counts.items()}, "skippedRuns": skipped}

    return work
