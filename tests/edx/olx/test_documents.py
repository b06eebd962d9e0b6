import orjson
import pytest

from edx.olx import Code, Severity
from edx.olx.documents import grading_faults
from tests.edx.olx.twins import COURSE, block_of, parsed, problem_of, report_of, unit

UNIT = unit(b'<vertical display_name="Unit"/>')


def with_policy(value: object) -> dict[str, bytes]:
    return UNIT | {"policies/R/policy.json": orjson.dumps(value)}


@pytest.mark.parametrize("path", ["policies/R/policy.json", "policies/R/grading_policy.json", "grading_policy.json"])
def test_a_policy_that_is_not_json_is_refused_with_its_place(path: str) -> None:
    """The notes on OLX, §1.7 F41 and §1.12: Open edX takes it for an empty one."""
    problem = problem_of(UNIT | {path: b'{"a":\n oops}'}, Code.INVALID_JSON)
    assert problem.place[:2] == (path, 2)
    assert problem_of(UNIT | {path: b"[]"}, Code.INVALID_JSON).message == "the file is not a JSON object"
    deep = b'{"a":' * 200 + b"{}" + b"}" * 200
    assert problem_of(UNIT | {path: deep}, Code.INVALID_JSON).message == "the file is nested too deep"


def test_policies_are_found_in_their_older_places() -> None:
    """The notes on OLX, §1.2."""
    older = UNIT | {"policies/R.json": b'{"course/R": {"x": 1}}', "grading_policy.json": b"{}"}
    course = parsed(older).course
    assert course.policy is not None
    assert course.grading is not None
    assert (course.policy.path, course.grading.path) == ("policies/R.json", "grading_policy.json")
    assert course.policy_of(course.root.key) == {"x": 1}
    both = older | {"policies/R/policy.json": b"{}"}
    course = parsed(both).course
    assert course.policy is not None
    assert course.policy.path == "policies/R/policy.json"
    assert [file.path for file in course.extras] == ["policies/R.json"]


def test_the_policy_wins_over_the_xml() -> None:
    """The notes on OLX, §1.7 F38 and F39: for any block, in the types of JSON; the other way round would be wrong."""
    source = with_policy({"vertical/v": {"display_name": "Policy", "graded": True}})
    found = parsed(source)
    assert found.course.settings_of(block_of(found, "vertical/v")) == {"display_name": "Policy", "graded": True}
    problem = problem_of(source, Code.POLICY_OVERRIDES, Severity.INFO)
    assert problem.message == "display_name is 'Policy' in the policy, which wins over 'Unit' in the XML"
    assert problem.block == ("vertical", "v")


def test_videos_and_blocks_of_other_packages_know_no_policy() -> None:
    """The notes on OLX, §1.7 F40."""
    inner = b'<video url_name="f" a="b"/><done url_name="d"/><discussion url_name="t" a="b"/>'
    source = unit(b"<vertical>" + inner + b"</vertical>")
    names = ["video/f", "done/d", "discussion/t"]
    source["policies/R/policy.json"] = orjson.dumps({name: {"start": 1} for name in names})
    found = parsed(source)
    knowing = [name for name in names if "start" in found.course.settings_of(block_of(found, name))]
    assert knowing == ["discussion/t"]


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("[1, 2]", [1, 2]), ('{"a": null}', {"a": None}), ("text", "text"), ("3", 3)]
)
def test_a_policy_that_says_the_same_in_other_words_is_no_conflict(text: str, value: object) -> None:
    """The notes on OLX, §1.7 F38: attributes are texts."""
    quoted = text.replace('"', "&quot;").encode()
    source = with_policy({"vertical/v": {"x": value}}) | {"vertical/v.xml": b'<vertical x="%s"/>' % quoted}
    assert report_of(source).problems == ()


def test_a_policy_for_a_block_that_is_not_there_is_warned_of() -> None:
    """The notes on OLX, §1.7 F41."""
    problem = problem_of(with_policy({"html/gone": {}}), Code.POLICY_WITHOUT_BLOCK, Severity.WARNING)
    assert problem.message == "there is no block 'html/gone'"
    assert problem_of(with_policy({"vertical/v": 1}), Code.INVALID_JSON).message.endswith("is not a JSON object")


