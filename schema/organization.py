"""Organizations."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import func

from db import tables
from resolvers.grants import load_organization_permissions
from resolvers.plan.declare import batched, column, noun
from resolvers.plan.sources import Link
from schema import lists
from schema.connection import Connection
from schema.enums import CourseKeyPrefix, ProgramPermission
from schema.node import Node

if TYPE_CHECKING:
    from schema.contract import Contract, OrganizationManager
    from schema.course import Course
    from schema.program import Program


@noun(
    tables.Organization,
    key=tables.Organization.key,
    description="An institution that courses and programs belong to.",
)
class Organization(Node):
    """An organization (`spec/programs.md`, "Organization")."""

    key: str = column(tables.Organization.key, "Organization part of course keys, such as `ANUx`.")
    prefix: CourseKeyPrefix = column(
        tables.Organization.prefix, "What stands before the key in the course keys of runs made for contracts."
    )
    slug: str | None = column(tables.Organization.slug, "Name in web addresses; no part of course keys.")
    display_name: str = column(
        func.coalesce(tables.Organization.display_name, tables.Organization.key),
        "Name for people; the key where no name is known.",
    )
    description: str = column(tables.Organization.description, "What the organization says of itself; may be empty.")
    logo_url: str | None = column(tables.Organization.logo_url, "Address of the logo.")
    created_at: datetime = column(tables.Organization.created_at, "When it was first seen here.")
    updated_at: datetime = column(tables.Organization.updated_at, "When it last changed here.")
    courses: Connection[Annotated["Course", strawberry.lazy("schema.course")]] = lists.courses(
        "Courses of the organization.",
        remote=tables.Course.organization_id,
    )
    viewer_permissions: list[ProgramPermission] = batched(
        tables.Organization.id,
        load_organization_permissions,
        "What the viewer may do with the organization's programs.",
    )
    contracts: Connection[Annotated["Contract", strawberry.lazy("schema.contract")]] = lists.contracts(
        "Contracts with the organization that the viewer may see.", remote=tables.Contract.organization_id
    )
    managers: Connection[Annotated["OrganizationManager", strawberry.lazy("schema.contract")]] = lists.managers(
        "Users who look after its contracts; for staff and for managers themselves."
    )
    programs: Connection[Annotated["Program", strawberry.lazy("schema.program")]] = lists.programs(
        "Programs that the organization publishes.",
        through=Link(tables.ProgramOrganization.organization_id, tables.ProgramOrganization.program_id),
    )
