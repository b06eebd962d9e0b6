"""Writing what another writer may be writing too: an attempt in a savepoint, repeated over what the other one made."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

ATTEMPTS = 5

T = TypeVar("T")


async def settled(session: AsyncSession, attempt: Callable[[], Awaitable[T]]) -> T:
    """The result of `attempt`, which reads what there is and adds what is missing.

    When a unique constraint finds that somebody added the same meanwhile, that one has committed: the attempt is
    undone and made again, and reads what it missed.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            async with session.begin_nested():
                return await attempt()
        except IntegrityError:
            continue
    async with session.begin_nested():
        return await attempt()
