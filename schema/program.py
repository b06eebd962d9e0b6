"""Programs: courses that lead to something together."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db import tables
from resolvers import reads
from resolvers.access import visible_categories, visible_modes, visible_programs
from resolvers.grants import load_permissions
from resolvers.learners.designs import load_category_designs, load_program_designs
from resolvers.learners.progress import load_learner
from resolvers.plan.declare import batched, column, many, noun, one
from resolvers.plan.sources import Link
from schema import lists
from schema.certificate_template import CertificateTemplate
from schema.connection import Connection
from schema.enums import ProgramPermission, ProgramStatus, RequirementKind
from schema.node import Node
from schema.progress import ProgramLearner
from schema.publishability import Publishability, load_publishability

if TYPE_CHECKING:
    from schema.course import Course
    from schema.course_run import CourseRun
    from schema.learner import ProgramUser
    from schema.organization import Organization
    from schema.program_history import ProgramChange


@noun(
    tables.ProgramCategoryMode,
    key=tables.ProgramCategoryMode.mode_slug,
    description="An enrollment mode that counts for the programs of a category.",
)
class ProgramCategoryMode:
    """A mode of a category."""

    slug: str = column(tables.ProgramCategoryMode.mode_slug, "Slug of the mode, such as `verified`.")


@noun(
    tables.ProgramCategory,
    key=tables.ProgramCategory.slug,
    visible=visible_categories,
    description="A kind of program, such as XSeries.",
)
class ProgramCategory:
    """A category of programs."""

    slug: str = column(tables.ProgramCategory.slug, "Lower-case name for filters, such as `xseries`.")
    display_name: str = column(tables.ProgramCategory.display_name, "Name for people, such as `XSeries`.")
    needs_marketing_slug: bool = column(
        tables.ProgramCategory.needs_marketing_slug, "Whether active programs of the category need a marketing slug."
    )
    modes: list[ProgramCategoryMode] = many(
        "Enrollment modes that count for the completion of its programs.",
        remote=tables.ProgramCategoryMode.category_id,
        order=[tables.ProgramCategoryMode.mode_slug],
    )
    certificate_template: CertificateTemplate | None = batched(
        tables.ProgramCategory.id,
        load_category_designs,
        "Template for the certificates of those of its programs that have none of their own; null for viewers who may "
        "not change it.",
    )


@noun(
    tables.ProgramCourseRunMode,
    key=tables.ProgramCourseRunMode.id,
    visible=visible_modes,
    description="A course run in the enrollment mode that counts for a program.",
)
class ProgramCourseRunMode:
    """A run and mode of a program (`spec/programs.md`, "ProgramCourseRunMode")."""

    course_run: Annotated["CourseRun", strawberry.lazy("schema.course_run")] = one(
        tables.ProgramCourseRunMode.course_run_id, "Run of one of the program's courses."
    )
    mode_slug: str = column(tables.ProgramCourseRunMode.mode_slug, "Slug of the mode, such as `verified`.")
    sku: str = column(tables.ProgramCourseRunMode.sku, "SKU of the mode's product, or empty.")
    is_unavailable: bool = column(
        tables.ProgramCourseRunMode.is_unavailable, "Whether the LMS stopped offering the run in this mode."
    )


@noun(
    tables.ProgramRequirement,
    key=tables.ProgramRequirement.id,
    description="A node of a program's requirement tree: a group, a course, or another program.",
)
class ProgramRequirement:
    """A node of the tree."""

    kind: RequirementKind = column(tables.ProgramRequirement.kind, "What the node asks for.")
    title: str = column(tables.ProgramRequirement.title, "Heading of a group, such as `Electives`; may be empty.")
    depth: int = column(tables.ProgramRequirement.depth, "Number of nodes above this one; the root has 0.")
    position: int = column(
        tables.ProgramRequirement.sequence, "Place in the tree, depth first, counted from 0, the root."
    )
    minimum: int | None = column(
        tables.ProgramRequirement.minimum, "How many of the nodes below are needed, for `MIN_NUMBER_OF`."
    )
    is_elective: bool = column(tables.ProgramRequirement.is_elective, "Whether the group is one of electives.")
    course: Annotated["Course", strawberry.lazy("schema.course")] | None = one(
        tables.ProgramRequirement.course_id, "Course that is needed, for `COURSE`."
    )
    required_program: Annotated["Program", strawberry.lazy("schema.program")] | None = one(
        tables.ProgramRequirement.required_program_id,
        "Program that is needed, for `PROGRAM`; null where the viewer may not see it.",
    )
    children: list[Annotated["ProgramRequirement", strawberry.lazy("schema.program")]] = many(
        "Nodes directly below, in order.",
        remote=tables.ProgramRequirement.parent_id,
        order=[tables.ProgramRequirement.sequence],
    )


@noun(
    tables.Program,
    key=tables.Program.uuid,
    parse=reads.program_uuid,
    visible=visible_programs,
    description="A structured group of courses that learners complete together.",
)
class Program(Node):
    """A program (`spec/programs.md`, "Program")."""

    uuid: str = column(tables.Program.uuid, "UUID, the same on every installation.")
    name: str = column(tables.Program.name, "Name for people; no other program has it.")
    subtitle: str = column(tables.Program.subtitle, "A line below the name; may be empty.")
    description: str = column(tables.Program.description, "What the program is about; may be empty.")
    status: ProgramStatus = column(tables.Program.status, "Where the program is in its lifecycle.")
    marketing_slug: str = column(tables.Program.marketing_slug, "Last part of its marketing page's address, or empty.")
    revision: int = column(tables.Program.revision, "Number of the program's present state, counted up by each change.")
    image_url: str | None = column(tables.Program.image_url, "Address of an image.")
    created_at: datetime = column(tables.Program.created_at, "When it was created.")
    updated_at: datetime = column(tables.Program.updated_at, "When it was last changed.")
    category: ProgramCategory = one(tables.Program.category_id, "Kind of program.")
    organizations: list[Annotated["Organization", strawberry.lazy("schema.organization")]] = many(
        "Organizations that publish the program, in the order of the program.",
        through=Link(tables.ProgramOrganization.program_id, tables.ProgramOrganization.organization_id),
        order=[tables.ProgramOrganization.position],
    )
    courses: list[Annotated["Course", strawberry.lazy("schema.course")]] = many(
        "Courses of the program in order: the leaves of its requirement tree.",
        through=Link(tables.ProgramRequirement.program_id, tables.ProgramRequirement.course_id),
        order=[tables.ProgramRequirement.sequence],
    )
    requirements: list[ProgramRequirement] = many(
        "Requirement tree as a list, depth first; the root is the first.",
        remote=tables.ProgramRequirement.program_id,
        order=[tables.ProgramRequirement.sequence],
    )
    viewer_permissions: list[ProgramPermission] = batched(
        tables.Program.id, load_permissions, "What the viewer may do with the program."
    )
    publishability: Publishability = batched(
        tables.Program.id, load_publishability, "Whether the program could be published as it is."
    )
    history: Connection[Annotated["ProgramChange", strawberry.lazy("schema.program_history")]] = lists.program_changes(
        "Changes of the program, the last first; empty for viewers who may not see unpublished programs."
    )
    run_modes: list[ProgramCourseRunMode] = many(
        "Course runs that count for the program, each with the mode that counts.",
        remote=tables.ProgramCourseRunMode.program_id,
        order=[tables.ProgramCourseRunMode.id],
    )
    certificate_template: CertificateTemplate | None = batched(
        tables.Program.id,
        load_program_designs,
        "Template that the program's certificates are made with; null for viewers who may not change it.",
    )
    learner: ProgramLearner = batched(
        tables.Program.id,
        load_learner,
        "One learner, associated with the program or not. Learners may name themselves only.",
        {"username": (str | None, "LMS username, compared with case; the viewer's by default.")},
    )
    users: Connection[Annotated["ProgramUser", strawberry.lazy("schema.learner")]] = lists.program_users(
        "Associations of learners with the program: all of them for viewers who may see programs of others, else the "
        "viewer's own. Reading them brings none about."
    )
