"""What somebody sees of a course: the blocks that they may have, and of some that are closed that they are there.

A `View` says which; `seen` makes a course of it that has nothing else, so that whatever is read of that course hides
what is hidden: neither texts nor hashes nor counts of it show. The stored tree is the same for all (notes, S12).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from edx.olx import Course, Key
from edx.olx.model import Block
from resolvers.content.outline import Entry, Outline
from resolvers.content.settings import plain
from resolvers.content.visibility import Access, Audience, Exposure, Role, access, of_course, within

LISTED = frozenset({"course", "chapter", "sequential"})
"""Types of which an outline tells that they are there, though they are closed."""
LISTING = frozenset({"course", "chapter"})
"""Types of which it tells what is below, too."""
CHOOSING = frozenset({"conditional", "itembank", "library_content", "randomize"})
"""Types that choose for each learner what of the blocks below is theirs; nobody here knows how."""
EXPERIMENT = "split_test"
SHOWN = frozenset(
    {
        "advertised_start",
        "display_name",
        "download_video",
        "due",
        "end",
        "format",
        "graded",
        "html5_sources",
        "language",
        "max_attempts",
        "self_paced",
        "start",
        "weight",
        "youtube_id_1_0",
    }
)
"""Settings that learners are shown. Others may hold answers, or name what is hidden."""


@dataclass(frozen=True, slots=True)
class View:
    """The blocks that somebody sees, each with those below it that they see.

    Of `closed` ones only the name and the dates are shown; `unlisted` ones are in no outline, and found by their key.
    """

    children: Mapping[Key, tuple[Key, ...]]
    closed: frozenset[Key]
    unlisted: frozenset[Key]

    def __contains__(self, key: Key) -> bool:
        return key in self.children


def view(outline: Outline, audience: Audience) -> View | None:
    """What somebody sees at a time; None where the course itself is closed to them."""
    exposed = of_course(outline.course)
    if access(exposed, audience) is not Access.OPEN:
        return None
    walk = _Walk(outline, audience)
    walk.visit(outline.course, exposed)
    children = {key: tuple(below) for key, below in walk.children.items()}
    return View(children, frozenset(children.keys() - walk.open), frozenset(children.keys() - walk.listed))


@dataclass(slots=True)
class _Walk:
    """A block in several places is as open as it is in the one where it is most."""

    outline: Outline
    audience: Audience
    children: dict[Key, dict[Key, None]] = field(default_factory=dict)
    open: set[Key] = field(default_factory=set)
    listed: set[Key] = field(default_factory=set)

    def visit(self, entry: Entry, exposed: Exposure) -> bool:
        """Note a block and all below it that is seen; whether there is anything of it to see."""
        found = access(exposed, self.audience)
        is_open = found is Access.OPEN
        if not is_open and (found not in (Access.NOT_STARTED, Access.PAST_DUE) or entry.key.type not in LISTED):
            return False
        below: dict[Key, None] = {}
        if is_open or entry.key.type in LISTING:
            below = {
                child.key: None
                for child in self.outline.children(entry)
                if self._is_theirs(entry, child) and self.visit(child, within(exposed, child))
            }
        if not (is_open or below or entry.key.type not in LISTING):
            return False  # a section that is closed, with nothing in it (S6)
        self.children.setdefault(entry.key, {}).update(below)
        if is_open:
            self.open.add(entry.key)
        if exposed.is_listed:
            self.listed.add(entry.key)
        return True

    def _is_theirs(self, entry: Entry, child: Entry) -> bool:
        """Whether a child is not one that its parent keeps for others."""
        if self.audience.role is Role.STAFF or entry.key.type not in CHOOSING | {EXPERIMENT}:
            return True
        return entry.key.type == EXPERIMENT and child.key in _groups_of(entry, self.audience)


def _groups_of(entry: Entry, audience: Audience) -> set[Key]:
    """The children of an experiment that are for the groups that somebody is in."""
    chosen = plain(entry.settings.get("group_id_to_child"))
    partition = plain(entry.settings.get("user_partition_id"))
    if not isinstance(chosen, dict) or not isinstance(partition, int):
        return set()
    theirs = (chosen.get(str(group)) for group in audience.groups.get(partition, ()))
    names = {str(usage).rpartition("@")[2].rpartition("/")[2] for usage in theirs if usage}
    return {key for key in entry.children if key.name in names}


def seen(course: Course, found: View) -> Course:
    """The course that somebody sees: no other blocks, and of these what learners are shown."""
    made: dict[Key, Block] = {}
    root = _seen(course, course.root, found, made)
    return replace(
        course,
        root=root,
        entry=None,
        policy=None,
        grading=None,
        assets_policy=None,
        assets=(),
        about=(),
        info=(),
        tabs=(),
        drafts=(),
        extras=(),
        outside=(),
    )


def _seen(course: Course, block: Block, found: View, made: dict[Key, Block]) -> Block:
    known = made.get(block.key)
    if known is not None:
        return known
    below = set(found.children[block.key])
    children = tuple(_seen(course, child, found, made) for child in block.children if child.key in below)
    has_page = block.type == "html" and block.key not in found.closed
    settings = {name: _text(value) for name, value in course.settings_of(block).items() if name in SHOWN}
    made[block.key] = replace(
        block,
        settings=tuple(settings.items()),
        children=children,
        markup=block.markup if has_page else b"",
        body=block.body if has_page else None,
        pointer=None if block.is_inline else (),
        source=None,
    )
    return made[block.key]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
