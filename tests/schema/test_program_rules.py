"""What an installation decides: how many organizations a program has, and whether a course is in one program only."""

import asyncio
from typing import Any

import pytest

from db.engine import Database
from resolvers.programs.lifecycle import Rules
from tests.asking import ADMIN, AUTHOR, Asking
from tests.catalog import fill
from tests.schema.test_program_mutations import NEW, UNPUBLISHED, change, document, program, refused

BOTH, ALL = ["Org0X", "Org1X"], ["Org0X", "Org1X", "Org2X"]


async def asking_under(database: Database, rules: Rules) -> Asking:
    await fill(database)
    return Asking(database, rules=rules)


@pytest.mark.parametrize(
    ("most", "organizations", "is_taken"),
    [
        (1, ["Org0X"], True),
        (1, BOTH, False),
        (2, BOTH, True),
        (2, ALL, False),
        (0, ALL, True),
        (0, [], False),
    ],
)  # fmt: skip
async def test_a_program_has_as_many_organizations_as_the_installation_allows(
    database: Database, most: int, organizations: list[str], *, is_taken: bool
) -> None:
    """spec/programs.md, "ProgramOrganization": one in the MVP, several later; 0 is any number."""
    asking = await asking_under(database, Rules(max_organizations=most))
    given: dict[str, Any] = {**NEW, "organizations": organizations}

    if is_taken:
        made = (await change(asking, "createProgram", AUTHOR, **given))["program"]
        assert [each["key"] for each in made["organizations"]] == organizations
    else:
        assert await refused(asking, "createProgram", AUTHOR, **given) == [("ORG_COUNT", "organizations")]


async def test_a_program_that_has_more_is_left_alone_until_they_change(asking: Asking) -> None:
    """Programs 0 to 7 have two organizations, under a rule of one."""
    assert (await change(asking, "updateProgram", AUTHOR, id=UNPUBLISHED, name="New"))["program"]["name"] == "New"
    assert await refused(asking, "updateProgram", AUTHOR, id=UNPUBLISHED, organizations=BOTH[::-1]) == [
        ("ORG_COUNT", "organizations")
    ]


async def test_courses_are_of_any_of_the_organizations_and_nested_programs_of_all(database: Database) -> None:
    """§1.4: the course's organization must be one of the program's; a program that is required may be of others."""
    asking = await asking_under(database, Rules(max_organizations=0))
    other = (await change(asking, "createProgram", name="Other", category="xseries", organizations=["Org2X"]))[
        "program"
    ]
    courses = [{"course": "Org0X+C0.0x"}, {"course": "Org1X+C0.0x"}, {"program": other["id"]}]
    made = await change(asking, "createProgram", **{**NEW, "organizations": BOTH, "requirements": courses})

    assert [each["key"] for each in made["program"]["courses"]] == ["Org0X+C0.0x", "Org1X+C0.0x"]
    wrong = [*courses, {"course": "Org2X+C0.0x"}]
    assert await refused(asking, "setProgramRequirements", id=made["program"]["id"], requirements=wrong) == [
        ("COURSE_OF_OTHER_ORGANIZATION", "requirements")
    ]


async def test_a_course_may_be_in_several_programs(asking: Asking) -> None:
    """X5: the specification's rule of one program was only to simplify a dashboard; it is not asked for."""
    made = await change(asking, "createProgram", **NEW, courses=["Org0X+C0.0x"])

    assert made["program"]["courses"] == [{"key": "Org0X+C0.0x"}]


async def test_an_installation_may_have_a_course_in_one_program_only(database: Database) -> None:
    """spec/programs.md, "ProgramCourseCode": a CourseCode may only be associated with a single Program."""
    asking = await asking_under(database, Rules(is_course_exclusive=True, max_organizations=0))
    free = {"name": "Free", "category": "xseries", "organizations": ["Org2X"], "courses": ["Org2X+C0.0x"]}
    made = (await change(asking, "createProgram", AUTHOR, **free))["program"]

    assert await refused(asking, "createProgram", AUTHOR, **{**free, "name": "Second"}) == [
        ("COURSE_TAKEN", "courses.0")
    ]
    again = await change(asking, "updateProgram", AUTHOR, id=made["id"], courses=["Org2X+C1.0x", "Org2X+C0.0x"])
    assert again["program"]["courses"] == [{"key": "Org2X+C1.0x"}, {"key": "Org2X+C0.0x"}]

    await change(asking, "deleteProgram", ADMIN, id=made["id"])
    assert (await change(asking, "createProgram", AUTHOR, **{**free, "name": "Second"}))["program"]


async def test_programs_that_share_courses_already_keep_them(database: Database) -> None:
    asking = await asking_under(database, Rules(is_course_exclusive=True, max_organizations=0))
    courses = [course["key"] for course in (await program(asking, UNPUBLISHED))["courses"]]
    requirements = [{"course": course} for course in courses]

    changed = await change(asking, "setProgramRequirements", id=UNPUBLISHED, requirements=requirements[:2])
    assert len(changed["program"]["courses"]) == 2


async def test_of_two_programs_that_take_a_course_at_once_one_gets_it(database: Database) -> None:
    asking = await asking_under(database, Rules(is_course_exclusive=True))
    other = Asking(database, rules=Rules(is_course_exclusive=True))
    free = {"category": "xseries", "organizations": ["Org2X"], "courses": ["Org2X+C0.0x"]}
    answers = await asyncio.gather(
        *(
            of.data(document("createProgram"), {"input": {**free, "name": name}}, viewer=ADMIN)
            for of, name in ((asking, "One"), (other, "Two"))
        )
    )

    codes = sorted(error["code"] for answer in answers for error in answer["payload"]["userErrors"])
    assert codes == ["COURSE_TAKEN"]
