"""What can go wrong with stored content.

StoreError
├── BlobsUnavailable    the blob store cannot be read or written; the same call may succeed later
│   └── StoreFull       it takes no more: the disk or a quota is full
├── Corrupted           what is stored under a digest is not what has that digest
├── LeaseLost           an import took so long that what it stored may have been collected
├── UnknownVersion      the run never had this version, or it was not kept
└── VersionConflict     the run is at another version than the one that a change was made for
"""


class StoreError(Exception):
    """A fault about stored content; the message is for people."""


class BlobsUnavailable(StoreError):
    """The blob store cannot be read or written. Nothing was changed; the same call may succeed later."""


class StoreFull(BlobsUnavailable):
    """The blob store takes no more: the disk or a quota is full."""


class Corrupted(StoreError):
    """What is stored under a digest is not there, or is not what has that digest."""

    def __init__(self, digest: str, reason: str) -> None:
        self.digest = digest
        super().__init__(f"{digest}: {reason}")


class LeaseLost(StoreError):
    """An import took so long that what it stored may have been collected meanwhile; nothing was changed."""


class UnknownVersion(StoreError):
    """The run never had this version, or it was not kept."""

    def __init__(self, version: str, *, is_expired: bool = False) -> None:
        self.version = version
        self.is_expired = is_expired
        super().__init__(f"version {version} " + ("was not kept" if is_expired else "is none of the run's"))


class VersionConflict(StoreError):
    """The run is at another version than the one that a change was made for; nothing was changed."""

    def __init__(self, expected: str, current: str | None) -> None:
        self.expected = expected
        self.current = current
        super().__init__(f"the run is {f'at version {current}' if current else 'without content'}, not at {expected}")
