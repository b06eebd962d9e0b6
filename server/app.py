"""The ASGI application: the GraphQL endpoint, the pages for people, and what those who run it look at."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from dataclasses import replace

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from resolvers.features import Feature
from resolvers.transfer.trees import Trees
from schema import schema, sdl
from server import explorer, health, landing, metrics, observing, tracing
from server.certificates import CertificatePages
from server.content.answers import Entrance
from server.content.counting import ContentCounts
from server.content.downloads import Downloads
from server.content.sync import SyncEndpoint
from server.content.uploads import UploadEndpoint
from server.cookies import JwtCookies, csrf_route
from server.courseware import CoursewareLinks
from server.events import EventsEndpoint
from server.examples import OPERATIONS, STORY
from server.exchange import Exchanges, headers_of
from server.exports import Exports
from server.garbage import settle_garbage_collection
from server.graphql import GraphQLView
from server.jobs.counting import JobCounts
from server.jobs.running import Work, work
from server.landing import documentation
from server.media import PAGE, prefers
from server.oauth import TokenEndpoint
from server.parts import Parts, revealed
from server.security import cors
from server.settings import Settings
from server.subscriptions.limits import StreamLimits
from server.subscriptions.operations import Operations
from server.subscriptions.sockets import Sockets
from server.subscriptions.sse import EventStreams
from server.subscriptions.streams import Streams
from server.tracing import CallersTrace

ENDPOINT = "/graphql"


def create_app(settings: Settings, *, sessions: Sequence[explorer.Session] = (), work: Work = work) -> Starlette:
    """The application under `settings`, which does the `work` of jobs where it runs them.

    Its explorer offers `sessions` to sign in as: for demo and development only.
    """
    tracing.begin()
    parts = Parts(settings)
    observing.watch(parts.database)
    streams = Streams(_stream_limits(settings))

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        settle_garbage_collection()
        async with parts.running(work):
            yield

    view, pages = _graphql(parts, streams, sessions)
    routes = [Route(ENDPOINT, view), *pages, *_beside(parts), *_operators(parts)]
    middleware = [Middleware(Exchanges), *cors(settings.allowed_origins), Middleware(_PastRouter, view)]
    app = Starlette(routes=routes, lifespan=lifespan, middleware=middleware)
    app.state.streams = streams  # to be closed before the server stops
    return app


def _beside(parts: Parts) -> Iterator[Route]:
    """What is served beside the GraphQL endpoint, as far as the settings have it."""
    settings, database, sign_in = parts.settings, parts.database, parts.sign_in
    entrance = Entrance(sign_in, parts.throttle)
    if parts.tokens is not None:
        yield from TokenEndpoint(database, parts.tokens, parts.throttle).routes()
    yield csrf_route()
    if Feature.PROGRAMS in settings.features:
        secret = revealed(settings.events_secret)
        yield from EventsEndpoint(parts.learners.inbox, secret).routes() if secret else ()
        yield from Exports(database, sign_in).routes()
        yield from CertificatePages(database, parts.links).routes()
    if settings.learning_url is not None:
        base, features = settings.learning_url, settings.features
        yield from CoursewareLinks(database, parts.paths, sign_in, base=base, features=features).routes()
    if parts.courses is not None:
        yield from Downloads(parts.courses.store, parts.courses.signer).routes()
        trees = Trees(parts.courses.store)
        yield from SyncEndpoint(database, trees, entrance, most=settings.max_upload).routes()
    if parts.uploads is not None:
        yield from UploadEndpoint(database, parts.uploads, entrance).routes()


def _operators(parts: Parts) -> Iterator[Route]:
    """What those who run the server look at."""
    standing = metrics.Standing(parts.database, parts.readiness)
    jobs, content = JobCounts(parts.database), ContentCounts(parts.database)

    async def count() -> None:
        observing.tell()
        await jobs.count()
        await content.count()

    token = revealed(parts.settings.metrics_token)
    yield from health.routes(parts.readiness)
    yield metrics.route("/metrics", standing, jobs, content, before=count, token=token)


def _stream_limits(settings: Settings) -> StreamLimits:
    return StreamLimits(
        connections=settings.max_streams,
        operations=settings.max_stream_operations,
        idle=settings.stream_idle,
        lifetime=settings.stream_lifetime,
    )


def _graphql(
    parts: Parts, streams: Streams, sessions: Sequence[explorer.Session]
) -> tuple[ASGIApp, Sequence[BaseRoute]]:
    """The GraphQL endpoint; that of WebSockets and the pages for people, as far as the profile is open to them."""
    settings, sign_in, executor = parts.settings, parts.sign_in, parts.executor()
    operations, origins = Operations(executor, schema(), parts.database), settings.allowed_origins
    sockets = Sockets(operations, sign_in, streams, origins=origins)
    view: ASGIApp = EventStreams(GraphQLView(executor, sign_in), operations, sign_in, streams, origins=origins)
    view = JwtCookies(CallersTrace(view), origins)
    pages = landing.LandingConfig(ENDPOINT)
    if executor.profile.takes_introspection:
        pages = replace(pages, schema=schema()._schema, sdl=sdl)  # noqa: SLF001 -- graphql-core's own
    explored: list[BaseRoute] = []
    if settings.explorer:
        collection = (*OPERATIONS, *STORY, *documentation.operations())
        config = explorer.ExplorerConfig(endpoint=ENDPOINT, sessions=sessions, operations=collection)
        view, explored = _Endpoint(view, config), explorer.routes(config)
        pages = replace(pages, explorer=config.path)
    return view, [WebSocketRoute(ENDPOINT, sockets), *explored, *landing.routes(pages)]


class _PastRouter:
    """ASGI middleware: requests to the endpoint go straight there, since the way through the router is felt in them.

    The router has the endpoint too: it leads those there who write a slash behind it.
    """

    def __init__(self, app: ASGIApp, view: ASGIApp) -> None:
        self._app = app
        self._view = view

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request or socket."""
        is_short = scope["type"] == "http" and scope["path"] == ENDPOINT
        return (self._view if is_short else self._app)(scope, receive, send)


class _Endpoint:
    """The GraphQL endpoint, which shows the explorer to whoever opens it in a browser."""

    def __init__(self, view: ASGIApp, config: explorer.ExplorerConfig) -> None:
        self._view = view
        self._config = config

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request."""
        if scope["method"] == "GET" and prefers(headers_of(scope).get("accept"), PAGE):
            return explorer.page(self._config, Request(scope))(scope, receive, send)
        return self._view(scope, receive, send)
