"""Mutations of the content of course runs."""

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from db.store import Author
from resolvers.content import edits, pins
from resolvers.context import Context
from resolvers.editing.requests import Asked
from resolvers.usage import operation
from schema.catalog_mutations import CourseRunPayload
from schema.payload import changing

Info = strawberry.Info[Context, None]


@strawberry.input(description="A version that a run's content is to be again.")
class RestoreContentVersionInput:
    """The input of `restoreContentVersion`."""

    run: str = strawberry.field(description="Course key of the run.")
    version: str = strawberry.field(description="The version, one that the run had.")
    expected_version: str | None = strawberry.field(
        default=None, description="Version that the run must be at now; where it is not, nothing is changed."
    )
    lock_token: str | None = strawberry.field(
        default=None, description="Token of the lock of the run, which the change renews."
    )
    message: str = strawberry.field(default="", description="What the history says of it.")


@strawberry.type(description="What became of `restoreContentVersion`.")
class RestoreContentVersionPayload(CourseRunPayload):
    """The payload of `restoreContentVersion`."""


@strawberry.input
class PinInput:
    """What the inputs of both mutations of pins share."""

    course_run: str = strawberry.field(description="Course key of the run.")
    version: str = strawberry.field(description="The version, one that the run had.")
    name: str = strawberry.field(description="Why it is kept, such as `spring term`.")


@strawberry.input(description="A version that is to be kept for good.")
class PinContentVersionInput(PinInput):
    """The input of `pinContentVersion`."""


@strawberry.input(description="A version that is to be kept no longer than others are.")
class UnpinContentVersionInput(PinInput):
    """The input of `unpinContentVersion`."""


@strawberry.type(description="What became of `pinContentVersion`.")
class PinContentVersionPayload(CourseRunPayload):
    """The payload of `pinContentVersion`."""


@strawberry.type(description="What became of `unpinContentVersion`.")
class UnpinContentVersionPayload(CourseRunPayload):
    """The payload of `unpinContentVersion`."""


async def pin_content_version(info: Info, input: PinContentVersionInput) -> PinContentVersionPayload | None:
    """Pin a version."""
    asked = Asked(info.context.database, info.context.viewer, input.course_run)
    return await changing(
        info,
        lambda errors, key: PinContentVersionPayload(user_errors=errors, key=key),
        lambda session: pins.pin_version(session, asked, input.version, input.name),
    )


async def unpin_content_version(info: Info, input: UnpinContentVersionInput) -> UnpinContentVersionPayload | None:
    """Unpin a version."""
    asked = Asked(info.context.database, info.context.viewer, input.course_run)
    return await changing(
        info,
        lambda errors, key: UnpinContentVersionPayload(user_errors=errors, key=key),
        lambda session: pins.unpin_version(session, asked, input.version, input.name),
    )


async def restore_content_version(info: Info, input: RestoreContentVersionInput) -> RestoreContentVersionPayload | None:
    """Restore a version."""
    viewer = info.context.viewer

    async def work(session: AsyncSession) -> str:
        author = Author(viewer.username or "", viewer.application)
        with operation(info.context.database, "restoreContentVersion", author) as seen:
            return await edits.restore_version(
                session,
                viewer,
                input.run,
                input.version,
                expected=input.expected_version,
                token=input.lock_token,
                message=input.message,
                seen=seen,
            )

    return await changing(info, lambda errors, key: RestoreContentVersionPayload(user_errors=errors, key=key), work)
