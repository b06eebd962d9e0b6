"""What an operation weighs: fields, aliases, directives, depth, lists and cost, fragments opened."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from resolvers.errors import Code
from schema import schema
from server.limits import LimitExceeded
from server.weights import Scales, Weight

SCALES = Scales(schema()._schema)


def weigh(text: str, variables: Mapping[str, Any] | None = None) -> Weight:
    document = parse(text)
    [operation] = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return SCALES.weigh(document, operation, variables).weight


def bomb(levels: int) -> str:
    """Fragments that each spread the next one twice: 2 to the power of `levels` fields."""
    spread = " ".join(f"fragment A{i} on ProgramConnection {{ ...A{i + 1} ...A{i + 1} }}" for i in range(levels))
    return f"{{ programs {{ ...A0 }} }} {spread} fragment A{levels} on ProgramConnection {{ totalCount }}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", {"fields": 1, "roots": 1, "depth": 1, "lists": 0, "cost": 0, "levels": 1}),
        ("{ a: __typename b: __typename }", {"fields": 2, "roots": 2, "aliases": 2}),
        ('{ course(key: "x") { key } }', {"fields": 2, "roots": 1, "depth": 2, "cost": 1, "levels": 2}),
        ("{ courses { nodes { key } } }", {"depth": 3, "lists": 1, "cost": 1 + 20}),
        ("{ courses(first: 3) { nodes { key } edges { cursor node { key } } } }", {"cost": 1 + 3 + 3 * 2, "lists": 1}),
        ("{ courses(first: 3) { totalCount pageInfo { endCursor } } }", {"cost": 1 + 1, "lists": 0}),
        (
            "{ courses(last: 3) { nodes { runs(first: 2) { nodes { key } } } } }",
            {"cost": 1 + 3 * (1 + 1 + 2), "lists": 2},
        ),
        ("{ programs(first: 2) { nodes { courses { key } } } }", {"cost": 1 + 2 * (1 + 10), "lists": 2}),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', {"cost": 3, "lists": 1}),
        ('{ node(id: "a") { id ... on Course { organization { key } } } }', {"cost": 2, "depth": 3, "levels": 4}),
        ("query @a { __typename @b @c ... @d { __typename } }", {"directives": 4, "roots": 2, "depth": 1}),
        ("query ($n: Int @a) { ...F @b } fragment F on Query @c { __typename @d }", {"directives": 4}),
        ("{ ...F ...F } fragment F on Query { a: __typename }", {"fields": 2, "roots": 2, "aliases": 2}),
        (
            "{ courses(first: 7) { ...F } } fragment F on CourseConnection { nodes { key } }",
            {"cost": 1 + 7, "lists": 1},
        ),
        ("{ nonsense { more(first: 9) { nodes { x } } } }", {"depth": 4, "fields": 4}),
        ("{ ...Nope }", {"fields": 0}),
        ("{ ...A } fragment A on Query { __typename ...B } fragment B on Query { ...A }", {"fields": 1}),
    ],
)
def test_operations_are_weighed(text: str, expected: dict[str, int]) -> None:
    weight = weigh(text)

    assert {name: getattr(weight, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("size", "variables", "cost"),
    [
        ("first: $n", {"n": 5}, 6),
        ("first: $n", {"n": None}, 21),
        ("first: $n", {}, 21),
        ("first: $n", None, 1),
        ("first: $n", {"n": 1_000_000}, 101),
        ("first: $n", {"n": -5}, 1),
        ("first: $n", {"n": "x"}, 101),
        ("last: $n", {"n": 5}, 6),
        ("first: $n, last: 9", {"n": 5}, 10),
        ("first: 99999999999999999999999", {}, 101),
        ("first: null", {}, 21),
    ],
)
def test_pages_cost_what_their_size_is(size: str, variables: dict[str, Any] | None, cost: int) -> None:
    assert weigh(f"query ($n: Int) {{ courses({size}) {{ nodes {{ key }} }} }}", variables).cost == cost


def test_ids_cost_by_their_number() -> None:
    assert weigh("query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a"] * 7}).cost == 7


@pytest.mark.parametrize(("given", "cost"), [(7, 7), (500, 500), (501, 500)])
def test_paths_cost_by_their_number(given: int, cost: int) -> None:
    query = "query ($p: [String!]!) { coursewarePaths(paths: $p) { canonicalPath } }"

    assert weigh(query, {"p": ["/course/x"] * given}).cost == cost


def test_introspection_is_weighed_apart() -> None:
    weight = weigh("{ __schema { types { name fields { name } } } courses { totalCount } }")

    assert (weight.depth, weight.lists, weight.cost) == (2, 0, 1)
    assert (weight.introspection_depth, weight.roots) == (4, 2)
    assert weight.introspection_cost > len(schema()._schema.type_map)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"descriptions": False},
        {"input_value_deprecation": True, "specified_by_url": True, "schema_description": True},
        {"directive_is_repeatable": True, "input_value_deprecation": True},
    ],
)
def test_the_introspection_queries_of_tools_weigh_less_than_may_be_asked(options: dict[str, bool]) -> None:
    weight = weigh(get_introspection_query(**options))

    assert weight.introspection_cost <= SCALES.most_introspection
    assert weight.introspection_depth <= 15
    assert weight.fields <= 500


def test_much_introspection_is_refused_although_it_is_not_deep() -> None:
    """Aliases do what depth does not: each `types` is the whole schema again."""
    again = "types { fields { type { fields { type { name } } } } }"
    text = f"{{ __schema {{ {' '.join(f'a{i}: {again}' for i in range(30))} }} }}"

    with pytest.raises(LimitExceeded) as caught:
        weigh(text)
    assert caught.value.code is Code.INTROSPECTION_LIMIT_EXCEEDED


def test_levels_that_cannot_be_walked_are_refused() -> None:
    """Chains of fragments and inline fragments nest without any field between."""
    chain = "{ ...F0 }" + "".join(f" fragment F{i} on Query {{ ...F{i + 1} }}" for i in range(500))
    inline = "{" + "... {" * 150 + "__typename" + "}" * 150 + "}"
    split = "{ ...B } fragment A on Query {" + "... {" * 30 + "__typename" + "}" * 30 + "} fragment B on Query { ...A "
    split += "... {" * 30 + "...A" + "}" * 30 + "}"

    for text in (chain, inline, split):
        with pytest.raises(LimitExceeded, match="selection sets within one another"):
            weigh(text)


def test_a_bomb_of_fragments_counts_what_it_opens() -> None:
    assert weigh(bomb(40)).fields == 1 + 2**40


def test_weighing_is_linear_in_the_document() -> None:
    """A bomb of 40 levels takes about as long as its fragments side by side."""
    plain = bomb(40).replace("...A0", " ".join(f"...A{i}" for i in range(41)))
    for i in range(40):
        plain = plain.replace(f"{{ ...A{i + 1} ...A{i + 1} }}", "{ totalCount totalCount }")

    assert fastest(bomb(40)) < 10 * fastest(plain)


def fastest(text: str) -> float:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    def once() -> float:
        start = perf_counter()
        SCALES.weigh(document, operation, None)
        return perf_counter() - start

    return min(once() for _ in range(20))


@given(st.recursive(st.just("__typename"), lambda inner: st.lists(inner, min_size=1, max_size=4).map(" ".join).map("... {{ {} }}".format), max_leaves=30))  # fmt: skip # noqa: E501 -- one strategy
def test_inline_fragments_change_nothing_but_levels(selection: str) -> None:
    fields = selection.count("__typename")

    weight = weigh(f"{{ {selection} }}")

    assert (weight.fields, weight.roots, weight.depth, weight.cost) == (fields, fields, 1, 0)
