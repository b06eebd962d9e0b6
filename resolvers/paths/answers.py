"""What a courseware path comes to: its form, the rules that were applied, the place, and what to know about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edx.olx import Key


class Form(StrEnum):
    """The forms of paths (`spec/courseware-paths.md`, "Decision"), and two that the learning front end adds."""

    COURSE = "course"
    SECTION = "section"
    SECTION_AND_UNIT = "section_and_unit"
    SEQUENCE = "sequence"
    UNIT = "unit"
    SEQUENCE_AND_UNIT = "sequence_and_unit"
    SEQUENCE_END = "sequence_end"
    PAGE = "page"


class Rule(StrEnum):
    """Why a path leads to another one."""

    SPELLING = "spelling"
    RESUME = "resume"
    FIRST_SEQUENCE_OF_COURSE = "first_sequence_of_course"
    FIRST_SEQUENCE_OF_SECTION = "first_sequence_of_section"
    SECTION_WITHOUT_SEQUENCES = "section_without_sequences"
    DROP_SECTION = "drop_section"
    ACTIVE_UNIT = "active_unit"
    FIRST_UNIT = "first_unit"
    LAST_UNIT = "last_unit"
    SEQUENCE_WITHOUT_UNITS = "sequence_without_units"
    SEQUENCE_OF_UNIT = "sequence_of_unit"
    ENCLOSING_UNIT = "enclosing_unit"
    DROP_SEQUENCE = "drop_sequence"


class Flag(StrEnum):
    """What is worth knowing about the place."""

    GATED = "gated"
    HIDDEN_AFTER_DUE = "hidden_after_due"
    NOT_STARTED = "not_started"
    STAFF_ONLY = "staff_only"
    HIDE_FROM_TOC = "hide_from_toc"
    EMPTY = "empty"
    MISPLACED = "misplaced"
    NO_ACCESS = "no_access"


class Code(StrEnum):
    """Why a path leads nowhere."""

    MALFORMED = "malformed"
    NOT_FOUND = "not_found"
    NO_CONTENT = "no_content"
    VERSION_NOT_FOUND = "version_not_found"
    NO_SEQUENCE = "no_sequence"
    EMPTY_COURSE = "empty_course"
    NO_ACCESS = "no_access"


class Denied(StrEnum):
    """Why a learner has no access to a course, in the LMS's own words."""

    AUTHENTICATION_REQUIRED = "authentication_required"
    ENROLLMENT_REQUIRED = "enrollment_required"
    SURVEY_REQUIRED = "survey_required"
    DATA_SHARING_ACCESS_REQUIRED = "data_sharing_access_required"
    UNFULFILLED_MILESTONES = "unfulfilled_milestones"
    AUDIT_EXPIRED = "audit_expired"
    COURSE_NOT_STARTED = "course_not_started"
    INCORRECT_ACTIVE_ENTERPRISE = "incorrect_active_enterprise"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a path leads nowhere, for people; and where to go instead, None where there is nowhere."""

    code: Code
    message: str
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One redirection: the rule, and the path that it leads to."""

    rule: Rule
    path: str


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """What has to be done before a gated sequence opens; texts of the LMS."""

    key: str
    section_name: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the LMS knows of a learner in a course.

    `resume` are the sequence and the unit that they were in last. `positions` say which unit of a sequence is active,
    counted from 1. `gated` are the sequences that wait for something. `has_exam_to_pass` while an entrance exam is to
    be passed.
    """

    resume: tuple[Key, Key] | None = None
    positions: Mapping[Key, int | None] = field(default_factory=dict)
    gated: Mapping[Key, Prerequisite] = field(default_factory=dict)
    denied: Denied | None = None
    has_exam_to_pass: bool = False


NOWHERE = Whereabouts()


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a path comes to.

    `canonical` is None where there is a problem; `form` where it cannot be told without showing what is hidden.
    `asks_resume` and `asks` say what the answer depends on: where the learner was last, and in which sequences.
    """

    path: str
    form: Form | None = None
    steps: tuple[Step, ...] = ()
    canonical: str | None = None
    readable: str | None = None
    section: Key | None = None
    sequence: Key | None = None
    unit: Key | None = None
    flags: frozenset[Flag] = frozenset()
    problem: Problem | None = None
    denied: Denied | None = None
    prerequisite: Prerequisite | None = None
    previous: str | None = None
    next: str | None = None
    asks_resume: bool = False
    asks: frozenset[Key] = frozenset()

    @property
    def target(self) -> str | None:
        """Where a browser is to be sent, None where there is nowhere."""
        return self.problem.fallback if self.problem else self.canonical
