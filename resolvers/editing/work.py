"""A course while it is edited: its tree, its policy and its files, each made anew only if a change touched it."""

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from edx.olx import Block, Code, Course, Document, File, InMemory, Key, Place, UnwritableBlock
from edx.olx.canonical import check_block, path_of
from edx.olx.paths import folded
from edx.olx.tree import MAX_LEVELS
from resolvers.content.exports import NoSuchBlock, key_in
from resolvers.content.settings import plain
from resolvers.editing.problems import NOWHERE, EditCode, EditProblem, EditRefused, Named
from resolvers.editing.references import References
from resolvers.editing.tree import Index, Tree

MODULES = "advanced_modules"
"""Setting of a course: the types of blocks that its authors may use besides the usual ones."""


@dataclass(slots=True)
class Work:
    """What changes are made to. `refuse` ends a change; warnings are kept for all of them."""

    course: Course
    tree: Tree
    references: References
    change: int = 0
    warnings: list[EditProblem] = field(default_factory=list)
    changed: dict[Key, None] = field(default_factory=dict)
    paths: dict[str, Key] = field(default_factory=dict)
    """The files of blocks that were put, which take the places of files that belonged to no block."""
    policy: dict[str, Any] | None = None
    """What the policy says now, None as long as nothing changed it."""
    before: Mapping[Key, Block] = field(default_factory=dict)
    """The blocks as they were before all changes."""
    run: str | None = None
    """The course key, of whose blocks full keys must be."""
    _files: dict[Key, Key] | None = None

    @classmethod
    def on(cls, course: Course, index: Index, references: References, run: str | None = None) -> "Work":
        """Ready for changes of a course."""
        return cls(course, Tree(index), references, before=index.blocks, run=run)

    def problem(self, code: EditCode, message: str, block: Key | None = None, **more: Any) -> EditProblem:
        """A problem of this change."""
        if block is not None and "breadcrumb" not in more and block in self.tree:
            more["breadcrumb"] = self.tree.trail(block)
        return EditProblem(code, message, block, change=self.change, **more)

    def refuse(self, code: EditCode, message: str, block: Key | None = None, **more: Any) -> EditRefused:
        """What to raise when a change cannot be made for one reason."""
        return EditRefused([self.problem(code, message, block, **more)])

    def warn(self, code: EditCode, message: str, block: Key | None = None, **more: Any) -> None:
        """Note what is worth knowing."""
        self.warnings.append(self.problem(code, message, block, **more))

    def find(self, text: str) -> Key:
        """The block that is meant by `type/url_name`, a full key, or a `url_name` that only one block has."""
        try:
            found = key_in(text, self.run)
        except NoSuchBlock as error:
            raise self.refuse(EditCode.BLOCK_UNKNOWN, str(error)) from error
        if found is not None:
            if found in self.tree:
                return found
            raise self.refuse(EditCode.BLOCK_UNKNOWN, f"there is no block {text!r}", found)
        among = sorted(key for key in self.tree.blocks if key.name == text)
        if len(among) == 1:
            return among[0]
        if not among:
            raise self.refuse(EditCode.BLOCK_UNKNOWN, f"there is no block {text!r}")
        blocks = tuple(map(self.tree.named, among))
        message = f"{text!r} may mean {' or '.join(map(str, among))}"
        raise self.refuse(EditCode.BLOCK_AMBIGUOUS, message, blocks=blocks)

    def put(self, block: Block, place: Place = NOWHERE) -> None:
        """A block as it is to be, if a file can hold it."""
        try:
            check_block(block, ())
            if not block.is_inline:
                path_of(block)
        except UnwritableBlock as error:
            raise self.refuse(EditCode.INVALID_OLX, str(error), block.key, reason="UNWRITABLE", place=place) from None
        self.tree.put(block)
        self.changed[block.key] = None
        if not block.is_inline:
            self.paths[path_of(block)] = block.key
        if block.body:
            self.paths[block.body.path] = block.key

    def file(self, key: Key) -> Block:
        """Give a block that is defined within its parent's file one of its own."""
        self.tree.point(key, ())
        self.put(replace(self.tree[key], pointer=()))
        return self.tree[key]

    def note_shared(self, key: Key) -> None:
        """Warn of a change of a block that is seen in several places."""
        if len(self.tree.parents(key)) > 1:
            self.warn(EditCode.SHARED, f"{key} stands in several places and changes in all of them", key)

    def check_depth(self, key: Key, place: Place = NOWHERE) -> None:
        """Refuse a block that stands, or has others below it, deeper than any course."""
        if self.tree.depth(key) + self.tree.height(key) > MAX_LEVELS:
            message = f"blocks are nested deeper than {MAX_LEVELS} levels"
            raise self.refuse(EditCode.INVALID_OLX, message, key, reason=Code.TOO_DEEP.value, place=place)

    def is_module(self, kind: str) -> bool:
        """Whether the course uses a type of blocks: it has some, or lists it among its advanced modules."""
        root = self.tree.root
        listed = self.policy_of(root).get(MODULES, self.tree[root].get(MODULES))
        found = plain(listed) if listed else None
        return (isinstance(found, list) and kind in found) or any(key.type == kind for key in self.tree.blocks)

    def alike(self, key: Key) -> Key | None:
        """Another block, whose file would be that of this one where letter case does not count."""
        old = self.before.get(key)
        if self._files is None:
            if old is not None and not old.is_inline:
                return None  # it has its file already, and no other block is new yet
            filed = (each for each, block in self.tree.blocks.items() if not block.is_inline)
            self._files = {Key(each.type, folded(each.name)): each for each in filed}
        found = self._files.setdefault(Key(key.type, folded(key.name)), key)
        return found if found != key and found in self.tree else None

    def drop(self, keys: Iterable[Key], before: Tree) -> tuple[Named, ...]:
        """Take out blocks that stand nowhere any more, with what the policy says of them; who they were before."""
        gone = list(keys)
        told = tuple(map(before.named, gone))
        self.tree.drop(gone)
        for key in gone:
            self.changed.pop(key, None)
            if self.policy_of(key):
                self.set_policy(key, {})
        return told

    def policy_of(self, key: Key) -> Mapping[str, Any]:
        """What the policy sets for a block now."""
        found = self.policies().get(str(key))
        return found if isinstance(found, dict) else {}

    def policies(self) -> Mapping[str, Any]:
        """The policy as it is now, by `type/url_name`."""
        if self.policy is not None:
            return self.policy
        return self.course.policy.value if self.course.policy else {}

    def set_policy(self, key: Key, settings: Mapping[str, Any]) -> None:
        """Other settings of a block in the policy; none at all take the block out of it."""
        if dict(self.policy_of(key)) == dict(settings):
            return
        if self.policy is None:
            self.policy = deepcopy(self.course.policy.value) if self.course.policy else {}
        if settings:
            self.policy[str(key)] = dict(settings)
        else:
            self.policy.pop(str(key), None)

    def finished(self) -> tuple[Course, Index, set[Key]]:
        """The course as it is now, its index, and the keys of all blocks that are others than before, or gone."""
        root, index, touched = self.tree.finished()
        extras = self.course.extras
        if self.paths:
            extras = tuple(file for file in extras if file.path not in self.paths)
        course = replace(self.course, root=root, extras=extras)
        if self.policy is not None:
            path = f"policies/{course.run}/policy.json"
            course = replace(course, policy=document(course.policy, path, self.policy))
        return course, index, touched


def document(old: Document | None, path: str, value: Any) -> Document:
    """A JSON file that says a value, written as Open edX writes them; the old one if that says it already."""
    if old is not None and old.value == value:
        return old
    data = json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False).encode()
    return Document(old.path if old else path, InMemory.of(data), value)


def with_file(files: tuple[File, ...], file: File) -> tuple[File, ...]:
    """A group of files with one put into its place, in the order of their paths."""
    return tuple(sorted((*(each for each in files if each.path != file.path), file), key=lambda each: each.path))
