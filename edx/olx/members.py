"""What all kinds of archives have in common: members, the limits that hold while they are read, and giving up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO

from edx.olx.problems import Code

MIB = 1 << 20
CHUNK = 1 << 16
SLACK = 32 * MIB
"""Unpacked bytes that are accepted at any ratio: a small course may be all blanks."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read before an archive is refused. Real courses have up to 1,500 files and 120 MB."""

    packed: int = 1024 * MIB
    """Bytes of the archive itself."""
    unpacked: int = 1024 * MIB
    """Bytes of all files together, headers included."""
    file: int = 256 * MIB
    """Bytes of one file."""
    files: int = 50_000
    """Members, folders and junk included."""
    ratio: int = 200
    """Unpacked bytes to packed ones, past the first 32 MiB."""


DEFAULTS = Limits()


class Kind(Enum):
    """What a member of an archive is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive, its name as written there. `read` gives its bytes, once and at once."""

    name: str
    kind: Kind
    size: int
    read: Callable[[], bytes]


class Broken(Exception):
    """An archive of which nothing more can be read, or nothing more will be."""

    def __init__(self, code: Code, message: str, path: str = "") -> None:
        self.code = code
        self.message = message
        self.path = path
        super().__init__(message)


class Counted:
    """A stream that counts what is read of it, and gives up past a limit."""

    def __init__(self, stream: BinaryIO, limit: int, what: str, *, head: bytes = b"") -> None:
        self.stream = stream
        self.head = head
        self.limit = limit
        self.what = what
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes; without a number, a chunk."""
        wanted = CHUNK if size < 0 else size
        data, self.head = self.head[:wanted], self.head[wanted:]
        if not data:
            data = self.stream.read(wanted)
        self.count += len(data)
        if self.count > self.limit:
            raise Broken(Code.TOO_LARGE, f"{self.what} is larger than {in_mib(self.limit)}")
        return data


@contextmanager
def reading(*errors: type[Exception], path: str = "") -> Iterator[None]:
    """Where these errors mean that the archive is damaged."""
    try:
        yield
    except errors as error:
        raise Broken(Code.DAMAGED_ARCHIVE, f"the archive is damaged or cut off: {error}", path) from None


def read_whole(stream: BinaryIO, path: str, limit: int) -> bytes:
    """A member's bytes, whatever size it claims to have; gives up past the limit.

    In pieces, since room for what is asked for is taken before it is there, and given back as whole pages only.
    """
    pieces, left = [], limit + 1
    while left and (piece := stream.read(min(CHUNK, left))):
        pieces.append(piece)
        left -= len(piece)
    if not left:
        raise too_large(path, limit)
    return b"".join(pieces)


def too_large(path: str, limit: int) -> Broken:
    """The error about a file beyond the limit."""
    return Broken(Code.TOO_LARGE, f"the file is larger than {in_mib(limit)}", path)


def in_mib(size: int) -> str:
    """A number of bytes for people."""
    return f"{size // MIB} MiB" if size >= MIB else f"{size} bytes"


def check_ratio(packed: int, unpacked: int, limits: Limits) -> None:
    """Give up on what unpacks to far more than it is."""
    if unpacked > SLACK and unpacked > limits.ratio * packed:
        raise Broken(Code.BOMB, f"the archive unpacks to more than {limits.ratio} times its size")
