"""Which rows a list shows: all conditions hold together, one left out or null is none, unknown values match nothing."""

from datetime import datetime
from typing import Any

import strawberry

from schema.enums import (
    ContractMembership,
    ContractStatus,
    CourseRunState,
    JobState,
    ProgramStatus,
    ProgramUserStatus,
    RerunState,
)


def _condition(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.input(description="Which organizations to list.")
class OrganizationFilter:
    """Conditions on organizations."""

    search: str | None = _condition("Name or key contains this text, without regard to case.")


@strawberry.input(description="Which courses to list.")
class CourseFilter:
    """Conditions on courses."""

    org: str | None = _condition("Organization's key, without regard to case, such as `MITx`.")
    search: str | None = _condition("Name or readable id contains this text, without regard to case.")


@strawberry.input(description="Which course runs to list.")
class CourseRunFilter:
    """Conditions on course runs."""

    org: str | None = _condition("Key of the course's organization, without regard to case, such as `MITx`.")
    course: str | None = _condition("Course's id without regard to case, such as `MITx+6.002x` or `MITx/6.002x`.")
    source: bool | None = _condition("Whether runs for contracts are made from it.")
    state: list[CourseRunState] | None = _condition("State is one of these.")
    site: str | None = _condition("Name of a site, without regard to case, that offers it: as its own or its parents'.")
    ntiid: str | None = _condition("NTIID of its catalog entry, compared with case.")
    search: str | None = _condition("Name or key contains this text, without regard to case.")
    contract: strawberry.ID | None = _condition("Made for the contract with this id.")
    rerun_state: list[RerunState] | None = _condition("Made from another run here, and its making is at one of these.")


@strawberry.input(description="Which contracts to list.")
class ContractFilter:
    """Conditions on contracts."""

    org: str | None = _condition("Key of the organization, without regard to case.")
    status: list[ContractStatus] | None = _condition("Status is one of these.")
    membership: list[ContractMembership] | None = _condition("Learners come to belong to it in one of these ways.")
    search: str | None = _condition("Name contains this text, without regard to case.")


@strawberry.input(description="Which programs to list.")
class ProgramFilter:
    """Conditions on programs (`spec/programs.md`, "GET /programs/")."""

    category: str | None = _condition("Category's slug, without regard to case, such as `xseries`.")
    status: list[ProgramStatus] | None = _condition("Status is one of these.")
    org: str | None = _condition("Key of one of the program's organizations, without regard to case.")
    course: str | None = _condition(
        "Id of a course in the program without regard to case, such as `MITx+6.002x` or `MITx/6.002x`."
    )
    updated_since: datetime | None = _condition("Changed at that time or later.")
    run: str | None = _condition("Key of a course run in the program, without regard to case.")
    has_unavailable_runs: bool | None = _condition(
        "Whether the LMS has stopped offering a run of the program, or its mode."
    )
    search: str | None = _condition("Name contains this text, without regard to case.")
    username: str | None = _condition(
        "LMS username, compared with case, of a learner who is associated with the program. Learners may name "
        "themselves only. Associations follow the learner's enrollments when they are listed."
    )


@strawberry.input(description="Which associations with programs to list.")
class ProgramUserFilter:
    """Conditions on associations."""

    status: list[ProgramUserStatus] | None = _condition("Status is one of these.")


@strawberry.input(description="Which grants of roles to list.")
class RoleGrantFilter:
    """Conditions on grants."""

    username: str | None = _condition("LMS username, compared with case.")
    org: str | None = _condition("Key of the organization, without regard to case.")


@strawberry.input(description="Which jobs to list.")
class JobFilter:
    """Conditions on jobs."""

    kind: list[str] | None = _condition("Kind is one of these.")
    state: list[JobState] | None = _condition("State is one of these.")
    subject: str | None = _condition("Global id of what they are about.")
    requested_by: str | None = _condition("LMS username, compared with case, of who asked for them.")
