"""Requirement trees as authors change them: all of, a minimum of, electives, programs in programs."""

from typing import Any

import pytest

from tests.asking import AUTHOR, Asking
from tests.resolvers.programs.test_edits import courses, made, modes
from tests.schema.test_program_mutations import ACTIVE, RETIRED, RUN, UNPUBLISHED, change, document, refused

TREE = "query ($id: ID!) { program(id: $id) { requirements { kind depth title minimum isElective "
TREE += "course { key } requiredProgram { id } } } }"
C0, C1, C2 = ({"course": f"Org0X+C{i}.0x"} for i in range(3))


def group(*requirements: Any, **given: Any) -> dict[str, Any]:
    return {"group": {"requirements": [*requirements], **given}}


async def tree(asking: Asking, id_: str) -> list[tuple[Any, ...]]:
    """Depth and what each node is, depth first, without the root."""
    found = (await asking.data(TREE, {"id": id_}, viewer=AUTHOR))["program"]["requirements"][1:]
    return [
        (
            node["depth"],
            node["course"]["key"] if node["course"] else node["kind"] if node["kind"] != "PROGRAM" else "PROGRAM",
            node["minimum"],
        )
        for node in found
    ]


async def set_tree(asking: Asking, id_: str, *requirements: Any) -> Any:
    return await change(asking, "setProgramRequirements", AUTHOR, id=id_, requirements=[*requirements])


async def test_a_tree_is_set_whole_and_its_leaves_are_the_courses_in_order(asking: Asking) -> None:
    """§5 "Requirement tree: all_of / min_number_of(n), nested, programs inside programs"."""
    id_ = await made(asking, runModes=[])
    wanted = (group(C2, C0, minimum=1, title="Electives", isElective=True), {"program": ACTIVE}, group(C1))

    payload = await set_tree(asking, id_, *wanted)

    assert courses(payload["program"]) == ["Org0X+C2.0x", "Org0X+C0.0x", "Org0X+C1.0x"]
    assert await tree(asking, id_) == [
        (1, "MIN_NUMBER_OF", 1),
        (2, "Org0X+C2.0x", None),
        (2, "Org0X+C0.0x", None),
        (1, "PROGRAM", None),
        (1, "ALL_OF", None),
        (2, "Org0X+C1.0x", None),
    ]
    found = (await asking.data(TREE, {"id": id_}, viewer=AUTHOR))["program"]["requirements"]
    assert (found[1]["title"], found[1]["isElective"]) == ("Electives", True)
    assert found[4]["requiredProgram"] == {"id": ACTIVE}


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ([group(C0, minimum=0)], [("INVALID", "requirements")]),
        ([group(C0, minimum=2)], [("INVALID", "requirements")]),
        ([group(minimum=1)], [("INVALID", "requirements")]),
        ([C0, group(C0)], [("DUPLICATE", "requirements")]),
        ([{"program": ACTIVE}, {"program": ACTIVE}], [("DUPLICATE", "requirements")]),
        ([{"course": "Org1X+C0.0x"}], [("COURSE_OF_OTHER_ORGANIZATION", "requirements")]),
        ([{"program": "Program:00000000-0000-4000-8000-000000000099"}], [("PROGRAM_UNKNOWN", "requirements")]),
        ([{"program": "Program:00000000-0000-4000-8000-000000000003"}], [("PROGRAM_UNKNOWN", "requirements")]),
    ],
)
async def test_a_tree_that_cannot_be_met_is_refused(asking: Asking, requirements: Any, expected: Any) -> None:
    id_ = await made(asking, runModes=[])
    assert await refused(asking, "setProgramRequirements", AUTHOR, id=id_, requirements=requirements) == expected
    assert await tree(asking, id_) == [(1, "Org0X+C0.0x", None), (1, "Org0X+C1.0x", None)]


async def test_trees_are_bounded(asking: Asking) -> None:
    """A tree is as deep and as large as answers can show."""
    id_ = await made(asking, runModes=[])
    for depth in (9, 20):
        deep: Any = C0
        for _ in range(depth):
            deep = group(deep)
        assert ("INVALID", "requirements") in await refused(
            asking, "setProgramRequirements", AUTHOR, id=id_, requirements=[deep]
        )
    wide = [group(C0)] + [group()] * 500
    assert ("INVALID", "requirements") in await refused(
        asking, "setProgramRequirements", AUTHOR, id=id_, requirements=wide
    )


@pytest.mark.parametrize("wrong", [{"course": "Org0X+C0.0x", "program": ACTIVE}, {}, {"course": None}])
async def test_a_requirement_is_one_thing(asking: Asking, wrong: Any) -> None:
    variables = {"input": {"id": ACTIVE, "requirements": [wrong]}}
    error = await asking.error(document("setProgramRequirements"), variables, viewer=AUTHOR)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_no_program_requires_itself_directly_or_through_others(asking: Asking) -> None:
    """§5 "cycle check"."""
    first, second = await made(asking, runModes=[]), await made(asking, name="Second", runModes=[])
    await set_tree(asking, second, {"program": first})
    third = await made(asking, name="Third", runModes=[])
    await set_tree(asking, third, {"program": second})

    for nested in (first, second, third):
        assert await refused(
            asking, "setProgramRequirements", AUTHOR, id=first, requirements=[C0, group({"program": nested})]
        ) == [("PROGRAM_CYCLE", "requirements")]


