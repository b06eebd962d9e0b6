"""Root fields of subscriptions.

A source of events is an async generator. It runs for as long as somebody listens and ends by being closed; between
events it holds no snapshot: what it reads it reads in a block of `info.context.database.reading()`.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated

import strawberry

from resolvers.errors import BadUserInput
from schema.health import Health, health

LONGEST_PAUSE = 3600


@strawberry.type(description="A sign of life of the server.")
class Heartbeat:
    """What `heartbeat` sends."""

    number: int = strawberry.field(description="How many came before it in this subscription.")
    at: datetime = strawberry.field(description="The server's clock.")
    health: Health | None = strawberry.field(
        resolver=health, description="Whether the server works, asked just now and for this heartbeat."
    )


def heartbeats(
    every: Annotated[int, strawberry.argument(description="Seconds between two of them, from 1 to 3600.")] = 10,
) -> AsyncGenerator[Heartbeat | None, None]:
    """A heartbeat at once, and one after every pause. Raises BadUserInput."""
    if not 1 <= every <= LONGEST_PAUSE:
        raise BadUserInput(f"every: {every} is not between 1 and {LONGEST_PAUSE}")
    return _beating(every)


async def _beating(every: int) -> AsyncGenerator[Heartbeat | None, None]:
    for number in itertools.count():
        yield Heartbeat(number=number, at=datetime.now(UTC).replace(microsecond=0))
        await asyncio.sleep(every)


@strawberry.type(description="What can be followed.")
class Subscription:
    """The subscriptions."""

    heartbeat: AsyncGenerator[Heartbeat | None, None] = strawberry.subscription(
        resolver=heartbeats,
        description="Signs of life at regular times: whoever hears none for longer has lost the server.",
    )
