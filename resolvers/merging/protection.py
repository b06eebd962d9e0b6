"""Protected settings: what a run's own people have set stays, whatever its source says.

From spec/content-api.md, "without loss … of any course run information", and the notes on OLX, G10.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from edx.olx import Block, Course, Key
from resolvers.merging.layers import Held, policy_path, policy_saying, with_layers

DEFAULT = (
    "days_early_for_beta",
    "due",
    "end",
    "enrollment_end",
    "enrollment_start",
    "graceperiod",
    "group_access",
    "hide_after_due",
    "hide_from_toc",
    "relative_weeks_due",
    "start",
    "submission_due",
    "submission_start",
    "visible_to_staff_only",
)
"""What is protected in a run of which nothing else was said: when things are, and for whom."""


class Rule(NamedTuple):
    """A protected setting: of all blocks, of those of a type, or of one block, `type/url_name`."""

    name: str
    type: str = ""
    block: str = ""

    @property
    def only_type(self) -> str | None:
        """The type that it is about."""
        return self.type or None

    @property
    def only_block(self) -> str | None:
        """The block that it is about."""
        return self.block or None

    def covers(self, key: Key, root: Key) -> bool:
        """Whether it is about a block; the course may be called `course` whatever its run is called."""
        if self.block:
            return self.block == str(key) or (key == root and self.block == key.type)
        return self.type in {"", key.type}


@dataclass(frozen=True, slots=True)
class Protection:
    """The settings of a run that updates from its source leave as they are."""

    rules: tuple[Rule, ...] = tuple(Rule(name) for name in DEFAULT)
    _everywhere: frozenset[str] = field(init=False, compare=False, repr=False)
    _elsewhere: tuple[Rule, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        everywhere = frozenset(rule.name for rule in self.rules if not (rule.type or rule.block))
        object.__setattr__(self, "_everywhere", everywhere)
        object.__setattr__(self, "_elsewhere", tuple(rule for rule in self.rules if rule.type or rule.block))

    def covers(self, name: str, key: Key, root: Key) -> bool:
        """Whether a setting of a block is protected; `root` is the course."""
        return name in self._everywhere or any(rule.name == name and rule.covers(key, root) for rule in self._elsewhere)


NONE = Protection(())


class Kept(NamedTuple):
    """A setting that the source has another value of, which was not taken."""

    block: Key
    name: str
    ours: Any
    theirs: Any


def protect(ours: Course, theirs: Course, protection: Protection) -> tuple[Course, tuple[Kept, ...]]:
    """The source's content with the run's own values of protected settings, and which these are.

    What is not set in the run stays so. Blocks that the run does not have come as the source has them.
    """
    held = {_key(block, ours): Held.of(ours, block) for block in ours.root.walk()}
    policy = dict(theirs.policy.value) if theirs.policy else {}
    kept: list[Kept] = []

    def kept_of(block: Block) -> Block:
        mine = held.get(_key(block, theirs))
        if mine is None:
            return block
        source = Held(block, theirs.policy_of(block.key))
        names = [
            name
            for name in dict.fromkeys((*source.names, *mine.names))
            if protection.covers(name, block.key, theirs.root.key) and mine.layers(name) != source.layers(name)
        ]
        made = with_layers(source, {name: mine.layers(name) for name in names})
        if block.key not in seen:
            seen.add(block.key)
            kept.extend(
                Kept(block.key, name, mine.value(mine.layers(name)), source.value(source.layers(name)))
                for name in names
            )
            if made.policy != source.policy:
                _put(policy, str(block.key), made.policy)
        return made.block

    seen: set[Key] = set()
    root = rebuilt(theirs.root, kept_of)
    if root is theirs.root and not kept:
        return theirs, ()
    known = (ours.policy, theirs.policy) if ours.run == theirs.run else (theirs.policy,)
    document = policy_saying(policy, policy_path(theirs), known)
    return replace(theirs, root=root, policy=document), tuple(kept)


def _key(block: Block, course: Course) -> Key:
    """The key of a block, that of the course without the name of its run."""
    return Key(block.type, "") if block.key == course.root.key else block.key


def _put(policy: dict[str, Any], name: str, settings: Mapping[str, Any]) -> None:
    if settings:
        policy[name] = dict(settings)
    else:
        policy.pop(name, None)


def rebuilt(root: Block, change: Callable[[Block], Block]) -> Block:
    """A tree with each block as `change` makes it; what is the same stays the same object."""
    made: dict[int, Block] = {}

    def build(block: Block) -> Block:
        found = made.get(id(block))
        if found is None:
            children = tuple(map(build, block.children))
            found = change(block)
            if any(child is not old for child, old in zip(children, block.children, strict=True)):
                found = replace(found, children=children)
            made[id(block)] = found
        return found

    return build(root)


def rules_of(listed: Iterable[Mapping[str, str]]) -> tuple[Rule, ...]:
    """Rules as they are stored, each once, in order."""
    return tuple(sorted({Rule(each["name"], each.get("type", ""), each.get("block", "")) for each in listed}))
