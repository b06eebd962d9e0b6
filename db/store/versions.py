"""The versions of a run's content: a pointer to one, which changes as a whole or not at all, and its history.

A version's name is the hash of its root, so equal content has one name wherever it is. Every function is part of the
caller's transaction, in which a run's changes come one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.engine import Snapshot, inserting
from db.news import tell
from db.store.errors import LeaseLost, UnknownVersion, VersionConflict
from db.store.store import INTEGERS, Store, keys
from db.tables import PUBLISHED, SOURCE, ContentHead, ContentPin, ContentSource, ContentVersion, CourseRun, now
from db.types import any_of, instant, micros

CHANNEL = "content"
"""Where new versions are told, by the ids of runs."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes content, and through which application."""

    username: str
    application: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """New content of a run: `root` is its version, `frame` the node of what is outside of the hash.

    `expected` is the version that the change was made for, None for whichever is there. Counts are of the content;
    what was stored for it is safe until `until`.
    """

    run_id: int
    root: str
    frame: str
    author: Author
    operation: str
    until: datetime
    blocks: int
    files: int
    bytes: int
    expected: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """An entry of a run's history, such as the one that is its content."""

    id: int
    run_id: int
    number: int
    root: str
    frame: str
    blocks: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Version:
    """An entry of a run's history with all that is known of it."""

    number: int
    version: str
    parent: str | None
    author: Author
    at: datetime
    operation: str
    message: str
    is_expired: bool


COLUMNS = tuple(getattr(ContentVersion, "course_run_id" if n == "run_id" else n) for n in Head.__slots__)
HEADS = (
    select(*COLUMNS)
    .join(ContentHead, ContentHead.version_id == ContentVersion.id)
    .where(any_of(ContentHead.course_run_id, keys(INTEGERS)))
)
SOURCES = (
    select(*COLUMNS, micros(ContentSource.at), ContentSource.username, CourseRun.key, ContentSource.from_run_id)
    .join(ContentSource, ContentSource.version_id == ContentVersion.id)
    .outerjoin(CourseRun, CourseRun.id == ContentSource.from_run_id)
    .where(any_of(ContentSource.course_run_id, keys(INTEGERS)))
)
ENTRIES = (
    select(*COLUMNS, ContentVersion.expired_at)
    .where(any_of(ContentVersion.course_run_id, keys(INTEGERS)))
    .order_by(ContentVersion.number)
)


async def commit(session: AsyncSession, change: Commit) -> tuple[Head, bool]:
    """Make new content a run's; what it is at now, and whether that is anything new.

    Raises VersionConflict when the run is not at the expected version, and LeaseLost.
    """
    if now() >= change.until:
        raise LeaseLost("the import took so long that its parts may have been removed; begin again")
    current = await locked_head(session, change.run_id)
    expect(change.expected, current)
    if current and (current.root, current.frame) == (change.root, change.frame):
        return current, False
    entry = columns_of(change, change.author, change.operation, change.message)
    return await _advance(session, change.run_id, current, entry), True


async def restore(
    session: AsyncSession,
    run_id: int,
    version: str,
    author: Author,
    *,
    expected: str | None = None,
    message: str = "",
) -> tuple[Head, bool]:
    """Make a version that a run once had its content again, as a new entry of its history.

    Raises VersionConflict and UnknownVersion.
    """
    current = await locked_head(session, run_id)
    expect(expected, current)
    old = await _used(session, run_id, version)
    if current and (current.root, current.frame) == (old.root, old.frame):
        return current, False
    return await _advance(session, run_id, current, columns_of(old, author, "restore", message)), True


async def share(session: AsyncSession, from_run: int, to_run: int, author: Author) -> str | None:
    """Make the content of one run that of another; the version, None where the one has none.

    Only the pointer is copied: time and storage do not grow with the content (spec/b2b-courseware.md, re-runs).
    """
    source = await _head(session, from_run)
    if source is None:
        return None
    current = await locked_head(session, to_run)
    entry = await _used(session, from_run, source.root)
    if current is None or (current.root, current.frame) != (entry.root, entry.frame):
        current = await _advance(session, to_run, current, columns_of(entry, author, "re-run"))
    await adopt(session, current, author, from_run=from_run)
    return entry.root


