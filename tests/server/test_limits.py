"""Each limit lets its number through and refuses one more, under its own code (domain notes, table g, rows 3 and 4)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from time import perf_counter

import orjson
import pytest
from graphql import get_introspection_query

from resolvers.errors import Code
from resolvers.paths.service import MOST_PATHS
from schema import schema
from server import connections
from server.execution import Executor, Operation, Result
from server.limits import INTROSPECTION_ROOM, MOST_COMPARISONS, MOST_LEVELS, Limits
from server.profiles import Profile, profile
from server.settings import load, variable
from tests.asking import LEARNER, Asking
from tests.server.test_weights import bomb

DOCS = Path(__file__).parents[2] / "docs" / "limits.md"
PAGES = "query ($n: Int) { courses(first: $n) { nodes { key } } }"


def nested(levels: int) -> str:
    """A query whose innermost field is `levels` deep."""
    return "{ courseRuns { nodes { " + "parent { " * (levels - 3) + "key" + " }" * (levels - 3) + " } } }"


def lists(levels: int) -> str:
    """A query with `levels` lists within one another and little depth."""
    steps = ["courses(first: 1) { nodes {", *["programs(first: 1) { nodes {", "courses {"] * levels][:levels]
    return f"{{ {' '.join(steps)} id {'} ' * ''.join(steps).count('{')} }}"


def padded(tokens: int) -> str:
    """A document of that many tokens."""
    return "{ nodes(ids: [" + '"Course:No+Such" ' * (tokens - 12) + "]) { id } }"


def introspected(levels: int) -> str:
    """An introspection whose innermost field is `levels` deep."""
    return "{ __schema { types { " + "ofType { " * (levels - 3) + "name" + " }" * (levels - 3) + " } } }"


SIZED: Mapping[str, Callable[[int], str]] = {
    "tokens": padded,
    "fields": lambda n: "{ " + "__typename " * n + "}",
    "depth": nested,
    "list_depth": lists,
    "aliases": lambda n: "{ " + " ".join(f"a{i}: __typename" for i in range(n)) + " }",
    "root_fields": lambda n: "{ " + "__typename " * n + "}",
    "directives": lambda n: "{ " + "__typename @include(if: true) " * n + "}",
    "introspection_depth": introspected,
    "cost": lambda n: f"{{ courses(first: {n - 1}) {{ nodes {{ key }} }} }}",
}
CODES = {
    "body": Code.PAYLOAD_TOO_LARGE,
    "tokens": Code.TOKEN_LIMIT_EXCEEDED,
    "fields": Code.FIELD_LIMIT_EXCEEDED,
    "depth": Code.DEPTH_LIMIT_EXCEEDED,
    "list_depth": Code.LIST_DEPTH_LIMIT_EXCEEDED,
    "aliases": Code.ALIAS_LIMIT_EXCEEDED,
    "root_fields": Code.ROOT_FIELD_LIMIT_EXCEEDED,
    "directives": Code.DIRECTIVE_LIMIT_EXCEEDED,
    "introspection_depth": Code.INTROSPECTION_LIMIT_EXCEEDED,
    "cost": Code.COST_LIMIT_EXCEEDED,
    "query_seconds": Code.TIME_LIMIT_EXCEEDED,
    "mutation_seconds": Code.TIME_LIMIT_EXCEEDED,
}
SETTINGS = {"query_seconds": "query_timeout", "mutation_seconds": "mutation_timeout"}
SMALL = 13
"""What a limit is set to where its default would make the other limits come first."""


@pytest.fixture
def dialect() -> str:
    """Limits are looked at before any database, but for that of time, which is tested with deadlines."""
    return "sqlite"


async def result(asking: Asking, limits: Limits, operation: Operation) -> Result:
    executor = Executor(schema(), asking.database, Profile(limits))
    return await executor.execute(operation, LEARNER)


@pytest.mark.parametrize("name", list(SIZED))
async def test_a_limit_lets_its_number_through_and_refuses_one_more(asking: Asking, name: str) -> None:
    high = {each.name: 10**12 for each in fields(Limits) if isinstance(each.default, int)}
    limits = replace(Limits(**high), **{name: SMALL})

    passed = await result(asking, limits, Operation(SIZED[name](SMALL)))
    refused = await result(asking, limits, Operation(SIZED[name](SMALL + 1)))

    assert not passed.errors
    assert passed.data
    [error] = refused.errors
    assert (refused.data, refused.refusal, error["extensions"]["code"]) == (None, CODES[name], CODES[name])
    assert f": {SMALL + 1}, more than the {SMALL} that are let through" in error["message"]


@pytest.mark.parametrize("name", ["tokens", "depth", "list_depth", "aliases", "directives", "introspection_depth"])
async def test_the_default_is_where_the_limit_lies(asking: Asking, name: str) -> None:
    limit = getattr(Limits, name)
    others = {"fields": 10_000, "root_fields": 10_000, "cost": 10**12}

    passed = await result(asking, Limits(**others), Operation(SIZED[name](limit)))
    refused = await result(asking, Limits(**others), Operation(SIZED[name](limit + 1)))

    assert (passed.refusal, refused.refusal) == (None, CODES[name])


@pytest.mark.parametrize(("size", "refusal"), [(10, None), (11, Code.COST_LIMIT_EXCEEDED), (3, None)])
async def test_the_cost_is_that_of_the_variables(asking: Asking, size: int, refusal: Code | None) -> None:
    executor = Executor(schema(), asking.database, Profile(Limits(cost=11)))

    for _ in range(2):  # the second time from memory
        assert (await executor.execute(Operation(PAGES, None, {"n": size}), LEARNER)).refusal is refusal


async def test_a_refused_size_does_not_stick_to_the_document(asking: Asking) -> None:
    executor = Executor(schema(), asking.database, Profile(Limits(cost=11)))

    refusals = [(await executor.execute(Operation(PAGES, None, {"n": n}), LEARNER)).refusal for n in (11, 10, 11, 10)]

    assert refusals == [Code.COST_LIMIT_EXCEEDED, None] * 2
    assert executor.documents.kept.misses == 1


async def test_costs_are_remembered_for_some_sizes_only(asking: Asking) -> None:
    executor = Executor(schema(), asking.database)

    for size in range(-400, 0):
        result = await executor.execute(Operation(PAGES, None, {"n": size}), LEARNER)
        assert "between 0 and 100" in result.errors[0]["message"]

    [known] = executor.documents.read(PAGES).operations.values()
    assert len(known.costs) <= 256


@pytest.mark.parametrize(("size", "code"), [(100, None), (101, "BAD_USER_INPUT")])
async def test_a_page_has_100_objects_at_most(asking: Asking, size: int, code: str | None) -> None:
    response = await asking.response(PAGES, {"n": size})

    assert [error["extensions"]["code"] for error in response.get("errors", ())] == ([code] if code else [])


async def test_every_operation_of_a_document_is_looked_at(asking: Asking) -> None:
    """Those that are not chosen are validated too, so they must not be too large for that."""
    text = f"query A {{ __typename }} query B {SIZED['aliases'](Limits.aliases + 1)}"

    assert (await result(asking, Limits(), Operation(text, "A"))).refusal is Code.ALIAS_LIMIT_EXCEEDED


@pytest.mark.parametrize("options", [{}, {"input_value_deprecation": True, "specified_by_url": True}])
async def test_the_explorer_gets_its_introspection(asking: Asking, options: dict[str, bool]) -> None:
    """GraphiQL sends graphql-js's introspection query, which is deeper than other operations may be."""
    found = await result(asking, Limits(), Operation(get_introspection_query(**options)))

    assert found.data is not None
    assert not found.errors


