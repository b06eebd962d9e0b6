"""What a block says after a merge: its settings name by name, and its text as a whole."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from edx.olx import Block
from resolvers.content.secrets import redacted, shown
from resolvers.merging.conflicts import Aspect, Choice, Texts, pick
from resolvers.merging.layers import NOTHING, UNSET, Held, Layers, is_equal, with_layers

Decide = Callable[[Aspect, str, Texts], Choice]
"""Asks whose value is taken of an aspect, by name, with the three values."""


class Text(NamedTuple):
    """The markup of a block, the digest of its page, and whether it is only a pointer to nothing."""

    markup: bytes
    page: str | None
    is_missing: bool


def text_of(block: Block) -> Text:
    """The text of a block."""
    return Text(block.markup, block.body.blob.digest if block.body else None, block.is_missing)


def is_changed(one: Held, other: Held) -> bool:
    """Whether two blocks say different things themselves, whatever stands below them."""
    if text_of(one.block) != text_of(other.block):
        return True
    return any(one.layers(name) != other.layers(name) for name in {*one.names, *other.names})


def merged(base: Held | None, ours: Held, theirs: Held, is_protected: Callable[[str], bool], decide: Decide) -> Held:
    """A block that both have. Its children, and what file it is in, are for others to decide."""
    wanted: dict[str, Layers] = {}
    for name in dict.fromkeys((*theirs.names, *ours.names)):
        mine, yours = ours.layers(name), theirs.layers(name)
        if mine == yours or is_protected(name):
            wanted[name] = mine
        else:
            wanted[name] = mine if _setting(base, ours, theirs, name, decide) is Choice.OURS else yours
    texts = [None if each is None else text_of(each.block) for each in (base, ours, theirs)]
    choice = pick(*texts)
    if choice is None:
        old = None if base is None else _shown(base.block)
        choice = decide(Aspect.TEXT, "", (old, _shown(ours.block), _shown(theirs.block)))
    source = ours if choice is Choice.OURS else theirs
    made = with_layers(source, wanted)
    return Held(replace(made.block, settings=_in_order(base, ours, theirs, made.block)), made.policy)


def _setting(base: Held | None, ours: Held, theirs: Held, name: str, decide: Decide) -> Choice:
    """Whose value of a setting holds. A value that is only written in another way or place is the same."""
    old = UNSET if base is None else base.layers(name)
    mine, yours = ours.layers(name), theirs.layers(name)
    choice = pick(old, mine, yours)
    if choice is not None:
        return choice
    before = NOTHING if base is None else base.value(old)
    values = ours.value(mine), theirs.value(yours)
    if is_equal(*values) or is_equal(before, values[0]):
        return Choice.THEIRS
    if is_equal(before, values[1]):
        return Choice.OURS
    return decide(Aspect.SETTING, name, (_text(name, before), _text(name, values[0]), _text(name, values[1])))


def _text(name: str, value: Any) -> str | None:
    return None if value is NOTHING else shown(name, value)


def _shown(block: Block) -> str:
    data = block.body.blob.read() if block.body else block.markup
    return redacted(data.decode(errors="replace"))


def _in_order(base: Held | None, ours: Held, theirs: Held, made: Block) -> Any:
    """The settings in an order that one of the sides has, where one has just these."""
    mine, yours = ours.block.settings, theirs.block.settings
    is_ours, is_theirs = (dict(made.settings) == dict(each) for each in (mine, yours))
    if is_ours and is_theirs:
        return mine if base is not None and yours == base.block.settings else yours
    return mine if is_ours else yours if is_theirs else made.settings
