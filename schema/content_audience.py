"""Whom content is shown to, and how it stands: the words for it (spec/content-api.md, "MVP Definition")."""

from datetime import datetime
from enum import Enum

import strawberry

from resolvers.content import visibility


@strawberry.enum(description="What somebody is to a course.")
class CourseRole(Enum):
    """Roles."""

    STAFF = strawberry.enum_value(visibility.Role.STAFF.value, description="Its staff, who see everything.")
    BETA_TESTER = strawberry.enum_value(
        visibility.Role.BETA_TESTER.value, description="A learner to whom it opens some days earlier."
    )
    LEARNER = strawberry.enum_value(visibility.Role.LEARNER.value, description="A learner who is enrolled.")
    ANONYMOUS = strawberry.enum_value(visibility.Role.ANONYMOUS.value, description="Somebody who has not signed in.")


@strawberry.enum(description="Whether somebody may have a block, or what keeps them from it.")
class BlockAccess(Enum):
    """Access."""

    OPEN = strawberry.enum_value(visibility.Access.OPEN.value, description="They may have it.")
    PAST_DUE = strawberry.enum_value(
        visibility.Access.PAST_DUE.value,
        description="It was due, and is closed since then; it shows that it is there.",
    )
    NOT_STARTED = strawberry.enum_value(
        visibility.Access.NOT_STARTED.value, description="It has not started; it shows that it is there."
    )
    SIGN_IN = strawberry.enum_value(visibility.Access.SIGN_IN.value, description="They have to sign in.")
    NOT_IN_GROUP = strawberry.enum_value(
        visibility.Access.NOT_IN_GROUP.value, description="It is for groups that they are not in."
    )
    STAFF_ONLY = strawberry.enum_value(visibility.Access.STAFF_ONLY.value, description="It is for staff.")


@strawberry.enum(description="How a block and all below it stand, as Studio shows it to authors.")
class BlockState(Enum):
    """States."""

    STAFF_ONLY = strawberry.enum_value(visibility.State.STAFF_ONLY.value, description="Only staff see it.")
    HIDE_FROM_TOC = strawberry.enum_value(
        visibility.State.HIDE_FROM_TOC.value, description="It is not in the outline; links lead to it."
    )
    GATED = strawberry.enum_value(visibility.State.GATED.value, description="It waits for a prerequisite.")
    NEEDS_ATTENTION = strawberry.enum_value(
        visibility.State.NEEDS_ATTENTION.value,
        description="Something of it is not published, or not as far as what is around it.",
    )
    UNSCHEDULED = strawberry.enum_value(visibility.State.UNSCHEDULED.value, description="It has no start.")
    READY = strawberry.enum_value(visibility.State.READY.value, description="It will open at its start.")
    LIVE = strawberry.enum_value(visibility.State.LIVE.value, description="It is open to learners.")


@strawberry.input(description="Groups of one partition of learners, such as the cohorts of a course.")
class PartitionGroupsInput:
    """Groups."""

    partition: int = strawberry.field(description="Number of the partition; 50 is the enrollment track.")
    groups: list[int] = strawberry.field(description="Numbers of groups of it.")


@strawberry.input(description="Whoever is to see something, and when; by default learners in no group, now.")
class AudienceInput:
    """An audience."""

    role: CourseRole | None = strawberry.field(default=None, description="What they are to the course.")
    groups: list[PartitionGroupsInput] | None = strawberry.field(default=None, description="Groups that they are in.")
    at: datetime | None = strawberry.field(default=None, description="When.")
