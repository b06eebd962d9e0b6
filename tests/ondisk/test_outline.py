from datetime import UTC, datetime
from pathlib import Path

import pytest

from ondisk.courses import Course
from ondisk.diagnostics import Code, Severity
from ondisk.outline import MAX_DEPTH, Lesson, Outline, Unit
from tests.ondisk.trees import PACKAGE, TOPIC, codes, errors, read_course, write_course, write_package

OUTLINE = """<?xml version="1.0" encoding="utf-8"?>
<course courseName="CLC 3403" label="ignored" ntiid="ignored">
  <lesson title="ignored, for it is in no unit"/>
  <unit label="Introduction" ntiid="tag:nextthought.com,2011-10:OU-NTICourseUnit-1" src="intro.json" levelnum="1">
    <!-- a comment -->
    <lesson title="1. Defining Law" label="not used" description="What is it?" src="one.json"
            date="2013-08-19T05:00:00+00:00,2013-08-22T04:59:59.999999+00:00"
            topic-ntiid="tag:nextthought.com,2011-10:OU-HTML-CLC3403.lec:01">
      text <lesson topic-ntiid="tag:nextthought.com,2011-10:OU-HTML-DNE"><lesson label="deep"/></lesson>
    </lesson>
    <lesson isOutlineStubOnly="true" date="2014-01-01T05:59:59Z" topic-ntiid="tag:nextthought.com,2011-10:OU-HTML-2"/>
    <unit label="ignored"/>
  </unit>
  <unit/>
</course>"""


def read(tmp_path: Path, outline: str | bytes) -> Course:
    write_course(tmp_path, {"course_outline.xml": outline})
    return read_course(tmp_path)


def lesson(tmp_path: Path, attributes: str) -> tuple[Lesson, Course]:
    course = read(tmp_path, f"<course>\n<unit>\n<lesson {attributes}/></unit></course>")
    assert course.outline is not None
    return course.outline.units[0].lessons[0], course


def test_units_have_lessons_that_may_have_lessons(tmp_path: Path) -> None:
    """spec/course-directories.rst, "course_outline.xml"."""
    course = read(tmp_path, OUTLINE)

    assert course.usable
    assert course.outline == Outline(
        (
            Unit(
                "Introduction",
                "intro.json",
                "tag:nextthought.com,2011-10:OU-NTICourseUnit-1",
                (
                    Lesson(
                        "1. Defining Law",
                        "What is it?",
                        TOPIC,
                        "one.json",
                        datetime(2013, 8, 19, 5, tzinfo=UTC),
                        datetime(2013, 8, 22, 4, 59, 59, 999999, tzinfo=UTC),
                        lessons=(Lesson(topic="tag:nextthought.com,2011-10:OU-HTML-DNE", lessons=(Lesson("deep"),)),),
                    ),
                    Lesson(
                        topic="tag:nextthought.com,2011-10:OU-HTML-2",
                        ending=datetime(2014, 1, 1, 5, 59, 59, tzinfo=UTC),
                        stub=True,
                    ),
                ),
            ),
            Unit(),
        ),
        "sites/platform.example.edu/Courses/Fall2014/CLC 3403/course_outline.xml",
    )


def test_nodes_are_identified_by_their_positions(tmp_path: Path) -> None:
    course = read(tmp_path, OUTLINE)
    assert course.outline is not None
    assert [position for position, _ in course.outline.nodes()] == [
        (0,), (0, 0), (0, 0, 0), (0, 0, 0, 0), (0, 1), (1,),
    ]  # fmt: skip
    assert course.node_ntiid((0, 1)) == "tag:nextthought.com,2011-10:NTI-NTICourseOutlineNode-Fall2014_CLC_3403.0.1"


BEGINNING, ENDING = datetime(2014, 1, 1, tzinfo=UTC), datetime(2014, 2, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2014-02-01T12:00:00Z", (None, ENDING)),
        ("2014-01-01T00:00:00Z,2014-02-01T12:00:00Z", (BEGINNING, ENDING)),
        (" 2014-01-01T00:00:00 , 2014-02-01T06:00:00-06:00 ", (BEGINNING, ENDING)),
        (",2014-02-01T12:00:00Z", (None, ENDING)),
        ("2014-01-01T00:00:00Z,", (BEGINNING, None)),
        (",", (None, None)),
        ("", (None, None)),
    ],
)
def test_one_date_is_the_ending_and_two_are_beginning_and_ending(
    tmp_path: Path, date: str, expected: tuple[datetime | None, datetime | None]
) -> None:
    found, course = lesson(tmp_path, f'date="{date}"')
    assert (found.beginning, found.ending) == expected
    assert course.usable


