from contextlib import suppress
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx.keys import CourseId, CourseKey, InvalidCourseKey

PARTS = st.from_regex(r"[\w\-~.:]{1,40}", fullmatch=True).filter(lambda part: part.strip(".") and "-v" not in part)
OLD_PARTS = st.from_regex(r"[\w\-.]{1,40}", fullmatch=True).filter(lambda part: part.strip("."))


@pytest.mark.parametrize(
    ("text", "org", "course", "run"),
    [
        ("course-v1:ANUx+ASTRO2X+2B3T2015", "ANUx", "ASTRO2X", "2B3T2015"),
        ("course-v1:MITxT+18.01.3x+2T2025", "MITxT", "18.01.3x", "2T2025"),
        ("course-v1:UAI_SOURCE+12.345x+SOURCE", "UAI_SOURCE", "12.345x", "SOURCE"),
        ("course-v1:Ünï+b+c", "Ünï", "b", "c"),
        ("course-v1:É+数+Ω", "É", "数", "Ω"),
        ("course-v1:a.b~c+x:y+z", "a.b~c", "x:y", "z"),
    ],
)
def test_a_key_is_split_into_organization_course_and_run(text: str, org: str, course: str, run: str) -> None:
    """spec/b2b-courseware.md, "Course keys"; the characters are those of Open edX."""
    key = CourseKey.parse(text)
    assert (key.org, key.course, key.run, key.deprecated) == (org, course, run, False)
    assert str(key) == text


def test_the_old_form_is_another_key_than_the_new_one_of_the_same_parts() -> None:
    """spec/programs.md writes `ANUx/ANU-ASTRO2x/2B3T2015`; Open edX holds the two forms apart."""
    old = CourseKey.parse("ANUx/ANU-ASTRO2x/2B3T2015")
    new = CourseKey.parse("course-v1:ANUx+ANU-ASTRO2x+2B3T2015")
    assert old.deprecated
    assert old != new
    assert str(old) == "ANUx/ANU-ASTRO2x/2B3T2015"
    assert old.course_id == new.course_id == CourseId("ANUx", "ANU-ASTRO2x")


def test_the_old_form_can_be_refused() -> None:
    """A contract's runs never have it (spec/b2b-courseware.md)."""
    with pytest.raises(InvalidCourseKey, match="the old form organization/course/run is not accepted here"):
        CourseKey.parse("MITx/6.002x/T1", allow_deprecated=False)
    assert CourseKey.parse("course-v1:MITx+6.002x+T1", allow_deprecated=False).run == "T1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("invalid", "it does not start with 'course-v1:'"),
        ("edx/demo", "it has 2 parts in place of three, organization/course/run"),
        ("a/b/c/d", "it has 4 parts in place of three, organization/course/run"),
        ("org/course/", "the run is empty (character 12)"),
        ("foo!/bar/baz", "the organization contains '!' (character 4)"),
        ("a/b~c/d", "the course number contains '~' (character 4)"),
        ("a:b/c/d", "the organization contains ':' (character 2)"),
        ("../../..", "the organization is only dots"),
        ("COURSE-V1:a+b+c", "the namespace must be written 'course-v1', in lower case"),
        ("Course-v1:a+b+c", "the namespace must be written 'course-v1', in lower case"),
        ("ccx-v1:a+b+c", "its namespace is 'ccx-v1' in place of 'course-v1'"),
        ("library-v1:org+lib", "it names a library"),
        ("program-v1:UAI+astro", "it names a program"),
        ("block-v1:a+b+c+type@html+block@x", "it names a block"),
        ("course-v1:", "it has 1 part in place of three, organization+course+run"),
        ("course-v1:edX+DemoX", "it has 2 parts in place of three, organization+course+run"),
        ("course-v1:a+b+c+d", "it has 4 parts in place of three, organization+course+run"),
        ("course-v1:A++C", "the course number is empty (character 13)"),
        ("course-v1:A+B+", "the run is empty (character 15)"),
        ("course-v1:+B+C", "the organization is empty (character 11)"),
        ("course-v1:course-v1:a+b+c", "the organization reads like a namespace"),
        ("course-v1:a b+c+d", "there is a space at character 12"),
        ("course-v1:a+b+c ", "there is a space at character 16"),
        ("course-v1:a+b+c\n", "there is a line break at character 16"),
        ("course-v1%3Aa%2Bb%2Bc", "it is still percent-encoded; decoded it reads 'course-v1:a+b+c'"),
        ("ANUx%2FASTRO%2F2015", "it is still percent-encoded; decoded it reads 'ANUx/ASTRO/2015'"),
        ("course-v1:a+b%20c+d", "it is still percent-encoded; decoded it reads 'course-v1:a+b c+d'"),
        ("course-v1:a+b+100%", "it is still percent-encoded"),
        ("course-v1:o+c+r+branch@draft", "it names a branch of the course from character 17 on"),
        ("course-v1:A+B+C+version@0123456789abcdef01234567", "it names a version of the course from character 17 on"),
        ("course-v1:version@0123456789abcdef01234567", "it names a version of the course from character 11 on"),
        ("course-v1:A+B+C+type@problem+block@x", "it names a block of the course from character 17 on"),
        ("course-v1:A+B+C@x", "the run contains '@' (character 16)"),
        ("course-v1:A+B+C/D", "the run contains '/' (character 16)"),
        ("course-v1:A+B+C\0", "the run contains '\\x00' (character 16)"),
        (f"course-v1:a+b+{'r' * 300}", "it has 314 characters, 255 are allowed"),
        (f"course-v1:{'o' * 65}+b+c", "the organization has 65 characters, 64 are allowed"),
        (f"{'o' * 65}/b/c", "the organization has 65 characters, 64 are allowed"),
    ],
)
def test_what_is_no_key_of_a_run_is_refused_with_what_is_wrong_and_where(text: str, reason: str) -> None:
    """spec/programs.md and spec/b2b-courseware.md: also what Open edX's parser takes yet cannot store."""
    with pytest.raises(InvalidCourseKey) as refused:
        CourseKey.parse(text)
    assert refused.value.reason == reason
    assert "is no course key: " in str(refused.value)


