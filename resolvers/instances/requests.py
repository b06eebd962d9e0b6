"""Pushes and pulls as users ask for them: who may, which version, and what stands against it."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.tables import ContentHead, ContentVersion, CourseRun, Job
from resolvers.access import Viewer
from resolvers.audit import record
from resolvers.editing.requests import Asked
from resolvers.instances.known import Instance
from resolvers.instances.pulling import CHECK, PULL
from resolvers.instances.pushing import PUSH
from resolvers.instances.rows import remote_version, row_of
from resolvers.instances.wanted import Wanted, conflict_of
from resolvers.jobs import Kind, enqueue
from resolvers.refusals import Problem, Reason, Refusal


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks for, about a run by its key and an instance by its name."""

    database: Database
    viewer: Viewer
    instances: Sequence[Instance]
    key: str
    instance: str

    async def push(self, session: AsyncSession, version: str | None, expected: str | None) -> str:
        """Ask for a push of a version, by default the present one; the UUID of the job.

        Raises Refusal, Forbidden, NotFound and Unauthenticated.
        """
        run = await self._run(session)
        self._instance()
        wanted = Wanted(run.id, self.instance, self.viewer, await _version(session, run, version), expected)
        remote = remote_version(await row_of(session, run.id, self.instance))
        if expected is not None and expected != remote:
            data = {"current_version": remote}
            problem = Problem(Reason.VERSION_CONFLICT, conflict_of(self.instance, remote), ("expectedRemote",), data)
            raise Refusal([problem])
        job = await self._enqueue(session, PUSH, run, wanted)
        if orjson.loads(job.input)["version"] != wanted.version:
            problem = Problem(Reason.PUSH_IN_PROGRESS, f"another version is being pushed to {self.instance}")
            raise Refusal([problem])
        changes = {"instance": (None, self.instance), "version": (None, wanted.version)}
        record(session, self.viewer, "push content", f"CourseRun:{run.key}", changes)
        return job.uuid

    async def pull(self, session: AsyncSession, expected: str | None) -> str:
        """Ask for what the instance has to be imported, into a run that is at the expected version; the job's UUID."""
        run = await self._readable_run(session)
        if expected is not None and expected != (current := await head_version(session, run)):
            problem = f"the run is {f'at version {current}' if current else 'without content'}, not at {expected}"
            data = {"current_version": current}
            raise Refusal([Problem(Reason.VERSION_CONFLICT, problem, ("expectedVersion",), data)])
        wanted = Wanted(run.id, self.instance, self.viewer, expected=expected)
        job = await self._enqueue(session, PULL, run, wanted)
        record(session, self.viewer, "pull content", f"CourseRun:{run.key}", {"instance": (None, self.instance)})
        return job.uuid

    async def check(self, session: AsyncSession) -> str:
        """Ask whether somebody changed what the instance has; the UUID of the job."""
        run = await self._readable_run(session)
        return (await self._enqueue(session, CHECK, run, Wanted(run.id, self.instance, self.viewer))).uuid

    async def _enqueue(self, session: AsyncSession, kind: Kind, run: CourseRun, wanted: Wanted) -> Job:
        key = f"{run.key} {self.instance}"
        return await enqueue(session, kind, f"CourseRun:{run.key}", input=wanted.as_input(), by=self.viewer, key=key)

    async def _readable_run(self, session: AsyncSession) -> CourseRun:
        run = await self._run(session)
        if not self._instance().is_readable:
            problem = f"no user is set who signs in to {self.instance}"
            raise Refusal([Problem(Reason.INSTANCE_NOT_READABLE, problem, ("instance",))])
        return run

    async def _run(self, session: AsyncSession) -> CourseRun:
        """The run, if the viewer may change its content."""
        run_id = await Asked(self.database, self.viewer, self.key).run(session)
        return await session.get_one(CourseRun, run_id)

    def _instance(self) -> Instance:
        for each in self.instances:
            if each.name == self.instance:
                return each
        known = ", ".join(each.name for each in self.instances) or "none"
        problem = f"there is no instance {self.instance!r}; there are {known}"
        raise Refusal([Problem(Reason.INSTANCE_UNKNOWN, problem, ("instance",))])


async def head_version(session: AsyncSession, run: CourseRun) -> str | None:
    """The version that a run is at; None for one without content."""
    heads = select(ContentVersion.root).join(ContentHead, ContentHead.version_id == ContentVersion.id)
    return await session.scalar(heads.where(ContentHead.course_run_id == run.id))


async def _version(session: AsyncSession, run: CourseRun, version: str | None) -> str:
    """A version that the run had and that was kept, by default what it has now."""
    if version is None:
        found = await head_version(session, run)
        problem = "the run has no content"
    else:
        of_run = select(ContentVersion.root).where(ContentVersion.course_run_id == run.id)
        kept = of_run.where(ContentVersion.root == version, ContentVersion.expired_at.is_(None))
        found = await session.scalar(kept.limit(1))
        problem = f"version {version} is none of the run's, or was not kept"
    if found is None:
        raise Refusal([Problem(Reason.VERSION_UNKNOWN, problem, ("version",))])
    return found
