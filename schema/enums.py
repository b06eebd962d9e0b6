"""The enums of the nouns. Each value is the one that the database holds."""

from enum import Enum

import strawberry

from db import tables
from resolvers.access import Permission
from resolvers.contracts.terms import ContractStatus as StoredStatus
from resolvers.reads import RunState


@strawberry.enum(description="What stands before an organization's key in the course keys of its B2B runs.")
class CourseKeyPrefix(Enum):
    """A family of organizations that runs are made for (`spec/b2b-courseware.md`)."""

    UAI = strawberry.enum_value(tables.CourseKeyPrefix.UAI.value, description="`UAI_`, as in `UAI_MIT`.")
    B2B = strawberry.enum_value(tables.CourseKeyPrefix.B2B.value, description="`B2B_`, as in `B2B_Acme`.")
    NONE = strawberry.enum_value(tables.CourseKeyPrefix.NONE.value, description="Nothing: the bare key.")


@strawberry.enum(description="Who sets the pace of a course run.")
class Pacing(Enum):
    """Pacing, as Open edX has it."""

    INSTRUCTOR = strawberry.enum_value(tables.Pacing.INSTRUCTOR.value, description="Dates set by the course team.")
    SELF = strawberry.enum_value(tables.Pacing.SELF.value, description="Each learner goes at their own pace.")


@strawberry.enum(description="Where a course run came from.")
class CourseRunOrigin(Enum):
    """The origin of a run."""

    STUDIO = strawberry.enum_value(tables.RunOrigin.STUDIO.value, description="Made in Studio, found by a sync.")
    RERUN = strawberry.enum_value(tables.RunOrigin.RERUN.value, description="Made here from another run.")
    DIRECTORY = strawberry.enum_value(tables.RunOrigin.DIRECTORY.value, description="Read from a course directory.")
    IMPORT = strawberry.enum_value(tables.RunOrigin.IMPORT.value, description="Imported from an archive.")


@strawberry.enum(description="Where a course run is in time, by its start and end.")
class CourseRunState(Enum):
    """The state of a run at the time of the query."""

    UPCOMING = strawberry.enum_value(RunState.UPCOMING.value, description="Not started, or without a start.")
    CURRENT = strawberry.enum_value(RunState.CURRENT.value, description="Started and not ended.")
    ENDED = strawberry.enum_value(RunState.ENDED.value, description="Ended.")


@strawberry.enum(description="Where a program is in its lifecycle. Deleted programs are not found by anyone.")
class ProgramStatus(Enum):
    """The lifecycle of programs (`spec/programs.md`, "Program Lifecycle") as the public sees it."""

    UNPUBLISHED = strawberry.enum_value(
        tables.ProgramStatus.UNPUBLISHED.value, description="Being built; seen by those who build programs only."
    )
    ACTIVE = strawberry.enum_value(tables.ProgramStatus.ACTIVE.value, description="Offered to learners.")
    RETIRED = strawberry.enum_value(
        tables.ProgramStatus.RETIRED.value, description="No longer offered to new learners; still shown."
    )


@strawberry.enum(description="How a learner stands to a program. Associations that were ended are not found by anyone.")
class ProgramUserStatus(Enum):
    """Statuses of associations (`spec/programs.md`, "ProgramUser") as the public sees them."""

    ACTIVE = strawberry.enum_value(tables.ProgramUserStatus.ACTIVE.value, description="On the way.")
    COMPLETED = strawberry.enum_value(
        tables.ProgramUserStatus.COMPLETED.value, description="All that the program requires is done."
    )


@strawberry.enum(description="What brought a learner's association with a program about.")
class ProgramUserSource(Enum):
    """Sources of associations."""

    LISTING = strawberry.enum_value(
        tables.ProgramUserSource.LISTING.value, description="An enrollment, seen when programs were listed."
    )
    CERTIFICATE = strawberry.enum_value(
        tables.ProgramUserSource.CERTIFICATE.value, description="An enrollment, seen when a certificate was earned."
    )
    REGISTRATION = strawberry.enum_value(
        tables.ProgramUserSource.REGISTRATION.value, description="A registration, such as a purchase."
    )


