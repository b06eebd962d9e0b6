"""Courseware paths through GraphQL; the rules are tested where they are."""

from typing import Any

import pytest

from resolvers.access import ANONYMOUS
from resolvers.paths import answers
from schema import courseware_path
from tests.asking import AUTHOR
from tests.edx.courseware import BASE as BLOCKS
from tests.edx.simulator.situations import CS101
from tests.resolvers.paths.conftest import School, lms_school, school
from tests.resolvers.paths.test_service import SQLITE, at

__all__ = ["lms_school", "school"]

FIELDS = """{ path form steps { rule path } canonicalPath readablePath courseKey version sectionKey sequenceKey unitKey
  flags prerequisite { key sectionName } previousPath nextPath denial error { code message fallbackPath } }"""
ONE = f"query ($path: String!, $at: DateTime) {{ coursewarePath(path: $path, at: $at) {FIELDS} }}"
MANY = f"""query ($paths: [String!]!, $username: String) {{
  coursewarePaths(paths: $paths, username: $username) {FIELDS}
}}"""


@SQLITE
async def test_a_path_comes_with_its_way_its_place_and_its_neighbours(school: School) -> None:
    """spec/courseware-paths.md, "Decision"."""
    asked = at("one")

    found = (await school.asking.data(ONE, {"path": asked}, viewer=school.learner()))["coursewarePath"]

    assert len(found.pop("version")) == 64
    assert found == {
        "path": asked,
        "form": "SECTION",
        "steps": [
            {"rule": "FIRST_SEQUENCE_OF_SECTION", "path": at("first")},
            {"rule": "FIRST_UNIT", "path": at("first/u0")},
        ],
        "canonicalPath": at("first/u0"),
        "readablePath": None,
        "courseKey": CS101,
        "sectionKey": f"{BLOCKS}+type@chapter+block@one",
        "sequenceKey": f"{BLOCKS}+type@sequential+block@first",
        "unitKey": f"{BLOCKS}+type@vertical+block@u0",
        "flags": [],
        "prerequisite": None,
        "previousPath": None,
        "nextPath": at("first/u1"),
        "denial": None,
        "error": None,
    }


@SQLITE
async def test_what_the_lms_knows_is_told(lms_school: School) -> None:
    """content.md, P9."""
    variables = {"path": at("second")}

    found = (await lms_school.asking.data(ONE, variables, viewer=lms_school.learner()))["coursewarePath"]

    assert (found["flags"], found["prerequisite"]["sectionName"]) == (["GATED"], "First")


@SQLITE
async def test_many_paths_are_answered_in_order_errors_among_them(school: School) -> None:
    paths = [at("second"), "nonsense", at("u9"), f"/course/{CS101}/home"]

    found = (await school.asking.data(MANY, {"paths": paths}, viewer=AUTHOR))["coursewarePaths"]

    assert [each["path"] for each in found] == paths
    assert [each["error"] and each["error"]["code"] for each in found] == [None, "MALFORMED", "NOT_FOUND", None]
    assert [each["form"] for each in found] == ["SEQUENCE", None, None, "PAGE"]
    assert found[2]["error"]["fallbackPath"] == f"/course/{CS101}"


@SQLITE
@pytest.mark.parametrize(
    ("query", "variables", "viewer", "code"),
    [
        (ONE, {"path": at("first"), "at": "2026-02-01T00:00:00Z"}, None, "FORBIDDEN"),
        (MANY, {"paths": [at("first")], "username": "bob"}, None, "FORBIDDEN"),
        (MANY, {"paths": ["x"] * 501}, None, "BAD_USER_INPUT"),
        (ONE, {"path": at("first")}, ANONYMOUS, "UNAUTHENTICATED"),
    ],
)
async def test_who_asks_for_more_than_they_may_gets_an_error(
    school: School, query: str, variables: dict[str, Any], viewer: Any, code: str
) -> None:
    error = await school.asking.error(query, variables, viewer=viewer or school.learner())

    assert error["extensions"]["code"] == code


@SQLITE
async def test_a_learner_is_shown_as_staff_ask(school: School) -> None:
    variables = {"paths": [at("third")], "username": "alice"}

    [as_alice] = (await school.asking.data(MANY, variables, viewer=AUTHOR))["coursewarePaths"]
    [as_staff] = (await school.asking.data(MANY, {"paths": [at("third")]}, viewer=AUTHOR))["coursewarePaths"]

    assert (as_alice["error"]["code"], as_staff["flags"]) == ("NOT_FOUND", ["NOT_STARTED"])


@pytest.mark.parametrize(
    ("shown", "known"),
    [
        (courseware_path.CoursewareForm, answers.Form),
        (courseware_path.CoursewareRule, answers.Rule),
        (courseware_path.CoursewareFlag, answers.Flag),
        (courseware_path.CoursewarePathErrorCode, answers.Code),
        (courseware_path.CourseAccessDenial, answers.Denied),
    ],
)
def test_every_word_of_the_rules_has_one_in_graphql(shown: Any, known: Any) -> None:
    assert {each.name: each.value for each in shown} == {each.name: each.value for each in known}
