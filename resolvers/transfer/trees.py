"""Trees that clients send piece by piece: what this server lacks of one, what it takes, and when it is a course.

Nothing that a client says of its pieces is believed: each is hashed here, a node is taken only after all that it leads
to, and what becomes the content of a run is read anew from the files that the tree says it has.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.store import BlobLink, Corrupted, Intake, NodeLink, Store, Value, decode, digest_of, head_of, links_of
from db.store.intake import renew
from db.tables import ContentBlob, ContentNode
from edx.olx import Archive, InMemory, files, gather
from resolvers.content.imports import DEFAULT_RULES, Imported, Rules, Target, import_course
from resolvers.content.load import load

DEEPEST = 100
"""Nodes on the way from a root to the end."""
MOST = 500_000
"""Nodes of a tree, counting those that stand in several places as often."""


class TreeError(Exception):
    """Pieces of a tree that are not taken; the message is for people."""


class BadTree(TreeError):
    """Something that is no tree of a course, or not the one that it claims to be."""


class Incomplete(TreeError):
    """A tree, or a node, that leads to what is not here: nodes and blobs by digest."""

    def __init__(self, nodes: Collection[str], blobs: Collection[str]) -> None:
        self.nodes = sorted(nodes)
        self.blobs = sorted(blobs)
        super().__init__(f"{len(self.nodes)} nodes and {len(self.blobs)} blobs are missing")


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree of a course by its root, whose hash is the version, and the frame around it."""

    root: str
    frame: str


class Trees:
    """Takes trees in."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def lacking(self, nodes: Sequence[str], blobs: Sequence[str]) -> tuple[list[str], list[str]]:
        """Which of these are not here. Those that are stay for as long as an import may take."""
        intake = Intake(self.store)
        async with self.store.database.writing() as session:
            found = await _kept(session, intake, nodes, blobs)
        return sorted(set(nodes) - found), sorted(set(blobs) - found)

    async def take(self, nodes: Sequence[bytes], blobs: Sequence[bytes]) -> None:
        """Store pieces, nodes after those that they lead to. Raises BadTree, Incomplete and BlobsUnavailable."""
        intake = Intake(self.store)
        decoded = [(digest_of(data), data, _decoded(data)) for data in nodes]
        await intake.blobs([InMemory.of(data) for data in blobs])
        links = {link for _, _, value in decoded for link in links_of(value)}
        wanted_nodes = sorted({link.digest for link in links if isinstance(link, NodeLink)})
        wanted_blobs = sorted({link.digest for link in links if isinstance(link, BlobLink)})
        async with self.store.database.writing() as session:
            there = await _kept(session, intake, wanted_nodes, wanted_blobs)
        for digest, _, value in decoded:
            missing = [link for link in links_of(value) if link.digest not in there]
            if missing:
                raise Incomplete(*_sorted(missing))
            there.add(digest)
        await intake.nodes({digest: data for digest, data, _ in decoded})

    async def commit(
        self, tree: Tree, target: Target, *, rules: Rules = DEFAULT_RULES, is_dry: bool = False
    ) -> Imported | None:
        """Make a tree the content of a run; None where it is that already.

        Raises Incomplete with what is still to be sent, BadTree, and what an import of the files raises.
        """
        head = await head_of(self.store, target.run_id)
        is_there = head is not None and (head.root, head.frame) == (tree.root, tree.frame)
        if is_there and target.expected in (None, tree.root):
            return None
        archive = await self._archive(tree)

        async def swap(_session: AsyncSession, imported: Imported) -> None:
            _check(tree, imported)

        done = await import_course(self.store, archive, target, rules=rules, swap=swap, is_dry=is_dry)
        if done.version != tree.root:
            raise BadTree(f"the files of the tree are those of version {done.version}")
        return done

    async def _archive(self, tree: Tree) -> Archive:
        """The files of a tree that is all here. Raises Incomplete and BadTree."""
        nodes = await self._nodes(tree)
        _check_shape(nodes, tree)
        try:
            course = (await load(self.store, tree.root, tree.frame)).course
            found = list(files(course))
        except Exception as error:
            raise BadTree(f"this is no tree of a course: {type(error).__name__}") from error
        return gather(found)

    async def _nodes(self, tree: Tree) -> Mapping[str, Value]:
        """All nodes of a tree: one statement for each level. Raises Incomplete and BadTree."""
        nodes: dict[str, Value] = {}
        blobs: set[str] = set()
        level = {tree.root, tree.frame}
        for _ in range(DEEPEST):
            lacking, _none = await self.lacking(sorted(level), [])
            if lacking:
                raise Incomplete(lacking, [])
            nodes |= await self.store.nodes(level)
            links = [link for digest in level for link in links_of(nodes[digest])]
            blobs |= {link.digest for link in links if isinstance(link, BlobLink)}
            level = {link.digest for link in links if isinstance(link, NodeLink)} - nodes.keys()
            if len(nodes) + len(level) > MOST:
                raise BadTree(f"the tree has more than {MOST} nodes")
            if not level:
                _none, missing = await self.lacking([], sorted(blobs))
                if missing:
                    raise Incomplete([], missing)
                return nodes
        raise BadTree(f"the tree is more than {DEEPEST} nodes deep")


async def _kept(session: AsyncSession, intake: Intake, nodes: Sequence[str], blobs: Sequence[str]) -> set[str]:
    """Those that are here, which are leased."""
    found: set[str] = set()
    for table, digests in ((ContentNode, nodes), (ContentBlob, blobs)):
        if digests:
            found |= await renew(session, table, digests, intake.until)
    return found


def _decoded(data: bytes) -> Value:
    try:
        return decode(data)
    except (ValueError, IndexError, RecursionError, Corrupted) as error:
        raise BadTree(f"{digest_of(data)} is no node: {error}") from None


def _sorted(links: Sequence[NodeLink | BlobLink]) -> tuple[set[str], set[str]]:
    return (
        {link.digest for link in links if isinstance(link, NodeLink)},
        {link.digest for link in links if isinstance(link, BlobLink)},
    )


def _check(tree: Tree, imported: Imported) -> None:
    head = imported.head
    if head is None or (head.root, head.frame) != (tree.root, tree.frame):
        raise BadTree(f"the files of the tree are those of version {imported.version}, with other keys or folders")


def _check_shape(nodes: Mapping[str, Any], tree: Tree) -> None:
    """That a tree does not become endless where its nodes stand in many places. Raises BadTree."""
    sizes: dict[str, int] = {}
    heights: dict[str, int] = {}
    left = [tree.root]
    while left:
        digest = left[-1]
        below = [link.digest for link in links_of(nodes[digest]) if isinstance(link, NodeLink)]
        unknown = [each for each in below if each not in sizes]
        if unknown:
            left += unknown
            continue
        left.pop()
        sizes[digest] = 1 + sum(sizes[each] for each in below)
        heights[digest] = 1 + max((heights[each] for each in below), default=0)
        if sizes[digest] > MOST or heights[digest] > DEEPEST:
            raise BadTree("the tree is too large where its nodes stand in many places, or too deep")
