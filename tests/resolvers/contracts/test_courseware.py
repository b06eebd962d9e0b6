"""What becomes of courses that are added to contracts, without a database (spec/b2b-courseware.md)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from edx.contract_keys import Prefix
from resolvers.contracts.courseware import CourseFacts, Offer, Outcome, PlannedCourse, SourceRun, Wish, planned
from resolvers.refusals import Reason

MOMENT = datetime(2025, 6, 1, 12, 0, 0, 5, UTC)
START, END = datetime(2025, 9, 1, tzinfo=UTC), datetime(2026, 8, 31, 23, 59, 59, tzinfo=UTC)
OFFER = Offer(102, "MIT", Prefix.UAI, START, END, MOMENT)
SOURCE = SourceRun(7, "course-v1:UAI_SOURCE+12.345x+SOURCE", "Circuits")
COURSE = CourseFacts(1, "UAI_SOURCE+12.345x", [SOURCE])
KEY = "course-v1:UAI_MIT+12.345x+C102_2025"


def one(
    course: CourseFacts = COURSE, *, offer: Offer = OFFER, wish: Wish | None = None, taken: str | None = None
) -> PlannedCourse:
    [plan] = planned(offer, [course], {} if taken is None else {taken.casefold(): taken}, wish)
    return plan


def test_a_course_gets_a_run_from_its_source() -> None:
    """Both sections of the specification: the key of the contract, and the dates of the contract."""
    assert one() == PlannedCourse(1, "UAI_SOURCE+12.345x", Outcome.CREATE, KEY, START, END, SOURCE)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (START, END, (START, END)),
        (None, END, (MOMENT.replace(microsecond=0), END)),
        (START, None, (START, None)),
        (None, None, (MOMENT.replace(microsecond=0), None)),
    ],
)
def test_the_dates_are_those_of_the_contract(
    start: datetime | None, end: datetime | None, expected: tuple[datetime, datetime | None]
) -> None:
    """A2, all four combinations: a contract without a start has runs that start now; one without an end, none."""
    plan = one(offer=replace(OFFER, start=start, end=end))
    assert (plan.start, plan.end) == expected


@pytest.mark.parametrize(
    ("moment", "year"),
    [
        (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), 2025),
        (datetime(2026, 1, 1, tzinfo=UTC), 2026),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))).astimezone(UTC), 2025),
    ],
)
def test_the_year_in_the_key_is_that_of_making_it_by_utc(moment: datetime, year: int) -> None:
    """K9: "the contract and year the run was created", not the year in which the contract begins."""
    assert one(offer=replace(OFFER, moment=moment)).run == f"course-v1:UAI_MIT+12.345x+C102_{year}"


def test_a_course_that_the_contract_has_stays_as_it_is() -> None:
    """A7: no second run, and none in a new year; only who asks for another one gets it."""
    had = replace(COURSE, runs=["course-v1:UAI_MIT+12.345x+C102_2023", "course-v1:UAI_MIT+12.345x+C102_2024"])
    assert one(had).outcome is Outcome.EXISTS
    assert one(had).run == "course-v1:UAI_MIT+12.345x+C102_2024"
    assert one(had, wish=Wish(is_anew=True)).run == KEY


def test_a_second_run_in_one_year_is_told_from_a_key_that_is_anothers() -> None:
    """Δ2: the tag has no index, so that keys allow for one run a year."""
    had = replace(COURSE, runs=[KEY])
    plan = one(had, wish=Wish(is_anew=True), taken=KEY)
    assert (plan.outcome, plan.code, plan.run) == (Outcome.CONFLICT, Reason.RUN_EXISTS_FOR_CONTRACT, KEY)
    plan = one(taken=KEY)
    assert (plan.outcome, plan.code, plan.run) == (Outcome.CONFLICT, Reason.KEY_CONFLICT, KEY)


def test_a_key_that_differs_by_case_only_is_taken_too() -> None:
    """K5, E13: Open edX has never both."""
    assert one(taken=KEY.replace("12.345x", "12.345X")).outcome is Outcome.CONFLICT


def test_a_course_without_a_source_gets_no_run() -> None:
    """S3: "No source run found", and nothing is made of the newest run instead (S4)."""
    plan = one(replace(COURSE, sources=[]))
    assert (plan.outcome, plan.code, plan.run) == (Outcome.NO_SOURCE, Reason.SOURCE_RUN_MISSING, None)


def test_several_sources_are_told_unless_one_is_named() -> None:
    """S5: never one run for each of them."""
    other = SourceRun(8, "course-v1:UAI_OTHER+12.345x+SOURCE", "Other")
    both = replace(COURSE, sources=[SOURCE, other])
    plan = one(both)
    assert (plan.outcome, plan.code) == (Outcome.AMBIGUOUS, Reason.SOURCE_RUN_AMBIGUOUS)
    assert plan.source_keys == (SOURCE.key, other.key)
    assert one(both, wish=Wish(source=other.key.upper().replace("COURSE-V1", "course-v1"))).source == other
    assert one(both, wish=Wish(source="course-v1:A+B+C")).outcome is Outcome.NO_SOURCE


@pytest.mark.parametrize(
    ("prefix", "source", "outcome"),
    [
        (Prefix.UAI, "course-v1:B2B_SOURCE+1x+SOURCE", Outcome.CONFLICT),
        (Prefix.B2B, "course-v1:UAI_SOURCE+1x+SOURCE", Outcome.CONFLICT),
        (Prefix.NONE, "course-v1:B2B_SOURCE+1x+SOURCE", Outcome.CREATE),
        (Prefix.UAI, "course-v1:MITx+1x+SOURCE", Outcome.CREATE),
    ],
)
def test_families_of_prefixes_mix_by_force_only(prefix: Prefix, source: str, outcome: Outcome) -> None:
    """K12."""
    course = CourseFacts(1, "X+1x", [SourceRun(1, source, "")])
    offer = replace(OFFER, prefix=prefix)
    plan = one(course, offer=offer)
    assert plan.outcome is outcome
    assert plan.code is (Reason.PREFIX_MISMATCH if outcome is Outcome.CONFLICT else None)
    assert one(course, offer=offer, wish=Wish(is_forced=True)).outcome is Outcome.CREATE


@pytest.mark.parametrize("part", ["organization", "number"])
def test_a_key_that_would_be_too_long_is_none(part: str) -> None:
    """K6: 64 characters for the organization, 255 for the whole."""
    number = "n" * 225 if part == "number" else "n"
    course = CourseFacts(1, "X+n", [SourceRun(1, f"course-v1:UAI_X+{number}+SOURCE", "")])
    plan = one(course, offer=replace(OFFER, organization="O" * 61 if part == "organization" else "MITxPro"))
    assert (plan.outcome, plan.code, plan.run) == (Outcome.KEY_TOO_LONG, Reason.KEY_TOO_LONG, None)
    assert "are allowed" in (plan.message or "")


def test_two_courses_whose_sources_have_one_number_do_not_get_one_key() -> None:
    twin = CourseFacts(2, "MITx+12.345x", [SourceRun(9, "course-v1:MITx+12.345x+SOURCE", "Twin")])
    plans = planned(OFFER, [COURSE, twin], {})
    assert [plan.outcome for plan in plans] == [Outcome.CREATE, Outcome.CONFLICT]


def test_one_course_that_fails_leaves_the_others() -> None:
    """P3, P7: partial success, in the order of the courses."""
    courses = [replace(COURSE, id=1, sources=[]), replace(COURSE, id=2), replace(COURSE, id=3, runs=["x"])]
    plans = planned(OFFER, courses, {})
    assert [(plan.course_id, plan.outcome) for plan in plans] == [
        (1, Outcome.NO_SOURCE), (2, Outcome.CREATE), (3, Outcome.EXISTS),
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["12.3", "12.345x", "12.345x.1"])
def test_a_number_that_another_one_begins_with_is_another_course(number: str) -> None:
    """K17: keys are compared whole, never by how they begin."""
    course = CourseFacts(1, f"X+{number}", [SourceRun(1, f"course-v1:UAI_X+{number}+SOURCE", "")])
    taken = "course-v1:UAI_MIT+12.3450x+C102_2025"
    assert one(course, taken=taken).outcome is Outcome.CREATE
