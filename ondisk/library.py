"""A library of courses on disk: sites, their administrative levels and their courses.

`read_library` reads all of it, changes nothing and raises nothing: what is wrong is in the diagnostics.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from ondisk.bundle import BUNDLE
from ondisk.courses import Course, Surroundings, read_course, section_parts, usable_names
from ondisk.diagnostics import Code, Diagnostic, Report, shown
from ondisk.files import Folder, Kind
from ondisk.fingerprints import Fingerprints, Known
from ondisk.names import clashes, fold, refusal, specific
from ondisk.packages import Shelf, read_shelf
from ondisk.packed import Courses, Packed, Place, packed

__all__ = ["Library", "Site", "read_library"]

SITES = "sites"
COURSES = "Courses"


Progress = Callable[[int], None]


def silent(_done: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site: its administrative levels (paths relative to `Courses`) and its courses, in the order of their paths.

    `unchanged` are the courses that are as they were known before, and so were not read again, each with the stamp that
    its directory has now.
    Nothing at or below a path in `withheld` may be taken for removed: it is there, but cannot be taken over.
    `found` tells whether the site has a directory of courses that could be looked into; if not, nothing was removed.
    `diagnostics` are those outside of courses and sections; those in them are theirs.
    """

    name: str
    found: bool
    levels: tuple[PurePosixPath, ...]
    courses: Courses
    unchanged: Mapping[PurePosixPath, str | None] = field(default_factory=dict)
    withheld: tuple[PurePosixPath, ...]
    diagnostics: tuple[Diagnostic, ...]

    def all_diagnostics(self) -> Iterator[Diagnostic]:
        """Those of the site, of its courses and of their sections."""
        yield from self.diagnostics
        for course in self.courses:
            yield from course.diagnostics
            for section in course.sections:
                yield from section.diagnostics


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A library: its sites in the order of their names, and the names of those that cannot be taken over."""

    found: bool
    sites: tuple[Site, ...]
    withheld: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    def all_diagnostics(self) -> Iterator[Diagnostic]:
        """Those of the library and of everything in it."""
        yield from self.diagnostics
        for site in self.sites:
            yield from site.all_diagnostics()


def read_library(
    root: Path,
    *,
    sites: Collection[str] | None = None,
    parents: Mapping[str, str] | None = None,
    roles: Collection[str] = (),
    known: Mapping[str, Mapping[str, Known]] | None = None,
    progress: Progress = silent,
) -> Library:
    """Read the sites of the library in a directory (spec/course-directories.rst, "Directory Structure").

    `sites` are the names of those to read, by default all. `parents` gives the parent of each site that has one, whose
    content its courses may use: the layout does not tell. `roles` are accepted in `role_info.json` beside its own.
    `known` are the courses that need not be read again as long as they are the same, by site and path. `progress` is
    called with the number of courses that were looked at since its last call; what it raises ends the reading.
    """
    top = Folder(root, PurePosixPath(), Report())
    found = top.has(SITES, Kind.DIRECTORY)
    if not (found or top.entries().get(SITES) or top.unlisted):
        top.report.error(Code.MISSING, PurePosixPath(SITES), "the library has no directory of sites")
    folder = top.within(SITES)
    usable, withheld = site_names(folder) if found else ([], [])
    folders = {name: folder.within(name, Report()) for name in usable}
    shelves = {name: read_shelf(site) for name, site in folders.items()}
    shared = read_shelf(top)
    read: list[Site] = []
    for name, site in folders.items():
        if sites is None or name in sites:
            own = lineage(name, shelves, parents or {})
            fingerprints = Fingerprints((known or {}).get(name, {}), [*own, shared], roles)
            around = Surroundings(site.report, own, shared, roles, fingerprints=fingerprints)
            read.append(read_site(site, around, progress))
    return Library(
        found=found and not folder.unlisted,
        sites=tuple(read),
        withheld=tuple(withheld),
        diagnostics=tuple(top.report.found),
    )


def site_names(folder: Folder) -> tuple[list[str], list[str]]:
    """The names of sites that can be taken over, and those that cannot, with errors."""
    names = folder.named(Kind.DIRECTORY)
    others = clashes(names, str.casefold)
    withheld = folder.named(Kind.LINK)
    for name in withheld:
        folder.report.error(Code.SYMLINK, folder.path / name, "symbolic links are not followed")
    for name in names:
        path = folder.path / name
        if reason := refusal(name):
            folder.report.error(Code.BAD_NAME, path, reason)
        elif name in others:
            related = shown(folder.path / others[name])
            folder.report.error(Code.NAME_CONFLICT, path, "two sites differ only in case", related=related)
        else:
            continue
        withheld.append(name)
    return [name for name in names if name not in withheld], withheld


def lineage(name: str, shelves: Mapping[str, Shelf], parents: Mapping[str, str]) -> tuple[Shelf, ...]:
    """The shelves of a site, of its parent, of that one's parent, and so on."""
    names: dict[str, None] = {}
    ancestor: str | None = name
    while ancestor is not None and ancestor not in names:
        names[ancestor] = None
        ancestor = parents.get(ancestor)
    return tuple(shelves[name] for name in names if name in shelves)


