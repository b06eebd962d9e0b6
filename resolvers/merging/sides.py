"""The three courses of a merge, by block: the last source that was taken, the run, and the new source."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edx.olx import Block, Course, Key
from resolvers.content.nodes import write
from resolvers.merging.layers import Held

NOWHERE: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class Side:
    """A course by block. The course itself is called the same in all, whatever its run is called."""

    course: Course | None
    digests: Mapping[Key, str] = field(default_factory=dict, repr=False)
    blocks: Mapping[Key, Held] = field(default_factory=dict, repr=False)
    children: Mapping[Key, tuple[Key, ...]] = field(default_factory=dict, repr=False)
    parents: Mapping[Key, frozenset[Key]] = field(default_factory=dict, repr=False)
    edges: Mapping[tuple[Key, Key], Block] = field(default_factory=dict, repr=False)
    """Blocks as the tags in their parents have them, by parent and key."""

    @classmethod
    def of(cls, course: Course, digests: Mapping[Key, str] | None = None) -> "Side":
        """A course; `digests` are those of its blocks' nodes, if they are known."""
        own = course.root.key
        root = root_of(course)
        known = write(course).blocks if digests is None else digests
        blocks: dict[Key, Held] = {}
        children: dict[Key, tuple[Key, ...]] = {}
        edges: dict[tuple[Key, Key], Block] = {}
        parents: dict[Key, set[Key]] = {root: set()}
        for block in course.root.walk():
            key = root if block.key == own else block.key
            blocks[key] = Held.of(course, block)
            children[key] = tuple(child.key for child in block.children)
            for child in block.children:
                edges.setdefault((key, child.key), child)
                parents.setdefault(child.key, set()).add(key)
        found = {key: frozenset(above) for key, above in parents.items()}
        return cls(course, {root if key == own else key: known[key] for key in known}, blocks, children, found, edges)

    def __contains__(self, key: Key) -> bool:
        return key in self.blocks

    def places(self, key: Key) -> frozenset[Key]:
        """The blocks that a block stands in; none where it is not there."""
        return self.parents.get(key, NOWHERE)

    def trail(self, key: Key) -> tuple[str, ...]:
        """The display names from the course down to a block, through one parent each."""
        names: list[str] = []
        found: Key | None = key
        while found is not None and found in self.blocks and len(names) <= len(self.blocks):
            names.append(self.blocks[found].block.display_name)
            found = min(self.places(found), default=None)
        return tuple(reversed(names))

    def below(self, key: Key) -> set[Key]:
        """A block and all below it."""
        found: set[Key] = set()
        left = [key]
        while left:
            each = left.pop()
            if each not in found:
                found.add(each)
                left.extend(self.children.get(each, ()))
        return found


NOBODY = Side(None)
"""The base of a run of which no earlier source is known."""


def root_of(course: Course) -> Key:
    """What the course itself is called in a merge."""
    return Key(course.root.type, "")