def test_passwords_in_a_policy_are_reported_without_showing_them() -> None:
    """The notes on OLX, §1.5 F26."""
    problem = problem_of(with_policy({"course/R": {"lti_passports": ["a:b:c"]}}), Code.SECRETS, Severity.INFO)
    assert "a:b:c" not in str(problem)


def test_passwords_that_differ_between_policy_and_xml_are_not_shown_either() -> None:
    source = with_policy({"vertical/v": {"xqa_key": "one"}}) | {"vertical/v.xml": b'<vertical xqa_key="two"/>'}
    problem = problem_of(source, Code.POLICY_OVERRIDES, Severity.INFO)
    assert problem.message == "xqa_key is another in the policy, which wins over that in the XML"


GRADER = {"type": "Homework", "weight": 1, "min_count": 1, "drop_count": 0}


@pytest.mark.parametrize(
    ("policy", "faults"),
    [
        ({}, []),
        ({"GRADER": [GRADER], "GRADE_CUTOFFS": {"Pass": 0.5}}, []),
        ({"GRADER": [{**GRADER, "weight": 0.1}, {**GRADER, "type": "Exam", "weight": 0.9}]}, []),
        ({"GRADER": [{**GRADER, "weight": 0.5}]}, ["the weights add up to 0.5 in place of 1"]),
        ({"GRADER": [{**GRADER, "weight": "1"}]}, ["a weight is not a number"]),
        ({"GRADER": [{**GRADER, "min_count": 0}]}, ["min_count of 'Homework' is less than 1"]),
        ({"GRADER": [{**GRADER, "type": ["Homework"]}]}, ["an assignment type has no name"]),
        ({"GRADER": [{**GRADER, "drop_count": -1}]}, ["drop_count of 'Homework' is less than 0"]),
        (
            {"GRADER": [{**GRADER, "weight": 0.5}, {**GRADER, "weight": 0.5}]},
            ["more than one assignment type is called 'Homework'"],
        ),
        ({"GRADER": {}}, ["GRADER is not a list of objects"]),
        ({"GRADE_CUTOFFS": {"A": 0.9, "B": 0.8, "C": 0.7}}, []),
        ({"GRADE_CUTOFFS": {"A": 0.8, "B": 0.8}}, ["GRADE_CUTOFFS do not fall from one grade to the next"]),
        ({"GRADE_CUTOFFS": {"Pass": 1.5}}, ["GRADE_CUTOFFS is not an object of numbers from 0 to 1"]),
        ({"GRADE_CUTOFFS": {"Pass": True}}, ["GRADE_CUTOFFS is not an object of numbers from 0 to 1"]),
    ],
)
def test_a_grading_policy_has_to_add_up(policy: dict[str, object], faults: list[str]) -> None:
    """The notes on OLX, §1.7 F42."""
    assert list(grading_faults(policy)) == faults


def test_faults_of_the_grading_policy_are_warnings() -> None:
    source = UNIT | {"grading_policy.json": orjson.dumps({"GRADER": [{**GRADER, "weight": 2}]})}
    assert problem_of(source, Code.INVALID_GRADING, Severity.WARNING).place.file == "grading_policy.json"


def test_a_subsection_of_an_assignment_type_that_is_not_there_is_warned_of() -> None:
    """The notes on OLX, §1.7 F42."""
    source = {**COURSE, "policies/course/grading_policy.json": b"{}"}
    problem = problem_of(source, Code.INVALID_GRADING, Severity.WARNING)
    assert problem.message == "the assignment type 'Homework' is not in the grading policy"
    assert problem.place.file == "sequential/first.xml"
    odd = {**COURSE, "policies/course/grading_policy.json": b'{"GRADER": [{"type": ["Homework"], "weight": 1}]}'}
    told = [each.message for each in report_of(odd).problems if each.code is Code.INVALID_GRADING]
    assert told == ["an assignment type has no name", problem.message]


def test_a_policy_of_any_size_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edx.olx.documents.MAX_BYTES", 10)
    problem = problem_of(with_policy({"course/R": {}}), Code.TOO_LARGE)
    assert problem.place.file == "policies/R/policy.json"
