from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ondisk.assignments import TOO_MANY, AssignmentDates
from ondisk.diagnostics import Code, Severity
from tests.ondisk.trees import QUIZ, codes, errors, read_course, read_section, write_course

OVERRIDES = "assignment_date_overrides.json"
BEGINNING, ENDING = "available_for_submission_beginning", "available_for_submission_ending"
WHEN = datetime(2014, 1, 22, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({BEGINNING: "2014-01-22T06:00:00Z"}, AssignmentDates(WHEN, None)),
        ({ENDING: "2014-01-22T00:00:00-06:00"}, AssignmentDates(None, WHEN)),
        ({BEGINNING: "2014-01-22T06:00:00", ENDING: "2014-01-22T06:00:00Z"}, AssignmentDates(WHEN, WHEN)),
        ({}, AssignmentDates()),
    ],
)
def test_a_section_replaces_the_dates_that_it_gives(
    tmp_path: Path, dates: dict[str, str], expected: AssignmentDates
) -> None:
    """spec/course-directories.rst, "assignment_date_overrides.json"."""
    write_course(tmp_path, {f"Sections/01/{OVERRIDES}": {QUIZ: dates}})
    section = read_section(tmp_path)
    assert section.usable
    assert section.assignment_dates == {QUIZ: expected}


def test_sections_are_independent_of_each_other(tmp_path: Path) -> None:
    write_course(tmp_path, {f"Sections/01/{OVERRIDES}": {QUIZ: {BEGINNING: "2014-01-22T06:00:00Z"}}})
    write_course(tmp_path, {f"Sections/02/{OVERRIDES}": {QUIZ: {ENDING: "2014-01-22T06:00:00Z"}}})
    write_course(tmp_path, {"Sections/03/role_info.json": {}})
    found = [read_section(tmp_path, name).assignment_dates for name in ("01", "02", "03")]
    assert found == [{QUIZ: AssignmentDates(WHEN)}, {QUIZ: AssignmentDates(None, WHEN)}, {}]


def test_in_a_course_the_file_has_no_effect_even_on_its_sections(tmp_path: Path) -> None:
    """spec/course-directories.rst, "assignment_date_overrides.json": only implemented for course sections."""
    write_course(tmp_path, {OVERRIDES: "bad", "Sections/01/role_info.json": {}})
    course = read_course(tmp_path)
    assert course.usable
    assert Code.NO_EFFECT in codes(course.diagnostics, Severity.ADVICE)
    assert read_section(tmp_path).assignment_dates == {}


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"QUIZ1": {}}, Code.BAD_NTIID),
        ({QUIZ: None}, Code.WRONG_TYPE),
        ({QUIZ: {BEGINNING: "soon"}}, Code.BAD_VALUE),
        ({QUIZ: {BEGINNING: None}}, Code.WRONG_TYPE),
        ([], Code.WRONG_TYPE),
        ("", Code.JSON),
    ],
)
def test_bad_overrides_cost_the_section_and_not_its_course(tmp_path: Path, overrides: Any, code: Code) -> None:
    write_course(tmp_path, {f"Sections/01/{OVERRIDES}": overrides})
    course = read_course(tmp_path)
    assert course.usable
    assert not course.sections[0].usable
    assert errors(course.sections[0].diagnostics) == [(code, 1)]


def test_other_keys_and_dates_in_the_wrong_order_are_an_advice(tmp_path: Path) -> None:
    entry = {"Title": "x", BEGINNING: "2014-02-01", ENDING: "2014-01-01"}
    write_course(tmp_path, {f"Sections/01/{OVERRIDES}": {QUIZ: entry}})
    section = read_section(tmp_path)
    assert codes(section.diagnostics, Severity.ADVICE) == [Code.UNKNOWN_KEY, Code.BAD_VALUE]


def test_only_so_many_errors_are_told(tmp_path: Path) -> None:
    write_course(tmp_path, {f"Sections/01/{OVERRIDES}": {str(number): {} for number in range(100)}})
    assert len(read_section(tmp_path).diagnostics) == TOO_MANY


def test_the_name_of_a_later_layout_is_not_read_but_told(tmp_path: Path) -> None:
    write_course(tmp_path, {"Sections/01/role_info.json": {}, "Sections/01/assignment_policies.json": {QUIZ: {}}})
    section = read_section(tmp_path)
    assert section.assignment_dates == {}
    assert codes(section.diagnostics, Severity.ADVICE) == [Code.NEAR_MISS]
