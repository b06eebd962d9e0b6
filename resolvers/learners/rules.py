"""How far a learner is in a program: pure functions of its requirements, the learner's records and the time.

The rules C1 to C6 are those of Open edX's own progress meter: a course is completed by a passing certificate in any of
its runs, in the mode that counts there, whatever else was failed; a program by its requirements, never by having none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property

from db.tables import RequirementKind
from resolvers.learners.curriculum import CountedRun, Curriculum, Requirement, RunMode

LATEST = datetime.max.replace(tzinfo=UTC)


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
    _keys: set[str] = field(default_factory=set)

    def passed_in(self, course_id: int) -> Sequence[tuple[str, Certified]]:
        """The passing certificates in runs of a course, worked out once for all courses."""
        if not self._passed:
            self._passed[None] = []
            for key, certificate in self.certificates.items():
                if certificate.is_passing:
                    self._passed.setdefault(certificate.course_id, []).append((key, certificate))
        return self._passed.get(course_id, ())

    def has_none_of(self, keys: Iterable[str]) -> bool:
        """Whether there is nothing of any of these runs."""
        if not self._keys:
            self._keys.update(self.enrollments, self.certificates, [""])
        return self._keys.isdisjoint(keys)


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


def program_progress(curriculum: Curriculum, record: Record, now: datetime) -> ProgramProgress:
    """How far a learner is in a program."""
    return ProgramProgress(curriculum, record, now)


def course_progress(course_id: int, curriculum: Curriculum, record: Record, now: datetime) -> CourseProgress:
    """How far a learner is in a course: any passed run counts, even if a later one was failed (rule C5)."""
    by_run, passed = curriculum.by_run(course_id), record.passed_in(course_id)
    if not passed and record.has_none_of(by_run):
        return _untouched(curriculum, course_id, now)
    runs = [
        _run_progress(key, run, record.enrollments.get(key), record.certificates.get(key), now)
        for key, run in by_run.items()
    ]
    runs += [
        RunProgress(key, RunStanding.PASSED_OUTSIDE_PROGRAM, (), record.enrollments.get(key), certificate)
        for key, certificate in passed
        if key not in by_run
    ]
    return CourseProgress(course_id, _state(runs), tuple(runs))


@dataclass(frozen=True, slots=True, eq=False)
class _Untouched:
    """The progress of whoever has nothing of a course, and from when until when it is that."""

    progress: CourseProgress
    since: datetime
    until: datetime

    @classmethod
    def of(cls, by_run: Mapping[str, CountedRun], course_id: int, now: datetime) -> "_Untouched":
        runs = tuple(_run_progress(key, run, None, None, now) for key, run in by_run.items())
        changes = [at for run in by_run.values() for at in run.changes() if at > now]
        return cls(CourseProgress(course_id, _state(runs), runs), now, min(changes, default=LATEST))


def _untouched(curriculum: Curriculum, course_id: int, now: datetime) -> CourseProgress:
    """The progress of whoever has nothing of a course, worked out once until one of its runs opens or closes."""
    found: _Untouched | None = curriculum.untouched.get(course_id)
    if found is None or not found.since <= now < found.until:
        found = curriculum.untouched[course_id] = _Untouched.of(curriculum.by_run(course_id), course_id, now)
    return found.progress


def _run_progress(
    key: str, run: CountedRun, enrollment: Enrolled | None, certificate: Certified | None, now: datetime
) -> RunProgress:
    standing = _certified(run, certificate) or _enrolled(run, enrollment, certificate, now)
    return RunProgress(key, standing, run.names, enrollment, certificate)


def _certified(run: CountedRun, certificate: Certified | None) -> RunStanding | None:
    if certificate is None or not certificate.is_passing:
        return None
    return RunStanding.COUNTS if certificate.mode in run.taken else RunStanding.PASSED_IN_OTHER_MODE


def _enrolled(
    run: CountedRun, enrollment: Enrolled | None, certificate: Certified | None, now: datetime
) -> RunStanding:
    """What a run without a passing certificate is (rule C6)."""
    if certificate is not None:
        return RunStanding.FAILED
    if enrollment is None:
        return RunStanding.OPEN if any(mode.is_open(now) for mode in run.modes) else RunStanding.CLOSED
    if enrollment.mode in run.taken:
        return RunStanding.ENROLLED
    if any(mode.may_be_upgraded_to(now) for mode in run.modes):
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
