"""Fingerprints of whole directories: as long as one is the same, nothing in it needs to be read with understanding.

They are made of names and contents alone. Dates of files do not count: they are backdated by `tar`, `rsync` and `git`,
and too coarse for edits within a second.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from ondisk.assets import ASSETS
from ondisk.course_info import INFO
from ondisk.files import MAX_IMAGE, digest_of, passed_over, read_whole
from ondisk.packages import Package, Shelf

__all__ = ["Fingerprints", "Known", "fingerprint"]

READING = "1"
"""To be raised whenever the same files are to be understood otherwise than before."""
MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Known:
    """A course as it was read before: its fingerprint, and the paths of its sections, relative to `Courses`."""

    fingerprint: str
    sections: tuple[PurePosixPath, ...] = ()


class Fingerprints:
    """Fingerprints of the courses of a site, which depend on the packages that they can use and on the roles.

    `known` has the courses that were read before, by their paths relative to `Courses`.
    """

    def __init__(self, known: Mapping[str, Known], shelves: Iterable[Shelf], roles: Iterable[str]) -> None:
        self._known = known
        self._surroundings = surroundings(shelves, roles)

    def of(self, folder: Path) -> str | None:
        """The fingerprint of a course; None where something in the way cannot be read, or is a link."""
        own = None if self._surroundings is None else fingerprint(folder)
        return None if own is None else digest_of(f"{self._surroundings}\n{own}".encode())

    def unchanged(self, path: PurePosixPath, found: str | None) -> Known | None:
        """The course at a path as it was known before, if this is still its fingerprint."""
        known = self._known.get(str(path))
        return known if known is not None and known.fingerprint == found else None


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
    for name in (INFO, ASSETS):
        path = package.folder.disk / name
        found = fingerprint(path) if path.is_dir() else of_file(path) if path.exists() else "-"
        if found is None:
            return None
        parts.append(found)
    return "\n".join(parts)


def fingerprint(folder: Path) -> str | None:
    """The hash of the names and contents of everything in a directory, hidden and temporary files passed over.

    None where something cannot be read, is too large, or is neither a file nor a directory.
    """
    total = sha256()
    waiting = [(os.fspath(folder), 0)]
    while waiting:
        path, depth = waiting.pop()
        try:
            with os.scandir(path) as found:
                entries = sorted((entry for entry in found if not passed_over(entry.name)), key=lambda each: each.name)
        except OSError:
            return None
        total.update(b"directory %d\n" % len(entries))
        for entry in entries:
            total.update(entry.name.encode("utf-8", "surrogateescape") + b"\0")
            if entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
                waiting.append((entry.path, depth + 1))
            elif (content := of_file(Path(entry.path))) is not None:
                total.update(content.encode())
            else:
                return None
    return total.hexdigest()


def of_file(path: Path) -> str | None:
    """The hash of a file; None where it cannot be read as one."""
    try:
        found = read_whole(path, MAX_IMAGE)
    except (OSError, OverflowError):
        return None
    return None if found is None else digest_of(found[0])