async def test_circular_introspection_is_refused(asking: Asking) -> None:
    """The query of a well-known checker: fields of types of fields of types."""
    circle = "fields { type { " * 4 + "name" + " } }" * 4

    found = await result(asking, Limits(), Operation(f"{{ __schema {{ types {{ {circle} }} }} }}"))

    assert found.refusal is Code.INTROSPECTION_LIMIT_EXCEEDED


async def test_a_bomb_of_fragments_is_refused_as_fast_as_a_plain_document(asking: Asking) -> None:
    """2 to the power of 40 fields in 2 kB: refused before validation, in about the time that its size takes to read."""
    plain = "{ " + " ".join(f"a{i}: __typename" for i in range(20)) + " }"
    plain = plain.ljust(len(bomb(40)), "#")

    async def seconds(text: str) -> float:
        times = []
        for _ in range(10):
            executor = Executor(schema(), asking.database, Profile())
            start = perf_counter()
            refusal = (await executor.execute(Operation(text), LEARNER)).refusal
            times.append(perf_counter() - start)
        assert refusal is (None if text == plain else Code.FIELD_LIMIT_EXCEEDED)
        return min(times)

    assert await seconds(bomb(40)) < 5 * await seconds(plain)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [(40, Code.FIELD_LIMIT_EXCEEDED), (60, Code.DEPTH_LIMIT_EXCEEDED), (400, Code.DEPTH_LIMIT_EXCEEDED)],
)
async def test_no_bomb_of_fragments_goes_off(asking: Asking, levels: int, expected: Code) -> None:
    """domain notes, table g, row 3: a fragment bomb of 60 levels is refused."""
    assert (await result(asking, Limits(), Operation(bomb(levels)))).refusal is expected


