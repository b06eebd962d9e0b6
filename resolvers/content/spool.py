"""What an import reads and makes: the first of it in memory, large parts and what is too much in a file without name.

An import so takes no more memory for the bytes of a course than for those of a small one.
"""

from collections.abc import Iterator, MutableMapping
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
ROOM = 512 * 1024
"""Bytes of small files, and of nodes, that are."""
WIDTH = 32
LONGEST = (1 << WIDTH) - 1
"""What is in a file is known by one number: where it begins, and in so many bits how long it is."""
FULL = "there is no room for the files of the archive"


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
    room = ROOM
    with TemporaryFile(prefix="collegium-") as file:

        def keep(data: bytes) -> Blob:
            nonlocal room
            digest = sha256(data).hexdigest()
            if digest not in kept:
                is_small = len(data) < min(LARGE, room)
                room -= len(data) if is_small else 0
                kept[digest] = InMemory(digest, data) if is_small else spooled(data, digest)
            return kept[digest]

        def spooled(data: bytes, digest: str) -> Spooled:
            with lock:
                start = file.seek(0, 2)
                try:
                    file.write(data)
                    file.flush()
                except OSError as error:
                    raise StoreFull(f"{FULL}: {error.strerror}") from error
            return Spooled(digest, len(data), start, file, lock)

        yield keep


class Pile(MutableMapping[str, bytes]):
    """Bytes by name, which are written once: those that memory has no room for are parts of a file without name.

    Putting in raises StoreFull.
    """

    def __init__(self) -> None:
        self._here: dict[str, bytes] = {}
        self._there: dict[str, int] = {}
        self._file: IO[bytes] | None = None
        self._room = ROOM
        self._end = 0

    def __setitem__(self, name: str, data: bytes) -> None:
        if name in self:
            return
        if len(data) <= self._room:
            self._room -= len(data)
            self._here[name] = data
            return
        self._there[name] = self._end << WIDTH | len(data)
        self._end += len(data)
        try:
            self._file = self._file or TemporaryFile(prefix="collegium-")  # noqa: SIM115 -- it ends with the pile
            self._file.seek(0, 2)
            self._file.write(data)
        except OSError as error:
            raise StoreFull(f"{FULL}: {error.strerror}") from error

    def __getitem__(self, name: str) -> bytes:
        if name in self._here:
            return self._here[name]
        place = self._there[name]
        assert self._file is not None  # noqa: S101 -- what is there is in it
        self._file.seek(place >> WIDTH)
        return self._file.read(place & LONGEST)

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def __delitem__(self, name: str) -> None:
        del (self._here if name in self._here else self._there)[name]

    def __contains__(self, name: object) -> bool:
        return name in self._here or name in self._there

    def __iter__(self) -> Iterator[str]:
        yield from self._here
        yield from self._there

    def __len__(self) -> int:
        return len(self._here) + len(self._there)
