"""A course directory and its sections: what their files say, and what holds for a section.

A course is a directory with `bundle_meta_info.json`; a section is one in its `Sections` with another file of a course.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from ondisk.acl import Rule
from ondisk.assets import ASSETS, Assets, read_assets
from ondisk.assignments import OVERRIDES, AssignmentDates, read_overrides
from ondisk.bundle import BUNDLE, Bundle, read_bundle
from ondisk.course_info import INFO, read_info
from ondisk.diagnostics import Code, Diagnostic, Report, Severity, shown
from ondisk.dublin_core import METADATA, DublinCore, read_dublin_core
from ondisk.entry import Entry
from ondisk.files import Folder, Kind, Stamp, digest, passed_over
from ondisk.fingerprints import Fingerprints
from ondisk.inheritance import inherit_entry, overlay
from ondisk.names import SECTION_PART, bundle_ntiid, clashes, entry_ntiid, fold, node_ntiid, oddity, refusal
from ondisk.outline import OUTLINE, Outline, parse_outline, read_outline
from ondisk.packages import CourseContent, Shelf
from ondisk.roles import ROLES, Grant, inherit_roles, read_roles
from ondisk.vendor import VENDOR, read_vendor

__all__ = ["Course", "Section", "Surroundings", "inherit", "read_course"]

SECTIONS = "Sections"
MARKERS = [INFO, METADATA, OUTLINE, ROLES, VENDOR, OVERRIDES]
"""The files of which a section has at least one."""
KNOWN = [BUNDLE, "bundle_dc_metadata.xml", *MARKERS, ASSETS, SECTIONS]
LATER = {"assignment_policies.json": OVERRIDES}
"""Names that later versions of the layout have in place of these."""


@dataclass(slots=True)
class Surroundings:
    """What courses of a site need to know while they are read, and where the site's problems go.

    `shelves` has the packages of the site, then those of its parents; `roles` are accepted beside the layout's own.
    """

    report: Report
    shelves: tuple[Shelf, ...] = ()
    library: Shelf = field(default_factory=Shelf)
    roles: Collection[str] = ()
    withheld: list[PurePosixPath] = field(default_factory=list)
    fingerprints: Fingerprints | None = None

    def withhold(
        self, folder: Folder, own: PurePosixPath, code: Code, message: str, related: str | None = None
    ) -> None:
        """Tell why a directory is not taken over: `own` is its path in the site's courses."""
        self.report.error(code, folder.path, message, related=related)
        self.withheld.append(own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What courses and sections have in common: their own values, nothing inherited.

    `path` is relative to `Courses`. `files` are all that was read for it, those in packages too.
    """

    path: PurePosixPath
    entry: Entry
    metadata: DublinCore
    """What its `dc_metadata.xml` says; `entry` has it too, as far as an entry has fields for it."""
    outline: Outline | None
    roles: tuple[Grant, ...]
    vendor: Mapping[str, Any]
    """By vendor; never inherited, and not for learners."""
    assets: tuple[Assets, ...]
    files: tuple[Stamp, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.path.name

    @property
    def usable(self) -> bool:
        """Whether it may be taken over: no error is in it. Otherwise what was imported before should stay as it is."""
        return all(diagnostic.severity is not Severity.ERROR for diagnostic in self.diagnostics)

    @property
    def digest(self) -> str:
        """A hash (SHA-256) of the content of `files`: as long as it is the same, nothing was edited."""
        return digest(self.files)

    @property
    def parts(self) -> tuple[str, ...]:
        """The path as identifiers have it."""
        return self.path.parts

    @property
    def ntiid(self) -> str:
        """The identifier of its catalog entry, which comes from its path."""
        return entry_ntiid(self.parts)

    def node_ntiid(self, position: tuple[int, ...]) -> str:
        """The identifier of a node of its outline, at a position as in `Outline.nodes`."""
        return node_ntiid(self.parts, position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Instance):
    """A section; see `inherit` for what holds in it. Its bundle is that of its course."""

    assignment_dates: Mapping[str, AssignmentDates]
    """By the NTIID of the assignment; never inherited."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The path as identifiers have it, with `SubInstances` in place of `Sections`."""
        return section_parts(self.path)


def section_parts(path: PurePosixPath) -> tuple[str, ...]:
    """The path of a section as identifiers have it."""
    return (*path.parts[:-2], SECTION_PART, path.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course(Instance):
    """A course with its sections, in the order of their names.

    If it is not `usable`, neither are its sections, whose own `usable` is about their own files.
    """

    bundle: Bundle
    packages: tuple[str, ...]
    """Those of the bundle's packages that are there, by NTIID."""
    acls: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    """Who may read those packages that not everybody may read, by NTIID."""
    sections: tuple[Section, ...]
    fingerprint: str | None = None
    """That of its directory, where it need not be read again as long as it is the same; see `ondisk.fingerprints`."""
    stamp: str | None = None
    """That of its directory, which needs not even be opened as long as it is the same."""

    @property
    def bundle_ntiid(self) -> str:
        """The identifier of its content bundle, which comes from its path."""
        return bundle_ntiid(self.parts)


def inherit(course: Course, section: Section) -> Section:
    """What holds in a section: its own values, and those of its course where it is silent.

    The outline and the assets are taken as a whole, the entry value by value, roles by role and user; vendor
    information and dates of assignments never (spec/course-directories.rst, "Course Sections").
    """
    return replace(
        section,
        entry=inherit_entry(course.entry, section.entry),
        outline=course.outline if section.outline is None else section.outline,
        roles=inherit_roles(course.roles, section.roles),
        assets=section.assets or course.assets,
    )


def read_course(folder: Folder, path: PurePosixPath, around: Surroundings) -> Course:
    """The course in a directory that has `bundle_meta_info.json`; its problems are in its `diagnostics`."""
    folder = Folder(folder.disk, folder.path, Report())
    bundle = read_bundle(folder)
    content = content_of(bundle, folder, around)
    check_entries(folder, without_effect=[OVERRIDES])
    check_nested(folder)
    metadata = read_dublin_core(folder, METADATA)
    course = Course(
        path=path,
        bundle=bundle,
        packages=tuple(package.ntiid for package in content.packages),
        acls={package.ntiid: package.acl.rules for package in content.packages if package.acl},
        entry=overlay(read_entry(folder, content), metadata, folder.path / METADATA),
        metadata=metadata,
        outline=read_outline_or_contents(folder, content),
        roles=read_roles(folder, around.roles),
        vendor=read_vendor(folder),
        assets=read_assets_or_packages(folder, content),
        sections=tuple(read_sections(folder, path, content, around)),
        files=tuple(folder.stamps),
        diagnostics=(),
    )
    check_course(course, folder)
    return replace(course, diagnostics=tuple(folder.report.found))


def content_of(bundle: Bundle, folder: Folder, around: Surroundings) -> CourseContent:
    """The packages of a course; their tables of contents count among what was read for it."""
    path = folder.path / BUNDLE
    content = CourseContent.of(bundle.packages, around.shelves, around.library, path=path, report=folder.report)
    folder.stamps += [stamp for package in content.packages for stamp in package.stamps]
    return content


def read_entry(folder: Folder, content: CourseContent) -> Entry:
    """What the file of a course says, or that of the first package that has one."""
    found = (info for source in [folder, *borrowed(folder, content)] if (info := read_info(source)) is not None)
    if (entry := next(found, None)) is None:
        folder.report.warning(Code.MISSING, folder.path / INFO, "neither the course nor its packages have this file")
    return entry or Entry()


def borrowed(folder: Folder, content: CourseContent) -> Iterator[Folder]:
    """The directories of a course's packages, read on the course's account."""
    for package in content.packages:
        yield Folder(package.folder.disk, package.folder.path, folder.report, folder.stamps)


def read_outline_or_contents(folder: Folder, content: CourseContent) -> Outline | None:
    """A course's outline: its file, or the first table of contents of its packages that has one."""
    if OUTLINE in folder.entries():
        return read_outline(folder, content)
    for package in content.packages:
        if package.course is not None:
            return parse_outline(package.course, package.contents, folder.report, content)
    folder.report.warning(Code.MISSING, folder.path / OUTLINE, "neither the course nor its packages have an outline")
    return None


def read_assets_or_packages(folder: Folder, content: CourseContent) -> tuple[Assets, ...]:
    """A course's assets: its own, or those of the first package that has any."""
    found = (read_assets(source) for source in [folder, *borrowed(folder, content)])
    return next(filter(None, found), ())


def check_course(course: Course, folder: Folder) -> None:
    """Tell what courses usually have, and this one has not."""
    if ROLES not in folder.entries():
        folder.report.advice(Code.MISSING, folder.path / ROLES, "nobody is named as an instructor of the course")
    number = course.entry.provider_unique_id
    if number is None:
        folder.report.warning(Code.MISSING, folder.path / INFO, "the course has no 'id'")
    elif number != course.name:
        message = f"the directory should have the name of the course's 'id', {number!r}"
        folder.report.advice(Code.ID_MISMATCH, folder.path, message)


def check_entries(folder: Folder, *, without_effect: Collection[str]) -> None:
    """Tell of names that have no meaning in a directory, but probably should have one."""
    meant = {fold(name): name for name in KNOWN}
    for name in folder.entries():
        if name in without_effect:
            folder.report.advice(Code.NO_EFFECT, folder.path / name, "this has no effect here")
        elif name in LATER:
            message = f"this name is of a later layout, and is not read; {LATER[name]!r} would be"
            folder.report.advice(Code.NEAR_MISS, folder.path / name, message)
        elif name not in KNOWN and fold(name) in meant and not passed_over(name):
            message = f"this name has no meaning; {meant[fold(name)]!r} has"
            folder.report.warning(Code.NEAR_MISS, folder.path / name, message)


def check_nested(folder: Folder) -> None:
    """Tell of courses within a course, which are none."""
    for name in folder.named(Kind.DIRECTORY):
        if name not in KNOWN and BUNDLE in folder.within(name, Report()).entries():
            folder.report.warning(
                Code.NO_EFFECT, folder.path / name, "this is within a course, and so no course itself"
            )


def read_sections(
    course: Folder, path: PurePosixPath, content: CourseContent, around: Surroundings
) -> Iterator[Section]:
    """The sections of a course. What makes a directory no usable section is the site's problem, not the course's."""
    if not course.has(SECTIONS, Kind.DIRECTORY):
        return
    outer = course.within(SECTIONS)
    for name in usable_names(outer, path / SECTIONS, around):
        folder = outer.within(name, Report())
        if set(MARKERS) & folder.entries().keys():
            yield read_section(folder, path / SECTIONS / name, content, around.roles)
        elif folder.unlisted:
            around.withheld.append(path / SECTIONS / name)
            around.report.found += folder.report.found
        elif folder.named(Kind.DIRECTORY) or folder.named(Kind.FILE):
            message = f"this is no section, for it has none of {', '.join(MARKERS)}"
            around.report.warning(Code.NOT_A_SECTION, folder.path, message)


def read_section(folder: Folder, path: PurePosixPath, content: CourseContent, roles: Collection[str]) -> Section:
    """The section in a directory, without what it inherits."""
    check_entries(folder, without_effect=[BUNDLE, "bundle_dc_metadata.xml", SECTIONS])
    info = read_info(folder) or Entry()
    if OUTLINE in folder.entries():
        folder.stamps += [package.stamp for package in content.packages]
    metadata = read_dublin_core(folder, METADATA)
    return Section(
        path=path,
        entry=overlay(info, metadata, folder.path / METADATA),
        metadata=metadata,
        outline=read_outline(folder, content),
        roles=read_roles(folder, roles),
        vendor=read_vendor(folder),
        assignment_dates=read_overrides(folder),
        assets=read_assets(folder),
        files=tuple(folder.stamps),
        diagnostics=tuple(folder.report.found),
    )


def usable_names(folder: Folder, path: PurePosixPath, around: Surroundings) -> Iterator[str]:
    """The directories in one that can be taken over by their names; the site withholds the others."""
    names = folder.named(Kind.DIRECTORY)
    others = clashes(names)
    for name in folder.named(Kind.LINK):
        around.withhold(folder.within(name), path / name, Code.SYMLINK, "symbolic links are not followed")
    for name in names:
        inner = folder.within(name)
        if reason := refusal(name):
            around.withhold(inner, path / name, Code.BAD_NAME, reason)
        elif name in others:
            message = "the name conflicts with another one beside it: case, spaces and special characters do not count"
            around.withhold(inner, path / name, Code.NAME_CONFLICT, message, shown(folder.path / others[name]))
        else:
            if odd := oddity(name):
                around.report.warning(Code.BAD_NAME, inner.path, odd)
            yield name
