"""Folders on disk, read like archives: no link is followed, and nothing but plain files is opened."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from edx.olx.members import Broken, Kind, Limits, Member, in_mib, read_whole, too_large
from edx.olx.paths import JUNK_FOLDERS, MAX_PARTS
from edx.olx.problems import Code

FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def members_of_folder(folder: Path, limits: Limits) -> Iterator[Member]:
    """The files below a folder, and whatever else is there, in the order of paths; never fewer than are there."""

    def give_up(error: OSError) -> NoReturn:
        raise unreadable(error, str(error.filename or ""))

    total = 0
    for where, folders, names, descriptor in os.fwalk(folder, follow_symlinks=False, onerror=give_up):
        inside = Path(where).relative_to(folder)
        if len(inside.parts) > MAX_PARTS:
            raise Broken(Code.TOO_LARGE, "the folders are nested too deep", inside.as_posix())
        for name in sorted([*folders, *names]):
            path = (inside / name).as_posix()
            with reachable(path):
                info = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            total += info.st_size if stat.S_ISREG(info.st_mode) else 0
            if total > limits.unpacked:
                raise Broken(Code.TOO_LARGE, f"the folder is larger than {in_mib(limits.unpacked)}")
            yield Member(path, kind_of(info.st_mode), info.st_size, reader(path, name, descriptor, limits))
        folders[:] = sorted(set(folders) - JUNK_FOLDERS)


def reader(path: str, name: str, descriptor: int, limits: Limits) -> Callable[[], bytes]:
    """How to read a file of the folder that is open as `descriptor`."""

    def read() -> bytes:
        with reachable(path):
            opened = os.open(name, FLAGS, dir_fd=descriptor)
        with reachable(path), os.fdopen(opened, "rb") as stream:
            info = os.fstat(opened)
            if not stat.S_ISREG(info.st_mode):
                raise Broken(Code.SPECIAL_FILE, "the file became something else while it was read", path)
            if info.st_size > limits.file:
                raise too_large(path, limits.file)
            return read_whole(stream, path, limits.file)

    return read


@contextmanager
def reachable(path: str) -> Iterator[None]:
    """Where what is in the folder may not be let read, or be gone."""
    try:
        yield
    except OSError as error:
        raise unreadable(error, path) from None


def unreadable(error: OSError, path: str) -> Broken:
    """The error about a file or folder that cannot be read."""
    return Broken(Code.DAMAGED_ARCHIVE, f"it cannot be read: {error.strerror}", path)


def kind_of(mode: int) -> Kind:
    """What a directory entry is."""
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    if stat.S_ISLNK(mode):
        return Kind.LINK
    return Kind.FILE if stat.S_ISREG(mode) else Kind.SPECIAL
