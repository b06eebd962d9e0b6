"""Making changes the content of a run: one new version, or none (spec/content-api.md, "Update"; notes, §2.5).

A change is made for a version, or for the subtrees that it is about: then others may change other parts meanwhile, and
it is made again to what they left.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Snapshot
from db.store import (
    Author,
    Commit,
    Head,
    Intake,
    NodeLink,
    Store,
    Stored,
    VersionConflict,
    commit,
    drafts,
    head_of,
    save_draft,
)
from db.store.store import INTEGERS, keys
from db.tables import DRAFT, PUBLISHED, ContentLock
from db.types import any_of
from edx.olx import Blob, Block, Course, File, InMemory, Key
from edx.olx.canonical import lead_of
from edx.olx.export import bytes_of
from edx.olx.export import files_of as files_of_block
from resolvers.content.load import Content, Courses, Loaded
from resolvers.content.nodes import Writer, Written
from resolvers.editing.apply import Applied, apply
from resolvers.editing.changes import Change
from resolvers.editing.locks import Clock, Lock, LockRefused, check, store_time
from resolvers.editing.problems import EditCode, EditProblem, EditRefused
from resolvers.editing.references import References
from resolvers.editing.tree import Index
from resolvers.editing.work import Work

ATTEMPTS = 2
"""How often a change is made beside others in other processes, before it is made while they have to wait."""
LOCKED = select(ContentLock.course_run_id).where(
    any_of(ContentLock.course_run_id, keys(INTEGERS)), ContentLock.token.is_not(None)
)
"""Runs that are locked, if their locks have not expired."""
MOST_INDEXES = 8
MOST_BYTES = 64 << 10
"""New bytes of a version that are kept in memory with it."""
BESIDE = ("policy", "grading", "assets_policy", "assets", "tabs", "extras")
"""What of a course edits can change besides blocks."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a change is made for: a version of the run, or hashes of the subtrees of blocks, by block.

    With `anything` it is made to whatever is there, as by the holder of a lock. `branch` says whether that is what the
    run shows, or its draft, which is begun where there is none.
    """

    version: str | None = None
    subtrees: Mapping[str, str] = field(default_factory=dict)
    anything: bool = False
    branch: str = PUBLISHED


@dataclass(frozen=True, slots=True)
class Request:
    """Changes to a run's content, by whom, and with the token of which lock. `is_dry` says to write nothing.

    Of the blocks of the run with the course key `key` full keys must be, if it is given.
    """

    run_id: int
    changes: Sequence[Change]
    author: Author
    expected: Expected
    token: str | None = None
    message: str = ""
    is_dry: bool = False
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of changes. `version` is the new one, in a dry run the one that would be.

    `subtrees` are the hashes of the blocks that changed, for the next change of theirs.
    """

    version: str
    previous: str
    is_new: bool
    applied: Applied
    subtrees: Mapping[Key, str]
    new_nodes: int = 0
    head: Head | None = field(default=None, repr=False)
    lock: Lock | None = field(default=None, repr=False)


