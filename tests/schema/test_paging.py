"""Connections: pages, cursors and orders (design: keyset paging; the Relay connection specification)."""

import base64
import json
from typing import Any

import pytest

from db.tables import CourseRun
from tests.asking import ADMIN, Asking
from tests.catalog import uuid

PAGE = """query ($first: Int, $after: String, $last: Int, $before: String, $order: CourseRunOrder) {
    courseRuns(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { key start } } } }"""
ORDERS: list[dict[str, str] | None] = [
    None,
    {"field": "KEY", "direction": "DESC"},
    {"field": "NAME"},
    {"field": "START"},
    {"field": "START", "direction": "DESC"},
]


async def page(asking: Asking, **variables: Any) -> dict[str, Any]:
    runs: dict[str, Any] = (await asking.data(PAGE, variables))["courseRuns"]
    return runs


def keys(connection: dict[str, Any]) -> list[str]:
    return [edge["node"]["key"] for edge in connection["edges"]]


@pytest.mark.parametrize("order", ORDERS)
async def test_pages_forward_are_the_whole_list_and_pages_backward_its_reverse(
    asking: Asking, order: dict[str, str] | None
) -> None:
    whole = keys(await page(asking, first=100, order=order))
    assert len(whole) == len(set(whole)) == 27

    forward, after = [], None
    while True:
        current = await page(asking, first=4, after=after, order=order)
        forward += keys(current)
        after = current["pageInfo"]["endCursor"]
        assert current["pageInfo"]["hasNextPage"] == (len(forward) < 27)
        if not current["pageInfo"]["hasNextPage"]:
            break
    backward: list[str] = []
    before = None
    while True:
        current = await page(asking, last=4, before=before, order=order)
        backward = keys(current) + backward
        before = current["pageInfo"]["startCursor"]
        assert current["pageInfo"]["hasPreviousPage"] == (len(backward) < 27)
        if not current["pageInfo"]["hasPreviousPage"]:
            break
    assert forward == backward == whole


async def test_runs_without_a_start_come_last(asking: Asking) -> None:
    runs = await page(asking, first=100, order={"field": "START"})

    starts = [edge["node"]["start"] for edge in runs["edges"]]
    known = [start for start in starts if start]
    assert known == sorted(known)
    assert starts == known + [None] * 9


async def test_rows_that_come_and_go_between_pages_move_no_other_row(asking: Asking) -> None:
    """A keyset cursor names a place, not a number."""
    whole = keys(await page(asking, first=100))
    start = await page(asking, first=4)
    async with asking.database.writing() as session:
        run = await session.get_one(CourseRun, 9)
        removed = run.key
        await session.delete(run)

    rest = await page(asking, first=100, after=start["pageInfo"]["endCursor"])

    assert removed in whole[4:]
    assert keys(start) + keys(rest) == [key for key in whole if key != removed]


async def test_both_cursors_bound_a_page(asking: Asking) -> None:
    whole = await page(asking, first=100)
    cursors = [edge["cursor"] for edge in whole["edges"]]

    between = await page(asking, first=100, after=cursors[3], before=cursors[10])

    assert keys(between) == keys(whole)[4:10]


async def test_twenty_rows_are_a_page_by_default_and_none_are_allowed(asking: Asking) -> None:
    assert len(keys(await page(asking))) == 20
    nothing = await page(asking, first=0)
    assert (nothing["edges"], nothing["pageInfo"]) == (
        [],
        {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("first: 101", "first: 101 is not between 0 and 100"),
        ("first: -1", "first: -1 is not between 0 and 100"),
        ("last: 101", "last: 101 is not between 0 and 100"),
        ("first: 1, last: 1", "first, last: give one or the other"),
    ],
)
async def test_sizes_out_of_range_are_refused(asking: Asking, arguments: str, message: str) -> None:
    for selection in ("nodes { key }", "totalCount"):
        error = await asking.error(f"{{ courses({arguments}) {{ {selection} }} }}")
        assert (error["message"], error["path"]) == (message, ["courses"])
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


