"""Courses out of the store: the nodes of a version in a statement a level, and its policies.

Nodes never change, so what was loaded is kept, within bounds. Blobs are read when somebody wants their bytes.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from db.engine import Snapshot
from db.store import BlobLink, Head, NodeLink, Store, head_of, links_of
from edx.olx import Asset, Blob, Block, Course, Document, Draft, File, Key, Source
from edx.olx.assets import assets_of
from edx.olx.problems import Findings
from resolvers.content.nodes import BLOCK, MISSING, SYNTHETIC, flags_of, links_below, stem_of, usual_body
from resolvers.content.outline import Outline, outline_of
from resolvers.content.references import References, references_of
from resolvers.content.signing import Signer

MOST_BLOCKS = 50_000
"""Blocks of all courses that a process keeps."""


@dataclass(frozen=True)
class Content:
    """A course as it was stored. `digests` are those of the nodes of its blocks: equal ones are equal below, too."""

    course: Course
    digests: Mapping[Key, str] = field(repr=False)
    walked: Mapping[Key, Block] | None = field(default=None, repr=False, compare=False)
    """The blocks, where somebody has walked through them already."""

    @cached_property
    def blocks(self) -> Mapping[Key, Block]:
        """The blocks by key, in the order of the course; drafts are none of them."""
        return self.walked or {block.key: block for block in self.course.root.walk()}

    @cached_property
    def outline(self) -> Outline:
        """The outline for readers."""
        return outline_of(self.course)

    @cached_property
    def references(self) -> References:
        """Its links. Finding them reads pages, so it is for a thread."""
        return references_of(self.course)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version of a run's content."""

    head: Head
    content: Content

    @property
    def version(self) -> str:
        """Its hash."""
        return self.head.root

    @property
    def course(self) -> Course:
        """The course."""
        return self.content.course


class Courses:
    """The courses of a store, by version; of those that were asked for last the blocks stay in memory."""

    def __init__(self, store: Store, signer: Signer | None = None, *, most_blocks: int = MOST_BLOCKS) -> None:
        self.store = store
        self.signer = signer or Signer()
        self._most = most_blocks
        self._kept: OrderedDict[tuple[str, str], Content] = OrderedDict()
        self._last: dict[int, tuple[str, str]] = {}
        self.views: dict[Any, Content] = {}
        """What learners see of some of them, by what that is."""
        self.records: dict[Any, Any] = {}
        """What was worked out of some of them for staff."""

    async def of_run(self, run_id: int, version: str | None = None, snapshot: Snapshot | None = None) -> Loaded | None:
        """The content of a run, or a version that it had; None for a run without any.

        Raises UnknownVersion, Corrupted and BlobsUnavailable.
        """
        head = await head_of(self.store, run_id, version, snapshot)
        return None if head is None else await self.load(head, snapshot)

    def keep(self, head: Head, content: Content) -> None:
        """Keep a version that was just made, so that the next reader need not load it."""
        self._kept[head.root, head.frame] = content
        self._last[head.run_id] = head.root, head.frame

    async def load(self, head: Head, snapshot: Snapshot | None = None) -> Loaded:
        """A version of a run's content. Raises Corrupted and BlobsUnavailable."""
        key = head.root, head.frame
        found = self._kept.get(key)
        if found is None:
            before = self._kept.get(self._last.get(head.run_id, key))
            found = await load(self.store, head.root, head.frame, snapshot, before)
            self._kept[key] = found
        self._last[head.run_id] = key
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(len(content.digests) for content in self._kept.values()) > self._most:
            self._kept.popitem(last=False)
        return Loaded(head, found)


async def load(
    store: Store, root: str, frame: str, snapshot: Snapshot | None = None, base: Content | None = None
) -> Content:
    """A course by its root and frame. What it shares with `base`, such as the version before, is not loaded again.

    As many statements as the course has levels, and one; at most three blobs are read.
    """
    if snapshot is None:
        async with store.database.reading() as own:
            return await load(store, root, frame, own, base)
    known = Known(base)
    nodes: dict[str, Any] = {}
    level = {root, frame}
    while level:
        found = await store.nodes(level, snapshot)
        nodes |= found
        if nodes[root][8]:  # of a block that has a draft there are two, which what is known does not tell apart
            known = Known(None)
        level = {link.digest for node in found.values() for link in _links_to_load(node, known)} - nodes.keys()
    blobs = await store.locate(_blob_links(nodes.values()), snapshot)
    reader = Reader(nodes, blobs, known)
    documents = [
        None if link is None else known.documents.get(link.digest) or orjson.loads(await blobs[link.digest].get())
        for link in nodes[root][6]
    ]
    course = reader.course(nodes[root], nodes[frame], documents)
    blocks = {block.key: block for block in course.root.walk()}
    digests = {key: reader.digests.get(key) or known.digests[key] for key in blocks} | reader.digests
    return Content(course, digests, blocks)


