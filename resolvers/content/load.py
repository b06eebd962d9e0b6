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
from db.store import BlobLink, Head, Store, head_of, links_of
from edx.olx import Asset, Blob, Block, Course, Document, Draft, File, Key, Source
from edx.olx.assets import assets_of
from edx.olx.problems import Findings
from resolvers.content.nodes import (
    MISSING,
    SYNTHETIC,
    links_below,
    stem_of,
    usual_body,
)
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

    @cached_property
    def blocks(self) -> Mapping[Key, Block]:
        """The blocks by key, in the order of the course; drafts are none of them."""
        return {block.key: block for block in self.course.root.walk()}

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
        self.views: dict[Any, Content] = {}
        """What learners see of some of them, by what that is."""

    async def of_run(self, run_id: int, version: str | None = None, snapshot: Snapshot | None = None) -> Loaded | None:
        """The content of a run, or a version that it had; None for a run without any.

        Raises UnknownVersion, Corrupted and BlobsUnavailable.
        """
        head = await head_of(self.store, run_id, version, snapshot)
        return None if head is None else await self.load(head, snapshot)

    def keep(self, head: Head, content: Content) -> None:
        """Keep a version that was just made, so that the next reader need not load it."""
        self._kept[head.root, head.frame] = content

    async def load(self, head: Head, snapshot: Snapshot | None = None) -> Loaded:
        """A version of a run's content. Raises Corrupted and BlobsUnavailable."""
        key = head.root, head.frame
        found = self._kept.get(key)
        if found is None:
            found = await load(self.store, head.root, head.frame, snapshot)
            self._kept[key] = found
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(len(content.digests) for content in self._kept.values()) > self._most:
            self._kept.popitem(last=False)
        return Loaded(head, found)


async def load(store: Store, root: str, frame: str, snapshot: Snapshot | None = None) -> Content:
    """A course by its root and frame.

    As many statements as the course has levels, and one; at most three blobs are read.
    """
    if snapshot is None:
        async with store.database.reading() as own:
            return await load(store, root, frame, own)
    nodes: dict[str, Any] = {}
    level = {root, frame}
    while level:
        found = await store.nodes(level, snapshot)
        nodes |= found
        level = {link.digest for node in found.values() for link in links_below(node)} - nodes.keys()
    blobs = await store.locate(_blob_links(nodes.values()), snapshot)
    documents = [None if link is None else await blobs[link.digest].get() for link in nodes[root][6]]
    reader = Reader(nodes, blobs)
    return Content(reader.course(nodes[root], nodes[frame], documents), reader.digests)


def _blob_links(nodes: Iterable[Any]) -> set[BlobLink]:
    return {link for node in nodes for link in links_of(node) if isinstance(link, BlobLink)}


class Reader:
    """Makes blocks of nodes."""

    def __init__(self, nodes: Mapping[str, Any], blobs: Mapping[str, Blob]) -> None:
        self.nodes = nodes
        self.blobs = blobs
        self.digests: dict[Key, str] = {}
        self._done: dict[Any, Block] = {}

    def course(self, root: Any, frame: Any, documents: list[bytes | None]) -> Course:
        """The course of a root and a frame."""
        _, kind, link, pointer, flags, source, listed, groups, drafts = root
        _, org, number, run, folder, entry, paths, outside = frame
        edge = run, pointer, flags, source if pointer is not None else entry, link
        policy, grading, assets_policy = (
            None if data is None else Document(path, self.blobs[blob.digest], orjson.loads(data))
            for path, blob, data in zip(paths, listed, documents, strict=True)
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
            tuple(self.block(self.nodes[child[4].digest][1], child) for child in children),
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
