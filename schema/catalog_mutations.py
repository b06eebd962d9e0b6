"""Mutations of organizations, courses and runs (`spec/programs.md`, "Course Runs", "Organizations", "Courses")."""

from datetime import datetime
from typing import Any

import strawberry

from db.tables import Pacing as StoredPacing
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from resolvers.catalog import edits
from resolvers.catalog.errors import Refused
from resolvers.catalog.facts import RunDetails, RunFacts
from resolvers.catalog.report import Outcome
from resolvers.catalog.team_jobs import order_teams
from resolvers.context import Context
from resolvers.refusals import Problem, Reason, Refusal
from schema.course import Course
from schema.course_run import CourseRun
from schema.enums import Pacing
from schema.job import JobPayload
from schema.organization import Organization
from schema.payload import Deletion, Payload, answered, changed, changing

Info = strawberry.Info[Context, None]
MOST_ITEMS = 500


def _given(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.type(description="What became of `syncStudioTeams`.")
class SyncStudioTeamsPayload(JobPayload):
    """The payload of `syncStudioTeams`."""


@strawberry.input(description="How to read teams.")
class SyncStudioTeamsInput:
    """The input of `syncStudioTeams`."""

    dry_run: bool = strawberry.field(default=False, description="Whether only to tell what would be done.")


async def sync_studio_teams(info: Info, input: SyncStudioTeamsInput) -> SyncStudioTeamsPayload | None:
    """Ask for the teams to be read."""
    return await changing(
        info,
        lambda errors, key: SyncStudioTeamsPayload(user_errors=errors, uuid=key),
        lambda session: order_teams(session, info.context.viewer, dry_run=input.dry_run),
    )


@strawberry.input(description="A course run and its name.")
class UpsertCourseRunInput:
    """The input of `upsertCourseRun`."""

    key: str = strawberry.field(description="Course key, such as `course-v1:ANUx+ASTRO2X+2B3T2015`, not encoded.")
    display_name: str = strawberry.field(description="Title of the run; the first run of a course names it too.")


@strawberry.input(description="A course run to be removed.")
class DeleteCourseRunInput:
    """The input of `deleteCourseRun`."""

    key: str = strawberry.field(description="Course key of the run.")


@strawberry.input(description="A new name of a course run.")
class UpdateCourseRunInput:
    """The input of `updateCourseRun`."""

    key: str = strawberry.field(description="Course key of the run.")
    display_name: str = strawberry.field(description="Title of the run; no synchronization overwrites it.")


@strawberry.input(description="A new name of a course.")
class UpdateCourseInput:
    """The input of `updateCourse`."""

    key: str = strawberry.field(description="Id of the course, such as `ANUx+ASTRO2X`.")
    display_name: str = strawberry.field(description="Name for people; no synchronization overwrites it.")


@strawberry.input(description="A new name of an organization.")
class UpdateOrganizationInput:
    """The input of `updateOrganization`."""

    key: str = strawberry.field(description="Key of the organization.")
    display_name: str | None = strawberry.field(
        description="Name for people; null or empty: it shows its key. No synchronization overwrites it."
    )


@strawberry.input(description="An organization that is to be there.")
class UpsertOrganizationInput:
    """The input of `upsertOrganization`."""

    key: str = strawberry.field(description="Key: the organization part of course keys.")
    display_name: str | None = _given("Name for people.")
    description: str | None = _given("What it is; stays as it is where left out, as its name and logo do.")
    logo_url: str | None = _given("Address of its logo.")


@strawberry.input(description="A course run as a platform tells it.")
class CatalogItemInput:
    """One item of `syncCatalog`."""

    key: str = strawberry.field(description="Course key.")
    display_name: str = strawberry.field(description="Title of the run.")
    short_description: str | None = _given("A sentence or two.")
    image_url: str | None = _given("Address of the course image.")
    start: datetime | None = _given("When the run starts.")
    end: datetime | None = _given("When it ends.")
    enrollment_start: datetime | None = _given("When enrollment opens.")
    enrollment_end: datetime | None = _given("When it closes.")
    pacing: Pacing | None = _given("Who sets the pace; the instructor by default.")
    is_invitation_only: bool | None = _given("Whether only invited learners may enroll.")
    is_hidden: bool | None = _given("Whether the LMS leaves it out of its catalog pages.")

    def facts(self) -> RunFacts:
        """As the catalog takes it. Raises InvalidCourseKey."""
        names = RunDetails.__slots__
        given = {name: getattr(self, name) for name in names}
        details = {name: value for name, value in given.items() if value is not strawberry.UNSET and value is not None}
        if "pacing" in details:
            details["pacing"] = StoredPacing(details["pacing"].value)
        return RunFacts(CourseKey.parse(self.key), self.display_name, RunDetails(**details))


@strawberry.input(description="Course runs as a platform tells them.")
class SyncCatalogInput:
    """The input of `syncCatalog`."""

    items: list[CatalogItemInput] = strawberry.field(description=f"At most {MOST_ITEMS}.")
    dry_run: bool = strawberry.field(default=False, description="Whether only to say what would become of them.")


@strawberry.type
class CourseRunPayload(Payload):
    """The fields of payloads that lead to a run."""

    key: strawberry.Private[str | None] = None
    course_run: CourseRun | None = changed("key", "The run as it is now; null when nothing was changed.")


@strawberry.type(description="What became of `upsertCourseRun`.")
class UpsertCourseRunPayload(CourseRunPayload):
    """The payload of `upsertCourseRun`."""


@strawberry.type(description="What became of `updateCourseRun`.")
class UpdateCourseRunPayload(CourseRunPayload):
    """The payload of `updateCourseRun`."""


@strawberry.type(description="What became of `deleteCourseRun`.")
class DeleteCourseRunPayload(Deletion):
    """The payload of `deleteCourseRun`."""


@strawberry.type(description="What became of `updateCourse`.")
class UpdateCoursePayload(Payload):
    """The payload of `updateCourse`."""

    key: strawberry.Private[str | None] = None
    course: Course | None = changed("key", "The course as it is now; null when nothing was changed.")


@strawberry.type
class OrganizationPayload(Payload):
    """The fields of payloads that lead to an organization."""

    key: strawberry.Private[str | None] = None
    organization: Organization | None = changed("key", "The organization as it is now; null when nothing was changed.")


@strawberry.type(description="What became of `updateOrganization`.")
class UpdateOrganizationPayload(OrganizationPayload):
    """The payload of `updateOrganization`."""


@strawberry.type(description="What became of `upsertOrganization`.")
class UpsertOrganizationPayload(OrganizationPayload):
    """The payload of `upsertOrganization`."""


@strawberry.type(description="An item that was not taken.")
class SkippedItem:
    """An item and why it was skipped."""

    key: str = strawberry.field(description="Its key as it was given.")
    reason: str = strawberry.field(description="Why it was not taken.")


@strawberry.type(description="What became of `syncCatalog`: a bad item never stops the others.")
class SyncCatalogPayload(Payload):
    """The payload of `syncCatalog`."""

    created: int = strawberry.field(default=0, description="Number of new runs.")
    updated: int = strawberry.field(default=0, description="Number of changed runs.")
    unchanged: int = strawberry.field(default=0, description="Number of runs that were so already.")
    skipped: list[SkippedItem] = strawberry.field(default_factory=list, description="Items that were not taken.")


async def upsert_course_run(info: Info, input: UpsertCourseRunInput) -> UpsertCourseRunPayload | None:
    """Add or name a run."""
    return await changing(
        info,
        lambda errors, key: UpsertCourseRunPayload(user_errors=errors, key=key),
        lambda session: edits.put_run(session, info.context.viewer, input.key, input.display_name),
    )


async def update_course_run(info: Info, input: UpdateCourseRunInput) -> UpdateCourseRunPayload | None:
    """Name a run."""
    return await changing(
        info,
        lambda errors, key: UpdateCourseRunPayload(user_errors=errors, key=key),
        lambda session: edits.rename_run(session, info.context.viewer, input.key, input.display_name),
    )


async def delete_course_run(info: Info, input: DeleteCourseRunInput) -> DeleteCourseRunPayload | None:
    """Remove a run."""

    async def work(session: Any) -> str:
        return f"CourseRun:{await edits.delete_run(session, info.context.viewer, input.key)}"

    return await changing(info, DeleteCourseRunPayload.of, work)


async def update_course(info: Info, input: UpdateCourseInput) -> UpdateCoursePayload | None:
    """Name a course."""
    return await changing(
        info,
        lambda errors, key: UpdateCoursePayload(user_errors=errors, key=key),
        lambda session: edits.rename_course(session, info.context.viewer, input.key, input.display_name),
    )


async def update_organization(info: Info, input: UpdateOrganizationInput) -> UpdateOrganizationPayload | None:
    """Name an organization."""
    return await changing(
        info,
        lambda errors, key: UpdateOrganizationPayload(user_errors=errors, key=key),
        lambda session: edits.rename_organization(session, info.context.viewer, input.key, input.display_name),
    )


async def upsert_organization(info: Info, input: UpsertOrganizationInput) -> UpsertOrganizationPayload | None:
    """Add an organization or bring it up to date."""
    named = {name: getattr(input, name) for name in ("display_name", "description", "logo_url")}
    given = {name: value for name, value in named.items() if value is not strawberry.UNSET}
    return await changing(
        info,
        lambda errors, key: UpsertOrganizationPayload(user_errors=errors, key=key),
        lambda session: edits.put_organization(session, info.context.viewer, input.key, given),
    )


async def sync_catalog(info: Info, input: SyncCatalogInput) -> SyncCatalogPayload | None:
    """Take runs that a platform pushes."""
    skipped: list[SkippedItem] = []
    facts: dict[str, RunFacts] = {}
    for item in input.items:
        try:
            told = item.facts()
        except InvalidCourseKey as error:
            skipped.append(SkippedItem(key=item.key, reason=str(error)))
            continue
        if told.key.folded in facts:
            skipped.append(SkippedItem(key=item.key, reason="it comes twice"))
        else:
            facts[told.key.folded] = told

    async def work(session: Any) -> list[Outcome | Refused]:
        if len(input.items) > MOST_ITEMS:
            reason = f"{len(input.items)} items are more than {MOST_ITEMS}"
            raise Refusal([Problem(Reason.INVALID, reason, ("items",))])
        viewer = info.context.viewer
        return (await edits.push_runs(session, viewer, list(facts.values()), dry_run=input.dry_run)).outcomes

    async def change() -> SyncCatalogPayload:
        outcomes = await info.context.changing(work)
        for told, outcome in zip(facts.values(), outcomes, strict=True):
            if isinstance(outcome, Refused):
                skipped.append(SkippedItem(key=str(told.key), reason=str(outcome)))
        counts = {name: outcomes.count(Outcome(name)) for name in ("created", "updated", "unchanged")}
        return SyncCatalogPayload(user_errors=[], skipped=skipped, **counts)

    return await answered(info, change(), lambda errors: SyncCatalogPayload(user_errors=errors))
