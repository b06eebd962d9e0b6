"""Small courses for tests, written as nested tuples, and generated ones."""

from typing import Any

from hypothesis import strategies as st

from edx.olx import Key
from resolvers.content.outline import Entry, Outline, entry_of

Node = tuple[str, dict[str, Any], list["Node"]]
"""A block: `type/name` or the name alone, its settings, and the blocks below it."""

TYPES = ("course", "chapter", "sequential", "vertical", "html")
OPEN = {"start": "2020-01-01T00:00:00Z"}


def outline(*sections: Node, **settings: Any) -> Outline:
    """A course of these sections. It has started, if nothing else is set."""
    entries: dict[Key, Entry] = {}
    _add(("course", OPEN | settings, list(sections)), 0, entries)
    return Outline.of(reversed(entries.values()))


def node(name: str, *children: Node, **settings: Any) -> Node:
    return name, settings, list(children)


def key_of(name: str, depth: int) -> Key:
    kind, _, rest = name.rpartition("/")
    return Key(kind or TYPES[min(depth, len(TYPES) - 1)], rest)


def _add(block: Node, depth: int, entries: dict[Key, Entry]) -> Key:
    name, settings, children = block
    key = key_of(name, depth)
    below = [_add(child, depth + 1, entries) for child in children]
    if key in entries and not (settings or children):
        return key  # a second mention of a shared block
    entries[key] = entry_of(key, settings, below)
    return key


dates = st.sampled_from(["2019-06-01T00:00:00Z", "2020-06-01", "2021-01-01T00:00:00Z", "null", "soon"])
settings = st.fixed_dictionaries(
    {},
    optional={
        "start": dates,
        "due": dates,
        "visible_to_staff_only": st.sampled_from(["true", "false", True, "maybe"]),
        "hide_from_toc": st.sampled_from(["true", "false"]),
        "hide_after_due": st.sampled_from(["true", "false"]),
        "days_early_for_beta": st.sampled_from(["7", "2.5", "null"]),
        "group_access": st.sampled_from(['{"50": [1]}', '{"101": [1, 2]}', '{"101": [3]}', '{"101": []}', "{", "null"]),
    },
)
few_settings: st.SearchStrategy[dict[str, Any]] = st.one_of(st.just({}), st.just({}), settings)


def trees(most: int = 3) -> st.SearchStrategy[Outline]:
    """Courses, well-formed and not: units in several sequences, units of units, empty parts, things out of place."""
    return st.builds(_generated, st.lists(_sections(most), max_size=most), few_settings)


def _generated(sections: list[Node], own: dict[str, Any]) -> Outline:
    return outline(*sections, user_partitions=PARTITIONS, **({"course_visibility": "public"} | own))


PARTITIONS = '[{"id": 101, "groups": [{"id": 1}, {"id": 2}], "active": true}]'


def _nodes(kinds: list[str], names: str, below: st.SearchStrategy[list[Node]]) -> st.SearchStrategy[Node]:
    name = st.builds("{}/{}".format, st.sampled_from(kinds), st.sampled_from(names))
    return st.tuples(name, few_settings, below)


def _sections(most: int) -> st.SearchStrategy[Node]:
    parts = _nodes(["html", "problem"], "xyz", st.just([]))
    nested = _nodes(["vertical"], "vw", st.lists(parts, max_size=1))
    units = _nodes(["vertical", "vertical", "split_test"], "abcd", st.lists(st.one_of(parts, nested), max_size=2))
    sequences = _nodes(["sequential"], "klm", st.lists(st.one_of(units, units, parts), max_size=most))
    strays = st.one_of(sequences, sequences, units)
    return st.one_of(*[_nodes(["chapter"], "pqr", st.lists(strays, max_size=most))] * 3, sequences)
