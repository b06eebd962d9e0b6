"""The bytes of files: `Blob` is what a course holds in place of them, so that a store may keep them elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol, Self


class Blob(Protocol):
    """Bytes that are somewhere. Two blobs of one digest are the same bytes."""

    @property
    def digest(self) -> str:
        """SHA-256, 64 hexadecimal digits in lower case."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def read(self) -> bytes:
        """All of them."""


Keep = Callable[[bytes], Blob]
"""Takes the bytes of a file that was just read and says where they are from now on."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """A blob that is in memory."""

    digest: str
    data: bytes = field(repr=False, compare=False)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The blob of these bytes."""
        return cls(sha256(data).hexdigest(), data)

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def read(self) -> bytes:
        """The bytes."""
        return self.data


def in_memory() -> Keep:
    """Keeps files in memory, those of equal content once."""
    kept: dict[str, InMemory] = {}

    def keep(data: bytes) -> Blob:
        blob = InMemory.of(data)
        return kept.setdefault(blob.digest, blob)

    return keep


@dataclass(frozen=True, slots=True)
class File:
    """A file: its path, with `/` between the parts, and its bytes."""

    path: str
    blob: Blob

    def get(self) -> Blob:
        """The blob, where it is asked for as something that may have to be read first."""
        return self.blob
