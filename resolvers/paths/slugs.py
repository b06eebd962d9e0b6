"""Readable names for sequences and units in paths: rules for them, and what those of one run stand for.

A sequence's is its own in the run, a unit's in its sequence. Former ones go on to lead where they led.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from edx.olx import Key
from resolvers.paths.reading import FIRST, LAST, PAGES

LONGEST = 100
SLUG = re.compile(r"[^\W_][\w-]*")
RESERVED = PAGES | {FIRST, LAST}


class Named(NamedTuple):
    """A slug of a block, within a sequence or, if that is None, the course; `is_current` unless it is a former one."""

    block: Key
    within: Key | None
    slug: str
    is_current: bool


def fault(slug: str) -> str | None:
    """What is wrong with a slug, None for a good one."""
    if len(slug) > LONGEST:
        return f"it has {len(slug)} characters, {LONGEST} are allowed"
    if SLUG.fullmatch(slug) is None:
        return "it must begin with a letter or a digit and have letters, digits, `-` and `_` only"
    if slug.casefold() in RESERVED:
        return "it is a word that paths have another use for"
    return None


@dataclass(frozen=True, slots=True)
class Slugs:
    """The slugs of a run; case does not matter in them."""

    blocks: Mapping[tuple[Key | None, str], Key] = field(default_factory=dict)
    current: Mapping[tuple[Key | None, Key], str] = field(default_factory=dict)

    @classmethod
    def of(cls, named: Iterable[Named]) -> Self:
        """All of these."""
        blocks, current = {}, {}
        for each in named:
            blocks[each.within, each.slug.casefold()] = each.block
            if each.is_current:
                current[each.within, each.block] = each.slug
        return cls(blocks, current)

    def block(self, within: Key | None, slug: str) -> Key | None:
        """What a slug stands for."""
        return self.blocks.get((within, slug.casefold())) if self.blocks else None

    def slug(self, within: Key | None, block: Key) -> str | None:
        """The slug of a block."""
        return self.current.get((within, block)) if self.current else None


NO_SLUGS = Slugs()