def read_site(folder: Folder, around: Surroundings, progress: Progress) -> Site:
    """The site in a directory."""
    found = folder.has(COURSES, Kind.DIRECTORY)
    courses = folder.within(COURSES)
    levels: list[PurePosixPath] = []
    read: list[Packed] = []
    unread: dict[Place, tuple[list[Place], str | None]] = {}
    if found:
        for path, inner in walk(courses, around):
            if not inner.has(BUNDLE, Kind.FILE):
                levels.append(path)
                continue
            if isinstance(course := read_or_known(inner, path, around), Course):
                read.append(packed(course))
            else:
                unread[Place(path, path.parts)] = course
            progress(1)
        check_courses(courses, [*(each.place.path for each in read), *(place.path for place in unread)], around)
    elif COURSES not in folder.entries() and not folder.unlisted:
        tell_missing(folder)
    known = [place for course, (sections, _) in unread.items() for place in (course, *sections)]
    others = withhold_clashes([*Courses(read).places(), *known], courses.path, around)
    unchanged = sorted((place.path, stamp) for place, (_, stamp) in unread.items() if place.path not in others)
    return Site(
        name=folder.path.name,
        found=found and not courses.unlisted,
        levels=tuple(sorted(levels)),
        courses=Courses(read, others),
        unchanged=dict(unchanged),
        withheld=tuple(sorted(around.withheld)),
        diagnostics=tuple(around.report.found),
    )


def tell_missing(folder: Folder) -> None:
    """Tell of a site without a directory of courses, above all if there is one of a name that is nearly right."""
    near = [folder.path / name for name in folder.entries() if fold(name) == fold(COURSES)]
    tell = folder.report.warning if near else folder.report.advice
    message = "the site has no directory of courses"
    tell(Code.MISSING, folder.path / COURSES, message, related=next(map(shown, near), None))


def read_or_known(folder: Folder, path: PurePosixPath, around: Surroundings) -> Course | tuple[list[Place], str | None]:
    """The course in a directory, or only its sections and stamp, if it is as it was known before."""
    look = around.fingerprints.look(path, folder.disk) if around.fingerprints else None
    if look is not None and look.known is not None:
        sections = [Place(each, section_parts(each), is_section=True) for each in look.known.sections]
        return sections, look.stamp
    withheld = len(around.withheld)
    course = read_course(folder, path, around)
    is_sound = len(around.withheld) == withheld and all(each.usable for each in (course, *course.sections))
    if look is None or not is_sound:
        return course
    return replace(course, fingerprint=look.fingerprint, stamp=look.stamp)


def walk(top: Folder, around: Surroundings) -> Iterator[tuple[PurePosixPath, Folder]]:
    """The directories below `Courses`: administrative levels at any depth, and courses, which have none below."""
    waiting = [(PurePosixPath(), top)]
    while waiting:
        path, folder = waiting.pop()
        for name in usable_names(folder, path, around):
            inner = folder.within(name)
            bundle = inner.entries().get(BUNDLE)
            if inner.unlisted or bundle not in {None, Kind.FILE}:
                inner.has(BUNDLE, Kind.FILE)
                around.withheld.append(path / name)
                continue
            yield path / name, inner
            if bundle is None:
                waiting.append((path / name, inner))


def check_courses(folder: Folder, courses: list[PurePosixPath], around: Surroundings) -> None:
    """Tell of a site without courses, and of courses outside administrative levels."""
    if not courses and not around.withheld and not folder.unlisted:
        folder.report.warning(Code.MISSING, folder.path, "there are no courses")
    for path in courses:
        if len(path.parts) == 1:
            message = "the course is in no administrative level, such as a term"
            around.report.advice(Code.NO_ADMIN_LEVEL, folder.path / path, message)


def withhold_clashes(found: list[Place], top: PurePosixPath, around: Surroundings) -> Collection[PurePosixPath]:
    """Withhold the courses and sections whose identifiers are not theirs alone in the site, and tell which they are."""
    others = clashing(found, lambda place: identity(place.parts))
    for path, other in others.items():
        message = "the identifier made of this path is that of another one as well"
        around.report.error(Code.NAME_CONFLICT, top / path, message, related=shown(top / other))
        around.withheld.append(path)
    for path, other in clashing(found, lambda place: fold("".join(place.parts))).items():
        if path not in others:
            message = "the path differs from another one only in case, special characters and levels"
            around.report.warning(Code.NAME_CONFLICT, top / path, message, related=shown(top / other))
    return others


def identity(parts: tuple[str, ...]) -> str:
    """The part of an identifier that names a path, the same for all that could be mistaken for it."""
    return re.sub("_+", "_", specific(parts).casefold())


def clashing(found: list[Place], key: Callable[[Place], str]) -> dict[PurePosixPath, PurePosixPath]:
    """For each path whose key is that of another one too, the first other one."""
    keys = {str(place.path): key(place) for place in found}
    return {PurePosixPath(path): PurePosixPath(other) for path, other in clashes(keys, keys.__getitem__).items()}
