"""Root fields of queries."""

import strawberry

from resolvers import reads
from resolvers.plan.declare import by_id, by_ids, found, viewed
from schema import lists
from schema.available_run import AvailableRun, available_runs
from schema.certificate_mutations import CertificatePreview, previewing
from schema.connection import Connection
from schema.content_usage import BlockTypeUsage, ContentUsagePeriod, block_type_usage, content_usage
from schema.contract import Contract
from schema.course import Course
from schema.course_key import CourseKeyExplanation, course_key
from schema.course_run import CourseRun
from schema.courseware import (
    ContractDateChange,
    CoursewareResult,
    contract_date_changes,
    plan_courseware,
    propose_run_key,
)
from schema.courseware_path import CoursewarePath, courseware_path, courseware_paths, paths_field
from schema.features import Features, features
from schema.health import Health, health
from schema.instance import OpenEdxInstance, open_edx_instances
from schema.job import Job
from schema.learner import Viewer
from schema.node import Node
from schema.organization import Organization
from schema.program import Program, ProgramCategory
from schema.rate_limit import RateLimit, rate_limit
from schema.role import RoleGrant
from schema.site import Site


@strawberry.type(description="What can be asked.")
class Query:
    """The queries."""

    node: Node | None = by_id("Object with an id; null where there is none for the viewer.", "Its global id.")
    nodes: list[Node | None] | None = by_ids(
        "Objects with ids, in their order; null where there is none for the viewer.", "Global ids, 100 at most."
    )
    organizations: Connection[Organization] | None = lists.organizations(
        "All organizations.",
    )
    organization: Organization | None = found(
        "key",
        "Its key, such as `ANUx`, or prefix and key together, such as `UAI_MIT`; case does not matter.",
        "Organization with a key; null where there is none.",
        where=reads.organization_named,
        prepare=reads.folded,
    )
    courses: Connection[Course] | None = lists.courses(
        "All courses.",
    )
    course: Course | None = found(
        "key",
        "Its id, such as `ANUx+ASTRO2X` or `ANUx/ASTRO2X`; case does not matter.",
        "Course with an id; null where there is none.",
        where=reads.course_named,
        prepare=reads.folded_course_id,
    )
    course_runs: Connection[CourseRun] | None = lists.course_runs(
        "All course runs.",
    )
    course_run: CourseRun | None = found(
        "key",
        "Its course key, such as `course-v1:ANUx+ASTRO2X+2B3T2015`, not percent-encoded; case does not matter.",
        "Course run with a key; null where there is none.",
        where=reads.run_named,
        prepare=reads.folded_run_key,
    )
    programs: Connection[Program] | None = lists.programs(
        "All programs that the viewer may see.",
    )
    program: Program | None = found(
        "id",
        "Its global id, `Program:` and its UUID.",
        "Program with an id; null where there is none for the viewer.",
        where=reads.program_with,
        prepare=reads.program_key,
        kind=strawberry.ID,
    )

    sites: Connection[Site] | None = lists.sites("Sites whose courses are kept as directories.")
    site: Site | None = found(
        "name",
        "Its name, such as `platform.ou.edu`; case does not matter.",
        "Site with a name; null where there is none.",
        where=reads.site_named,
        prepare=reads.folded,
    )
    viewer: Viewer | None = viewed("Whoever asks, as a learner.")

    contracts: Connection[Contract] | None = lists.contracts("All contracts that the viewer may see.")
    contract: Contract | None = found(
        "id",
        "Its global id, `Contract:` and its number.",
        "Contract with an id; null where there is none for the viewer.",
        where=reads.contract_with,
        prepare=reads.contract_key,
        kind=strawberry.ID,
    )
    course_key: CourseKeyExplanation | None = strawberry.field(
        resolver=course_key, description="What a text is as a key: its parts, what it names, and what is wrong with it."
    )

    plan_courseware: list[CoursewareResult] | None = plan_courseware(
        "What would become of a course, or of the courses of a program, that is added to a contract; nothing is done. "
        "Needs the permission to change contracts."
    )
    propose_run_key: CoursewareResult | None = propose_run_key(
        "What the next run of a course for a contract would be, whether or not the contract has one of another year."
    )

    contract_date_changes: list[ContractDateChange] | None = contract_date_changes(
        "What would become of the dates of a contract's runs where they are not the contract's; nothing is done. "
        "Needs the permission to change contracts."
    )

    program_categories: Connection[ProgramCategory] | None = lists.program_categories("Kinds of programs, by name.")
    available_run_modes: list[AvailableRun] | None = available_runs(
        "Runs of a course that the LMS offers, 100 at most, with their modes, by key. Needs the permission to change "
        "programs; the LMS is asked each time."
    )
    preview_program_certificate: CertificatePreview | None = previewing(
        "How certificates of a program would look; nothing is stored. Needs the permission to publish the program."
    )
    role_grants: Connection[RoleGrant] | None = lists.role_grants(
        "Roles that were granted for one organization or program; empty for viewers who may not grant them."
    )

    jobs: Connection[Job] | None = lists.jobs("Jobs that the viewer may see, the last first.")
    job: Job | None = found(
        "id",
        "Its global id, `Job:` and its UUID.",
        "Job with an id; null where there is none for the viewer.",
        where=reads.job_with,
        prepare=reads.job_key,
        kind=strawberry.ID,
    )
    courseware_path: CoursewarePath | None = paths_field(
        courseware_path, "What a link into a course comes to: its canonical path, the way there, and what to know."
    )
    courseware_paths: list[CoursewarePath] | None = paths_field(
        courseware_paths, "The same of many links, in their order."
    )

    open_edx_instances: list[OpenEdxInstance] | None = open_edx_instances(
        "Open edX instances that content can be pushed to, by name. Needs the permission to change content."
    )
    content_usage: list[ContentUsagePeriod] | None = content_usage(
        "How content was used, period by period, 1,000 of them at most. Needs a permission that admins have."
    )
    block_type_usage: BlockTypeUsage | None = block_type_usage(
        "Where a type of blocks, or one of its settings, was seen, since when, and what problems there were. Needs the "
        "same permission."
    )

    features: Features | None = strawberry.field(
        resolver=features, description="Which parts of the product this installation has."
    )
    rate_limit: RateLimit | None = strawberry.field(
        resolver=rate_limit, description="What the caller may still ask for; null where nothing is counted."
    )
    health: Health | None = strawberry.field(resolver=health, description="Whether the server works. Needs no sign-in.")
