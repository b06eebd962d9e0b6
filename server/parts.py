"""What the server is made of, as the settings say, and what of it works in the background while it serves."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

from pydantic import SecretStr

from db.engine import open_database
from resolvers.background import alongside
from resolvers.content.load import Courses
from resolvers.content.signing import Signer
from resolvers.content.uploads import Uploads
from resolvers.features import Feature
from resolvers.learners import Learners, Links, MirrorRules
from resolvers.learners.outbox import Outbox
from resolvers.paths.places import Places
from resolvers.paths.service import Paths
from resolvers.paths.whereabouts import LearnersPlaces
from resolvers.programs.offers import Offers
from resolvers.usage import usage_of
from schema import schema
from server import circuits, observing
from server.applications.fresh import CacheName, Freshness, Kept
from server.applications.registry import load_applications
from server.applications.signin import ApplicationSignIn
from server.applications.tokens import Tokens
from server.content.store import open_store, upload_limits
from server.directories.commands import layout_of
from server.documents.trusted import KnownDocuments, load_documents
from server.execution import Executor
from server.health import LmsWatch, Readiness
from server.instances.hosts import known_instances
from server.jobs.running import Work
from server.jobs.running import running as running_jobs
from server.metrics import DELIVERIES
from server.profiles import profile
from server.programs.rules import rules
from server.settings import Settings
from server.signin import SignIn
from server.throttle import open_throttle
from server.upstream import LearnerLms, SharedLms, open_lms
from server.webhooks.sending import Webhook


class Parts:
    """The parts of one server. Nothing is connected to before it is needed, and nothing runs before `running`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = open_database(settings.database_url)
        self._learner_lms = LearnerLms(settings)
        self._webhook = _webhook(settings)
        self.links = Links(settings.lms_url, settings.ecommerce_url, settings.public_url)
        self.learners = Learners(
            self.database,
            self._learner_lms.records,
            _mirror_rules(settings),
            links=self.links,
            is_told=self._webhook is not None,
        )
        secret = revealed(settings.token_secret)
        self.tokens = Tokens(secret) if secret else None
        self.usage = usage_of(self.database)
        self.courses: Courses | None = None
        self.uploads: Uploads | None = None
        if Feature.CONTENT in settings.features:
            store = open_store(settings, self.database)
            self.courses = Courses(store, Signer(secret))
            self.uploads = Uploads(store, upload_limits(settings))
        self.paths = self._paths()
        self._lms = LmsWatch(lambda: open_lms(settings, attempts=1))
        services = {"LMS": settings.lms_url, "Studio": settings.studio_url}
        self.readiness = Readiness(self.database, self._lms, lambda: circuits.states(services))
        self.throttle = open_throttle(settings.rate_limit, redis_url=revealed(settings.redis_url))
        self._shared = SharedLms(settings)
        dialect = self.database.dialect.name
        self._applications = Kept(CacheName.APPLICATIONS, lambda snapshot: load_applications(snapshot, dialect))
        self._trusted = Kept(CacheName.DOCUMENTS, load_documents)
        self.sign_in = ApplicationSignIn(SignIn(settings).viewer, self.tokens, self._applications).viewer

    def executor(self) -> Executor:
        """What runs operations."""
        settings = self.settings
        known = KnownDocuments(self._trusted, remembers=settings.remember_documents)
        return Executor(
            schema(),
            self.database,
            profile(settings, known.knows),
            rules(settings),
            offers=Offers(self._shared) if self._shared.is_configured else None,
            features=settings.features,
            throttle=self.throttle,
            documents=known,
            layout=layout_of(settings),
            learners=self.learners,
            paths=self.paths,
            courses=self.courses,
            instances=known_instances(settings),
            uploads=self.uploads,
        )

    @contextlib.asynccontextmanager
    async def running(self, work: Work) -> AsyncIterator[None]:
        """Work in the background for the time of the block, and close everything after it."""
        async with contextlib.AsyncExitStack() as background:
            await background.enter_async_context(self.usage.running(self.database, self.settings.usage_kept))
            await background.enter_async_context(
                Freshness(self.database, [self._applications, self._trusted]).running()
            )
            await background.enter_async_context(self.learners.inbox.running())
            if self.uploads is not None:
                await background.enter_async_context(alongside(self.uploads.sweeping))
            if self.settings.run_jobs:
                await background.enter_async_context(running_jobs(self.settings, self.database, work))
            if self._webhook is not None:
                background.push_async_callback(self._webhook.aclose)
                await background.enter_async_context(self._outbox(self._webhook).running())
            yield
        await self._close()

    async def _close(self) -> None:
        observing.tell()
        await self.throttle.aclose()
        await self.learners.aclose()
        await self._learner_lms.aclose()
        await self._lms.close()
        await self._shared.close()
        await self.database.close()

    def _outbox(self, webhook: Webhook) -> Outbox:
        return Outbox(self.database, webhook.deliver, self.links, tell=lambda outcome: DELIVERIES.labels(outcome).inc())

    def _paths(self) -> Paths:
        """The resolution of courseware paths over the content that is here."""
        lms = self._learner_lms.courseware
        return Paths(
            Places(self.courses, self.database.dialect) if self.courses else None,
            self.learners.mirror,
            LearnersPlaces(lms, self.settings.lms_patience) if lms else None,
        )


def revealed(secret: SecretStr | None) -> str | None:
    """A secret setting as text, if it is set."""
    return secret.get_secret_value() if secret is not None else None


def _webhook(settings: Settings) -> Webhook | None:
    """Where events about certificates are sent, if a setting says so."""
    secret = revealed(settings.webhook_secret)
    if settings.webhook_url is None or secret is None or Feature.PROGRAMS not in settings.features:
        return None
    return Webhook(settings.webhook_url, secret)


def _mirror_rules(settings: Settings) -> MirrorRules:
    return MirrorRules(
        enrollments=timedelta(seconds=settings.enrollments_lifetime),
        certificates=timedelta(seconds=settings.certificates_lifetime),
        patience=settings.lms_patience,
    )
