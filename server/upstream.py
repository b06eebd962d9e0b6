"""The clients of Open edX that the settings name."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from edx.budget import CallBudget
from edx.courseware import CoursewareRecords
from edx.http import OpenEdxHttp
from edx.learners import COUNTED, LearnerRecords
from edx.lms import Lms
from edx.patience import HttpSettings, Try
from edx.studio import Studio
from edx.tokens import Tokens
from server.circuits import circuit
from server.observing import count_lms_call
from server.settings import Settings, SettingsError

if TYPE_CHECKING:  # commands that only ask Open edX need not wait for what makes runs
    from resolvers.reruns import Platform

ANSWER_SECONDS = 10.0
BUDGET_SECONDS = 5.0
"""For one answer about learners, and for all tries of one call."""


def missing(settings: Settings) -> list[str]:
    """The variables that must be set to reach the LMS, and are not."""
    named = {
        "COLLEGIUM_LMS_URL": settings.lms_url,
        "COLLEGIUM_LMS_CLIENT_ID": settings.lms_client_id,
        "COLLEGIUM_LMS_CLIENT_SECRET": settings.lms_client_secret,
    }
    return [name for name, value in named.items() if value is None]


@contextlib.asynccontextmanager
async def open_lms(settings: Settings, *, attempts: int = 4) -> AsyncIterator[Lms]:
    """A client of the LMS, which tries a call so often. Raises SettingsError if no setting says how to reach it."""
    if names := missing(settings):
        raise SettingsError(f"{name} must be set to reach the LMS" for name in names)
    assert settings.lms_url and settings.lms_client_id and settings.lms_client_secret  # noqa: S101, PT018 -- as above
    patience = HttpSettings(read=settings.lms_timeout, attempts=attempts, on_try=_count)
    secret = settings.lms_client_secret.get_secret_value()
    async with contextlib.AsyncExitStack() as stack:
        tokens = Tokens(settings.lms_url, settings.lms_client_id, secret, settings=patience)
        stack.push_async_callback(tokens.aclose)
        http = await stack.enter_async_context(OpenEdxHttp(settings.lms_url, authority=tokens, settings=patience))
        yield Lms(http, username=settings.lms_username)


@contextlib.asynccontextmanager
async def open_platform(settings: Settings) -> AsyncIterator["Platform | None"]:
    """What runs are made in, for jobs, which wait; None where the settings do not name the LMS and Studio."""
    from resolvers.reruns import Platform

    if missing(settings) or settings.studio_url is None:
        yield None
        return
    assert settings.lms_url and settings.lms_client_id and settings.lms_client_secret  # noqa: S101, PT018 -- as above
    secret = settings.lms_client_secret.get_secret_value()
    patience = HttpSettings(read=settings.lms_timeout, attempts=3)
    async with contextlib.AsyncExitStack() as stack:
        tokens = Tokens(settings.lms_url, settings.lms_client_id, secret, settings=patience)
        stack.push_async_callback(tokens.aclose)

        async def opened(name: str, url: str) -> OpenEdxHttp:
            breaker = circuit(name, url)
            guarded = replace(patience, admit=breaker.admit, on_try=breaker.note)
            return await stack.enter_async_context(OpenEdxHttp(url, authority=tokens, settings=guarded))

        lms, studio = await opened("LMS", settings.lms_url), await opened("Studio", settings.studio_url)
        open_end = datetime.combine(settings.open_end, time(), UTC)
        yield Platform(Studio(studio, clone_seconds=settings.clone_timeout), Lms(lms), open_end)


class LearnerLms:
    """The LMS as it is asked about learners, within the budget of calls, and by learners themselves.

    A client of its own: requests wait for it, so that it is tried less and given up sooner than others. `records` and
    `courseware` are None where no setting names the LMS.
    """

    def __init__(self, settings: Settings) -> None:
        self.records: LearnerRecords | None = None
        self.courseware: CoursewareRecords | None = None
        self._closing: list[Callable[[], Awaitable[None]]] = []
        if settings.lms_url and settings.lms_client_id and settings.lms_client_secret:
            budget = CallBudget(settings.lms_calls_per_minute, operations=COUNTED)
            patience = HttpSettings(
                read=settings.lms_timeout, whole=ANSWER_SECONDS, attempts=2, budget=BUDGET_SECONDS, on_try=_count
            )
            secret = settings.lms_client_secret.get_secret_value()
            tokens = Tokens(settings.lms_url, settings.lms_client_id, secret, settings=patience)
            http = OpenEdxHttp(settings.lms_url, authority=tokens, settings=replace(patience, admit=budget.admit))
            self._closing = [http.aclose, tokens.aclose]
            self.records = LearnerRecords(http)
            self.courseware = CoursewareRecords(http)

    async def aclose(self) -> None:
        """Close all connections."""
        for close in self._closing:
            await close()


def _count(_tried: Try) -> None:
    count_lms_call()


class SharedLms:
    """The client of the LMS that all requests share, opened by the first that needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()
        self._client: Lms | None = None

    @property
    def is_configured(self) -> bool:
        """Whether the settings say how to reach the LMS."""
        return not missing(self._settings)

    async def __call__(self) -> Lms:
        """The client. Raises SettingsError."""
        async with self._opening:
            if self._client is None:
                self._client = await self._stack.enter_async_context(open_lms(self._settings, attempts=2))
            return self._client

    async def close(self) -> None:
        """Close the connections."""
        await self._stack.aclose()
        self._client = None


async def reach_studio(url: str, settings: Settings) -> None:
    """Whether anything answers at Studio's address. Raises OpenEdxError where nothing does."""
    async with OpenEdxHttp(url, settings=HttpSettings(read=settings.lms_timeout, attempts=1)) as http:
        await http.call("GET", "/api/v1/course_runs/", operation="ping", idempotent=True)


@contextlib.asynccontextmanager
async def open_studio(settings: Settings) -> AsyncIterator[Studio]:
    """A client of Studio. Raises SettingsError if no setting says how to reach it."""
    async with open_platform(settings) as platform:
        if platform is None:
            absent = missing(settings) + ([] if settings.studio_url else ["COLLEGIUM_STUDIO_URL"])
            raise SettingsError(f"{name} must be set to reach Studio" for name in absent)
        yield platform.studio
