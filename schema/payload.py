"""What mutations answer with: the changed objects, read anew, and the user errors."""

from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from resolvers.context import Context
from resolvers.refusals import Refusal
from schema.user_error import UserError, user_error


@strawberry.type
class Payload:
    """The fields that all payloads share."""

    user_errors: list[UserError] = strawberry.field(description="Why nothing was changed; empty when it was.")


@strawberry.type
class Deletion(Payload):
    """The fields of the payloads of deletions."""

    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global id that the object had; null when it was not deleted."
    )

    @classmethod
    def of(cls, errors: list[UserError], id_: str | None) -> Self:
        """The payload of a deletion, or of one that was refused."""
        return cls(user_errors=errors, deleted_id=None if id_ is None else strawberry.ID(id_))


P = TypeVar("P", bound=Payload)


def changed(attribute: str, description: str) -> Any:
    """A field of a payload that leads to the object whose public key is the payload's private `attribute`."""

    async def resolve(root: Any, info: strawberry.Info[Context, None]) -> Any:
        key = getattr(root, attribute)
        return None if key is None else await info.context.object(info, key)

    return strawberry.field(resolver=resolve, description=description)


async def changing(
    info: strawberry.Info[Context, None],
    payload: Callable[[list[UserError], str | None], P],
    work: Callable[[AsyncSession], Awaitable[str]],
) -> P:
    """The payload of a change in one transaction, of the public key that `work` gives or of its user errors."""

    async def change() -> P:
        return payload([], await info.context.changing(work))

    return await answered(info, change(), lambda errors: payload(errors, None))


async def answered(
    info: strawberry.Info[Context, None], work: Awaitable[P], refused: Callable[[list[UserError]], P]
) -> P:
    """The payload of a change, or the one that says why there was none."""
    try:
        return await work
    except Refusal as refusal:
        info.context.on_refusal(info.field_name, refusal.problems)
        return refused([user_error(problem) for problem in refusal.problems])
