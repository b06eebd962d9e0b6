"""The limits of an operation: how large, how deep, how dear and how long it may be. `docs/limits.md` lists them.

Settings take their defaults from here, so this module loads nothing that takes long.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from resolvers.errors import Code

MOST_LEVELS = 50
"""How many selection sets may lie in one another, fragments opened: nothing that walks a document recurses deeper."""

MOST_COMPARISONS = 100_000
"""How much work may go into whether fields of the same name agree: it grows with the square of their number."""

INTROSPECTION_ROOM = 2
"""How many times the cost of the introspection query that every tool sends may go into introspection."""

INTROSPECTION_SHARE = 10
"""How many objects of introspection count as one object where callers are held back."""


@dataclass(frozen=True)
class Limits:
    """The greatest values that are let through. Times are in seconds, `body` in bytes; the rest are counts."""

    body: int = 256 * 1024
    tokens: int = 5_000
    fields: int = 500
    depth: int = 12
    list_depth: int = 4
    aliases: int = 30
    root_fields: int = 20
    directives: int = 50
    introspection_depth: int = 15
    cost: int = 50_000
    query_seconds: float = 15.0
    mutation_seconds: float = 60.0


_ANY = sys.maxsize
UNLIMITED = Limits(
    tokens=_ANY,
    fields=_ANY,
    depth=_ANY,
    list_depth=_ANY,
    aliases=_ANY,
    root_fields=_ANY,
    directives=_ANY,
    introspection_depth=_ANY,
    cost=_ANY,
)
"""For operations that no stranger sends. Bodies and times are limited as ever."""


class LimitExceeded(Exception):
    """An operation is beyond a limit; the message says which, what was found and what is let through."""

    def __init__(self, code: Code, what: str, found: float, limit: float) -> None:
        super().__init__(f"{what}: {_shown(found)}, more than the {_shown(limit)} that are let through")
        self.code = code


class Measured(Protocol):
    """What is compared with limits: see `server.weights.Weight`."""

    fields: int
    depth: int
    lists: int
    aliases: int
    roots: int
    directives: int
    introspection_depth: int
    cost: int


@dataclass(frozen=True)
class Check:
    """One comparison: the code of its error, what is measured in words, and both sides."""

    code: Code
    what: str
    found: Callable[[Measured], int]
    limit: Callable[[Limits], int]


CHECKS: Sequence[Check] = (
    Check(Code.FIELD_LIMIT_EXCEEDED, "fields with fragments opened", lambda w: w.fields, lambda n: n.fields),
    Check(Code.DEPTH_LIMIT_EXCEEDED, "levels of fields", lambda w: w.depth, lambda n: n.depth),
    Check(Code.LIST_DEPTH_LIMIT_EXCEEDED, "lists within lists", lambda w: w.lists, lambda n: n.list_depth),
    Check(Code.ALIAS_LIMIT_EXCEEDED, "aliases", lambda w: w.aliases, lambda n: n.aliases),
    Check(Code.ROOT_FIELD_LIMIT_EXCEEDED, "root fields", lambda w: w.roots, lambda n: n.root_fields),
    Check(Code.DIRECTIVE_LIMIT_EXCEEDED, "directives", lambda w: w.directives, lambda n: n.directives),
    Check(
        Code.INTROSPECTION_LIMIT_EXCEEDED,
        "levels of introspection",
        lambda w: w.introspection_depth,
        lambda n: n.introspection_depth,
    ),
    Check(Code.COST_LIMIT_EXCEEDED, "cost", lambda w: w.cost, lambda n: n.cost),
)


def check(measured: Measured, limits: Limits) -> None:
    """Raise LimitExceeded for the first limit that an operation is beyond."""
    for each in CHECKS:
        if each.found(measured) > each.limit(limits):
            raise LimitExceeded(each.code, each.what, each.found(measured), each.limit(limits))


def _shown(number: float) -> str:
    return f"{number:,}" if number < 10**9 else "over 1,000,000,000"
