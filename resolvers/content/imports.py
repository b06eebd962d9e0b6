"""Importing: an archive becomes the content of a run, as a whole or not at all (spec/content-api.md, "Create")."""

import asyncio
from collections import ChainMap, Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession

from db.store import (
    Author,
    Commit,
    Head,
    Intake,
    Store,
    VersionConflict,
    adopt,
    commit,
    drop_draft,
    head_of,
    record_source,
    save_draft,
    sources_of,
)
from edx.olx import (
    Archive,
    Blob,
    Course,
    Keep,
    Limits,
    Options,
    Report,
    Severity,
    UnwritableBlock,
    files,
    parse,
    read,
)
from edx.olx.course import DEFAULT
from edx.olx.members import DEFAULTS
from resolvers.content.load import Content, Loaded, load
from resolvers.content.nodes import Written, write
from resolvers.content.spool import spool
from resolvers.editing.locks import check
from resolvers.merging.conflicts import UNDECIDED, Conflict, Resolution, Unresolved
from resolvers.merging.lists import protections
from resolvers.merging.merge import CannotMerge, merge
from resolvers.merging.protection import Kept, Protection, protect
from resolvers.merging.sides import NOBODY, Side
from resolvers.merging.transplant import drafted
from resolvers.usage import operation, uses_of
from resolvers.usage.operations import VALIDATED
from resolvers.usage.recorder import Use


class Mode(StrEnum):
    """What becomes of the content that a run has."""

    REPLACE = "replace"
    """The archive takes its place, as a whole."""
    UPDATE = "update"
    """So it does, but for the values of protected settings, which stay."""
    MERGE = "merge"
    """What the source has changed since it was taken last is taken over; what was changed in the run stays, too."""


class Stage(StrEnum):
    """What an import is about, one after the other; Open edX calls them Unpacking, Verifying and Updating."""

    UNPACKING = "unpacking"
    VERIFYING = "verifying"
    UPDATING = "updating"


Watch = Callable[[str], object]
"""Is told the path of each file before it is read, in a thread."""
Swap = Callable[[AsyncSession, "Imported"], Awaitable[None]]
"""Is called in the transaction that makes an archive a run's content; whatever it raises, nothing has changed."""
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
OPERATIONS = {Mode.REPLACE: "import", Mode.UPDATE: "update", Mode.MERGE: "merge"}
"""What histories call the modes."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which run gets the content, by whom; `expected` is the version that it must have now, None for whichever.

    `token` is that of the lock of the run; without one nobody may have it. `resolution` says what a merge is to take
    where both the run and its source have changed something, `from_run` that the source is another run.
    """

    run_id: int
    author: Author
    expected: str | None = None
    message: str = ""
    mode: Mode = Mode.REPLACE
    token: str | None = None
    resolution: Resolution = UNDECIDED
    from_run: int | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import. `version` is the one that it leads to, also where nothing was written.

    `kept` are the protected settings that the archive has other values of, `conflicts` what both have changed.
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
    conflicts: tuple[Conflict, ...] = ()
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
    conflicts: tuple[Conflict, ...] = ()
    source: "Prepared | None" = None
    """The archive as it was read, where that is something else."""
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
            conflicts=self.conflicts,
        )

    def updating(self, ours: Content, base: Content | None, target: Target, protection: Protection) -> "Prepared":
        """The same with what stays of the content that the run has. Blocks the thread. Raises CannotMerge."""
        if target.mode is Mode.UPDATE:
            course, kept = protect(ours.course, self.course, protection)
            return self._as(course, kept, ()) if kept else self
        sides = NOBODY if base is None else Side.of(base.course, base.digests)
        mine, theirs = Side.of(ours.course, ours.digests), Side.of(self.course, self.written.blocks)
        made = merge(sides, mine, theirs, protection=protection, resolution=target.resolution)
        return self._as(made.course, made.kept, made.conflicts)

    def _as(self, course: Course, kept: tuple[Kept, ...], conflicts: tuple[Conflict, ...]) -> "Prepared":
        try:
            found = {file.path: file.blob for file in files(course)}
        except UnwritableBlock as error:
            raise CannotMerge(str(error)) from error
        uses = uses_of(course, course.root.walk())
        return Prepared(course, self.report, write(course), found, uses, kept, conflicts, source=self)

    def commit(self, target: Target, operation: str, until: datetime, expected: str | None) -> Commit:
        """The new version."""
        return Commit(
            target.run_id,
            self.written.root,
            self.written.frame,
            target.author,
            operation,
            until,
            blocks=sum(counts_of(self.course).values()),
            files=len(self.files),
            bytes=sum(blob.size for blob in self.files.values()),
            expected=expected,
            message=target.message,
        )


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
    source: Path | BinaryIO | Archive,
    target: Target,
    *,
    rules: Rules = DEFAULT_RULES,
    progress: Progress = silent,
    watch: Watch | None = None,
    swap: Swap | None = None,
    is_dry: bool = False,
) -> Imported:
    """Make an archive or a folder a run's whole content, or update what it has; `is_dry` says to store nothing.

    Raises ArchiveRefused with all that is wrong with it, VersionConflict, LockRefused, BlobsUnavailable, LeaseLost; of
    a merge also CannotMerge, and Unresolved with all conflicts if there is one that nobody has decided. Whatever is
    raised, and wherever the process ends: the run's content is as it was, and the same import succeeds later.
    """
    with operation(store.database, "importCourse", target.author, target.run_id) as seen, spool() as keep:
        async with store.database.writing() as session:
            await check(session, target.run_id, target.token)
        await _expect(store, target)
        prepared = await asyncio.to_thread(prepare, source, keep, rules, progress, watch)
        done = await _imported(store, prepared, target, progress, swap, is_dry=is_dry)
        seen.types = done.counts
        seen.told(done.report.problems)
        if is_dry:
            seen.outcome = VALIDATED
        elif done.is_new:
            seen.made(done.version, prepared.uses)
        return done


