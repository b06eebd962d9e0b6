"""Fingerprints of whole directories: as long as one is the same, nothing in it needs to be read with understanding.

They are made of names and contents alone. Dates of files do not count: they are backdated by `tar`, `rsync` and `git`,
and too coarse for edits within a second. A directory is not even opened again where its stamp is the same, in which
each file has its inode and the time of its last change of any kind, which nobody can set back.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from pathlib import Path, PurePosixPath

from ondisk.acl import ACL
from ondisk.assets import ASSETS
from ondisk.course_info import INFO
from ondisk.files import MAX_IMAGE, Kind, digest_of, passed_over, read_whole
from ondisk.packages import Package, Shelf

__all__ = ["Fingerprints", "Known", "Look", "fingerprint", "stamp"]

READING = "1"
"""To be raised whenever the same files are to be understood otherwise than before."""
MAX_DEPTH = 32
SETTLED_NS = 2 * 10**9
"""Nanoseconds after which a later change of a file has another time, however coarse the clock of the file system."""


@dataclass(frozen=True, slots=True)
class Known:
    """A course as it was read before: its fingerprint and stamp, and its sections' paths, relative to `Courses`."""

    fingerprint: str
    sections: tuple[PurePosixPath, ...] = ()
    stamp: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the directory of a course gave: the course as it was `known`, if it is still the same.

    `fingerprint` is None where something in the way cannot be read or is a link, `stamp` where something changed just
    now.
    """

    known: Known | None
    fingerprint: str | None
    stamp: str | None


class Fingerprints:
    """Fingerprints of the courses of a site, which depend on the packages that they can use and on the roles.

    `known` has the courses that were read before, by their paths relative to `Courses`.
    """

    def __init__(self, known: Mapping[str, Known], shelves: Iterable[Shelf], roles: Iterable[str]) -> None:
        self._known = known
        self._surroundings = surroundings(shelves, roles)

    def look(self, path: PurePosixPath, folder: Path) -> Look:
        """Whether a course is as it was known; its directory is opened only where something in it was touched."""
        known = self._known.get(str(path))
        found = self._here(stamp(folder))
        if known is not None and found is not None and known.stamp == found:
            return Look(known, known.fingerprint, found)
        own = self._here(fingerprint(folder))
        return Look(known if known is not None and known.fingerprint == own else None, own, found)

    def _here(self, own: str | None) -> str | None:
        """The hash of what a directory has, together with what surrounds it."""
        if own is None or self._surroundings is None:
            return None
        return digest_of(f"{self._surroundings}\n{own}".encode())


def surroundings(shelves: Iterable[Shelf], roles: Iterable[str]) -> str | None:
    """What courses depend on beside their own files; None where it cannot be read."""
    parts = [READING, *sorted(roles)]
    for shelf in shelves:
        packages = [of_package(package) for _, package in sorted(shelf.packages.items())]
        if None in packages:
            return None
        parts += ["shelf", *filter(None, packages), *shelf.broken]
    return digest_of("\n".join(parts).encode("utf-8", "surrogateescape"))


def of_package(package: Package) -> str | None:
    """The fingerprint of what courses may take from a package."""
    parts = [package.ntiid, package.stamp.path, package.stamp.sha256]
    for name in (INFO, ASSETS, ACL):
        path = package.folder.disk / name
        kind = package.folder.entries().get(name)
        found = "-" if kind is None else fingerprint(path) if kind is Kind.DIRECTORY else of_file(path)
        if found is None:
            return None
        parts.append(found)
    return "\n".join(parts)


def fingerprint(folder: Path) -> str | None:
    """The hash of the names and contents of everything in a directory, hidden and temporary files passed over.

    None where something cannot be read, is too large, or is neither a file nor a directory.
    """
    total = sha256()
    try:
        for entries in below(folder):
            total.update(b"directory %d\n" % len(entries))
            for entry in entries:
                content = "directory" if entry.is_dir(follow_symlinks=False) else of_file(entry.path)
                if content is None:
                    return None
                total.update(f"{entry.name}\0{content}\n".encode("utf-8", "surrogateescape"))
    except OSError:
        return None
    return total.hexdigest()


def stamp(folder: Path) -> str | None:
    """The hash of the names of everything in a directory with the times of their last changes; none is opened.

    None where something cannot be listed, or was changed so recently that a change to come could have the same time.
    """
    total = sha256()
    settled = time.time_ns() - SETTLED_NS
    try:
        for entries in below(folder):
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if found.st_ctime_ns > settled:
                    return None
                told = (found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
                total.update(f"{entry.name}\0{told}\n".encode("utf-8", "surrogateescape"))
    except OSError:
        return None
    return total.hexdigest()


def below(folder: Path) -> Iterator[list["os.DirEntry[str]"]]:
    """What is in a directory, then in those in it and so on, each in the order of names.

    Raises OSError for what cannot be listed, and beyond `MAX_DEPTH` levels.
    """
    waiting = [(os.fspath(folder), 0)]
    while waiting:
        path, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise OSError(0, "too many levels of directories", path)
        with os.scandir(path) as found:
            entries = sorted((entry for entry in found if not passed_over(entry.name)), key=attrgetter("name"))
        yield entries
        waiting += [(entry.path, depth + 1) for entry in entries if entry.is_dir(follow_symlinks=False)]


def of_file(path: Path | str) -> str | None:
    """The hash of a file; None where it cannot be read as one."""
    try:
        found = read_whole(path, MAX_IMAGE)
    except (OSError, OverflowError):
        return None
    return None if found is None else digest_of(found[0])
