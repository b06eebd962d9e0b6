"""Exports of learners as jobs: programs, associations and progress, for analytics (spec/programs.md, "Analytics")."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.store.parcels import PART, Parcels, parcel_of
from db.tables import ParcelKind, Program, ProgramStatus, now
from resolvers.access import Permission, Viewer
from resolvers.content.uploads import Uploads
from resolvers.errors import Code, FeatureDisabled, Forbidden, NotFound
from resolvers.jobs import Handler, JobContext, JobFailed, Kind, enqueue
from resolvers.learners.exports import as_json
from resolvers.transfer.asking import WITHOUT, viewer_of

EXPORT_LEARNERS = Kind(name="EXPORT_LEARNERS")
STAGE = "EXPORTING"
NEEDED = Permission.SEE_PROGRAMS_OF_OTHERS


async def ask_for_learners(
    session: AsyncSession, viewer: Viewer, uploads: Uploads | None, program: str | None = None
) -> str:
    """Have the learners of all programs, or of the one of a UUID, written to a file; the UUID of the job.

    Raises Forbidden, NotFound, and FeatureDisabled where there is no store that files are kept in.
    """
    if not viewer.may(NEEDED):
        raise Forbidden("you may not see which programs other learners are associated with")
    if uploads is None:
        raise FeatureDisabled(WITHOUT)
    if program is not None:
        known = select(Program.id).where(Program.uuid == program, Program.status != ProgramStatus.DELETED)
        if await session.scalar(known) is None:
            raise NotFound(f"there is no program {program}")
    given = {"program": program, "roles": sorted(role.value for role in viewer.roles)}
    subject = "Query:programs" if program is None else f"Program:{program}"
    return (await enqueue(session, EXPORT_LEARNERS, subject, input=given, by=viewer)).uuid


def exporting_learners(parcels: Parcels, lifetime: timedelta) -> Handler:
    """What does the work of these jobs; files are kept for a time."""

    async def work(job: JobContext) -> dict[str, Any]:
        async with job.writing() as session:
            viewer = await viewer_of(session, job)
        if not viewer.may(NEEDED):
            raise JobFailed(Code.FORBIDDEN, "you may not see what programs others are in any more")
        expiry = now() + lifetime
        parcel = parcel_of(ParcelKind.EXPORT, job.requested_by or "", job.application, expiry)
        parcel.name = f"learners-{now():%Y-%m-%d}.ndjson"
        parcel = await parcels.keep(parcel, _parts(job, as_json(parcels.database, job.input["program"])), expiry)
        return {
            "archive": parcel.uuid,
            "name": parcel.name,
            "contentType": "application/x-ndjson",
            "size": parcel.size,
            "sha256": parcel.digest,
            "expiresAt": parcel.expires_at,
        }

    return work


async def _parts(job: JobContext, pages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pages put together into parts that are worth storing; how many lines there are is told."""
    lines, waiting = 0, bytearray()
    async for page in pages:
        lines += page.count(b"\n")
        waiting += page
        await job.advance(STAGE, lines)
        if len(waiting) >= PART:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
    await job.advance(STAGE, lines, lines)
