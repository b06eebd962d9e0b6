"""What the work of a job is told, and how it tells how far it is and what must not be forgotten."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.errors import DatabaseError
from db.tables import Job
from resolvers.jobs.attempts import Held, as_json, hold, storable
from resolvers.jobs.errors import AttemptLost, JobCanceled

PERIOD = 0.5
"""Seconds between two times that progress is written, at least, unless there is a new stage."""

LONGEST_ITEM = 512

log = structlog.get_logger(__name__)


class JobContext:
    """One attempt at a job.

    `input` is what it was asked for with, `memory` what this attempt and earlier ones remember, both JSON. `attempt` is
    1 for the first since it was asked for. `requested_by` is the LMS username of whoever asked, if somebody did, and
    `application` what they came through.
    """

    def __init__(self, database: Database, held: Held, lease: float) -> None:
        job = held.job
        self.database = database
        self.held = held
        self.uuid = job.uuid
        self.subject = job.subject
        self.requested_by = job.requested_by
        self.application = job.application
        self.attempt = job.attempts
        self.attempts_left = job.max_attempts - job.attempts
        self.input: Mapping[str, Any] = orjson.loads(job.input)
        self._memory: dict[str, Any] = orjson.loads(job.memory)
        self._lease = lease
        self._stage = job.stage
        self._unwritten: dict[str, Any] = {}
        self._writing = asyncio.Lock()
        self._written_at = -PERIOD
        self._is_canceled = job.cancel_requested_at is not None
        self.is_lost = False

    @property
    def memory(self) -> Mapping[str, Any]:
        """What is remembered."""
        return self._memory

    @property
    def is_canceled(self) -> bool:
        """Whether somebody asked for the job to be canceled, as far as is known here: within seconds."""
        return self._is_canceled

    async def advance(
        self,
        stage: str | None = None,
        done: int | None = None,
        total: int | None = None,
        item: str | None = None,
    ) -> None:
        """Tell how far the work is: a new stage, how many of how many are done, and what is being done.

        It may be called for every item: what comes quickly is written together. Raises JobCanceled where the job is to
        be canceled, so call it where it is right to stop, and AttemptLost.
        """
        is_new = stage is not None and stage != self._stage
        given = {"stage": stage, "done": done, "total": total, "item": item and storable(item, LONGEST_ITEM)}
        if is_new:
            self._stage = stage
            self._unwritten = {"done": 0, "total": None, "item": None}
        self._unwritten |= {name: value for name, value in given.items() if value is not None}
        if is_new or time.monotonic() - self._written_at >= PERIOD:
            try:
                await self.write()
            except DatabaseError as error:  # it is written later; for how long the job is held is watched elsewhere
                log.warning("job_not_held", job=self.uuid, reason=str(error))
        if self._is_canceled:
            raise JobCanceled("it was canceled")

    async def remember(self, key: str, value: Any) -> None:
        """Remember something for this and later attempts: committed when this returns. JSON. Raises AttemptLost.

        Remember what is about to be done elsewhere before it is done, and what came of it before going on.
        """
        self._memory[key] = value
        await self.write(memory=True)

    async def begin(self, session: AsyncSession, stage: str) -> None:
        """Begin with a stage as part of another change. Raises AttemptLost."""
        self._stage, self._unwritten = stage, {}
        await self._hold(session, {"stage": stage, "done": 0, "total": None, "item": None})

    async def remember_with(self, session: AsyncSession, key: str, value: Any) -> None:
        """Remember something as part of another change: both are committed or neither. Raises AttemptLost.

        Raises JobCanceled where the job is to be canceled, so that the change is not made.
        """
        self._memory[key] = value
        await self._hold(session, {"memory": as_json(self._memory)})
        if self._is_canceled:
            raise JobCanceled("it was canceled")

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A write transaction that holds the job: nobody else has it before the commit. Raises AttemptLost.

        As every one it should be short, and wait for nothing but the database.
        """
        async with self.database.writing() as session:
            await self._hold(session, {})
            yield session

    async def write(self, *, memory: bool = False) -> None:
        """Write how far the work is, and what is remembered, and hold the job for longer. Raises AttemptLost."""
        async with self._writing:  # the last one that writes has all that is remembered
            values, self._unwritten = self._unwritten, {}
            try:
                async with self.database.writing() as session:
                    await self._hold(session, values | ({"memory": as_json(self._memory)} if memory else {}))
            except BaseException:
                self._unwritten = values | self._unwritten
                raise
        self._written_at = time.monotonic()

    def unwritten(self) -> Mapping[str, Any]:
        """How far the work is, as far as it was not written yet."""
        return self._unwritten

    async def _hold(self, session: AsyncSession, values: Mapping[str, Any]) -> Job:
        try:
            job = await hold(session, self.held, self._lease, values)
        except AttemptLost:
            self.is_lost = True
            raise
        self._is_canceled = job.cancel_requested_at is not None
        return job
