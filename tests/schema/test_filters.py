"""Filters and orders of programs (`spec/programs.md`, "GET /programs/"; domain/programs §2.7)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from db.engine import Database
from db.tables import Program, ProgramCourseRunMode, ProgramOrganization, ProgramRequirement
from resolvers.access import Viewer
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.catalog import MOMENT, uuid
from tests.schema.test_program_mutations import ACTIVE, RUN, UNPUBLISHED, change

LIST = """query ($f: ProgramFilter, $o: ProgramOrder, $n: Int, $after: String) {
  programs(filter: $f, orderBy: $o, first: $n, after: $after) {
    totalCount nodes { name status } pageInfo { hasNextPage endCursor } } }"""
ALL = {
    "category": "XSERIES",
    "status": ["ACTIVE", "RETIRED", "UNPUBLISHED"],
    "org": "org1x",
    "course": "Org1X/C0.0x",
    "run": RUN,
    "search": "program",
    "updatedSince": "2026-03-01T12:30:00Z",
}


async def listed(asking: Asking, viewer: Viewer = ADMIN, **given: Any) -> list[int]:
    """The numbers of the programs that a filter leaves, each of which must be there once and be counted."""
    found = (await asking.data(LIST, {"f": given, "n": 100}, viewer=viewer))["programs"]
    assert found["totalCount"] == len(found["nodes"])
    return [int(node["name"].removeprefix("Program ")) for node in found["nodes"]]


@pytest.mark.parametrize("viewer", [LEARNER, AUTHOR, ADMIN], ids=lambda viewer: viewer.username)
async def test_all_filters_hold_together_and_repeat_no_program(asking: Asking, viewer: Viewer) -> None:
    """§2.7 "Filters combine with AND; duplicates from joins must not repeat a program"; the run is in two modes."""
    hidden = set() if viewer is not LEARNER else {0, 4}
    assert await listed(asking, viewer, **ALL) == [n for n in (0, 2, 4, 6) if n not in hidden]
    assert asking.statements == 2
    for name, other in (
        ("category", "none"),
        ("status", ["ACTIVE"]),
        ("org", "Org2X"),
        ("course", "Org2X+C0.0x"),
        ("run", RUN.replace("R0", "R2")),
        ("search", "nothing"),
        ("updatedSince", "2026-03-01T12:30:00.000001Z"),
    ):
        assert await listed(asking, viewer, **{**ALL, name: other}) == [], name


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"org": "Org1X"}, ProgramOrganization),
        ({"course": "Org1X+C0.0x"}, ProgramRequirement),
        ({"run": RUN}, ProgramCourseRunMode),
    ],
)
async def test_a_program_is_not_found_by_what_others_have(
    asking: Asking, database: Database, given: dict[str, Any], parts: Any
) -> None:
    """§2.7: each filter alone."""
    async with database.writing() as session:
        lacking = select(Program.id).where(Program.uuid == uuid(1)).scalar_subquery()
        await session.execute(delete(parts).where(parts.program_id == lacking))

    assert await listed(asking, **given) == [0, 2, 4, 5, 6]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"status": ["UNPUBLISHED"]}, []),
        ({"status": ["UNPUBLISHED", "RETIRED"]}, [2, 6]),
        ({"status": ["ACTIVE", "RETIRED", "ACTIVE"]}, [1, 2, 5, 6]),
        ({"status": []}, []),
        ({}, [1, 2, 5, 6]),
    ],
)
async def test_a_filter_shows_learners_nothing_that_a_list_does_not(
    asking: Asking, given: dict[str, Any], expected: list[int]
) -> None:
    """§2.3 "filter status=unpublished by a Learner → empty list, no error"."""
    assert await listed(asking, LEARNER, **given) == expected


async def test_keys_of_two_forms_are_two_keys(asking: Asking) -> None:
    """§2.7 "deprecated and v1 forms are different keys"."""
    assert await listed(asking, run="Org0X/C0.0x/R0") == []
    assert len(await listed(asking, run=RUN)) == 6


@pytest.mark.parametrize("search", ["", None])
async def test_an_empty_search_is_none(asking: Asking, search: str | None) -> None:
    """§2.7 [R]: "empty value = no filter"."""
    assert len(await listed(asking, search=search)) == 6


@pytest.mark.parametrize("search", ["ÜBER", "über", "straSSe", "100%", "a_b"])
async def test_a_name_is_found_by_any_part_of_it_in_any_case(asking: Asking, search: str) -> None:
    for number, name in ((1, "Über die Straße"), (2, "100% of a_b")):
        await change(asking, "updateProgram", id=f"Program:{uuid(number)}", name=name)
    found = (await asking.data(LIST, {"f": {"search": search}}, viewer=ADMIN))["programs"]["nodes"]
    assert [node["name"] for node in found] == ["100% of a_b" if search in {"100%", "a_b"} else "Über die Straße"]


async def test_a_change_of_any_part_counts_as_a_change_of_the_program(asking: Asking) -> None:
    """§5 "Modified-since filter": its runs and courses are parts of a program as its name is."""
    since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    assert await listed(asking, updatedSince=since) == []
    await change(asking, "updateProgram", id=UNPUBLISHED, runModes=[])
    assert await listed(asking, updatedSince=since) == [0]
    await change(asking, "moveProgramCourse", id=ACTIVE, course="Org0X+C0.0x", position=1)
    assert await listed(asking, updatedSince=since) == [0, 1]
    naive = {"f": {"updatedSince": "2026-03-01T12:30:00"}}
    assert (await asking.error(LIST, naive, viewer=ADMIN))["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize(
    ("field", "expected"),
    [("NAME", [0, 1, 2, 4, 5, 6]), ("CREATED", [6, 5, 4, 2, 1, 0]), ("UPDATED", [4, 5, 6, 0, 1, 2])],
)
async def test_programs_are_sorted_and_paged_in_that_order_under_a_filter(
    asking: Asking, database: Database, field: str, expected: list[int], direction: str
) -> None:
    """§5 "Search (title), several statuses at once, ordering"."""
    async with database.writing() as session:
        for number in range(8):
            times = {
                "created_at": MOMENT - timedelta(days=number),
                "updated_at": MOMENT + timedelta(days=(number + 4) % 8),
            }
            await session.execute(update(Program).where(Program.uuid == uuid(number)).values(**times))
    given = {"f": {"status": ["ACTIVE", "UNPUBLISHED", "RETIRED"]}, "o": {"field": field, "direction": direction}}

    found: list[int] = []
    after = None
    while True:
        page = (await asking.data(LIST, {**given, "n": 4, "after": after}, viewer=ADMIN))["programs"]
        found += [int(node["name"].removeprefix("Program ")) for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == (expected if direction == "ASC" else expected[::-1])


async def test_the_same_filters_hold_on_every_edge_to_programs(asking: Asking) -> None:
    """§2.3, §2.7: an organization, a course and a run list their programs by the same conditions."""
    query = """query ($f: ProgramFilter) {
      organization(key: "Org0X") { programs(filter: $f) { totalCount nodes { name } } }
      course(key: "Org0X+C0.0x") { programs(filter: $f) { totalCount nodes { name } } }
      courseRun(key: "course-v1:Org0X+C0.0x+R0") { programs(filter: $f) { totalCount nodes { name } } } }"""
    for viewer, expected in ((LEARNER, ["Program 2", "Program 6"]), (AUTHOR, [f"Program {n}" for n in (0, 2, 4, 6)])):
        data = await asking.data(query, {"f": ALL}, viewer=viewer)
        for edge in data.values():
            assert [node["name"] for node in edge["programs"]["nodes"]] == expected
            assert edge["programs"]["totalCount"] == len(expected)
