"""Courses and libraries: `parse` reads the blocks of an archive and sorts its other files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from edx.olx.archive import Archive, read
from edx.olx.assets import assets_of
from edx.olx.blobs import Blob, File
from edx.olx.canonical import digest_of, lead_of, pointer_to, render
from edx.olx.documents import check_formats, check_grading, check_policy, load_object
from edx.olx.kinds import COURSE, KNOWN, LIBRARY, ROOTS, is_pointer
from edx.olx.markup import Element
from edx.olx.members import DEFAULTS, Limits
from edx.olx.model import Block, Course, Document, Draft, Source
from edx.olx.names import clean
from edx.olx.problems import ArchiveRefused, Code, Findings, Key, Place, Report, Severity
from edx.olx.roots import Root, find_root
from edx.olx.tree import Options, Tree

DRAFTS = "drafts/"
DRAFT_MARK = b"index_in_children_list"
NEVER_DRAFTS = {"course", "chapter", "sequential"}
FOLDERS = {"about": "about/", "info": "info/", "tabs": "tabs/"}
DEFAULT = Options()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A course that was read, and what is worth knowing about it."""

    course: Course
    report: Report


def parse(
    archive: Archive,
    *,
    folder: str | None = None,
    options: Options = DEFAULT,
    fail_level: Severity | None = Severity.ERROR,
) -> Parsed:
    """Read the course or the library in an archive: the shallowest one, or that in `folder`.

    Raises `ArchiveRefused` with everything that was found if anything is as bad as `fail_level`. What a warning is
    about is kept; an error means that something would be lost. With None whatever can be read is given, only to be
    looked at.
    """
    findings = Findings.starting_with(archive.report)
    root = find_root(archive.files, folder, findings)
    course = Reader(archive.files, root, findings, options).course() if root else None
    if fail_level is not None:
        findings.raise_at(fail_level)
    if course is None:
        raise ArchiveRefused(findings.report())
    return Parsed(course, findings.report())


def check(
    source: Path | BinaryIO, *, folder: str | None = None, options: Options = DEFAULT, limits: Limits = DEFAULTS
) -> Report:
    """All that is wrong with an archive, or worth knowing about it, without raising and without keeping anything."""
    try:
        return parse(read(source, limits=limits), folder=folder, options=options).report
    except ArchiveRefused as refused:
        return refused.report


