"""Contracts with organizations, and who belongs to them."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from db import tables
from resolvers import reads
from resolvers.access import visible_contracts, visible_managers, visible_members
from resolvers.contracts import terms
from resolvers.contracts.drift import load_drift
from resolvers.plan.declare import batched, column, computed, many, noun, one
from resolvers.plan.sources import Link
from schema import lists
from schema.connection import Connection
from schema.enums import ContractMembership, ContractStatus
from schema.node import Node

if TYPE_CHECKING:
    from schema.course_run import CourseRun
    from schema.courseware import ContractDrift
    from schema.organization import Organization
    from schema.program import Program


@noun(
    tables.ContractMember,
    key=tables.ContractMember.id,
    visible=visible_members,
    description="A learner who belongs to a contract.",
)
class ContractMember:
    """A member."""

    username: str = column(tables.ContractMember.username, "LMS username of the learner.")
    added_by: str = column(tables.ContractMember.added_by, "Who added them, by LMS username.")
    added_at: datetime = column(tables.ContractMember.added_at, "When they were added.")
    contract: Annotated["Contract", strawberry.lazy("schema.contract")] | None = one(
        tables.ContractMember.contract_id, "The contract."
    )


@noun(
    tables.OrganizationManager,
    key=tables.OrganizationManager.id,
    visible=visible_managers,
    description="A user who looks after the contracts of an organization.",
)
class OrganizationManager:
    """A manager."""

    username: str = column(tables.OrganizationManager.username, "LMS username of the user.")
    added_by: str = column(tables.OrganizationManager.added_by, "Who made them one, by LMS username.")
    added_at: datetime = column(tables.OrganizationManager.added_at, "When they became one.")
    organization: Annotated["Organization", strawberry.lazy("schema.organization")] = one(
        tables.OrganizationManager.organization_id, "The organization."
    )


@noun(
    tables.Contract,
    key=tables.Contract.id,
    parse=reads.contract_number,
    visible=visible_contracts,
    description="An agreement with an organization, which has course runs of its own.",
)
class Contract(Node):
    """A contract (`spec/b2b-courseware.md`)."""

    number: int = column(tables.Contract.id, "Number, as in the keys of its runs: `102` in `C102_2025`.")
    name: str = column(tables.Contract.name, "Name for people.")
    description: str = column(tables.Contract.description, "What it is about; may be empty.")
    organization: Annotated["Organization", strawberry.lazy("schema.organization")] = one(
        tables.Contract.organization_id, "Organization that it is with."
    )
    membership: ContractMembership = column(tables.Contract.membership, "How learners come to belong to it.")
    is_enabled: bool = column(tables.Contract.is_enabled, "Whether it is in effect while its dates say so.")
    start_date: date | None = computed(
        terms.day_of, [tables.Contract.start], "First day, from its beginning in UTC; null: since ever."
    )
    end_date: date | None = computed(
        terms.day_of, [tables.Contract.end], "Last day, to its last second in UTC; null: for ever."
    )
    status: ContractStatus = column(terms.STATUS, "Where it is at the time of the query.")
    max_learners: int | None = column(tables.Contract.max_learners, "Seats; null: as many learners as there are.")
    seats_used: int = column(
        terms.seats_used(),
        "Learners who are enrolled in runs of the contract, each counted once, as far as the LMS has told.",
    )
    price: Decimal = computed(
        terms.price_of, [tables.Contract.price_cents], "Price for each learner; `0.00` where it is free."
    )
    welcome: str = column(tables.Contract.welcome, "Line that welcomes its learners; may be empty.")
    welcome_details: str = column(tables.Contract.welcome_details, "Text below that line; may be empty.")
    revision: int = column(tables.Contract.revision, "Number of its present state, counted up by each change.")
    created_at: datetime = column(tables.Contract.created_at, "When it was made.")
    updated_at: datetime = column(tables.Contract.updated_at, "When it was last changed.")
    course_runs: Connection[Annotated["CourseRun", strawberry.lazy("schema.course_run")]] = lists.course_runs(
        "Runs of the contract. Learners see those that are ready.", remote=tables.CourseRun.contract_id
    )
    programs: list[Annotated["Program", strawberry.lazy("schema.program")]] = many(
        "Programs that were added to the contract, in the order in which they were.",
        through=Link(tables.ContractProgram.contract_id, tables.ContractProgram.program_id),
        order=[tables.ContractProgram.position],
    )
    drift: list[Annotated["ContractDrift", strawberry.lazy("schema.courseware")]] = batched(
        tables.Contract.id,
        load_drift,
        "What its programs have gained and lost since their courses were added; for staff and managers.",
    )
    members: Connection[ContractMember] = lists.contract_members(
        "Learners who belong to the contract: for staff and managers all of them, for learners themselves."
    )
