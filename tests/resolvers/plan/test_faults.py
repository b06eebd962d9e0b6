"""Values that cannot be had: errors with their paths, and nulls that rise (GraphQL, "Handling Execution Errors")."""

from typing import Any

import pytest

from tests.asking import Asking
from tests.resolvers.plan.odd import CALLS

FIRST = "orderBy: { field: KEY }, first: 2"
Problem = tuple[list[str | int], str]


async def answer(odd: Asking, selection: str) -> tuple[Any, list[Problem]]:
    """Data and errors, found equal when the planner answers and when graphql-core does."""
    planned = await odd.response(f"{{ {selection} }}")
    mixed = await odd.response(f"{{ {selection} unplanned }}")
    if mixed["data"] is not None:
        assert mixed["data"].pop("unplanned") == 1
    assert mixed["data"] == planned["data"]
    problems = [(error["path"], error["message"]) for error in planned.get("errors", [])]
    mixed_problems = [(error["path"], error["message"]) for error in mixed.get("errors", [])]
    assert [path for path, _ in mixed_problems] == [path for path, _ in problems]
    return planned["data"], problems


async def test_a_failing_value_is_null_in_its_nullable_field_alone(odd: Asking) -> None:
    data, problems = await answer(odd, f"organizations({FIRST}) {{ nodes {{ key perhapsNumber }} }}")

    assert data == {
        "organizations": {"nodes": [{"key": "Org0X", "perhapsNumber": 0}, {"key": "Org1X", "perhapsNumber": None}]}
    }
    assert [path for path, _ in problems] == [["organizations", "nodes", 1, "perhapsNumber"]]


@pytest.mark.parametrize("field", ["number", "neededSize", "logoUrl"])
async def test_a_failing_or_missing_value_nulls_what_is_around_its_non_null_field(odd: Asking, field: str) -> None:
    data, problems = await answer(odd, f"organizations({FIRST}) {{ edges {{ node {{ key {field} }} }} }}")

    at = 0 if field == "logoUrl" else 1
    assert data == {"organizations": None}
    assert [path for path, _ in problems] == [["organizations", "edges", at, "node", field]]


