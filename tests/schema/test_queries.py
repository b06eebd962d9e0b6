"""What the read fields answer, over a small catalog of which the plan knows nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from db.engine import Database
from resolvers.access import Viewer
from tests.asking import ADMIN, ANONYMOUS, AUTHOR, LEARNER, Asking
from tests.catalog import course, course_run, organization, uuid

PROGRAM_NAMES = "{ programs(first: 100) { totalCount nodes { name } } }"
VISIBLE = {
    LEARNER: ["Program 1", "Program 2", "Program 5", "Program 6"],
    AUTHOR: ["Program 0", "Program 1", "Program 2", "Program 4", "Program 5", "Program 6"],
    ADMIN: ["Program 0", "Program 1", "Program 2", "Program 4", "Program 5", "Program 6"],
}


def names(connection: dict[str, Any]) -> list[str]:
    return [node["name"] for node in connection["nodes"]]


async def test_an_organization_has_all_its_fields(asking: Asking) -> None:
    query = '{ organization(key: "Org0X") { id key prefix displayName description logoUrl createdAt updatedAt } }'

    assert (await asking.data(query))["organization"] == {
        "id": "Organization:Org0X",
        "key": "Org0X",
        "prefix": "NONE",
        "displayName": "Organization 0",
        "description": "",
        "logoUrl": None,
        "createdAt": "2026-03-01T12:30:00Z",
        "updatedAt": "2026-03-01T12:30:00Z",
    }


async def test_a_run_has_its_dates_pacing_and_course(asking: Asking) -> None:
    query = """{ courseRun(key: "course-v1:Org0X+C0.0x+R0") {
        id key displayName start end pacing isHidden isInvitationOnly isSource origin
        course { id key number displayName organization { key } } parent { key } } }"""

    assert (await asking.data(query))["courseRun"] == {
        "id": "CourseRun:course-v1:Org0X+C0.0x+R0",
        "key": "course-v1:Org0X+C0.0x+R0",
        "displayName": "Course 0 of Org0X",
        "start": "2026-01-01T00:00:00Z",
        "end": None,
        "pacing": "INSTRUCTOR",
        "isHidden": False,
        "isInvitationOnly": False,
        "isSource": False,
        "origin": "STUDIO",
        "course": {
            "id": "Course:Org0X+C0.0x",
            "key": "Org0X+C0.0x",
            "number": "C0.0x",
            "displayName": "Course 0 of Org0X",
            "organization": {"key": "Org0X"},
        },
        "parent": None,
    }


async def test_a_program_has_courses_and_requirements_in_order(asking: Asking) -> None:
    """spec/programs.md, "ProgramCourseCode": courses come in the order of the program."""
    query = """query ($id: ID!) { program(id: $id) {
        id uuid name subtitle status marketingSlug revision category { slug displayName }
        organizations { key } courses { key } runModes { courseRun { key } modeSlug sku }
        requirements { kind position depth title minimum isElective course { key } children { position } } } }"""

    program = (await asking.data(query, {"id": f"Program:{uuid(1)}"}))["program"]

    assert program["uuid"] == uuid(1)
    assert program["category"] == {"slug": "micromasters", "displayName": "MicroMasters"}
    assert program["organizations"] == [{"key": "Org0X"}, {"key": "Org1X"}]
    courses = ["Org0X+C0.0x", "Org0X+C1.0x", "Org0X+C2.0x", "Org1X+C0.0x"]
    assert [course["key"] for course in program["courses"]] == courses
    assert [(mode["courseRun"]["key"], mode["modeSlug"]) for mode in program["runModes"]] == [
        ("course-v1:Org0X+C0.0x+R0", "verified"),
        ("course-v1:Org0X+C0.0x+R0", "audit"),
        ("course-v1:Org0X+C0.0x+R1", "verified"),
        ("course-v1:Org0X+C0.0x+R1", "audit"),
    ]
    root, *rest = program["requirements"]
    assert (root["kind"], root["position"], root["depth"]) == ("ALL_OF", 0, 0)
    assert [child["position"] for child in root["children"]] == [1, 2, 3, 4]
    assert [node["position"] for node in rest] == [1, 2, 3, 4, 5]
    assert (rest[3]["kind"], rest[3]["minimum"], rest[3]["isElective"], rest[3]["title"]) == (
        "MIN_NUMBER_OF",
        1,
        True,
        "Electives",
    )
    assert rest[4]["course"] == {"key": "Org1X+C0.0x"}


@pytest.mark.parametrize(
    ("field", "key", "found"),
    [
        ("organization", "org0x", "Org0X"),
        ("organization", "nobody", None),
        ("course", "Org0X+C0.0x", "Org0X+C0.0x"),
        ("course", "Org0X/C0.0x", "Org0X+C0.0x"),
        ("course", "course-v1:Org0X+C0.0x", "Org0X+C0.0x"),
        ("course", "Org0X+C9", None),
        ("courseRun", "course-v1:Org0X+C0.0x+R1", "course-v1:Org0X+C0.0x+R1"),
        ("courseRun", "course-v1:Org0X+C0.0x+R9", None),
    ],
)
async def test_nouns_are_found_by_their_natural_keys(asking: Asking, field: str, key: str, found: str | None) -> None:
    data = await asking.data(f"query ($key: String!) {{ {field}(key: $key) {{ key }} }}", {"key": key})

    assert data[field] == (found and {"key": found})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('{ courseRun(key: "course-v1%3AA%2BB%2BC") { key } }', "percent-encoded"),
        ('{ courseRun(key: "library-v1:A+B") { key } }', "a library"),
        ('{ course(key: "course-v1:A+B+C") { key } }', "names a run"),
        ('{ courseRuns(filter: {course: "nonsense"}) { totalCount } }', "course"),
        ('{ programs(filter: {run: ""}) { totalCount } }', "empty"),
        ('{ program(id: "Course:A+B") { name } }', "not the id of a Program"),
        ('{ program(id: "7") { name } }', "not the id of a Program"),
        ('{ node(id: "zz") { id } }', "not an id"),
        ('{ node(id: "Nonsense:1") { id } }', "not an id"),
        ('{ node(id: "ProgramCategory:xseries") { id } }', "not an id"),
        ('{ nodes(ids: ["Course:A+B", "PageInfo:1"]) { id } }', "not an id"),
        ('{ organization(key: "a\\u0000b") { key } }', "U+0000"),
    ],
)
async def test_malformed_keys_and_ids_are_refused_with_a_reason(asking: Asking, query: str, message: str) -> None:
    error = await asking.error(query)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert message in error["message"]


async def test_a_search_for_a_very_long_text_is_refused(asking: Asking) -> None:
    query = "query ($text: String!) { courses(filter: {search: $text}) { totalCount } }"

    assert (await asking.data(query, {"text": "x" * 200}))["courses"]["totalCount"] == 0
    assert (await asking.error(query, {"text": "x" * 201}))["message"] == "search: 201 characters are more than 200"


async def test_too_many_ids_are_refused(asking: Asking) -> None:
    error = await asking.error("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["Course:A+B"] * 101})

    assert error["message"] == "ids: 101 are more than 100"


@pytest.mark.parametrize("viewer", [LEARNER, AUTHOR, ADMIN])
async def test_lists_of_programs_show_what_the_viewer_may_see(asking: Asking, viewer: Viewer) -> None:
    """spec/programs.md, "Program Lifecycle": unpublished are invisible to non-admins, deleted to everyone."""
    programs = (await asking.data(PROGRAM_NAMES, viewer=viewer))["programs"]

    assert names(programs) == VISIBLE[viewer]
    assert programs["totalCount"] == len(VISIBLE[viewer])


@pytest.mark.parametrize("viewer", [LEARNER, AUTHOR, ADMIN])
async def test_no_edge_leads_to_a_program_that_the_viewer_may_not_see(asking: Asking, viewer: Viewer) -> None:
    """domain/programs §2.3: back-edges, counts, cursors and ids are the easy leaks."""
    query = """query ($ids: [ID!]!) {
        organization(key: "Org0X") { programs(first: 100) { ...All } }
        course(key: "Org0X+C0.0x") { programs(first: 100) { ...All } }
        courseRun(key: "course-v1:Org0X+C0.0x+R0") { programs(first: 100) { ...All } }
        nodes(ids: $ids) { ... on Program { name } } }
        fragment All on ProgramConnection { totalCount nodes { name } edges { cursor } }"""

    data = await asking.data(query, {"ids": [f"Program:{uuid(i)}" for i in range(8)]}, viewer=viewer)

    for field in ("organization", "course", "courseRun"):
        programs = data[field]["programs"]
        assert names(programs) == VISIBLE[viewer]
        assert programs["totalCount"] == len(programs["edges"]) == len(VISIBLE[viewer])
    assert [node["name"] for node in data["nodes"] if node] == VISIBLE[viewer]


@pytest.mark.parametrize(("number", "viewer", "seen"), [(0, LEARNER, False), (0, AUTHOR, True), (3, ADMIN, False)])
async def test_a_hidden_program_is_answered_as_a_missing_one(
    asking: Asking, number: int, viewer: Viewer, seen: bool
) -> None:
    query = "query ($id: ID!) { program(id: $id) { name } node(id: $id) { id } }"

    data = await asking.data(query, {"id": f"Program:{uuid(number)}"}, viewer=viewer)

    assert (data["program"] is not None, data["node"] is not None) == (seen, seen)


async def test_a_requirement_hides_a_program_that_the_viewer_may_not_see(asking: Asking) -> None:
    query = f'{{ program(id: "Program:{uuid(5)}") {{ requirements {{ kind requiredProgram {{ name }} }} }} }}'

    for viewer, expected in ((LEARNER, None), (ADMIN, {"name": "Program 0"})):
        requirements = (await asking.data(query, viewer=viewer))["program"]["requirements"]
        assert [node["requiredProgram"] for node in requirements if node["kind"] == "PROGRAM"] == [expected]


async def test_a_run_in_two_modes_of_a_program_has_the_program_once(asking: Asking) -> None:
    """domain/programs §2.7: duplicates from joins must not repeat a program."""
    query = '{ courseRun(key: "course-v1:Org0X+C0.0x+R0") { programs { totalCount nodes { name } } } }'

    programs = (await asking.data(query))["courseRun"]["programs"]

    assert names(programs) == VISIBLE[LEARNER]
    assert programs["totalCount"] == 4


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('category: "XSeries"', [0, 2, 4, 6]),
        ('category: "unknown"', []),
        ("status: ACTIVE", [1, 5]),
        ("status: [ACTIVE, UNPUBLISHED]", [0, 1, 4, 5]),
        ("status: []", []),
        ('org: "org1x"', [0, 1, 2, 4, 5, 6]),
        ('org: "Org2X"', []),
        ('course: "Org1X/C0.0x"', [0, 1, 2, 4, 5, 6]),
        ('course: "Org2X+C0.0x"', []),
        ('run: "course-v1:Org0X+C0.0x+R1"', [0, 1, 2, 4, 5, 6]),
        ('run: "course-v1:Org0X+C0.0x+R2"', []),
        ('search: "PROGRAM 4"', [4]),
        ('search: "%"', []),
        ('search: "_rogram"', []),
        ('search: null, status: RETIRED, category: "xseries"', [2, 6]),
    ],
)
async def test_programs_are_filtered(asking: Asking, condition: str, expected: list[int]) -> None:
    """spec/programs.md, "GET /programs/": conditions combine, unknown values match nothing."""
    query = f"{{ programs(filter: {{ {condition} }}) {{ totalCount nodes {{ name }} }} }}"

    programs = (await asking.data(query, viewer=ADMIN))["programs"]

    assert names(programs) == [f"Program {number}" for number in expected]
    assert programs["totalCount"] == len(expected)


async def test_filters_are_taken_from_variables_of_any_depth(asking: Asking) -> None:
    document = """query ($f: ProgramFilter, $s: ProgramStatus!, $c: String) {
        a: programs(filter: $f) { nodes { name } }
        b: programs(filter: {status: [$s, RETIRED], category: $c}) { nodes { name } } }"""

    first = await asking.data(document, {"f": {"status": "ACTIVE"}, "s": "ACTIVE", "c": "xseries"}, viewer=ADMIN)
    other = await asking.data(document, {"f": {"search": "6"}, "s": "UNPUBLISHED"}, viewer=ADMIN)

    assert names(first["a"]) == ["Program 1", "Program 5"]
    assert names(first["b"]) == ["Program 2", "Program 6"]
    assert names(other["a"]) == ["Program 6"]
    assert names(other["b"]) == ["Program 0", "Program 2", "Program 4", "Program 6"]


@pytest.mark.parametrize(
    ("field", "condition", "count"),
    [
        ("organizations", 'search: "ORGANIZATION 1"', 1),
        ("courses", 'org: "ORG1X"', 3),
        ("courses", 'search: "c2.0x"', 3),
        ("courseRuns", 'org: "Org1X"', 9),
        ("courseRuns", 'course: "Org1X+C0.0x"', 3),
        ("courseRuns", 'search: "+r2"', 9),
        ("courseRuns", 'org: "Org1X", course: "Org0X+C0.0x"', 0),
    ],
)
async def test_other_lists_are_filtered(asking: Asking, field: str, condition: str, count: int) -> None:
    data = await asking.data(f"{{ {field}(filter: {{ {condition} }}, first: 100) {{ totalCount nodes {{ key }} }} }}")

    assert data[field]["totalCount"] == len(data[field]["nodes"]) == count


async def test_an_unknown_enum_value_is_refused_by_validation(asking: Asking) -> None:
    error = await asking.error("{ programs(filter: {status: DELETED}) { totalCount } }")

    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_anonymous_requests_get_health_and_introspection_and_nothing_else(asking: Asking) -> None:
    """spec/programs.md, "General notes": 401 if the user is not authenticated."""
    allowed = await asking.data("{ __typename __schema { queryType { name } } health { status } }", viewer=ANONYMOUS)
    assert allowed["health"] == {"status": "OK"}

    fragment = "{ ...F } fragment F on Query { nodes(ids: []) { id } }"
    for query in (PROGRAM_NAMES, "{ health { status } nodes(ids: []) { id } }", fragment):
        error = await asking.error(query, viewer=ANONYMOUS)
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("start", "end", "state"),
    [
        (None, None, "UPCOMING"),
        (2999, None, "UPCOMING"),
        (2999, 3000, "UPCOMING"),
        (2001, None, "CURRENT"),
        (2001, 2999, "CURRENT"),
        (2001, 2002, "ENDED"),
        (None, 2002, "ENDED"),
    ],
)
async def test_a_run_is_upcoming_current_or_ended(
    database: Database, start: int | None, end: int | None, state: str
) -> None:
    async with database.writing() as session:
        run = course_run(course(organization("MITx"), "6.002x", "Circuits"), "R1")
        run.start = datetime(start, 1, 1, tzinfo=UTC) if start else None
        run.end = datetime(end, 1, 1, tzinfo=UTC) if end else None
        run.is_source = state == "ENDED"
        session.add(run)

    data = await Asking(database).data(
        """query ($state: [CourseRunState!], $source: Boolean) {
          all: courseRuns { nodes { key run state isSource } }
          same: courseRuns(filter: {state: $state, source: $source}) { totalCount }
          other: courseRuns(filter: {state: [UPCOMING, CURRENT, ENDED], source: null}) { totalCount }
          none: courseRuns(filter: {state: []}) { totalCount } }""",
        {"state": [state], "source": state == "ENDED"},
        viewer=AUTHOR,
    )

    expected = {"key": "course-v1:MITx+6.002x+R1", "run": "R1", "state": state, "isSource": state == "ENDED"}
    assert data["all"]["nodes"] == [expected]
    assert [data[name]["totalCount"] for name in ("same", "other", "none")] == [1, 1, 0]


@pytest.mark.parametrize(
    "query",
    [
        '{ found: course(key: "org0x+c0.0X") { key } }',
        '{ found: courseRun(key: "course-v1:org0x+c0.0X+r0") { key } }',
        f'{{ found: program(id: "Program:{uuid(1).upper()}") {{ name }} }}',
        f'{{ found: node(id: "Program:{uuid(1).upper()}") {{ id }} }}',
        '{ courses(filter: { search: "oRG0x+c0" }) { found: totalCount } }',
        '{ courseRuns(filter: { course: "org0x+c0.0X" }) { found: totalCount } }',
        '{ programs(filter: { course: "org0x+c0.0X", run: "course-v1:org0x+c0.0X+r0" }) { found: totalCount } }',
    ],
)
async def test_keys_are_found_without_regard_to_case(asking: Asking, query: str) -> None:
    [found] = (await asking.data(query)).values()

    assert found.get("found", found) != 0 if "totalCount" in query else found is not None


@pytest.mark.parametrize(
    "id_",
    ["Program:x", "Program:not-a-uuid", "Course:x", "CourseRun:x", "Course:", "Nothing:x", "x", "Program:\\u0000"],
)
async def test_a_malformed_id_is_refused_by_itself_and_spares_its_neighbours(asking: Asking, id_: str) -> None:
    response = await asking.response(
        f'{{ nodes(ids: ["Course:Org0X+C0.0x", "{id_}"]) {{ id }} courses {{ totalCount }} }}'
    )

    assert response["data"]["nodes"] == [{"id": "Course:Org0X+C0.0x"}, None]
    assert response["data"]["courses"]["totalCount"] == 9
    [error] = response["errors"]
    assert error["path"] == ["nodes", 1]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("arguments", ['after: "zzz"', 'before: "zzz"', "first: 101", "last: -1"])
async def test_arguments_of_a_list_are_checked_whatever_is_selected_of_it(asking: Asking, arguments: str) -> None:
    for selection in ("totalCount", "nodes { key }", "pageInfo { hasNextPage }", "__typename"):
        error = await asking.error(f"{{ courses({arguments}) {{ {selection} }} }}")
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
