"""Following what a table says: who waits hears of each change, whatever process makes it.

News of the database say when to look; whoever missed some looks for himself now and then.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from db.engine import Database, Snapshot
from db.errors import DatabaseError

LOOK = 2.0
"""Seconds between two looks at what nothing is heard of."""

T = TypeVar("T")


async def follow(
    database: Database, channel: str, text: str, read: Callable[[Snapshot], Awaitable[T]], *, look: float = LOOK
) -> AsyncGenerator[T, None]:
    """What `read` gives at once, and each time that it is something else; many changes at once are one.

    `channel` and `text` are what the news of a change are told by. Between looks no snapshot is held. What `read`
    raises ends it, but for errors of the database: what was missed is seen later.
    """
    news = asyncio.Event()

    def hear(told: str) -> None:
        if told in {text, ""}:
            news.set()

    seen: list[T] = []
    async with database.news.listening(channel, hear):
        while True:
            news.clear()
            with contextlib.suppress(DatabaseError):
                async with database.reading() as snapshot:
                    found = await read(snapshot)
                if found not in seen:
                    seen = [found]
                    yield found
                    continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(look):
                    await news.wait()
