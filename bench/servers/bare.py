"""Our GraphQL view alone: no limits, no throttle, nothing told of operations, and everybody is the same learner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp
from typing_extensions import override

from db.engine import open_database
from resolvers.access import Role, Viewer
from schema import schema
from server.execution import Executor, Operation, Result
from server.garbage import settle_garbage_collection
from server.graphql import GraphQLView
from server.observing import Observation

LEARNER = Viewer("learner", frozenset({Role.LEARNER}))


def application(url: str) -> ASGIApp:
    database = open_database(url)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        settle_garbage_collection()
        yield
        await database.close()

    view = GraphQLView(Unobserved(schema(), database), lambda _headers: LEARNER)
    return Starlette(routes=[Route("/graphql", view)], lifespan=lifespan)


class Unobserved(Executor):
    """Tells nothing of what it runs."""

    @override
    async def execute(self, operation: Operation, viewer: Viewer) -> Result:
        return await self.run(operation, viewer, Observation("", None, None, None))