@pytest.mark.parametrize(
    "text",
    [
        "{ __typename } fragment F on Query { " + "__typename " * 4_900 + "}",
        " ".join(f"query Q{i} {{ health {{ {'status ' * 480}}} }}" for i in range(9)),
    ],
)
async def test_fields_of_the_same_name_are_not_compared_for_ever(asking: Asking, text: str) -> None:
    """In a fragment that nothing uses no fields are counted, and each operation is counted by itself."""
    refused = await result(asking, Limits(), Operation(text, "Q1"))

    assert refused.refusal is Code.GRAPHQL_VALIDATION_FAILED
    assert "more than 100,000 comparisons" in refused.errors[-1]["message"]


async def test_as_many_fields_as_there_may_be_agree(asking: Asking) -> None:
    text = f"{{ health {{ {'status ' * 200} version }} }}"

    assert (await result(asking, Limits(), Operation(text))).refusal is None


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{ courses(first: 2) { nodes { key } totalCount } }", {"requested": 3, "actual": 3, "limit": 50_000}),
        ("{ courses { edges { node { key } } } }", {"requested": 41, "actual": 1 + 2 * 9, "limit": 50_000}),
        ('{ course(key: "No+Such") { key } }', {"requested": 1, "actual": 0, "limit": 50_000}),
        ("{ __typename }", {"requested": 0, "actual": 0, "limit": 50_000}),
    ],
)
async def test_whoever_asks_is_told_the_cost(asking: Asking, text: str, cost: dict[str, int]) -> None:
    asked = await result(asking, Limits(), Operation(text, extensions={"cost": True}))
    unasked = await result(asking, Limits(), Operation(text))

    assert asked.body()["extensions"] == {"cost": cost}
    assert "extensions" not in unasked.body()


async def test_every_answer_tells_its_cost_where_a_setting_says_so(asking: Asking) -> None:
    executor = Executor(schema(), asking.database, Profile(shows_cost=True))

    assert "cost" in (await executor.execute(Operation("{ __typename }"), LEARNER)).body()["extensions"]


async def test_the_example_of_the_documentation_costs_what_it_says(asking: Asking) -> None:
    [query] = re.findall(r"^```graphql\n(.*?)^```", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    [said] = re.findall(r"^```json\n(.*?)^```", DOCS.read_text(), re.DOTALL | re.MULTILINE)

    found = await result(asking, Limits(), Operation(query, extensions={"cost": True}))

    assert found.extensions is not None
    expected = orjson.loads(said)["extensions"]["cost"]
    assert found.extensions["cost"] | {"actual": expected["actual"]} == expected
    assert f"of those: {expected['requested']}." in DOCS.read_text()


def test_the_documentation_lists_every_limit_with_its_setting_default_and_code() -> None:
    rows = re.findall(r"^\| .+? \| `(COLLEGIUM_\w+)` \| ([\d,]+) \| `(\w+)` \|$", DOCS.read_text(), re.MULTILINE)

    assert {name: (int(number.replace(",", "")), code) for name, number, code in rows} == {
        variable(SETTINGS.get(each.name, f"max_{each.name}")): (each.default, CODES[each.name].value)
        for each in fields(Limits)
    }


def test_the_documentation_lists_the_limits_that_nobody_sets() -> None:
    rows = re.findall(r"^\| .+? \| fixed \| ([\d,]+) \| `(\w+)` \|$", DOCS.read_text(), re.MULTILINE)

    assert rows == [
        ("100", "BAD_USER_INPUT"),
        (str(MOST_PATHS), "BAD_USER_INPUT"),
        (f"{connections.MOST_HEADERS:,}", "PAYLOAD_TOO_LARGE"),
        (f"{connections.HEADERS_SECONDS:g}", "BAD_REQUEST"),
        (f"{connections.BODY_SECONDS:g}", "BAD_REQUEST"),
        ("100,000", "ROW_LIMIT_EXCEEDED"),
        (f"{MOST_COMPARISONS:,}", "GRAPHQL_VALIDATION_FAILED"),
        (str(MOST_LEVELS), "DEPTH_LIMIT_EXCEEDED"),
        (str(INTROSPECTION_ROOM), "INTROSPECTION_LIMIT_EXCEEDED"),
    ]


def test_the_settings_reach_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert profile(load()).limits == Limits()
    for number, each in enumerate(fields(Limits), 7):
        monkeypatch.setenv(variable(SETTINGS.get(each.name, f"max_{each.name}")), str(number))

    assert profile(load()).limits == Limits(*range(7, 7 + len(fields(Limits))))
