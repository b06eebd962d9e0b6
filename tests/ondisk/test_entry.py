from datetime import UTC, datetime, timedelta

import pytest

from ondisk.entry import Entry, Instructor

NOW = datetime(2014, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_end_is_the_one_given_or_the_duration_after_the_start() -> None:
    start = datetime(2015, 6, 29, 5, tzinfo=UTC)
    week = timedelta(weeks=1)
    assert Entry(start=start, duration=week).ends == datetime(2015, 7, 6, 5, tzinfo=UTC)
    assert Entry(start=start, duration=week, end=start + DAY).ends == start + DAY
    assert Entry(duration=week).ends is None
    assert Entry(start=start).ends is None
    assert Entry(start=start, duration=timedelta.max).ends is None


def test_the_sign_off_is_made_of_the_instructors_if_none_is_given() -> None:
    """spec/course-directories.rst, "course_info.json", InstructorsSignature: an automatic value."""
    harper = Instructor(name="Dr. Kyle Harper", job_title="Associate Professor of Classics")
    assert Entry(instructors=(harper,)).sign_off == "Dr. Kyle Harper\n\nAssociate Professor of Classics"
    assert Entry(instructors=(Instructor(name="A"), Instructor(name="B"))).sign_off == "A\n\n\n\nB"
    assert Entry(instructors=(harper,), signature="Me").sign_off == "Me"
    assert Entry().sign_off == ""


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Entry(), False),
        (Entry(start=NOW - DAY), False),
        (Entry(start=NOW + DAY), True),
        (Entry(start=NOW - DAY, preview=True), True),
        (Entry(start=NOW + DAY, preview=False), False),
    ],
)
def test_a_preview_is_one_that_is_said_to_be_or_has_not_started(entry: Entry, expected: bool) -> None:
    """spec/course-directories.rst, "course_info.json", isPreview."""
    assert entry.is_preview(NOW) is expected


def test_a_course_is_current_from_its_start_to_its_end() -> None:
    assert Entry().is_current(NOW)
    assert Entry(start=NOW - DAY, end=NOW + DAY).is_current(NOW)
    assert not Entry(start=NOW - DAY, duration=timedelta(hours=1)).is_current(NOW)
    assert not Entry(start=NOW + DAY).is_current(NOW)
