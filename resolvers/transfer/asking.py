"""Asking for imports and exports of content (spec/content-api.md, "Import/export extensions"; notes on OLX, §2.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.store import UnknownVersion, VersionConflict, current, entry_of
from db.tables import ClientApplication, CourseRun
from edx.olx import Severity
from resolvers.access import HELD, Role, Viewer
from resolvers.content.exports import NoSuchBlock, key_in
from resolvers.content.imports import Mode
from resolvers.content.uploads import Uploads, UploadUnfinished, UploadUnknown, claim
from resolvers.editing.locks import check
from resolvers.editing.requests import Asked, check_message
from resolvers.editing.rights import may_edit
from resolvers.errors import Code, FeatureDisabled
from resolvers.jobs import CONTENT, JobContext, JobFailed, Kind, enqueue
from resolvers.merging.conflicts import UNDECIDED, Resolution
from resolvers.refusals import Problem, Reason, Refusal

WITHOUT = "this installation does without content"
LONGEST = 30 * 24 * 3600.0
"""Seconds; the installation's own limit comes first, and is final."""
IMPORT = Kind(name="IMPORT_COURSE", queue=CONTENT, time_limit=LONGEST)
EXPORT = Kind(name="EXPORT_COURSE", queue=CONTENT, time_limit=LONGEST)


class Format(StrEnum):
    """What kind of archive an export is."""

    TAR_GZ = "tar.gz"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class Import:
    """An import that is asked for: which upload, and how."""

    upload: str
    mode: Mode = Mode.REPLACE
    expected: str | None = None
    lock_token: str | None = None
    is_dry: bool = False
    fail_level: Severity = Severity.ERROR
    message: str = ""
    resolution: Resolution = UNDECIDED


@dataclass(frozen=True, slots=True)
class Export:
    """An export that is asked for: of a block and all below it or of the whole, at which version, and as what."""

    block: str | None = None
    version: str | None = None
    format: Format = Format.TAR_GZ


async def ask_for_import(asked: Asked, uploads: Uploads | None, wanted: Import) -> str:
    """Have an upload imported; the UUID of the job.

    Raises Refusal, FeatureDisabled where there are no uploads, and what `Asked.run` does.
    """
    return await asked.beginning("importCourse", _import, asked, uploads, wanted)


async def _import(session: AsyncSession, run: int, asked: Asked, uploads: Uploads | None, wanted: Import) -> str:
    if uploads is None:
        raise FeatureDisabled(WITHOUT)
    check_message(wanted.message)
    lock = await check(session, run, wanted.lock_token)
    head = await current(session, run)
    root = head.root if head else None
    if wanted.expected is not None and wanted.expected != root:
        conflict = str(VersionConflict(wanted.expected, root))
        raise Refusal([Problem(Reason.VERSION_CONFLICT, conflict, ("expectedVersion",), {"current_version": root})])
    try:
        parcel = await claim(session, asked.author, wanted.upload, uploads.limits)
    except (UploadUnknown, UploadUnfinished) as error:
        reason = Reason.UPLOAD_UNKNOWN if isinstance(error, UploadUnknown) else Reason.UPLOAD_UNFINISHED
        raise Refusal([Problem(reason, str(error), ("upload",))]) from error
    given = {
        "upload": parcel.uuid,
        "mode": wanted.mode.value,
        "expectedVersion": wanted.expected,
        "lock": lock.fencing if lock else None,
        "validateOnly": wanted.is_dry,
        "failLevel": wanted.fail_level.name,
        "resolutions": {conflict: choice.value for conflict, choice in wanted.resolution.each.items()},
        "others": wanted.resolution.others and wanted.resolution.others.value,
        "message": wanted.message,
    }
    return await _enqueued(session, IMPORT, run, asked.viewer, given)


async def ask_for_export(asked: Asked, uploads: Uploads | None, wanted: Export) -> str:
    """Have content written to an archive; the UUID of the job. Raises what `ask_for_import` does.

    The version is the one that the run is at now, if none is named, whatever becomes of the run meanwhile.
    """
    return await asked.beginning("exportCourse", _export, asked, uploads, wanted)


async def _export(session: AsyncSession, run: int, asked: Asked, uploads: Uploads | None, wanted: Export) -> str:
    if uploads is None:
        raise FeatureDisabled(WITHOUT)
    try:
        key_in(wanted.block or "", asked.key)
    except NoSuchBlock as error:
        raise Refusal([Problem(Reason.BLOCK_UNKNOWN, str(error), ("block",))]) from error
    try:
        head = await current(session, run) if wanted.version is None else await entry_of(session, run, wanted.version)
    except UnknownVersion as error:
        raise Refusal([Problem(Reason.VERSION_UNKNOWN, str(error), ("version",))]) from error
    if head is None:
        raise Refusal([Problem(Reason.VERSION_UNKNOWN, "the run has no content yet", ("version",))])
    given = {"block": wanted.block, "version": head.root, "format": wanted.format.value}
    return await _enqueued(session, EXPORT, run, asked.viewer, given)


async def _enqueued(session: AsyncSession, kind: Kind, run: int, viewer: Viewer, given: Mapping[str, Any]) -> str:
    """Ask for a job; of one run one is asked for at a time, so that their numbers are in the order of asking."""
    query = select(CourseRun.key).where(CourseRun.id == run).with_for_update(key_share=True)
    key = await session.scalar(query)
    told = {**given, "run": run, "roles": sorted(role.value for role in viewer.roles)}
    return (await enqueue(session, kind, f"CourseRun:{key}", input=told, by=viewer)).uuid


async def viewer_of(session: AsyncSession, job: JobContext) -> Viewer:
    """Whoever asked for a job, with the roles that they have now, as far as that is known here (O3).

    An application has those that it is registered with, and none while it is disabled; roles of the LMS's tokens are
    those of when the job was asked for. Grants are looked up anyway.
    """
    roles = frozenset(Role(name) for name in job.input["roles"])
    query = select(ClientApplication).where(ClientApplication.client_id == job.application)
    application = await session.scalar(query)
    if application is not None:
        roles = HELD[Role(application.role)] if application.disabled_at is None else frozenset()
    return Viewer(job.requested_by, roles, application=job.application)


async def require_rights(session: AsyncSession, job: JobContext) -> None:
    """Fail the job unless whoever asked for it may still change the content of its run."""
    run = job.input["run"]
    if await session.get(CourseRun, run) is None:
        raise JobFailed(Code.NOT_FOUND, "there is no such course run any more")
    if not await may_edit(session, await viewer_of(session, job), run):
        raise JobFailed(Code.FORBIDDEN, "you may not change the content of this run any more")
