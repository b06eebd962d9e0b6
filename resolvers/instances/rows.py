"""What is known of a run on an instance: its row."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import inserting
from db.tables import InstanceContent


async def row_of(session: AsyncSession, run_id: int, instance: str) -> InstanceContent | None:
    """The row, None where the run was neither pushed there nor pulled from there."""
    return await session.get(InstanceContent, (run_id, instance))


async def put(session: AsyncSession, run_id: int, instance: str, **values: Any) -> None:
    """Write what is known now."""
    insert = inserting(session, InstanceContent).values(course_run_id=run_id, instance=instance, **values)
    keys = ["course_run_id", "instance"]
    await session.execute(insert.on_conflict_do_update(index_elements=keys, set_=values))


def remote_version(row: InstanceContent | None) -> str | None:
    """The version that the instance is known to have: what was pushed, or pulled after that."""
    if row is None:
        return None
    if row.pulled_at is not None and (row.pushed_at is None or row.pulled_at > row.pushed_at):
        return row.pulled_version
    return row.pushed_version