@pytest.mark.parametrize("date", ["x", "2014-01-01,x", "2014-01-01,2014-02-01,2014-03-01", "2014-13-01"])
def test_a_bad_date_is_an_error_at_its_line(tmp_path: Path, date: str) -> None:
    _, course = lesson(tmp_path, f'date="{date}"')
    assert errors(course.diagnostics) == [(Code.BAD_VALUE, 3)]


def test_an_ending_before_the_beginning_is_an_advice(tmp_path: Path) -> None:
    found, course = lesson(tmp_path, 'date="2014-02-01,2014-01-01"')
    assert found.beginning is not None
    assert Code.BAD_VALUE in codes(course.diagnostics, Severity.ADVICE)


@pytest.mark.parametrize(
    ("written", "stub", "warned"),
    [("true", True, False), ("false", False, False), ("True", False, True), ("1", False, True)],
)
def test_only_the_exact_word_true_makes_a_stub(tmp_path: Path, written: str, stub: bool, warned: bool) -> None:
    found, course = lesson(tmp_path, f'isOutlineStubOnly="{written}"')
    assert found.stub is stub
    assert (Code.BAD_VALUE in codes(course.diagnostics, Severity.WARNING)) is warned


def test_titles_come_from_title_then_label_then_the_content(tmp_path: Path) -> None:
    write_package(tmp_path, {})
    lessons = f"""<lesson title="T" label="L" topic-ntiid="{TOPIC}"/><lesson label="L" topic-ntiid="{TOPIC}"/>
        <lesson topic-ntiid="{TOPIC}"/><lesson title=" " description="Own" topic-ntiid="{TOPIC}"/>"""
    outline = f"<course><unit>{lessons}</unit></course>"
    write_course(tmp_path, {"course_outline.xml": outline}, packages=[PACKAGE])

    course = read_course(tmp_path)

    assert course.outline is not None
    assert [(found.title, found.description) for found in course.outline.units[0].lessons] == [
        ("T", "What law is"), ("L", "What law is"), ("Law", "What law is"), ("Law", "Own"),
    ]  # fmt: skip


def test_a_topic_that_no_package_has_is_warned_of_and_kept(tmp_path: Path) -> None:
    unknown = "tag:nextthought.com,2011-10:OU-HTML-DNE"
    outline = f'<course><unit>\n<lesson topic-ntiid="{unknown}"/></unit></course>'
    write_package(tmp_path, {})
    write_course(tmp_path, {"course_outline.xml": outline}, packages=[PACKAGE])
    course = read_course(tmp_path)
    assert course.outline is not None
    assert course.outline.units[0].lessons == (Lesson(topic=unknown),)
    [found] = [found for found in course.diagnostics if found.code is Code.UNKNOWN_TOPIC]
    assert (found.severity, found.line) == (Severity.WARNING, 2)

    write_course(tmp_path, {"course_outline.xml": outline}, packages=[PACKAGE, PACKAGE + "_missing"])
    missing = read_course(tmp_path)
    assert Code.UNKNOWN_TOPIC not in [found.code for found in missing.diagnostics]


def test_a_topic_that_is_no_identifier_is_warned_of(tmp_path: Path) -> None:
    found, course = lesson(tmp_path, 'topic-ntiid="lec:01"')
    assert found.topic == "lec:01"
    assert Code.BAD_NTIID in codes(course.diagnostics, Severity.WARNING)


def test_the_name_of_the_root_does_not_matter_but_a_namespace_does(tmp_path: Path) -> None:
    named = read(tmp_path, '<outline><unit label="A"/></outline>').outline
    assert named is not None
    assert [unit.title for unit in named.units] == ["A"]
    course = read(tmp_path, '<course xmlns="urn:x"><unit label="A"/></course>')
    assert course.outline is not None
    assert course.outline.units == ()
    assert Code.MISSING in codes(course.diagnostics, Severity.WARNING)


@pytest.mark.parametrize(
    ("outline", "code"),
    [
        ("", Code.XML),
        ("<course>", Code.XML),
        ("<!DOCTYPE course><course/>", Code.DOCTYPE),
        (f'<course><unit label="{"x" * 301}"/></course>', Code.BAD_VALUE),
        ("<course><unit>" + "<lesson>" * 33 + "</lesson>" * 33 + "</unit></course>", Code.TOO_DEEP),
    ],
)
def test_a_bad_outline_costs_its_course(tmp_path: Path, outline: str, code: Code) -> None:
    course = read(tmp_path, outline)
    assert errors(course.diagnostics) == [(code, 1)]


def test_lessons_may_be_nested_deep(tmp_path: Path) -> None:
    course = read(tmp_path, "<course><unit>" + "<lesson>" * MAX_DEPTH + "</lesson>" * MAX_DEPTH + "</unit></course>")
    assert course.usable
    assert course.outline is not None
    assert len(list(course.outline.nodes())) == MAX_DEPTH + 1
