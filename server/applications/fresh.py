"""What a process keeps of tables that seldom change, and how it learns that somebody else changed them.

Whoever changes such a table raises its version in the same transaction. Each process reads the versions, all in one
small statement, every other second; what it could not confirm for five seconds is used no longer.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any, Generic, NoReturn, TypeVar

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database, Snapshot
from db.errors import DatabaseError
from db.tables import CacheVersion
from resolvers.background import alongside
from resolvers.errors import ServiceUnavailable

PERIOD = 2.0
"""Seconds between two looks at the versions."""

LONGEST = 5.0
"""Seconds for which what was confirmed is good."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class CacheName(StrEnum):
    """What is kept, by the name of its row in `cache_version`."""

    APPLICATIONS = "applications"
    DOCUMENTS = "documents"


async def changed(session: AsyncSession, name: CacheName) -> None:
    """Raise the version of what the transaction changes."""
    await session.execute(
        update(CacheVersion).where(CacheVersion.name == name.value).values(version=CacheVersion.version + 1)
    )


class Kept(Generic[T]):
    """One thing that a process keeps: what `load` made of the tables when they last changed."""

    def __init__(
        self,
        name: CacheName,
        load: Callable[[Snapshot], Awaitable[T]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._load = load
        self._clock = clock
        self._version: int | None = None
        self._value: T | None = None
        self._confirmed = -LONGEST

    def get(self) -> T:
        """The value as of at most five seconds ago. Raises ServiceUnavailable when that is not known."""
        if self._value is None or self._clock() - self._confirmed > LONGEST:
            raise ServiceUnavailable("The database does not answer; try again later.")
        return self._value

    async def confirm(self, snapshot: Snapshot, version: int) -> None:
        """Take the value anew if its version is another one; it is confirmed as of when this began."""
        began = self._clock()
        if version != self._version:
            self._value, self._version = await self._load(snapshot), version
        self._confirmed = began


class Freshness:
    """Keeps what a process keeps up to date with its database."""

    def __init__(self, database: Database, kept: Sequence[Kept[Any]], *, period: float = PERIOD) -> None:
        self._database = database
        self._kept = kept
        self._period = period
        self._is_lost = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """For the time of the block, which begins with all that is kept, if the database answers."""
        await self._try()
        async with alongside(self._run):
            yield

    async def refresh(self) -> None:
        """Read the versions now, and what has changed. Raises DatabaseError."""
        async with self._database.reading() as snapshot:
            rows = await snapshot.fetch("SELECT name, version FROM cache_version")
            versions = {row[0]: int(row[1]) for row in rows}
            for each in self._kept:
                await each.confirm(snapshot, versions.get(each.name, 0))

    async def _run(self) -> NoReturn:
        while True:
            await asyncio.sleep(self._period)
            await self._try()

    async def _try(self) -> None:
        try:
            async with asyncio.timeout(LONGEST):
                await self.refresh()
        except (DatabaseError, TimeoutError) as error:
            if not self._is_lost:
                log.warning("caches_not_confirmed", detail=str(error) or "it took too long")
            self._is_lost = True
        else:
            self._is_lost = False
