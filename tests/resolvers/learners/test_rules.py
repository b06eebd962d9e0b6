"""Rules C1 to C6 of progress, one by one (domain notes §2.6; §4, rows 12 to 19)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.tables import RequirementKind
from resolvers.learners.curriculum import Curriculum, Requirement, RunMode
from resolvers.learners.rules import (
    ActionKind,
    Certified,
    CourseState,
    Enrolled,
    Record,
    RunStanding,
    program_progress,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)
ALL, SOME, COURSE, PROGRAM = (
    RequirementKind.ALL_OF,
    RequirementKind.MIN_NUMBER_OF,
    RequirementKind.COURSE,
    RequirementKind.PROGRAM,
)
COMPLETED, IN_PROGRESS, NOT_STARTED, EXPIRED = CourseState


def courses(*ids: int) -> tuple[Requirement, ...]:
    return tuple(Requirement(10 + id_, COURSE, course_id=id_) for id_ in ids)


def curriculum(*children: Requirement, modes: dict[int, list[RunMode]] | None = None) -> Curriculum:
    """A program of these requirements; course 1 has the runs `1a` and `1b`, and so on, where nothing is said."""
    given = {id_: [RunMode(f"{id_}a", "verified"), RunMode(f"{id_}b", "verified")] for id_ in range(1, 6)}
    return Curriculum(1, Requirement(0, ALL, children=children), {**given, **(modes or {})})


def record(enrolled: dict[str, str] | None = None, **certified: Any) -> Record:
    """Enrollments by run and mode; certificates by run: a mode, or a certificate."""
    certificates = {
        key.removeprefix("c"): Certified(given) if isinstance(given, str) else given for key, given in certified.items()
    }
    return Record({key: Enrolled(mode) for key, mode in (enrolled or {}).items()}, certificates)


def states(program: Curriculum, of: Record) -> list[CourseState]:
    return [course.state for course in program_progress(program, of, NOW).courses]


@pytest.mark.parametrize(
    ("held", "required", "counts"),
    [
        ("verified", "verified", True),
        ("credit", "verified", True),
        ("no-id-professional", "professional", True),
        ("verified", "credit", False),
        ("professional", "no-id-professional", False),
        ("honor", "verified", False),
        ("audit", "verified", False),
        ("audit", "audit", True),
    ],
)
def test_c1_modes_that_count_as_others(held: str, required: str, counts: bool) -> None:
    one = curriculum(*courses(1), modes={1: [RunMode("1a", required)]})
    assert states(one, record(c1a=held)) == [COMPLETED if counts else NOT_STARTED]
    [course] = program_progress(one, record({"1a": held}), NOW).courses
    expected = RunStanding.ENROLLED if counts else RunStanding.ENROLLED_IN_OTHER_MODE
    assert course.runs[0].standing is expected


def test_c1_any_run_in_its_own_mode_completes_a_course() -> None:
    modes = {1: [RunMode("1a", "verified"), RunMode("1b", "audit"), RunMode("1b", "professional")]}
    one = curriculum(*courses(1), modes=modes)

    assert states(one, record(c1b="audit")) == [COMPLETED]
    assert states(one, record(c1b="no-id-professional")) == [COMPLETED]
    assert states(one, record(c1a="audit")) == [NOT_STARTED]


@pytest.mark.parametrize(
    "root",
    [None, Requirement(0, ALL), Requirement(0, ALL, children=(Requirement(1, ALL),)), Requirement(0, SOME, 0)],
    ids=["no tree", "empty", "empty group", "none of none"],
)
def test_c2_a_program_without_courses_is_never_completed(root: Requirement | None) -> None:
    progress = program_progress(Curriculum(1, root, {}), record(c1a="verified"), NOW)

    assert (progress.is_completed, progress.needed, progress.done, progress.courses) == (False, 0, 0, ())


def test_c2_a_program_is_completed_with_every_course_and_not_before() -> None:
    two = curriculum(*courses(1, 2))

    assert not program_progress(two, record(c1a="verified"), NOW).is_completed
    assert program_progress(two, record(c1a="verified", c2b="verified"), NOW).is_completed


def test_c3_what_the_lms_does_not_show_yet_is_not_in_the_record_and_does_not_count() -> None:
    assert states(curriculum(*courses(1)), record({"1a": "verified"})) == [IN_PROGRESS]


def test_c4_a_certificate_in_a_run_that_the_lms_deleted_counts() -> None:
    gone = curriculum(*courses(1), modes={1: [RunMode("1a", "verified", is_unavailable=True, end=BEFORE)]})

    assert states(gone, record(c1a="verified")) == [COMPLETED]


def test_c5_a_later_failed_run_does_not_hide_an_earlier_pass() -> None:
    progress = program_progress(
        curriculum(*courses(1)), record({"1b": "verified"}, c1a="verified", c1b=Certified("verified", False)), NOW
    )

    assert progress.is_completed
    assert [run.standing for run in progress.courses[0].runs] == [RunStanding.COUNTS, RunStanding.FAILED]


@pytest.mark.parametrize(
    ("mode", "of", "state", "standing"),
    [
        (RunMode("1a", "verified"), record(), NOT_STARTED, RunStanding.OPEN),
        (RunMode("1a", "verified", enrollment_start=AFTER), record(), NOT_STARTED, RunStanding.CLOSED),
        (RunMode("1a", "verified", enrollment_end=BEFORE), record(), NOT_STARTED, RunStanding.CLOSED),
        (RunMode("1a", "verified", end=NOW), record(), NOT_STARTED, RunStanding.CLOSED),
        (RunMode("1a", "verified", is_invitation_only=True), record(), NOT_STARTED, RunStanding.CLOSED),
        (RunMode("1a", "verified"), record({"1a": "verified"}), IN_PROGRESS, RunStanding.ENROLLED),
        (RunMode("1a", "verified", end=BEFORE), record({"1a": "verified"}), IN_PROGRESS, RunStanding.ENROLLED),
        (RunMode("1a", "verified"), record({"1a": "credit"}), IN_PROGRESS, RunStanding.ENROLLED),
        (RunMode("1a", "verified"), record({"1a": "audit"}), IN_PROGRESS, RunStanding.ENROLLED_IN_OTHER_MODE),
        (
            RunMode("1a", "verified", enrollment_end=AFTER, end=BEFORE), record({"1a": "audit"}), IN_PROGRESS,
            RunStanding.ENROLLED_IN_OTHER_MODE,
        ),
        (
            RunMode("1a", "verified", enrollment_end=BEFORE, end=AFTER), record({"1a": "audit"}), EXPIRED,
            RunStanding.TOO_LATE_TO_UPGRADE,
        ),
        (RunMode("1a", "verified", end=BEFORE), record({"1a": "audit"}), EXPIRED, RunStanding.TOO_LATE_TO_UPGRADE),
        (
            RunMode("1a", "verified"), record({"1a": "verified"}, c1a=Certified("verified", False)), EXPIRED,
            RunStanding.FAILED,
        ),
        (RunMode("1a", "verified"), record({"1a": "audit"}, c1a="audit"), EXPIRED, RunStanding.PASSED_IN_OTHER_MODE),
        (RunMode("1a", "verified"), record(c1a="audit"), NOT_STARTED, RunStanding.PASSED_IN_OTHER_MODE),
        (RunMode("1a", "verified"), record({"1a": "verified"}, c1a="verified"), COMPLETED, RunStanding.COUNTS),
    ],
)  # fmt: skip
def test_c6_states_of_a_course_and_what_its_run_is(
    mode: RunMode, of: Record, state: CourseState, standing: RunStanding
) -> None:
    [course] = program_progress(curriculum(*courses(1), modes={1: [mode]}), of, NOW).courses

    assert (course.state, [run.standing for run in course.runs]) == (state, [standing])


def test_a_passed_run_that_the_program_leaves_out_is_shown_and_does_not_count() -> None:
    """§4, row 13: the learner is to see why."""
    elsewhere = Certified("verified", course_id=1)
    [course] = program_progress(curriculum(*courses(1)), record(c1z=elsewhere), NOW).courses

    assert course.state is NOT_STARTED
    assert [(run.course_key, run.standing) for run in course.runs if run.certificate] == [
        ("1z", RunStanding.PASSED_OUTSIDE_PROGRAM)
    ]


@pytest.mark.parametrize(
    ("passed", "completed", "needed", "done"),
    [
        ([], False, 3, 0),
        ([1], False, 3, 1),
        ([1, 2], False, 3, 2),
        ([2, 3], False, 3, 2),
        ([2, 3, 4], False, 3, 2),
        ([1, 2, 4], True, 3, 3),
        ([1, 2, 3, 4], True, 3, 3),
    ],
)
def test_of_electives_no_more_are_counted_than_are_needed(
    passed: list[int], completed: bool, needed: int, done: int
) -> None:
    """§4, row 18: pass course 1 and two of three; totals are those of what is needed."""
    program = curriculum(*courses(1), Requirement(1, SOME, 2, children=courses(2, 3, 4)))
    progress = program_progress(program, record({}, **{f"c{id_}a": "verified" for id_ in passed}), NOW)

    assert (progress.is_completed, progress.needed, progress.done) == (completed, needed, done)


def test_groups_within_groups_are_met_by_the_nearest_way() -> None:
    """One of: course 1 and 2 together, or course 3 alone."""
    program = curriculum(Requirement(1, SOME, 1, children=(Requirement(2, ALL, children=courses(1, 2)), *courses(3))))

    half = program_progress(program, record(c1a="verified"), NOW)
    whole = program_progress(program, record(c3a="verified"), NOW)

    assert (half.is_completed, half.needed - half.done) == (False, 1)
    assert (whole.is_completed, whole.needed, whole.done) == (True, 1, 1)
    assert [(node.position, node.is_met) for node in whole.requirements] == [
        (0, True), (1, True), (2, False), (11, False), (12, False), (13, True),
    ]  # fmt: skip


def test_a_required_program_is_met_when_it_is_completed_itself() -> None:
    inner = curriculum(*courses(2, 3))
    outer = curriculum(*courses(1), Requirement(5, PROGRAM, program=inner))

    half = program_progress(outer, record(c1a="verified", c2a="verified"), NOW)
    whole = program_progress(outer, record(c1a="verified", c2a="verified", c3a="verified"), NOW)

    assert (half.is_completed, half.needed, half.done) == (False, 3, 2)
    assert (whole.is_completed, whole.needed, whole.done) == (True, 3, 3)


def test_a_required_program_that_learners_do_not_see_keeps_the_outer_one_open() -> None:
    outer = curriculum(*courses(1), Requirement(5, PROGRAM))

    assert not program_progress(outer, record(c1a="verified"), NOW).is_completed


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (record(), [(ActionKind.ENROLL, "1a", "verified"), (ActionKind.ENROLL, "2a", "verified")]),
        (record({"1a": "verified"}), [(ActionKind.ENROLL, "2a", "verified")]),
        (record({"1b": "audit"}, c2a="verified"), [(ActionKind.UPGRADE, "1b", "verified")]),
        (record(c1a=Certified("verified", False), c2a="verified"), [(ActionKind.ENROLL, "1b", "verified")]),
        (record(c1a="verified", c2a="verified"), []),
    ],
)  # fmt: skip
def test_the_next_actions_are_what_could_be_done_now_for_each_missing_course(of: Record, expected: list[Any]) -> None:
    """§4, rows 14 and 16: an expired or failed run does not stand in the way of another one."""
    actions = program_progress(curriculum(*courses(1, 2)), of, NOW).actions

    assert [(action.kind, action.course_key, action.mode) for action in actions] == expected


def test_there_is_no_action_for_electives_that_are_not_needed_any_more_or_for_closed_runs() -> None:
    elective = curriculum(Requirement(1, SOME, 1, children=courses(1, 2)))
    closed = curriculum(*courses(1), modes={1: [RunMode("1a", "verified", end=BEFORE)]})

    assert program_progress(elective, record(c1a="verified"), NOW).actions == ()
    assert program_progress(closed, record(), NOW).actions == ()


def test_what_is_the_same_for_all_who_have_nothing_of_a_course_changes_when_its_runs_do() -> None:
    """It is worked out once; an opening, a closing and an end of a run are seen at their times all the same."""
    hour = timedelta(hours=1)
    run = RunMode("1a", "verified", enrollment_start=NOW + hour, enrollment_end=NOW + 2 * hour, end=NOW + 3 * hour)
    one, nobody, somebody = curriculum(*courses(1), modes={1: [run]}), record(), record({"1a": "verified"})

    def standing(of: Record, hours: float) -> RunStanding:
        [course] = program_progress(one, of, NOW + hours * hour).courses
        return course.runs[0].standing

    hours = [0, 0.5, 1, 1.5, 2, 4, 1.2, 0.2]
    expected = [RunStanding.OPEN if 1 <= each < 2 else RunStanding.CLOSED for each in hours]
    assert [standing(nobody, each) for each in hours] == expected
    assert standing(somebody, 1.5) is RunStanding.ENROLLED
    assert standing(record(c1a="verified"), 1.5) is RunStanding.COUNTS
