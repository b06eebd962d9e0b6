"""One attempt at a job, from its handler to what becomes of it; the same for every engine."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import func

from db.engine import Database
from db.errors import DatabaseError
from db.tables import Job, JobState
from resolvers.jobs.attempts import Held, as_json, ended, hold, put, reason, take, waiting, worker_name
from resolvers.jobs.context import JobContext
from resolvers.jobs.errors import AttemptLost, JobCanceled, JobErrorCode, JobFailed, Postponed, TryAgain
from resolvers.jobs.kinds import Handler, Handlers, Kind
from resolvers.jobs.queue import CANCEL, CHANNEL

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Pace:
    """How often what happens to jobs, in seconds.

    Who runs a job holds it for `lease` and says every `beat` that it still does; who does not is taken for dead within
    `sweep`. A job that nobody told of is found within `look`.
    """

    lease: float = 30.0
    beat: float = 8.0
    sweep: float = 10.0
    look: float = 2.0


async def stop(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel tasks and wait until all have ended."""
    waiting = set(tasks)
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting)


STOPPED = object()
"""What ended an attempt that was stopped with its process."""

PAUSES = (0.1, 0.5, 2.0)
"""Seconds between the times that the end of an attempt is tried to be written."""


class Runner:
    """Runs the jobs that `handlers` are for, one attempt at a time for each call."""

    def __init__(self, database: Database, handlers: Handlers, pace: Pace | None = None) -> None:
        self.database = database
        self.pace = pace or Pace()
        self.worker = worker_name()
        self.kinds: Mapping[str, Kind] = {kind.name: kind for kind in handlers}
        self._handlers = handlers
        self._under_way: dict[str, asyncio.Event] = {}

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear of jobs under way that are to be canceled, for the time of the block; else it takes a beat."""
        async with self.database.news.listening(CHANNEL, self._hear):
            yield

    def _hear(self, text: str) -> None:
        news = self._under_way.get(text.removeprefix(CANCEL)) if text.startswith(CANCEL) else None
        if news is not None:
            news.set()

    @property
    def queues(self) -> list[str]:
        """The queues of the kinds."""
        return sorted({kind.queue for kind in self.kinds.values()})

    async def take(self, *, uuid: str | None = None, queue: str = "") -> Held | None:
        """Take up the job with a UUID, or the first of a queue, if it is ready. Raises DatabaseError."""
        async with self.database.writing() as session:
            return await take(session, self.worker, self.pace.lease, self.kinds, uuid=uuid, queue=queue)

    async def run(self, held: Held) -> None:
        """Run an attempt to its end. When this is canceled the job is given back, and the attempt does not count."""
        kind = self.kinds[held.job.kind]
        context = JobContext(self.database, held, self.pace.lease)
        began = time.perf_counter()
        work = asyncio.create_task(_outcome(context, kind, self._handlers[kind]))
        news = self._under_way[held.job.uuid] = asyncio.Event()
        beat = asyncio.create_task(self._beat(context, work, news))
        is_stopped = False
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            is_stopped = True
            work.cancel()
            await asyncio.wait({work})
        finally:
            await stop([beat])
            if self._under_way.get(held.job.uuid) is news:
                del self._under_way[held.job.uuid]
        outcome = self._outcome_of(context, kind, work, is_stopped=is_stopped)
        ending = asyncio.create_task(self._end(context, kind, outcome))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(ending)
        await ending
        seconds, code = round(time.perf_counter() - began, 3), getattr(outcome, "code", None)
        log.info("job_attempt", job=held.job.uuid, kind=kind.name, seconds=seconds, code=code)
        if is_stopped:
            raise asyncio.CancelledError

    def _outcome_of(self, context: JobContext, kind: Kind, work: "asyncio.Task[Any]", *, is_stopped: bool) -> Any:
        if not work.cancelled():
            return work.result()
        return STOPPED if is_stopped or context.is_lost else _fault(context, kind, RuntimeError("it canceled itself"))

    async def _beat(self, context: JobContext, work: "asyncio.Task[Any]", news: asyncio.Event) -> None:
        """Hold the job while it runs; stop the work when that was not possible for as long as it was held."""
        confirmed = time.monotonic()
        while not context.is_lost and time.monotonic() - confirmed < self.pace.lease:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.pace.beat):
                    await news.wait()
            news.clear()
            try:
                await context.write()
                confirmed = time.monotonic()
            except AttemptLost:
                break
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried until the time is up
                log.warning("job_not_held", job=context.uuid, reason=str(error))
        context.is_lost = True
        work.cancel()

    async def _end(self, context: JobContext, kind: Kind, outcome: Any) -> None:
        """Write what became of an attempt, unless it was lost."""
        if context.is_lost:
            log.warning("job_lost", job=context.uuid, kind=kind.name)
            return
        pauses = iter(PAUSES)
        while True:
            try:
                async with self.database.writing() as session:
                    if isinstance(outcome, str):
                        await hold(session, context.held, self.pace.lease, _success(context, outcome))
                    else:
                        job = await hold(session, context.held, self.pace.lease)
                        await put(session, job, {**context.unwritten(), **_ending(job, kind, outcome)})
            except AttemptLost:
                log.warning("job_lost", job=context.uuid, kind=kind.name)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the job is not to be lost
                pause = next(pauses, None)
                if pause is None:  # it is taken up again when it is held no longer
                    log.warning("job_end_not_written", job=context.uuid, reason=str(error))
                    return
                await asyncio.sleep(pause)
                continue
            return


def _success(context: JobContext, result: str) -> dict[str, Any]:
    """What is written of an attempt that has a result: all of what was to be done is."""
    last = dict(context.unwritten())
    done = func.coalesce(last.get("total", Job.total), last.get("done", Job.done))
    return {**last, **ended(JobState.SUCCEEDED, result=result, done=done, item=None, **reason(None, None))}


async def _outcome(context: JobContext, kind: Kind, handler: Handler) -> Any:
    """The result of the handler, as JSON text, or the exception that it ended with."""
    try:
        async with asyncio.timeout(kind.time_limit) as limit:
            return as_json(await handler(context))
    except (JobFailed, JobCanceled, AttemptLost) as error:
        return error
    except DatabaseError as error:
        return TryAgain(JobErrorCode.DATABASE_UNAVAILABLE, str(error))
    except TimeoutError as error:
        if limit.expired():
            return TryAgain(JobErrorCode.TIMED_OUT, f"it took more than {kind.time_limit:g} seconds")
        return _fault(context, kind, error)
    except Exception as error:  # noqa: BLE001 -- whatever a handler raises, other jobs go on
        return _fault(context, kind, error)


def _fault(context: JobContext, kind: Kind, error: Exception) -> TryAgain:
    """What is shown of an exception that nobody foresaw: an id, under which the log has it."""
    id_ = secrets.token_hex(8)
    log.error("job_fault", id=id_, job=context.uuid, kind=kind.name, exc_info=error)
    return TryAgain(JobErrorCode.INTERNAL_ERROR, f"something went wrong that nobody foresaw; the log has it as {id_}")


def _ending(job: Job, kind: Kind, outcome: Any) -> dict[str, Any]:
    """What is written of an attempt that ended in this way, without a result."""
    is_canceled = job.cancel_requested_at is not None
    if isinstance(outcome, JobCanceled) or (is_canceled and (outcome is STOPPED or isinstance(outcome, TryAgain))):
        return ended(JobState.CANCELED)
    if outcome is STOPPED:
        return {**waiting(0), "attempts": job.attempts - 1}
    if isinstance(outcome, Postponed):
        return {**waiting(outcome.after or 0), "attempts": job.attempts - 1, **reason(outcome.code, str(outcome))}
    if isinstance(outcome, TryAgain) and job.attempts < job.max_attempts:
        pause = kind.pause(job.attempts) if outcome.after is None else outcome.after
        return {**waiting(pause), **reason(outcome.code, str(outcome))}
    assert isinstance(outcome, JobFailed)  # noqa: S101 -- nothing else is left
    told = None if outcome.result is None else as_json(outcome.result)
    return ended(JobState.FAILED, result=told, **reason(outcome.code, str(outcome)))
