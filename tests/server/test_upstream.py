"""The client of the LMS that requests share, and what the server asks through it."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import URL

from edx.errors import OpenEdxError
from resolvers.access import Role
from server.app import create_app
from server.settings import Settings, load
from server.signin import mint
from server.upstream import SharedLms
from tests.offering import Platform, platform
from tests.server.test_cli import SIGNING

LISTING = '{ availableRunModes(organization: "Org0X", course: "C0.0x") { key modes { slug } } }'
RUN = "course-v1:Org0X+C0.0x+R0"


def reaching(of: Platform, url: URL) -> Settings:
    signing = {name.removeprefix("COLLEGIUM_").lower(): value for name, value in SIGNING.items()}
    return load(
        database_url=url, lms_url=of.address, lms_client_id="collegium", lms_client_secret="not-a-secret", **signing
    )


async def test_the_server_asks_the_lms_of_its_settings(database_url: URL) -> None:
    async with platform() as lms:
        lms.publish(RUN)
        settings = reaching(lms, database_url)
        app = create_app(settings)
        headers = {"authorization": f"JWT {mint(settings, 'ada', Role.ADMIN, timedelta(hours=1))}"}
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://tests", headers=headers) as client,
        ):
            answers = await asyncio.gather(*(client.post("/graphql", json={"query": LISTING}) for _ in range(3)))

    for answer in answers:
        assert answer.json() == {"data": {"availableRunModes": [{"key": RUN, "modes": [{"slug": "audit"}]}]}}
    assert lms.calls() == {"courses": 3, "modes": 3}
    assert sum(count for (_, path), count in lms.faults.requests.items() if path.startswith("/oauth2")) == 1


async def test_a_server_without_an_lms_says_that_it_has_none(database_url: URL) -> None:
    assert not SharedLms(load(database_url=database_url)).is_configured
    assert not SharedLms(load(database_url=database_url, lms_url="https://lms.example.org")).is_configured


async def test_the_shared_client_is_opened_once_and_closed(database_url: URL) -> None:
    async with platform() as lms:
        shared = SharedLms(reaching(lms, database_url))
        first, second = await asyncio.gather(shared(), shared())
        assert first is second
        await first.ping()
        await shared.close()
        with pytest.raises((OpenEdxError, RuntimeError)):
            await first.ping()