class Reader:
    """Reads the course at one root."""

    def __init__(self, files: Mapping[str, Blob], root: Root, findings: Findings, options: Options) -> None:
        self.kind = root.kind
        self.folder = root.folder
        self.findings = findings
        inside = len(root.folder)
        self.files = files
        if inside:
            self.files = {path[inside:]: blob for path, blob in files.items() if path.startswith(root.folder)}
        self.outside = tuple(File(path, blob) for path, blob in files.items() if not path.startswith(root.folder))
        self.tree = Tree(self.files, self.folder, findings, options)
        self.drafts = Tree(
            {path.removeprefix(DRAFTS): blob for path, blob in self.files.items() if path.startswith(DRAFTS)},
            self.folder + DRAFTS,
            findings,
            replace(options, allow_missing=True),
        )

    def course(self) -> Course | None:
        """The course; None, and noted, if its root cannot be read."""
        path = ROOTS[self.kind]
        found = self.tree.markup(path)
        if found is None:
            return None
        element, data = found
        if element.tag != self.kind:
            self.findings.error(Code.NOT_OLX, f"the root is <{element.tag}> and not <{self.kind}>", element.place)
            return None
        if element.get("contextid"):
            self.findings.error(Code.NOT_OLX, "this looks like a Moodle course, not like OLX", element.place)
            return None
        root = self.root(element, data)
        if root is None:
            return None
        number = element.get(self.kind) or clean(self.folder.rstrip("/").rpartition("/")[2]) or self.kind
        bare = Course(self.kind, element.get("org") or "edx", number, self.folder, root)
        return self.complete(self.with_entry(bare, self.files[path]))

    def root(self, element: Element, data: bytes) -> Block | None:
        """The root block, from its own file or from where it stands."""
        name = element.get("url_name") or element.get("slug") or clean(element.get("name") or "")
        if not name and self.kind == LIBRARY:
            name = LIBRARY
        if not name:
            message = "Can't load a course without a 'url_name' (or 'name') set."
            self.findings.error(Code.INVALID_NAME, message, element.place)
            return None
        key = Key(self.kind, name)
        if not self.tree.admits(key, element.place):
            return None
        if self.kind == COURSE and is_pointer(element):
            block = self.tree.pointed(key, (), element.place)
            return None if block is None or block.is_missing else block
        self.tree.check_inline(key, element, is_synthetic=False)
        empty = Block(*key, pointer=None, place=element.place)
        hidden = frozenset({"org", self.kind, *(() if element.get("url_name") else ("name",))})
        return self.tree.register(self.tree.build(key, element, data, empty, hidden=hidden))

    def with_entry(self, course: Course, blob: Blob) -> Course:
        """The same course, with the bytes of `course.xml` where they belong."""
        if course.root.is_inline:
            meaning = digest_of(render(course.root, lead_of(course)))
            return replace(course, root=replace(course.root, source=Source(blob, meaning)))
        return replace(course, entry=Source(blob, digest_of(pointer_to(course))))

    def complete(self, course: Course) -> Course:
        """The course with all its other files, each where it belongs."""
        drafts = tuple(self.draft_blocks())
        documents = self.documents(course)
        policy, grading, listed = documents
        assets = assets_of(self.files, listed, self.folder, self.findings)
        used = self.tree.used | {DRAFTS + path for path in self.drafts.used}
        used |= {document.path for document in documents if document} | {asset.file.path for asset in assets}
        groups: dict[str, list[File]] = {name: [] for name in (*FOLDERS, "extras")}
        for path, blob in self.files.items():
            if path not in used:
                group = next((name for name, start in FOLDERS.items() if path.startswith(start)), "extras")
                groups[group].append(File(path, blob))
        self.check(course, groups["extras"], policy, grading)
        filed = {name: tuple(files) for name, files in groups.items()}
        return replace(
            course,
            policy=policy,
            grading=grading,
            assets_policy=listed,
            assets=assets,
            drafts=drafts,
            about=filed["about"],
            info=filed["info"],
            tabs=filed["tabs"],
            extras=filed["extras"],
            outside=self.outside,
        )

    def documents(self, course: Course) -> tuple[Document | None, Document | None, Document | None]:
        """The policy, the grading policy and the list of assets; a broken list is only a nuisance."""
        run = course.run
        wanted = (
            ((f"policies/{run}/policy.json", f"policies/{run}.json"), Severity.ERROR),
            ((f"policies/{run}/grading_policy.json", "grading_policy.json"), Severity.ERROR),
            (("policies/assets.json",), Severity.WARNING),
        )
        policy, grading, listed = (
            load_object(self.files, paths, self.folder, self.findings, severity) for paths, severity in wanted
        )
        return policy, grading, listed

    def draft_blocks(self) -> Iterator[Draft]:
        """The blocks below `drafts/` that say where they belong; what they lead to is read with them."""
        for path, blob in self.drafts.files.items():
            kind, _, rest = path.partition("/")
            if not rest.endswith(".xml") or kind in NEVER_DRAFTS or DRAFT_MARK not in blob.read():
                continue
            key = Key(kind, rest.removesuffix(".xml").replace("/", ":"))
            place = Place(self.folder + DRAFTS + path)
            block = self.drafts.pointed(key, (), place) if self.drafts.admits(key, place) else None
            if block:
                yield Draft(block)

    def check(self, course: Course, extras: list[File], policy: Document | None, grading: Document | None) -> None:
        """Note what only shows when everything is read."""
        if policy:
            check_policy(policy, self.drafts.blocks | self.tree.blocks, self.folder, self.findings)
        if grading:
            check_grading(grading, self.folder, self.findings)
            check_formats(grading, course.root, self.findings)
        for file in extras:
            kind, _, name = file.path.removeprefix(DRAFTS).partition("/")
            if kind in KNOWN and name.endswith(".xml"):
                message = "no block leads to this file; it is kept beside the course"
                self.findings.warn(Code.UNREFERENCED_FILE, message, self.folder + file.path)
