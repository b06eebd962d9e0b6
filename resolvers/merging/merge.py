"""`merge`: what a run has changed and what its source has changed, in one course.

Pure: three courses give a fourth, with the list of conflicts. Equal subtrees are not looked into. What only one side
has changed is taken; what neither has, and the bytes of files that still say the same, stay as they are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edx.olx import Asset, Block, Course, Draft, Key, Source
from edx.olx.assets import assets_of
from edx.olx.canonical import digest_of, lead_of, path_of, pointer_to, render
from edx.olx.documents import MINE
from edx.olx.markup import Attributes
from edx.olx.problems import Findings
from resolvers.content.nodes import Writer
from resolvers.content.secrets import shown
from resolvers.editing.work import document
from resolvers.merging.blocks import merged
from resolvers.merging.conflicts import UNDECIDED, Aspect, Choice, Conflict, Judge, Resolution, Texts, pick
from resolvers.merging.files import GROUPS, chosen_document, merged_document, merged_files, merged_values
from resolvers.merging.layers import NOTHING, Held, policy_path, renamed, with_values
from resolvers.merging.places import Three, placed
from resolvers.merging.protection import NONE, Kept, Protection
from resolvers.merging.sides import Side, root_of


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge makes. Where conflicts have no choice `course` has the run's own values.

    `kept` are the protected settings that the source has other values of.
    """

    course: Course
    conflicts: tuple[Conflict, ...] = ()
    kept: tuple[Kept, ...] = ()

    @property
    def is_decided(self) -> bool:
        """Whether there is no conflict, or each of them has been resolved."""
        return all(conflict.choice is not None for conflict in self.conflicts)


class CannotMerge(Exception):
    """A course and a library, or what no files can hold when it is together."""


def merge(
    base: Side,
    ours: Side,
    theirs: Side,
    *,
    protection: Protection = NONE,
    resolution: Resolution = UNDECIDED,
) -> Merged:
    """The run, `ours`, with what its source has changed since `base`, the version of it that was taken last.

    Without a base (`NOBODY`) everything that differs is a conflict. Raises CannotMerge. Reads blobs of pages that both
    have changed.
    """
    assert ours.course is not None  # noqa: S101 -- only a base may be nobody's
    assert theirs.course is not None  # noqa: S101
    if ours.course.kind != theirs.course.kind:
        raise CannotMerge(f"a {theirs.course.kind} cannot be merged into a {ours.course.kind}")
    judge = Judge(resolution)
    work = Merge(Three(base, ours, theirs, root_of(ours.course), judge), ours.course, theirs.course, protection)
    course = work.course()
    return Merged(course, tuple(judge.conflicts.values()), tuple(work.kept))


