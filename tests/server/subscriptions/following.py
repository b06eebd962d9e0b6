"""Things to follow in tests, and who may."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from os import urandom
from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig

from db.engine import Database
from resolvers.access import ANONYMOUS, Viewer
from resolvers.context import Context
from resolvers.errors import Forbidden, ServiceUnavailable, Unauthenticated
from schema import ERRORS
from schema.mutation import Mutation
from schema.payload import changed
from schema.program import Program
from schema.query import Query
from schema.scalars import DateTime
from schema.subscription import Subscription
from server.execution import Executor
from server.profiles import Profile
from server.subscriptions.operations import Operations
from tests.asking import ADMIN, AUTHOR, LEARNER

Info = strawberry.Info[Context, None]
closed: list[str] = []
"""The sources of events that were ended, in their order."""
made: list[int] = []
"""The events that `flood` made."""

NOISE = b64encode(urandom(75_000)).decode()  # frames are compressed


@strawberry.type
class Seen:
    """A program in an event: planned, as it is in the payload of a mutation."""

    uuid: strawberry.Private[str]
    program: Program | None = changed("uuid", "The program.")


async def count(to: int = 3, pause: float = 0) -> AsyncGenerator[int | None, None]:
    for number in range(to):
        yield number
        await asyncio.sleep(pause)


async def waiting(name: str) -> AsyncGenerator[str | None, None]:
    try:
        yield name
        await asyncio.Event().wait()
    finally:
        closed.append(name)


async def flood() -> AsyncGenerator[str | None, None]:
    while True:
        made.append(len(made))
        yield NOISE


async def seen(uuids: list[str]) -> AsyncGenerator[Seen | None, None]:
    for uuid in uuids:
        yield Seen(uuid=uuid)


async def failing(*, openly: bool = False) -> AsyncGenerator[int | None, None]:
    yield 1
    if openly:
        raise Forbidden("Not for you.")
    raise ValueError("the secret of the source")


def refusing() -> AsyncGenerator[int | None, None]:
    raise Forbidden("Not for you.")


async def reading(info: Info) -> AsyncGenerator[int | None, None]:
    yield len(await info.context.snapshot.fetch("SELECT 1"))


@strawberry.type
class Slow:
    @strawberry.field
    async def after(self, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds


async def slow() -> AsyncGenerator[Slow | None, None]:
    for _ in range(2):
        yield Slow()


@strawberry.type
class Following(Subscription):
    count: AsyncGenerator[int | None, None] = strawberry.subscription(resolver=count)
    waiting: AsyncGenerator[str | None, None] = strawberry.subscription(resolver=waiting)
    flood: AsyncGenerator[str | None, None] = strawberry.subscription(resolver=flood)
    seen: AsyncGenerator[Seen | None, None] = strawberry.subscription(resolver=seen)
    failing: AsyncGenerator[int | None, None] = strawberry.subscription(resolver=failing)
    refusing: AsyncGenerator[int | None, None] = strawberry.subscription(resolver=refusing)
    reading: AsyncGenerator[int | None, None] = strawberry.subscription(resolver=reading)
    slow: AsyncGenerator[Slow | None, None] = strawberry.subscription(resolver=slow)


SCHEMA = strawberry.Schema(
    Query, Mutation, Following, types=ERRORS, config=StrawberryConfig(scalar_map={datetime: DateTime})
)


def operations(database: Database, profile: Profile | None = None) -> Operations:
    return Operations(Executor(SCHEMA, database, profile), SCHEMA, database)


class Tokens:
    """Who a token signs in, until it is taken back, or it `is_lost` who was."""

    def __init__(self) -> None:
        self.viewers: dict[str, Viewer] = {"learner": LEARNER, "author": AUTHOR, "admin": ADMIN}
        self.is_lost = False

    def viewer(self, headers: Mapping[str, str]) -> Viewer:
        authorization = headers.get("authorization")
        if not authorization:
            return ANONYMOUS
        if self.is_lost:
            raise ServiceUnavailable("The database does not answer; try again later.")
        viewer = self.viewers.get(authorization.removeprefix("JWT "))
        if viewer is None:
            raise Unauthenticated("The token has expired.")
        return viewer


async def ended(name: str) -> bool:
    """Whether the source `name` is closed, within a second."""
    for _ in range(100):
        if name in closed:
            return True
        await asyncio.sleep(0.01)
    return False


def code(errors: list[dict[str, Any]]) -> str:
    found: str = errors[0]["extensions"]["code"]
    return found
