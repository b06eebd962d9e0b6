"""The Open edX instances that content goes to and comes from, as the settings have them."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from edx.http import OpenEdxHttp
from edx.patience import HttpSettings
from edx.studio import Studio
from edx.studio_imports import StudioImports
from edx.studio_session import StudioSession
from edx.tokens import Tokens
from resolvers.instances.hosts import Host, Hosts
from resolvers.instances.known import DEFAULT, Instance
from server.circuits import circuit
from server.instances.settings import InstanceSettings
from server.settings import Settings


def instances(settings: Settings) -> dict[str, InstanceSettings]:
    """How each instance is reached, by name: first the one of the settings of the LMS and Studio, if they are set."""
    client_id, secret = settings.lms_client_id, settings.lms_client_secret
    found = dict(sorted(settings.instances.items()))
    if settings.lms_url is None or settings.studio_url is None or client_id is None or secret is None:
        return found
    default = InstanceSettings(
        lms_url=settings.lms_url,
        studio_url=settings.studio_url,
        client_id=client_id,
        client_secret=secret,
        username=settings.studio_username,
        password=settings.studio_password,
    )
    return {DEFAULT: default, **found}


def known_instances(settings: Settings) -> tuple[Instance, ...]:
    """The same without credentials."""
    return tuple(_instance(name, each) for name, each in instances(settings).items())


def _instance(name: str, given: InstanceSettings) -> Instance:
    return Instance(name, given.lms_url, given.studio_url, given.username is not None)


@contextlib.asynccontextmanager
async def open_hosts(settings: Settings) -> AsyncIterator[Hosts]:
    """The instances as jobs reach them, for the time of the block. Nothing is connected to before it is needed."""
    async with contextlib.AsyncExitStack() as stack:
        yield {name: await _host(name, given, settings, stack) for name, given in instances(settings).items()}


async def _host(name: str, given: InstanceSettings, settings: Settings, stack: contextlib.AsyncExitStack) -> Host:
    patience = HttpSettings(read=settings.lms_timeout, attempts=3)
    secret = given.client_secret.get_secret_value()
    tokens = await stack.enter_async_context(Tokens(given.lms_url, given.client_id, secret, settings=patience))
    breaker = circuit("Studio" if name == DEFAULT else f"Studio of {name}", given.studio_url)
    guarded = replace(patience, admit=breaker.admit, on_try=breaker.note)
    studio = await stack.enter_async_context(OpenEdxHttp(given.studio_url, authority=tokens, settings=guarded))
    session = None
    if given.username is not None and given.password is not None:
        pages = await stack.enter_async_context(OpenEdxHttp(given.studio_url, settings=guarded, keeps_cookies=True))
        lms = await stack.enter_async_context(OpenEdxHttp(given.lms_url, settings=patience, keeps_cookies=True))
        session = StudioSession(lms, pages, given.username, given.password.get_secret_value())
    return Host(_instance(name, given), Studio(studio), StudioImports(studio), session)
