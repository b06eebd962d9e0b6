"""A schema that has every kind of source, over the tables of the product, with values that fail on purpose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any

import strawberry

from db import tables
from resolvers import reads
from resolvers.plan.declare import (
    attribute,
    batched,
    by_ids,
    column,
    computed,
    identity,
    linked,
    many,
    noun,
    one,
    one_of,
    paged,
)
from resolvers.plan.sources import Batch, Link
from resolvers.plan.splice import SplicingExecutionContext
from schema.connection import Connection
from schema.orders import CourseOrder, OrganizationOrder, ProgramOrder

SECRET = "Org2X"
CALLS: list[Batch] = []


@strawberry.enum
class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@strawberry.interface
class Node:
    id: strawberry.ID = identity("Id.")


@dataclass(frozen=True)
class Visit:
    at: datetime
    size: Size
    key: str | None
    earlier: tuple["Visit", ...] = ()


def number_of(key: str) -> int:
    if key == "Org1X":
        raise ValueError("one is no number")
    return int(key[3])


def size_of(key: str) -> Size | None:
    return {"Org0X": Size.SMALL, "Org1X": None}.get(key, Size.LARGE)


async def scores(batch: Batch) -> Mapping[str, Any]:
    CALLS.append(batch)
    offset = batch.arguments.get("offset", 0)
    if offset < 0:
        raise ConnectionError("no scores below zero")
    return {key: offset + 1 if key != "Org1X" else LookupError("no score") for key in batch.keys if key != "Org2X"}


async def visits(batch: Batch) -> Mapping[str, Sequence[Visit]]:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    first = Visit(moment, Size.SMALL, "Org0X+C0.0x")
    return {"Org0X": [first, Visit(moment, Size.LARGE, "No+Such", (first, first))]}


async def moments(batch: Batch) -> Mapping[str, Any]:
    return {"Org0X": datetime(2026, 1, 2, tzinfo=UTC), "Org1X": "no moment"}


async def perhaps_visit(batch: Batch) -> Mapping[str, Any]:
    return {**await last_visit(batch), "Org1X": LookupError("no visit")}


async def no_visits(_batch: Batch) -> Mapping[str, Any]:
    raise ConnectionError("no visits are known")


async def not_ready(_context: Any, _values: Sequence[Any]) -> None:
    raise ConnectionError("nothing can be prepared")


async def last_visit(batch: Batch) -> Mapping[str, Visit]:
    return {key: found[-1] for key, found in (await visits(batch)).items()}


def visible_organizations(_permissions: Any) -> Any:
    return tables.Organization.key != SECRET


@noun(tables.Organization, key=tables.Organization.key, visible=visible_organizations, description="One.")
class Organization(Node):
    key: str = column(tables.Organization.key, "Key.")
    logo_url: str = column(tables.Organization.logo_url, "Null in the table, and non-null here.")
    number: int = computed(number_of, [tables.Organization.key], "Computed and non-null.")
    perhaps_number: int | None = computed(number_of, [tables.Organization.key], "Computed and nullable.")
    size: Size | None = computed(size_of, [tables.Organization.key], "Computed enum.")
    needed_size: Size = computed(size_of, [tables.Organization.key], "Computed enum, non-null.")
    score: int | None = batched(
        tables.Organization.key, scores, "From elsewhere.", {"offset": (int | None, "Added to it.")}
    )
    needed_score: int = batched(
        tables.Organization.key, scores, "From elsewhere, non-null.", {"offset": (int | None, "Added to it.")}
    )
    visits: list[Annotated["VisitRecord", strawberry.lazy("tests.resolvers.plan.odd")]] = batched(
        tables.Organization.key, visits, "Records."
    )
    last_visit: Annotated["VisitRecord", strawberry.lazy("tests.resolvers.plan.odd")] | None = batched(
        tables.Organization.key, last_visit, "One record."
    )
    moment: datetime | None = batched(tables.Organization.key, moments, "A moment, or something that is none.")
    perhaps_visit: Annotated["VisitRecord", strawberry.lazy("tests.resolvers.plan.odd")] | None = batched(
        tables.Organization.key, perhaps_visit, "One record, or an error."
    )
    no_visits: list[Annotated["VisitRecord", strawberry.lazy("tests.resolvers.plan.odd")]] | None = batched(
        tables.Organization.key, no_visits, "Records that cannot be had."
    )
    courses: Connection[Annotated["Course", strawberry.lazy("tests.resolvers.plan.odd")]] = paged(
        "Courses.",
        orders=reads.COURSE_ORDERS,
        order_by=CourseOrder,
        remote=tables.Course.organization_id,
    )


@noun(tables.Course, key=tables.Course.readable_id, description="One.")
class Course(Node):
    key: str = column(tables.Course.readable_id, "Key.")
    organization: Organization = one(tables.Course.organization_id, "Non-null, but not always visible.")
    perhaps_organization: Organization | None = one(tables.Course.organization_id, "Nullable.")


@strawberry.type(name="Visit")
class VisitRecord:
    at: datetime = attribute("at", "When.")
    size: Size = attribute("size", "Size.")
    course: Course | None = linked("key", tables.Course.readable_id, "Course.")
    needed_course: Course = linked("key", tables.Course.readable_id, "Course, non-null.")
    earlier: list[Annotated["VisitRecord", strawberry.lazy("tests.resolvers.plan.odd")]] = attribute(
        "earlier", "Records in a record."
    )


Target = Annotated[
    Course | Annotated["Program", strawberry.lazy("tests.resolvers.plan.odd")], strawberry.union("Target")
]


@noun(tables.ProgramRequirement, key=tables.ProgramRequirement.id, description="One.")
class Requirement:
    position: int = column(tables.ProgramRequirement.sequence, "Position.")
    target: Target | None = one_of(
        {"Course": tables.ProgramRequirement.course_id, "Program": tables.ProgramRequirement.required_program_id},
        "A union.",
    )
    node: Node | None = one_of(
        {"Course": tables.ProgramRequirement.course_id, "Program": tables.ProgramRequirement.required_program_id},
        "An interface.",
    )


@noun(tables.Program, key=tables.Program.uuid, description="One.")
class Program(Node):
    name: str = column(tables.Program.name, "Name.")
    requirements: list[Requirement] = many(
        "Tree.", remote=tables.ProgramRequirement.program_id, order=[tables.ProgramRequirement.sequence]
    )
    courses: list[Course] = many(
        "Courses.",
        through=Link(tables.ProgramRequirement.program_id, tables.ProgramRequirement.course_id),
        order=[tables.ProgramRequirement.sequence],
    )


@strawberry.type
class Query:
    organizations: Connection[Organization] | None = paged(
        "All.", orders=reads.ORGANIZATION_ORDERS, order_by=OrganizationOrder
    )
    needed_courses: Connection[Course] = paged("All.", orders=reads.COURSE_ORDERS, order_by=CourseOrder)
    programs: Connection[Program] | None = paged("All.", orders=reads.PROGRAM_ORDERS, order_by=ProgramOrder)
    unready: Connection[Course] | None = paged("All.", orders=reads.COURSE_ORDERS, before=not_ready)
    nodes: list[Node | None] | None = by_ids("Several.", "Ids.")

    @strawberry.field
    def unplanned(self) -> int:
        """Make an operation one that graphql-core executes."""
        return 1


ODD = strawberry.Schema(Query, types=[VisitRecord], execution_context_class=SplicingExecutionContext)