class Editor:
    """Changes the content of runs. Keeps what it knows of the versions that were changed last."""

    def __init__(self, courses: Courses, *, clock: Clock = store_time) -> None:
        self.courses = courses
        self.store: Store = courses.store
        self.references = References()
        self.clock = clock
        self._indexes: OrderedDict[tuple[str, str], Index] = OrderedDict()
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def apply(self, request: Request) -> Edited:
        """Make changes to a run's content: all of them as one version, or none.

        Raises EditRefused with what is wrong, LockRefused, and what the store raises when it cannot be read or written.
        """
        if request.is_dry:
            loaded = await self._current(request)
            return (await asyncio.to_thread(self._made, loaded, request)).told(loaded.version)
        async with self._turns.setdefault(request.run_id, asyncio.Lock()):
            for _ in range(ATTEMPTS):
                loaded = await self._current(request)
                made = await asyncio.to_thread(self._made, loaded, request)
                try:
                    return await self._write(made, loaded, request)
                except VersionConflict as conflict:
                    if request.expected.version is not None:
                        raise _conflict(conflict.expected, conflict.current or "") from None
            return await self._write_alone(request)

    async def _current(self, request: Request) -> Loaded:
        """What the run is at, if nobody else has the lock and that is what the change was made for."""
        if request.token is None:
            async with self.store.database.reading() as snapshot:
                may_be_locked = bool(await self.store.fetch(LOCKED, [request.run_id], snapshot))
                head = await self._head(request, snapshot)
            if not may_be_locked:
                return await self._expected(request, head)
        async with self.store.database.writing() as session:
            await check(session, request.run_id, request.token, clock=self.clock)
        return await self._expected(request, await self._head(request))

    async def _expected(self, request: Request, head: Head | None) -> Loaded:
        """What the run is at, if that is what the change was made for."""
        expected = request.expected
        if not (expected.version or expected.subtrees or expected.anything or request.token):
            message = "say which version the change is made for, or which subtrees, or lock the run"
            raise EditRefused([EditProblem(EditCode.VERSION_REQUIRED, message)])
        if head is None:
            raise EditRefused([EditProblem(EditCode.NO_CONTENT, "the run has no content yet: import a course first")])
        if expected.version is not None and expected.version != head.root:
            raise _conflict(expected.version, head.root)
        return await self.courses.load(head)

    async def _head(self, request: Request, snapshot: Snapshot | None = None) -> Head | None:
        run = request.run_id
        known = await drafts(self.store, [run], snapshot) if request.expected.branch == DRAFT else {}
        return known[run].head if run in known else await head_of(self.store, run, snapshot=snapshot)

    def _made(self, loaded: Loaded, request: Request) -> "_Made":
        """The new course as nodes. Blocks the thread."""
        index = self._index(loaded)
        _check_subtrees(loaded, index, self.references, request)
        applied = apply(loaded.course, request.changes, index=index, references=self.references, run=request.key)
        writer = Continued(index.blocks, loaded.content.digests)
        writer.written.root = writer.course(applied.course).digest
        writer.written.frame = writer.frame(applied.course).digest
        new = _new_blobs(writer.written, loaded.course, index.blocks, applied.touched)
        return _Made(applied, writer.written, new, index.blocks, loaded.content.digests)

    def _index(self, loaded: Loaded) -> Index:
        key = loaded.head.root, loaded.head.frame
        found = self._indexes.get(key)
        if found is None or found.blocks[found.root] is not loaded.course.root:
            found = Index.of(loaded.course.root, loaded.content.blocks)
            self._keep(key, found)
        return found

    def _keep(self, key: tuple[str, str], index: Index) -> None:
        self._indexes[key] = index
        self._indexes.move_to_end(key)
        while len(self._indexes) > MOST_INDEXES:
            self._indexes.popitem(last=False)

    async def _write(self, made: "_Made", loaded: Loaded, request: Request) -> Edited:
        """Store what was made and let it be the run's, in one transaction but for the bytes of files."""
        intake = Intake(self.store)
        await intake.blobs(made.new_blobs)
        async with self.store.database.writing() as session:
            lock = await check(session, request.run_id, request.token, clock=self.clock)
            return replace(await self._commit(session, intake.within(session), made, loaded, request), lock=lock)

    async def _write_alone(self, request: Request) -> Edited:
        """The same while nobody else can change the run: others in other processes were faster again and again."""
        async with self.store.database.writing() as session:
            lock = await check(session, request.run_id, request.token, clock=self.clock)
            loaded = await self._expected(request, await self._head(request))
            made = await asyncio.to_thread(self._made, loaded, request)
            intake = Intake(self.store, session)
            await intake.blobs(made.new_blobs)
            return replace(await self._commit(session, intake, made, loaded, request), lock=lock)

    async def _commit(
        self, session: AsyncSession, intake: Intake, made: "_Made", loaded: Loaded, request: Request
    ) -> Edited:
        new = await intake.nodes(made.written.nodes)
        save = save_draft if request.expected.branch == DRAFT else commit
        head, is_new = await save(session, made.commit(loaded, request, intake))
        if is_new and made.is_small:
            self.courses.keep(head, Content(made.applied.course, made.digests))
            self._keep((head.root, head.frame), made.applied.index)
        return made.told(loaded.version, is_new=is_new, new_nodes=new, head=head)


class Continued(Writer):
    """Makes the nodes of a course of which most is stored already: blocks that are the same objects are not walked."""

    def __init__(self, stored: Mapping[Key, Block], digests: Mapping[Key, str]) -> None:
        super().__init__()
        self._stored = stored
        self._digests = digests

    def block(self, block: Block) -> NodeLink:
        """The node of a block, made only if the block is not stored."""
        if self._stored.get(block.key) is block:
            return NodeLink(self._digests[block.key])
        return super().block(block)


