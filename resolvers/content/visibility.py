"""Who sees what of a course and when: one pure rule over the blocks from the course down to the one asked about.

An `Exposure` is what the content says, gathered from the top; `access` decides it for an `Audience` at a time. The
tree is the same for all viewers: what is hidden is left out of the view, never of the store.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from edx.olx import Key
from resolvers.content import settings
from resolvers.content.outline import Entry, Outline
from resolvers.content.settings import Unreadable

NO_START = datetime(2030, 1, 1, tzinfo=UTC)
"""When Open edX starts what nobody has set a start for."""

NEVER = datetime.max.replace(tzinfo=UTC)
DYNAMIC_BELOW = 100
"""Partitions below this number are the platform's own, such as 50, the enrollment track; no course lists them."""

ENROLLMENT_TRACK = 50
"""The partition of learners by the modes that they are enrolled in; its groups are the platform's numbers of them."""

MODES = {
    mode: number
    for number, mode in enumerate(
        (
            "audit",
            "verified",
            "professional",
            "no-id-professional",
            "credit",
            "honor",
            "masters",
            "executive-education",
            "unpaid-executive-education",
            "paid-executive-education",
            "unpaid-bootcamp",
            "paid-bootcamp",
        ),
        start=1,
    )
}

T = TypeVar("T")


class Role(StrEnum):
    """What a viewer is to a course."""

    STAFF = "staff"
    BETA_TESTER = "beta_tester"
    LEARNER = "learner"
    ANONYMOUS = "anonymous"


class Access(StrEnum):
    """Whether a viewer may have a block, or what keeps them from it."""

    OPEN = "open"
    PAST_DUE = "past_due"
    """Hidden because its due date has passed: it is shown that it is there, and why it is closed."""
    NOT_STARTED = "not_started"
    SIGN_IN = "sign_in"
    """The course is not open to people who have not signed in."""
    NOT_IN_GROUP = "not_in_group"
    STAFF_ONLY = "staff_only"


