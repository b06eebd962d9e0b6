"""Mutations of programs (`spec/programs.md`, "Programs", "Program Lifecycle")."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import ProgramStatus
from resolvers.context import Context
from resolvers.programs import trees
from resolvers.programs.drafts import ProgramDraft
from resolvers.programs.edits import Changes, Editor
from resolvers.reads import course_id, program_key
from schema.payload import Deletion, Payload, changed, changing
from schema.program import Program
from schema.program_inputs import (
    AddCourseToProgramInput,
    CreateProgramInput,
    DeleteProgramInput,
    MoveProgramCourseInput,
    ProgramInput,
    PublishProgramInput,
    RemoveCourseFromProgramInput,
    RequirementInput,
    RetireProgramInput,
    RevertProgramInput,
    RunModeInput,
    SetProgramRequirementsInput,
    UpdateProgramInput,
    changes,
    parsed,
)

Info = strawberry.Info[Context, None]
P = TypeVar("P", bound="ProgramPayload")


@strawberry.type
class ProgramPayload(Payload):
    """The fields of all payloads that lead to a program."""

    uuid: strawberry.Private[str | None] = None
    program: Program | None = changed("uuid", "The program as it is now; null when nothing was changed.")


@strawberry.type(description="What became of `createProgram`.")
class CreateProgramPayload(ProgramPayload):
    """The payload of `createProgram`."""


@strawberry.type(description="What became of `updateProgram`.")
class UpdateProgramPayload(ProgramPayload):
    """The payload of `updateProgram`."""


@strawberry.type(description="What became of `publishProgram`.")
class PublishProgramPayload(ProgramPayload):
    """The payload of `publishProgram`."""


@strawberry.type(description="What became of `revertProgram`.")
class RevertProgramPayload(ProgramPayload):
    """The payload of `revertProgram`."""


@strawberry.type(description="What became of `retireProgram`.")
class RetireProgramPayload(ProgramPayload):
    """The payload of `retireProgram`."""


@strawberry.type(description="What became of `setProgramRequirements`.")
class SetProgramRequirementsPayload(ProgramPayload):
    """The payload of `setProgramRequirements`."""


@strawberry.type(description="What became of `addCourseToProgram`.")
class AddCourseToProgramPayload(ProgramPayload):
    """The payload of `addCourseToProgram`."""


@strawberry.type(description="What became of `removeCourseFromProgram`.")
class RemoveCourseFromProgramPayload(ProgramPayload):
    """The payload of `removeCourseFromProgram`."""


@strawberry.type(description="What became of `moveProgramCourse`.")
class MoveProgramCoursePayload(ProgramPayload):
    """The payload of `moveProgramCourse`."""


@strawberry.type(description="What became of `deleteProgram`.")
class DeleteProgramPayload(Deletion):
    """The payload of `deleteProgram`."""


async def _editing(info: Info, kind: type[P], work: Callable[[Editor], Awaitable[str]]) -> P:
    """The payload of a change that gives the program's UUID."""
    context = info.context
    return await changing(
        info,
        lambda errors, uuid: kind(user_errors=errors, uuid=uuid),
        lambda session: work(Editor(session, context.viewer, context.rules)),
    )


async def _changing(
    info: Info, kind: type[P], given: ProgramInput | UpdateProgramInput, change: Callable[[ProgramDraft], Changes]
) -> P:
    """The payload of a change of one program."""

    async def work(editor: Editor) -> str:
        uuid = UUID(program_key(given.id))
        await editor.edit(uuid, change, given.expected_revision or None)
        return str(uuid)

    return await _editing(info, kind, work)


async def _moving(info: Info, kind: type[P], given: ProgramInput, to: ProgramStatus) -> P:
    """The payload of a change of status."""

    async def work(editor: Editor) -> str:
        uuid = UUID(program_key(given.id))
        await editor.move(uuid, to, given.expected_revision or None)
        return str(uuid)

    return await _editing(info, kind, work)


async def create_program(info: Info, input: CreateProgramInput) -> CreateProgramPayload | None:
    """Make a program."""
    key = input.idempotency_key or None
    return await _editing(info, CreateProgramPayload, lambda editor: editor.create(changes(input), key))


async def update_program(info: Info, input: UpdateProgramInput) -> UpdateProgramPayload | None:
    """Change a program."""
    return await _changing(info, UpdateProgramPayload, input, lambda _: changes(input))


async def publish_program(info: Info, input: PublishProgramInput) -> PublishProgramPayload | None:
    """Publish a program."""
    return await _moving(info, PublishProgramPayload, input, ProgramStatus.ACTIVE)


async def revert_program(info: Info, input: RevertProgramInput) -> RevertProgramPayload | None:
    """Revert a program."""
    return await _moving(info, RevertProgramPayload, input, ProgramStatus.UNPUBLISHED)


async def retire_program(info: Info, input: RetireProgramInput) -> RetireProgramPayload | None:
    """Retire a program."""
    return await _moving(info, RetireProgramPayload, input, ProgramStatus.RETIRED)


async def delete_program(info: Info, input: DeleteProgramInput) -> DeleteProgramPayload | None:
    """Delete a program."""
    context = info.context

    async def work(session: AsyncSession) -> str:
        uuid = UUID(program_key(input.id))
        await Editor(session, context.viewer, context.rules).delete(uuid, input.expected_revision or None)
        return f"Program:{uuid}"

    return await changing(info, DeleteProgramPayload.of, work)


async def set_program_requirements(
    info: Info, input: SetProgramRequirementsInput
) -> SetProgramRequirementsPayload | None:
    """Set what a program requires."""

    def change(_: ProgramDraft) -> Changes:
        return Changes(
            requirements=[parsed(RequirementInput.draft, each, "requirements") for each in input.requirements]
        )

    return await _changing(info, SetProgramRequirementsPayload, input, change)


async def add_course_to_program(info: Info, input: AddCourseToProgramInput) -> AddCourseToProgramPayload | None:
    """Add a course."""

    def change(draft: ProgramDraft) -> Changes:
        modes = tuple(parsed(RunModeInput.draft, each, "runModes") for each in input.run_modes or ())
        position = None if input.position is strawberry.UNSET else input.position
        return trees.with_course(draft, parsed(course_id, input.course, "course"), position, modes)

    return await _changing(info, AddCourseToProgramPayload, input, change)


async def remove_course_from_program(
    info: Info, input: RemoveCourseFromProgramInput
) -> RemoveCourseFromProgramPayload | None:
    """Remove a course."""

    def change(draft: ProgramDraft) -> Changes:
        return trees.without_course(draft, parsed(course_id, input.course, "course"))

    return await _changing(info, RemoveCourseFromProgramPayload, input, change)


async def move_program_course(info: Info, input: MoveProgramCourseInput) -> MoveProgramCoursePayload | None:
    """Move a course."""

    def change(draft: ProgramDraft) -> Changes:
        return trees.with_course_at(draft, parsed(course_id, input.course, "course"), input.position)

    return await _changing(info, MoveProgramCoursePayload, input, change)
