"""Mutations of course directories (`spec/course-directories.rst`, "Synchronization")."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

import strawberry

from ondisk import diagnostics
from resolvers.context import Context
from resolvers.directories import changes
from resolvers.directories.enrollments import drop, enroll
from resolvers.directories.jobs import Asked, order
from resolvers.directories.layout import Policy
from resolvers.directories.requests import planned
from schema.course_run import CourseRun
from schema.job import JobPayload
from schema.payload import Payload, answered, changed, changing

Info = strawberry.Info[Context, None]


@strawberry.enum(description="How much a problem with a file costs.")
class DiagnosticSeverity(Enum):
    """Severities of diagnostics."""

    ERROR = strawberry.enum_value(
        diagnostics.Severity.ERROR.value, description="The course or section is not taken over; what was before stays."
    )
    WARNING = strawberry.enum_value(diagnostics.Severity.WARNING.value, description="A value is left out, or odd.")
    ADVICE = strawberry.enum_value(diagnostics.Severity.ADVICE.value, description="All holds, but could be better.")


@strawberry.enum(description="What becomes of a site, level, course or section.")
class DirectoryFate(Enum):
    """Fates."""

    CREATED = strawberry.enum_value(changes.Fate.CREATED.value, description="It is new.")
    CHANGED = strawberry.enum_value(changes.Fate.CHANGED.value, description="It says something else than before.")
    UNCHANGED = strawberry.enum_value(changes.Fate.UNCHANGED.value, description="It says the same as before.")
    REMOVED = strawberry.enum_value(changes.Fate.REMOVED.value, description="It is gone from the disk.")
    HELD = strawberry.enum_value(
        changes.Fate.HELD.value, description="Something is wrong with it; what was before stays."
    )
    REFUSED = strawberry.enum_value(
        changes.Fate.REFUSED.value, description="It is gone from the disk, but must not be removed without leave."
    )


@strawberry.type(description="A problem that a synchronization found.")
class DirectoryProblem:
    """A diagnostic."""

    severity: DiagnosticSeverity = strawberry.field(description="How much it costs.")
    code: str = strawberry.field(description="What kind of problem it is, such as `name-conflict`, for programs.")
    path: str = strawberry.field(description="Path of the file or directory in the library.")
    line: int | None = strawberry.field(description="Line in the file, counted from 1.")
    message: str = strawberry.field(description="What it is, for people.")
    related: str | None = strawberry.field(description="The other path, where the problem is between two.")

    @classmethod
    def all(cls, found: Iterable[diagnostics.Diagnostic]) -> "list[DirectoryProblem]":
        """Diagnostics as GraphQL has them."""
        return [
            cls(
                severity=DiagnosticSeverity(each.severity.value),
                code=each.code.value,
                path=each.path,
                line=each.line,
                message=each.message,
                related=each.related,
            )
            for each in found
        ]


@strawberry.type(description="A file that is not as it was.")
class DirectoryFile:
    """A change of a file."""

    path: str = strawberry.field(description="Path of the file in the library.")
    change: str = strawberry.field(description="`added`, `changed` or `removed`.")


@strawberry.type(description="What becomes of a course or section.")
class DirectoryChange:
    """A change."""

    fate: DirectoryFate = strawberry.field(description="What becomes of it.")
    path: str = strawberry.field(description="Path in the site's directory of courses.")
    key: str | None = strawberry.field(description="Key of its run; null where there is none.")
    reason: str | None = strawberry.field(description="Why it is held, or not removed.")
    aspects: list[str] = strawberry.field(description="What differs, such as `entry.title` or `outline`.")
    files: list[DirectoryFile] = strawberry.field(description="Its files that are not as they were.")
    renamed: str | None = strawberry.field(description="The other path of a course that seems to have been moved.")
    warnings: list[str] = strawberry.field(description="What should be thought of before this is done.")
    enrollments: int = strawberry.field(description="Number of learners who are enrolled.")
    programs: list[str] = strawberry.field(description="Names of programs that learners see and that it is in.")
    problems: list[DirectoryProblem] = strawberry.field(description="What is wrong with its files.")
    sections: list["DirectoryChange"] = strawberry.field(description="What becomes of its sections.")

    @classmethod
    def of(cls, change: changes.Change) -> "DirectoryChange":
        """A change as GraphQL has it."""
        return cls(
            fate=DirectoryFate(change.fate.value),
            path=diagnostics.shown(change.path),
            key=change.key,
            reason=change.reason,
            aspects=list(change.aspects),
            files=[DirectoryFile(path=diagnostics.shown(file.path), change=file.change) for file in change.files],
            renamed=change.renamed,
            warnings=list(change.warnings),
            enrollments=change.enrollments,
            programs=list(change.programs),
            problems=DirectoryProblem.all(change.diagnostics),
            sections=[cls.of(section) for section in change.sections],
        )


@strawberry.type(description="What becomes of an administrative level.")
class DirectoryLevelChange:
    """A change of a level."""

    fate: DirectoryFate = strawberry.field(description="What becomes of it.")
    path: str = strawberry.field(description="Path in the site's directory of courses.")


@strawberry.type(description="What becomes of a site.")
class DirectorySitePlan:
    """A plan of a site."""

    name: str = strawberry.field(description="Name of the site.")
    fate: DirectoryFate = strawberry.field(description="What becomes of the site itself.")
    reason: str | None = strawberry.field(description="Why the site is held, or not removed.")
    levels: list[DirectoryLevelChange] = strawberry.field(description="Levels that come and go, by path.")
    courses: list[DirectoryChange] = strawberry.field(description="Courses of which a file changed, by path.")
    unchanged: int = strawberry.field(description="Number of courses of which no file changed.")
    problems: list[DirectoryProblem] = strawberry.field(description="What is wrong outside of courses.")

    @classmethod
    def of(cls, plan: changes.SitePlan) -> "DirectorySitePlan":
        """A plan as GraphQL has it."""
        return cls(
            name=plan.name,
            fate=DirectoryFate(plan.fate.value),
            reason=plan.reason,
            levels=[
                DirectoryLevelChange(fate=DirectoryFate(level.fate.value), path=level.path) for level in plan.levels
            ],
            courses=[DirectoryChange.of(change) for change in plan.courses],
            unchanged=plan.unread,
            problems=DirectoryProblem.all(plan.diagnostics),
        )


@strawberry.type(description="What becomes of a library.")
class DirectoryLibraryPlan:
    """A plan of a library."""

    root: str = strawberry.field(description="Folder of the library, one of the installation's.")
    is_found: bool = strawberry.field(description="Whether there is a library; if not, nothing is done.")
    sites: list[DirectorySitePlan] = strawberry.field(description="Its sites, by name.")
    problems: list[DirectoryProblem] = strawberry.field(description="What is wrong outside of sites.")

    @classmethod
    def of(cls, plan: changes.LibraryPlan) -> "DirectoryLibraryPlan":
        """A plan as GraphQL has it."""
        sites = [DirectorySitePlan.of(site) for site in plan.sites]
        return cls(root=plan.root, is_found=plan.found, sites=sites, problems=DirectoryProblem.all(plan.diagnostics))


def _given(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.input
class SyncInput:
    """What the inputs of both synchronizing mutations share."""

    roots: list[str] | None = _given("Folders of libraries, which must be the installation's; by default all of those.")
    sites: list[str] | None = _given("Names of the sites to look at; by default all.")
    allow_removals: bool | None = _given("Whether what is gone from the disk may be removed; `false` by default.")
    allow_empty: bool | None = _given("Whether even the last course of a site may be removed; `false` by default.")
    confirm: list[str] | None = _given(
        "Keys of runs that may be removed although learners are enrolled, or see them in a program."
    )

    read_again: bool | None = _given(
        "Whether to read files too that the file system calls untouched; `false` by default."
    )

    def asked(self) -> Asked:
        """What is asked for."""
        policy = Policy(
            self.allow_removals is True,
            self.allow_empty is True,
            frozenset(self.confirm or ()),
            self.read_again is True,
        )
        return Asked(tuple(self.roots or ()), tuple(self.sites or ()), policy)


@strawberry.input(description="Which libraries to look at, and what might be removed.")
class PlanDirectorySyncInput(SyncInput):
    """The input of `planDirectorySync`."""


@strawberry.input(description="Which libraries to synchronize, and what may be removed.")
class SyncDirectoriesInput(SyncInput):
    """The input of `syncDirectories`."""


@strawberry.type(description="What `syncDirectories` would do.")
class PlanDirectorySyncPayload(Payload):
    """The payload of `planDirectorySync`."""

    libraries: list[DirectoryLibraryPlan] = strawberry.field(
        default_factory=list, description="What would become of each library."
    )


@strawberry.type(description="What became of `syncDirectories`.")
class SyncDirectoriesPayload(JobPayload):
    """The payload of `syncDirectories`."""


async def plan_directory_sync(info: Info, input: PlanDirectorySyncInput) -> PlanDirectorySyncPayload | None:
    """Tell what would be done."""

    async def work() -> PlanDirectorySyncPayload:
        libraries = [DirectoryLibraryPlan.of(plan) for plan in await planned(info.context, input.asked())]
        return PlanDirectorySyncPayload(user_errors=[], libraries=libraries)

    return await answered(info, work(), lambda errors: PlanDirectorySyncPayload(user_errors=errors))


async def sync_directories(info: Info, input: SyncDirectoriesInput) -> SyncDirectoriesPayload | None:
    """Ask for it to be done."""
    return await changing(
        info,
        lambda errors, key: SyncDirectoriesPayload(user_errors=errors, uuid=key),
        lambda session: order(session, info.context.viewer, info.context.layout, input.asked()),
    )


@strawberry.input
class EnrollmentInput:
    """What the inputs of both enrolling mutations share."""

    key: str = strawberry.field(description="Course key of the run.")
    username: str | None = _given("Whose enrollment it is, by LMS username; by default the viewer's.")


@strawberry.input(description="An enrollment that is to begin.")
class EnrollInDirectoryRunInput(EnrollmentInput):
    """The input of `enrollInDirectoryRun`."""


@strawberry.input(description="An enrollment that is to end.")
class DropDirectoryRunInput(EnrollmentInput):
    """The input of `dropDirectoryRun`."""


@strawberry.type
class EnrollmentPayload(Payload):
    """The fields that the payloads of both enrolling mutations share."""

    key: strawberry.Private[str | None] = None
    course_run: CourseRun | None = changed("key", "The run; null where the viewer may not see it any more.")


@strawberry.type(description="What became of `enrollInDirectoryRun`.")
class EnrollInDirectoryRunPayload(EnrollmentPayload):
    """The payload of `enrollInDirectoryRun`."""


@strawberry.type(description="What became of `dropDirectoryRun`.")
class DropDirectoryRunPayload(EnrollmentPayload):
    """The payload of `dropDirectoryRun`."""


async def enroll_in_directory_run(info: Info, input: EnrollInDirectoryRunInput) -> EnrollInDirectoryRunPayload | None:
    """Enroll a user."""
    return await changing(
        info,
        lambda errors, key: EnrollInDirectoryRunPayload(user_errors=errors, key=key),
        lambda session: enroll(session, info.context.viewer, input.key, input.username or None),
    )


async def drop_directory_run(info: Info, input: DropDirectoryRunInput) -> DropDirectoryRunPayload | None:
    """End an enrollment."""
    return await changing(
        info,
        lambda errors, key: DropDirectoryRunPayload(user_errors=errors, key=key),
        lambda session: drop(session, info.context.viewer, input.key, input.username or None),
    )
