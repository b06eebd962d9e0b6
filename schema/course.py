"""Courses: offerings apart from any run."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db import tables
from resolvers import reads
from resolvers.plan.sources import Link, column, noun, one, paged
from schema.connection import Connection
from schema.filters import CourseRunFilter, ProgramFilter
from schema.node import Node
from schema.orders import CourseRunOrder, ProgramOrder

if TYPE_CHECKING:
    from schema.course_run import CourseRun
    from schema.organization import Organization
    from schema.program import Program


@noun(
    tables.Course,
    key=tables.Course.readable_id,
    description="An offering apart from any run, as course keys tell it: an organization and a number.",
)
class Course(Node):
    """A course (`spec/programs.md`, "CourseCode")."""

    key: str = column(tables.Course.readable_id, "Readable id: organization and number, such as `ANUx+ASTRO2X`.")
    number: str = column(tables.Course.number, "Course part of course keys, such as `ASTRO2X`.")
    display_name: str = column(tables.Course.display_name, "Name for people, at first the title of its first run.")
    organization: Annotated["Organization", strawberry.lazy("schema.organization")] = one(
        tables.Course.organization_id, "Organization that offers the course."
    )
    created_at: datetime = column(tables.Course.created_at, "When it was first seen here.")
    updated_at: datetime = column(tables.Course.updated_at, "When it last changed here.")
    runs: Connection[Annotated["CourseRun", strawberry.lazy("schema.course_run")]] = paged(
        "Runs of the course.",
        remote=tables.CourseRun.course_id,
        orders=reads.RUN_ORDERS,
        order_by=CourseRunOrder,
        filters=reads.RUN_FILTERS,
        filter_by=CourseRunFilter,
    )
    programs: Connection[Annotated["Program", strawberry.lazy("schema.program")]] = paged(
        "Programs that the course is part of.",
        through=Link(tables.ProgramRequirement.course_id, tables.ProgramRequirement.program_id),
        orders=reads.PROGRAM_ORDERS,
        order_by=ProgramOrder,
        filters=reads.PROGRAM_FILTERS,
        filter_by=ProgramFilter,
    )
