"""Reading what is stored: nodes by digest, many in one statement, and blobs, at once or when they are needed."""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Dialect, Select, String, bindparam, select
from sqlalchemy.types import TypeEngine

from db.engine import Database, Row, Snapshot
from db.store.blobs import Blobs
from db.store.encoding import BlobLink, Value, decoded
from db.store.errors import Corrupted
from db.tables import ContentBlob, ContentNode
from db.types import ListOf, any_of

T = TypeVar("T")
CHUNK = 10_000
"""Digests that one statement asks for."""
LEASE = timedelta(days=1)


def keys(kind: TypeEngine[Any] | None = None) -> Any:
    """The parameter of a SELECT that `fetch` gives the wanted keys to, texts by default."""
    return bindparam("keys", type_=ListOf(kind or String()))


INTEGERS = BigInteger()
NODES = select(ContentNode.digest, ContentNode.data).where(any_of(ContentNode.digest, keys()))
BLOBS = select(ContentBlob.digest, ContentBlob.size, ContentBlob.location).where(any_of(ContentBlob.digest, keys()))


@dataclass(frozen=True, slots=True)
class Stored:
    """A blob that is stored: its bytes are read when somebody wants them, in a thread, and checked."""

    digest: str
    size: int
    location: str = field(compare=False, repr=False)
    blobs: Blobs = field(compare=False, repr=False)

    def read(self) -> bytes:
        """The bytes. Raises Corrupted and BlobsUnavailable."""
        return self.blobs.read(self.digest, self.location)

    async def get(self) -> bytes:
        """The same, without a thread."""
        return await self.blobs.get(self.digest, self.location)

    async def part(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to, not with, `end`, unchecked. Raises Corrupted and BlobsUnavailable."""
        return await self.blobs.part(self.digest, self.location, start, end)


class Store:
    """The nodes in a database and the blobs in a blob store.

    What an import stores is kept for the time of `lease` until something refers to it; no import may take longer.
    """

    def __init__(self, database: Database, blobs: Blobs, *, lease: timedelta = LEASE) -> None:
        self.database = database
        self.blobs = blobs
        self.lease = lease

    async def nodes(self, digests: Collection[str], snapshot: Snapshot | None = None) -> dict[str, Value]:
        """The nodes with these digests, checked, in one statement for 10,000 of them. Raises Corrupted."""
        rows = await self.fetch(NODES, digests, snapshot)
        found = {digest: decoded(digest, data) for digest, data in rows}
        if missing := set(digests) - found.keys():
            raise Corrupted(min(missing), "the node is gone")
        return found

    async def locate(self, links: Iterable[BlobLink], snapshot: Snapshot | None = None) -> dict[str, Stored]:
        """Where blobs are, by digest. Raises Corrupted where there is none."""
        digests = {link.digest for link in links}
        rows = await self.fetch(BLOBS, digests, snapshot)
        found = {digest: Stored(digest, size, location, self.blobs) for digest, size, location in rows}
        if missing := digests - found.keys():
            raise Corrupted(min(missing), "the blob is gone")
        return found

    async def fetch(
        self, query: Select[*tuple[Any, ...]], wanted: Collection[Any], snapshot: Snapshot | None = None
    ) -> Sequence[Row]:
        """The raw rows of a SELECT with the parameter `keys()` for these keys."""
        if snapshot is None:
            async with self.database.reading() as own:
                own.is_single = len(wanted) <= CHUNK
                return await self.fetch(query, wanted, own)
        sql, process = _rendered(query, self.database.dialect)
        parts = [await snapshot.fetch(sql, process(part)) for part in chunks(sorted(wanted), CHUNK)]
        return parts[0] if len(parts) == 1 else [row for part in parts for row in part]


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items, so many at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def distinct(links: Iterable[Any]) -> Mapping[str, Any]:
    """One of those of each digest."""
    return {link.digest: link for link in links}


@functools.lru_cache(maxsize=64)
def _rendered(query: Select[*tuple[Any, ...]], dialect: Dialect) -> tuple[str, Any]:
    compiled = query.compile(dialect=dialect)
    assert compiled.positiontup == ["keys"]  # noqa: S101 -- nothing else may vary
    process = compiled.binds["keys"].type.dialect_impl(dialect).bind_processor(dialect)
    return compiled.string, process or list
