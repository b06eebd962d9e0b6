"""Connections to each noun, with the orders and filters that every list of it has."""

from typing import Any

from sqlalchemy import ColumnElement, String, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from db.tables import (
    AuditEntry,
    ContentVersion,
    ContractMember,
    Job,
    OrganizationManager,
    ProgramCategory,
    ProgramUser,
    RerunAttempt,
    RoleGrant,
)
from resolvers import reads
from resolvers.access import VIEWER
from resolvers.learners.service import listed
from resolvers.plan.declare import paged
from resolvers.plan.sources import Link
from schema.filters import (
    ContractFilter,
    CourseFilter,
    CourseRunFilter,
    JobFilter,
    OrganizationFilter,
    ProgramFilter,
    ProgramUserFilter,
    RoleGrantFilter,
)
from schema.orders import ContractOrder, CourseOrder, CourseRunOrder, OrganizationOrder, ProgramOrder, ProgramUserOrder


def organizations(description: str) -> Any:
    """All organizations, page by page."""
    return paged(
        description,
        orders=reads.ORGANIZATION_ORDERS,
        order_by=OrganizationOrder,
        filters=reads.ORGANIZATION_FILTERS,
        filter_by=OrganizationFilter,
    )


def courses(description: str, *, remote: InstrumentedAttribute[Any] | None = None) -> Any:
    """Courses, page by page: all, or those whose `remote` refers to the object."""
    return paged(
        description,
        orders=reads.COURSE_ORDERS,
        order_by=CourseOrder,
        filters=reads.COURSE_FILTERS,
        filter_by=CourseFilter,
        remote=remote,
    )


def course_runs(
    description: str,
    *,
    remote: InstrumentedAttribute[Any] | None = None,
    through: Link | None = None,
    where: ColumnElement[bool] | None = None,
) -> Any:
    """Course runs, page by page: all, or those whose `remote` refers to the object or that a link leads to.

    `where` holds for all of them.
    """
    return paged(
        description,
        orders=reads.RUN_ORDERS,
        order_by=CourseRunOrder,
        filters=reads.RUN_FILTERS,
        filter_by=CourseRunFilter,
        remote=remote,
        through=through,
        where=where,
    )


def contracts(description: str, *, remote: InstrumentedAttribute[Any] | None = None) -> Any:
    """Contracts, page by page: all, or those whose `remote` refers to the object."""
    return paged(
        description,
        orders=reads.CONTRACT_ORDERS,
        order_by=ContractOrder,
        filters=reads.CONTRACT_FILTERS,
        filter_by=ContractFilter,
        remote=remote,
    )


def contract_members(description: str) -> Any:
    """The members of a contract, by name."""
    return paged(description, orders=reads.MEMBER_ORDERS, remote=ContractMember.contract_id)


def managers(description: str) -> Any:
    """The managers of an organization, by name."""
    return paged(description, orders=reads.MANAGER_ORDERS, remote=OrganizationManager.organization_id)


def rerun_attempts(description: str) -> Any:
    """What was tried for a re-run, in order."""
    return paged(description, orders={"id": RerunAttempt.id}, remote=RerunAttempt.rerun_id)


def sites(description: str) -> Any:
    """All sites, page by page, by name."""
    return paged(description, orders=reads.SITE_ORDERS)


def programs(description: str, *, through: Link | None = None) -> Any:
    """Programs, page by page: all, or those that a link leads to."""
    return paged(
        description,
        orders=reads.PROGRAM_ORDERS,
        order_by=ProgramOrder,
        filters=reads.PROGRAM_FILTERS,
        filter_by=ProgramFilter,
        through=through,
    )


def program_categories(description: str) -> Any:
    """All categories of programs, by name."""
    return paged(description, orders={"name": ProgramCategory.display_name})


def program_changes(description: str) -> Any:
    """The changes of an object that `program_id` of the audit log refers to, the last first."""
    return paged(
        description,
        orders={"id": AuditEntry.id},
        descending=True,
        remote=AuditEntry.program_id,
    )


def program_users(description: str) -> Any:
    """The associations with a program."""
    return paged(
        description,
        orders=reads.ASSOCIATION_ORDERS,
        order_by=ProgramUserOrder,
        filters=reads.ASSOCIATION_FILTERS,
        filter_by=ProgramUserFilter,
        remote=ProgramUser.program_id,
    )


def own_programs(description: str) -> Any:
    """The associations of whoever asks, brought up to date first."""
    return paged(
        description,
        orders=reads.OWN_ASSOCIATION_ORDERS,
        filters=reads.ASSOCIATION_FILTERS,
        filter_by=ProgramUserFilter,
        where=ProgramUser.username == bindparam(VIEWER, type_=String()),
        before=listed,
    )


def role_grants(description: str) -> Any:
    """All grants of roles."""
    return paged(
        description,
        orders={"id": RoleGrant.id},
        filters=reads.GRANT_FILTERS,
        filter_by=RoleGrantFilter,
    )


def content_versions(description: str) -> Any:
    """The history of a run's content."""
    return paged(
        description,
        orders={"number": ContentVersion.number},
        descending=True,
        remote=ContentVersion.course_run_id,
    )


def jobs(description: str) -> Any:
    """All jobs, the last first."""
    return paged(
        description,
        orders={"id": Job.id},
        descending=True,
        filters=reads.JOB_FILTERS,
        filter_by=JobFilter,
    )
