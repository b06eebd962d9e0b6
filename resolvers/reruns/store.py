"""Where the making of a run is kept: its row, what is remembered with it, and a line for each thing that was tried."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.tables import CourseRun, Rerun, RerunAttempt, RerunState, now
from resolvers.jobs import JobContext, JobFailed
from resolvers.reruns.machine import Memory, Reason, Told, failed, restarted
from resolvers.reruns.making import Entry
from resolvers.reruns.wanted import Wanted, wanted_of

MOMENTS = ("clone_at", "idle_since", "not_before")
ELSEWHERE = ("state", "reason", "detail")
"""What of the memory has columns of its own."""

LONGEST_DETAIL = 1000
RUN_NOT_FOUND = "RUN_NOT_FOUND"
STEPS = 3
"""What progress is counted in: the run is there, it is configured, it has its modes."""


class RerunStore:
    """The making of the run `run_id`, for one attempt at the job that makes it. Methods may raise AttemptLost.

    Loaded at first, the attempt is counted, and a run that FAILED is taken up again if `is_anew`.
    """

    def __init__(self, context: JobContext, run_id: int, *, is_anew: bool) -> None:
        self._context = context
        self._id = run_id
        self._is_anew = is_anew
        self._memory = Memory()
        self._attempt: int | None = None

    async def load(self) -> tuple[Wanted, Memory]:
        """What is wanted, and what is remembered. Raises JobFailed where there is no such run."""
        async with self._context.writing() as session:
            rerun, wanted = await read(session, self._id)
            memory = memory_of(rerun)
            if self._attempt is None:
                memory = restarted(memory) if self._is_anew else memory
                self._attempt = rerun.attempts + 1
                await _put(session, self._id, memory, attempts=self._attempt)
        self._memory = memory
        return wanted, memory

    async def save(self, memory: Memory, entry: Entry | None = None) -> None:
        """Keep what is remembered, and a line of the log. Raises JobCanceled, before what is begun and after a step."""
        if entry is None:
            await self._advance(memory)
        async with self._context.writing() as session:
            if entry is not None:
                await session.execute(insert(RerunAttempt).values(_line(self._id, self._attempt or 1, entry)))
            await _put(session, self._id, memory)
        self._memory = memory
        if entry is not None and not memory.is_over:
            await self._advance(memory)

    async def cancel(self) -> None:
        """End the making where it is; it can be taken up again."""
        async with self._context.writing() as session:
            await _put(session, self._id, failed(self._memory, Reason.CANCELED))

    async def _advance(self, memory: Memory) -> None:
        done = memory.is_found + memory.is_configured
        await self._context.advance(memory.state.upper(), done, STEPS)


async def read(session: AsyncSession, run_id: int) -> tuple[Rerun, Wanted]:
    """The making of a run, and what is wanted. Raises JobFailed where there is no such run."""
    source = aliased(CourseRun)
    query = (
        select(Rerun, CourseRun, source)
        .join(CourseRun, CourseRun.id == Rerun.id)
        .join(source, source.id == CourseRun.parent_id)
        .where(Rerun.id == run_id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise JobFailed(RUN_NOT_FOUND, "the run that was to be made is not planned any more")
    rerun, run, parent = row
    return rerun, wanted_of(run, parent)


async def _put(session: AsyncSession, run_id: int, memory: Memory, **values: Any) -> None:
    values |= {
        "state": memory.state,
        "remembered": remembered(memory),
        "failure_code": memory.reason and memory.reason.upper(),
        "failure": memory.detail or None if memory.reason else None,
    }
    if memory.state is RerunState.READY:
        values["ready_at"] = now()
    await session.execute(update(Rerun).where(Rerun.id == run_id).values(values))


def _line(run_id: int, attempt: int, entry: Entry) -> dict[str, Any]:
    """A line of the log."""
    answer = entry.answer
    told = " ".join(part for part in (answer.status and str(answer.status), answer.detail) if part)
    return {
        "rerun_id": run_id,
        "attempt": attempt,
        "step": entry.step,
        "outcome": answer.told,
        "detail": told[:LONGEST_DETAIL],
    }


def remembered(memory: Memory) -> str:
    """What is kept as JSON."""
    return orjson.dumps({name: value for name, value in _fields(memory).items() if name not in ELSEWHERE}).decode()


def memory_of(rerun: Rerun) -> Memory:
    """What a row remembers."""
    kept: dict[str, Any] = orjson.loads(rerun.remembered)
    for name in MOMENTS:
        kept[name] = datetime.fromisoformat(kept[name]) if kept.get(name) else None
    if kept.get("ended"):
        kept["ended"] = Told(kept["ended"])
    reason = Reason(rerun.failure_code.lower()) if rerun.failure_code else None
    return Memory(state=rerun.state, reason=reason, detail=rerun.failure or "", **kept)


def _fields(memory: Memory) -> dict[str, Any]:
    return {name: getattr(memory, name) for name in Memory.__dataclass_fields__}
