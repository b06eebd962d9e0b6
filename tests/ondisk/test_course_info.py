import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ondisk.diagnostics import Code, Severity
from ondisk.entry import Credit, Entry, Instructor, Prerequisite
from tests.ondisk.trees import codes, errors, read_course, write_course

INFO = "course_info.json"
START = datetime(2013, 8, 13, 6, tzinfo=UTC)
EVERY_KEY = {
    "ntiid": "tag:nextthought.com,2011-10:OU-HTML-x.course_info",
    "MimeType": "application/json",
    "id": " CLC 3403 ",
    "title": "Law and Justice",
    "description": "What makes a law just?",
    "richDescription": "<strong>What</strong>",
    "school": "Department of Classics and Letters",
    "term": "Fall 2014",
    "InstructorsSignature": "Dr Kyle Harper\n\nProvost",
    "startDate": "2013-08-13T06:00:00+00:00",
    "endDate": "2013-12-13T06:00:00Z",
    "duration": "16 Weeks",
    "isPreview": True,
    "is_non_public": True,
    "is_anonymously_but_not_publicly_accessible": False,
    "disable_calendar_overview": True,
    "instructors": [{"name": "Dr. Kyle Harper", "title": "Professor", "username": "harp4162"}],
    "video": "kaltura://1500101/0_gpczmps5/",
    "credit": [{"hours": 3, "enrollment": {"label": "Enroll", "url": "https://ou.example.edu"}}, {"hours": 0}],
    "schedule": {"days": ["MTWRF"], "times": ["10:30:00-05:00", "12:05:00-05:00"]},
    "prerequisites": [{"id": "CLC 1000", "title": "Before"}, {"title": "Reading"}],
    "additionalProperties": {"section": "parent", "deep": [1, 2.5, None]},
    "tags": ["Law", "law", ".hidden"],
    "creators": ["Jason"],
    "subjects": "law justice",
    "contributors": [],
}


def entry(tmp_path: Path, **info: Any) -> Entry:
    write_course(tmp_path, {INFO: info})
    return read_course(tmp_path).entry


def test_every_key_is_read(tmp_path: Path) -> None:
    """spec/course-directories.rst, "course_info.json"."""
    write_course(tmp_path, {INFO: EVERY_KEY})

    course = read_course(tmp_path)

    sources = course.entry.sources
    assert set(sources.values()) == {"sites/platform.example.edu/Courses/Fall2014/CLC 3403/course_info.json"}
    assert course.entry == Entry(
        provider_unique_id="CLC 3403",
        title="Law and Justice",
        description="What makes a law just?",
        rich_description="<strong>What</strong>",
        school="Department of Classics and Letters",
        term="Fall 2014",
        signature="Dr Kyle Harper\n\nProvost",
        start=START,
        end=datetime(2013, 12, 13, 6, tzinfo=UTC),
        duration=timedelta(weeks=16),
        preview=True,
        non_public=True,
        anonymously_accessible=False,
        calendar_hidden=True,
        instructors=(Instructor(name="Dr. Kyle Harper", job_title="Professor", username="harp4162"),),
        video="kaltura://1500101/0_gpczmps5/",
        credit=(Credit(3, "Enroll", "https://ou.example.edu"), Credit(0)),
        schedule={"days": ["MTWRF"], "times": ["10:30:00-05:00", "12:05:00-05:00"]},
        prerequisites=(Prerequisite("CLC 1000", "Before"), Prerequisite(None, "Reading")),
        additional={"section": "parent", "deep": [1, 2.5, None]},
        tags=("law", ".hidden"),
        creators=("Jason",),
        subjects=("law", "justice"),
        contributors=(),
        sources=sources,
    )
    assert course.usable