class Merge:
    """One merge on its way."""

    def __init__(self, three: Three, ours: Course, theirs: Course, protection: Protection) -> None:
        self.three = three
        self.ours = ours
        self.theirs = theirs
        self.protection = protection
        self.kept: list[Kept] = []
        self.policies: dict[Key, Mapping[str, Any]] = {}
        self.frame = self._frame()
        self.writer = Writer()
        self._made: dict[Key, Held] = {}
        self._built: dict[tuple[Key, Key], Block] = {}

    def course(self) -> Course:
        """The course."""
        children = placed(self.three)
        root = self._root(children)
        course = replace(self.frame, root=root, entry=self._entry(root), drafts=self._drafts())
        course = replace(course, policy=self._policy(course, children), grading=self._grading())
        groups = {name: self._files(name) for name in GROUPS}
        used = {path for block in root.walk() for path in _paths(block)}
        groups["extras"] = tuple(file for file in groups["extras"] if file.path not in used)
        listed = self._assets_policy()
        assets = self._assets(listed)
        course = replace(course, assets=assets, assets_policy=listed, **groups)
        return replace(course, root=self._with_source(course))

    def _frame(self) -> Course:
        """The course whose key, folder and entry are taken: the source's only where just that has other ones."""
        frames = [None if each is None else (each.org, each.course, each.run, each.folder) for each in self._courses]
        choice = Choice.THEIRS if pick(*frames) is Choice.THEIRS and frames[0] is not None else Choice.OURS
        return self.theirs if choice is Choice.THEIRS else self.ours

    @property
    def _courses(self) -> tuple[Course | None, Course, Course]:
        return self.three.base.course, self.ours, self.theirs

    def _entry(self, root: Block) -> Source | None:
        """The file that points to the root; where the keys are the same, the one that was changed."""
        if root.is_inline:
            return None
        entries = [None if each is None else each.entry for each in self._courses]
        ordered = _ordered(entries)
        return _saying(digest_of(pointer_to(replace(self.frame, root=root))), ordered)

    # Blocks

    def _root(self, children: Mapping[Key, tuple[Key, ...]]) -> Block:
        key = self.three.root
        held = self._held(key)
        below = tuple(self._block(key, child, children) for child in children[key])
        roots = [None if each is None else each.root.pointer for each in self._courses]
        pointer = roots[2] if pick(*roots) is Choice.THEIRS else roots[1]
        return replace(held.block, url_name=self.frame.run, children=below, pointer=pointer, source=None)

    def _with_source(self, course: Course) -> Block:
        root, lead = course.root, lead_of(course) if course.root.is_inline else ()
        sources = [None if each is None else each.root.source for each in self._courses]
        return replace(root, source=_saying(digest_of(render(root, lead)), _ordered(sources)))

    def _block(self, parent: Key, key: Key, children: Mapping[Key, tuple[Key, ...]]) -> Block:
        """A block as its parent has it."""
        known = self._built.get((parent, key))
        if known is None:
            known = self._equal(parent, key) or self._build(parent, key, children)
            self._built[parent, key] = known
        return known

    def _equal(self, parent: Key, key: Key) -> Block | None:
        """A block that is the same on both sides with all below it, file by file: it is not looked into."""
        ours, theirs = (side.edges.get((parent, key)) for side in (self.three.ours, self.three.theirs))
        if ours is None or theirs is None or self.three.ours.digests[key] != self.three.theirs.digests[key]:
            return None
        return ours if self.writer.edge(ours) == self.writer.edge(theirs) else None

    def _build(self, parent: Key, key: Key, children: Mapping[Key, tuple[Key, ...]]) -> Block:
        edges = [side.edges.get((parent, key)) for side in (self.three.base, self.three.ours, self.three.theirs)]
        held = self._held(key)
        below = tuple(self._block(key, child, children) for child in children[key])
        forms = [None if edge is None else (edge.pointer, edge.name_is_synthetic) for edge in edges]
        edge = edges[1] if edges[2] is None or (edges[1] and pick(*forms) is Choice.OURS) else edges[2]
        assert edge is not None  # noqa: S101 -- one side has it there
        pointer, is_synthetic = _tagged(edge.pointer, held.block.pointer), edge.name_is_synthetic
        block = replace(held.block, children=below, pointer=pointer, name_is_synthetic=is_synthetic, source=None)
        return block if pointer is None else replace(block, source=self._source(key, block))

    def _source(self, key: Key, block: Block) -> Source | None:
        """The file of a side that says just what the block says: the source's, unless only the run has changed it."""
        digest = self.writer.block(block).digest
        held = [side.blocks.get(key) for side in self._sides]
        sources = [None if each is None else each.block.source for each in held]
        same = [number for number in (1, 2) if self._sides[number].digests.get(key) == digest]
        if len(same) == 1:
            return sources[same[0]]
        ordered = _ordered(sources)
        return ordered[0] if same else _saying(digest_of(render(block)), ordered)

    def _held(self, key: Key) -> Held:
        """What a block says, and its policy."""
        known = self._made.get(key)
        if known is None:
            known = self._made[key] = self._merged(key)
        return known

    def _merged(self, key: Key) -> Held:
        base, ours, theirs = (side.blocks.get(key) for side in (self.three.base, self.three.ours, self.three.theirs))
        if ours is None or theirs is None:
            found = ours or theirs
            assert found is not None  # noqa: S101 -- one side has it
            return found
        named = self.three.named(key)

        def is_protected(name: str) -> bool:
            return self.protection.covers(name, named, self.ours.root.key)

        def decide(aspect: Aspect, name: str, values: Texts) -> Choice:
            return self.three.decide(aspect, key, name, values)

        for name in dict.fromkeys((*theirs.names, *ours.names)):
            mine, yours = ours.layers(name), theirs.layers(name)
            if mine != yours and is_protected(name):
                self.kept.append(Kept(named, name, ours.value(mine), theirs.value(yours)))
        return merged(base, ours, theirs, is_protected, decide)

    # What stands beside them

    def _policy(self, course: Course, children: Mapping[Key, Any]) -> Any:
        """The policy: that of the blocks as they were merged, and all else that it says entry by entry."""
        name = course.root.key
        three = tuple({} if each is None else renamed(each.policy, each.root.key, name) for each in self._courses)
        blocks = {str(self._called(key, name)): key for side in self._sides for key in side.blocks}
        rest = [
            {each: value for each, value in side.items() if each not in blocks or not isinstance(value, dict)}
            for side in three
        ]
        value = merged_values((rest[0], rest[1], rest[2]), self._about(Aspect.FILE, "policy.json "))
        for each in dict.fromkeys((*three[2], *three[1])):
            key = blocks.get(each)
            if key is None:
                continue
            if key in children:
                if settings := self._held(key).policy:
                    value[each] = dict(settings)
            else:
                found = [side.get(each, NOTHING) for side in three]
                choice = pick(*found)
                if choice is not None and (left := found[1 if choice is Choice.OURS else 2]) is not NOTHING:
                    value[each] = left
        documents = [None if each is None or each.policy is None else _renamed(each, name) for each in self._courses]
        return chosen_document((documents[0], documents[1], documents[2]), value, policy_path(self.frame))

    @property
    def _sides(self) -> tuple[Side, Side, Side]:
        return self.three.base, self.three.ours, self.three.theirs

    def _called(self, key: Key, root: Key) -> Key:
        return root if key == self.three.root else key

    def _grading(self) -> Any:
        known = tuple(None if each is None else each.grading for each in self._courses)
        document = self.frame.grading or known[1] or known[2]
        if document is None:
            return None
        return merged_document((known[0], known[1], known[2]), document.path, self._about(Aspect.GRADING, ""))

    def _assets_policy(self) -> Any:
        known = tuple(None if each is None else each.assets_policy for each in self._courses)
        path = "policies/assets.json"
        decide = self._about(Aspect.FILE, f"{path} ")
        return merged_document((known[0], known[1], known[2]), path, decide, is_deep=True)

    def _assets(self, listed: Any) -> tuple[Asset, ...]:
        static = self._files("assets")
        return assets_of({file.path: file.blob for file in static}, listed, "", Findings())

    def _files(self, name: str) -> Any:
        return merged_files(*self._courses, name, self.three.judge)

    def _about(self, aspect: Aspect, prefix: str) -> Any:
        def decide(name: str, values: tuple[Any, Any, Any]) -> Choice:
            base, ours, theirs = (
                None if value is NOTHING else shown(name.rpartition(" ")[2], value) for value in values
            )
            return self.three.judge.decide(Conflict(aspect, None, prefix + name, (base, ours, theirs)))

        return decide

    def _drafts(self) -> tuple[Draft, ...]:
        """The drafts that came in archives, each as a whole."""
        sides = [{} if each is None else {draft.block.key: draft for draft in each.drafts} for each in self._courses]
        found = []
        for key in sorted(sides[1].keys() | sides[2].keys()):
            drafts = [side.get(key) for side in sides]
            # Each with a writer of its own, which takes blocks of one key for one block.
            edges: list[Any] = [None if draft is None else Writer().edge(draft.block) for draft in drafts]
            choice = pick(*edges)
            if choice is None:
                base, ours, theirs = (None if edge is None else edge[-1].digest for edge in edges)
                choice = self.three.judge.decide(Conflict(Aspect.FILE, None, f"drafts/{key}", (base, ours, theirs)))
            if chosen := drafts[1 if choice is Choice.OURS else 2]:
                found.append(chosen)
        return tuple(found)


