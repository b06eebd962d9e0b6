"""Expected failures of mutations: what keeps a change from being made, all of it at once.

A refusal is about the data, never about the viewer's rights (`resolvers.errors.Forbidden`) nor about a target that is
not there (`NotFound`). Mutations answer it as `userErrors`; nothing is written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why a change is refused: the value of `code` of a user error. Each is described in `docs/errors.md`."""

    ARCHIVE_REFUSED = "ARCHIVE_REFUSED"
    BAD_COURSE_KEY = "BAD_COURSE_KEY"
    BAD_TRANSITION = "BAD_TRANSITION"
    BLOCK_AMBIGUOUS = "BLOCK_AMBIGUOUS"
    BLOCK_UNKNOWN = "BLOCK_UNKNOWN"
    CATEGORY_UNKNOWN = "CATEGORY_UNKNOWN"
    CONTENT_REFUSED = "CONTENT_REFUSED"
    CONTRACT_FULL = "CONTRACT_FULL"
    CONTRACT_INACTIVE = "CONTRACT_INACTIVE"
    COURSE_OF_OTHER_ORGANIZATION = "COURSE_OF_OTHER_ORGANIZATION"
    COURSE_TAKEN = "COURSE_TAKEN"
    COURSE_UNKNOWN = "COURSE_UNKNOWN"
    DUPLICATE = "DUPLICATE"
    HAS_USERS = "HAS_USERS"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    INSTANCE_NOT_READABLE = "INSTANCE_NOT_READABLE"
    INSTANCE_UNKNOWN = "INSTANCE_UNKNOWN"
    INVALID = "INVALID"
    JOB_NOT_FAILED = "JOB_NOT_FAILED"
    JOB_OVER = "JOB_OVER"
    JOB_SUPERSEDED = "JOB_SUPERSEDED"
    INVALID_DATES = "INVALID_DATES"
    KEY_CONFLICT = "KEY_CONFLICT"
    KEY_TOO_LONG = "KEY_TOO_LONG"
    MERGE_CONFLICTS = "MERGE_CONFLICTS"
    MODE_UNKNOWN = "MODE_UNKNOWN"
    NAME_TAKEN = "NAME_TAKEN"
    NOT_IN_CONTRACT = "NOT_IN_CONTRACT"
    NOT_PUBLISHABLE = "NOT_PUBLISHABLE"
    ORG_COUNT = "ORG_COUNT"
    ORG_KEY_TAKEN = "ORG_KEY_TAKEN"
    ORG_UNKNOWN = "ORG_UNKNOWN"
    PREFIX_MISMATCH = "PREFIX_MISMATCH"
    PROGRAM_ACTIVE = "PROGRAM_ACTIVE"
    PROGRAM_CYCLE = "PROGRAM_CYCLE"
    PROGRAM_NOT_ACTIVE = "PROGRAM_NOT_ACTIVE"
    PROGRAM_UNKNOWN = "PROGRAM_UNKNOWN"
    PUSH_IN_PROGRESS = "PUSH_IN_PROGRESS"
    REQUIRED = "REQUIRED"
    REQUIREMENTS_NOT_FLAT = "REQUIREMENTS_NOT_FLAT"
    RERUN_IN_PROGRESS = "RERUN_IN_PROGRESS"
    REVISION_CONFLICT = "REVISION_CONFLICT"
    RUN_EXISTS_FOR_CONTRACT = "RUN_EXISTS_FOR_CONTRACT"
    RUN_NOT_PUBLISHED = "RUN_NOT_PUBLISHED"
    RUN_OF_CONTRACT = "RUN_OF_CONTRACT"
    RUN_OF_OTHER_COURSE = "RUN_OF_OTHER_COURSE"
    RUN_UNKNOWN = "RUN_UNKNOWN"
    SLUG_TAKEN = "SLUG_TAKEN"
    TEMPLATE_INVALID = "TEMPLATE_INVALID"
    SOURCE_RUN_AMBIGUOUS = "SOURCE_RUN_AMBIGUOUS"
    SOURCE_RUN_EXISTS = "SOURCE_RUN_EXISTS"
    SOURCE_RUN_MISSING = "SOURCE_RUN_MISSING"
    SOURCE_RUN_PROTECTED = "SOURCE_RUN_PROTECTED"
    TOO_LONG = "TOO_LONG"
    UPLOAD_UNFINISHED = "UPLOAD_UNFINISHED"
    UPLOAD_UNKNOWN = "UPLOAD_UNKNOWN"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    VERSION_UNKNOWN = "VERSION_UNKNOWN"


@dataclass(frozen=True)
class Problem:
    """One thing that keeps a change from being made.

    `place` is the path in the input (`("courses", "2")`), empty for the whole; `data` what the code's own type of user
    error adds.
    """

    code: Reason
    message: str
    place: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """A change that is not made; `problems` has at least one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))

    def of_courses_in(self, field: str) -> "Refusal":
        """The same, for an input whose courses are in another field than `courses`: problems with them are there."""
        return Refusal(
            replace(problem, place=(field,)) if problem.place[:1] == ("courses",) and field != "courses" else problem
            for problem in self.problems
        )


def refuse_if(problems: Iterable[Problem]) -> None:
    """Raise Refusal when there are any."""
    if found := tuple(problems):
        raise Refusal(found)
