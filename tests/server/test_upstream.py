"""The client of the LMS that requests share, and what the server asks through it."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import URL

from db.engine import Database
from edx.errors import OpenEdxError
from edx.simulator.world import Member
from resolvers.access import Role
from server import cli
from server.app import create_app
from server.settings import Settings, SettingsError, load
from server.signin import mint
from server.upstream import SharedLms
from tests.catalog import fill
from tests.edx.studios import CLIENT, SECRET, serving_studios
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


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_teams_are_read_from_the_studio_of_the_settings(
    database: Database, database_url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(database)
    async with serving_studios() as edx:
        edx.world.runs[RUN].team.append(Member("grace", "staff"))
        credentials = {"lms_client_id": CLIENT, "lms_client_secret": SECRET}
        settings = load(database_url=database_url, lms_url=edx.lms, studio_url=edx.studio, **credentials)
        monkeypatch.setattr(cli, "read_settings", lambda: settings)
        await cli.sync_teams()
        assert capsys.readouterr().out == "Teams: 0 created, 1 updated, 0 unchanged, 0 skipped.\n"
        monkeypatch.setattr(cli, "read_settings", lambda: load(database_url=database_url, lms_url=edx.lms))
        with pytest.raises(SettingsError) as caught:
            await cli.sync_teams()
    assert caught.value.problems[-1] == "COLLEGIUM_STUDIO_URL must be set to reach Studio"
