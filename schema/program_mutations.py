"""Mutations of programs (`spec/programs.md`, "Programs", "Program Lifecycle")."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import ProgramStatus
from resolvers.context import Context
from resolvers.programs import trees
from resolvers.programs.drafts import ProgramDraft
from resolvers.programs.edits import Changes, Editor
from resolvers.programs.offers import Answers, informed
from resolvers.reads import course_id, program_key
from resolvers.refusals import Refusal
from schema.payload import Deletion, Payload, answered, changed, changing
from schema.program import Program
from schema.program_inputs import (
    AddCourseToProgramInput,
    CreateProgramInput,
    DeleteProgramInput,
    Keys,
    MoveProgramCourseInput,
    ProgramInput,
    PublishProgramInput,
    RemoveCourseFromProgramInput,
    RetireProgramInput,
    RevertProgramInput,
    SetProgramRequirementsInput,
    UpdateProgramInput,
    changes,
    drafts,
    or_none,
    read,
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

    async def attempt(answers: Answers | None) -> str:
        return await context.changing(lambda session: work(Editor(session, context.viewer, context.rules, answers)))

    async def change() -> P:
        return kind(user_errors=[], uuid=await informed(context.offers, attempt))

    return await answered(info, change(), lambda errors: kind(user_errors=errors))


async def _changing(
    info: Info,
    kind: type[P],
    given: ProgramInput | UpdateProgramInput,
    change: Callable[[ProgramDraft], Changes],
    courses: str = "courses",
) -> P:
    """The payload of a change of one program; `courses` is the field of the input that its courses came from."""

    async def work(editor: Editor) -> str:
        uuid = UUID(program_key(given.id))
        try:
            await editor.edit(uuid, change, or_none(given.expected_revision))
        except Refusal as refusal:
            raise refusal.of_courses_in(courses) from refusal
        return str(uuid)

    return await _editing(info, kind, work)


async def _moving(info: Info, kind: type[P], given: ProgramInput, to: ProgramStatus) -> P:
    """The payload of a change of status."""

    async def work(editor: Editor) -> str:
        uuid = UUID(program_key(given.id))
        await editor.move(uuid, to, or_none(given.expected_revision))
        return str(uuid)

    return await _editing(info, kind, work)


async def create_program(info: Info, input: CreateProgramInput) -> CreateProgramPayload | None:
    """Make a program."""
    key = or_none(input.idempotency_key)
    courses = "requirements" if or_none(input.requirements) is not None else "courses"

    async def work(editor: Editor) -> str:
        try:
            return await editor.create(lambda: changes(input), key)
        except Refusal as refusal:
            raise refusal.of_courses_in(courses) from refusal

    return await _editing(info, CreateProgramPayload, work)


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
        await Editor(session, context.viewer, context.rules).delete(uuid, or_none(input.expected_revision))
        return f"Program:{uuid}"

    return await changing(info, DeleteProgramPayload.of, work)


async def set_program_requirements(
    info: Info, input: SetProgramRequirementsInput
) -> SetProgramRequirementsPayload | None:
    """Set what a program requires."""

    def change(_: ProgramDraft) -> Changes:
        return Changes(requirements=read(lambda keys: drafts(input.requirements, keys, "requirements")))

    return await _changing(info, SetProgramRequirementsPayload, input, change, "requirements")


async def add_course_to_program(info: Info, input: AddCourseToProgramInput) -> AddCourseToProgramPayload | None:
    """Add a course."""

    def change(draft: ProgramDraft) -> Changes:
        course, modes = read(
            lambda keys: (_course(input.course, keys), drafts(input.run_modes or (), keys, "runModes"))
        )
        return trees.with_course(draft, course, or_none(input.position), modes)

    return await _changing(info, AddCourseToProgramPayload, input, change, "course")


async def remove_course_from_program(
    info: Info, input: RemoveCourseFromProgramInput
) -> RemoveCourseFromProgramPayload | None:
    """Remove a course."""

    def change(draft: ProgramDraft) -> Changes:
        return trees.without_course(draft, read(lambda keys: _course(input.course, keys)))

    return await _changing(info, RemoveCourseFromProgramPayload, input, change)


async def move_program_course(info: Info, input: MoveProgramCourseInput) -> MoveProgramCoursePayload | None:
    """Move a course."""

    def change(draft: ProgramDraft) -> Changes:
        return trees.with_course_at(draft, read(lambda keys: _course(input.course, keys)), input.position)

    return await _changing(info, MoveProgramCoursePayload, input, change)


def _course(text: str, keys: Keys) -> Any:
    return keys.parsed(course_id, text, "course")
