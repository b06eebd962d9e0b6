"""A server of streams over a small catalog."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from db.engine import Database
from server.graphql import GraphQLView
from server.profiles import Profile
from server.subscriptions.limits import StreamLimits
from server.subscriptions.sockets import Sockets
from server.subscriptions.sse import EventStreams
from server.subscriptions.streams import Streams
from tests.catalog import fill
from tests.server.subscriptions.following import Tokens, closed, made, operations
from tests.serving import serving

Served = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def dialect() -> str:
    """Streams are the same over every database; what an event reads is tested over both."""
    return "sqlite"


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def served(database: Database, tokens: Tokens) -> Served:
    """Serves streams for the time of a block, at the address that it gives."""

    @asynccontextmanager
    async def serve(
        limits: StreamLimits | None = None,
        *,
        profile: Profile | None = None,
        origins: Collection[str] = (),
        streams: Streams | None = None,
    ) -> AsyncIterator[str]:
        closed.clear()
        made.clear()
        await fill(database)
        streams = streams or Streams(limits)
        running = operations(database, profile)
        view = GraphQLView(running._executor, tokens.viewer)
        routes = [
            Route("/graphql", EventStreams(view, running, tokens.viewer, streams, origins=origins)),
            WebSocketRoute("/graphql", Sockets(running, tokens.viewer, streams, origins=origins)),
        ]
        async with serving(Starlette(routes=routes)) as url:
            yield f"{url}/graphql"
            await streams.close()
        assert streams.open == 0

    return serve
