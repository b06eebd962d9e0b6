"""Sites and administrative levels of course directories."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db import tables
from resolvers.access import visible_sites
from resolvers.plan.declare import column, many, noun, one
from resolvers.plan.sources import Link
from schema import lists
from schema.connection import Connection
from schema.node import Node

if TYPE_CHECKING:
    from schema.course_run import CourseRun
    from schema.organization import Organization


@noun(
    tables.DirectoryLevel,
    key=tables.DirectoryLevel.id,
    visible=visible_sites,
    description="A directory that orders the courses of a site, such as the term of its courses.",
)
class AdministrativeLevel:
    """An administrative level (`spec/course-directories.rst`, "Courses Directory")."""

    name: str = column(tables.DirectoryLevel.name, "Name of the directory, such as `Fall2014`.")
    path: str = column(tables.DirectoryLevel.path, "Path in the site's directory of courses, such as `PHIL/Fall2014`.")
    parent: Annotated["AdministrativeLevel", strawberry.lazy("schema.site")] | None = one(
        tables.DirectoryLevel.parent_id, "Level that it is in; null for one that is in none."
    )
    children: list[Annotated["AdministrativeLevel", strawberry.lazy("schema.site")]] = many(
        "Levels directly in it, by path.",
        remote=tables.DirectoryLevel.parent_id,
        order=[tables.DirectoryLevel.path],
    )
    course_runs: Connection[Annotated["CourseRun", strawberry.lazy("schema.course_run")]] = lists.course_runs(
        "Courses directly in it, and their sections.",
        through=Link(tables.DirectoryRun.level_id, tables.DirectoryRun.course_run_id),
    )


@noun(
    tables.DirectorySite,
    key=tables.DirectorySite.name,
    visible=visible_sites,
    description="A site whose courses are kept as directories on disk.",
)
class Site(Node):
    """A site (`spec/course-directories.rst`, "Directory Structure")."""

    name: str = column(tables.DirectorySite.name, "Name, such as `platform.ou.edu`.")
    organization: Annotated["Organization", strawberry.lazy("schema.organization")] = one(
        tables.DirectorySite.organization_id, "Organization that its courses belong to."
    )
    parent: Annotated["Site", strawberry.lazy("schema.site")] | None = one(
        tables.DirectorySite.parent_id, "Site whose courses it offers too, unless it has its own in their place."
    )
    synchronized_at: datetime = column(
        tables.DirectorySite.synchronized_at, "When its directories were last synchronized."
    )
    administrative_levels: list[AdministrativeLevel] = many(
        "All levels of the site, by path: each before those that are in it.",
        remote=tables.DirectoryLevel.site_id,
        order=[tables.DirectoryLevel.path],
    )
    course_runs: Connection[Annotated["CourseRun", strawberry.lazy("schema.course_run")]] = lists.course_runs(
        "Courses and sections that it offers: its own, and those of its parents that it has none in the place of.",
        through=Link(tables.DirectorySiteRun.site_id, tables.DirectorySiteRun.course_run_id),
    )