@dataclass(frozen=True, slots=True)
class _Made:
    """A new course on its way into the store. `old` are the blocks of the present one, `before` their digests."""

    applied: Applied
    written: Written
    new_blobs: Sequence[Blob]
    """What the store may not have."""
    old: Mapping[Key, Block]
    before: Mapping[Key, str]

    @property
    def is_small(self) -> bool:
        """Whether the new course can be kept in memory as it is."""
        new = self.new_blobs
        return all(isinstance(blob, InMemory) for blob in new) and sum(blob.size for blob in new) <= MOST_BYTES

    @property
    def digests(self) -> dict[Key, str]:
        """The hash of every block's subtree."""
        found, blocks = dict(self.before), self.applied.index.blocks
        for key in self.applied.touched:
            if key in blocks:
                found[key] = self.written.blocks[key]
            else:
                found.pop(key, None)
        return found

    def told(
        self,
        previous: str,
        *,
        is_new: bool | None = None,
        new_nodes: int = 0,
        head: Head | None = None,
    ) -> Edited:
        """What to answer."""
        version = self.written.root
        subtrees = {key: self.written.blocks[key] for key in self.applied.changed}
        is_new = version != previous if is_new is None else is_new
        return Edited(version, previous, is_new, self.applied, subtrees, new_nodes, head)

    def commit(self, loaded: Loaded, request: Request, intake: Intake) -> Commit:
        """The new version. Its files and bytes are counted from those of the old one by what changed."""
        index, head = self.applied.index, loaded.head
        files, size = self._growth(loaded.course, self.applied.course)
        return Commit(
            request.run_id,
            self.written.root,
            self.written.frame,
            request.author,
            _operation(request.changes),
            intake.until,
            blocks=len(index.blocks),
            files=head.files + files,
            bytes=head.bytes + size,
            expected=loaded.version,
            message=request.message,
        )

    def _growth(self, before: Course, after: Course) -> tuple[int, int]:
        """How many more files and bytes there are than before, of the blocks and groups of files that differ."""
        old, new = self.old, self.applied.index.blocks
        gone = [_files(before, old[key]) for key in self.applied.touched if key in old]
        come = [_files(after, new[key]) for key in self.applied.touched if key in new]
        sizes = [{file.path: file.blob.size for files in side for file in files} for side in (gone, come)]
        for name in BESIDE:
            if getattr(before, name) is not getattr(after, name):
                for side, course in zip(sizes, (before, after), strict=True):
                    side.update({file.path: file.blob.size for file in _beside(course, name)})
        return len(sizes[1]) - len(sizes[0]), sum(sizes[1].values()) - sum(sizes[0].values())


def _operation(changes: Sequence[Change]) -> str:
    """What the history calls changes: by the only kind that they are of, or `edit`."""
    kinds = {type(change).__name__ for change in changes}
    return kinds.pop() if len(kinds) == 1 else "edit"


def _new_blobs(written: Written, before: Course, old: Mapping[Key, Block], touched: Iterable[Key]) -> list[Blob]:
    """What was neither read from the store nor stored with the version before."""
    new = {digest: blob for digest, blob in written.blobs.items() if not isinstance(blob, Stored)}
    if new:
        near = [each for key in touched if key in old for each in (old[key], *old[key].children)]
        for blob in (
            *(each.source.blob for each in near if each.source),
            *(each.body.blob for each in near if each.body),
            *(file.blob for name in BESIDE for file in _beside(before, name)),
        ):
            new.pop(blob.digest, None)
    return list(new.values())


def _files(course: Course, block: Block) -> Iterable[File]:
    if block.is_inline and block is course.root:
        return [File("course.xml", bytes_of(block, lead_of(course)))]
    return list(files_of_block(block))


def _beside(course: Course, name: str) -> Iterable[File]:
    found = getattr(course, name)
    if name == "assets":
        return [asset.file for asset in course.assets]
    if isinstance(found, tuple):
        return found
    return [] if found is None else [File(found.path, found.blob)]


def _check_subtrees(loaded: Loaded, index: Index, references: References, request: Request) -> None:
    """Whether the subtrees that a change is about are what it was made for."""
    work = Work.on(loaded.course, index, references, request.key)
    problems = []
    for text, digest in request.expected.subtrees.items():
        key = work.find(text)
        current = loaded.content.digests[key]
        if current != digest:
            message = f"{key} is not at {digest} any more"
            problems.append(work.problem(EditCode.VERSION_CONFLICT, message, key, current=current))
    if problems:
        raise EditRefused(problems)


def _conflict(expected: str, current: str) -> EditRefused:
    message = f"the run is at version {current}, not at {expected}"
    return EditRefused([EditProblem(EditCode.VERSION_CONFLICT, message, current=current)])


__all__ = ["Edited", "Editor", "Expected", "LockRefused", "Request"]
