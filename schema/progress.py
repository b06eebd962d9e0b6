"""How far learners are in programs (`spec/programs.md`, "Progress, Completion, and Certification")."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from db import tables
from resolvers.learners import rules
from resolvers.plan.declare import attribute, linked

if TYPE_CHECKING:
    from schema.course import Course
    from schema.course_run import CourseRun
    from schema.learner import ProgramUser


@strawberry.enum(description="How far a learner is in a course of a program.")
class CourseProgressState(Enum):
    """States of courses."""

    COMPLETED = strawberry.enum_value(
        rules.CourseState.COMPLETED.value, description="A run is passed, with a certificate in a mode that counts."
    )
    IN_PROGRESS = strawberry.enum_value(
        rules.CourseState.IN_PROGRESS.value,
        description="Enrolled in a run in a mode that counts and not failed, or in another mode that can be upgraded.",
    )
    NOT_STARTED = strawberry.enum_value(rules.CourseState.NOT_STARTED.value, description="Not enrolled in any run.")
    EXPIRED = strawberry.enum_value(
        rules.CourseState.EXPIRED.value,
        description="Enrolled, but no run can complete the course any more: another one is needed.",
    )


@strawberry.enum(description="What a learner has of a course run, and whether it counts for a program.")
class RunStanding(Enum):
    """Standings of runs."""

    COUNTS = strawberry.enum_value(rules.RunStanding.COUNTS.value, description="Passed, in a mode that counts.")
    PASSED_IN_OTHER_MODE = strawberry.enum_value(
        rules.RunStanding.PASSED_IN_OTHER_MODE.value, description="Passed, but in a mode that does not count."
    )
    PASSED_OUTSIDE_PROGRAM = strawberry.enum_value(
        rules.RunStanding.PASSED_OUTSIDE_PROGRAM.value, description="Passed, but the program does not have this run."
    )
    FAILED = strawberry.enum_value(
        rules.RunStanding.FAILED.value, description="The certificate says that the learner has not passed, or lost it."
    )
    ENROLLED = strawberry.enum_value(rules.RunStanding.ENROLLED.value, description="Enrolled in a mode that counts.")
    ENROLLED_IN_OTHER_MODE = strawberry.enum_value(
        rules.RunStanding.ENROLLED_IN_OTHER_MODE.value,
        description="Enrolled in a mode that does not count and can be upgraded.",
    )
    TOO_LATE_TO_UPGRADE = strawberry.enum_value(
        rules.RunStanding.TOO_LATE_TO_UPGRADE.value,
        description="Enrolled in a mode that does not count and cannot be upgraded any more.",
    )
    OPEN = strawberry.enum_value(rules.RunStanding.OPEN.value, description="Not enrolled; enrollment is open.")
    CLOSED = strawberry.enum_value(rules.RunStanding.CLOSED.value, description="Not enrolled; enrollment is closed.")


@strawberry.enum(description="What a learner could do next.")
class NextActionKind(Enum):
    """Kinds of actions."""

    ENROLL = strawberry.enum_value(rules.ActionKind.ENROLL.value, description="Enroll in a run.")
    UPGRADE = strawberry.enum_value(
        rules.ActionKind.UPGRADE.value, description="Change the enrollment to a mode that counts."
    )


@strawberry.type(description="What a learner has of one run of a course.")
class RunProgress:
    """A run."""

    course_key: str = attribute("course_key", "Course key of the run, as the LMS has it.")
    course_run: Annotated["CourseRun", strawberry.lazy("schema.course_run")] | None = linked(
        "course_key", tables.CourseRun.key, "The run; null where it is not in the catalog."
    )
    standing: RunStanding = attribute("standing", "What the learner has, and whether it counts.")
    modes: list[str] = attribute("modes", "Modes that count, such as `verified`; none for a run outside the program.")
    enrollment_mode: str | None = attribute("enrollment_mode", "Mode of the active enrollment.")
    certificate_mode: str | None = attribute("certificate_mode", "Mode that a certificate was earned in.")
    certificate_url: str | None = attribute("certificate_url", "Address of the certificate, as the LMS has it.")
    grade: str | None = attribute("grade", "Grade on the certificate, such as `0.98`.")
    awarded_at: datetime | None = attribute("awarded_at", "When the certificate was awarded.")


@strawberry.type(description="How far a learner is in one course of a program.")
class CourseProgress:
    """A course."""

    course: Annotated["Course", strawberry.lazy("schema.course")] = linked("course_id", tables.Course.id, "The course.")
    state: CourseProgressState = attribute("state", "How far the learner is.")
    runs: list[RunProgress] = attribute("runs", "Runs of the program, and passed ones that it does not have.")


@strawberry.type(description="How far a node of a program's requirement tree is met.")
class RequirementProgress:
    """A node."""

    position: int = attribute("position", "Place of the node in the tree, as `ProgramRequirement.position`.")
    is_met: bool = attribute("is_met", "Whether it is met.")
    needed: int = attribute("needed", "Courses that have to be completed below it, by the shortest way.")
    done: int = attribute("done", "Courses among those that are completed.")


@strawberry.type(description="Something that a learner could do now for a course that is still missing.")
class NextAction:
    """An action."""

    kind: NextActionKind = attribute("kind", "What to do.")
    course: Annotated["Course", strawberry.lazy("schema.course")] = linked(
        "course_id", tables.Course.id, "Course that is missing."
    )
    course_key: str = attribute("course_key", "Course key of the run to do it in.")
    course_run: Annotated["CourseRun", strawberry.lazy("schema.course_run")] | None = linked(
        "course_key", tables.CourseRun.key, "Run to do it in."
    )
    mode: str = attribute("mode", "Slug of the mode that counts.")
    url: str | None = attribute(
        "url", "Page for it: the shop's basket for what has a SKU, where there is a shop, else one of the LMS."
    )


@strawberry.type(description="How far a learner is in a program, by the certificates and enrollments in the LMS.")
class ProgramProgress:
    """Progress in a program."""

    is_completed: bool = attribute("is_completed", "Whether all that the program requires is done.")
    needed: int = attribute("needed", "Courses that have to be completed, of electives as few as are needed.")
    done: int = attribute("done", "Courses among those that are completed.")
    courses: list[CourseProgress] = attribute("courses", "Courses of the program in order.")
    requirements: list[RequirementProgress] = attribute("requirements", "Nodes of the tree in order.")
    next_actions: list[NextAction] = attribute("actions", "What could be done now, for each course that is missing.")
    enrollments_as_of: datetime | None = attribute(
        "enrollments_at", "When the LMS was last asked for the learner's enrollments; null for never."
    )
    certificates_as_of: datetime | None = attribute(
        "certificates_at", "When the LMS was last asked for the learner's certificates; null for never."
    )
    is_stale: bool = attribute("is_stale", "Whether the LMS should have been asked again but did not answer.")


@strawberry.type(description="The certificate of a learner who completed a program.")
class ProgramCertificate:
    """A certificate."""

    uuid: str = attribute("uuid", "UUID; anybody sees at `/certificates/` and the UUID whether it is good.")
    url: str = attribute(
        "url",
        "Address of its page, which needs no sign-in, and with `?download` of the page as a file; relative to this "
        "server where it does not know its own address.",
    )
    awarded_at: datetime = attribute("awarded_at", "When it was awarded, or awarded again.")
    revoked_at: datetime | None = attribute("revoked_at", "When it was revoked; null while it is good.")


@strawberry.type(description="A learner as seen from a program.")
class ProgramLearner:
    """A learner in a program."""

    username: str = attribute("username", "LMS username.")
    association: Annotated["ProgramUser", strawberry.lazy("schema.learner")] | None = linked(
        "association", tables.ProgramUser.id, "Association with the program; null where there is none."
    )
    progress: ProgramProgress = attribute("progress", "How far the learner is.")


@strawberry.type(description="An active enrollment in a course run.")
class Enrollment:
    """An enrollment."""

    mode: str = attribute("mode", "Slug of the enrollment mode, such as `verified`.")
    is_active: bool = attribute("is_active", "Always true: ended enrollments are not shown.")
    enrolled_at: datetime | None = attribute("enrolled_at", "When the learner enrolled; null where it is not known.")
