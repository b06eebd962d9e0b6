"""What keeps an edit from being made, or is worth knowing about it: which block, where, and why.

EditRefused    changes that are not made; `problems` has at least one, and nothing was changed
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from edx.olx import Key, Place

NOWHERE = Place("")
SHOWN = 3


class EditCode(StrEnum):
    """Why content is not changed, or what a warning is about."""

    BLOCK_UNKNOWN = "BLOCK_UNKNOWN"
    """There is no such block."""
    BLOCK_AMBIGUOUS = "BLOCK_AMBIGUOUS"
    """The name alone may mean several blocks, or the block stands in several places."""
    ROOT_FIXED = "ROOT_FIXED"
    """The root of a course cannot be moved, deleted, or put into another block."""
    TYPE_MISMATCH = "TYPE_MISMATCH"
    """A block can only be replaced by one of its type."""
    PLACEMENT = "PLACEMENT"
    """A block of this type may not stand there."""
    LEVEL_MISMATCH = "LEVEL_MISMATCH"
    """A block that is moved must stay at its level of the hierarchy."""
    INVALID_INDEX = "INVALID_INDEX"
    """There is no such place among the children."""
    INTO_ITSELF = "INTO_ITSELF"
    """A block cannot be moved into itself, nor below itself."""
    ALREADY_THERE = "ALREADY_THERE"
    """The block stands there already."""
    INTO_EXPERIMENT = "INTO_EXPERIMENT"
    """Nothing can be moved directly into a content experiment."""
    DUPLICATE_NAME = "DUPLICATE_NAME"
    """Another block of the type has the name."""
    CHILD_ELSEWHERE = "CHILD_ELSEWHERE"
    """A pointer names a block that stands elsewhere, and moves are not allowed."""
    CHILD_MISSING = "CHILD_MISSING"
    """A pointer names a block that is neither in the run nor in what was sent."""
    ORPHANS = "ORPHANS"
    """The change would leave blocks without a parent."""
    BROKEN_REFERENCE = "BROKEN_REFERENCE"
    """Something refers to what would not be there any more."""
    INVALID_OLX = "INVALID_OLX"
    """What was sent is not OLX, or its blocks would refuse it; `reason` has the kind of problem."""
    INVALID_SETTING = "INVALID_SETTING"
    """A setting that cannot have this value, or that is none."""
    INVALID_GRADING = "INVALID_GRADING"
    """A grading policy that does not add up."""
    INVALID_TABS = "INVALID_TABS"
    """Tabs that are no tabs, or whose page is missing."""
    INVALID_PATH = "INVALID_PATH"
    """A path that a file cannot have."""
    FILE_CLASH = "FILE_CLASH"
    """Two different files would have one path, or one name in links."""
    ASSET_UNKNOWN = "ASSET_UNKNOWN"
    """There is no such asset."""
    POLICY_WINS = "POLICY_WINS"
    """A policy gives a setting another value than the OLX, and wins; only a warning."""
    SHARED = "SHARED"
    """The block stands in several places and changes in all of them; only a warning."""
    NO_CHANGES = "NO_CHANGES"
    """There is nothing in the list of changes."""
    NO_CONTENT = "NO_CONTENT"
    """The run has no content yet: a course has to be imported first."""
    VERSION_REQUIRED = "VERSION_REQUIRED"
    """The change does not say which version it is made for, nor is there a lock in its place."""
    VERSION_CONFLICT = "VERSION_CONFLICT"
    """The run, or the subtree, is at another version than the one that the change was made for."""
    LOCKED = "LOCKED"
    """Another client has the lock of the run."""
    LOCK_EXPIRED = "LOCK_EXPIRED"
    """The lock that the change comes with has ended."""


@dataclass(frozen=True, slots=True)
class Named:
    """A block as people know it: key, display name, and the display names from the course down to it."""

    key: Key
    display_name: str
    breadcrumb: tuple[str, ...] = ()
    descendants: int = 0


@dataclass(frozen=True, slots=True)
class EditProblem:
    """One thing that is wrong with a change, or worth knowing about it.

    `change` is its place in the list of changes, from 0. `block` and `breadcrumb` say which block it is about, `place`
    where in the file that was sent. `blocks` are others that it names, such as would-be orphans; `reason` is the
    codec's own code, `setting` the setting that it is about, `current` the version, or the hash of the block's subtree,
    that there is in place of the expected one.
    """

    code: EditCode
    message: str
    block: Key | None = None
    breadcrumb: tuple[str, ...] = ()
    place: Place = NOWHERE
    blocks: tuple[Named, ...] = ()
    reason: str = ""
    setting: str = ""
    current: str = ""
    hint: str = ""
    change: int = 0

    def __str__(self) -> str:
        where = f" (in {' > '.join(self.breadcrumb)})" if self.breadcrumb else ""
        return f"{self.place}: {self.message}{where}" if self.place.file else f"{self.message}{where}"


class EditRefused(Exception):
    """Changes that are not made. `problems` are those of the first change that cannot be made."""

    def __init__(self, problems: Iterable[EditProblem]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - SHOWN
        shown = "; ".join(str(problem) for problem in self.problems[:SHOWN])
        super().__init__(shown + (f"; and {more} more" if more > 0 else ""))
