"""The jobs that import what an instance has, and that look whether somebody changed it there. EXPERIMENTAL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import InstanceContent, now
from edx.errors import OpenEdxError, Rejected
from edx.keys import CourseKey
from resolvers.content.imports import Imported, Stage, Target, import_course
from resolvers.content.load import Courses
from resolvers.editing import locks
from resolvers.instances.canonical import digest_of, parts_of
from resolvers.instances.drift import Differences, drift_of
from resolvers.instances.fetching import Found, fetched, looked_into
from resolvers.instances.hosts import Host, Hosts
from resolvers.instances.machine import Code, Rules
from resolvers.instances.pushing import WAITING
from resolvers.instances.rows import put, row_of
from resolvers.instances.wanted import Wanted, host_of, loaded_version
from resolvers.jobs import Handler, JobContext, JobFailed, Kind, TryAgain
from resolvers.transfer.asking import require_rights
from resolvers.transfer.importing import DONE, failing
from resolvers.transfer.telling import Told

PULL = Kind(name="PULL_COURSE", queue="instances", attempts=10, time_limit=7200.0)
CHECK = Kind(name="CHECK_DRIFT", queue="instances", attempts=10, time_limit=7200.0)
LOOKING = "LOOKING"


def pulling(hosts: Hosts, courses: Courses, rules: Rules | None = None) -> Handler:
    """What does the work of `PULL`."""

    async def pull(job: JobContext) -> dict[str, Any]:
        wanted = Wanted.of(job)
        host = host_of(hosts, wanted.instance)
        if DONE not in job.memory:
            await _permit(job, wanted, is_writing=True)
            async with _archive(job, host, rules or Rules()) as file:
                await _permit(job, wanted, is_writing=True)
                await _imported(job, wanted, courses, file)
        done = job.memory[DONE]
        loaded = await loaded_version(courses, replace(wanted, version=done["version"]))
        await _note(job, wanted, loaded.version, digest_of(await asyncio.to_thread(parts_of, loaded.course)))
        return {"instance": wanted.instance, **done}

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
    try:
        loaded = await loaded_version(courses, replace(wanted, version=row.pushed_version))
    except JobFailed:
        return {}
    return {"parts": Differences.between(await asyncio.to_thread(parts_of, loaded.course), found.parts).as_data()}


async def _permit(job: JobContext, wanted: Wanted, *, is_writing: bool = False) -> None:
    """Look again whether the viewer may do this (O3), and for a change whether nobody has the run locked (L9)."""
    async with job.writing() as session:
        await require_rights(session, job)
        if is_writing:
            with failing():
                await locks.check(session, wanted.run_id, None)


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


async def _imported(job: JobContext, wanted: Wanted, courses: Courses, file: BinaryIO) -> None:
    """Make an archive the run's content, and remember it together with that."""
    told = Told(Stage.UNPACKING.upper())

    async def swap(session: AsyncSession, imported: Imported) -> None:
        told.is_deciding = True
        await job.remember_with(session, DONE, {"version": imported.version, "isNew": imported.is_new})

    target = Target(wanted.run_id, wanted.author, wanted.expected, f"pulled from {wanted.instance}")
    work = import_course(
        courses.store,
        file,
        target,
        progress=lambda stage, done, total: told.step(stage.upper(), done, total),
        watch=told.at,
        swap=swap,
    )
    with failing():
        done = await told.follow(job, work)
    if DONE not in job.memory:  # it was so already
        await job.remember(DONE, {"version": done.version, "isNew": False})


async def _note(job: JobContext, wanted: Wanted, version: str, digest: str) -> InstanceContent:
    """Keep what the instance was found to have; the row."""
    found = {"pulled_version": version, "pulled_digest": digest, "pulled_at": now(), "pulled_by": job.requested_by}
    async with job.writing() as session:
        await put(session, wanted.run_id, wanted.instance, **found)
        row = await row_of(session, wanted.run_id, wanted.instance)
    assert row is not None  # noqa: S101 -- just written
    return row
