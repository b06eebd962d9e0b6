"""Synchronizations that are asked for by requests, as jobs, and the work of these jobs.

A request names libraries of the installation and never opens a path of its own. An attempt that was stopped anywhere is
simply made again: a site is written as a whole or not at all.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from resolvers.access import Permission, Viewer
from resolvers.directories.changes import LibraryPlan
from resolvers.directories.layout import Layout, Policy
from resolvers.directories.report import as_data
from resolvers.directories.sync import OVERTAKEN, sync_directories
from resolvers.errors import Forbidden
from resolvers.jobs import Handler, JobContext, JobFailed, Kind, TryAgain, enqueue
from resolvers.refusals import Problem, Reason, Refusal

SYNC = Kind(name="SYNC_DIRECTORIES", queue="directories", first_pause=1.0)
SUBJECT = "Query:sites"
STAGE = "SYNCHRONIZING"
PERIOD = 0.5
"""Seconds between two times that the progress is told."""
MOST_TOLD = 1000
"""Courses of a site that a result has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: libraries and names of sites, by default all, and what may be removed."""

    roots: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)

    def as_input(self) -> dict[str, Any]:
        """What a job is asked for with."""
        return {"roots": self.roots, "sites": self.sites, **asdict(self.policy), "confirmed": [*self.policy.confirmed]}


def asked(input: Mapping[str, Any]) -> Asked:
    """What a job was asked for with."""
    given = {name: input[name] for name in ("allow_removals", "allow_empty", "read_again")}
    return Asked(tuple(input["roots"]), tuple(input["sites"]), Policy(**given, confirmed=frozenset(input["confirmed"])))


async def order(session: AsyncSession, viewer: Viewer, layout: Layout, wanted: Asked) -> str:
    """Ask for a synchronization; the UUID of the job. Raises Forbidden and Refusal."""
    permit(viewer)
    chosen(layout, wanted.roots)
    return (await enqueue(session, SYNC, SUBJECT, input=wanted.as_input(), by=viewer)).uuid


def permit(viewer: Viewer) -> None:
    """Raise Forbidden unless the viewer may synchronize directories."""
    if not viewer.may(Permission.SYNC_DIRECTORIES):
        raise Forbidden("you may not synchronize course directories")


def chosen(layout: Layout, roots: Sequence[str]) -> list[Path]:
    """The libraries that a request names, which must be the installation's; by default all. Raises Refusal."""
    if not layout.roots:
        raise Refusal([Problem(Reason.INVALID, "this installation has no course directories", ("roots",))])
    known = {str(root): root for root in layout.roots}
    if strange := [
        Problem(Reason.INVALID, "this is none of the installation's libraries", ("roots", str(index)))
        for index, root in enumerate(roots)
        if root not in known
    ]:
        raise Refusal(strange)
    return [known[root] for root in dict.fromkeys(roots or known)]


class Stopped(Exception):
    """Nobody waits any more for what is being read."""


class Looked:
    """How many courses were looked at, as another thread tells; `stop` ends that thread's work."""

    def __init__(self) -> None:
        self.courses = 0
        self._is_stopped = False

    def add(self, count: int) -> None:
        """Count some more. Raises Stopped."""
        if self._is_stopped:
            raise Stopped
        self.courses += count

    def stop(self) -> None:
        """Have the next call of `add` raise Stopped."""
        self._is_stopped = True


def synchronizing(layout: Layout) -> Handler:
    """What does the work of these jobs."""

    async def work(job: JobContext) -> dict[str, Any]:
        plans = await synchronized(job, layout, asked(job.input))
        if any(site.reason == OVERTAKEN for plan in plans for site in plan.sites):
            raise TryAgain(Reason.REVISION_CONFLICT, OVERTAKEN)
        return as_data(plans, most=MOST_TOLD)

    return work


async def synchronized(job: JobContext, layout: Layout, wanted: Asked) -> list[LibraryPlan]:
    """Synchronize, and tell how far it is. Raises JobFailed, JobCanceled and AttemptLost."""
    try:
        roots = chosen(layout, wanted.roots)
    except Refusal as refusal:
        raise JobFailed(Reason.INVALID, refusal.problems[0].message) from refusal
    looked, viewer, sites = Looked(), Viewer(job.requested_by), wanted.sites or None
    work = asyncio.create_task(
        sync_directories(job.database, roots, layout, wanted.policy, sites=sites, viewer=viewer, progress=looked.add)
    )
    try:
        await job.advance(STAGE)
        while not (await asyncio.wait({work}, timeout=PERIOD))[0]:
            await job.advance(STAGE, looked.courses)
        await job.advance(STAGE, looked.courses, looked.courses)
    finally:
        looked.stop()
        work.cancel()
        await asyncio.wait({work})
    return work.result()
