"""How far a learner is in a program: pure functions of its requirements, the learner's records and the time.

The rules C1 to C6 are those of Open edX's own progress meter: a course is completed by a passing certificate in any of
its runs, in the mode that counts there, whatever else was failed; a program by its requirements, never by having none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from db.tables import RequirementKind

EQUIVALENT: Mapping[str, str] = {"credit": "verified", "no-id-professional": "professional"}
"""Modes that count as another one (rule C1)."""


class CourseState(StrEnum):
    """How far a learner is in a course (rule C6)."""

    COMPLETED = "completed"
    IN_PROGRESS = "in_progress"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"


class RunStanding(StrEnum):
    """What a learner has of a run, and whether it counts."""

    COUNTS = "counts"
    PASSED_IN_OTHER_MODE = "passed_in_other_mode"
    PASSED_OUTSIDE_PROGRAM = "passed_outside_program"
    FAILED = "failed"
    ENROLLED = "enrolled"
    ENROLLED_IN_OTHER_MODE = "enrolled_in_other_mode"
    TOO_LATE_TO_UPGRADE = "too_late_to_upgrade"
    OPEN = "open"
    CLOSED = "closed"


class ActionKind(StrEnum):
    """What a learner could do next."""

    ENROLL = "enroll"
    UPGRADE = "upgrade"


@dataclass(frozen=True, slots=True, eq=False)
class RunMode:
    """A run of a program's course in a mode that counts. Times are None where there is no limit."""

    course_key: str
    mode: str
    sku: str = ""
    is_unavailable: bool = False
    is_invitation_only: bool = False
    enrollment_start: datetime | None = None
    enrollment_end: datetime | None = None
    end: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether anybody could enroll in it now."""
        return (
            not (self.is_unavailable or self.is_invitation_only)
            and (self.enrollment_start is None or self.enrollment_start <= now)
            and (self.enrollment_end is None or now < self.enrollment_end)
            and (self.end is None or now < self.end)
        )

    def may_be_upgraded_to(self, now: datetime) -> bool:
        """Whether who is enrolled in another mode could change to this one; deadlines of modes are not known here."""
        closes = self.enrollment_end or self.end
        return (closes is None or now < closes) and not self.is_unavailable


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """A node of a program's tree; `program` is that of `program_id`, None where learners do not see it."""

    position: int
    kind: RequirementKind
    minimum: int | None = None
    course_id: int | None = None
    program: "Curriculum | None" = None
    program_id: int | None = None
    children: tuple["Requirement", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Curriculum:
    """What a program requires: its tree, None for an empty one, and the runs that count, by course."""

    program_id: int
    root: Requirement | None
    run_modes: Mapping[int, Sequence[RunMode]]
    _by_run: dict[int, dict[str, list[RunMode]]] = field(default_factory=dict)

    def by_run(self, course_id: int) -> Mapping[str, Sequence[RunMode]]:
        """The modes that count in each run of a course, worked out once."""
        found = self._by_run.get(course_id)
        if found is None:
            found = self._by_run[course_id] = {}
            for mode in self.run_modes.get(course_id, ()):
                found.setdefault(mode.course_key, []).append(mode)
        return found

    def courses(self) -> Iterator[int]:
        """The courses of the program itself, in order."""
        if self.root is not None:
            yield from _courses(self.root)


def _courses(node: Requirement) -> Iterator[int]:
    if node.course_id is not None:
        yield node.course_id
    for child in node.children:
        yield from _courses(child)


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """An active enrollment."""

    mode: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Certified:
    """A certificate; `course_id` is that of the run's course, None for a run that is not known here."""

    mode: str
    is_passing: bool = True
    grade: str = ""
    url: str | None = None
    at: datetime | None = None
    course_id: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A learner's active enrollments and certificates, by course key."""

    enrollments: Mapping[str, Enrolled]
    certificates: Mapping[str, Certified]
    _passed: dict[int | None, list[tuple[str, Certified]]] = field(default_factory=dict)

    def passed_in(self, course_id: int) -> Sequence[tuple[str, Certified]]:
        """The passing certificates in runs of a course, worked out once for all courses."""
        if not self._passed:
            self._passed[None] = []
            for key, certificate in self.certificates.items():
                if certificate.is_passing:
                    self._passed.setdefault(certificate.course_id, []).append((key, certificate))
        return self._passed.get(course_id, ())


@dataclass(frozen=True, slots=True, eq=False)
class RunProgress:
    """What a learner has of one run; `modes` are those that count, none for a run that is not in the program."""

    course_key: str
    standing: RunStanding
    modes: Sequence[str]
    enrollment: Enrolled | None
    certificate: Certified | None

    @property
    def enrollment_mode(self) -> str | None:
        """The mode of the active enrollment."""
        return None if self.enrollment is None else self.enrollment.mode

    @property
    def certificate_mode(self) -> str | None:
        """The mode of a certificate, passing or not."""
        return None if self.certificate is None else self.certificate.mode

    @property
    def certificate_url(self) -> str | None:
        """Where a certificate is downloaded."""
        return None if self.certificate is None else self.certificate.url

    @property
    def grade(self) -> str | None:
        """The grade of a certificate as the LMS has it."""
        return None if self.certificate is None else self.certificate.grade or None

    @property
    def awarded_at(self) -> datetime | None:
        """When a certificate was awarded."""
        return None if self.certificate is None else self.certificate.at


@dataclass(frozen=True, slots=True, eq=False)
class CourseProgress:
    """How far a learner is in a course, and what of each run made it so."""

    course_id: int
    state: CourseState
    runs: tuple[RunProgress, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RequirementProgress:
    """How far a node of the tree is met: `done` of the `needed` courses below it, of electives as few as are needed."""

    position: int
    is_met: bool
    needed: int
    done: int


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """Something that a learner could do now, for a course that is still missing."""

    kind: ActionKind
    course_id: int
    course_key: str
    mode: str
    sku: str


class ProgramProgress:
    """How far a learner is in a program (rule C2: one without any course is never completed).

    What is not asked for is not worked out.
    """

    def __init__(self, curriculum: Curriculum, record: Record, now: datetime) -> None:
        self._curriculum = curriculum
        self._record = record
        self._now = now

    @cached_property
    def is_completed(self) -> bool:
        """Whether all that the program requires is done."""
        whole = self._walk.whole
        return whole is not None and whole.is_met and whole.done > 0

    @property
    def needed(self) -> int:
        """The courses that have to be completed, of electives as few as are needed."""
        return 0 if self._walk.whole is None else self._walk.whole.needed

    @property
    def done(self) -> int:
        """Those of them that are completed."""
        return 0 if self._walk.whole is None else self._walk.whole.done

    @cached_property
    def courses(self) -> tuple[CourseProgress, ...]:
        """The courses of the program in order."""
        return tuple(self._courses.values())

    @cached_property
    def requirements(self) -> tuple[RequirementProgress, ...]:
        """The nodes of the tree in order."""
        return tuple(sorted(self._walk.nodes, key=lambda node: node.position))

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """What could be done now, one thing for each course that is missing."""
        modes = self._curriculum.run_modes
        missing = dict.fromkeys(self._walk.missing)
        actions = [_action(self._courses[id_], modes.get(id_, ()), self._now) for id_ in missing]
        return tuple(action for action in actions if action is not None)

    @cached_property
    def _courses(self) -> dict[int, CourseProgress]:
        return {
            id_: course_progress(id_, self._curriculum, self._record, self._now) for id_ in self._curriculum.courses()
        }

    @cached_property
    def _walk(self) -> "_Walk":
        walk = _Walk(self._courses, self._record, self._now)
        if self._curriculum.root is not None:
            walk.whole = walk.met(self._curriculum.root, walk.missing)
        return walk


def counts_as(held: str, required: str) -> bool:
    """Whether a certificate or an enrollment in one mode is one in the other (rule C1)."""
    return held == required or EQUIVALENT.get(held) == required


def program_progress(curriculum: Curriculum, record: Record, now: datetime) -> ProgramProgress:
    """How far a learner is in a program."""
    return ProgramProgress(curriculum, record, now)


def course_progress(course_id: int, curriculum: Curriculum, record: Record, now: datetime) -> CourseProgress:
    """How far a learner is in a course: any passed run counts, even if a later one was failed (rule C5)."""
    by_run = curriculum.by_run(course_id)
    runs = [_run_progress(key, modes, record, now) for key, modes in by_run.items()]
    runs += [
        RunProgress(key, RunStanding.PASSED_OUTSIDE_PROGRAM, (), record.enrollments.get(key), certificate)
        for key, certificate in record.passed_in(course_id)
        if key not in by_run
    ]
    return CourseProgress(course_id, _state(runs), tuple(runs))


def _run_progress(key: str, modes: Sequence[RunMode], record: Record, now: datetime) -> RunProgress:
    enrollment, certificate = record.enrollments.get(key), record.certificates.get(key)
    standing = _certified(modes, certificate) or _enrolled(modes, enrollment, certificate, now)
    names = [modes[0].mode] if len(modes) == 1 else list(dict.fromkeys(mode.mode for mode in modes))
    return RunProgress(key, standing, names, enrollment, certificate)


def _certified(modes: Sequence[RunMode], certificate: Certified | None) -> RunStanding | None:
    if certificate is None or not certificate.is_passing:
        return None
    if any(counts_as(certificate.mode, mode.mode) for mode in modes):
        return RunStanding.COUNTS
    return RunStanding.PASSED_IN_OTHER_MODE


def _enrolled(
    modes: Sequence[RunMode], enrollment: Enrolled | None, certificate: Certified | None, now: datetime
) -> RunStanding:
    """What a run without a passing certificate is (rule C6)."""
    if certificate is not None:
        return RunStanding.FAILED
    if enrollment is None:
        return RunStanding.OPEN if any(mode.is_open(now) for mode in modes) else RunStanding.CLOSED
    if any(counts_as(enrollment.mode, mode.mode) for mode in modes):
        return RunStanding.ENROLLED
    if any(mode.may_be_upgraded_to(now) for mode in modes):
        return RunStanding.ENROLLED_IN_OTHER_MODE
    return RunStanding.TOO_LATE_TO_UPGRADE


def _state(runs: Sequence[RunProgress]) -> CourseState:
    found = {run.standing for run in runs}
    if RunStanding.COUNTS in found:
        return CourseState.COMPLETED
    if found & {RunStanding.ENROLLED, RunStanding.ENROLLED_IN_OTHER_MODE}:
        return CourseState.IN_PROGRESS
    if any(run.enrollment is not None for run in runs):
        return CourseState.EXPIRED
    return CourseState.NOT_STARTED


class _Walk:
    """One walk over a tree: `nodes` are those that it came by, `missing` the courses that could bring it further."""

    def __init__(self, courses: Mapping[int, CourseProgress], record: Record, now: datetime) -> None:
        self.nodes: list[RequirementProgress] = []
        self.missing: list[int] = []
        self.whole: RequirementProgress | None = None
        self._courses = courses
        self._record = record
        self._now = now

    def met(self, node: Requirement, missing: list[int]) -> RequirementProgress:
        """How far a node is met; `missing` gets the courses below it that it lacks."""
        lacking: list[int] = []
        if node.kind is RequirementKind.COURSE and node.course_id is not None:
            done = self._courses[node.course_id].state is CourseState.COMPLETED
            met = RequirementProgress(node.position, done, 1, int(done))
            lacking.append(node.course_id)
        elif node.kind is RequirementKind.PROGRAM:
            met = _program_met(node, self._record, self._now)
        else:
            met = _group_met(node, [self.met(child, lacking) for child in node.children])
        if not met.is_met:
            missing += lacking
        self.nodes.append(met)
        return met


def _program_met(node: Requirement, record: Record, now: datetime) -> RequirementProgress:
    if node.program is None:
        return RequirementProgress(node.position, is_met=False, needed=1, done=0)
    of = program_progress(node.program, record, now)
    return RequirementProgress(node.position, of.is_completed, max(of.needed, 1), of.done)


def _group_met(node: Requirement, below: Sequence[RequirementProgress]) -> RequirementProgress:
    """A group of which all, or the `minimum` that lack least, have to be met; an empty one is not."""
    wanted = len(below) if node.minimum is None else node.minimum
    nearest = sorted(below, key=lambda child: (not child.is_met, child.needed - child.done, child.needed))[:wanted]
    met = bool(below) and sum(child.is_met for child in below) >= wanted
    needed, done = sum(child.needed for child in nearest), sum(child.done for child in nearest)
    return RequirementProgress(node.position, met, needed, done)


def _action(course: CourseProgress, modes: Sequence[RunMode], now: datetime) -> Action | None:
    """What could be done next for a course that is missing: an upgrade before a new run, the first run that is open."""
    if course.state is CourseState.COMPLETED:
        return None
    standings = {run.course_key: run.standing for run in course.runs}
    if RunStanding.ENROLLED in standings.values():
        return None
    for kind, standing in (
        (ActionKind.UPGRADE, RunStanding.ENROLLED_IN_OTHER_MODE),
        (ActionKind.ENROLL, RunStanding.OPEN),
    ):
        for mode in modes:
            is_possible = mode.is_open(now) if kind is ActionKind.ENROLL else mode.may_be_upgraded_to(now)
            if standings[mode.course_key] is standing and is_possible:
                return Action(kind, course.course_id, mode.course_key, mode.mode, mode.sku)
    return None
