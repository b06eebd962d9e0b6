"""What differs between two versions: blocks by key, and the files beside them. Equal subtrees are never looked into."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from typing import Any

from edx.olx import Block, Course, File, Key
from edx.olx.export import files_below
from resolvers.content.load import Content
from resolvers.content.secrets import redacted, shown


class Change(StrEnum):
    """What became of a block or a file."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True)
class SettingChange:
    """A setting's value before and after, None where it is not set."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class BlockChange:
    """A block that is not as it was. `parents` are the blocks that it stands in, before and after, None for none."""

    change: Change
    block: Block
    before: Block | None
    parents: tuple[Key | None, Key | None]
    settings: tuple[SettingChange, ...] = ()
    is_text_changed: bool = False

    def text(self) -> str:
        """The lines of its text that differ, in the form of `diff -u`. Reads pages, so it is for a thread."""
        old, new = (self.before, None) if self.change is Change.REMOVED else (self.before, self.block)
        return "".join(unified_diff(_lines(old), _lines(new), str(self.block.key), str(self.block.key)))


@dataclass(frozen=True)
class FileChange:
    """A file beside the blocks that is not as it was."""

    change: Change
    path: str


Standing = tuple[Key | None, int]


def blocks_changed(old: Content, new: Content) -> list[BlockChange]:
    """The blocks that differ: those of the new version in its order, then the removed ones in the order of the old."""
    before, after = _region(old, new), _region(new, old)
    found = []
    moved: dict[Key | None, set[Key]] = {}
    for key, (block, where) in after.items():
        if key not in old.digests or key not in old.blocks:
            found.append(BlockChange(Change.ADDED, block, None, (None, where[0])))
            continue
        was = old.blocks[key]
        settings = _settings(old.course, was, new.course, block)
        is_text_changed = _is_text_changed(was, block)
        place = before[key][1] if key in before else where
        if where[0] not in moved:
            moved[where[0]] = _reordered(old, new, where[0])
        if place[0] != where[0] or key in moved[where[0]]:
            found.append(BlockChange(Change.MOVED, block, was, (place[0], where[0]), settings, is_text_changed))
        elif settings or is_text_changed:
            found.append(BlockChange(Change.CHANGED, block, was, (place[0], where[0]), settings, is_text_changed))
    for key, (block, where) in before.items():
        if key not in new.blocks:
            found.append(BlockChange(Change.REMOVED, block, block, (where[0], None)))
    return found


def _region(content: Content, other: Content) -> dict[Key, tuple[Block, Standing]]:
    """The blocks of a version that may differ from the other, and those right below them, with where they stand."""
    root = content.course.root
    found: dict[Key, tuple[Block, Standing]] = {root.key: (root, (None, 0))}
    policies = _policed(content.course, other.course)
    left = [root]
    while left:
        block = left.pop()
        if content.digests[block.key] == other.digests.get(block.key) and not policies:
            continue
        for index, child in enumerate(block.children):
            if child.key not in found:
                found[child.key] = child, (block.key, index)
                left.append(child)
    order = {key: number for number, key in enumerate(content.blocks)}
    return dict(sorted(found.items(), key=lambda item: order[item[0]]))


def _policed(one: Course, other: Course) -> bool:
    """Whether policies differ, so that any block may."""
    digests = [course.policy.blob.digest if course.policy else None for course in (one, other)]
    return digests[0] != digests[1]


def _reordered(old: Content, new: Content, parent: Key | None) -> set[Key]:
    """The children of a block that are out of the order that they had: as few as can be."""
    if parent is None or parent not in old.blocks:
        return set()
    places = {child.key: place for place, child in enumerate(old.blocks[parent].children)}
    keys = [child.key for child in new.blocks[parent].children if child.key in places]
    return set(keys) - set(_longest_rising(keys, places))


def _longest_rising(keys: Sequence[Key], places: Mapping[Key, int]) -> list[Key]:
    """The longest part of a sequence whose places rise."""
    ends: list[int] = []
    chains: list[list[Key]] = []
    for key in keys:
        length = bisect_left(ends, places[key])
        chain = [*(chains[length - 1] if length else []), key]
        ends[length:] = [places[key], *ends[length + 1 :]]
        chains[length:] = [chain, *chains[length + 1 :]]
    return chains[-1] if chains else []


def _settings(old: Course, was: Block, new: Course, block: Block) -> tuple[SettingChange, ...]:
    before, after = old.settings_of(was), new.settings_of(block)
    return tuple(
        SettingChange(name, _shown(before, name), _shown(after, name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _shown(settings: Mapping[str, Any], name: str) -> str | None:
    return shown(name, settings[name]) if name in settings else None


def _is_text_changed(was: Block, block: Block) -> bool:
    pages = [each.body.blob.digest if each.body else None for each in (was, block)]
    return pages[0] != pages[1] or was.markup != block.markup


def _lines(block: Block | None) -> list[str]:
    if block is None:
        return []
    data = block.body.blob.read() if block.body else block.markup
    return [f"{line}\n" for line in redacted(data.decode(errors="replace")).splitlines()]


def files_changed(old: Course, new: Course) -> list[FileChange]:
    """The files that differ besides those of published blocks, by path: assets, policies, pages, drafts, and others."""
    before, after = dict(_files(old)), dict(_files(new))
    found = []
    for name in before.keys() | after.keys():
        if name not in before:
            found.append(FileChange(Change.ADDED, after[name].path))
        elif name not in after:
            found.append(FileChange(Change.REMOVED, before[name].path))
        elif before[name].blob.digest != after[name].blob.digest:
            found.append(FileChange(Change.CHANGED, after[name].path))
    return sorted(found, key=lambda change: change.path)


def _files(course: Course) -> Iterator[tuple[str, File]]:
    """Files by what they are called in both versions: the paths of policies have the run in them."""
    assets: tuple[File, ...] = tuple(asset.file for asset in course.assets)
    drafts = tuple(
        File(f"drafts/{file.path}", file.blob) for draft in course.drafts for file in files_below(draft.block)
    )
    for group in (assets, course.about, course.info, course.tabs, drafts, course.extras):
        yield from ((file.path, file) for file in group)
    for name in ("policy", "grading", "assets_policy"):
        document = getattr(course, name)
        if document is not None:
            yield f"policies/{name}", File(document.path, document.blob)
