"""Following a job: who waits for its end hears of each change, whatever process makes it."""

import contextlib
from collections.abc import AsyncGenerator

from sqlalchemy import String, select

from db.engine import Database, Snapshot
from db.tables import Job
from db.types import any_of, micros
from resolvers import following
from resolvers.access import Permission, visible_jobs
from resolvers.errors import NotFound
from resolvers.following import LOOK
from resolvers.jobs.queue import CHANNEL
from resolvers.plan.statements import keys_parameter, rows_for

STANDING = select(micros(Job.changed_at), Job.finished_at.is_not(None)).where(
    any_of(Job.uuid, keys_parameter(String()))
)


async def follow(
    database: Database, uuid: str, viewer: str | None, permissions: frozenset[Permission], *, look: float = LOOK
) -> AsyncGenerator[None, None]:
    """Something at once, and after each change of a job, until it is over; many changes at once are one.

    Raises NotFound where there is none for the viewer.
    """
    shown = visible_jobs(permissions)
    query = STANDING if shown is None else STANDING.where(shown)

    async def read(snapshot: Snapshot) -> tuple[int, bool]:
        """When the job last changed, and whether it is over."""
        snapshot.is_single = True
        rows = await rows_for(snapshot, database.dialect, query, [uuid], viewer)
        if not rows:
            raise NotFound(f"there is no job {uuid}")
        return rows[0][0], bool(rows[0][1])

    async with contextlib.aclosing(following.follow(database, CHANNEL, uuid, read, look=look)) as standings:
        async for _, is_over in standings:
            yield
            if is_over:
                return
