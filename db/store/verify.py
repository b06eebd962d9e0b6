"""Verification: everything that a run's content consists of, hashed again (spec/content-api.md, "version hashes")."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from db.store.encoding import BlobLink, NodeLink, Value, decoded, links_of
from db.store.errors import Corrupted
from db.store.store import BLOBS, NODES, Store, Stored, chunks

PART = 200
Trail = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A stored node or blob that is not what its digest says. `trail` are the names on the way to it."""

    digest: str
    reason: str
    trail: Trail

    def __str__(self) -> str:
        return f"{' > '.join(self.trail)}: {self.reason}"


Names = Callable[[Value], Sequence[tuple[str, NodeLink | BlobLink]]]
"""What a node calls each of its links."""


def numbered(value: Value) -> Sequence[tuple[str, NodeLink | BlobLink]]:
    """The links of a node, called by their place."""
    return [(str(number), link) for number, link in enumerate(links_of(value))]


async def verify(store: Store, roots: Sequence[str], names: Names = numbered) -> AsyncIterator[Fault]:
    """Everything below these nodes that is not what it should be, each once. Raises BlobsUnavailable.

    Nodes are read level by level and blobs one by one, so that memory does not grow with the content.
    """
    met: set[str] = set()
    level: dict[str, Trail] = {root: (root[:12],) for root in roots}
    while level:
        met |= level.keys()
        below: dict[str, Trail] = {}
        blobs: dict[str, Trail] = {}
        for part in chunks(sorted(level), PART):
            rows = {row[0]: row[1] for row in await store.fetch(NODES, part)}
            for digest in part:
                try:
                    value = _decoded(digest, rows.get(digest))
                except Corrupted as error:
                    yield Fault(digest, str(error), level[digest])
                    continue
                for name, link in names(value):
                    found = below if isinstance(link, NodeLink) else blobs
                    found.setdefault(link.digest, (*level[digest], name))
        async for fault in _check_blobs(store, {key: trail for key, trail in blobs.items() if key not in met}):
            yield fault
        met |= blobs.keys()
        level = {digest: trail for digest, trail in below.items() if digest not in met}


def _decoded(digest: str, data: bytes | None) -> Value:
    if data is None:
        raise Corrupted(digest, "the node is gone")
    return decoded(digest, data)


async def _check_blobs(store: Store, blobs: dict[str, Trail]) -> AsyncIterator[Fault]:
    for part in chunks(sorted(blobs), PART):
        known = {
            digest: Stored(digest, size, location, store.blobs)
            for digest, size, location in await store.fetch(BLOBS, part)
        }
        for digest in part:
            try:
                if digest not in known:
                    raise Corrupted(digest, "the blob is gone")  # noqa: TRY301 -- as if reading had found it
                await known[digest].get()
            except Corrupted as error:
                yield Fault(digest, str(error), blobs[digest])
