"""Root fields of queries."""

import strawberry

from resolvers import reads
from resolvers.plan.sources import by_id, by_ids, found, paged
from schema.connection import Connection
from schema.course import Course
from schema.course_run import CourseRun
from schema.filters import CourseFilter, CourseRunFilter, OrganizationFilter, ProgramFilter
from schema.health import Health, health
from schema.node import Node
from schema.orders import CourseOrder, CourseRunOrder, OrganizationOrder, ProgramOrder
from schema.organization import Organization
from schema.program import Program


@strawberry.type(description="What can be asked.")
class Query:
    """The queries."""

    node: Node | None = by_id("Object with an id; null where there is none for the viewer.", "Its global id.")
    nodes: list[Node | None] | None = by_ids(
        "Objects with ids, in their order; null where there is none for the viewer.", "Global ids, 100 at most."
    )
    organizations: Connection[Organization] | None = paged(
        "All organizations.",
        orders=reads.ORGANIZATION_ORDERS,
        order_by=OrganizationOrder,
        filters=reads.ORGANIZATION_FILTERS,
        filter_by=OrganizationFilter,
    )
    organization: Organization | None = found(
        "key",
        "Its key, such as `ANUx`, or prefix and key together, such as `UAI_MIT`; case does not matter.",
        "Organization with a key; null where there is none.",
        where=reads.organization_named,
        prepare=reads.folded,
    )
    courses: Connection[Course] | None = paged(
        "All courses.",
        orders=reads.COURSE_ORDERS,
        order_by=CourseOrder,
        filters=reads.COURSE_FILTERS,
        filter_by=CourseFilter,
    )
    course: Course | None = found(
        "key",
        "Its id, such as `ANUx+ASTRO2X` or `ANUx/ASTRO2X`.",
        "Course with an id; null where there is none.",
        where=reads.course_named,
        prepare=reads.course_id,
    )
    course_runs: Connection[CourseRun] | None = paged(
        "All course runs.",
        orders=reads.RUN_ORDERS,
        order_by=CourseRunOrder,
        filters=reads.RUN_FILTERS,
        filter_by=CourseRunFilter,
    )
    course_run: CourseRun | None = found(
        "key",
        "Its course key, such as `course-v1:ANUx+ASTRO2X+2B3T2015`, not percent-encoded.",
        "Course run with a key; null where there is none.",
        where=reads.run_named,
        prepare=reads.run_key,
    )
    programs: Connection[Program] | None = paged(
        "All programs that the viewer may see.",
        orders=reads.PROGRAM_ORDERS,
        order_by=ProgramOrder,
        filters=reads.PROGRAM_FILTERS,
        filter_by=ProgramFilter,
    )
    program: Program | None = found(
        "id",
        "Its global id, `Program:` and its UUID.",
        "Program with an id; null where there is none for the viewer.",
        where=reads.program_with,
        prepare=reads.program_key,
        kind=strawberry.ID,
    )

    health: Health | None = strawberry.field(
        resolver=health, description="Whether the server works. The one field that needs no sign-in."
    )
