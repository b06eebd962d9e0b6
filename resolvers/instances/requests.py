"""Pushes and pulls as users ask for them: who may, which version, and what stands against it."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.tables import ContentHead, ContentVersion, CourseRun
from resolvers.access import Viewer
from resolvers.audit import record
from resolvers.editing.requests import Asked
from resolvers.instances.known import Instance
from resolvers.instances.pushing import PUSH
from resolvers.instances.rows import remote_version, row_of
from resolvers.instances.wanted import Wanted, conflict_of
from resolvers.jobs import enqueue
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
        given = wanted.as_input()
        key = f"{run.key} {self.instance}"
        job = await enqueue(session, PUSH, f"CourseRun:{run.key}", input=given, by=self.viewer, key=key)
        if orjson.loads(job.input)["version"] != wanted.version:
            problem = Problem(Reason.PUSH_IN_PROGRESS, f"another version is being pushed to {self.instance}")
            raise Refusal([problem])
        changes = {"instance": (None, self.instance), "version": (None, wanted.version)}
        record(session, self.viewer, "push content", f"CourseRun:{run.key}", changes)
        return job.uuid

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


async def _version(session: AsyncSession, run: CourseRun, version: str | None) -> str:
    """A version that the run had and that was kept, by default what it has now."""
    of_run = select(ContentVersion.root).where(ContentVersion.course_run_id == run.id)
    if version is None:
        found = await session.scalar(of_run.join(ContentHead, ContentHead.version_id == ContentVersion.id))
        problem = "the run has no content"
    else:
        kept = of_run.where(ContentVersion.root == version, ContentVersion.expired_at.is_(None))
        found = await session.scalar(kept.limit(1))
        problem = f"version {version} is none of the run's, or was not kept"
    if found is None:
        raise Refusal([Problem(Reason.VERSION_UNKNOWN, problem, ("version",))])
    return found