@strawberry.enum(description="One thing that a viewer may do with a program.")
class ProgramPermission(Enum):
    """Permissions on programs (`spec/programs.md`, "Roles and Permissions")."""

    SEE = strawberry.enum_value(Permission.SEE_PROGRAMS.value, description="See it once it is published.")
    SEE_UNPUBLISHED = strawberry.enum_value(
        Permission.SEE_UNPUBLISHED_PROGRAMS.value, description="See it before it is published."
    )
    CHANGE = strawberry.enum_value(Permission.CHANGE_PROGRAMS.value, description="Change, retire and delete it.")
    PUBLISH = strawberry.enum_value(Permission.PUBLISH_PROGRAMS.value, description="Offer it to learners.")


@strawberry.enum(description="What a node of a program's requirement tree asks for.")
class RequirementKind(Enum):
    """Kinds of requirements."""

    ALL_OF = strawberry.enum_value(tables.RequirementKind.ALL_OF.value, description="Everything below the node.")
    MIN_NUMBER_OF = strawberry.enum_value(
        tables.RequirementKind.MIN_NUMBER_OF.value, description="At least `minimum` of the nodes below."
    )
    COURSE = strawberry.enum_value(tables.RequirementKind.COURSE.value, description="One course.")
    PROGRAM = strawberry.enum_value(tables.RequirementKind.PROGRAM.value, description="Another program, completed.")


@strawberry.enum(description="Where a job is.")
class JobState(Enum):
    """States of jobs."""

    QUEUED = strawberry.enum_value(
        tables.JobState.QUEUED.value, description="It waits for a worker, or for the next attempt."
    )
    RUNNING = strawberry.enum_value(tables.JobState.RUNNING.value, description="A worker is at it.")
    SUCCEEDED = strawberry.enum_value(tables.JobState.SUCCEEDED.value, description="It is done.")
    FAILED = strawberry.enum_value(
        tables.JobState.FAILED.value, description="It ended without a result; it can be tried again."
    )
    CANCELED = strawberry.enum_value(
        tables.JobState.CANCELED.value, description="Somebody had it ended; it can be tried again."
    )


@strawberry.enum(description="How learners come to belong to a contract.")
class ContractMembership(Enum):
    """Membership types."""

    MANAGED = strawberry.enum_value(
        tables.ContractMembership.MANAGED.value, description="Managers and staff add them, one by one."
    )
    CODE = strawberry.enum_value(tables.ContractMembership.CODE.value, description="They redeem an enrollment code.")
    AUTO = strawberry.enum_value(
        tables.ContractMembership.AUTO.value, description="Whoever belongs to the organization belongs to the contract."
    )


@strawberry.enum(description="Where a contract is. Days are those of UTC, and its first and last day belong to it.")
class ContractStatus(Enum):
    """Statuses of contracts: what comes first here wins."""

    DISABLED = strawberry.enum_value(StoredStatus.DISABLED.value, description="Switched off.")
    UPCOMING = strawberry.enum_value(StoredStatus.UPCOMING.value, description="Before its first day.")
    EXPIRED = strawberry.enum_value(StoredStatus.EXPIRED.value, description="After its last day.")
    FULL = strawberry.enum_value(StoredStatus.FULL.value, description="In effect, with all of its seats taken.")
    ACTIVE = strawberry.enum_value(StoredStatus.ACTIVE.value, description="In effect.")


@strawberry.enum(description="Where the making of a course run from another one is.")
class RerunState(Enum):
    """States of re-runs."""

    PLANNED = strawberry.enum_value(tables.RerunState.PLANNED.value, description="Nothing was asked of Open edX yet.")
    CLONING = strawberry.enum_value(tables.RerunState.CLONING.value, description="Studio is copying the content.")
    CONFIGURING = strawberry.enum_value(
        tables.RerunState.CONFIGURING.value, description="Dates, pacing and modes are being set."
    )
    READY = strawberry.enum_value(tables.RerunState.READY.value, description="Done: learners may see the run.")
    FAILED = strawberry.enum_value(tables.RerunState.FAILED.value, description="Given up; it can be tried again.")
