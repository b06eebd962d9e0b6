"""Telling other parts of the program, in whatever process, that a transaction changed something.

On PostgreSQL news travel by NOTIFY to all processes; on SQLite, where one process is all there is, within it. News are
hints: a listener that lost its connection misses some, so whoever waits for them looks for itself now and then.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import asyncpg
import structlog
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncSession

NEWS = "news"
"""Where a session has the news of its database, in `info`."""

PAUSE = 1.0
"""Seconds until a lost connection is tried again."""

Hear = Callable[[str], None]
log = structlog.get_logger(__name__)


async def tell(session: AsyncSession, channel: str, text: str) -> None:
    """Tell whoever listens to a channel, once the transaction is committed. A text has less than 8000 bytes."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_notify(channel, text)))
        return
    news: News = session.info[NEWS]
    event.listen(session.sync_session, "after_commit", lambda _: news.hear(channel, text), once=True)


class News:
    """The news of one database; of one process where there is no `dsn` of a PostgreSQL to listen to."""

    def __init__(self, dsn: str | None = None) -> None:
        self._dsn = dsn
        self._hearers: dict[str, list[Hear]] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_changed = asyncio.Event()

    def hear(self, channel: str, text: str) -> None:
        """Pass a text on to those who listen here."""
        for each in tuple(self._hearers.get(channel, ())):
            each(text)

    @contextlib.asynccontextmanager
    async def listening(self, channel: str, hear: Hear) -> AsyncIterator[None]:
        """Have `hear` called with each text on a channel, for the time of the block; an empty one: some were missed."""
        self._hearers.setdefault(channel, []).append(hear)
        if self._dsn is not None and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._listen(self._dsn))
        self._is_changed.set()
        try:
            yield
        finally:
            self._hearers[channel].remove(hear)
            if not self._hearers[channel]:
                del self._hearers[channel]

    async def aclose(self) -> None:
        """Listen no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _listen(self, dsn: str) -> None:
        """Listen on one connection, and on another when it is lost, until the process ends."""
        while True:
            try:
                await self._listen_once(dsn)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                log.warning("news_not_heard", reason=str(error))
            await asyncio.sleep(PAUSE)

    async def _listen_once(self, dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        connection.add_termination_listener(lambda _: self._is_changed.set())
        heard: set[str] = set()
        try:
            while not connection.is_closed():
                self._is_changed.clear()
                for channel in self._hearers.keys() - heard:
                    await connection.add_listener(channel, lambda *told: self.hear(str(told[2]), str(told[3])))
                    self.hear(channel, "")
                    heard.add(channel)
                await self._is_changed.wait()
        finally:
            await connection.close(timeout=PAUSE)
