"""Putting a subtree that was sent into the tree: what each of its tags stands for, and whether it may stand there."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from edx.olx import Block, Code, Key
from edx.olx.kinds import FILED, KNOWN
from edx.olx.markup import Attributes
from resolvers.content.nodes import FILENAME
from resolvers.editing.changes import AddBlock, Duplicates, ReplaceBlock
from resolvers.editing.names import free, is_same, renamed
from resolvers.editing.placement import Verdict, allowed, level, verdict
from resolvers.editing.problems import EditCode, EditProblem, EditRefused
from resolvers.editing.work import MODULES, Work


@dataclass(slots=True)
class Graft:
    """A subtree on its way into the tree, to stand in `parents`.

    `region` are the blocks that it takes the place of, with all below them.

    `above` are the display names from the course down to its parent.
    """

    work: Work
    change: ReplaceBlock | AddBlock
    parents: tuple[Key, ...]
    region: Collection[Key]
    above: tuple[str, ...]
    defined: dict[Key, Block] = field(default_factory=dict)
    """The blocks that were sent, under the names that they get, each after those below it."""
    sent_as: dict[Key, Key] = field(default_factory=dict)
    """The keys that they were sent under, by those that they get."""
    moved: list[tuple[Key, Key]] = field(default_factory=list)
    """Blocks from elsewhere, and their new parents."""
    kept: list[tuple[Key, Key]] = field(default_factory=list)
    """Blocks of the region that stay, and their new parents."""
    problems: list[EditProblem] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _settled: dict[Key, Block] = field(default_factory=dict)

    def rooted(self, sent: Block, pointer: Attributes | None) -> Block:
        """The root of what was sent, settled; it keeps the file of its own that it came in unless `pointer` is None."""
        root = self.settle(sent)
        if root.key in self.defined:
            if pointer is None or root.type not in FILED:
                root = replace(root, pointer=None, source=None)
            self.defined[root.key] = root
        return root

    def settle(self, block: Block) -> Block:
        """A block that was sent, its name and its children settled. Problems are noted."""
        known = self._settled.get(block.key)
        if known is None:
            known = self._shared(block) or self._defined(block)
            self._settled[block.key] = known
        return known

    def _defined(self, sent: Block) -> Block:
        key = sent.key
        block = sent
        may_rename = self.change.duplicates is Duplicates.RENAME
        if self._is_taken(key) or (may_rename and not sent.is_inline and self.work.alike(key)):
            if not may_rename:
                self._duplicate(sent)
            block = renamed(sent, free(key, self.work.tree.blocks.keys() | self.defined.keys()).name)
        self._check_files(sent, block)
        self._open.append(block.display_name)
        children = tuple(
            self._kept(child, key) if self._keeps(child) else self.settle(child) for child in block.children
        )
        self._open.pop()
        self.defined[block.key] = replace(block, children=children)
        self.sent_as[block.key] = key
        return self.defined[block.key]

    def _check_files(self, sent: Block, block: Block) -> None:
        """Note a page that was not sent, and a file that another block's is where letter case does not count."""
        page = None if sent.body or sent.type != "html" else sent.get(FILENAME)
        if page:
            hint = "send the page in files, or what it says within the tag, without filename"
            message = f"the page {page}.html of {sent.key} was not sent"
            self._note(EditCode.INVALID_OLX, message, sent, reason=Code.MISSING_FILE.value, hint=hint)
        if not block.is_inline and (other := self.work.alike(block.key)):
            message = f"the names of {block.key} and {other} differ by letter case or accents only"
            self._note(EditCode.DUPLICATE_NAME, message, sent)

    def _is_taken(self, key: Key) -> bool:
        return key in self.work.tree and key not in self.region

    def _shared(self, sent: Block) -> Block | None:
        """The block that is there already, where it is to be shared and says the same."""
        if self.change.duplicates is not Duplicates.SHARE_IF_EQUAL or not self._is_taken(sent.key):
            return None
        there = self.work.tree[sent.key]
        if not is_same(sent, self.work.tree.whole(sent.key)):
            return None
        if there.is_inline and there.type in FILED:
            return self.work.file(there.key)
        return there

    def _duplicate(self, sent: Block) -> None:
        there = self.work.tree.named(sent.key)
        message = f"another <{sent.type}> is called {sent.url_name!r}: {' > '.join(there.breadcrumb)}"
        if self.change.duplicates is Duplicates.SHARE_IF_EQUAL:
            message += ", and says something else"
        self._note(EditCode.DUPLICATE_NAME, message, sent, blocks=(there,))

    def _keeps(self, child: Block) -> bool:
        """Whether a tag only names a block: without a definition, or with nothing at all if its type needs no file."""
        if child.is_missing:
            return True
        is_bare = not (child.settings or child.markup or child.children or child.body)
        return is_bare and child.is_inline and child.type not in FILED and child.key in self.work.tree

    def _kept(self, child: Block, parent: Key) -> Block:
        """The block that is there under the name that a tag gives (U3 to U5)."""
        tree, key = self.work.tree, child.key
        if key not in tree:
            message = f"<{key.type} url_name={key.name!r}/> names a block neither of the run nor of what was sent"
            self._note(EditCode.CHILD_MISSING, message, child)
            return child
        if key in self.region:
            self.kept.append((key, parent))
            return replace(tree[key], pointer=self._pointer(key, parent))
        there = tree.named(key)
        if not self.change.allow_move:
            message = f"{key} stands elsewhere: {' > '.join(there.breadcrumb)}"
            hint = "allow moves, or send its definition under another name"
            self._note(EditCode.CHILD_ELSEWHERE, message, child, blocks=(there,), hint=hint)
        elif any(level(above.type, key.type) != level(parent.type, key.type) for above in tree.parents(key)):
            self._note(EditCode.LEVEL_MISMATCH, f"{key} must remain at the same level of content hierarchy", child)
        self.moved.append((key, parent))
        return tree[key]

    def _pointer(self, key: Key, parent: Key) -> Attributes | None:
        """The tag that a kept block had in the file of its parent."""
        above = self.work.tree.blocks.get(parent)
        found = next((child for child in above.children if child.key == key), None) if above else None
        return (found or self.work.tree[key]).pointer

    def check(self, root: Block, *, is_new: bool) -> None:
        """Note what may not stand where it would, be the root there or new."""
        tree, parents = self.work.tree, self.parents
        for parent in parents:
            self._check(tree[parent], root, in_experiment=tree.in_experiment(parent), is_new=is_new)
        inside = any(tree.in_experiment(parent) or parent.type == "split_test" for parent in parents)
        for block, in_experiment, trail in self._sent(root, in_experiment=inside):
            self._open = trail
            below = tree.blocks.get(block.key)
            before = {child.key for child in below.children} if below and block.key in self.region else set()
            for child in block.children:
                self._check(block, child, in_experiment=in_experiment, is_new=child.key not in before)

    def _sent(self, root: Block, *, in_experiment: bool) -> Iterator[tuple[Block, bool, list[str]]]:
        left, seen = [(root, in_experiment, list[str]())], set[Key]()
        while left:
            block, inside, trail = left.pop()
            if block.key not in seen and block.key in self.defined:
                seen.add(block.key)
                below = [*trail, block.display_name]
                yield block, inside, below
                left.extend((child, inside or block.type == "split_test", below) for child in block.children)

    def _check(self, parent: Block, child: Block, *, in_experiment: bool, is_new: bool) -> None:
        is_module = child.type not in KNOWN and self.work.is_module(child.type)
        found = verdict(parent.type, child.type, in_experiment=in_experiment, is_module=is_module)
        if found is Verdict.ALLOWED:
            return
        types = ", ".join(sorted(allowed(parent.type, in_experiment=in_experiment))) or "no blocks"
        message = f"{child.key} may not stand in {parent.key}, which takes {types}"
        if is_new or found is Verdict.REFUSED:
            hint = "" if child.type in KNOWN else f"if it is a type of blocks, add it to {MODULES} of the course"
            self._note(EditCode.PLACEMENT, message, child, hint=hint)
        else:
            self.work.warn(EditCode.PLACEMENT, f"{message}; it stood there already", child.key, place=child.place)

    def _note(self, code: EditCode, message: str, block: Block, **more: Any) -> None:
        trail = (*self.above, *self._open, block.display_name)
        found = self.work.problem(code, message, block.key, place=block.place, breadcrumb=trail, **more)
        self.problems.append(found)

    def put(self) -> None:
        """Put what was sent into the tree. Raises EditRefused with all that was noted."""
        if self.problems:
            raise EditRefused(self.problems)
        for key, _ in self.moved:
            if any(self.work.tree.is_below(parent, key) for parent in self.parents):
                raise self._into_itself(key)
            for above in self.work.tree.parents(key):
                children = self.work.tree[above].children
                self.work.put(
                    replace(self.work.tree[above], children=tuple(each for each in children if each.key != key))
                )
        for block in self.defined.values():
            self.work.put(block, block.place)
        for key, parent in (*self.moved, *self.kept):
            if self.work.tree.is_below(parent, key):
                raise self._into_itself(key)
        self._check_pages()

    def _into_itself(self, key: Key) -> EditRefused:
        return self.work.refuse(EditCode.INTO_ITSELF, "You can not move an item into it's child.", key)

    def share(self, root: Key) -> None:
        """Give blocks that now stand in several places a file, as only one could have them defined in place."""
        for key in [key for key in self.defined if key in self.work.tree and len(self.work.tree.parents(key)) > 1]:
            if self.work.tree[key].is_inline:
                self.work.file(key)
            if key in self.region and key != root:
                self.work.note_shared(key)

    def _check_pages(self) -> None:
        """Two blocks may share a page, but not have two pages under one path."""
        pages = {block.body.path: block for block in self.defined.values() if block.body}
        for other in self.work.tree.blocks.values() if pages else ():
            mine = pages.get(other.body.path) if other.body else None
            if mine and mine.body and other.body and mine.body.blob.digest != other.body.blob.digest:
                message = f"the page {mine.body.path} is also that of {other.key}, with other text"
                raise self.work.refuse(EditCode.FILE_CLASH, message, mine.key, place=mine.place)
