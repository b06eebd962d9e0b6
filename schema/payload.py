"""What mutations answer with: the changed objects, read anew, and the user errors."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry

from resolvers.context import Context
from resolvers.refusals import Refusal
from schema.user_error import UserError, user_error


@strawberry.type
class Payload:
    """The fields that all payloads share."""

    user_errors: list[UserError] = strawberry.field(description="Why nothing was changed; empty when it was.")


P = TypeVar("P", bound=Payload)


def changed(attribute: str, description: str) -> Any:
    """A field of a payload that leads to the object whose public key is the payload's private `attribute`."""

    async def resolve(root: Any, info: strawberry.Info[Context, None]) -> Any:
        key = getattr(root, attribute)
        return None if key is None else await info.context.object(info, key)

    return strawberry.field(resolver=resolve, description=description)


async def answered(work: Awaitable[P], refused: Callable[[list[UserError]], P]) -> P:
    """The payload of a change, or the one that says why there was none."""
    try:
        return await work
    except Refusal as refusal:
        return refused([user_error(problem) for problem in refusal.problems])
