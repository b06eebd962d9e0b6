"""Drafts: beside what a run shows there may be another version of it, which is being written.

Every function is part of the caller's transaction, as those of versions are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.engine import Snapshot, inserting
from db.news import tell
from db.store.errors import LeaseLost
from db.store.store import INTEGERS, Store, keys
from db.store.versions import CHANNEL, COLUMNS, Commit, Head, add_entry, columns_of, expect, locked_head
from db.tables import DRAFT, ContentDraft, ContentVersion, now
from db.types import any_of, instant, micros


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft of a run: an entry of its history, and `base`, what the run showed when the draft was begun."""

    head: Head
    base: Head
    username: str
    at: datetime


BASE = aliased(ContentVersion)
BASES = tuple(getattr(BASE, column.key) for column in COLUMNS)
DRAFTS = (
    select(*COLUMNS, *BASES, ContentDraft.username, micros(ContentDraft.at))
    .join(ContentDraft, ContentDraft.version_id == ContentVersion.id)
    .join(BASE, BASE.id == ContentDraft.base_id)
    .where(any_of(ContentDraft.course_run_id, keys(INTEGERS)))
)
WIDTH = len(COLUMNS)


async def drafts(store: Store, runs: Sequence[int], snapshot: Snapshot | None = None) -> dict[int, Draft]:
    """The drafts of runs, in one statement; those without one are left out."""
    return {
        row[1]: Draft(Head(*row[:WIDTH]), Head(*row[WIDTH : 2 * WIDTH]), row[2 * WIDTH], instant(row[2 * WIDTH + 1]))
        for row in await store.fetch(DRAFTS, set(runs), snapshot)
    }


async def save_draft(session: AsyncSession, change: Commit) -> tuple[Head, bool]:
    """Make new content the draft of a run; what the draft is at now, and whether that is anything new.

    `expected` is the version of the draft, or of what the run shows where there is no draft. A draft that is what the
    run shows is none any more. Raises VersionConflict, and LeaseLost.
    """
    if now() >= change.until:
        raise LeaseLost("the change took so long that its parts may have been removed; begin again")
    published = await locked_head(session, change.run_id)
    query = select(*COLUMNS).join(ContentDraft, ContentDraft.version_id == ContentVersion.id)
    row = (await session.execute(query.where(ContentDraft.course_run_id == change.run_id))).one_or_none()
    current = published if row is None else Head(*row)
    expect(change.expected, current)
    if current and (current.root, current.frame) == (change.root, change.frame):
        return current, False
    if published and (published.root, published.frame) == (change.root, change.frame):
        await drop_draft(session, change.run_id)
        return published, True
    entry = columns_of(change, change.author, change.operation, change.message)
    head = await add_entry(session, change.run_id, current, entry, branch=DRAFT)
    values = {"version_id": head.id, "username": change.author.username, "at": now()}
    insert = inserting(session, ContentDraft)
    changed = insert.on_conflict_do_update(index_elements=["course_run_id"], set_=values)
    base = published.id if published else head.id
    await session.execute(changed, [{"course_run_id": change.run_id, "base_id": base, **values}])
    await tell(session, CHANNEL, str(change.run_id))
    return head, True


async def drop_draft(session: AsyncSession, run_id: int) -> bool:
    """Do away with the draft of a run; whether there was one. The history still has it."""
    query = delete(ContentDraft).where(ContentDraft.course_run_id == run_id).returning(ContentDraft.course_run_id)
    found = (await session.scalars(query)).all()
    if found:
        await tell(session, CHANNEL, str(run_id))
    return bool(found)
