"""The packages of content that a site's courses are made of, as far as courses need them.

A course without its own `course_info.json`, outline or assets takes those of its packages, as old ones do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lxml import etree

from ondisk.acl import Acl, read_acl
from ondisk.diagnostics import Code, Report
from ondisk.documents import read_xml
from ondisk.files import Folder, Kind, Stamp
from ondisk.names import refusal
from ondisk.outline import Topic

__all__ = ["CourseContent", "Package", "Shelf", "read_shelf"]

CONTENTS = "eclipse-toc.xml"
SPECIAL = {"sites", "Courses", "ContentPackageBundles", "lost+found"}


@dataclass(frozen=True, slots=True)
class Package:
    """A package: its NTIID, where it is, and its topics by NTIID.

    `course` is the outline in its table of contents, None if there is none; `acl` tells who may read it, None if all.
    """

    ntiid: str
    folder: Folder
    stamp: Stamp
    topics: Mapping[str, Topic]
    course: etree._Element | None
    acl: Acl | None = None

    @property
    def stamps(self) -> list[Stamp]:
        """The files that were read of it for all its courses."""
        return [self.stamp] if self.acl is None else [self.stamp, self.acl.stamp]

    @property
    def contents(self) -> PurePosixPath:
        """The path of its table of contents in the library."""
        return self.folder.path / CONTENTS


@dataclass(frozen=True, slots=True)
class Shelf:
    """The packages directly in one directory, by NTIID, and the paths of those that cannot be read."""

    packages: Mapping[str, Package] = field(default_factory=dict)
    broken: tuple[str, ...] = ()


def read_shelf(folder: Folder) -> Shelf:
    """The packages in a site's directory, or in the library's; what is wrong with them is a warning."""
    found: dict[str, Package] = {}
    broken = [str(folder.path / name) for name in folder.named(Kind.LINK)]
    for link in broken:
        folder.report.warning(Code.SYMLINK, PurePosixPath(link), "symbolic links are not followed")
    for name in folder.named(Kind.DIRECTORY):
        inner = folder.within(name, folder.report.lenient())
        if name in SPECIAL or refusal(name) or not (CONTENTS in inner.entries() or inner.unlisted):
            continue
        if (package := read_package(inner)) is None:
            broken.append(str(inner.path))
        elif package.ntiid in found:
            path, other = package.contents, str(found[package.ntiid].contents)
            inner.report.warning(Code.NAME_CONFLICT, path, f"there are two packages {package.ntiid}", related=other)
        else:
            found[package.ntiid] = package
    return Shelf(found, tuple(broken))


def read_package(folder: Folder) -> Package | None:
    """A package by its table of contents; None, with a warning, if that is bad."""
    if (root := read_xml(folder, CONTENTS)) is None:
        return None
    stamp = folder.stamps[-1]
    if not (ntiid := root.get("ntiid", "")):
        folder.report.warning(Code.MISSING, folder.path / CONTENTS, "the table of contents has no 'ntiid'")
        return None
    topics = {topic.get("ntiid", ""): Topic(topic.get("label"), topic.get("desc")) for topic in root.iter("topic")}
    topics[ntiid] = Topic(root.get("label"), root.get("desc"))
    return Package(ntiid, folder, stamp, topics, next(root.iterchildren("course"), None), read_acl(folder))


@dataclass(frozen=True, slots=True)
class CourseContent:
    """The packages of one course that are there, in the order of its bundle."""

    packages: tuple[Package, ...] = ()
    complete: bool = False
    """Whether all packages of the bundle are there, and there is one."""

    def topic(self, ntiid: str) -> Topic | None:
        """A piece of content, from the first package that has it."""
        return next((package.topics[ntiid] for package in self.packages if ntiid in package.topics), None)

    @classmethod
    def of(
        cls, wanted: Iterable[str], shelves: Iterable[Shelf], library: Shelf, *, path: PurePosixPath, report: Report
    ) -> "CourseContent":
        """Look packages up in the site's shelf, those of its parents and then the global library's.

        One that is missing is a warning, but an error if it may be one of those that cannot be read.
        """
        shelves, wanted = list(shelves), list(wanted)
        found: list[Package] = []
        for ntiid in wanted:
            package = next((shelf.packages[ntiid] for shelf in [*shelves, library] if ntiid in shelf.packages), None)
            if package:
                found.append(package)
            if package and ntiid in library.packages and package is library.packages[ntiid]:
                report.warning(Code.GLOBAL_PACKAGE, path, f"{ntiid} is in the global library, not in the site's")
            elif not package:
                tell_missing(ntiid, [broken for shelf in [*shelves, library] for broken in shelf.broken], path, report)
        return cls(tuple(found), bool(wanted) and len(found) == len(wanted))


def tell_missing(ntiid: str, broken: list[str], path: PurePosixPath, report: Report) -> None:
    """Tell that a package is not there."""
    if broken:
        message = f"the package {ntiid} is not found, and some packages cannot be read"
        report.error(Code.MISSING_PACKAGE, path, message, related=broken[0])
    else:
        report.warning(
            Code.MISSING_PACKAGE, path, f"there is no package {ntiid} in the site, its parents or the library"
        )