def forged(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "zz",
        "é",
        "====",
        "arrayconnection:1",
        "9" * 5000,
        forged(),
        forged("CourseRun.key.asc"),
        forged("CourseRun.key.asc", 1),
        forged("CourseRun.key.asc", None),
        forged("CourseRun.key.asc", "a\x00"),
        forged("CourseRun.key.asc", "a", "b"),
        forged("CourseRun.key.desc", "a"),
        forged("Course.key.asc", "a"),
        forged({"a": 1}, "a"),
    ],
)
async def test_foreign_and_forged_cursors_are_refused(asking: Asking, cursor: str) -> None:
    error = await asking.error(PAGE, {"after": cursor})

    assert error["message"] == "after: this is not a cursor of this list in this order"
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 1.5, True])
async def test_a_cursor_with_an_impossible_number_is_refused(asking: Asking, number: float) -> None:
    cursor = forged("CourseRun.start.asc", number, "a")

    error = await asking.error(PAGE, {"after": cursor, "order": {"field": "START"}})

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_truncated_cursor_is_refused(asking: Asking) -> None:
    cursor = (await page(asking, first=1))["pageInfo"]["endCursor"]

    for length in range(1, len(cursor)):
        error = await asking.error(PAGE, {"after": cursor[:length]})
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_every_parent_has_its_own_page(asking: Asking) -> None:
    query = """{ organizations { nodes { key courses(first: 2, orderBy: {field: NAME, direction: DESC}) {
        totalCount pageInfo { hasNextPage } nodes { key runs(last: 1) { totalCount nodes { key } } } } } } }"""

    for organization in (await asking.data(query))["organizations"]["nodes"]:
        key, courses = organization["key"], organization["courses"]
        assert courses["totalCount"] == 3
        assert courses["pageInfo"] == {"hasNextPage": True}
        assert courses["nodes"] == [
            {
                "key": f"{key}+C{number}.0x",
                "runs": {"totalCount": 3, "nodes": [{"key": f"course-v1:{key}+C{number}.0x+R2"}]},
            }
            for number in (2, 1)
        ]


async def test_one_field_under_two_aliases_has_two_pages(asking: Asking) -> None:
    query = """{ organization(key: "Org0X") {
        first: courses(first: 1) { nodes { key } }
        last: courses(last: 1) { nodes { key } edges { node { number } } }
        none: courses(filter: {search: "nothing"}) { totalCount nodes { key } pageInfo { endCursor } } } }"""

    assert (await asking.data(query))["organization"] == {
        "first": {"nodes": [{"key": "Org0X+C0.0x"}]},
        "last": {"nodes": [{"key": "Org0X+C2.0x"}], "edges": [{"node": {"number": "C2.0x"}}]},
        "none": {"totalCount": 0, "nodes": [], "pageInfo": {"endCursor": None}},
    }


async def test_the_cursor_of_an_invisible_row_shows_nothing_of_it(asking: Asking) -> None:
    query = "query ($after: String) { programs(first: 1, after: $after) { edges { cursor node { name } } } }"
    first = (await asking.data(query, viewer=ADMIN))["programs"]["edges"][0]
    assert first["node"] == {"name": "Program 0"}

    seen = (await asking.data(query, {"after": first["cursor"]}))["programs"]["edges"]

    assert [edge["node"]["name"] for edge in seen] == ["Program 1"]


async def test_a_page_of_one_parent_that_has_none_is_empty(asking: Asking) -> None:
    runs = 'runs(filter: {search: "zz"}) { totalCount nodes { key } }'
    query = f'{{ program(id: "Program:{uuid(1)}") {{ courses {{ {runs} }} }} }}'

    courses = (await asking.data(query))["program"]["courses"]

    assert all(course["runs"] == {"totalCount": 0, "nodes": []} for course in courses)


async def test_edges_of_which_nothing_is_asked_are_still_there(asking: Asking) -> None:
    query = "{ organizations { edges { cursor @skip(if: true) } } }"

    assert (await asking.data(query))["organizations"] == {"edges": [{}, {}, {}]}


async def test_times_are_told_right_where_the_page_sorts_by_them(asking: Asking) -> None:
    """The cursor holds the time as another number than the database sends."""
    query = "query ($after: String) { programs(after: $after, orderBy: { field: UPDATED }) { %s %s } }"
    cursor, nodes = "edges { cursor }", "nodes { updatedAt }"
    first = (await asking.data(query % (cursor, nodes)))["programs"]
    other = (await asking.data(query % (nodes, cursor)))["programs"]
    rest = (await asking.data(query % (cursor, nodes), {"after": other["edges"][1]["cursor"]}))["programs"]

    assert {node["updatedAt"] for node in first["nodes"]} == {"2026-03-01T12:30:00Z"}
    assert first == other
    assert rest["edges"] == first["edges"][2:]


@pytest.mark.parametrize("size", ["first", "last"])
async def test_pages_within_pages_are_of_their_own_parents(asking: Asking, size: str) -> None:
    ids = '["Organization:Org0X", "Organization:Org1X"]'
    selection = f"courses(first: 2) {{ nodes {{ key runs({size}: 50) {{ nodes {{ course {{ key }} }} }} }} }}"
    listed, found = f"organizations {{ nodes {{ {selection} }} }}", f"... on Organization {{ {selection} }}"
    query = f"{{ {listed} nodes(ids: {ids}) {{ {found} }} }}"
    answer = await asking.data(query)
    courses = [course for of in answer["organizations"]["nodes"] + answer["nodes"] for course in of["courses"]["nodes"]]
    assert len(courses) == 10
    for course in courses:
        assert {run["course"]["key"] for run in course["runs"]["nodes"]} == {course["key"]}
