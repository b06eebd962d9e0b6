"""Many questions about single names, gathered into few calls about many; one name is asked for once at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

Failures = Mapping[str, Exception]
"""The names of a batch that could not be loaded, and why."""

PAUSE = 0.03
"""Seconds for which the first of a batch waits for others, which is little beside the call."""


class Gatherer:
    """Calls `load` with up to `most` names at a time, in at most `at_once` batches beside each other.

    Whoever asks for a name that is being loaded shares that load.
    """

    def __init__(
        self, load: Callable[[Sequence[str]], Awaitable[Failures]], *, most: int = 100, at_once: int = 2
    ) -> None:
        self._load = load
        self._most = most
        self._places = asyncio.Semaphore(at_once)
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._waiting: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, name: str) -> "asyncio.Future[None]":
        """What is done once the name is loaded, or has the exception that kept it from being."""
        future = self._asked.get(name)
        if future is None:
            future = self._asked[name] = asyncio.get_running_loop().create_future()
            future.add_done_callback(_look_at)
            self._waiting.append(name)
            if len(self._waiting) == 1:
                self._start(self._gather())
        return future

    async def quiet(self, names: Iterable[str]) -> None:
        """Wait until none of the names is being loaded, so that what is asked for next is as of later than now."""
        pending = [self._asked[name] for name in names if name in self._asked]
        if pending:
            await asyncio.wait(pending)

    async def aclose(self) -> None:
        """Give up all loads."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _gather(self) -> None:
        while self._waiting:
            if len(self._waiting) < self._most:
                await asyncio.sleep(PAUSE)
            await self._places.acquire()  # the batch's, which grows while it waits
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            self._start(self._run(batch))

    async def _run(self, batch: Sequence[str]) -> None:
        failures: Failures = {}
        try:
            failures = await self._load(batch)
        except Exception as error:  # noqa: BLE001 -- whoever asked is told
            failures = dict.fromkeys(batch, error)
        finally:
            self._places.release()
            for name in batch:
                future = self._asked.pop(name)
                if future.cancelled():
                    continue
                if name in failures:
                    future.set_exception(failures[name])
                else:
                    future.set_result(None)


def _look_at(future: "asyncio.Future[None]") -> None:
    """Take note of a failure that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
