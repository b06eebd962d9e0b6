import pytest

from ondisk.names import bundle_ntiid, clashes, entry_ntiid, fold, is_ntiid, node_ntiid, oddity, refusal, specific


@pytest.mark.parametrize("name", ["CLC 3403", "clc-3403", "CLC3403", "C.L.C 3403", "\uff23LC_3403"])
def test_case_spaces_and_special_characters_do_not_count_in_a_name(name: str) -> None:
    """spec/course-directories.rst, "Courses Directory"."""
    assert fold(name) == "clc3403"


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert fold("Caf\u00e9") == fold("Cafe\u0301")


def test_each_name_that_conflicts_is_told_with_another_one() -> None:
    assert clashes(["a b", "AB", "c", "a_b"]) == {"AB": "a b", "a b": "AB", "a_b": "AB"}
    assert clashes(["--", "__", "c"]) == {}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["Spring2014", "Gateway"], "Spring2014_Gateway"),
        (["Fall2014", "CLC 3403"], "Fall2014_CLC_3403"),
        (
            ["Fall2013", "CLC3403_LawAndJustice", "SubInstances", "02-Restricted"],
            "Fall2013_CLC3403_LawAndJustice_SubInstances_02_Restricted",
        ),
        (["Übung"], "bung"),
    ],
)
def test_the_specific_part_of_an_identifier_is_the_path(parts: list[str], expected: str) -> None:
    assert specific(parts) == expected


def test_identifiers_come_from_the_path() -> None:
    """spec/course-directories.rst, "Courses Directory": the structure becomes part of the identifiers."""
    tag = "tag:nextthought.com,2011-10"
    assert entry_ntiid(["Spring2014", "Gateway"]) == f"{tag}:NTI-CourseInfo-Spring2014_Gateway"
    assert bundle_ntiid(["Spring2014", "Gateway"]) == f"{tag}:NTI-Bundle:CourseBundle-Spring2014_Gateway"
    assert node_ntiid(["Fall2015", "CS 1323"], (3, 0)) == f"{tag}:NTI-NTICourseOutlineNode-Fall2015_CS_1323.3.0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tag:nextthought.com,2011-10:OU-NAQ-CLC3403_LawAndJustice.naq.asg:QUIZ1_aristotle", True),
        ("tag:nextthought.com,2011-10:USSC-HTML-Cohen.cohen_v._california.", True),
        (entry_ntiid(["Spring2014", "Gateway"]), True),
        (bundle_ntiid(["Spring2014", "Gateway"]), True),
        ("", False),
        ("QUIZ1", False),
        ("tag:nextthought.com,2011-10", False),
        ("tag:nextthought.com,1999-10:OU-NAQ-x", False),
        ("tag:nextthought.com,2011-10:OU-NAQ-x-y", False),
        ("tag:nextthought.com,2011-10:OU-NAQ-x/y", False),
        ("tag:nextthought.com,2011-10:OU-NAQ-x#y", False),
    ],
)
def test_identifiers_of_content_are_told_from_other_texts(text: str, expected: bool) -> None:
    assert is_ntiid(text) is expected


@pytest.mark.parametrize("name", ["01", "CLC 3403", "Übung", "a", "Sections", "x" * 255, "naïve - é"])
def test_a_name_with_a_letter_or_digit_can_be_used(name: str) -> None:
    assert refusal(name) is None


@pytest.mark.parametrize("name", ["数学", "- -", "a\nb", "a\x7fb", "a\u2028b", "a\udc80"])
def test_a_name_without_a_letter_or_with_control_characters_cannot(name: str) -> None:
    assert refusal(name)


@pytest.mark.parametrize(
    ("name", "odd"), [("01", False), ("01 ", True), ("01.", True), ("e\u0301", True), ("é", False)]
)
def test_names_that_other_systems_would_change_are_odd(name: str, odd: bool) -> None:
    assert bool(oddity(name)) is odd