async def test_a_null_in_a_non_null_field_is_named(odd: Asking) -> None:
    response = await odd.response(f"{{ organizations({FIRST}) {{ nodes {{ logoUrl }} }} }}")

    [error] = response["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["locations"] == [{"line": 1, "column": 62}]


async def test_several_failing_values_are_several_errors(odd: Asking) -> None:
    data, problems = await answer(odd, f"organizations({FIRST}) {{ nodes {{ a: perhapsNumber b: perhapsNumber }} }}")

    assert data["organizations"]["nodes"] == [{"a": 0, "b": 0}, {"a": None, "b": None}]
    assert [path[-1] for path, _ in problems] == ["a", "b"]


async def test_a_hidden_row_is_null_where_it_may_be_and_an_error_where_not(odd: Asking) -> None:
    hidden = "orderBy: { field: KEY, direction: DESC }, first: 1"

    data, problems = await answer(odd, f"neededCourses({hidden}) {{ nodes {{ key perhapsOrganization {{ key }} }} }}")
    assert data["neededCourses"]["nodes"] == [{"key": "Org2X+C2.0x", "perhapsOrganization": None}]
    assert problems == []

    data, problems = await answer(odd, f"neededCourses({hidden}) {{ nodes {{ organization {{ key }} }} }}")
    assert data is None
    assert [path for path, _ in problems] == [["neededCourses", "nodes", 0, "organization"]]


async def test_a_null_that_rises_to_a_nullable_root_field_spares_the_others(odd: Asking) -> None:
    data, problems = await answer(
        odd, f"organizations({FIRST}) {{ nodes {{ number }} }} programs(first: 1) {{ nodes {{ name }} }}"
    )

    assert data["organizations"] is None
    assert data["programs"] is not None
    assert len(problems) == 1


async def test_arguments_that_a_nested_field_refuses_are_errors_of_that_field(odd: Asking) -> None:
    data, problems = await answer(
        odd, f"organizations({FIRST}) {{ nodes {{ key courses(first: 1000) {{ totalCount }} }} }}"
    )

    assert data == {"organizations": None}
    assert problems == [(["organizations", "nodes", 0, "courses"], "first: 1000 is not between 0 and 100")]


@pytest.mark.parametrize("arguments", ["first: 1000", "first: 1, last: 1", 'after: "no cursor"'])
async def test_a_field_of_no_parent_is_not_executed_and_refuses_nothing(odd: Asking, arguments: str) -> None:
    data, problems = await answer(
        odd, f"organizations(first: 0) {{ nodes {{ courses({arguments}) {{ nodes {{ key }} }} }} }}"
    )

    assert data == {"organizations": {"nodes": []}}
    assert problems == []


async def test_a_batch_source_is_asked_once_for_a_level_and_fails_for_single_keys(odd: Asking) -> None:
    response = await odd.response(f"{{ organizations({FIRST}) {{ nodes {{ key score more: score(offset: 5) }} }} }}")

    assert response["data"]["organizations"]["nodes"] == [
        {"key": "Org0X", "score": 1, "more": 6},
        {"key": "Org1X", "score": None, "more": None},
    ]
    assert [error["path"][-2:] for error in response["errors"]] == [[1, "score"], [1, "more"]]
    assert [list(call.keys) for call in CALLS] == [["Org0X", "Org1X"]] * 2
    assert [call.arguments for call in CALLS] == [{}, {"offset": 5}]


@pytest.mark.parametrize("selection", ["value: score(offset: -1)", "value: noVisits { size }"])
async def test_a_batch_source_that_fails_is_an_error_of_every_object(odd: Asking, selection: str) -> None:
    data, problems = await answer(odd, f"organizations({FIRST}) {{ nodes {{ key {selection} }} }}")

    assert [node["value"] for node in data["organizations"]["nodes"]] == [None, None]
    assert [path[2] for path, _ in problems] == [0, 1]


async def test_a_batch_source_that_leaves_a_non_null_field_out_nulls_what_is_around(odd: Asking) -> None:
    data, problems = await answer(
        odd, 'nodes(ids: ["Organization:Org0X", "Organization:Org1X"]) { ... on Organization { neededScore } }'
    )

    assert data == {"nodes": [{"neededScore": 1}, None]}
    assert [path for path, _ in problems] == [["nodes", 1, "neededScore"]]


@pytest.mark.parametrize("selection", ["moment", "perhapsVisit { size }"])
async def test_one_key_for_which_a_batch_source_has_nothing_to_show_spares_the_others(
    odd: Asking, selection: str
) -> None:
    data, problems = await answer(odd, f"organizations({FIRST}) {{ nodes {{ key {selection} }} }}")

    name = selection.partition(" ")[0]
    first, second = data["organizations"]["nodes"]
    assert first[name]
    assert second == {"key": "Org1X", name: None}
    assert [path for path, _ in problems] == [["organizations", "nodes", 1, name]]


async def test_what_cannot_be_prepared_is_an_error_of_its_field_alone(odd: Asking) -> None:
    data, problems = await answer(odd, "unready { totalCount } programs(first: 1) { nodes { name } }")

    assert data["unready"] is None
    assert data["programs"]["nodes"]
    assert [path for path, _ in problems] == [["unready"]]


async def test_arguments_that_contradict_each_other_below_whoever_asks_are_errors_of_their_field(
    asking: Asking,
) -> None:
    error = await asking.error("{ viewer { username programs(first: 1, last: 1) { totalCount } } }")

    assert (error["path"], error["extensions"]["code"]) == (["viewer", "programs"], "BAD_USER_INPUT")


async def test_faults_below_interfaces_and_unions_have_their_paths(odd: Asking) -> None:
    data, problems = await answer(
        odd,
        """nodes(ids: ["Course:Org0X+C0.0x", "Organization:Org1X", "Course:No+Such"]) {
          __typename ... on Organization { perhapsNumber } ... on Course { organization { key number } } }""",
    )

    assert data == {
        "nodes": [
            {"__typename": "Course", "organization": {"key": "Org0X", "number": 0}},
            {"__typename": "Organization", "perhapsNumber": None},
            None,
        ]
    }
    assert [path for path, _ in problems] == [["nodes", 1, "perhapsNumber"]]


async def test_too_many_rows_are_refused(odd: Asking) -> None:
    odd.executor.planner.most_rows = 8
    data, problems = await answer(odd, "organizations { nodes { key courses { nodes { key } } } }")
    assert len(data["organizations"]["nodes"]) == 2
    assert problems == []

    odd.executor.planner.most_rows = 7

    data, problems = await answer(odd, "organizations { nodes { key courses { nodes { key } } } }")

    assert data == {"organizations": None}
    assert [path for path, _ in problems] == [["organizations"]]
    assert "rows" in problems[0][1]


async def test_rows_that_many_parents_share_count_for_each_place_in_the_answer(asking: Asking) -> None:
    """A selection that goes back and forth reads few rows and writes them out many times over."""
    selection = "key"
    for _ in range(3):
        selection = f"organization {{ courses(first: 100) {{ nodes {{ {selection} }} }} }}"
    asking.executor.planner.most_rows = 100

    error = await asking.error(f"{{ courses {{ nodes {{ {selection} }} }} }}")

    assert error["extensions"]["code"] == "ROW_LIMIT_EXCEEDED"
    assert error["path"] == ["courses"]
