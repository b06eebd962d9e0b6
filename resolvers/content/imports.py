"""Importing: an archive becomes the content of a run, as a whole or not at all (spec/content-api.md, "Create")."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from db.store import Author, Commit, Head, Intake, Store, VersionConflict, commit, head_of
from edx.olx import Blob, Course, Keep, Limits, Options, Report, Severity, files, parse, read
from edx.olx.course import DEFAULT
from edx.olx.members import DEFAULTS
from resolvers.content.load import load
from resolvers.content.nodes import Written, write
from resolvers.content.spool import spool
from resolvers.merging.lists import protections
from resolvers.merging.protection import Kept, Protection, protect
from resolvers.usage import operation, uses_of
from resolvers.usage.operations import VALIDATED
from resolvers.usage.recorder import Use


class Mode(StrEnum):
    """What becomes of the content that a run has."""

    REPLACE = "replace"
    """The archive takes its place, as a whole."""
    UPDATE = "update"
    """So it does, but for the values of protected settings, which stay."""


class Stage(StrEnum):
    """What an import is about, one after the other; Open edX calls them Unpacking, Verifying and Updating."""

    UNPACKING = "unpacking"
    VERIFYING = "verifying"
    UPDATING = "updating"


Progress = Callable[[Stage, int, int | None], None]
"""Is told the stage, how many files are done in it, and of how many where that is known. May be called in a thread."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How an archive is read. Anything as bad as `fail_level` has it refused."""

    options: Options = DEFAULT
    limits: Limits = DEFAULTS
    fail_level: Severity = Severity.ERROR


DEFAULT_RULES = Rules()
ATTEMPTS = 5
"""How often an update is made again because somebody else changed the content meanwhile."""
OPERATIONS = {Mode.REPLACE: "import", Mode.UPDATE: "update"}
"""What histories call the modes."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which run gets the content, by whom; `expected` is the version that it must have now, None for whichever."""

    run_id: int
    author: Author
    expected: str | None = None
    message: str = ""
    mode: Mode = Mode.REPLACE


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import. `version` is the one that it leads to, also where nothing was written.

    `kept` are the protected settings that the archive has other values of.
    """

    version: str
    is_new: bool
    report: Report
    counts: Mapping[str, int]
    """How many blocks there are of each type."""
    files: int
    bytes: int
    bytes_written: int = 0
    nodes_written: int = 0
    kept: tuple[Kept, ...] = ()
    head: Head | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An archive that was read and is fit to be imported."""

    course: Course
    report: Report
    written: Written
    files: Mapping[str, Blob]
    uses: Mapping[Use, int] = field(default_factory=dict, repr=False)
    """How many blocks there are of each type, and with each setting."""
    kept: tuple[Kept, ...] = ()
    made_of: str | None = None
    """The version of the run that was updated, where the result depends on it."""

    def told(self) -> Imported:
        """What can be said of it before anything is stored."""
        return Imported(
            version=self.written.root,
            is_new=False,
            report=self.report,
            counts=counts_of(self.course),
            files=len(self.files),
            bytes=sum(blob.size for blob in self.files.values()),
            kept=self.kept,
        )

    def updating(self, head: Head, ours: Course, protection: Protection) -> "Prepared":
        """The same with what stays of the content that the run has. Blocks the thread."""
        course, kept = protect(ours, self.course, protection)
        found = {file.path: file.blob for file in files(course)} if kept else self.files
        written = write(course) if kept else self.written
        return replace(self, course=course, written=written, files=found, kept=kept, made_of=head.root)


def counts_of(course: Course) -> dict[str, int]:
    """How many blocks a course has of each type, itself included, by type."""
    return dict(sorted(Counter(block.type for block in course.root.walk() if not block.is_missing).items()))


def silent(_stage: Stage, _done: int, _total: int | None) -> None:
    """Tells nobody."""


async def check_course(source: Path | BinaryIO, rules: Rules = DEFAULT_RULES) -> Imported:
    """What an import would say, without storing anything (X5: the same report and version). Raises ArchiveRefused."""
    with spool() as keep:
        return (await asyncio.to_thread(prepare, source, keep, rules, silent)).told()


