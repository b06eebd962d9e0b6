"""What changed since the schema that clients rely on, `released.graphql`: nothing that breaks them unannounced.

`docs/schema.md` says what may change, lists what clients should look at, and how a schema is released.
"""

import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema
from graphql.utilities import DangerousChangeType, find_breaking_changes, find_dangerous_changes

from schema import schema
from tests.schema.coordinates import members_of

RELEASED = build_schema((Path(__file__).parent / "released.graphql").read_text())
PAGE = (Path(__file__).parents[2] / "docs" / "schema.md").read_text()
LOOK_AT = re.findall(r"^- (.+\.)$", PAGE.partition("### To look at\n")[2].partition("\n#")[0], re.MULTILINE)
"""The changes that the documentation lists."""

EXPECTED = {
    DangerousChangeType.OPTIONAL_ARG_ADDED,
    DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED,
    DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED,
}
"""What clients are told to expect at any time, and what harms none that follows the specification."""

GROWING = re.compile(r"Enum value \w+Code\.\w+ was added\.")
"""Codes grow with what can be refused: clients are told to have a default for them."""

ENDED = re.compile(r"(?:Field|Argument|Enum value) (\S+) was removed\.")
UNTIL = re.compile(r"Removal after (\d{4}-\d\d-\d\d)\.")


def breaking(old: GraphQLSchema, new: GraphQLSchema, today: date) -> list[str]:
    """The changes that break clients, but for removals that were announced and are due."""
    members = dict(members_of(old))

    def is_due(change: str) -> bool:
        ended = ENDED.fullmatch(change)
        member = members.get(ended[1]) if ended else None
        until = UNTIL.search(member.deprecation_reason or "") if member else None
        return until is not None and today > date.fromisoformat(until[1])

    return [each.description for each in find_breaking_changes(old, new) if not is_due(each.description)]


def dangerous(old: GraphQLSchema, new: GraphQLSchema, listed: Collection[str] = ()) -> list[str]:
    """The changes that clients may stumble over and are not told of: neither as a kind nor in the list."""
    return [
        each.description
        for each in find_dangerous_changes(old, new)
        if each.type not in EXPECTED and not GROWING.fullmatch(each.description) and each.description not in listed
    ]


def test_nothing_breaks_clients_of_the_released_schema() -> None:
    assert breaking(RELEASED, schema()._schema, datetime.now(UTC).date()) == []


def test_what_clients_should_look_at_is_listed() -> None:
    assert dangerous(RELEASED, schema()._schema, LOOK_AT) == []


def test_the_list_has_only_what_did_change() -> None:
    assert set(LOOK_AT) <= set(dangerous(RELEASED, schema()._schema))


OLD = """
type Query {
  a(b: Int = 1): E
  c: Int
  d: Int @deprecated(reason: "Use `c` instead. Removal after 2027-06-30.")
}
enum E { X }
enum ErrorCode { BAD }
"""


def after(replaced: str, by: str) -> GraphQLSchema:
    """The schema after one change of its text."""
    assert replaced in OLD
    return build_schema(OLD.replace(replaced, by))


@pytest.mark.parametrize(
    ("replaced", "by", "expected"),
    [
        ("  c: Int\n", "", ["Field Query.c was removed."]),
        ("c: Int\n", "c: String\n", ["Field Query.c changed type from Int to String."]),
        ("b: Int = 1", "b: Int! ", ["Argument Query.a(b:) has changed type from Int to Int!."]),
        ("{ X }", "{ Y }", ["Enum value E.X was removed."]),
        ("c: Int\n", "c(of: Int!): Int\n", ["A required argument Query.c(of:) was added."]),
        ("c: Int\n", "c: Int!\n", []),
    ],
)
def test_what_breaks_clients_is_named(replaced: str, by: str, expected: list[str]) -> None:
    assert breaking(build_schema(OLD), after(replaced, by), date(2027, 1, 1)) == expected


@pytest.mark.parametrize(("today", "is_due"), [(date(2027, 6, 30), False), (date(2027, 7, 1), True)])
def test_what_is_deprecated_may_go_after_its_date(today: date, is_due: bool) -> None:
    without = build_schema(re.sub(r"  d: .*\n", "", OLD))

    assert breaking(build_schema(OLD), without, today) == ([] if is_due else ["Field Query.d was removed."])


@pytest.mark.parametrize(
    ("replaced", "by", "expected"),
    [
        ("{ X }", "{ X Y }", ["Enum value E.Y was added."]),
        ("b: Int = 1", "b: Int = 2", ["Query.a(b:) has changed defaultValue from 1 to 2."]),
        ("{ BAD }", "{ BAD WORSE }", []),
        ("c: Int\n", "c(of: Int): Int\n", []),
    ],
)
def test_what_clients_may_stumble_over_is_named_unless_it_is_listed(
    replaced: str, by: str, expected: list[str]
) -> None:
    assert dangerous(build_schema(OLD), after(replaced, by)) == expected
    assert dangerous(build_schema(OLD), after(replaced, by), expected) == []
