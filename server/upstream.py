"""The clients of Open edX that the settings name."""

import contextlib
from collections.abc import AsyncIterator

from edx.http import OpenEdxHttp
from edx.lms import Lms
from edx.patience import HttpSettings, Try
from edx.tokens import Tokens
from server.observing import count_lms_call
from server.settings import Settings, SettingsError


@contextlib.asynccontextmanager
async def open_lms(settings: Settings, *, attempts: int = 4) -> AsyncIterator[Lms]:
    """A client of the LMS, which tries a call so often. Raises SettingsError if no setting says how to reach it."""
    named = {
        "COLLEGIUM_LMS_URL": settings.lms_url,
        "COLLEGIUM_LMS_CLIENT_ID": settings.lms_client_id,
        "COLLEGIUM_LMS_CLIENT_SECRET": settings.lms_client_secret,
    }
    if missing := [name for name, value in named.items() if value is None]:
        raise SettingsError(f"{name} must be set to reach the LMS" for name in missing)
    assert settings.lms_url and settings.lms_client_id and settings.lms_client_secret  # noqa: S101, PT018 -- as above
    patience = HttpSettings(read=settings.lms_timeout, attempts=attempts, on_try=_count)
    secret = settings.lms_client_secret.get_secret_value()
    async with contextlib.AsyncExitStack() as stack:
        tokens = Tokens(settings.lms_url, settings.lms_client_id, secret, settings=patience)
        stack.push_async_callback(tokens.aclose)
        http = await stack.enter_async_context(OpenEdxHttp(settings.lms_url, authority=tokens, settings=patience))
        yield Lms(http, username=settings.lms_username)


def _count(_tried: Try) -> None:
    count_lms_call()


async def reach_studio(url: str, settings: Settings) -> None:
    """Whether anything answers at Studio's address. Raises OpenEdxError where nothing does."""
    async with OpenEdxHttp(url, settings=HttpSettings(read=settings.lms_timeout, attempts=1)) as http:
        await http.call("GET", "/api/v1/course_runs/", operation="ping", idempotent=True)