def test_null_is_as_good_as_missing(tmp_path: Path) -> None:
    found = entry(tmp_path, **dict.fromkeys(EVERY_KEY))
    assert found == Entry()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("16 Weeks", timedelta(weeks=16)),
        ("1 Weeks", timedelta(weeks=1)),
        ("118 days", timedelta(days=118)),
        ("1000 WEEKS", timedelta(weeks=1000)),
        ("36 Hours", timedelta(hours=36)),
        ("P118D", timedelta(days=118)),
        ("P2W", timedelta(weeks=2)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("0 Days", timedelta()),
    ],
)
def test_durations_are_read_in_the_legacy_form_and_in_iso_8601(
    tmp_path: Path, written: str, expected: timedelta
) -> None:
    found = entry(tmp_path, startDate="2013-08-13T06:00:00", duration=written)
    assert found.duration == expected
    assert found.ends == START + expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2013-08-13T06:00:00+00:00", START),
        ("2013-08-13T06:00:00Z", START),
        ("2013-08-13T06:00:00", START),
        ("2013-08-13T01:00:00-05:00", START),
        ("2013-08-22T04:59:59.999999+00:00", datetime(2013, 8, 22, 4, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_dates_become_utc_and_those_without_offset_are(tmp_path: Path, written: str, expected: datetime) -> None:
    assert entry(tmp_path, startDate=written).start == expected


@pytest.mark.parametrize(("written", "expected"), [(True, True), ("true", True), ("False", False), ("no", False)])
def test_flags_may_be_written_as_texts(tmp_path: Path, written: object, expected: bool) -> None:
    assert entry(tmp_path, is_non_public=written).non_public is expected


def test_the_keys_of_instructors_may_be_in_any_case_and_have_other_names(tmp_path: Path) -> None:
    found = entry(
        tmp_path,
        instructors=[
            {"Name": "A", "jobTitle": "B", "userid": "c", "Email": "a@b.example", "bio": "D", "suffix": "PhD"},
            {"name": "E", "title": None, "defaultphoto": "images/Harper.png"},
        ],
    )
    assert found.instructors == (
        Instructor(name="A", job_title="B", username="c", email="a@b.example", biography="D", suffix="PhD"),
        Instructor(name="E", photo="/images/Harper.png"),
    )


@pytest.mark.parametrize("path", ["../x.png", "a/../../x.png", "/etc/passwd", "https://x.example/y", "a\\b", "data:x"])
def test_a_photo_that_leads_elsewhere_is_left_out(tmp_path: Path, path: str) -> None:
    write_course(tmp_path, {INFO: {"instructors": [{"name": "A", "defaultphoto": path}]}})
    course = read_course(tmp_path)
    assert course.entry.instructors == (Instructor(name="A"),)
    assert Code.BAD_VALUE in codes(course.diagnostics, Severity.WARNING)


@pytest.mark.parametrize("key", ["video", "instructors"])
def test_what_is_only_shown_is_left_out_with_a_warning_if_it_makes_no_sense(tmp_path: Path, key: str) -> None:
    value: Any = {"video": "javascript:alert(1)", "instructors": [{"name": "A", "email": "nowhere"}]}[key]
    write_course(tmp_path, {INFO: {key: value}})
    course = read_course(tmp_path)
    assert course.usable
    assert (course.entry.video, course.entry.instructors) in [(None, None), (None, (Instructor(name="A"),))]
    assert Code.BAD_VALUE in codes(course.diagnostics, Severity.WARNING)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("id", "", Code.BAD_VALUE),
        ("id", "  ", Code.BAD_VALUE),
        ("id", "x" * 33, Code.BAD_VALUE),
        ("id", 3403, Code.WRONG_TYPE),
        ("title", "x" * 141, Code.BAD_VALUE),
        ("title", ["Law"], Code.WRONG_TYPE),
        ("startDate", "13 August 2013", Code.BAD_VALUE),
        ("startDate", "0001-01-01T00:00:00+05:00", Code.BAD_VALUE),
        ("endDate", 20131203, Code.WRONG_TYPE),
        ("duration", "1 Week", Code.BAD_VALUE),
        ("duration", "1 Months", Code.BAD_VALUE),
        ("duration", "1.5 Weeks", Code.BAD_VALUE),
        ("duration", "16", Code.BAD_VALUE),
        ("duration", "P", Code.BAD_VALUE),
        ("duration", "P1DT", Code.BAD_VALUE),
        ("duration", "P1Y", Code.BAD_VALUE),
        ("duration", "999999999 Weeks", Code.BAD_VALUE),
        ("isPreview", 1, Code.WRONG_TYPE),
        ("is_non_public", "perhaps", Code.WRONG_TYPE),
        ("instructors", "Dr. Kyle Harper", Code.WRONG_TYPE),
        ("instructors", [{"title": "Professor"}], Code.MISSING),
        ("instructors", [{"name": "A", "username": ["a"]}], Code.WRONG_TYPE),
        ("video", {}, Code.WRONG_TYPE),
        ("credit", [{"hours": -1}], Code.BAD_VALUE),
        ("credit", [{"hours": True}], Code.BAD_VALUE),
        ("credit", [{}], Code.BAD_VALUE),
        ("credit", [{"hours": 1, "enrollment": []}], Code.WRONG_TYPE),
        ("schedule", [], Code.WRONG_TYPE),
        ("prerequisites", ["CLC 1000"], Code.WRONG_TYPE),
        ("additionalProperties", "x", Code.WRONG_TYPE),
        ("tags", "law", Code.WRONG_TYPE),
        ("tags", ["x" * 65], Code.BAD_VALUE),
        ("tags", [" "], Code.BAD_VALUE),
        ("creators", [1], Code.WRONG_TYPE),
    ],
)
def test_a_bad_value_is_an_error_at_its_line(tmp_path: Path, key: str, value: object, code: Code) -> None:
    write_course(tmp_path, {INFO: '{\n"description": "still read",\n' + json.dumps({key: value})[1:]})
    course = read_course(tmp_path)
    assert errors(course.diagnostics) == [(code, 3)]
    assert course.entry.description == "still read"
    assert not course.usable


