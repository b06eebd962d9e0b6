"""Looking into directories and reading files, safely: no symbolic link is followed and no device opened.

Each file is read at once into memory, and told with the hash of what was read.
"""

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path, PurePosixPath

from ondisk.diagnostics import Code, Report

__all__ = ["File", "Folder", "Kind", "Stamp", "digest", "digest_of", "passed_over", "read_whole"]

MAX_DOCUMENT = 16 * 2**20
"""Bytes in a JSON or XML file."""
MAX_IMAGE = 64 * 2**20
"""Bytes in a presentation asset."""
ATTEMPTS = 3


class Kind(Enum):
    """What an entry of a directory is, links not followed."""

    FILE = "a file"
    DIRECTORY = "a directory"
    LINK = "a symbolic link"
    OTHER = "a device"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as it was read: its path in the library, its size in bytes and the hash of its content.

    Two readings of an unchanged file have equal stamps, and an edit within the same second and size has not:
    only `sha256` decides. `modified_ns` (nanoseconds since 1970, 0 if not known) is for people and is not compared.
    """

    path: str
    size: int
    sha256: str
    modified_ns: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class File:
    """The bytes of a file, and its path in the library."""

    path: PurePosixPath
    content: bytes


def digest_of(content: bytes) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digest(stamps: Iterable[Stamp]) -> str:
    """One SHA-256 (hex) over files: it changes if one is edited, added, removed or renamed, not with their times."""
    total = hashlib.sha256()
    for stamp in sorted(stamps, key=lambda stamp: stamp.path):
        total.update(f"{stamp.path}\0{stamp.sha256}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


@dataclass(slots=True)
class Folder:
    """A directory that is being read; problems go into `report`, and stamps of what was read into `stamps`.

    `disk` is the directory itself, `path` how it is called in the library.
    """

    disk: Path
    path: PurePosixPath
    report: Report
    stamps: list[Stamp] = field(default_factory=list)
    unlisted: bool = False
    """Whether the system refused to list it: what is in it is unknown, which is not the same as nothing."""
    _entries: dict[str, Kind] | None = None

    def within(self, name: str, report: Report | None = None) -> "Folder":
        """A directory in this one; with its own report it also has its own stamps."""
        disk, path = self.disk / name, self.path / name
        return Folder(disk, path, self.report, self.stamps) if report is None else Folder(disk, path, report)

    def leniently(self) -> "Folder":
        """The same directory, for files that cost only themselves: their errors are warnings."""
        return replace(self, report=self.report.lenient())

    def entries(self) -> dict[str, Kind]:
        """Names and kinds, in order of names; none, and an error, if the directory cannot be read."""
        if self._entries is None:
            try:
                with os.scandir(self.disk) as found:
                    self._entries = dict(sorted((entry.name, kind_of(entry)) for entry in found))
            except OSError as error:
                self.report.error(Code.UNREADABLE, self.path, f"the directory cannot be read: {error.strerror}")
                self._entries, self.unlisted = {}, True
        return self._entries

    def named(self, kind: Kind) -> list[str]:
        """The names of one kind; hidden and temporary ones are passed over."""
        return [name for name, this in self.entries().items() if this is kind and not passed_over(name)]

    def has(self, name: str, kind: Kind) -> bool:
        """Whether an entry of this exact name is there and usable; an error if it is of another kind."""
        this = self.entries().get(name)
        if this is Kind.LINK:
            self.report.error(Code.SYMLINK, self.path / name, "symbolic links are not followed")
        elif this and this is not kind:
            self.report.error(Code.WRONG_KIND, self.path / name, f"{this.value} in place of {kind.value}")
        return this is kind

    def read(self, name: str) -> File | None:
        """A file of this exact name; None if it is absent, and None with an error if it cannot be read."""
        if not self.has(name, Kind.FILE):
            return None
        content = self._content(name, MAX_DOCUMENT)
        return None if content is None else File(self.path / name, content)

    def stamp(self, name: str) -> Stamp | None:
        """The stamp of a file that nobody parses; None with an error if it cannot be read."""
        return None if self._content(name, MAX_IMAGE) is None else self.stamps[-1]

    def _content(self, name: str, limit: int) -> bytes | None:
        path = self.path / name
        try:
            for _ in range(ATTEMPTS):
                if (result := read_whole(self.disk / name, limit)) is not None:
                    content, modified = result
                    self.stamps.append(Stamp(str(path), len(content), digest_of(content), modified))
                    return content
        except OSError as error:
            self.report.error(Code.UNREADABLE, path, f"the file cannot be read: {error.strerror}")
        except OverflowError:
            self.report.error(Code.TOO_LARGE, path, f"the file is larger than {limit} bytes")
        else:
            self.report.error(Code.CHANGING, path, "the file was changed each time while it was being read")
        return None


def read_whole(path: Path | str, limit: int) -> tuple[bytes, int] | None:
    """The bytes of a regular file and its time of change in nanoseconds; None if it changed meanwhile.

    Raises OSError if it is no regular file or cannot be read, and OverflowError beyond `limit` bytes.
    """
    # A link or pipe that has replaced the file since the directory was listed is neither followed nor waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(0, "it is not a regular file")
        if before.st_size > limit:
            raise OverflowError
        content = os.read(descriptor, before.st_size + 1)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    unchanged = before.st_mtime_ns == after.st_mtime_ns and before.st_size == after.st_size == len(content)
    return (content, after.st_mtime_ns) if unchanged else None


def kind_of(entry: "os.DirEntry[str]") -> Kind:
    """What an entry of a directory is, links not followed."""
    if entry.is_symlink():
        return Kind.LINK
    if entry.is_dir(follow_symlinks=False):
        return Kind.DIRECTORY
    return Kind.FILE if entry.is_file(follow_symlinks=False) else Kind.OTHER


def passed_over(name: str) -> bool:
    """Whether a name is hidden (`.git`), or one that editors and copying programs use for a while."""
    return name.startswith((".", "#")) or name.endswith(("~", ".tmp"))