async def take_over(store: Store, source: Loaded, target: Target, *, is_dry: bool = False) -> Imported:
    """Make what another run has, or had, a run's content, or update what it has. Raises as `import_course` does."""
    with operation(store.database, "mergeContent", target.author, target.run_id) as seen:
        await _expect(store, target)
        prepared = await asyncio.to_thread(of_stored, source.course)
        done = await _imported(store, prepared, target, silent, None, is_dry=is_dry)
        seen.types = done.counts
        if is_dry:
            seen.outcome = VALIDATED
        elif done.is_new:
            seen.made(done.version, prepared.uses)
        return done


def of_stored(course: Course) -> Prepared:
    """A course that is stored already. Blocks the thread."""
    found = {file.path: file.blob for file in files(course)}
    return Prepared(course, Report(), write(course), found, uses_of(course, course.root.walk()))


async def _imported(
    store: Store, found: Prepared, target: Target, progress: Progress, swap: Swap | None, *, is_dry: bool
) -> Imported:
    for attempt in range(1, ATTEMPTS + 1):
        prepared = await _updated(store, found, target)
        if is_dry:
            return prepared.told()
        try:
            return await _store(store, prepared, target, progress, swap)
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
    base = None
    if target.mode is Mode.MERGE and (taken := (await sources_of(store, [target.run_id])).get(target.run_id)):
        base = await load(store, taken.head.root, taken.head.frame)
    made = await asyncio.to_thread(prepared.updating, ours, base, target, protection)
    return replace(made, made_of=head.root)


def prepare(
    source: Path | BinaryIO | Archive,
    keep: Keep,
    rules: Rules,
    progress: Progress,
    watch: Watch | None = None,
) -> Prepared:
    """Read an archive. Blocks the thread, for about a second for ten thousand files. Raises ArchiveRefused."""
    count = 0

    def kept(data: bytes) -> Blob:
        nonlocal count
        count += 1
        progress(Stage.UNPACKING, count, None)
        return keep(data)

    archive = source if isinstance(source, Archive) else read(source, limits=rules.limits, keep=kept, watch=watch)
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


async def _store(store: Store, prepared: Prepared, target: Target, progress: Progress, swap: Swap | None) -> Imported:
    told = prepared.told()
    if any(conflict.choice is None for conflict in prepared.conflicts):
        raise Unresolved(prepared.conflicts)
    written, source = prepared.written, prepared.source
    draft = await asyncio.to_thread(_draft_of, prepared.course) if target.mode is Mode.REPLACE else None
    beside = [each.written for each in (source, draft) if each is not None]
    blobs = dict(ChainMap(written.blobs, *(each.blobs for each in beside))) if beside else written.blobs
    head = await _expect(store, target)
    if source is None and head and (head.root, head.frame) == (written.root, written.frame):
        await _adopt(store, head, target)
        return replace(told, head=head)
    done, total = 0, len(blobs)

    def step(count: int) -> None:
        nonlocal done
        done += count
        progress(Stage.UPDATING, done, total)

    step(0)
    intake = Intake(store)
    size = await intake.blobs(blobs.values(), step)
    nodes = await intake.nodes(written.nodes)
    if source is not None:
        nodes += await intake.nodes(source.written.nodes)
    if draft is not None:
        await intake.nodes(draft.written.nodes)
    change = prepared.commit(target, OPERATIONS[target.mode], intake.until, prepared.made_of or target.expected)
    async with store.database.writing() as session:
        await check(session, target.run_id, target.token)
        taken = None
        if source is not None:
            taken = await record_source(session, source.commit(target, "source", intake.until, None))
        head, is_new = await commit(session, change)
        await adopt(session, taken or head, target.author, from_run=target.from_run)
        if draft is not None:
            await drop_draft(session, target.run_id)
            await save_draft(session, draft.commit(target, "import", intake.until, None))
        imported = replace(told, head=head, is_new=is_new, bytes_written=size, nodes_written=nodes)
        if swap is not None:
            await swap(session, imported)
    return imported


def _draft_of(course: Course) -> Prepared | None:
    """The draft that came along in an archive, if one did."""
    return of_stored(drafted(course)) if course.drafts else None


async def _adopt(store: Store, head: Head, target: Target) -> None:
    """Remember that the source has what the run has, unless that is known."""
    known = (await sources_of(store, [target.run_id])).get(target.run_id)
    if known is None or (known.head.id, known.from_run_id) != (head.id, target.from_run):
        async with store.database.writing() as session:
            await adopt(session, head, target.author, from_run=target.from_run)
