"""Runs of the catalog as content knows them: by their ids."""

from sqlalchemy import select

from db.store import Store
from db.store.store import keys
from db.tables import CourseRun
from db.types import any_of
from edx.keys import CourseKey

IDS = select(CourseRun.id).where(any_of(CourseRun.key_folded, keys()))


async def run_id(store: Store, key: CourseKey) -> int | None:
    """The id of a run, by its key in whatever case; None where there is none."""
    rows = await store.fetch(IDS, [key.folded])
    return int(rows[0][0]) if rows else None
