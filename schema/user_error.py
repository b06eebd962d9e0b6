"""User errors: expected failures of mutations, told in the payload."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import strawberry

from resolvers.plan.declare import told
from resolvers.programs.lifecycle import Lack, Shortcoming
from resolvers.refusals import Problem, Reason
from schema.content_problem import ContentProblem


@strawberry.enum(description="Why a change was refused.")
class UserErrorCode(Enum):
    """The codes of user errors."""

    ARCHIVE_REFUSED = strawberry.enum_value(
        Reason.ARCHIVE_REFUSED.value, description="The archive is no course, or as bad as was not to be."
    )
    BAD_COURSE_KEY = strawberry.enum_value(Reason.BAD_COURSE_KEY.value, description="A course key is malformed.")
    BAD_TRANSITION = strawberry.enum_value(
        Reason.BAD_TRANSITION.value, description="The program's status cannot become this one."
    )
    BLOCK_AMBIGUOUS = strawberry.enum_value(
        Reason.BLOCK_AMBIGUOUS.value, description="The name alone may mean several blocks."
    )
    BLOCK_UNKNOWN = strawberry.enum_value(
        Reason.BLOCK_UNKNOWN.value, description="There is no such block in the content of the run."
    )
    CATEGORY_UNKNOWN = strawberry.enum_value(Reason.CATEGORY_UNKNOWN.value, description="There is no such category.")
    CONTENT_REFUSED = strawberry.enum_value(
        Reason.CONTENT_REFUSED.value, description="The content of a run is not changed; the problem says why."
    )
    CONTRACT_FULL = strawberry.enum_value(
        Reason.CONTRACT_FULL.value, description="The contract has not as many seats left."
    )
    CONTRACT_INACTIVE = strawberry.enum_value(
        Reason.CONTRACT_INACTIVE.value, description="The contract is switched off or expired."
    )
    COURSE_OF_OTHER_ORGANIZATION = strawberry.enum_value(
        Reason.COURSE_OF_OTHER_ORGANIZATION.value, description="None of the program's organizations offers the course."
    )
    COURSE_TAKEN = strawberry.enum_value(
        Reason.COURSE_TAKEN.value, description="The course is in another program, and may be in one only."
    )
    COURSE_UNKNOWN = strawberry.enum_value(Reason.COURSE_UNKNOWN.value, description="There is no such course.")
    DUPLICATE = strawberry.enum_value(Reason.DUPLICATE.value, description="Something stands in a list twice.")
    HAS_USERS = strawberry.enum_value(
        Reason.HAS_USERS.value, description="Learners are, or were, associated with the program."
    )
    IDEMPOTENCY_KEY_REUSED = strawberry.enum_value(
        Reason.IDEMPOTENCY_KEY_REUSED.value, description="The idempotency key came with another input before."
    )
    INSTANCE_NOT_READABLE = strawberry.enum_value(
        Reason.INSTANCE_NOT_READABLE.value, description="No setting names a user who signs in to the instance."
    )
    INSTANCE_UNKNOWN = strawberry.enum_value(
        Reason.INSTANCE_UNKNOWN.value, description="No setting names such an instance of Open edX."
    )
    INVALID = strawberry.enum_value(Reason.INVALID.value, description="A value is not one that the field takes.")
    JOB_NOT_FAILED = strawberry.enum_value(
        Reason.JOB_NOT_FAILED.value, description="The job has neither failed nor been canceled."
    )
    JOB_OVER = strawberry.enum_value(Reason.JOB_OVER.value, description="The job is over.")
    JOB_SUPERSEDED = strawberry.enum_value(
        Reason.JOB_SUPERSEDED.value, description="Another job for the same thing is unfinished."
    )
    INVALID_DATES = strawberry.enum_value(
        Reason.INVALID_DATES.value, description="Something would end before it starts."
    )
    KEY_CONFLICT = strawberry.enum_value(
        Reason.KEY_CONFLICT.value, description="The course key is that of another run."
    )
    KEY_TOO_LONG = strawberry.enum_value(
        Reason.KEY_TOO_LONG.value, description="A course key, or a part of one, would be longer than Open edX takes."
    )
    MERGE_CONFLICTS = strawberry.enum_value(
        Reason.MERGE_CONFLICTS.value,
        description="Both a run and its source have changed something, and nobody said what to take.",
    )
    MODE_UNKNOWN = strawberry.enum_value(
        Reason.MODE_UNKNOWN.value, description="The LMS offers no such enrollment mode of the run."
    )
    NAME_TAKEN = strawberry.enum_value(
        Reason.NAME_TAKEN.value, description="Another program, be it a deleted one, has the name."
    )
    NOT_IN_CONTRACT = strawberry.enum_value(
        Reason.NOT_IN_CONTRACT.value, description="The run is not one of the contract's."
    )
    NOT_PUBLISHABLE = strawberry.enum_value(
        Reason.NOT_PUBLISHABLE.value, description="The program lacks what a published one needs."
    )
    ORG_COUNT = strawberry.enum_value(Reason.ORG_COUNT.value, description="Too few or too many organizations.")
    ORG_KEY_TAKEN = strawberry.enum_value(
        Reason.ORG_KEY_TAKEN.value, description="Prefix and key together are the key of another organization."
    )
    ORG_UNKNOWN = strawberry.enum_value(Reason.ORG_UNKNOWN.value, description="There is no such organization.")
    PREFIX_MISMATCH = strawberry.enum_value(
        Reason.PREFIX_MISMATCH.value, description="The source was made for organizations of another prefix."
    )
    PROGRAM_ACTIVE = strawberry.enum_value(
        Reason.PROGRAM_ACTIVE.value, description="A program that learners see would lose or change what they rely on."
    )
    PROGRAM_CYCLE = strawberry.enum_value(
        Reason.PROGRAM_CYCLE.value, description="The program would require itself, directly or through others."
    )
    PROGRAM_NOT_ACTIVE = strawberry.enum_value(
        Reason.PROGRAM_NOT_ACTIVE.value, description="The program is not offered to learners, or not any more."
    )
    PROGRAM_UNKNOWN = strawberry.enum_value(Reason.PROGRAM_UNKNOWN.value, description="There is no such program.")
    PUSH_IN_PROGRESS = strawberry.enum_value(
        Reason.PUSH_IN_PROGRESS.value, description="Another version is being pushed to the instance."
    )
    REQUIRED = strawberry.enum_value(Reason.REQUIRED.value, description="A required field is missing or null.")
    REQUIREMENTS_NOT_FLAT = strawberry.enum_value(
        Reason.REQUIREMENTS_NOT_FLAT.value,
        description="The requirements are more than a list of courses, so a list cannot replace them.",
    )
    RERUN_IN_PROGRESS = strawberry.enum_value(Reason.RERUN_IN_PROGRESS.value, description="The run is being made.")
    REVISION_CONFLICT = strawberry.enum_value(
        Reason.REVISION_CONFLICT.value, description="Somebody changed the object meanwhile."
    )
    RUN_EXISTS_FOR_CONTRACT = strawberry.enum_value(
        Reason.RUN_EXISTS_FOR_CONTRACT.value, description="The contract has the run that this year's key is of."
    )
    RUN_NOT_PUBLISHED = strawberry.enum_value(
        Reason.RUN_NOT_PUBLISHED.value, description="The LMS does not offer the run."
    )
    RUN_OF_CONTRACT = strawberry.enum_value(Reason.RUN_OF_CONTRACT.value, description="The run is a contract's.")
    RUN_OF_OTHER_COURSE = strawberry.enum_value(
        Reason.RUN_OF_OTHER_COURSE.value, description="The run is of none of the program's courses."
    )
    RUN_UNKNOWN = strawberry.enum_value(Reason.RUN_UNKNOWN.value, description="There is no such course run.")
    SLUG_TAKEN = strawberry.enum_value(
        Reason.SLUG_TAKEN.value, description="Another block has the slug there, or once had it."
    )
    TEMPLATE_INVALID = strawberry.enum_value(
        Reason.TEMPLATE_INVALID.value, description="No certificate can be made with the template."
    )
    SOURCE_RUN_AMBIGUOUS = strawberry.enum_value(
        Reason.SOURCE_RUN_AMBIGUOUS.value, description="Several runs of the course are called its source."
    )
    SOURCE_RUN_EXISTS = strawberry.enum_value(
        Reason.SOURCE_RUN_EXISTS.value, description="Another run is designated as the course's source."
    )
    SOURCE_RUN_MISSING = strawberry.enum_value(
        Reason.SOURCE_RUN_MISSING.value, description="No run of the course is its source."
    )
    SOURCE_RUN_PROTECTED = strawberry.enum_value(
        Reason.SOURCE_RUN_PROTECTED.value, description="The run is a source: runs for contracts are made from it."
    )
    TOO_LONG = strawberry.enum_value(Reason.TOO_LONG.value, description="A text has too many characters.")
    UPLOAD_UNFINISHED = strawberry.enum_value(
        Reason.UPLOAD_UNFINISHED.value, description="Not all of the upload has come."
    )
    UPLOAD_UNKNOWN = strawberry.enum_value(
        Reason.UPLOAD_UNKNOWN.value, description="There is no such upload of yours, or not any more."
    )
    VERSION_CONFLICT = strawberry.enum_value(
        Reason.VERSION_CONFLICT.value, description="The content of the run is at another version."
    )
    VERSION_UNKNOWN = strawberry.enum_value(
        Reason.VERSION_UNKNOWN.value, description="The run never had the version, or it was not kept."
    )


@strawberry.enum(description="What a program lacks before it can be published.")
class PublishReasonCode(Enum):
    """The codes of shortcomings."""

    COURSE_WITHOUT_RUN = strawberry.enum_value(
        Lack.COURSE_WITHOUT_RUN.value, description="A course has no run in the program."
    )
    NO_COURSE = strawberry.enum_value(Lack.NO_COURSE.value, description="Nothing is required.")
    NO_MARKETING_SLUG = strawberry.enum_value(
        Lack.NO_MARKETING_SLUG.value, description="Active programs of the category need a marketing slug."
    )
    NO_ORGANIZATION = strawberry.enum_value(Lack.NO_ORGANIZATION.value, description="No organization publishes it.")
    REQUIRED_PROGRAM_HIDDEN = strawberry.enum_value(
        Lack.REQUIRED_PROGRAM_HIDDEN.value, description="Learners do not see a program that is required."
    )
    RUN_UNAVAILABLE = strawberry.enum_value(
        Lack.RUN_UNAVAILABLE.value, description="The LMS does not offer a run of the program any more."
    )


@strawberry.interface(description="Why a mutation changed nothing.")
class UserError:
    """An expected failure."""

    code: UserErrorCode = strawberry.field(description="What it is, for programs.")
    message: str = strawberry.field(description="What it is, for people.")
    field: list[str] | None = strawberry.field(
        description="Path in the input, such as `courses`, `2`; null where it is about the whole."
    )


@strawberry.type(description="Something in the input, or in what is there, stands against the change.")
class InputError(UserError):
    """A failure that needs no more data."""


@strawberry.type(description="Somebody changed the object since the revision that the change was made for.")
class RevisionConflict(UserError):
    """A failure of optimistic concurrency control."""

    current_revision: int = strawberry.field(description="Revision that the object is at now.")


@strawberry.type(description="The content of the run is at another version than the change was made for.")
class VersionConflict(UserError):
    """A failure of the compare-and-swap of versions."""

    current_version: str | None = strawberry.field(
        description="Version that the content is at now; null where there is none."
    )


@strawberry.type(description="One thing that a program lacks before it can be published.")
class PublishReason:
    """A shortcoming."""

    code: PublishReasonCode = told("code", "What it is, for programs.")
    message: str = told("message", "What it is, for people.")
    path: list[str] = told("path", "Where in the program, such as `courses`, `MITx+6.002x`.")

    @classmethod
    def of(cls, shortcoming: Shortcoming) -> "PublishReason":
        """As GraphQL has it."""
        return cls(
            code=PublishReasonCode(shortcoming.code.value),
            message=shortcoming.message,
            path=list(shortcoming.path),
        )


@strawberry.type(description="The program lacks what a published one needs.")
class NotPublishable(UserError):
    """A failure of the publish checks."""

    reasons: list[PublishReason] = strawberry.field(description="All that it lacks.")


@strawberry.type(description="Another run stands against the change.")
class OtherRun(UserError):
    """A failure that is about a run that there is."""

    key: str = strawberry.field(description="Course key of that run.")


@strawberry.type(description="Several runs of a course are called its source.")
class SeveralSources(UserError):
    """A failure that a choice would end."""

    keys: list[str] = strawberry.field(description="Course keys of those runs.")


@strawberry.type(description="No certificate can be made with the template.")
class TemplateInvalid(UserError):
    """A failure of a template of certificates."""

    line: int = strawberry.field(description="Line of the template that is wrong, counted from 1.")


@strawberry.type(description="A change of content cannot be made.")
class ContentRefused(UserError):
    """A failure of an edit."""

    problem: ContentProblem = strawberry.field(description="What is wrong, in which block, and where.")


KINDS: Mapping[str, tuple[type[UserError], str, Callable[[Any], Any]]] = {
    "current_revision": (RevisionConflict, "current_revision", int),
    "current_version": (VersionConflict, "current_version", str),
    "line": (TemplateInvalid, "line", int),
    "reasons": (NotPublishable, "reasons", lambda reasons: [PublishReason.of(reason) for reason in reasons]),
    "problem": (ContentRefused, "problem", ContentProblem.of),
    "keys": (SeveralSources, "keys", list),
    "run": (OtherRun, "key", str),
}
"""By what is known of a problem: the type of error that shows it, in which field, and how."""


def user_error(problem: Problem) -> UserError:
    """A problem as GraphQL has it."""
    given: dict[str, Any] = {
        "code": UserErrorCode(problem.code.value), "message": problem.message, "field": list(problem.place) or None
    }  # fmt: skip
    for name, (kind, field, shown) in KINDS.items():
        if problem.data.get(name):
            return kind(**given, **{field: shown(problem.data[name])})
    return InputError(**given)
