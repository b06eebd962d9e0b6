"""Content for readers of the API: a version of a run's content and its blocks, as records that plans lead through.

What is asked of a version is worked out of the loaded course; only texts, and links and searches in them, read blobs.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Self, TypeVar

from db.store import BlobsUnavailable
from edx.blocks import BlockKey
from edx.keys import CourseKey
from edx.olx import Block, Key, UnwritableBlock, serialize
from edx.olx.kinds import SECRETS, WITH_POLICY
from edx.olx.tree import MAX_LEVELS
from resolvers.content.load import Content, Loaded
from resolvers.content.outline import INHERITED
from resolvers.content.secrets import redacted, shown
from resolvers.errors import ServiceUnavailable

T = TypeVar("T")
EXAMPLES = 3


class Record:
    """What `asked` fields are given as a key."""

    @property
    def itself(self) -> Self:
        """The record."""
        return self


class SettingSource(StrEnum):
    """What sets a setting of a block."""

    OWN = "own"
    POLICY = "policy"
    INHERITED = "inherited"


@dataclass(frozen=True)
class BlockSetting:
    """A setting of a block with its value as text, and the block that sets it."""

    name: str
    value: str
    source: SettingSource
    set_by: "BlockRecord"
    is_secret: bool


@dataclass(frozen=True)
class TypeCount:
    """How many blocks there are of a type."""

    type: str
    count: int


@dataclass(frozen=True, eq=False)
class SettingUse:
    """A setting as blocks of a type have it, with some of its values."""

    name: str
    count: int
    examples: list[str]


@dataclass(eq=False)
class TypeRecord(Record):
    """What a version shows of a type of blocks (spec/content-api.md, "Self-documenting API")."""

    content: "ContentRecord"
    type: str
    blocks: Sequence[Block]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.blocks)

    @property
    def settings(self) -> tuple[SettingUse, ...]:
        """The settings that any of them has."""
        values: dict[str, Counter[str]] = {}
        for block in self.blocks:
            for name, value in self.content.loaded.course.settings_of(block).items():
                values.setdefault(name, Counter())[shown(name, value)] += 1
        return tuple(
            SettingUse(name, counts.total(), [value for value, _ in counts.most_common(EXAMPLES)])
            for name, counts in sorted(values.items())
        )

    @property
    def parents(self) -> list[str]:
        """The types of blocks that they stand in."""
        outline = self.content.parents
        return sorted({parent.type for block in self.blocks for parent in outline.get(block.key, ())})

    @property
    def children(self) -> list[str]:
        """The types of blocks that stand in them."""
        return sorted({child.type for block in self.blocks for child in block.children})

    @property
    def example(self) -> "BlockRecord":
        """One of them: the one with most settings."""
        return self.content.block(max(self.blocks, key=lambda block: len(block.settings)).key)


@dataclass(eq=False)
class ContentRecord(Record):
    """A version of a run's content, or what a learner sees of it."""

    loaded: Loaded
    run: CourseKey
    is_whole: bool = True
    """Whether there is all of it; for learners only what they see."""
    unlisted: frozenset[Key] = frozenset()
    """Blocks that are in no outline of learners."""
    _blocks: dict[Key, "BlockRecord"] = field(default_factory=dict)
    _outlines: dict[int, Sequence["BlockRecord"]] = field(default_factory=dict)

    @property
    def content(self) -> Content:
        """The blocks and all else."""
        return self.loaded.content

    @property
    def version(self) -> str:
        """The hash."""
        return self.loaded.version

    @property
    def number(self) -> int:
        """The place in the history."""
        return self.loaded.head.number

    @property
    def block_count(self) -> int:
        """How many blocks there are."""
        return self.loaded.head.blocks if self.is_whole else len(self.content.blocks)

    @property
    def file_count(self) -> int:
        """How many files there are."""
        return self.loaded.head.files if self.is_whole else len(self._pages)

    @property
    def bytes(self) -> int:
        """The bytes of all files."""
        return self.loaded.head.bytes if self.is_whole else sum(self._pages)

    @property
    def _pages(self) -> list[int]:
        """The sizes of the pages that a learner sees."""
        return [block.body.blob.size for block in self.content.blocks.values() if block.body]

    @property
    def counts(self) -> tuple[TypeCount, ...]:
        """How many blocks there are of each type."""
        counts = Counter(key.type for key in self.content.blocks)
        return tuple(TypeCount(kind, counts[kind]) for kind in sorted(counts))

    @property
    def root(self) -> "BlockRecord":
        """The course itself."""
        return self.block(self.content.course.root.key)

    @property
    def types(self) -> tuple[TypeRecord, ...]:
        """The types of blocks, by name."""
        found: dict[str, list[Block]] = {}
        for block in self.content.blocks.values():
            found.setdefault(block.type, []).append(block)
        return tuple(TypeRecord(self, kind, found[kind]) for kind in sorted(found))

    @cached_property
    def parents(self) -> Mapping[Key, tuple[Key, ...]]:
        """The blocks that each block stands in, the first in the order of the course first."""
        found: dict[Key, tuple[Key, ...]] = {}
        for block in self.content.blocks.values():
            for child in block.children:
                found[child.key] = (*found.get(child.key, ()), block.key)
        return found

    def block(self, key: Key) -> "BlockRecord":
        """The record of a block that is there."""
        found = self._blocks.get(key)
        if found is None:
            found = self._blocks[key] = BlockRecord(self, self.content.blocks[key])
        return found

    def outline(self, deepest: int, types: frozenset[str] | None) -> Sequence["BlockRecord"]:
        """The blocks in the order of the course down to a level, of which the course is 0; shared ones come once."""
        deepest = max(-1, min(deepest, MAX_LEVELS))
        found = self._outlines.get(deepest)
        if found is None:
            found = self._outlines[deepest] = tuple(self._outline(deepest))
        return found if types is None else tuple(block for block in found if block.type in types)

    def _outline(self, deepest: int) -> Iterator["BlockRecord"]:
        seen: set[Key] = set()
        left = [(self.content.course.root, 0)]
        while left:
            block, level = left.pop()
            if block.key in seen or level > deepest or block.key in self.unlisted:
                continue
            seen.add(block.key)
            yield self.block(block.key)
            left.extend((child, level + 1) for child in reversed(block.children))


