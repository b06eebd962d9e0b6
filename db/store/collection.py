"""Garbage collection: versions that are not kept any more, and what only they had.

First versions are given up, then what no kept version leads to and nobody leases is removed: nodes at once, blobs after
some time as tombstones, so that nobody reads them any more. Imports may run meanwhile, also of the same content.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, exists, func, select, update
from sqlalchemy.orm import aliased

from db.engine import Snapshot
from db.store.encoding import NodeLink, links_of
from db.store.errors import StoreError
from db.store.store import Store, chunks
from db.tables import (
    ContentBlob,
    ContentDraft,
    ContentHead,
    ContentNode,
    ContentPin,
    ContentSource,
    ContentVersion,
    now,
)

ROWS = 500


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept besides what runs have as their content now and what is pinned.

    `age` is how long a version is kept after it was last used, `newest` how many of each run are kept at least.
    `grace` is how long removed blobs can still be read.
    """

    age: timedelta = timedelta(days=365)
    newest: int = 10
    grace: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection did."""

    versions: int = 0
    nodes: int = 0
    tombstones: int = 0
    blobs: int = 0
    bytes: int = 0
    """Of the blobs that were removed."""
    strays: int = 0
    """Objects of imports that never came to their end."""


async def collect(store: Store, retention: Retention | None = None, *, at: datetime | None = None) -> Collected:
    """Remove what is not kept. Raises BlobsUnavailable; what was done until then is done.

    `at` is the time to take for the present one.
    """
    rules, moment = retention or Retention(), at or now()
    began = now()
    versions = await _expire(store, rules, moment)
    nodes, blobs = await reachable(store)
    if now() - began > store.lease / 2:
        raise StoreError("finding out what is kept took too long; try again when there is less to do")
    gone = await _remove_nodes(store, nodes, moment)
    marked = await _mark(store, blobs, moment)
    removed = await _remove_blobs(store, blobs, moment - rules.grace)
    strays = await _remove_strays(store, moment - store.lease - rules.grace)
    return Collected(versions, gone, marked, len(removed), sum(removed), strays)


async def reachable(store: Store) -> tuple[set[str], set[str]]:
    """The digests of all nodes and blobs that kept versions lead to: one statement for each level of the deepest."""
    async with store.database.reading() as snapshot:
        level = await _roots(snapshot)
        nodes: set[str] = set()
        blobs: set[str] = set()
        while level:
            nodes |= level
            below: set[str] = set()
            for value in (await store.nodes(level, snapshot)).values():
                for link in links_of(value):
                    (below if isinstance(link, NodeLink) else blobs).add(link.digest)
            level = below - nodes
    return nodes, blobs


async def _roots(snapshot: Snapshot) -> set[str]:
    rows = await snapshot.fetch("SELECT DISTINCT root, frame FROM content_version WHERE expired_at IS NULL")
    return {digest for row in rows for digest in row}


async def _expire(store: Store, rules: Retention, moment: datetime) -> int:
    """Give up versions that nothing keeps: no pointer, draft, source or pin, nor their age or place in the history."""
    later = aliased(ContentVersion)
    newer = select(func.count()).where(
        later.course_run_id == ContentVersion.course_run_id, later.number > ContentVersion.number
    )
    query = (
        update(ContentVersion)
        .where(
            ContentVersion.expired_at.is_(None),
            ContentVersion.used_at < moment - rules.age,
            ~exists().where(ContentHead.version_id == ContentVersion.id),
            ~exists().where(ContentVersion.id.in_([ContentDraft.version_id, ContentDraft.base_id])),
            ~exists().where(ContentSource.version_id == ContentVersion.id),
            ~exists().where(ContentPin.version_id == ContentVersion.id),
            newer.scalar_subquery() >= rules.newest,
        )
        .values(expired_at=moment)
        .returning(ContentVersion.id)
    )
    async with store.database.writing() as session:
        return len((await session.scalars(query, execution_options={"synchronize_session": False})).all())


async def _digests(store: Store, query: Select[Any]) -> list[str]:
    async with store.database.writing() as session:
        return list(await session.scalars(query))


async def _remove_nodes(store: Store, kept: set[str], moment: datetime) -> int:
    """Remove nodes in short transactions, each only if it is still nobody's."""
    free = ContentNode.leased_until < moment
    garbage = [digest for digest in await _digests(store, select(ContentNode.digest).where(free)) if digest not in kept]
    count = 0
    for part in chunks(sorted(garbage), ROWS):
        async with store.database.writing() as session:
            query = delete(ContentNode).where(ContentNode.digest.in_(part), free).returning(ContentNode.digest)
            count += len((await session.scalars(query)).all())
    return count


async def _mark(store: Store, kept: set[str], moment: datetime) -> int:
    """Put a tombstone on blobs; whoever stores one from now on writes it anew."""
    free = (ContentBlob.leased_until < moment, ContentBlob.tombstoned_at.is_(None))
    garbage = [
        digest for digest in await _digests(store, select(ContentBlob.digest).where(*free)) if digest not in kept
    ]
    count = 0
    for part in chunks(sorted(garbage), ROWS):
        async with store.database.writing() as session:
            query = update(ContentBlob).where(ContentBlob.digest.in_(part), *free).values(tombstoned_at=moment)
            marked = query.returning(ContentBlob.digest)
            count += len((await session.scalars(marked, execution_options={"synchronize_session": False})).all())
    return count


async def _remove_blobs(store: Store, kept: set[str], before: datetime) -> Sequence[int]:
    """Remove blobs that were marked before a time, their rows first; the sizes of those."""
    old = ContentBlob.tombstoned_at <= before
    garbage = [digest for digest in await _digests(store, select(ContentBlob.digest).where(old)) if digest not in kept]
    sizes = []
    for part in chunks(sorted(garbage), ROWS):
        async with store.database.writing() as session:
            query = delete(ContentBlob).where(ContentBlob.digest.in_(part), old)
            removed = (await session.execute(query.returning(ContentBlob.location, ContentBlob.size))).all()
        for location, size in removed:
            await store.blobs.remove(location)
            sizes.append(size)
    return sizes


async def _remove_strays(store: Store, before: datetime) -> int:
    """Remove objects that no row knows and that no import can be about to tell of."""
    old = {found.location async for found in store.blobs.objects() if found.written_at < before}
    known = set(await _digests(store, select(ContentBlob.location)))
    for location in sorted(old - known):
        await store.blobs.remove(location)
    return len(old - known)
