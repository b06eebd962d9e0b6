"""Courses: offerings apart from any run."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db import tables
from resolvers import reads
from resolvers.access import visible_courses
from resolvers.contracts.sources import is_source_of_its_course
from resolvers.plan.declare import column, noun, one
from resolvers.plan.sources import Link
from schema import lists
from schema.connection import Connection
from schema.node import Node

if TYPE_CHECKING:
    from schema.course_run import CourseRun
    from schema.organization import Organization
    from schema.program import Program


@noun(
    tables.Course,
    key=tables.Course.readable_id,
    parse=reads.course_id,
    visible=visible_courses,
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
    runs: Connection[Annotated["CourseRun", strawberry.lazy("schema.course_run")]] = lists.course_runs(
        "Runs of the course.",
        remote=tables.CourseRun.course_id,
    )
    source_runs: Connection[Annotated["CourseRun", strawberry.lazy("schema.course_run")]] = lists.course_runs(
        "Runs that its runs for contracts are made from: the designated one, or else all whose keys say so. For staff "
        "and authors.",
        remote=tables.CourseRun.course_id,
        where=is_source_of_its_course(),
    )
    programs: Connection[Annotated["Program", strawberry.lazy("schema.program")]] = lists.programs(
        "Programs that the course is part of.",
        through=Link(tables.ProgramRequirement.course_id, tables.ProgramRequirement.program_id),
    )
