"""The job that pushes a version of a run's content to an instance: decided in `machine`, done here."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import uuid4

import structlog

from db.tables import PushState, now
from edx.errors import NotSent, OpenEdxError, Rejected, Throttled
from edx.keys import CourseKey
from edx.olx import UnwritableBlock
from edx.studio_imports import ImportState
from edx.tokens import TOKEN_PATH
from resolvers.content.exports import export_course
from resolvers.content.load import Courses, Loaded
from resolvers.instances.canonical import digest_of, parts_of
from resolvers.instances.fetching import fetched, looked_into
from resolvers.instances.hosts import Host, Hosts
from resolvers.instances.machine import Answer, Code, Memory, Rules, Step, Told, begun, learned, next_step
from resolvers.instances.rows import put, remote_version, row_of
from resolvers.instances.wanted import Wanted, conflict_of, host_of, loaded_version
from resolvers.jobs import Handler, JobCanceled, JobContext, JobErrorCode, JobFailed, Kind, Postponed, TryAgain
from resolvers.refusals import Reason
from resolvers.transfer.asking import require_rights

log = structlog.get_logger(__name__)

PUSH = Kind(name="PUSH_COURSE", queue="instances", attempts=10, time_limit=7200.0)
WAITING = "WAITING_FOR_STUDIO"
EXPORTING, SENDING = "EXPORTING", "SENDING"
STAGES = len((ImportState.UNPACKING, ImportState.VERIFYING, ImportState.UPDATING))
NAP = 15.0
"""Seconds that are waited in place; for longer waits somebody else gets the turn."""

KEY = "push"
"""Under which the job remembers how far the push is."""

NO_WORDS: Mapping[Code, str] = {
    Code.IMPORT_CANCELED: "somebody canceled the import in Studio",
    Code.IMPORT_FAILED: "Studio says 'Failed', and why on its page of the import only, which no user is set to ask",
    Code.IMPORT_TIMED_OUT: "Studio took too long; what it does with the archive is not known",
    Code.PUSH_UNCERTAIN: "the archive was sent several times, and Studio knows of none of them",
    Code.STUDIO_REFUSED: "Studio refused",
}
"""What is said where Studio said nothing."""


def pushing(hosts: Hosts, courses: Courses, rules: Rules | None = None) -> Handler:
    """What does the work of these jobs."""

    async def push(job: JobContext) -> dict[str, Any]:
        wanted = Wanted.of(job)
        host = host_of(hosts, wanted.instance)
        patience = rules or Rules()
        return await Push(job, wanted, host, courses, patience if host.session else patience.without_page()).done()

    return push


class Push:
    """One attempt at a push."""

    def __init__(self, job: JobContext, wanted: Wanted, host: Host, courses: Courses, rules: Rules) -> None:
        self._job, self._wanted, self._host, self._courses, self._rules = job, wanted, host, courses, rules
        self._key = CourseKey.parse(job.subject.removeprefix("CourseRun:"))

    async def done(self) -> dict[str, Any]:
        """Go on until Studio has the version; the result. Raises JobFailed, Postponed and JobCanceled."""
        memory = Memory.of(self._job.memory.get(KEY, {}))
        if self._job.attempt == 1 and memory.code is not None:
            memory = Memory()  # it failed, and was asked for again
        try:
            if memory.filename is None:
                await self._permit()
            while not memory.is_over:
                memory = await self._advanced(memory)
            if memory.code is Code.IMPORT_TIMED_OUT:
                await self._tell(memory)  # the last answer may have been the first that says so
        except JobCanceled:
            sent = "; what was sent is imported nevertheless" if memory.filename else ""
            await self._note(state=PushState.CANCELED, words=f"it was canceled{sent}")
            raise
        if memory.code is not None:
            words = memory.words or NO_WORDS[memory.code]
            await self._note(state=PushState.FAILED, words=words)
            raise JobFailed(memory.code, words)
        return await self._succeeded(memory)

    async def _permit(self) -> None:
        """Look again whether the viewer may do this (O3), and whether it is meant for what the instance has."""
        wanted = self._wanted
        async with self._job.writing() as session:
            await require_rights(session, self._job)
            remote = remote_version(await row_of(session, wanted.run_id, wanted.instance))
            if wanted.expected is not None and wanted.expected != remote:
                raise JobFailed(Reason.VERSION_CONFLICT, conflict_of(wanted.instance, remote))
            await put(session, wanted.run_id, wanted.instance, state=PushState.PUSHING, words=None)

    async def _advanced(self, memory: Memory) -> Memory:
        """Take the next step, and keep what came of it."""
        await self._wait(memory)
        step, before = next_step(memory), memory
        if step is Step.SEND:
            await self._job.advance(EXPORTING)
            async with self._archive() as archive:
                await self._job.advance(SENDING)
                memory = begun(memory, f"collegium-{uuid4().hex}.tar.gz", datetime.now(UTC))
                await self._remember(memory)
                answer = await self._answer(step, memory, archive)
        else:
            answer = await self._answer(step, memory)
        memory = learned(memory, step, answer, datetime.now(UTC), self._rules)
        if _lasting(memory) != _lasting(before):
            await self._remember(memory)
        return memory

    async def _tell(self, memory: Memory) -> None:
        """Tell how far the import is, as far as that is known."""
        state = memory.state or ImportState.PENDING
        stage = state.name if memory.task else None
        await self._job.advance(stage, state.step, STAGES) if stage else await self._job.advance()

    async def _wait(self, memory: Memory) -> None:
        await self._tell(memory)
        wait = (memory.not_before - datetime.now(UTC)).total_seconds() if memory.not_before else 0.0
        if wait > NAP:
            await self._remember(memory)
            raise Postponed(WAITING, memory.words or "Studio is waited for", after=wait)
        await asyncio.sleep(max(0.0, wait))

    async def _remember(self, memory: Memory) -> None:
        await self._job.remember(KEY, memory.as_json())

    async def _answer(self, step: Step, memory: Memory, archive: IO[bytes] | None = None) -> Answer:
        """Take a step, and say what came of it."""
        filename = memory.filename or ""
        try:
            if archive is not None:
                return Answer(Told.DONE, await self._host.imports.begin(self._key, archive, filename))
            if step is Step.ASK or memory.task is None:
                return await self._asked(filename)
            state = await self._host.imports.state(self._key, memory.task, filename)
            words = await self._words(filename) if state is ImportState.FAILED else ""
            return Answer(Told.UNKNOWN if state is None else Told.DONE, state=state, words=words)
        except OpenEdxError as error:
            return answer_of(error, step)

    async def _asked(self, filename: str) -> Answer:
        """What the page says of a file; without somebody to ask it, nothing."""
        told = await self._host.session.import_of(self._key, filename) if self._host.session else None
        return Answer(Told.UNKNOWN) if told is None else Answer(Told.DONE, state=told.state, words=told.words)

    async def _words(self, filename: str) -> str:
        """Studio's words on an import that failed, as far as they can be had."""
        with contextlib.suppress(OpenEdxError):
            return (await self._asked(filename)).words
        return ""

    @contextlib.asynccontextmanager
    async def _archive(self) -> AsyncIterator[IO[bytes]]:
        """The version as an archive, in a file that goes with the block."""
        loaded = await self._loaded()
        with TemporaryFile(prefix="collegium-") as file:
            try:
                await export_course(self._job.database, loaded, file, author=self._wanted.author)
            except UnwritableBlock as error:
                raise JobFailed(Reason.INVALID, str(error)) from error
            except OSError as error:
                raise TryAgain(JobErrorCode.INTERNAL_ERROR, f"no archive can be written: {error.strerror}") from error
            yield file

    async def _loaded(self) -> Loaded:
        return await loaded_version(self._courses, self._wanted)

    async def _succeeded(self, memory: Memory) -> dict[str, Any]:
        loaded = await self._loaded()
        digest = digest_of(await asyncio.to_thread(parts_of, loaded.course))
        await self._note(
            state=PushState.PUSHED,
            words=None,
            pushed_version=loaded.version,
            pushed_digest=digest,
            pushed_at=now(),
            pushed_by=self._job.requested_by,
            baseline=None,
        )
        result = {"instance": self._host.instance.name, "version": loaded.version, "sends": memory.sends}
        return result | {"isLookedAt": await self._looked_at()} if self._host.session else result

    async def _looked_at(self) -> bool:
        """Look what Studio has made of it, so that later changes are known; whether that was possible."""
        try:
            async with fetched(self._job, self._host, self._key, self._rules) as file:
                found = await looked_into(file)
        except (OpenEdxError, JobFailed) as error:
            log.warning("push_not_looked_at", job=self._job.uuid, reason=str(error))
            return False
        await self._note(baseline=found.digest)
        return True

    async def _note(self, **values: Any) -> None:
        async with self._job.writing() as session:
            await put(session, self._wanted.run_id, self._wanted.instance, **values)


def answer_of(error: OpenEdxError, step: Step) -> Answer:
    """What an error says about a step."""
    words = "; ".join(error.messages) or str(error)
    if isinstance(error, NotSent | Throttled) or error.path.endswith(TOKEN_PATH):
        return Answer(Told.NOT_DONE, words=words, retry_after=error.retry_after)
    if isinstance(error, Rejected) and step is not Step.ASK:
        return Answer(Told.REFUSED, words=words)
    return Answer(Told.SILENT, words=words)


def _lasting(memory: Memory) -> Memory:
    """What of it must not be forgotten."""
    return replace(memory, asks=0, not_before=None, words="")
