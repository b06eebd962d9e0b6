"""The blocks of a course by key while they are edited: identity is by key, whatever places a block stands in.

Nothing of the old course is changed. At the end only the blocks on the way from what was edited to the root are made
anew; all others are the same objects, which is how the writer knows that they are stored.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from edx.olx import Block, Key
from edx.olx.markup import Attributes
from resolvers.editing.problems import Named

Parents = Mapping[Key, tuple[Key, ...]]


@dataclass(frozen=True, slots=True)
class Index:
    """The blocks of a course by key, and the parents of each."""

    root: Key
    blocks: Mapping[Key, Block]
    parents: Parents

    @classmethod
    def of(cls, root: Block, walked: Mapping[Key, Block] | None = None) -> "Index":
        """The index of all blocks below a root, which somebody may have walked through already."""
        blocks = walked or {block.key: block for block in root.walk()}
        found: dict[Key, tuple[Key, ...]] = {root.key: ()}
        for key, block in blocks.items():
            for child in block.children:
                below = child.key
                above = found.get(below, ())
                if key not in above:
                    found[below] = (*above, key)
        return cls(root.key, blocks, found)


class Tree:
    """Blocks that are being edited."""

    def __init__(self, index: Index) -> None:
        self.root = index.root
        self.blocks = dict(index.blocks)
        self._parents = dict(index.parents)
        self._edited: set[Key] = set()
        self._dropped: set[Key] = set()

    def __contains__(self, key: Key) -> bool:
        return key in self.blocks

    def __getitem__(self, key: Key) -> Block:
        return self.blocks[key]

    def copy(self) -> "Tree":
        """The tree as it is now, for who has to know later."""
        return Tree(Index(self.root, self.blocks, self._parents))

    def parents(self, key: Key) -> tuple[Key, ...]:
        """The blocks that a block stands in."""
        return self._parents.get(key, ())

    def put(self, block: Block) -> None:
        """A block as it is now, with its children, which are to be there or to be put next."""
        key = block.key
        before = {child.key for child in self.blocks[key].children} if key in self.blocks else set()
        now = dict.fromkeys(child.key for child in block.children)
        for gone in before - now.keys():
            self._parents[gone] = tuple(parent for parent in self.parents(gone) if parent != key)
        for new in now:
            if new not in before:
                self._parents[new] = (*self.parents(new), key)
        self.blocks[key] = block
        self._parents.setdefault(key, ())
        self._edited.add(key)

    def reparent(self, key: Key, old: Key, new: Block) -> None:
        """Another child in place of one that stands in a block."""
        parent = self.blocks[key]
        self.put(replace(parent, children=tuple(new if child.key == old else child for child in parent.children)))

    def drop(self, keys: Iterable[Key]) -> None:
        """Forget blocks that stand nowhere any more."""
        for key in keys:
            for child in self.blocks.pop(key).children:
                self._parents[child.key] = tuple(parent for parent in self.parents(child.key) if parent != key)
            self._parents.pop(key, None)
            self._edited.discard(key)
            self._dropped.add(key)

    @property
    def gone(self) -> set[Key]:
        """What was dropped and not put again."""
        return {key for key in self._dropped if key not in self.blocks}

    def below(self, key: Key) -> Iterator[Key]:
        """A block and all below it, in the order of the course, each once."""
        seen: set[Key] = set()
        left = [key]
        while left:
            found = left.pop()
            if found not in seen and found in self.blocks:
                seen.add(found)
                yield found
                left.extend(child.key for child in reversed(self.blocks[found].children))

    def lost(self, candidates: Iterable[Key]) -> list[Key]:
        """Those of some blocks, and of all below them, that the root does not lead to any more, the topmost first.

        One that still has a parent which itself is not lost is not (U23, U24).
        """
        region = list(dict.fromkeys(key for candidate in candidates for key in self.below(candidate)))
        lost = set(region) - {self.root}
        left = [key for key in region if key in lost and any(parent not in lost for parent in self.parents(key))]
        while left:
            found = left.pop()
            if found in lost:
                lost.discard(found)
                left.extend(child.key for child in self.blocks[found].children)
        return [key for key in region if key in lost]

    def is_below(self, key: Key, above: Key) -> bool:
        """Whether a block stands somewhere below another, or is it."""
        left, seen = [key], set()
        while left:
            found = left.pop()
            if found == above:
                return True
            if found not in seen:
                seen.add(found)
                left.extend(self.parents(found))
        return False

    def depth(self, key: Key) -> int:
        """How many blocks there are from the root to a block, by the longest way."""
        return _longest(key, self.parents)

    def height(self, key: Key) -> int:
        """How many blocks there are below a block, by the longest way."""
        return _longest(key, lambda each: tuple(child.key for child in self.blocks[each].children)) - 1

    def in_experiment(self, key: Key) -> bool:
        """Whether a block stands below a content experiment."""
        left, seen = [key], set()
        while left:
            for parent in self.parents(left.pop()):
                if parent.type == "split_test":
                    return True
                if parent not in seen:
                    seen.add(parent)
                    left.append(parent)
        return False

    def trail(self, key: Key) -> tuple[str, ...]:
        """The display names from the course down to a block, through its first parents."""
        names: list[str] = []
        found: Key | None = key
        while found is not None and found in self.blocks and len(names) <= len(self.blocks):
            names.append(self.blocks[found].display_name)
            found = next(iter(self.parents(found)), None)
        return tuple(reversed(names))

    def named(self, key: Key) -> Named:
        """A block as people know it."""
        return Named(key, self[key].display_name, self.trail(key), sum(1 for _ in self.below(key)) - 1)

    def whole(self, key: Key) -> Block:
        """A block with all below it as they are now."""
        block = self[key]
        return replace(block, children=tuple(self.whole(child.key) for child in block.children if child.key in self))

    def point(self, key: Key, pointer: Attributes | None) -> None:
        """Another tag for a block in the files of all its parents."""
        for parent in self.parents(key):
            self.reparent(parent, key, replace(self[key], pointer=pointer))

    def finished(self) -> tuple[Block, Index, set[Key]]:
        """The root of what was edited, its index, and the keys of all blocks that are others than before, or gone."""
        made: dict[Key, Block] = {}
        for key in self._children_first():
            block = self.blocks[key]
            children = tuple(_as_child(child, made.get(child.key)) for child in block.children)
            made[key] = replace(block, children=children)
        blocks = self.blocks | made
        return blocks[self.root], Index(self.root, blocks, self._parents), made.keys() | self._dropped

    def _ways_up(self) -> set[Key]:
        found: set[Key] = set()
        left = list(self._edited)
        while left:
            key = left.pop()
            if key not in found:
                found.add(key)
                left.extend(self.parents(key))
        return found

    def _children_first(self) -> list[Key]:
        """What has to be made anew, each block after those below it."""
        anew, done, order = self._ways_up(), set[Key](), list[Key]()
        left = [(self.root, False)]
        while left:
            key, is_done = left.pop()
            if is_done:
                order.append(key)
            elif key in anew and key not in done:
                done.add(key)
                left.append((key, True))
                left.extend((child.key, False) for child in self.blocks[key].children)
        return order


def _longest(start: Key, beyond: Callable[[Key], tuple[Key, ...]]) -> int:
    """How many blocks the longest way has that begins at one, which is one of them; there are no circles."""
    known: dict[Key, int] = {}
    left = [(start, False)]
    while left:
        key, is_done = left.pop()
        if is_done:
            known[key] = 1 + max((known[each] for each in beyond(key)), default=0)
        elif key not in known:
            left.append((key, True))
            left.extend((each, False) for each in beyond(key))
    return known[start]


def _as_child(child: Block, made: Block | None) -> Block:
    """A child as it is now, with the tag that its parent has for it."""
    if made is None:
        return child
    return made if made.pointer == child.pointer else replace(made, pointer=child.pointer)
