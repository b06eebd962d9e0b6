"""The ASGI application: the GraphQL endpoint, the pages for people, and what those who run it look at."""

import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from db.engine import open_database
from resolvers.access import Viewer
from resolvers.content.load import Courses
from resolvers.features import Feature
from resolvers.learners import Learners, Links, MirrorRules
from resolvers.programs.offers import Offers
from schema import schema, sdl
from server import explorer, health, jobs, landing, metrics, observing, tracing
from server.applications.fresh import CacheName, Freshness, Kept
from server.applications.registry import load_applications
from server.applications.signin import ApplicationSignIn
from server.applications.tokens import Tokens
from server.certificates import CertificatePages
from server.content import open_store
from server.cookies import JwtCookies, csrf_route
from server.directories.commands import layout_of
from server.documents.trusted import KnownDocuments, load_documents
from server.events import EventsEndpoint
from server.examples import OPERATIONS
from server.exchange import Exchanges, headers_of
from server.execution import Executor
from server.exports import Exports
from server.graphql import GraphQLView
from server.health import LmsWatch, Readiness
from server.landing import documentation
from server.oauth import TokenEndpoint
from server.profiles import profile
from server.programs.rules import rules
from server.security import cors
from server.settings import Settings
from server.signin import SignIn
from server.subscriptions.limits import StreamLimits
from server.subscriptions.operations import Operations
from server.subscriptions.sockets import Sockets
from server.subscriptions.sse import EventStreams
from server.subscriptions.streams import Streams
from server.throttle import open_throttle
from server.tracing import CallersTrace
from server.upstream import LearnerLms, SharedLms, open_lms

ENDPOINT = "/graphql"


def create_app(
    settings: Settings, *, sessions: Sequence[explorer.Session] = (), work: jobs.Work = jobs.work
) -> Starlette:
    """The application under `settings`, which does the `work` of jobs where it runs them.

    Its explorer offers `sessions` to sign in as: for demo and development only.
    """
    tracing.begin()
    database = open_database(settings.database_url)
    observing.watch(database)
    learner_lms = LearnerLms(settings)
    links = Links(settings.lms_url, settings.ecommerce_url)
    learners = Learners(database, learner_lms.records, _mirror_rules(settings), links=links)
    lms = LmsWatch(lambda: open_lms(settings, attempts=1))
    readiness = Readiness(database, lms)
    shared = SharedLms(settings)
    streams = Streams(_stream_limits(settings))
    throttle = open_throttle(settings.rate_limit, redis_url=_revealed(settings.redis_url))
    applications = Kept(CacheName.APPLICATIONS, lambda snapshot: load_applications(snapshot, database.dialect.name))
    trusted = Kept(CacheName.DOCUMENTS, load_documents)
    secret = _revealed(settings.token_secret)
    tokens = Tokens(secret) if secret else None

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        settle_garbage_collection()
        async with (
            Freshness(database, [applications, trusted]).running(),
            learners.inbox.running(),
            jobs.running(settings, database, work) if settings.run_jobs else contextlib.nullcontext(),
        ):
            yield
        observing.tell()
        await throttle.aclose()
        await learners.aclose()
        await learner_lms.aclose()
        await lms.close()
        await shared.close()
        await database.close()

    courses = Courses(open_store(settings, database)) if Feature.CONTENT in settings.features else None
    known = KnownDocuments(trusted, remembers=settings.remember_documents)
    executor = Executor(
        schema(),
        database,
        profile(settings, known.knows),
        rules(settings),
        offers=Offers(shared) if shared.is_configured else None,
        features=settings.features,
        throttle=throttle,
        documents=known,
        layout=layout_of(settings),
        learners=learners,
        courses=courses,
    )
    operations = Operations(executor, schema(), database)
    sign_in = ApplicationSignIn(SignIn(settings).viewer, tokens, applications).viewer
    standing = metrics.Standing(database, readiness)
    routes = [
        *_graphql(settings, executor, operations, sign_in, streams=streams, sessions=sessions),
        *(TokenEndpoint(database, tokens, throttle).routes() if tokens else ()),
        *(_learners(settings, learners, sign_in) if Feature.PROGRAMS in settings.features else ()),
        csrf_route(),
        *health.routes(readiness),
        metrics.route("/metrics", standing, before=observing.tell, token=_revealed(settings.metrics_token)),
    ]
    middleware = [Middleware(Exchanges), *cors(settings.allowed_origins)]
    app = Starlette(routes=routes, lifespan=lifespan, middleware=middleware)
    app.state.streams = streams  # to be closed before the server stops
    return app


def _learners(settings: Settings, learners: Learners, sign_in: Callable[[Mapping[str, str]], Viewer]) -> list[Route]:
    """What there is about learners beside the GraphQL endpoint; events are taken where a secret is set."""
    secret = _revealed(settings.events_secret)
    events = EventsEndpoint(learners.inbox, secret).routes() if secret else []
    database = learners.database
    return [*events, *Exports(database, sign_in).routes(), *CertificatePages(database).routes()]


def _mirror_rules(settings: Settings) -> MirrorRules:
    return MirrorRules(
        enrollments=timedelta(seconds=settings.enrollments_lifetime),
        certificates=timedelta(seconds=settings.certificates_lifetime),
        patience=settings.lms_patience,
    )


def _stream_limits(settings: Settings) -> StreamLimits:
    return StreamLimits(
        connections=settings.max_streams,
        operations=settings.max_stream_operations,
        idle=settings.stream_idle,
        lifetime=settings.stream_lifetime,
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def _graphql(
    settings: Settings,
    executor: Executor,
    operations: Operations,
    sign_in: Callable[[Mapping[str, str]], Viewer],
    *,
    streams: Streams,
    sessions: Sequence[explorer.Session],
) -> list[BaseRoute]:
    """The GraphQL endpoint and the pages for people, as far as the profile is open to them."""
    origins = settings.allowed_origins
    sockets = Sockets(operations, sign_in, streams, origins=origins)
    view: ASGIApp = EventStreams(GraphQLView(executor, sign_in), operations, sign_in, streams, origins=origins)
    view = JwtCookies(CallersTrace(view), origins)
    pages = landing.LandingConfig(ENDPOINT)
    if executor.profile.takes_introspection:
        pages = replace(pages, schema=schema()._schema, sdl=sdl)  # noqa: SLF001 -- graphql-core's own
    explored: list[BaseRoute] = []
    if settings.explorer:
        collection = (*OPERATIONS, *documentation.operations())
        config = explorer.ExplorerConfig(endpoint=ENDPOINT, sessions=sessions, operations=collection)
        view, explored = _Endpoint(view, config), explorer.routes(config)
        pages = replace(pages, explorer=config.path)
    return [Route(ENDPOINT, view), WebSocketRoute(ENDPOINT, sockets), *explored, *landing.routes(pages)]


class _Endpoint:
    """The GraphQL endpoint, which shows the explorer to whoever opens it in a browser."""

    def __init__(self, view: ASGIApp, config: explorer.ExplorerConfig) -> None:
        self._view = view
        self._config = config

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request."""
        if scope["method"] == "GET" and "text/html" in headers_of(scope).get("accept", "").lower():
            return explorer.page(self._config, Request(scope))(scope, receive, send)
        return self._view(scope, receive, send)


def settle_garbage_collection() -> None:
    """Keep the collector off what lives as long as the process, and from running for every few hundred rows."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