async def test_a_course_is_added_moved_and_removed(asking: Asking) -> None:
    id_ = await made(asking)
    mode = {"run": "course-v1:Org0X+C2.0x+R0", "modeSlug": "audit"}

    added = await change(
        asking, "addCourseToProgram", AUTHOR, id=id_, course="Org0X/C2.0x", position=0, runModes=[mode]
    )
    assert courses(added["program"]) == ["Org0X+C2.0x", "Org0X+C0.0x", "Org0X+C1.0x"]
    assert [run for run, *_ in modes(added["program"])] == [RUN, "course-v1:Org0X+C2.0x+R0"]
    moved = await change(asking, "moveProgramCourse", AUTHOR, id=id_, course="org0x+c2.0x", position=2)
    assert courses(moved["program"]) == ["Org0X+C0.0x", "Org0X+C1.0x", "Org0X+C2.0x"]
    removed = await change(asking, "removeCourseFromProgram", AUTHOR, id=id_, course="ORG0X+C0.0x")
    assert courses(removed["program"]) == ["Org0X+C1.0x", "Org0X+C2.0x"]
    assert [run for run, *_ in modes(removed["program"])] == ["course-v1:Org0X+C2.0x+R0"]
    last = await change(asking, "addCourseToProgram", AUTHOR, id=id_, course="Org0X+C0.0x")
    assert courses(last["program"])[-1] == "Org0X+C0.0x"
    assert last["program"]["revision"] == 5


async def test_courses_within_groups_are_moved_and_removed_where_they_stand(asking: Asking) -> None:
    """A group that is left empty goes too, and asks for no more than it has."""
    id_ = await made(asking, runModes=[])
    await set_tree(asking, id_, C0, group(C1, C2, minimum=2))

    await change(asking, "moveProgramCourse", AUTHOR, id=id_, course="Org0X+C2.0x", position=0)
    assert (await tree(asking, id_))[2:] == [(2, "Org0X+C2.0x", None), (2, "Org0X+C1.0x", None)]
    await change(asking, "removeCourseFromProgram", AUTHOR, id=id_, course="Org0X+C1.0x")
    assert (await tree(asking, id_))[1:] == [(1, "MIN_NUMBER_OF", 1), (2, "Org0X+C2.0x", None)]
    await change(asking, "removeCourseFromProgram", AUTHOR, id=id_, course="Org0X+C2.0x")
    assert await tree(asking, id_) == [(1, "Org0X+C0.0x", None)]


@pytest.mark.parametrize(
    ("mutation", "given", "expected"),
    [
        ("addCourseToProgram", {"course": "org0x+c0.0x"}, ("DUPLICATE", "course")),
        ("addCourseToProgram", {"course": "nonsense"}, ("BAD_COURSE_KEY", "course")),
        ("addCourseToProgram", {"course": "Org0X+None"}, ("COURSE_UNKNOWN", "course")),
        ("addCourseToProgram", {"course": "Org1X+C0.0x"}, ("COURSE_OF_OTHER_ORGANIZATION", "course")),
        ("addCourseToProgram", {"course": "Org0X+C2.0x", "position": 3}, ("INVALID", "position")),
        ("addCourseToProgram", {"course": "Org0X+C2.0x", "position": -1}, ("INVALID", "position")),
        ("removeCourseFromProgram", {"course": "Org0X+C2.0x"}, ("COURSE_UNKNOWN", "course")),
        ("moveProgramCourse", {"course": "Org0X+C2.0x", "position": 0}, ("COURSE_UNKNOWN", "course")),
        ("moveProgramCourse", {"course": "Org0X+C0.0x", "position": 2}, ("INVALID", "position")),
    ],
)
async def test_a_course_that_cannot_go_there_is_refused(
    asking: Asking, mutation: str, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    id_ = await made(asking)
    assert await refused(asking, mutation, AUTHOR, id=id_, **given) == [expected]


async def test_every_change_of_a_tree_keeps_the_runs_that_learners_see(asking: Asking) -> None:
    """spec/programs.md, "Program Lifecycle": when active, Course Runs cannot be removed from the Program."""
    for id_ in (ACTIVE, RETIRED):
        for mutation, given in (
            ("setProgramRequirements", {"requirements": [C1]}),
            ("removeCourseFromProgram", {"course": "Org0X+C0.0x"}),
        ):
            found = await refused(asking, mutation, AUTHOR, id=id_, **given)
            assert found == [("PROGRAM_ACTIVE", "runModes")] * 2
    moved = await change(asking, "moveProgramCourse", AUTHOR, id=ACTIVE, course="Org0X+C0.0x", position=1)
    assert courses(moved["program"])[:2] == ["Org0X+C1.0x", "Org0X+C0.0x"]
    assert (await change(asking, "removeCourseFromProgram", AUTHOR, id=UNPUBLISHED, course="Org0X+C0.0x"))["program"]