@dataclass(eq=False)
class BlockRecord(Record):
    """A block of a version. What plans ask for is worked out once, as long as the version is kept."""

    content: ContentRecord
    block: Block

    @cached_property
    def key(self) -> str:
        """Type and name."""
        return str(self.block.key)

    @cached_property
    def usage_key(self) -> str:
        """The key that Open edX has for it in the run."""
        return str(BlockKey(self.content.run, self.block.type, self.block.url_name))

    @property
    def type(self) -> str:
        """Its type."""
        return self.block.type

    @property
    def url_name(self) -> str:
        """Its name."""
        return self.block.url_name

    @cached_property
    def display_name(self) -> str:
        """What people call it."""
        return str(self._own.get("display_name") or self.block.url_name)

    @cached_property
    def hash(self) -> str:
        """The digest of it and all below it."""
        return self.content.content.digests[self.block.key]

    @cached_property
    def level(self) -> int:
        """How deep it is, through its first parent."""
        return len(self.ancestors)

    @property
    def is_inline(self) -> bool:
        """Whether it is defined within its parent's file."""
        return self.block.is_inline

    @cached_property
    def children(self) -> tuple["BlockRecord", ...]:
        """The blocks right below."""
        left_out = self.content.unlisted if self.block.key not in self.content.unlisted else ()
        return tuple(self.content.block(child.key) for child in self.block.children if child.key not in left_out)

    @cached_property
    def parent(self) -> "BlockRecord | None":
        """The block that it stands in, the first of several."""
        parents = self.content.parents.get(self.block.key)
        return self.content.block(parents[0]) if parents else None

    @cached_property
    def ancestors(self) -> tuple["BlockRecord", ...]:
        """The blocks from the course down to its parent."""
        found: list[BlockRecord] = []
        parent = self.parent
        while parent is not None:
            found.append(parent)
            parent = parent.parent
        return tuple(reversed(found))

    @property
    def _own(self) -> dict[str, Any]:
        return self.content.loaded.course.settings_of(self.block)

    @property
    def settings(self) -> tuple[BlockSetting, ...]:
        """What is set for it and nowhere above, by its file or by the policy, by name."""
        return tuple(sorted(self._settings().values(), key=lambda setting: setting.name))

    @property
    def effective_settings(self) -> tuple[BlockSetting, ...]:
        """What holds for it: its own settings, and those that the nearest block above hands down, by name."""
        found = self._settings()
        for ancestor in reversed(self.ancestors):
            for name, setting in ancestor._settings().items():  # noqa: SLF001 -- another of the same kind
                if name in INHERITED and name not in found:
                    found[name] = BlockSetting(
                        name, setting.value, SettingSource.INHERITED, ancestor, setting.is_secret
                    )
        return tuple(sorted(found.values(), key=lambda setting: setting.name))

    def _settings(self) -> dict[str, BlockSetting]:
        course = self.content.loaded.course
        policy = course.policy_of(self.block.key) if self.block.type in WITH_POLICY else {}
        return {
            name: BlockSetting(
                name,
                shown(name, value),
                SettingSource.POLICY if name in policy else SettingSource.OWN,
                self,
                name in SECRETS,
            )
            for name, value in self._own.items()
        }

    def olx(self) -> str:
        """Its definition as it stands in its file, without passwords. Reads the file, so it is for a thread."""
        if self.block.source is not None and not self.block.is_inline:
            return redacted(self.block.source.blob.read().decode(errors="replace"))
        try:
            return redacted(serialize(self.block, (("url_name", self.block.url_name),)).decode(errors="replace"))
        except UnwritableBlock:
            return redacted(self.block.markup.decode(errors="replace"))

    def text(self) -> str:
        """The page of an html block, else what stands between its tags. Reads the page, so it is for a thread."""
        data = self.block.body.blob.read() if self.block.body else self.block.markup
        return redacted(data.decode(errors="replace"))


async def in_thread(records: Sequence[T], work: Callable[[T], Any]) -> dict[T, Any]:
    """What `work` makes of each record, in one thread; what it raises in place of that."""

    def do() -> dict[T, Any]:
        return {record: _tried(work, record) for record in records}

    return await asyncio.to_thread(do)


def _tried(work: Callable[[T], Any], record: T) -> Any:
    try:
        return work(record)
    except BlobsUnavailable as error:
        return ServiceUnavailable(str(error))
    except Exception as error:  # noqa: BLE001 -- it becomes the error of this one field
        return error
