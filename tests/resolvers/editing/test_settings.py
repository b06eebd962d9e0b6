"""Settings of blocks and of the course (§2.3 U11, U12 of the notes on OLX)."""

from typing import Any

import pytest

from edx.olx import files
from resolvers.content.nodes import write
from resolvers.editing.changes import Change, Orphans, ReplaceBlock, SetBlockSettings, SetCourseSettings
from tests.resolvers.editing.courses import FILES, codes, course_of, demo, edited, folder, key, olx, refused


def settings(made: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = made.course.settings_of(made.index.blocks[key(name)])
    return found


def test_only_what_is_named_changes() -> None:
    made = edited(SetBlockSettings("problem/sum", {"max_attempts": 5, "showanswer": "never", "x_own": "kept"}))
    assert settings(made, "problem/sum") == {
        "display_name": "Sum",
        "max_attempts": "5",
        "showanswer": "never",
        "x_own": "kept",
        "weight": 2.0,
    }
    assert made.course.policy is demo().policy


def test_null_takes_a_setting_out() -> None:
    made = edited(SetBlockSettings("problem/sum", {"max_attempts": None, "weight": None, "due": None}))
    assert settings(made, "problem/sum") == {"display_name": "Sum"}


def test_what_the_policy_sets_is_set_there() -> None:
    """It would win over the XML (F38)."""
    made = edited(SetBlockSettings("problem/sum", {"weight": 3.5}))
    assert settings(made, "problem/sum")["weight"] == 3.5
    assert made.index.blocks[key("problem/sum")].get("weight") is None


def test_settings_of_the_course_are_part_of_the_version() -> None:
    """U12."""
    made = edited(
        SetCourseSettings({"display_name": "New", "self_paced": True, "discussion_topics": {"A": {"id": "a"}}})
    )
    found = settings(made, "course/R")
    assert (found["display_name"], found["self_paced"]) == ("New", "true")
    assert found["discussion_topics"] == {"A": {"id": "a"}}
    assert made.index.blocks[key("course/R")].get("discussion_topics") is None
    assert write(made.course).root != write(demo()).root


def test_the_same_values_are_the_same_version() -> None:
    made = edited(
        SetBlockSettings("problem/sum", {"max_attempts": 3, "weight": 2}), SetCourseSettings({"display_name": "Demo"})
    )
    assert made.changed == ()
    assert write(made.course).root == write(demo()).root


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("graded", True, "true"),
        ("graded", "False", "False"),
        ("group_access", {"50": [1]}, '{"50": [1]}'),
        ("start", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("weight", 0.5, "0.5"),
        ("transcripts", {"en": "é.srt"}, '{"en": "é.srt"}'),
        ("display_name", "", ""),
        ("source", "a\n\tb", "a\n\tb"),
    ],
)
def test_values_are_written_as_olx_writes_them(name: str, value: Any, text: str) -> None:
    made = edited(SetBlockSettings("html/loose", {name: value}))
    assert made.index.blocks[key("html/loose")].get(name) == text


def test_open_assessments_write_capitals() -> None:
    """F27."""
    course = course_of({**FILES, "vertical/blue.xml": b'<vertical><openassessment url_name="o"><title/><rubric/>'
                        b"<assessments/></openassessment></vertical>"})  # fmt: skip
    made = edited(SetBlockSettings("o", {"leaderboard_show": True}), course=course)
    assert made.index.blocks[key("openassessment/o")].get("leaderboard_show") == "True"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("graded", "maybe", "Invalid data ('maybe' is neither true nor false)"),
        ("start", "next week", "Invalid data ('next week' is no time)"),
        ("weight", "heavy", "Invalid data ('heavy' is no number)"),
        ("max_attempts", 1.5, "Invalid data (1.5 is no whole number)"),
        ("group_access", [1], "Invalid data ([1] does not name groups of partitions)"),
        ("showanswer", "perhaps", "'perhaps' is none of"),
        ("user_partitions", {}, "Invalid data ({} is no list)"),
        ("transcripts", "[]", "Invalid data ('[]' is no object)"),
        ("display_name", "bell\x07", "cannot stand in XML"),
        ("url_name", "new", "is about files, and no setting"),
        ("tabs", [], "tabs is changed by updateTabs"),
        ("grading_policy", {}, "updateGradingPolicy"),
        ("a b", "x", "cannot be the name of a setting"),
        ("a:b", "x", "cannot be the name of a setting"),
        ("weight", float("nan"), "Invalid data"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_the_setting(name: str, value: Any, words: str) -> None:
    """U11: 'Invalid data ({details})'."""
    problems = refused(SetBlockSettings("problem/sum", {name: value, "due": "2030-01-01"}))
    assert codes(problems) == ["INVALID_SETTING"]
    assert problems[0].setting == name
    assert words in problems[0].message
    assert problems[0].breadcrumb == ("Demo", "One", "First", "Unit 1", "Sum")


def test_a_tag_of_2012_gives_way() -> None:
    """F10: its attributes would win over the block's own."""
    old = {**FILES, "sequential/s2.xml": b'<sequential><vertical filename="u3" url_name="u3" display_name="Tag"/>'
           b"</sequential>"}  # fmt: skip
    made = edited(SetBlockSettings("vertical/u3", {"display_name": "Set"}), course=course_of(old))
    assert made.index.blocks[key("vertical/u3")].display_name == "Set"
    found = {file.path: file.blob.read() for file in files(made.course)}
    assert b'<vertical url_name="u3" filename="u3"/>' in found["sequential/s2.xml"]


def test_a_shared_block_is_told_of() -> None:
    assert codes(edited(SetBlockSettings("both", {"display_name": "B"})).warnings) == ["SHARED"]


def test_a_course_without_a_policy_gets_one_where_only_it_has_the_word() -> None:
    bare = {path: data for path, data in FILES.items() if not path.endswith("policy.json")}
    made = edited(SetCourseSettings({"discussion_blackouts": [], "start": "2030-01-01"}), course=course_of(bare))
    assert made.course.policy is not None
    assert made.course.policy.path == "policies/R/policy.json"
    assert made.course.policy.value == {"course/R": {"discussion_blackouts": []}}


@pytest.mark.parametrize(
    "change",
    [
        SetCourseSettings({"lti_passports": ["••••••"]}),
        SetCourseSettings({"lti_passports": "••••••"}),
        SetBlockSettings("problem/sum", {"xqa_key": "••••••"}),
        ReplaceBlock("problem/sum", olx('<problem xqa_key="••••••">1 + 1</problem>'), Orphans.DECLINE),
        ReplaceBlock("problem/sum", folder(problem__sum='<problem xqa_key="••••••">2</problem>'), Orphans.DECLINE),
    ],
)
def test_a_password_as_it_is_shown_does_not_take_its_place(change: Change) -> None:
    """F26: passwords are not shown, so whoever sends back what was read does not know them."""
    [problem] = refused(change)
    assert "only stands for" in problem.message


DEEP = "[" * 200 + "]" * 200


@pytest.mark.parametrize(("name", "value"), [("xmlns", "urn:x"), ("discussion_topics", DEEP), ("x_own", DEEP)])
def test_what_could_not_be_read_again_is_refused(name: str, value: str) -> None:
    """Another namespace makes no block of it; what is nested too deep stops whatever looks through the policy."""
    assert codes(refused(SetCourseSettings({name: value}))) == ["INVALID_SETTING"]
