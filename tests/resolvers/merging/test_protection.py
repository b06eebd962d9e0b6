"""What updates from the source leave as it is (spec/content-api.md, "without loss"; G10 of the notes on OLX)."""

from collections.abc import Mapping
from typing import Any

import pytest

from edx.olx import Course, files
from resolvers.content.nodes import write
from resolvers.editing.changes import SetBlockSettings, SetCourseSettings
from resolvers.merging.protection import NONE, Protection, Rule, protect
from tests.resolvers.editing.courses import FILES, course_of, edited, key

TUNED = {
    "due": "2027-03-01T00:00:00Z",
    "visible_to_staff_only": "true",
    "group_access": '{"50": [1]}',
    "display_name": "Ours",
}


def tuned(block: str = "sequential/s1", **settings: Any) -> Course:
    """The run after its own people have changed settings of a block."""
    return edited(SetBlockSettings(block, settings or TUNED)).course


def source(**files: bytes) -> Course:
    """The next version of the source."""
    named = {name.replace("__", "/") + ".xml": data for name, data in files.items()}
    return course_of({**FILES, **named})


def settings(course: Course, block: str) -> Mapping[str, Any]:
    return course.settings_of(next(each for each in course.root.walk() if each.key == key(block)))


def test_the_runs_own_values_stay_and_all_else_comes_from_the_source() -> None:
    theirs = source(sequential__s1=b'<sequential display_name="Theirs" due="2030-01-01" format="Exam"/>')
    made, kept = protect(tuned(), theirs, Protection())

    assert settings(made, "sequential/s1") == {**TUNED, "display_name": "Theirs", "format": "Exam"}
    assert [(each.name, each.ours, each.theirs) for each in kept if each.name == "due"] == [
        ("due", TUNED["due"], "2030-01-01")
    ]
    assert {each.name for each in kept} == TUNED.keys() - {"display_name"}
    assert as_read(made) == as_read(theirs) - {"sequential/s1.xml"}


def as_read(course: Course) -> set[str]:
    """The definitions of blocks that are the very bytes that were read."""
    sources = {block.source.blob.digest for block in course.root.walk() if block.source}
    return {file.path for file in files(course) if file.path.endswith(".xml") and file.blob.digest in sources}


def test_what_is_not_set_in_the_run_stays_so() -> None:
    theirs = source(sequential__s1=b'<sequential display_name="First" start="2030-01-01"/>')
    made, [kept] = protect(course_of(FILES), theirs, Protection())

    assert "start" not in settings(made, "sequential/s1")
    assert (kept.block, kept.name, kept.theirs) == (key("sequential/s1"), "start", "2030-01-01")


def test_new_blocks_come_as_the_source_has_them() -> None:
    theirs = source(
        sequential__s3=b'<sequential display_name="Third"><vertical url_name="new"/></sequential>',
        vertical__new=b'<vertical display_name="New" start="2030-01-01"/>',
    )
    made, kept = protect(tuned(), theirs, Protection())

    assert settings(made, "vertical/new")["start"] == "2030-01-01"
    assert {each.block for each in kept} == {key("sequential/s1")}


def test_policies_are_kept_as_the_olx_is() -> None:
    """F38: the policy wins, so a value there would hide what was kept in the OLX."""
    policy = FILES["policies/R/policy.json"].replace(
        b'"problem/sum": {', b'"sequential/s1": {"due": "x"}, "problem/sum": {'
    )
    theirs = course_of({**FILES, "policies/R/policy.json": policy})
    made, _ = protect(tuned(), theirs, Protection())
    assert settings(made, "sequential/s1")["due"] == TUNED["due"]
    assert made.policy == course_of(FILES).policy

    ours = edited(SetCourseSettings({"start": "2027-01-01T00:00:00Z"})).course  # which is in the policy
    made, _ = protect(ours, course_of(FILES), Protection())
    assert settings(made, "course/R")["start"] == "2027-01-01T00:00:00Z"


def test_the_course_is_the_course_whatever_its_run_is_called() -> None:
    other = {
        path.replace("/R", "/S"): data.replace(b'"R"', b'"S"').replace(b"course/R", b"course/S")
        for path, data in FILES.items()
    }
    ours = edited(SetCourseSettings({"start": "2027-01-01T00:00:00Z", "end": "2028-01-01T00:00:00Z"})).course
    made, kept = protect(ours, course_of(other), Protection((Rule("start", block="course"),)))

    assert settings(made, "course/S")["start"] == "2027-01-01T00:00:00Z"
    assert [each.name for each in kept] == ["start"]
    assert made.policy is not None
    assert made.policy.path == "policies/S/policy.json"


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ((), set()),
        ((Rule("due"),), {"due"}),
        ((Rule("due", type="sequential"), Rule("display_name", type="problem")), {"due"}),
        ((Rule("due", block="sequential/s2"), Rule("group_access", block="sequential/s1")), {"group_access"}),
        ((Rule("display_name"),), {"display_name"}),
    ],
)
def test_rules_may_be_about_all_blocks_those_of_a_type_or_one(rules: tuple[Rule, ...], names: set[str]) -> None:
    _, kept = protect(tuned(), course_of(FILES), Protection(rules))
    assert {each.name for each in kept} == names


def test_an_update_that_brings_nothing_new_leaves_the_version_as_it_is() -> None:
    ours = tuned(due=TUNED["due"])
    made, _ = protect(ours, course_of(FILES), Protection())
    assert write(made).root == write(ours).root
    theirs = source(problem__sum=b"<problem/>")
    assert protect(ours, theirs, NONE) == (theirs, ())


def test_what_a_tag_of_2012_says_is_kept_too() -> None:
    """F10: attributes of the tag win over those of the file."""
    tag = b'<sequential display_name="Second"><vertical url_name="u3" filename="u3" start="%s"/></sequential>'
    ours, theirs = source(sequential__s2=tag % b"2027"), source(sequential__s2=tag % b"2030")
    made, [kept] = protect(ours, theirs, Protection())
    assert (settings(made, "vertical/u3")["start"], kept.theirs) == ("2027", "2030")
    made, _ = protect(
        ours,
        source(sequential__s2=b'<sequential><vertical url_name="u3"><html>x</html></vertical></sequential>'),
        Protection(),
    )
    assert settings(made, "vertical/u3")["start"] == "2027"


def test_a_block_in_two_places_is_told_once() -> None:
    """The tags that lead to it differ."""
    tags = {"sequential__s2": b"<sequential><vertical url_name='u3' filename='u3'/></sequential>",
            "sequential__s3": b"<sequential><vertical url_name='u3'/></sequential>"}  # fmt: skip
    unit = b'<vertical start="2027"><html url_name="both"/></vertical>'
    made, [kept] = protect(source(vertical__u3=unit), source(**tags), Protection())
    assert (kept.block, kept.ours) == (key("vertical/u3"), "2027")
    assert settings(made, "vertical/u3")["start"] == "2027"