async def adopt(session: AsyncSession, entry: Head, author: Author, *, from_run: int | None = None) -> None:
    """Remember an entry of a run's history as what its source had when that was taken last; it is kept."""
    values = {"version_id": entry.id, "from_run_id": from_run, "username": author.username, "at": now()}
    row = inserting(session, ContentSource)
    changed = row.on_conflict_do_update(index_elements=["course_run_id"], set_=values)
    await session.execute(changed, [{"course_run_id": entry.run_id, **values}])


async def record_source(session: AsyncSession, source: Commit) -> Head:
    """Add what a source has to a run's history, though it does not become the run's content as it is."""
    current = await locked_head(session, source.run_id)
    if current and (current.root, current.frame) == (source.root, source.frame):
        return current
    known = await _entry_of_source(session, source.run_id)
    if known and (known.root, known.frame) == (source.root, source.frame):
        return known
    entry = columns_of(source, source.author, "source", source.message)
    return await add_entry(session, source.run_id, known, entry, branch=SOURCE)


async def _entry_of_source(session: AsyncSession, run_id: int) -> Head | None:
    query = select(*COLUMNS).join(ContentSource, ContentSource.version_id == ContentVersion.id)
    row = (await session.execute(query.where(ContentSource.course_run_id == run_id))).one_or_none()
    return None if row is None else Head(*row)


async def pin(session: AsyncSession, run_id: int, version: str, name: str, author: Author) -> None:
    """Keep a version for good, under a name. Raises UnknownVersion."""
    entry = await _used(session, run_id, version)
    row = {"version_id": entry.id, "name": name, "username": author.username}
    await session.execute(inserting(session, ContentPin).on_conflict_do_nothing(), [row])


async def unpin(session: AsyncSession, run_id: int, version: str, name: str) -> None:
    """Keep a version no longer than others. No pin of that name is no error."""
    entries = select(ContentVersion.id).where(ContentVersion.course_run_id == run_id, ContentVersion.root == version)
    await session.execute(delete(ContentPin).where(ContentPin.version_id.in_(entries), ContentPin.name == name))


async def history(session: AsyncSession, run_id: int) -> list[Version]:
    """The history of a run's content, the newest first."""
    query = select(ContentVersion).where(ContentVersion.course_run_id == run_id)
    rows = await session.scalars(query.order_by(ContentVersion.number.desc()))
    return [
        Version(
            row.number,
            row.root,
            row.parent,
            Author(row.username, row.application),
            row.at,
            row.operation,
            row.message,
            row.expired_at is not None,
        )
        for row in rows
    ]


async def current(session: AsyncSession, run_id: int) -> Head | None:
    """What a run has as its content now, as the caller's transaction sees it; None for a run without any."""
    return await _head(session, run_id)


async def entry_of(session: AsyncSession, run_id: int, version: str) -> Head:
    """A version that a run had, marked as used now, so that it is not given up meanwhile. Raises UnknownVersion."""
    entry = await _used(session, run_id, version)
    return Head(entry.id, run_id, entry.number, entry.root, entry.frame, entry.blocks, entry.files, entry.bytes)


async def heads(store: Store, runs: Sequence[int], snapshot: Snapshot | None = None) -> dict[int, Head]:
    """What runs have as their content now, in one statement; those without content are left out."""
    return {head.run_id: head for head in (Head(*row) for row in await store.fetch(HEADS, set(runs), snapshot))}


@dataclass(frozen=True, slots=True)
class Taken:
    """The version of its source that a run has taken last, when, by whom, and from which run if from one."""

    head: Head
    at: datetime
    username: str
    from_run: str | None
    from_run_id: int | None


async def sources_of(store: Store, runs: Sequence[int], snapshot: Snapshot | None = None) -> dict[int, Taken]:
    """What runs have taken from their sources last, in one statement; those without a source are left out."""
    rows = await store.fetch(SOURCES, set(runs), snapshot)
    width = len(COLUMNS)
    return {row[1]: Taken(Head(*row[:width]), instant(row[width]), *row[width + 1 :]) for row in rows}


