"""The time that an operation has, and the end of its statements when it is up.

PostgreSQL's driver has the server cancel the statement of a task that is cancelled. SQLite's statements run in threads,
which go on whatever becomes of the task: they are interrupted here, or connection and write lock would stay taken.
"""

import asyncio
import contextlib
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

import aiosqlite
from sqlalchemy import event

from db.engine import Database, Snapshot, SqliteDatabase, SqliteSnapshot

PAUSE = 0.05
"""Seconds between two interruptions: one that comes before a statement has begun is lost."""

INTERRUPTIONS = 20
"""How many to try before a task that writes is cancelled: cancelled within a statement, it could not roll back."""

Writers = set[aiosqlite.Connection]
_writers: ContextVar[Writers | None] = ContextVar("writers", default=None)
"""The connections that the operation of this context writes on just now."""


class Deadline:
    """A block that is cancelled when `seconds` have passed, with the statements that it waits for.

    It ends with TimeoutError then, even if it was just about to end well; `is_over` tells that from one of somebody
    else. Set `snapshot` to what the block reads from. What asyncio.timeout does is done here without its coroutines,
    which would be dear for small queries.
    """

    __slots__ = (
        "_cancelling", "_is_cancelled", "_seconds", "_stopping", "_task", "_timer", "_token", "_writers", "is_over",
        "snapshot",
    )  # fmt: skip

    def __init__(self, seconds: float) -> None:
        self.snapshot: Snapshot | None = None
        self.is_over = False
        self._seconds = seconds
        self._is_cancelled = False
        self._stopping: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- requests are served by tasks
        self._task = task
        self._cancelling = task.cancelling()
        self._writers: Writers = set()
        self._token = _writers.set(self._writers)
        self._timer = task.get_loop().call_later(self._seconds, self._end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _writers.reset(self._token)
        if self._stopping is None:
            return
        self._stopping.cancel()
        others = self._task.uncancel() if self._is_cancelled else self._task.cancelling()
        if others <= self._cancelling:
            raise TimeoutError from error

    def _end(self) -> None:
        self.is_over = True
        self._stopping = self._task.get_loop().create_task(self._stop())

    async def _stop(self) -> None:
        """Interrupt the statements under way and cancel the task; what begins meanwhile is interrupted too."""
        reader = _reader(self.snapshot)  # now: a snapshot lets go of its own when cancelled
        for _ in range(INTERRUPTIONS):
            if not self._writers:
                break
            await _interrupt(self._writers | reader)
            await asyncio.sleep(PAUSE)
        self._is_cancelled = self._task.cancel()
        while True:
            await _interrupt(self._writers | reader)
            await asyncio.sleep(PAUSE)


def watch(database: Database) -> None:
    """Know which connections operations write on, so that deadlines can interrupt them."""
    engine = database.engine.sync_engine
    if isinstance(database, SqliteDatabase) and not event.contains(engine, "checkout", _take):
        event.listen(engine, "checkout", _take)
        event.listen(engine, "checkin", _return)


def _take(connection: Any, record: Any, _proxy: object) -> None:
    record.info["writers"] = writers = _writers.get()
    if writers is not None:
        writers.add(connection.driver_connection)


def _return(connection: Any, record: Any) -> None:
    """Forget a connection that others may use next; `connection` is None for one that was closed."""
    writers = record.info.pop("writers", None)
    if writers is not None and connection is not None:
        writers.discard(connection.driver_connection)


def _reader(snapshot: Snapshot | None) -> Writers:
    reader = snapshot._reader if isinstance(snapshot, SqliteSnapshot) else None  # noqa: SLF001 -- it tells nobody
    return set() if reader is None else {reader.connection}


async def _interrupt(connections: Writers) -> None:
    for connection in connections:
        with contextlib.suppress(ValueError):  # it is closed by now
            await connection.interrupt()
