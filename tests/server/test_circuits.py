"""The circuits to the services that a process authors in, and the clients that share them."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from db.engine import Database
from db.tables import RerunState
from edx.errors import NotSent, Unreachable
from edx.patience import Try
from edx.simulator import Fault, Kind, running
from server import circuits, metrics
from server.circuits import circuit
from server.health import LmsWatch, Readiness
from server.jobs import running as jobs
from server.settings import Settings, load
from server.upstream import open_lms, open_platform
from tests.resolvers.reruns.conftest import CREDENTIALS, SOURCE, TARGET, Edx, a_world
from tests.resolvers.reruns.planned import FAST, over, plan, request, state_of

AWAY = Try("studio_run", "GET", None, 0.1, Unreachable.code)
OK = Try("studio_run", "GET", 200, 0.1, "OK")


@pytest.fixture
def no_circuits() -> Iterator[None]:
    """As at the start of a process."""
    circuits._circuits.clear()
    yield
    circuits._circuits.clear()


@pytest.fixture
async def edx() -> AsyncIterator[Edx]:
    edx = Edx(a_world())
    async with running(edx.world, faults=edx.faults, jobs=edx.jobs) as addresses:
        edx.lms, edx.studio = addresses.lms, addresses.studio
        yield edx


@pytest.fixture
def settings(edx: Edx) -> Settings:
    client_id, secret = CREDENTIALS
    return load(lms_url=edx.lms, studio_url=edx.studio, lms_client_id=client_id, lms_client_secret=secret)


@pytest.mark.usefixtures("no_circuits")
def test_there_is_one_for_each_service_at_each_address() -> None:
    one = circuit("Studio", "https://studio.example.org")
    assert circuit("Studio", "https://studio.example.org") is one
    assert circuit("LMS", "https://studio.example.org") is not one
    assert circuits.states({"Studio": "https://studio.example.org", "LMS": None, "Shop": "https://a"}) == {
        "studio": "closed"
    }


@pytest.mark.usefixtures("no_circuits")
async def _nothing() -> None:
    """There is nothing to bring up to date."""


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_an_open_one_is_seen_in_the_log_the_numbers_and_readiness(database: Database, settings: Settings) -> None:
    assert settings.studio_url
    with capture_logs() as log:
        for _ in range(5):
            circuit("Studio", settings.studio_url).note(AWAY)
    assert [(line["event"], line["service"]) for line in log] == [("circuit_opened", "studio")]

    watch = LmsWatch(lambda: open_lms(settings, attempts=1))
    readiness = Readiness(database, watch, lambda: circuits.states({"Studio": settings.studio_url}))
    assert (await readiness.report())[1]["circuits"] == {"studio": "open"}
    page = metrics.route("/metrics", metrics.Standing(database, readiness), before=_nothing)
    transport = httpx.ASGITransport(Starlette(routes=[page]))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert 'collegium_circuit_open{service="studio"} 1.0' in (await client.get("/metrics")).text
    await watch.close()

    with capture_logs() as log:
        circuit("Studio", settings.studio_url).note(OK)
    assert [line["event"] for line in log] == ["circuit_closed"]


@pytest.mark.usefixtures("no_circuits")
async def test_the_clients_of_a_platform_heed_the_circuits(edx: Edx, settings: Settings) -> None:
    async with open_platform(settings) as platform:
        assert platform is not None
        assert await platform.studio.run(SOURCE) is not None
        edx.faults.set([Fault(Kind.ERROR, path="/api/v1/", status=503)])
        with pytest.raises(Unreachable):
            await platform.studio.run(SOURCE)
        with pytest.raises(NotSent):
            await platform.studio.run(SOURCE)
        assert await platform.lms.own_modes(SOURCE) == []


@pytest.mark.parametrize("name", ["lms_url", "studio_url", "lms_client_id", "lms_client_secret"])
async def test_without_all_of_its_settings_there_is_no_platform(settings: Settings, name: str) -> None:
    async with open_platform(settings.model_copy(update={name: None})) as platform:
        assert platform is None


@pytest.mark.usefixtures("no_circuits")
@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_server_makes_runs_as_its_settings_say(database: Database, edx: Edx, settings: Settings) -> None:
    runs = await plan(database)
    async with jobs.running(settings, database, pace=FAST):
        await request(database, runs)
        await over(database, runs)
    assert (await state_of(database, runs[0]))[0].state is RerunState.READY
    assert edx.jobs.copies == {str(TARGET): 1}