def test_the_longest_key_is_accepted() -> None:
    text = f"course-v1:{'o' * 64}+c+{'r' * 178}"
    assert len(text) == 255
    assert str(CourseKey.parse(text)) == text


def test_the_message_of_a_long_text_is_short_and_says_the_place() -> None:
    with pytest.raises(InvalidCourseKey) as refused:
        CourseKey.parse("course-v1:a b+" + "x" * 10_000)
    assert len(str(refused.value)) < 200
    assert refused.value.position == 12


@pytest.mark.parametrize(
    ("org", "course", "run", "deprecated"),
    [("", "c", "r", False), ("o", "c d", "r", False), ("o", "c", "r/x", True), ("course-v1:o", "c", "r", True)],
)
def test_no_invalid_key_can_be_put_together(org: str, course: str, run: str, deprecated: bool) -> None:
    with pytest.raises(InvalidCourseKey):
        CourseKey(org, course, run, deprecated=deprecated)


def test_a_key_cannot_be_changed() -> None:
    key = CourseKey("MITx", "6.002x", "T1")
    with pytest.raises(FrozenInstanceError):
        key.run = "T2"  # type: ignore[misc]  # the refusal is what is tested


def test_keys_differ_by_case_yet_fold_to_one_identity() -> None:
    """Open edX compares keys with their case but refuses a second one that differs by case only."""
    upper, lower = CourseKey.parse("course-v1:A+B+C"), CourseKey.parse("course-v1:a+b+c")
    assert upper != lower
    assert upper.folded == lower.folded
    assert CourseId("ANUx", "X").folded == CourseId("anux", "x").folded


@given(org=PARTS, course=PARTS, run=PARTS)
def test_every_key_reads_back_from_its_text(org: str, course: str, run: str) -> None:
    key = CourseKey(org, course, run)
    assert CourseKey.parse(str(key)) == key
    assert CourseId.parse(str(key.course_id)) == key.course_id


@given(org=OLD_PARTS, course=OLD_PARTS, run=OLD_PARTS)
def test_every_old_key_reads_back_from_its_text(org: str, course: str, run: str) -> None:
    key = CourseKey(org, course, run, deprecated=True)
    assert CourseKey.parse(str(key)) == key
    assert CourseId.parse(f"{org}/{course}") == key.course_id


@given(st.text(alphabet="course-v1:/+@%ab. \n", max_size=30))
def test_any_text_is_read_back_as_it_was_or_refused(text: str) -> None:
    with suppress(InvalidCourseKey):
        assert str(CourseKey.parse(text)) == text


@pytest.mark.parametrize("text", ["MITx+6.002x", "MITx/6.002x", "course-v1:MITx+6.002x"])
def test_the_three_texts_of_a_course_are_one_id(text: str) -> None:
    """`ANUx/ANU-ASTRO2x` in spec/programs.md, `course-v1:UAI_SOURCE+12.345x` in spec/b2b-courseware.md."""
    assert CourseId.parse(text) == CourseId("MITx", "6.002x")
    assert str(CourseId.parse(text)) == "MITx+6.002x"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("MITx", "it has 1 part in place of two, organization/course"),
        ("course-v1:MITx", "it has 1 part in place of two, organization+course"),
        ("MITx+6.002x+T1", "it has 3 parts, so it names a run of the course"),
        ("course-v1:MITx+6.002x+T1", "it has 3 parts, so it names a run of the course"),
        ("MITx/6.002x/T1/x", "it has 4 parts in place of two, organization/course"),
        ("MITx+", "the course number is empty (character 6)"),
        ("MITx+6/002", "the course number contains '/' (character 7)"),
        ("MITx%2F6.002x", "it is still percent-encoded; decoded it reads 'MITx/6.002x'"),
        ("program-v1:MITx+6", "it names a program"),
        ("MITx+6.002x\n", "there is a line break at character 12"),
        (f"{'o' * 65}+b", "the organization has 65 characters, 64 are allowed"),
        (f"o+{'b' * 254}", "it has 256 characters, 255 are allowed"),
    ],
)
def test_what_is_no_id_of_a_course_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidCourseKey) as refused:
        CourseId.parse(text)
    assert refused.value.reason == reason
    assert "is no course id: " in str(refused.value)
