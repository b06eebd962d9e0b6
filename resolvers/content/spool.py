"""The files of an archive while it is read: small ones in memory, large ones in a file that has no name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

from db.store import StoreFull
from edx.olx import Blob, InMemory, Keep

LARGE = 64 * 1024
"""Bytes from which a file is not kept in memory."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A blob that is a part of a file."""

    digest: str
    size: int
    start: int = field(compare=False, repr=False)
    file: IO[bytes] = field(compare=False, repr=False)
    lock: Lock = field(compare=False, repr=False)

    def read(self) -> bytes:
        """The bytes."""
        with self.lock:
            self.file.seek(self.start)
            return self.file.read(self.size)


@contextmanager
def spool() -> Iterator[Keep]:
    """Where `edx.olx.read` may keep files for the time of the block, those of equal content once.

    Keeping raises StoreFull.
    """
    kept: dict[str, Blob] = {}
    lock = Lock()
    with TemporaryFile(prefix="collegium-") as file:

        def keep(data: bytes) -> Blob:
            digest = sha256(data).hexdigest()
            if digest not in kept:
                kept[digest] = spooled(data, digest) if len(data) >= LARGE else InMemory(digest, data)
            return kept[digest]

        def spooled(data: bytes, digest: str) -> Spooled:
            with lock:
                start = file.seek(0, 2)
                try:
                    file.write(data)
                    file.flush()
                except OSError as error:
                    raise StoreFull(f"there is no room for the files of the archive: {error.strerror}") from error
            return Spooled(digest, len(data), start, file, lock)

        yield keep
