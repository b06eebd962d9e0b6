"""The ASGI application: the GraphQL endpoint and the explorer."""

import contextlib
import gc
from collections.abc import AsyncIterator, Sequence

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from db.engine import open_database
from schema import schema
from server import explorer
from server.examples import OPERATIONS
from server.execution import Executor
from server.graphql import GraphQLView
from server.logs import RequestIds
from server.settings import Settings
from server.signin import SignIn
from server.subscriptions.operations import Operations
from server.subscriptions.sockets import Sockets
from server.subscriptions.sse import EventStreams
from server.subscriptions.streams import Streams

ENDPOINT = "/graphql"


def create_app(settings: Settings, *, sessions: Sequence[explorer.Session] = ()) -> Starlette:
    """The application under `settings`. Its explorer offers `sessions` to sign in as: for demo and development only."""
    database = open_database(settings.database_url)
    sign_in = SignIn(settings).viewer
    executor = Executor(schema(), database)
    streams = Streams()
    operations = Operations(executor, schema(), database)
    sockets = Sockets(operations, sign_in, streams)
    view: ASGIApp = EventStreams(GraphQLView(executor, sign_in), operations, sign_in, streams)
    routes: list[BaseRoute] = []
    if settings.explorer:
        config = explorer.ExplorerConfig(endpoint=ENDPOINT, sessions=sessions, operations=OPERATIONS)
        view = _Endpoint(view, config)
        routes = [Route("/", _to_explorer), *explorer.routes(config)]

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        _settle_garbage_collection()
        yield
        await database.close()

    routes = [Route(ENDPOINT, view), WebSocketRoute(ENDPOINT, sockets), *routes]
    app = Starlette(routes=routes, lifespan=lifespan, middleware=[Middleware(RequestIds)])
    app.state.streams = streams  # to be closed before the server stops
    return app


class _Endpoint:
    """The GraphQL endpoint, which shows the explorer to whoever opens it in a browser."""

    def __init__(self, view: ASGIApp, config: explorer.ExplorerConfig) -> None:
        self._view = view
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "").lower():
            await explorer.page(self._config, Request(scope))(scope, receive, send)
        else:
            await self._view(scope, receive, send)


async def _to_explorer(_request: Request) -> Response:
    return RedirectResponse("/graphiql")


def _settle_garbage_collection() -> None:
    """Keep the collector off what lives as long as the process, and from running for every few hundred rows."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