class State(StrEnum):
    """How a block and all below it stand, for its authors."""

    STAFF_ONLY = "staff_only"
    HIDE_FROM_TOC = "hide_from_toc"
    GATED = "gated"
    NEEDS_ATTENTION = "needs_attention"
    UNSCHEDULED = "unscheduled"
    READY = "ready"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Audience:
    """Whoever looks, and when. `groups` are the ids of their groups, by that of the partition."""

    role: Role
    at: datetime
    groups: Mapping[int, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What decides who sees a block. The fields that end in `_from` name the block that a value was set on.

    `start` is when it opens to learners, the latest of its own and all above it, `beta_start` the same for beta
    testers. `hidden_after` is when it closes to learners again, None for never. `groups` are those that may see it by
    partition; nobody may where there is an empty set.
    """

    start: datetime = NO_START
    start_from: Key | None = None
    beta_start: datetime = NO_START
    due: datetime | None = None
    due_from: Key | None = None
    hidden_after: datetime | None = None
    is_staff_only: bool = False
    staff_only_from: Key | None = None
    is_listed: bool = True
    groups: Mapping[int, frozenset[int]] = field(default_factory=dict)
    early: timedelta = timedelta()
    is_self_paced: bool = False
    end: datetime | None = None
    is_public: bool = False
    partitions: Mapping[int, frozenset[int] | None] = field(default_factory=dict)


def groups_of_mode(mode: str) -> dict[int, frozenset[int]]:
    """The groups that an enrollment in a mode puts a learner in."""
    number = MODES.get(mode)
    return {} if number is None else {ENROLLMENT_TRACK: frozenset({number})}


def exposure(outline: Outline, key: Key) -> Exposure:
    """The exposure of a block, reached through its first parent. Raises KeyError where there is none."""
    return along(outline.lineage(key))


def along(lineage: Iterable[Entry]) -> Exposure:
    """The exposure of the last of these blocks, each the parent of the next, the course first."""
    course, *below = lineage
    found = of_course(course)
    for entry in below:
        found = within(found, entry)
    return found


def of_course(course: Entry) -> Exposure:
    """The exposure of a course. Without a start it is closed; so it is with one that cannot be read."""
    own = course.settings
    start = NO_START if "start" not in own else _moment(own, "start", NEVER) or NEVER
    early = _early(course, timedelta())
    return _restricted(
        Exposure(
            start=start,
            start_from=course.key,
            beta_start=_minus(start, early),
            due=_moment(own, "due", None),
            due_from=course.key if "due" in own else None,
            is_staff_only=(staff_only := _read(own, "visible_to_staff_only", settings.switch, default=True)),
            staff_only_from=course.key if staff_only else None,
            is_listed=not _read(own, "hide_from_toc", settings.switch, default=True),
            early=early,
            is_self_paced=_read(own, "self_paced", settings.switch, default=False),
            end=_moment(own, "end", None),
            is_public=settings.plain(own.get("course_visibility")) == "public",
            partitions=_read(own, "user_partitions", settings.partitions, {}),
        ),
        course,
    )


def within(parent: Exposure, entry: Entry) -> Exposure:
    """The exposure of a block under a parent of this one."""
    own = entry.settings
    if not DECIDING.intersection(own):
        return parent
    changes: dict[str, Any] = {"early": _early(entry, parent.early)}
    start = _moment(own, "start", NEVER)
    if start is not None:
        beta_start = _minus(start, changes["early"])
        changes |= {"beta_start": max(beta_start, parent.beta_start)}
        changes |= {"start": start, "start_from": entry.key} if start > parent.start else {}
    if "due" in own:
        changes |= {"due": _moment(own, "due", None), "due_from": entry.key}
    if not parent.is_staff_only and _read(own, "visible_to_staff_only", settings.switch, default=True):
        changes |= {"is_staff_only": True, "staff_only_from": entry.key}
    if _read(own, "hide_from_toc", settings.switch, default=True):
        changes["is_listed"] = False
    found = replace(parent, **changes)
    if _read(own, "hide_after_due", settings.switch, default=True):
        found = replace(
            found, hidden_after=_earlier(found.hidden_after, found.end if found.is_self_paced else found.due)
        )
    return _restricted(found, entry)


DECIDING = frozenset(
    {"start", "due", "visible_to_staff_only", "hide_from_toc", "hide_after_due", "group_access", "days_early_for_beta"}
)
"""The settings below the course that decide."""


def access(exposed: Exposure, audience: Audience) -> Access:
    """Whether somebody may have a block. It opens at its start, and closes after its due date."""
    if audience.role is Role.STAFF:
        return Access.OPEN
    if exposed.is_staff_only:
        return Access.STAFF_ONLY
    if audience.role is Role.ANONYMOUS and not exposed.is_public:
        return Access.SIGN_IN
    if not all(_is_in(exposed, partition, wanted, audience) for partition, wanted in exposed.groups.items()):
        return Access.NOT_IN_GROUP
    return _in_time(exposed, audience)


def _in_time(exposed: Exposure, audience: Audience) -> Access:
    if audience.at < (exposed.beta_start if audience.role is Role.BETA_TESTER else exposed.start):
        return Access.NOT_STARTED
    if exposed.hidden_after is not None and audience.at > exposed.hidden_after:
        return Access.PAST_DUE
    return Access.OPEN


def is_outlined(exposed: Exposure, audience: Audience) -> bool:
    """Whether somebody sees in the outline that a block is there, though they may not have it yet or any more."""
    shown = {Access.OPEN, Access.PAST_DUE, Access.NOT_STARTED}
    return exposed.is_listed and access(exposed, audience) in shown


def states(
    outline: Outline, at: datetime, *, changed: Iterable[Key] = (), gated: Iterable[Key] = ()
) -> dict[Key, State]:
    """How the course, its sections, sequences and units stand, as Studio shows it to authors.

    `changed` are units with changes that are not published, `gated` sequences that have a prerequisite.
    """
    found: dict[Key, State] = {}
    _state(outline, outline.course, of_course(outline.course), _Marks(at, frozenset(changed), frozenset(gated)), found)
    return found


@dataclass(frozen=True, slots=True)
class _Marks:
    at: datetime
    changed: frozenset[Key]
    gated: frozenset[Key]


ROLLED_UP = frozenset({"course", "chapter", "sequential"})
"""The types of blocks that stand as what is below them does."""


def _state(outline: Outline, entry: Entry, exposed: Exposure, marks: _Marks, found: dict[Key, State]) -> State:
    below = []
    if entry.key.type in ROLLED_UP:
        below = [_state(outline, child, within(exposed, child), marks, found) for child in outline.children(entry)]
    found[entry.key] = _judged(entry, exposed, below, marks)
    return found[entry.key]


def _judged(entry: Entry, exposed: Exposure, below: list[State], marks: _Marks) -> State:
    if exposed.is_staff_only:
        return State.STAFF_ONLY
    if not exposed.is_listed:
        return State.HIDE_FROM_TOC
    if entry.key in marks.changed:
        return State.NEEDS_ATTENTION
    if entry.key in marks.gated:
        return State.GATED
    own = State.LIVE if exposed.is_self_paced or marks.at >= exposed.start else State.READY
    if own is State.READY and exposed.start in (NO_START, NEVER):
        own = State.UNSCHEDULED
    return _rolled_up(own, below) if below else own


def _rolled_up(own: State, below: list[State]) -> State:
    """The state of a block over those of its children; what is for staff alone or unlisted counts only by itself."""
    if State.NEEDS_ATTENTION in below:
        return State.NEEDS_ATTENTION
    for hidden in (State.STAFF_ONLY, State.HIDE_FROM_TOC):
        below = [state for state in below if state is not hidden] or [hidden]
        if below == [hidden]:
            return hidden
    kinds = set(below)
    if kinds == {State.UNSCHEDULED}:
        return own if own is State.UNSCHEDULED else State.NEEDS_ATTENTION
    if kinds == {State.LIVE}:
        return own if own is State.LIVE else State.NEEDS_ATTENTION
    return State.NEEDS_ATTENTION if own is State.UNSCHEDULED else State.READY


def _read(own: Mapping[str, Any], name: str, read: Callable[[Any], T], default: T) -> T:
    """A setting of a block; `default` where it cannot be read, which is to be what hides most.

    A switch that is not there is off, and a time that is not there is none.
    """
    if name not in own:
        return read(None)
    try:
        return read(own[name])
    except Unreadable:
        return default


def _moment(own: Mapping[str, Any], name: str, default: datetime | None) -> datetime | None:
    return _read(own, name, settings.moment, default)


def _early(entry: Entry, inherited: timedelta) -> timedelta:
    """How long before others beta testers may come."""
    if "days_early_for_beta" not in entry.settings:
        return inherited
    return timedelta(days=_read(entry.settings, "days_early_for_beta", settings.number, None) or 0)


def _minus(moment: datetime, early: timedelta) -> datetime:
    return moment if moment == NEVER else moment - early


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _restricted(exposed: Exposure, entry: Entry) -> Exposure:
    """The same, narrowed to the groups that a block names: those of its parents that it names too."""
    if "group_access" not in entry.settings:
        return exposed
    merged = dict(exposed.groups)
    try:
        named = settings.groups(entry.settings["group_access"])
    except Unreadable:
        return replace(exposed, is_staff_only=True, staff_only_from=exposed.staff_only_from or entry.key)
    for partition, wanted in named.items():
        if wanted:
            merged[partition] = merged[partition] & wanted if partition in merged else wanted
    return replace(exposed, groups=merged)


def _is_in(exposed: Exposure, partition: int, wanted: frozenset[int], audience: Audience) -> bool:
    """Whether somebody is in a wanted group; what the course does not know lets nobody in."""
    there = exposed.partitions.get(partition, wanted if partition < DYNAMIC_BELOW else frozenset())
    if there is None:  # nobody is told apart by it any more
        return bool(wanted)
    return wanted <= there and bool(wanted & audience.groups.get(partition, frozenset()))
