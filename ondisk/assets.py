"""`presentation-assets/`: images for the clients' platforms, in `<platform>/v<version>/`.

A directory's own assets win as a whole (spec/course-directories.rst, "presentation-assets/").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ondisk.diagnostics import Code
from ondisk.files import Folder, Kind, Stamp
from ondisk.names import refusal

__all__ = ["ASSETS", "Assets", "read_assets"]

ASSETS = "presentation-assets"
SHARED = "shared"
MAX_DEPTH = 16
VERSION = re.compile(r"v(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Assets:
    """The images for one platform in one version, of which the highest is to be used.

    `path` is their directory in the library; `inherits` is the platform that has what is not here, if there is one.
    """

    platform: str
    version: int
    path: str
    inherits: str | None
    files: tuple[Stamp, ...]


def read_assets(folder: Folder) -> tuple[Assets, ...]:
    """The assets in a directory by platform and version; none if it has no directory of them.

    A bad file or name costs only itself.
    """
    folder = folder.leniently()
    if not folder.has(ASSETS, Kind.DIRECTORY):
        return ()
    root = folder.within(ASSETS)
    platforms = [name for name in root.named(Kind.DIRECTORY) if usable(root, name)]
    return tuple(
        Assets(
            platform, number, str(version.path), SHARED if SHARED in platforms and platform != SHARED else None, files
        )
        for platform in platforms
        for number, version in versions(root.within(platform))
        if (files := tuple(images(version, 1)))
    )


def versions(platform: Folder) -> list[tuple[int, Folder]]:
    """The directories `v1`, `v2` and so on, by number."""
    found: list[tuple[int, Folder]] = []
    for name in platform.named(Kind.DIRECTORY):
        if match := VERSION.fullmatch(name):
            found.append((int(match[1]), platform.within(name)))
        elif name.startswith("v"):
            platform.report.warning(Code.BAD_NAME, platform.path / name, "a version is 'v' and a number")
    return sorted(found, key=lambda version: version[0])


def images(folder: Folder, depth: int) -> Iterator[Stamp]:
    """All files below a directory."""
    for name, kind in folder.entries().items():
        if kind is Kind.LINK:
            folder.has(name, Kind.FILE)
        elif name in folder.named(Kind.FILE) and usable(folder, name) and (stamp := folder.stamp(name)):
            yield stamp
        elif name in folder.named(Kind.DIRECTORY) and usable(folder, name):
            if depth == MAX_DEPTH:
                folder.report.error(Code.TOO_DEEP, folder.path / name, f"more than {MAX_DEPTH} levels of directories")
            else:
                yield from images(folder.within(name), depth + 1)


def usable(folder: Folder, name: str) -> bool:
    """Whether a name can be used; a warning if not."""
    if reason := refusal(name):
        folder.report.warning(Code.BAD_NAME, folder.path / name, reason)
    return not reason
