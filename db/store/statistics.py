"""What content takes, and what it would take if nothing were shared."""

from dataclasses import dataclass

from db.store.store import Store

COUNTS = (
    "SELECT (SELECT count(*) FROM content_node), (SELECT CAST(coalesce(sum(length(data)), 0) AS BIGINT)"
    " FROM content_node), (SELECT count(*) FROM content_blob), (SELECT CAST(coalesce(sum(size), 0) AS BIGINT)"
    " FROM content_blob), count(*), CAST(coalesce(sum(version.files), 0) AS BIGINT),"
    " CAST(coalesce(sum(version.bytes), 0) AS BIGINT)"
    " FROM content_head JOIN content_version AS version ON version.id = content_head.version_id"
)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is stored, and the content of all runs as it is now: `logical_bytes` are those of its files as exported."""

    nodes: int
    node_bytes: int
    blobs: int
    blob_bytes: int
    runs: int
    files: int
    logical_bytes: int

    @property
    def stored_bytes(self) -> int:
        """What the store takes, old versions and garbage included."""
        return self.node_bytes + self.blob_bytes


async def statistics(store: Store) -> Statistics:
    """The figures of the whole store, in one statement."""
    async with store.database.reading() as snapshot:
        snapshot.is_single = True
        [row] = await snapshot.fetch(COUNTS)
    return Statistics(*(int(value) for value in row))
