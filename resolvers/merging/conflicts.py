"""Conflicts: what a run and its source have both changed, each in its own way. None is ever chosen silently."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from edx.olx import Key


class Choice(StrEnum):
    """Whose value is taken."""

    OURS = "ours"
    """That of the run."""
    THEIRS = "theirs"
    """That of the source."""


class Aspect(StrEnum):
    """What of a course both have changed."""

    SETTING = "setting"
    """A setting of a block."""
    TEXT = "text"
    """The page or the markup of a block."""
    PLACE = "place"
    """Where a block stands: both moved it, or one moved and the other deleted it."""
    ORDER = "order"
    """The order of the children of a block."""
    DELETION = "deletion"
    """One deleted a block, and the other changed it, or something below it."""
    FILE = "file"
    """A file beside the blocks, or what a list says of it."""
    GRADING = "grading"
    """A part of the grading policy."""


Texts = tuple[str | None, str | None, str | None]
"""The values of the base, of the run and of its source as people can read them, None where there is none."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing that both have changed.

    `name` is that of the setting, the path of the file, or the part of the policy; `blocks` are others that it is
    about, such as those that were changed below a deleted block. `choice` is what was resolved, None if nothing was.
    """

    aspect: Aspect
    block: Key | None = None
    name: str = ""
    values: Texts = (None, None, None)
    breadcrumb: tuple[str, ...] = ()
    blocks: tuple[Key, ...] = ()
    choice: Choice | None = None

    @property
    def base(self) -> str | None:
        """The value that the source had when it was taken last."""
        return self.values[0]

    @property
    def ours(self) -> str | None:
        """The value of the run."""
        return self.values[1]

    @property
    def theirs(self) -> str | None:
        """The value that the source has now."""
        return self.values[2]

    @property
    def id(self) -> str:
        """What resolutions call it. It is the same each time that the same merge is tried."""
        return " ".join(filter(None, (self.aspect.value, str(self.block or ""), self.name)))


@dataclass(frozen=True, slots=True)
class Resolution:
    """What to take where both have changed something: for certain conflicts, by id, and for all others."""

    each: Mapping[str, Choice] = field(default_factory=dict)
    others: Choice | None = None


UNDECIDED = Resolution()


class Judge:
    """Decides conflicts by a resolution and lists them. As long as nothing is resolved the run's own value stands."""

    def __init__(self, resolution: Resolution) -> None:
        self.resolution = resolution
        self.conflicts: dict[str, Conflict] = {}

    def decide(self, conflict: Conflict) -> Choice:
        """Whose value is to be taken."""
        choice = self.resolution.each.get(conflict.id, self.resolution.others)
        self.conflicts.setdefault(conflict.id, replace(conflict, choice=choice))
        return choice or Choice.OURS


def pick(base: Any, ours: Any, theirs: Any) -> Choice | None:
    """Who has changed a value: the source's is taken unless only the run did. None where both did differently."""
    if ours in (theirs, base):
        return Choice.OURS if theirs == base else Choice.THEIRS
    return Choice.OURS if theirs == base else None


class Unresolved(Exception):
    """A merge that is not made, since nobody said what to take. `conflicts` has all, also those that are resolved."""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        self.conflicts = conflicts
        left = [conflict for conflict in conflicts if conflict.choice is None]
        shown = "; ".join(conflict.id for conflict in left[:SHOWN])
        more = f"; and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
        super().__init__(f"both the run and its source have changed: {shown}{more}")


SHOWN = 3
