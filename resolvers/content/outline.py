"""The outline of a course for readers: its blocks with their settings, and the way from each to the top.

It is of a version of content, and of no run: runs whose content is the same share one outline.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from edx.olx import Course, Key

INHERITED = frozenset(
    {
        "course_edit_method",
        "days_early_for_beta",
        "due",
        "edxnotes",
        "edxnotes_visibility",
        "giturl",
        "graceperiod",
        "graded",
        "group_access",
        "hide_from_toc",
        "in_entrance_exam",
        "matlab_api_key",
        "max_attempts",
        "relative_weeks_due",
        "rerandomize",
        "self_paced",
        "show_correctness",
        "show_reset_button",
        "showanswer",
        "start",
        "static_asset_path",
        "use_latex_compiler",
        "user_partitions",
        "video_auto_advance",
        "video_bumper",
        "video_speed_optimizations",
        "visible_to_staff_only",
        "xqa_key",
    }
)
"""Settings that hold for all below the block that has them, but where they are set again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A block. `settings` are its own, with what the policy says of it, in texts as written or the types of JSON."""

    key: Key
    display_name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Key, ...] = ()


class Setting(NamedTuple):
    """The value of a setting, and the block that has it."""

    value: Any
    source: Key


@dataclass(frozen=True, slots=True)
class Outline:
    """The blocks below `root`, by key. Children that have no entry, as pointers to nothing, are passed over.

    `parents` are those of each block in the order of the course, depth first: a shared block has several.
    """

    root: Key
    entries: Mapping[Key, Entry]
    parents: Mapping[Key, tuple[Key, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        found: dict[Key, tuple[Key, ...]] = {}
        for entry in self.walk():
            for child in self.children(entry):
                known = found.get(child.key, ())
                found[child.key] = known if entry.key in known else (*known, entry.key)
        object.__setattr__(self, "parents", found)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Outline":
        """The outline whose root is the first of the entries."""
        found = {entry.key: entry for entry in entries}
        return cls(next(iter(found)), found)

    @property
    def course(self) -> Entry:
        """The block of the course itself."""
        return self.entries[self.root]

    def children(self, entry: Entry) -> Iterator[Entry]:
        """The blocks below a block, in order."""
        return (self.entries[key] for key in entry.children if key in self.entries)

    def walk(self, start: Key | None = None) -> Iterator[Entry]:
        """A block, by default the course, and all below it in the order of the course; shared ones come once."""
        seen: set[Key] = set()
        left = [self.entries[start or self.root]]
        while left:
            entry = left.pop()
            if entry.key not in seen:
                seen.add(entry.key)
                yield entry
                left.extend(reversed(list(self.children(entry))))

    def lineage(self, key: Key) -> tuple[Entry, ...]:
        """The blocks from the course down to this one, through its first parent. Raises KeyError for none of ours."""
        found = [self.entries[key]]
        while parents := self.parents.get(found[-1].key):
            found.append(self.entries[parents[0]])
        return tuple(reversed(found))

    def setting(self, key: Key, name: str) -> Setting | None:
        """What is set for a block, by itself or by the nearest above it that hands the setting down."""
        for entry in reversed(self.lineage(key)):
            if name in entry.settings and (entry.key == key or name in INHERITED):
                return Setting(entry.settings[name], entry.key)
        return None


def outline_of(course: Course) -> Outline:
    """The outline of a course that was just read."""
    return Outline.of(
        entry_of(block.key, course.settings_of(block), [child.key for child in block.children])
        for block in course.root.walk()
        if not block.is_missing
    )


def entry_of(key: Key, settings: Mapping[str, Any], children: Iterable[Key]) -> Entry:
    """A block with these settings; it is called by its name where nothing else is set."""
    return Entry(key, str(settings.get("display_name") or key.name), settings, tuple(children))
