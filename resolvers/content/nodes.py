"""Courses as nodes of the store, and back.

The version of a course is the hash of its root node. A block's node is what the block is; its name, and what its file
is like, stand in the node of its parent, so that equal blocks are one node whatever they are called. The keys of the
run, the folder and the paths that have the run in them are in a frame of their own, outside of the hash.
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from db.store import BlobLink, NodeLink, Value, digest_of, encode
from edx.olx import Blob, Block, Course, Document, File, Key, Source
from resolvers.content.spool import Pile

COURSE, BLOCK, FILES, FRAME = "course", "block", "files", "frame"
SYNTHETIC, MISSING = 1, 2
GROUPS = ("static", "about", "info", "tabs", "extras")
DOCUMENTS = ("policy", "grading", "assets_policy")
FILENAME = "filename"

Node: TypeAlias = tuple[Value, ...]


@dataclass(slots=True)
class Written:
    """A course as nodes: `root` is its version. `blobs` are those that the nodes lead to, by digest."""

    root: str = ""
    frame: str = ""
    nodes: MutableMapping[str, bytes] = field(default_factory=Pile)
    blobs: dict[str, Blob] = field(default_factory=dict)
    blocks: dict[Key, str] = field(default_factory=dict)
    """The digest of each block's node."""


def write(course: Course) -> Written:
    """The nodes of a course."""
    writer = Writer()
    found = writer.written
    found.root = writer.course(course).digest
    found.frame = writer.frame(course).digest
    return found


class Writer:
    """Makes nodes; equal ones are one."""

    def __init__(self) -> None:
        self.written = Written()
        self._known = self.written.blocks
        """The digests of blocks that have a node: of what is published, or of drafts, which may have the same keys."""

    def put(self, *node: Value) -> NodeLink:
        """A node, and what to call it."""
        data = encode(node)
        digest = digest_of(data)
        self.written.nodes[digest] = data
        return NodeLink(digest)

    def blob(self, blob: Blob) -> BlobLink:
        """A blob, and what to call it."""
        self.written.blobs[blob.digest] = blob
        return BlobLink(blob.digest, blob.size)

    def course(self, course: Course) -> NodeLink:
        """The root node."""
        documents = tuple(None if document is None else self.blob(document.blob) for document in documents_of(course))
        groups = (tuple(asset.file for asset in course.assets), course.about, course.info, course.tabs, course.extras)
        root = course.root
        return self.put(
            COURSE,
            course.kind,
            self.block(root),
            root.pointer,
            flags_of(root),
            None if root.is_inline else self.source(root.source),
            documents,
            tuple(self.files(group) for group in groups),
            self.drafts(course),
        )

    def drafts(self, course: Course) -> Value:
        """What is not published; where a block is, too, its digest is that of what is."""
        self._known = {}
        edges = tuple(self.edge(draft.block) for draft in course.drafts)
        for key, digest in self._known.items():
            self.written.blocks.setdefault(key, digest)
        self._known = self.written.blocks
        return edges

    def frame(self, course: Course) -> NodeLink:
        """The node of what is outside of the hash."""
        return self.put(
            FRAME,
            course.org,
            course.course,
            course.run,
            course.folder,
            self.source(course.root.source if course.root.is_inline else course.entry),
            tuple(None if document is None else document.path for document in documents_of(course)),
            self.files(course.outside),
        )

    def files(self, files: Iterable[File]) -> NodeLink:
        """The node of a group of files."""
        return self.put(FILES, tuple((file.path, self.blob(file.blob)) for file in files))

    def source(self, source: Source | None) -> Value:
        """What is kept of the file that a block was read from."""
        return None if source is None else (self.blob(source.blob), bytes.fromhex(source.meaning))

    def block(self, block: Block) -> NodeLink:
        """The node of a block, after those of all below it."""
        known = self._known.get(block.key)
        if known is None:
            stem = stem_of(block.url_name)
            settings = tuple(
                (name, None if block.type == "html" and name == FILENAME and value == stem else value)
                for name, value in block.settings
            )
            body = None
            if block.body:
                is_usual = block.body.path == usual_body(block.key)
                body = (self.blob(block.body.blob), None if is_usual else block.body.path)
            children = tuple(self.edge(child) for child in block.children)
            known = self.put(BLOCK, block.type, settings, block.markup, body, children).digest
            self._known[block.key] = known
        return NodeLink(known)

    def edge(self, block: Block) -> Value:
        """A block as its parent's node has it."""
        return block.url_name, block.pointer, flags_of(block), self.source(block.source), self.block(block)


def stem_of(name: str) -> str:
    """What the page of an html block of this name is called, as Open edX writes it."""
    return name.replace(":", "/").rpartition("/")[2]


def usual_body(key: Key) -> str:
    """The path of the page of an html block, as Open edX writes it."""
    return f"{key.type}/{key.name.replace(':', '/')}.html"


def documents_of(course: Course) -> tuple[Document | None, Document | None, Document | None]:
    """The JSON files of a course, in the order of `DOCUMENTS`."""
    return course.policy, course.grading, course.assets_policy


def flags_of(block: Block) -> int:
    """What stands of a block in its parent's node besides its name and its file."""
    return SYNTHETIC * block.name_is_synthetic | MISSING * block.is_missing


def links_below(node: Any) -> Iterable[NodeLink]:
    """The nodes of the blocks below a root or a block, and of a course's groups of files."""
    if node[0] == BLOCK:
        return [edge[4] for edge in node[5]]
    if node[0] == COURSE:
        return [node[2], *node[7], *(edge[4] for edge in node[8])]
    return [node[7]] if node[0] == FRAME else []


def named_links(node: Any) -> list[tuple[str, NodeLink | BlobLink]]:
    """All links of a node with what people call them, for reports on damages."""
    if node[0] == FILES:
        return list(node[1])
    found: list[tuple[str, NodeLink | BlobLink]] = []
    if node[0] == BLOCK:
        found += _of_edges(node[5])
        if node[4]:
            found.append((node[4][1] or "page", node[4][0]))
    elif node[0] == COURSE:
        found += [(node[1], node[2]), *_of_source(str(node[1]), node[5])]
        found += [(name, link) for name, link in zip(DOCUMENTS, node[6], strict=True) if link]
        found += [*zip(GROUPS, node[7], strict=True), *_of_edges(node[8])]
    else:  # a frame
        found += [*_of_source("course.xml", node[5]), ("outside", node[7])]
    return found


def _of_edges(edges: Any) -> Iterable[tuple[str, NodeLink | BlobLink]]:
    for edge in edges:
        yield edge[0], edge[4]
        yield from _of_source(f"{edge[0]}.xml", edge[3])


def _of_source(name: str, source: Any) -> Iterable[tuple[str, BlobLink]]:
    return [] if source is None else [(name, source[0])]
