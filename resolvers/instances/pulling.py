"""The jobs that import what an instance has, and that look whether somebody changed it there. EXPERIMENTAL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession

from db.store import BlobsUnavailable, LeaseLost, VersionConflict
from db.tables import InstanceContent, now
from edx.errors import OpenEdxError, Rejected
from edx.keys import CourseKey
from edx.olx import ArchiveRefused
from resolvers.content.imports import Imported, Stage, Target, import_course
from resolvers.content.load import Courses
from resolvers.editing import locks
from resolvers.editing.locks import LockRefused
from resolvers.instances.canonical import digest_of, parts_of
from resolvers.instances.drift import Differences, drift_of
from resolvers.instances.fetching import Found, fetched, looked_into, refusal
from resolvers.instances.hosts import Host, Hosts
from resolvers.instances.machine import Code, Rules
from resolvers.instances.pushing import WAITING
from resolvers.instances.rows import put, row_of
from resolvers.instances.wanted import Wanted, host_of, loaded_version, require_rights
from resolvers.jobs import Handler, JobContext, JobErrorCode, JobFailed, Kind, TryAgain
from resolvers.refusals import Reason

PULL = Kind(name="PULL_COURSE", queue="instances", attempts=10, time_limit=7200.0)
CHECK = Kind(name="CHECK_DRIFT", queue="instances", attempts=10, time_limit=7200.0)
PERIOD = 0.5
"""Seconds between two times that the progress of an import is told."""

LOOKING = "LOOKING"


def pulling(hosts: Hosts, courses: Courses, rules: Rules | None = None) -> Handler:
    """What does the work of `PULL`."""

    async def pull(job: JobContext) -> dict[str, Any]:
        wanted = Wanted.of(job)
        host = host_of(hosts, wanted.instance)
        await _permit(job, wanted, is_writing=True)
        async with _archive(job, host, rules or Rules()) as file:
            await _permit(job, wanted, is_writing=True)
            done = await _imported(job, wanted, courses, file)
        loaded = await courses.of_run(wanted.run_id, done.version)
        parts = await asyncio.to_thread(parts_of, loaded.course) if loaded else {}
        await _note(job, wanted, done.version, digest_of(parts))
        return {"instance": wanted.instance, "version": done.version, "isNew": done.is_new}

    return pull


def checking(hosts: Hosts, courses: Courses, rules: Rules | None = None) -> Handler:
    """What does the work of `CHECK`."""

    async def check(job: JobContext) -> dict[str, Any]:
        wanted = Wanted.of(job)
        host = host_of(hosts, wanted.instance)
        await _permit(job, wanted)
        async with _archive(job, host, rules or Rules()) as file:
            await job.advance(LOOKING)
            found = await looked_into(file)
        row = await _note(job, wanted, found.version, found.digest)
        result = {"instance": wanted.instance, "version": found.version, "drift": drift_of(row).name}
        return result | await _differences(wanted, courses, row, found)

    return check


async def _differences(wanted: Wanted, courses: Courses, row: InstanceContent, found: Found) -> dict[str, Any]:
    """What differs from what was pushed, if that is still here."""
    if row.pushed_version is None:
        return {}
    pushed = Wanted(wanted.run_id, wanted.instance, wanted.viewer, row.pushed_version)
    try:
        loaded = await loaded_version(courses, pushed)
    except JobFailed:
        return {}
    return {"parts": Differences.between(await asyncio.to_thread(parts_of, loaded.course), found.parts).as_data()}


async def _permit(job: JobContext, wanted: Wanted, *, is_writing: bool = False) -> None:
    """Look again whether the viewer may do this (O3), and for a change whether nobody has the run locked (L9)."""
    async with job.writing() as session:
        await require_rights(session, wanted)
        if is_writing:
            await _require_free(session, wanted.run_id)


async def _require_free(session: AsyncSession, run_id: int) -> None:
    try:
        await locks.check(session, run_id, None)
    except LockRefused as refused:
        raise JobFailed(refused.code, str(refused)) from refused


@contextlib.asynccontextmanager
async def _archive(job: JobContext, host: Host, rules: Rules) -> AsyncIterator[BinaryIO]:
    """What the instance has. Raises JobFailed, and TryAgain where Studio is away."""
    key = CourseKey.parse(job.subject.removeprefix("CourseRun:"))
    async with contextlib.AsyncExitStack() as stack:
        try:
            file = await stack.enter_async_context(fetched(job, host, key, rules))
        except Rejected as error:
            raise JobFailed(Code.STUDIO_REFUSED, "; ".join(error.messages) or str(error)) from error
        except OpenEdxError as error:
            raise TryAgain(WAITING, str(error), after=error.retry_after) from error
        yield file


async def _imported(job: JobContext, wanted: Wanted, courses: Courses, file: BinaryIO) -> Imported:
    """Make an archive the run's content, and tell how far that is."""
    seen: dict[str, Any] = {"stage": Stage.UNPACKING, "done": 0, "total": None}

    def progress(stage: Stage, done: int, total: int | None) -> None:
        seen.update(stage=stage, done=done, total=total)

    target = Target(wanted.run_id, wanted.author, wanted.expected, f"pulled from {wanted.instance}")
    work = asyncio.create_task(import_course(courses.store, file, target, progress=progress))
    try:
        while not (await asyncio.wait({work}, timeout=PERIOD))[0]:
            await job.advance(seen["stage"].name, seen["done"], seen["total"])
    finally:
        work.cancel()
        await asyncio.wait({work})
    try:
        return work.result()
    except ArchiveRefused as refused:
        raise refusal(refused) from None
    except VersionConflict as conflict:
        raise JobFailed(Reason.VERSION_CONFLICT, str(conflict)) from conflict
    except LockRefused as refused:
        raise JobFailed(refused.code, str(refused)) from refused
    except (BlobsUnavailable, LeaseLost) as error:
        raise TryAgain(JobErrorCode.INTERNAL_ERROR, str(error)) from error


async def _note(job: JobContext, wanted: Wanted, version: str, digest: str) -> InstanceContent:
    """Keep what the instance was found to have; the row."""
    found = {"pulled_version": version, "pulled_digest": digest, "pulled_at": now(), "pulled_by": job.requested_by}
    async with job.writing() as session:
        await put(session, wanted.run_id, wanted.instance, **found)
        row = await row_of(session, wanted.run_id, wanted.instance)
    assert row is not None  # noqa: S101 -- just written
    return row
