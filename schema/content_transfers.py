"""Mutations that move content as jobs: imports of uploads, and exports (spec/content-api.md, "Import/export")."""

from enum import Enum
from typing import Any

import strawberry

from edx.olx import Severity
from resolvers.content import imports
from resolvers.context import Context
from resolvers.editing.requests import Asked
from resolvers.transfer import asking
from schema.content_modes import ConflictResolutionInput, ContentChoice, ContentImportMode, mode_of, resolution_of
from schema.job import JobPayload
from schema.payload import answered

Info = strawberry.Info[Context, None]


@strawberry.enum(description="How bad a problem with an archive is.")
class ArchiveSeverity(Enum):
    """Severities."""

    INFO = strawberry.enum_value(Severity.INFO.name, description="Nothing to do, but good to know.")
    WARNING = strawberry.enum_value(
        Severity.WARNING.name, description="Kept, though Open edX will not show it as its author may expect."
    )
    ERROR = strawberry.enum_value(Severity.ERROR.name, description="Such an archive is never imported.")


@strawberry.enum(description="What kind of archive an export is.")
class ArchiveFormat(Enum):
    """Formats."""

    TAR_GZ = strawberry.enum_value(asking.Format.TAR_GZ.value, description="As Open edX exports and imports it.")
    ZIP = strawberry.enum_value(asking.Format.ZIP.value, description="Open edX imports it, too.")


@strawberry.input(description="An upload that is to become the content of a run.")
class ImportCourseInput:
    """The input of `importCourse`."""

    course_run: str = strawberry.field(description="Course key of the run.")
    upload: strawberry.ID = strawberry.field(description="Id or address of the upload.")
    mode: ContentImportMode | None = strawberry.field(
        default=None, description="What becomes of the content that the run has; it is replaced if nothing is said."
    )
    expected_version: str | None = strawberry.field(
        default=None, description="Version that the run must be at, now and at the end; else nothing is changed."
    )
    lock_token: str | None = strawberry.field(
        default=None, description="Token of the lock of the run, which is renewed while the import goes on."
    )
    validate_only: bool = strawberry.field(
        default=False, description="Whether only to tell what is wrong, and which version it would be."
    )
    fail_level: ArchiveSeverity | None = strawberry.field(
        default=None, description="An archive with a problem as bad as this is not imported; with errors none is."
    )
    message: str = strawberry.field(default="", description="What the history of the run says of it.")
    resolutions: list[ConflictResolutionInput] | None = strawberry.field(
        default=None, description="What a merge is to take for certain conflicts."
    )
    others: ContentChoice | None = strawberry.field(
        default=None, description="What it is to take for all others; without it they stand against the merge."
    )

    def wanted(self) -> asking.Import:
        """What is asked for."""
        return asking.Import(
            self.upload,
            mode_of(self.mode, imports.Mode.REPLACE),
            self.expected_version,
            self.lock_token,
            self.validate_only,
            Severity[_value(self.fail_level) or Severity.ERROR.name],
            self.message,
            resolution_of(self.resolutions, self.others),
        )


@strawberry.input(description="Content that is to become an archive.")
class ExportCourseInput:
    """The input of `exportCourse`."""

    course_run: str = strawberry.field(description="Course key of the run.")
    block: str | None = strawberry.field(
        default=None,
        description="Only this block, all below it and the files that it needs: `vertical/intro`, or its key.",
    )
    version: str | None = strawberry.field(
        default=None, description="A version that the run had; the one that it is at now if none is named."
    )
    format: ArchiveFormat | None = strawberry.field(
        default=None, description="What kind of archive; `TAR_GZ` if none is named."
    )

    def wanted(self) -> asking.Export:
        """What is asked for."""
        return asking.Export(self.block, self.version, asking.Format(_value(self.format) or asking.Format.TAR_GZ))


@strawberry.type(description="What became of `importCourse`.")
class ImportCoursePayload(JobPayload):
    """The payload of `importCourse`."""


@strawberry.type(description="What became of `exportCourse`.")
class ExportCoursePayload(JobPayload):
    """The payload of `exportCourse`."""


async def import_course(info: Info, input: ImportCourseInput) -> ImportCoursePayload | None:
    """Ask for an import."""

    async def work() -> ImportCoursePayload:
        uuid = await asking.ask_for_import(_asked(info, input.course_run), info.context.uploads, input.wanted())
        await info.context.snapshot.release()
        return ImportCoursePayload(user_errors=[], uuid=uuid)

    return await answered(info, work(), lambda errors: ImportCoursePayload(user_errors=errors))


async def export_course(info: Info, input: ExportCourseInput) -> ExportCoursePayload | None:
    """Ask for an export."""

    async def work() -> ExportCoursePayload:
        uuid = await asking.ask_for_export(_asked(info, input.course_run), info.context.uploads, input.wanted())
        await info.context.snapshot.release()
        return ExportCoursePayload(user_errors=[], uuid=uuid)

    return await answered(info, work(), lambda errors: ExportCoursePayload(user_errors=errors))


def _value(given: Any) -> Any:
    """What stands behind a value of an enum, if one was given."""
    return None if given is None else given.value


def _asked(info: Info, key: str) -> Asked:
    return Asked(info.context.database, info.context.viewer, key)
