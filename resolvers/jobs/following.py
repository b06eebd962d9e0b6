"""Following a job: who waits for its end hears of each change, whatever process makes it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from sqlalchemy import Select, String, select

from db.engine import Database
from db.errors import DatabaseError
from db.tables import Job
from db.types import any_of, micros
from resolvers.access import Permission, visible_jobs
from resolvers.errors import NotFound
from resolvers.jobs.queue import CHANNEL
from resolvers.plan.statements import keys_parameter, rows_for

LOOK = 2.0
"""Seconds between two looks at a job of which nothing is heard."""

STANDING = select(micros(Job.changed_at), Job.finished_at.is_not(None)).where(
    any_of(Job.uuid, keys_parameter(String()))
)


async def follow(
    database: Database, uuid: str, viewer: str | None, permissions: frozenset[Permission], *, look: float = LOOK
) -> AsyncGenerator[None, None]:
    """Something at once, and after each change of a job, until it is over; many changes at once are one.

    Raises NotFound where there is none for the viewer.
    """
    news = asyncio.Event()
    shown = visible_jobs(permissions)
    query = STANDING if shown is None else STANDING.where(shown)

    def hear(text: str) -> None:
        if text in {uuid, ""}:
            news.set()

    seen: tuple[int, bool] | None = None
    async with database.news.listening(CHANNEL, hear):
        while seen is None or not seen[1]:
            news.clear()
            with contextlib.suppress(DatabaseError):  # what was missed is seen later
                found = await _standing(database, query, uuid, viewer)
                if found is None:
                    raise NotFound(f"there is no job {uuid}")
                if found != seen:
                    seen = found
                    yield
                    continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(look):
                    await news.wait()


async def _standing(
    database: Database, query: Select[*tuple[Any, ...]], uuid: str, viewer: str | None
) -> tuple[int, bool] | None:
    """When a job last changed, and whether it is over; None where there is none for the viewer."""
    async with database.reading() as snapshot:
        snapshot.is_single = True
        rows = await rows_for(snapshot, database.dialect, query, [uuid], viewer)
    return (rows[0][0], bool(rows[0][1])) if rows else None
