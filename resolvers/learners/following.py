"""Following learners: who waits for a change of somebody's hears of it within a second, whatever process made it.

One small statement for all who are followed in this process is sent as long as there are some.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from sqlalchemy import String, select

from db.engine import Database
from db.errors import DatabaseError
from db.tables import Learner
from db.types import any_of, micros
from resolvers.plan.statements import keys_parameter, rows_for

PERIOD = 0.5
CHANGED = select(Learner.username, micros(Learner.changed_at)).where(any_of(Learner.username, keys_parameter(String())))


class Followers:
    """Those who follow learners of one database."""

    def __init__(self, database: Database, *, period: float = PERIOD) -> None:
        self._database = database
        self._period = period
        self._changes: dict[str, int] = {}
        self._followed: dict[str, int] = {}
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def follow(self, username: str) -> AsyncGenerator[None, None]:
        """Something at once, and after each change of the learner's; many changes at once are one."""
        self._followed[username] = self._followed.get(username, 0) + 1
        try:
            seen = await self._look_at(username)
            while True:
                yield
                async with self._news:
                    while self._changes.get(username, seen) == seen:
                        await self._news.wait()
                seen = self._changes[username]
        finally:
            self._followed[username] -= 1
            if not self._followed[username]:
                del self._followed[username]
                self._changes.pop(username, None)

    async def _look_at(self, username: str) -> int:
        """When the learner last changed, from before the follower is told anything."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        if username not in self._changes:
            self._changes |= {username: 0} | await self._read([username])
        return self._changes[username]

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._period)
            if not self._followed:
                return
            with contextlib.suppress(DatabaseError):  # what was missed is seen later
                changes = await self._read(list(self._followed))
                changes = {name: at for name, at in changes.items() if name in self._followed}
                if any(self._changes.get(name) != at for name, at in changes.items()):
                    async with self._news:
                        self._changes |= changes
                        self._news.notify_all()

    async def _read(self, usernames: list[str]) -> dict[str, int]:
        async with self._database.reading() as snapshot:
            snapshot.is_single = True
            rows = await rows_for(snapshot, self._database.dialect, CHANGED, usernames)
            return {row[0]: row[1] for row in rows}

    async def aclose(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