def _renamed(course: Course, name: Key) -> Any:
    """The policy of a course under the name of another; the same bytes if that is the same."""
    assert course.policy is not None  # noqa: S101
    value = renamed(course.policy, course.root.key, name)
    return document(course.policy, course.policy.path, value)


def _ordered(sources: Sequence[Source | None]) -> tuple[Source | None, Source | None]:
    """The files of both sides, first that of the one which has changed it."""
    digests = [None if each is None else each.blob.digest for each in sources]
    return (sources[1], sources[2]) if pick(*digests) is Choice.OURS else (sources[2], sources[1])


def _saying(meaning: str, sources: Iterable[Source | None]) -> Source | None:
    """The first file that says just this."""
    return next((each for each in sources if each is not None and each.meaning == meaning), None)


def _tagged(pointer: Attributes | None, merged: Attributes | None) -> Attributes | None:
    """A tag with the settings that tags of the block have after the merge."""
    if pointer is None or not (pointer or merged):
        return pointer
    tags = {name: value for name, value in merged or () if name not in MINE}
    names = [name for name, _ in pointer if name not in MINE]
    return with_values(pointer, {name: tags.get(name) for name in dict.fromkeys((*names, *tags))})


def _paths(block: Block) -> Iterator[str]:
    """The files of a block."""
    if block.body:
        yield block.body.path
    if not (block.is_inline or block.is_missing):
        yield path_of(block)
