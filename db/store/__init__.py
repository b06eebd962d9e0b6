"""The content-addressed store: immutable nodes and blobs by SHA-256, and for every run the versions that it had.

Nodes, which are the structure, are rows of the database; blobs, the bytes of files, are objects in a blob store. What
they mean is for others to know: here a node is a value that links to further nodes and blobs.
"""

from db.store.blobs import Blobs, open_blobs
from db.store.collection import Collected, Retention, collect
from db.store.drafts import Draft, drafts, drop_draft, save_draft
from db.store.encoding import BlobLink, NodeLink, Value, decode, digest_of, encode, links_of
from db.store.errors import (
    BlobsUnavailable,
    Corrupted,
    LeaseLost,
    StoreError,
    StoreFull,
    UnknownVersion,
    VersionConflict,
)
from db.store.intake import Intake
from db.store.statistics import Statistics, statistics
from db.store.store import Store, Stored
from db.store.verify import Fault, verify
from db.store.versions import (
    Author,
    Commit,
    Head,
    Taken,
    Version,
    adopt,
    commit,
    current,
    entry_of,
    head_of,
    history,
    pin,
    record_source,
    restore,
    share,
    sources_of,
    unpin,
)

__all__ = [
    "Author",
    "BlobLink",
    "Blobs",
    "BlobsUnavailable",
    "Collected",
    "Commit",
    "Corrupted",
    "Draft",
    "Fault",
    "Head",
    "Intake",
    "LeaseLost",
    "NodeLink",
    "Retention",
    "Statistics",
    "Store",
    "StoreError",
    "StoreFull",
    "Stored",
    "Taken",
    "UnknownVersion",
    "Value",
    "Version",
    "VersionConflict",
    "adopt",
    "collect",
    "commit",
    "current",
    "decode",
    "digest_of",
    "drafts",
    "drop_draft",
    "encode",
    "entry_of",
    "head_of",
    "history",
    "links_of",
    "open_blobs",
    "pin",
    "record_source",
    "restore",
    "save_draft",
    "share",
    "sources_of",
    "statistics",
    "unpin",
    "verify",
]