async def head_of(
    store: Store, run_id: int, version: str | None = None, snapshot: Snapshot | None = None
) -> Head | None:
    """What a run has as its content, or had as a certain version; None for a run without any.

    Raises UnknownVersion for one that it never had, or that was not kept.
    """
    if version is None:
        return (await heads(store, [run_id], snapshot)).get(run_id)
    rows = await store.fetch(ENTRIES, [run_id], snapshot)
    found = [row for row in rows if Head(*row[:-1]).root == version]
    kept = [row for row in found if row[-1] is None]
    if not kept:
        raise UnknownVersion(version, is_expired=bool(found))
    return Head(*kept[-1][:-1])


async def locked_head(session: AsyncSession, run_id: int) -> Head | None:
    """What a run is at, with the run locked against other changes."""
    await session.execute(select(CourseRun.id).where(CourseRun.id == run_id).with_for_update(key_share=True))
    return await _head(session, run_id)


async def _head(session: AsyncSession, run_id: int) -> Head | None:
    query = select(*COLUMNS).join(ContentHead, ContentHead.version_id == ContentVersion.id)
    row = (await session.execute(query.where(ContentHead.course_run_id == run_id))).one_or_none()
    return None if row is None else Head(*row)


def expect(expected: str | None, current: Head | None) -> None:
    """Raise VersionConflict unless this is the version that a change was made for, if it says one."""
    root = current.root if current else None
    if expected is not None and expected != root:
        raise VersionConflict(expected, root)


async def _used(session: AsyncSession, run_id: int, version: str) -> ContentVersion:
    """The newest entry with this version, marked as used now, so that it is not given up meanwhile."""
    of_run = (ContentVersion.course_run_id == run_id, ContentVersion.root == version)
    newest = select(ContentVersion.id).where(*of_run, ContentVersion.expired_at.is_(None))
    newest = newest.order_by(ContentVersion.number.desc()).limit(1)
    query = (
        update(ContentVersion)
        .where(ContentVersion.id == newest.scalar_subquery(), ContentVersion.expired_at.is_(None))
        .values(used_at=now())
        .returning(ContentVersion)
    )
    found = await session.scalar(query, execution_options={"synchronize_session": False, "populate_existing": True})
    if found is None:
        is_expired = await session.scalar(select(ContentVersion.id).where(*of_run).limit(1)) is not None
        raise UnknownVersion(version, is_expired=is_expired)
    return found


def columns_of(content: Commit | ContentVersion, author: Author, operation: str, message: str = "") -> dict[str, Any]:
    """The columns of an entry with this content."""
    copied = {name: getattr(content, name) for name in ("root", "frame", "blocks", "files", "bytes")}
    who = {"username": author.username, "application": author.application}
    return {**copied, **who, "operation": operation, "message": message}


async def _advance(session: AsyncSession, run_id: int, current: Head | None, entry: Mapping[str, Any]) -> Head:
    """Make an entry the next one of a run's history, and the run's content."""
    head = await add_entry(session, run_id, current, entry)
    pointer = {"course_run_id": run_id, "version_id": head.id}
    insert_head = inserting(session, ContentHead)
    moved = insert_head.on_conflict_do_update(index_elements=["course_run_id"], set_={"version_id": head.id})
    await session.execute(moved, [pointer])
    await tell(session, CHANNEL, str(run_id))
    return head


async def add_entry(
    session: AsyncSession, run_id: int, before: Head | None, entry: Mapping[str, Any], *, branch: str = PUBLISHED
) -> Head:
    """Add an entry to the history of a run, which is locked; `before` is what it comes after."""
    earlier = aliased(ContentVersion)
    last = select(func.coalesce(func.max(earlier.number), 0) + 1).where(earlier.course_run_id == run_id)
    place = {
        "course_run_id": run_id,
        "number": last.scalar_subquery(),
        "parent": before.root if before else None,
        "branch": branch,
    }
    query = insert(ContentVersion).values(**entry, **place).returning(*COLUMNS)
    return Head(*(await session.execute(query)).one())