async def import_course(
    store: Store,
    source: Path | BinaryIO,
    target: Target,
    *,
    rules: Rules = DEFAULT_RULES,
    progress: Progress = silent,
    is_dry: bool = False,
) -> Imported:
    """Make an archive or a folder a run's whole content, or update what it has; `is_dry` says to store nothing.

    Raises ArchiveRefused with all that is wrong with it, VersionConflict, BlobsUnavailable, LeaseLost. Whatever is
    raised, and wherever the process ends: the run's content is as it was, and the same import succeeds later.
    """
    with operation(store.database, "importCourse", target.author, target.run_id) as seen, spool() as keep:
        await _expect(store, target)
        prepared = await asyncio.to_thread(prepare, source, keep, rules, progress)
        done = await _imported(store, prepared, target, progress, is_dry=is_dry)
        seen.types = done.counts
        seen.told(done.report.problems)
        if is_dry:
            seen.outcome = VALIDATED
        elif done.is_new:
            seen.made(done.version, prepared.uses)
        return done


async def _imported(store: Store, found: Prepared, target: Target, progress: Progress, *, is_dry: bool) -> Imported:
    for attempt in range(1, ATTEMPTS + 1):
        prepared = await _updated(store, found, target)
        if is_dry:
            return prepared.told()
        try:
            return await _store(store, prepared, target, progress)
        except VersionConflict:
            if target.expected is not None or prepared.made_of is None or attempt == ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")


async def _updated(store: Store, prepared: Prepared, target: Target) -> Prepared:
    """An archive with what is to stay of the run's own content, as that is now."""
    head = None if target.mode is Mode.REPLACE else await _expect(store, target)
    if head is None:
        return prepared
    protection = (await protections(store, [target.run_id]))[target.run_id]
    ours = await load(store, head.root, head.frame)
    return await asyncio.to_thread(prepared.updating, head, ours.course, protection)


def prepare(source: Path | BinaryIO, keep: Keep, rules: Rules, progress: Progress) -> Prepared:
    """Read an archive. Blocks the thread, for about a second for ten thousand files. Raises ArchiveRefused."""
    count = 0

    def kept(data: bytes) -> Blob:
        nonlocal count
        count += 1
        progress(Stage.UNPACKING, count, None)
        return keep(data)

    archive = read(source, limits=rules.limits, keep=kept)
    progress(Stage.VERIFYING, 0, len(archive.files))
    parsed = parse(archive, options=rules.options, fail_level=rules.fail_level)
    del archive  # the course has the files; of large ones two lists of them count
    found = {file.path: file.blob for file in files(parsed.course)}
    progress(Stage.VERIFYING, len(found), len(found))
    uses = uses_of(parsed.course, parsed.course.root.walk())
    return Prepared(parsed.course, parsed.report, write(parsed.course), found, uses)


async def _expect(store: Store, target: Target) -> Head | None:
    """What the run is at. Raises VersionConflict before anything is done in vain."""
    head = await head_of(store, target.run_id)
    root = head.root if head else None
    if target.expected is not None and target.expected != root:
        raise VersionConflict(target.expected, root)
    return head


async def _store(store: Store, prepared: Prepared, target: Target, progress: Progress) -> Imported:
    told, written = prepared.told(), prepared.written
    head = await _expect(store, target)
    if head and (head.root, head.frame) == (written.root, written.frame):
        return replace(told, head=head)
    done, total = 0, len(written.blobs)

    def step(count: int) -> None:
        nonlocal done
        done += count
        progress(Stage.UPDATING, done, total)

    step(0)
    intake = Intake(store)
    size = await intake.blobs(written.blobs.values(), step)
    nodes = await intake.nodes(written.nodes)
    change = Commit(
        target.run_id,
        written.root,
        written.frame,
        target.author,
        OPERATIONS[target.mode],
        intake.until,
        blocks=sum(told.counts.values()),
        files=told.files,
        bytes=told.bytes,
        expected=prepared.made_of or target.expected,
        message=target.message,
    )
    async with store.database.writing() as session:
        head, is_new = await commit(session, change)
    return replace(told, head=head, is_new=is_new, bytes_written=size, nodes_written=nodes)
