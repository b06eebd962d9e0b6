from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from ondisk.dublin_core import DublinCore
from ondisk.entry import Entry, Instructor
from ondisk.inheritance import VALUES, inherit_entry, overlay
from tests.ondisk.trees import read_course, read_section, write_course

NOW = datetime(2014, 9, 1, tzinfo=UTC)
PAST, FUTURE = datetime(2001, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def test_a_section_gives_only_what_is_different(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Course Sections": anything left unspecified is inherited from the course."""
    info = {"id": "CLC 3403", "title": "Law and Justice", "instructors": [{"name": "A"}], "tags": ["law"]}
    own = {"id": "CLC 3403-01", "instructors": [{"name": "B"}], "title": None, "tags": []}
    write_course(tmp_path, {"course_info.json": info, "Sections/01/course_info.json": own})
    write_course(tmp_path, {"Sections/02/role_info.json": {}})

    one, two = read_section(tmp_path, "01").entry, read_section(tmp_path, "02").entry

    assert (one.provider_unique_id, one.title, one.tags) == ("CLC 3403-01", "Law and Justice", ())
    assert one.instructors == (Instructor(name="B"),)
    assert two == read_course(tmp_path).entry
    assert one.sources["title"].endswith("CLC 3403/course_info.json")
    assert one.sources["provider_unique_id"].endswith("Sections/01/course_info.json")


def test_a_sections_own_values_are_kept_apart(tmp_path: Path) -> None:
    write_course(tmp_path, {"course_info.json": {"title": "A"}, "Sections/01/course_info.json": {"id": "1"}})
    [own] = read_course(tmp_path).sections
    assert own.entry == Entry(provider_unique_id="1", sources=own.entry.sources)
    assert own.outline is None


@pytest.mark.parametrize("name", [name for name in VALUES if name not in {"end", "preview"}])
def test_every_value_is_inherited_on_its_own(name: str) -> None:
    values: list[dict[str, Any]] = [{name: "course"}, {name: "section"}]
    course, section = (Entry(**given) for given in values)
    assert getattr(inherit_entry(course, section), name) == "section"
    assert getattr(inherit_entry(course, Entry()), name) == "course"
    assert getattr(inherit_entry(Entry(), section), name) == "section"


@pytest.mark.parametrize(
    ("course", "section", "effective"),
    [
        (None, None, None), (True, None, True), (True, False, False), (False, True, True), (None, True, True),
    ],
)  # fmt: skip
def test_a_section_is_as_public_as_its_course_unless_it_says_so(
    tmp_path: Path, course: bool | None, section: bool | None, effective: bool | None
) -> None:
    """spec/course-directories.rst, "Course Sections": a silent section of a restricted course is restricted."""
    assert inherit_entry(Entry(non_public=course), Entry(non_public=section)).non_public is effective


@pytest.mark.parametrize(
    ("course", "section", "expected"),
    [
        (Entry(preview=True), Entry(), True),
        (Entry(preview=True), Entry(start=PAST), False),
        (Entry(preview=True), Entry(start=PAST, preview=True), True),
        (Entry(preview=False), Entry(start=FUTURE), True),
        (Entry(start=FUTURE), Entry(), True),
        (Entry(start=FUTURE), Entry(preview=False), False),
        (Entry(start=FUTURE), Entry(start=PAST), False),
        (Entry(), Entry(), False),
    ],
)
def test_whether_a_section_is_a_preview_comes_from_the_nearest_word_on_it(
    course: Entry, section: Entry, expected: bool
) -> None:
    assert inherit_entry(course, section).is_preview(NOW) is expected


@pytest.mark.parametrize(
    ("course", "section", "expected"),
    [
        (Entry(start=PAST, duration=WEEK), Entry(), PAST + WEEK),
        (Entry(start=PAST, duration=WEEK), Entry(start=FUTURE), FUTURE + WEEK),
        (Entry(start=PAST, duration=WEEK), Entry(duration=2 * WEEK), PAST + 2 * WEEK),
        (Entry(start=PAST, duration=WEEK), Entry(end=FUTURE), FUTURE),
        (Entry(start=PAST, duration=WEEK, end=NOW), Entry(), NOW),
        (Entry(start=PAST, duration=WEEK, end=NOW), Entry(start=FUTURE), FUTURE + WEEK),
        (Entry(start=PAST, end=NOW), Entry(start=FUTURE), NOW),
        (Entry(end=NOW), Entry(duration=WEEK), NOW),
        (Entry(start=PAST), Entry(duration=WEEK), PAST + WEEK),
        (Entry(), Entry(start=PAST, duration=WEEK), PAST + WEEK),
    ],
)
def test_the_end_of_a_section_follows_from_its_own_start_and_duration(
    course: Entry, section: Entry, expected: datetime
) -> None:
    assert inherit_entry(course, section).ends == expected


def test_a_sections_sign_off_is_made_of_the_instructors_that_hold_in_it() -> None:
    course = Entry(instructors=(Instructor(name="A"),))
    assert inherit_entry(course, Entry()).sign_off == "A"
    assert inherit_entry(course, Entry(instructors=(Instructor(name="B"),))).sign_off == "B"
    assert inherit_entry(Entry(signature="S"), Entry(instructors=(Instructor(name="B"),))).sign_off == "S"


@pytest.mark.parametrize(
    ("course_json", "course_dublin", "json", "dublin", "expected"),
    [
        ("j", "d", None, None, "d"),
        ("j", "d", "J", None, "J"),
        ("j", "d", "J", "D", "D"),
        ("j", None, None, "D", "D"),
        ("j", None, None, None, "j"),
    ],
)
def test_dublin_core_overrides_only_the_same_level(
    course_json: str | None, course_dublin: str | None, json: str | None, dublin: str | None, expected: str
) -> None:
    """spec/course-directories.rst, "dc_metadata.xml" and "Course Sections"."""
    path = PurePosixPath("dc_metadata.xml")
    course = overlay(Entry(title=course_json), DublinCore(title=course_dublin), path)
    section = overlay(Entry(title=json), DublinCore(title=dublin), path)
    assert inherit_entry(course, section).title == expected