class Known:
    """What is in memory of another version: blocks with all below them, and what policies say."""

    def __init__(self, base: Content | None) -> None:
        self.digests: Mapping[Key, str] = base.digests if base else {}
        self.documents: dict[str, Any] = {}
        self._blocks: dict[tuple[str, str], Block] = {}
        if base is not None:
            self._blocks = {(self.digests[key], key.name): block for key, block in base.blocks.items()}
            documents = (base.course.policy, base.course.grading, base.course.assets_policy)
            self.documents = {document.blob.digest: document.value for document in documents if document}

    def block(self, edge: Any) -> Block | None:
        """The block that stands so in its parent's node, if there is one."""
        name, pointer, flags, source, link = edge
        found = self._blocks.get((link.digest, name))
        if found is None or found.pointer != pointer or flags_of(found) != flags:
            return None
        told = None if found.source is None else (found.source.blob.digest, bytes.fromhex(found.source.meaning))
        return found if told == (None if source is None else (source[0].digest, source[1])) else None


def _links_to_load(node: Any, known: Known) -> list[NodeLink]:
    if node[0] == BLOCK:
        return [edge[4] for edge in node[5] if known.block(edge) is None]
    return list(links_below(node))


def _blob_links(nodes: Iterable[Any]) -> set[BlobLink]:
    return {link for node in nodes for link in links_of(node) if isinstance(link, BlobLink)}


class Reader:
    """Makes blocks of nodes."""

    def __init__(self, nodes: Mapping[str, Any], blobs: Mapping[str, Blob], known: Known | None = None) -> None:
        self.nodes = nodes
        self.blobs = blobs
        self.known = known or Known(None)
        self.digests: dict[Key, str] = {}
        self._done: dict[Any, Block] = {}

    def course(self, root: Any, frame: Any, documents: list[Any]) -> Course:
        """The course of a root and a frame, with what its policies say."""
        _, kind, link, pointer, flags, source, listed, groups, drafts = root
        _, org, number, run, folder, entry, paths, outside = frame
        edge = run, pointer, flags, source if pointer is not None else entry, link
        policy, grading, assets_policy = (
            None if blob is None else Document(path, self.blobs[blob.digest], value)
            for path, blob, value in zip(paths, listed, documents, strict=True)
        )
        static, about, info, tabs, extras = (self.files(group) for group in groups)
        return Course(
            kind,
            org,
            number,
            folder,
            self.block(kind, edge),
            entry=None if pointer is None else self.source(entry),
            policy=policy,
            grading=grading,
            assets_policy=assets_policy,
            assets=_assets(static, assets_policy),
            about=about,
            info=info,
            tabs=tabs,
            drafts=tuple(Draft(self.block(self.nodes[draft[4].digest][1], draft)) for draft in drafts),
            extras=extras,
            outside=self.files(outside),
        )

    def files(self, link: Any) -> tuple[File, ...]:
        """A group of files."""
        return tuple(File(path, self.blobs[blob.digest]) for path, blob in self.nodes[link.digest][1])

    def source(self, source: Any) -> Source | None:
        """What was kept of the file that a block was read from."""
        return None if source is None else Source(self.blobs[source[0].digest], source[1].hex())

    def child(self, edge: Any) -> Block:
        """The block of an edge: the one that is known already, with all below it, or one made of its node."""
        return self.known.block(edge) or self.block(self.nodes[edge[4].digest][1], edge)

    def block(self, kind: str, edge: Any) -> Block:
        """The block that stands in its parent's node."""
        known = self._done.get((kind, edge))
        if known is not None:
            return known
        name, pointer, flags, source, link = edge
        _, _, settings, markup, body, children = self.nodes[link.digest]
        key = Key(kind, name)
        self.digests.setdefault(key, link.digest)  # drafts come after what is published
        block = Block(
            kind,
            name,
            tuple((setting, stem_of(name) if value is None else value) for setting, value in settings),
            tuple(map(self.child, children)),
            markup,
            None if body is None else File(body[1] or usual_body(key), self.blobs[body[0].digest]),
            pointer,
            self.source(source),
            bool(flags & SYNTHETIC),
            bool(flags & MISSING),
        )
        self._done[kind, edge] = block
        return block


def _assets(files: tuple[File, ...], listed: Document | None) -> tuple[Asset, ...]:
    """The files for learners with what is known of them, as when they were read."""
    return assets_of({file.path: file.blob for file in files}, listed, "", Findings())
