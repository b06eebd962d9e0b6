"""How far work is that goes on in another task, and in threads, as its job tells it; and how that work is ended.

What has changed the content of a run is never called canceled, nor too late: the end of such work is waited for.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from resolvers.jobs import JobContext

T = TypeVar("T")
PERIOD = 0.5
"""Seconds between two looks at the work."""


class Stopped(Exception):
    """Nobody waits any more for what is being done."""


@dataclass(slots=True)
class Step:
    """A stage of the work: how many are done of how many, and what is being done."""

    stage: str
    done: int = 0
    total: int | None = None
    item: str | None = None

    def __str__(self) -> str:
        counted = "" if self.total is None else f" of {self.total}"
        return f"{self.stage}, {self.done}{counted} done" + (f", at {self.item}" if self.item else "")


class Told:
    """How far some work is. What does it says so, in whatever thread; counts of a stage never fall.

    `renew` is called now and again while it goes on.
    """

    def __init__(self, first: str, renew: Callable[[], Awaitable[float]] | None = None) -> None:
        self.steps = [Step(first)]
        self.is_deciding = False
        """Whether the work may have made its change, so that it must not be ended any more."""
        self._is_stopped = False
        self._renew = renew
        self._renewal = time.monotonic()

    @property
    def last(self) -> Step:
        """Where the work is."""
        return self.steps[-1]

    def step(self, stage: str, done: int, total: int | None = None) -> None:
        """Tell of a stage how many are done. Raises Stopped."""
        if self._is_stopped:
            raise Stopped
        if stage != self.last.stage:
            self.steps.append(Step(stage))
        self.last.done = max(self.last.done, done)
        self.last.total = total

    def at(self, item: str) -> None:
        """Tell what is being done. Raises Stopped."""
        if self._is_stopped:
            raise Stopped
        self.last.item = item

    async def follow(self, job: JobContext, work: Coroutine[Any, Any, T]) -> T:
        """The result of work, while its job tells how far it is.

        Raises what the work raises, and, once the work is ended, JobCanceled, AttemptLost and what `renew` raises.
        """
        task = asyncio.create_task(work)
        try:
            await self._follow(job, task)
        except BaseException:
            self._is_stopped = True
            if not self.is_deciding:
                task.cancel()
            await asyncio.wait({task})
            if task.cancelled() or task.exception() is not None:
                raise
        return task.result()

    async def _follow(self, job: JobContext, task: "asyncio.Task[Any]") -> None:
        told = 0
        while not task.done():
            await asyncio.wait({task}, timeout=PERIOD)
            for step in self.steps[told:]:
                await job.advance(step.stage, step.done, step.total, step.item)
            told = len(self.steps) - 1
            if self._renew is not None and time.monotonic() >= self._renewal:
                self._renewal = time.monotonic() + await self._renew()
