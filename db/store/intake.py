"""Storing: everything is leased before anything refers to it, so that nobody collects what an import is about to use.

Blobs are uploaded outside of transactions, rows written in short ones. Whatever an import leaves behind that does not
come to its end is garbage that nothing leads to.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import String, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import inserting
from db.store.blobs import AT_ONCE
from db.store.store import Store, chunks, distinct
from db.tables import ContentBlob, ContentNode, now
from db.types import ListOf, any_of

ROWS = 500
"""Rows of one transaction."""

Progress = Callable[[int], None]


class Readable(Protocol):
    """Bytes that can be stored."""

    @property
    def digest(self) -> str:
        """Their SHA-256."""

    @property
    def size(self) -> int:
        """Their number."""

    def read(self) -> bytes:
        """All of them."""


class Intake:
    """What one import stores. It is safe from collection until `until`.

    Rows are written in transactions of their own, a part of them each; with a `session`, in that one's.
    """

    def __init__(self, store: Store, session: AsyncSession | None = None) -> None:
        self.store = store
        self.until = now() + store.lease
        self._session = session

    def within(self, session: AsyncSession) -> "Intake":
        """The same, which goes on in a transaction."""
        found = Intake(self.store, session)
        found.until = self.until
        return found

    async def blobs(self, blobs: Iterable[Readable], progress: Progress = lambda _count: None) -> int:
        """Store blobs, those that are there already only by name; the number of bytes that had to be written.

        `progress` is told how many are stored each time that some are. Raises BlobsUnavailable.
        """
        wanted = distinct(blobs)
        written = 0
        for digests in chunks(sorted(wanted), ROWS):
            known = await self._renew(ContentBlob, digests)
            new = [wanted[digest] for digest in digests if digest not in known]
            locations = await self._upload(new)
            await self._insert_blobs(new, locations)
            written += sum(blob.size for blob in new)
            progress(len(digests))
        return written

    async def nodes(self, nodes: Mapping[str, bytes]) -> int:
        """Store nodes by digest; the number of those that were not there."""
        new = 0
        for digests in chunks(sorted(nodes), ROWS):
            known = await self._renew(ContentNode, digests)
            missing = [digest for digest in digests if digest not in known]
            await self._insert(
                ContentNode,
                [{"digest": digest, "data": nodes[digest], "leased_until": self.until} for digest in missing],
            )
            new += len(missing)
        return new

    async def _upload(self, blobs: Sequence[Readable]) -> list[str]:
        places = asyncio.Semaphore(AT_ONCE)

        async def upload(blob: Readable) -> str:
            async with places:  # no more of them are in memory
                return await self.store.blobs.put(blob.digest, blob.read())

        results = await asyncio.gather(*(upload(blob) for blob in blobs), return_exceptions=True)
        locations = [result for result in results if isinstance(result, str)]
        for error in results:
            if isinstance(error, BaseException):
                raise error
        return locations

    async def _insert_blobs(self, blobs: Sequence[Readable], locations: Sequence[str]) -> None:
        """A tombstoned blob gets a new location, as does one that somebody else has just written."""
        rows = [
            {"digest": blob.digest, "size": blob.size, "location": location, "leased_until": self.until}
            for blob, location in zip(blobs, locations, strict=True)
        ]
        await self._insert(ContentBlob, [{**row, "tombstoned_at": None} for row in rows])

    async def _insert(self, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        async with self._writing() as session:
            insert = inserting(session, table)
            again = {name: insert.excluded[name] for name in rows[0] if name != "digest"}
            await session.execute(insert.on_conflict_do_update(index_elements=["digest"], set_=again), rows)

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncSession]:
        if self._session is not None:
            yield self._session
            return
        async with self.store.database.writing() as session:
            yield session

    async def _renew(self, table: Any, digests: Sequence[str]) -> set[str]:
        """Lease what is there; the digests of that."""
        async with self._writing() as session:
            return await renew(session, table, digests, self.until)


async def renew(session: AsyncSession, table: Any, digests: Sequence[str], until: Any) -> set[str]:
    """Lease rows until a time; the digests of those that are there. Rows are locked in the order of their digests."""
    found = select(table.digest).where(any_of(table.digest, bindparam("keys", type_=ListOf(String()))))
    if table is ContentBlob:
        found = found.where(ContentBlob.tombstoned_at.is_(None))
    locked = found.order_by(table.digest).with_for_update()
    query = update(table).where(table.digest.in_(locked)).values(leased_until=until).returning(table.digest)
    options = {"synchronize_session": False}
    return set(await session.scalars(query, {"keys": list(digests)}, execution_options=options))