@pytest.mark.parametrize("content", ["", "[]", "null", '"CLC"', "\tnonsense: yaml"])
def test_a_file_that_holds_no_object_costs_the_course(tmp_path: Path, content: str) -> None:
    write_course(tmp_path, {INFO: content})
    course = read_course(tmp_path)
    assert len(errors(course.diagnostics)) == 1
    assert course.entry == Entry()


def test_keys_without_meaning_are_an_advice_and_those_nearly_with_one_a_warning(tmp_path: Path) -> None:
    write_course(tmp_path, {INFO: {"id": "CLC 3403", "color": "red", "size": 3, "isNonPublic": True}})
    course = read_course(tmp_path)
    assert course.usable
    assert course.entry.non_public is None
    [near] = [found for found in course.diagnostics if found.code is Code.NEAR_MISS]
    assert (near.severity, near.message) == (
        Severity.WARNING, "isNonPublic: this key has no meaning, 'is_non_public' has",
    )  # fmt: skip
    [unknown] = [found for found in course.diagnostics if found.code is Code.UNKNOWN_KEY]
    assert (unknown.severity, unknown.message) == (
        Severity.ADVICE, "color: this key has no meaning here (nor have 1 others: size)",
    )  # fmt: skip


def test_an_end_before_the_start_is_an_advice(tmp_path: Path) -> None:
    write_course(tmp_path, {INFO: {"id": "CLC 3403", "startDate": "2014-01-02", "endDate": "2014-01-01"}})
    assert Code.BAD_VALUE in codes(read_course(tmp_path).diagnostics, Severity.ADVICE)


def test_preview_has_two_names_of_which_the_documented_one_wins(tmp_path: Path) -> None:
    assert entry(tmp_path, Preview=True).preview is True
    assert entry(tmp_path, Preview=True, isPreview=False).preview is False
    assert entry(tmp_path, Preview=True, isPreview=None).preview is True


def test_no_prerequisites_may_be_an_empty_object(tmp_path: Path) -> None:
    assert entry(tmp_path, prerequisites={}).prerequisites == ()
