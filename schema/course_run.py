"""Course runs: what Open edX calls courses."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import case

from db import tables
from resolvers import reads
from resolvers.access import visible_runs
from resolvers.content.readers import load_content
from resolvers.contracts.terms import can_be_joined
from resolvers.directories.entries import load_entries
from resolvers.learners.progress import load_own_enrollments
from resolvers.plan.declare import batched, column, computed, noun, one
from resolvers.plan.sources import Link
from schema import lists
from schema.catalog_entry import CatalogEntry
from schema.connection import Connection
from schema.content import ContentVersion, CourseContent
from schema.enums import CourseRunOrigin, CourseRunState, Pacing
from schema.node import Node
from schema.progress import Enrollment
from schema.rerun import Rerun

if TYPE_CHECKING:
    from schema.contract import Contract
    from schema.course import Course
    from schema.program import Program


@noun(
    tables.CourseRun,
    key=tables.CourseRun.key,
    parse=reads.run_key,
    visible=visible_runs,
    description="One run of a course, which learners enroll in; what Open edX calls a course.",
)
class CourseRun(Node):
    """A run of a course."""

    key: str = column(tables.CourseRun.key, "Course key, such as `course-v1:ANUx+ASTRO2X+2B3T2015`.")
    run: str = computed(reads.run_of, [tables.CourseRun.key], "Run part of the key, such as `2B3T2015`.")
    display_name: str = column(tables.CourseRun.display_name, "Title of the run.")
    short_description: str = column(tables.CourseRun.short_description, "A sentence or two on the run; may be empty.")
    image_url: str | None = column(tables.CourseRun.image_url, "Address of the course image.")
    start: datetime | None = column(tables.CourseRun.start, "When the run starts.")
    end: datetime | None = column(tables.CourseRun.end, "When the run ends; null where it has no end.")
    enrollment_start: datetime | None = column(tables.CourseRun.enrollment_start, "When enrollment opens.")
    enrollment_end: datetime | None = column(tables.CourseRun.enrollment_end, "When enrollment closes.")
    state: CourseRunState = column(reads.RUN_STATE, "Whether the run is still to come, under way or over.")
    pacing: Pacing = column(tables.CourseRun.pacing, "Who sets the pace.")
    is_invitation_only: bool = column(tables.CourseRun.is_invitation_only, "Whether only invited learners may enroll.")
    is_hidden: bool = column(tables.CourseRun.is_hidden, "Whether the LMS leaves the run out of its catalog pages.")
    is_source: bool = column(tables.CourseRun.is_source, "Whether runs for contracts are made from this one.")
    is_designated_source: bool = column(
        tables.CourseRun.is_designated, "Whether it was named as its course's one source of runs for contracts."
    )
    can_be_joined: bool = column(
        can_be_joined(), "Whether learners may enroll now; in a contract's run those who belong to the contract."
    )
    retired_at: datetime | None = column(tables.CourseRun.retired_at, "Since when nobody may join it any more.")
    origin: CourseRunOrigin = column(tables.CourseRun.origin, "Where the run came from.")
    created_at: datetime = column(tables.CourseRun.created_at, "When it was first seen here.")
    updated_at: datetime = column(tables.CourseRun.updated_at, "When it last changed here.")
    course: Annotated["Course", strawberry.lazy("schema.course")] = one(
        tables.CourseRun.course_id,
        "Course that the run is of; it stays the source's for a run made for a contract, whatever the key says.",
    )
    parent: Annotated["CourseRun", strawberry.lazy("schema.course_run")] | None = one(
        tables.CourseRun.parent_id, "Run that this one was made from or is a section of."
    )
    cloned_from: Annotated["CourseRun", strawberry.lazy("schema.course_run")] | None = one(
        case((tables.CourseRun.origin == tables.RunOrigin.RERUN, tables.CourseRun.parent_id)),
        "Run that this one was copied from in Studio; null for learners, who do not see sources.",
    )
    contract: Annotated["Contract", strawberry.lazy("schema.contract")] | None = one(
        tables.CourseRun.contract_id, "Contract that the run was made for."
    )
    rerun: Rerun | None = one(
        tables.CourseRun.id, "How the run is made from another one, for staff and managers; null for other runs."
    )
    children: Connection[Annotated["CourseRun", strawberry.lazy("schema.course_run")]] = lists.course_runs(
        "Runs that were made from this one or are its sections.",
        remote=tables.CourseRun.parent_id,
    )
    sections: Connection[Annotated["CourseRun", strawberry.lazy("schema.course_run")]] = lists.course_runs(
        "Sections of a course that is kept as a directory.",
        through=Link(tables.DirectoryRun.parent_run_id, tables.DirectoryRun.course_run_id),
    )
    catalog_entry: CatalogEntry | None = batched(
        tables.CourseRun.id,
        load_entries,
        "What its course directory says, with what a section inherits; null for runs that are none of a directory.",
    )
    programs: Connection[Annotated["Program", strawberry.lazy("schema.program")]] = lists.programs(
        "Programs that the run counts for.",
        through=Link(tables.ProgramCourseRunMode.course_run_id, tables.ProgramCourseRunMode.program_id),
    )
    viewer_enrollment: Enrollment | None = batched(
        tables.CourseRun.key, load_own_enrollments, "The viewer's active enrollment in the run."
    )
    content: CourseContent | None = batched(
        tables.CourseRun.key,
        load_content,
        "What the run consists of: all of it for its staff, for learners who are enrolled what is open to them now. "
        "Null where nothing was imported, and for others.",
        {
            "version": (str | None, "A version that the run had; what it has now if none is given."),
            "if_none_match": (
                str | None,
                "A version that the client has: if the run is at it still, the answer is null, but never for learners.",
            ),
        },
    )
    content_versions: Connection[ContentVersion] = lists.content_versions(
        "History of its content, the newest version first; empty for viewers who may not see it."
    )
