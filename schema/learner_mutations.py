"""Mutations of learners' associations with programs (`spec/programs.md`, "ProgramUser")."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from resolvers import learners
from resolvers.context import Context
from resolvers.learners import service
from resolvers.reads import program_key
from resolvers.transfer.reporting import ask_for_learners
from schema.job import JobPayload
from schema.payload import Payload, answered, changing
from schema.program_mutations import ProgramPayload

Info = strawberry.Info[Context, None]
P = TypeVar("P", bound=ProgramPayload)


@strawberry.input
class AssociationInput:
    """What all inputs share."""

    program: strawberry.ID = strawberry.field(description="Global id of the program.")

    @property
    def uuid(self) -> UUID:
        """The program's UUID. Raises BadUserInput."""
        return UUID(program_key(self.program))


@strawberry.input(description="A program to leave.")
class LeaveProgramInput(AssociationInput):
    """The input of `leaveProgram`."""


@strawberry.input(description="Learners to associate with a program.")
class RegisterProgramUsersInput(AssociationInput):
    """The input of `registerProgramUsers`."""

    usernames: list[str] = strawberry.field(description="LMS usernames, 1 to 1000, compared with case.")


@strawberry.input(description="An association to end.")
class RemoveProgramUserInput(AssociationInput):
    """The input of `removeProgramUser`."""

    username: str = strawberry.field(description="LMS username of the learner.")


@strawberry.input(description="An association to bring back.")
class RestoreProgramUserInput(AssociationInput):
    """The input of `restoreProgramUser`."""

    username: str = strawberry.field(description="LMS username of the learner.")


@strawberry.input(description="Learners whose associations and progress are to be written to a file.")
class ExportLearnersInput:
    """The input of `exportLearners`."""

    program: strawberry.ID | None = strawberry.field(
        default=None, description="Global id of the only program that is meant; all programs if there is none."
    )


@strawberry.type(description="What became of `exportLearners`.")
class ExportLearnersPayload(JobPayload):
    """The payload of `exportLearners`."""


@strawberry.type(description="What became of `leaveProgram`.")
class LeaveProgramPayload(ProgramPayload):
    """The payload of `leaveProgram`."""


@strawberry.type(description="What became of `registerProgramUsers`.")
class RegisterProgramUsersPayload(ProgramPayload):
    """The payload of `registerProgramUsers`."""

    registered: int = strawberry.field(
        default=0, description="How many learners are newly associated; the others were, or had left, and stay so."
    )


@strawberry.type(description="What became of `removeProgramUser`.")
class RemoveProgramUserPayload(ProgramPayload):
    """The payload of `removeProgramUser`."""


@strawberry.type(description="What became of `restoreProgramUser`.")
class RestoreProgramUserPayload(ProgramPayload):
    """The payload of `restoreProgramUser`."""


@strawberry.input(description="Learners whose enrollments and certificates the LMS is to be asked for now.")
class RefreshEnrollmentsInput:
    """The input of `refreshEnrollments`."""

    usernames: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="LMS usernames, 100 at most; the viewer's by default. Learners may name themselves only.",
    )


@strawberry.type(description="How what is known of a learner stands.")
class LearnerFreshness:
    """The freshness of a learner's copies."""

    username: str = strawberry.field(description="LMS username.")
    enrollments_as_of: datetime | None = strawberry.field(
        description="When the LMS was last asked for enrollments; null for never."
    )
    certificates_as_of: datetime | None = strawberry.field(
        description="When the LMS was last asked for certificates; null for never."
    )
    is_stale: bool = strawberry.field(description="Whether the LMS should have been asked again but did not answer.")


@strawberry.type(description="What became of `refreshEnrollments`.")
class RefreshEnrollmentsPayload(Payload):
    """The payload of `refreshEnrollments`."""

    learners: list[LearnerFreshness] = strawberry.field(description="The learners, each once.")


@strawberry.input(description="A user to forget.")
class RetireUserInput:
    """The input of `retireUser`."""

    username: str = strawberry.field(description="LMS username, compared with case.")


@strawberry.type(description="What became of `retireUser`.")
class RetireUserPayload(Payload):
    """The payload of `retireUser`."""

    pseudonym: str | None = strawberry.field(
        default=None, description="Random name that histories show in place of the user's; null when refused."
    )


async def retire_user(info: Info, input: RetireUserInput) -> RetireUserPayload | None:
    """Forget a user."""

    async def change() -> RetireUserPayload:
        viewer = info.context.viewer
        pseudonym = await info.context.changing(lambda session: learners.retire(session, viewer, input.username))
        info.context.grantees.forget()
        return RetireUserPayload(user_errors=[], pseudonym=pseudonym)

    return await answered(info, change(), lambda errors: RetireUserPayload(user_errors=errors))


async def refresh_enrollments(info: Info, input: RefreshEnrollmentsInput) -> RefreshEnrollmentsPayload | None:
    """Ask the LMS now."""
    usernames = input.usernames or [info.context.viewer.username or ""] if input.usernames != [] else []
    found = await service.refresh(info.context, usernames)
    return RefreshEnrollmentsPayload(
        user_errors=[],
        learners=[
            LearnerFreshness(
                username=name,
                enrollments_as_of=standing.enrollments_at,
                certificates_as_of=standing.certificates_at,
                is_stale=standing.is_stale,
            )
            for name, standing in found.items()
        ],
    )


async def leave_program(info: Info, input: LeaveProgramInput) -> LeaveProgramPayload | None:
    """Leave a program."""
    uuid, viewer = input.uuid, info.context.viewer
    return await changing(
        info,
        lambda errors, key: LeaveProgramPayload(user_errors=errors, uuid=key),
        lambda session: learners.leave(session, viewer, uuid),
    )


async def remove_program_user(info: Info, input: RemoveProgramUserInput) -> RemoveProgramUserPayload | None:
    """End an association."""
    uuid, viewer = input.uuid, info.context.viewer
    return await changing(
        info,
        lambda errors, key: RemoveProgramUserPayload(user_errors=errors, uuid=key),
        lambda session: learners.remove(session, viewer, uuid, input.username),
    )


async def restore_program_user(info: Info, input: RestoreProgramUserInput) -> RestoreProgramUserPayload | None:
    """Bring an association back."""
    uuid, viewer = input.uuid, info.context.viewer
    return await changing(
        info,
        lambda errors, key: RestoreProgramUserPayload(user_errors=errors, uuid=key),
        lambda session: learners.restore(session, viewer, uuid, input.username),
    )


async def register_program_users(info: Info, input: RegisterProgramUsersInput) -> RegisterProgramUsersPayload | None:
    """Register learners."""
    uuid, viewer = input.uuid, info.context.viewer

    async def work(session: AsyncSession) -> int:
        return await learners.register(session, viewer, uuid, input.usernames)

    async def change() -> RegisterProgramUsersPayload:
        registered = await info.context.changing(work)
        return RegisterProgramUsersPayload(user_errors=[], uuid=str(uuid), registered=registered)

    return await answered(info, change(), lambda errors: RegisterProgramUsersPayload(user_errors=errors))


async def export_learners(info: Info, input: ExportLearnersInput) -> ExportLearnersPayload | None:
    """Have a job write what is known of learners to a file."""
    program, context = None if input.program is None else program_key(input.program), info.context
    return await changing(
        info,
        lambda errors, key: ExportLearnersPayload(user_errors=errors, uuid=key),
        lambda session: ask_for_learners(session, context.viewer, context.uploads, program),
    )
