"""`/healthz` and `/readyz`, over databases and a simulated LMS that come and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import URL, text
from starlette.applications import Starlette
from structlog.testing import capture_logs

from db.engine import PARTING, Database, open_database
from edx.errors import NotSent
from edx.http import OpenEdxHttp
from edx.lms import Lms
from edx.simulator import running, seed_world
from edx.simulator.faults import Fault, Faults, Kind
from server import health
from server.health import LmsWatch, Readiness, routes
from server.settings import Settings, load
from server.upstream import open_lms
from tests.freezing import Way

ORGANIZATIONS = "/api/organizations/"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def settings(faults: Faults) -> AsyncIterator[Settings]:
    async with running(seed_world(), faults=faults) as addresses:
        yield load(
            lms_url=addresses.lms, lms_client_id="collegium", lms_client_secret="collegium-development", lms_timeout=5
        )


@asynccontextmanager
async def asking(database: Database, settings: Settings, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    watch = LmsWatch(lambda: open_lms(settings, attempts=1), clock=clock)
    app = Starlette(routes=routes(Readiness(database, watch)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client
    await watch.close()


async def ready(client: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
    answer = await client.get("/readyz")
    return answer.status_code, answer.json()


def calls(faults: Faults) -> int:
    return sum(count for (_, path), count in faults.requests.items() if path.startswith(ORGANIZATIONS))


async def test_a_migrated_database_and_an_lms_that_answers_are_ready(
    database: Database, settings: Settings, clock: Clock
) -> None:
    async with asking(database, settings, clock) as client:
        assert await ready(client) == (
            200,
            {
                "status": "ready",
                "database": {"status": "ok"},
                "migrations": {"status": "ok"},
                "lms": {"status": "ok", "lastSuccess": "2026-11-21T08:00:00+00:00"},
                "circuits": {},
            },
        )


async def test_a_database_without_tables_is_not_ready(empty_url: URL, settings: Settings, clock: Clock) -> None:
    if empty_url.get_backend_name() == "sqlite":
        open(empty_url.database or "", "w").close()  # noqa: PTH123, ASYNC230 -- an empty file
    database = open_database(empty_url)
    async with asking(database, settings, clock) as client:
        status, report = await ready(client)
    await database.close()
    assert status == 503
    assert report["status"] == "not ready"
    assert report["database"] == {"status": "ok"}
    assert report["migrations"] == {"status": "not migrated"}


async def test_a_database_of_another_revision_is_not_ready(
    database: Database, settings: Settings, clock: Clock
) -> None:
    async with database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    async with asking(database, settings, clock) as client:
        status, report = await ready(client)
    assert (status, report["migrations"]) == (503, {"status": "not migrated"})


@pytest.mark.parametrize(
    "url", ["sqlite+aiosqlite:////nowhere/c.db", "postgresql+asyncpg://nobody@127.0.0.1:9/nothing"]
)
async def test_a_database_that_does_not_answer_is_not_ready(url: str, settings: Settings, clock: Clock) -> None:
    database = open_database(url)
    async with asking(database, settings, clock) as client:
        status, report = await ready(client)
        alive = await client.get("/healthz")
    await database.close()
    assert (status, report["database"]) == (503, {"status": "unavailable"})
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert "nowhere" not in str(report)


async def test_a_database_that_hangs_is_not_waited_for(
    database: Database, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.1)
    taken = [database.snapshot() for _ in range(12)]  # more than there are connections for reads
    holders = [asyncio.create_task(snapshot.fetch("SELECT 1")) for snapshot in taken]
    await asyncio.sleep(0.5)
    async with asking(database, settings, clock) as client:
        status, report = await ready(client)
        for holder, snapshot in zip(holders, taken, strict=True):
            holder.cancel()
            await asyncio.wait({holder})
            await snapshot.release()
        after = await ready(client)
    assert (status, report["database"]) == (503, {"status": "unavailable"})
    assert after[0] == 200


async def test_a_database_that_says_nothing_any_more_is_not_waited_for_either(
    database: Database, database_url: URL, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.dialect.name == "sqlite":
        pytest.skip("a file answers")
    monkeypatch.setattr(health, "PATIENCE", 0.5)
    way = Way(database_url)
    async with way.open():
        through = open_database(way.url)
        async with asking(through, settings, clock) as client:
            before = await ready(client)
            way.freeze()
            async with asyncio.timeout(PARTING - 1):
                status, report = await ready(client)
            way.thaw()
        await through.close()
    assert (before[0], status, report["database"]) == (200, 503, {"status": "unavailable"})


async def test_an_lms_that_fails_is_told_of_and_does_not_decide(
    database: Database, settings: Settings, clock: Clock, faults: Faults
) -> None:
    async with asking(database, settings, clock) as client:
        await ready(client)
        faults.set([Fault(Kind.ERROR, path=ORGANIZATIONS)])
        clock.now += timedelta(minutes=1)
        status, report = await ready(client)
    assert status == 200
    assert report["lms"] == {"status": "unavailable", "lastSuccess": "2026-11-21T08:00:00+00:00"}


async def test_the_lms_is_asked_once_in_a_while_whoever_asks(
    database: Database, settings: Settings, clock: Clock, faults: Faults
) -> None:
    async with asking(database, settings, clock) as client:
        await asyncio.gather(*(ready(client) for _ in range(5)))
        clock.now += timedelta(seconds=29)
        await ready(client)
        assert calls(faults) == 1
        clock.now += timedelta(seconds=2)
        await ready(client)
        assert calls(faults) == 2


async def test_an_lms_that_hangs_is_not_waited_for(
    database: Database, settings: Settings, clock: Clock, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.5)
    faults.set([Fault(Kind.DELAY, path=ORGANIZATIONS, seconds=1.5)])
    async with asking(database, settings, clock) as client:
        status, report = await ready(client)
        assert (status, report["lms"]["status"]) == (200, "unknown")
        async with asyncio.timeout(30):
            while (await ready(client))[1]["lms"]["status"] != "ok":
                pass


async def test_without_an_lms_there_is_nothing_to_ask(database: Database, clock: Clock) -> None:
    async with asking(database, load(), clock) as client:
        status, report = await ready(client)
    assert (status, report["lms"]) == (200, {"status": "not configured", "lastSuccess": None})


async def test_an_outage_of_the_lms_is_logged_once(clock: Clock) -> None:
    @asynccontextmanager
    async def away() -> AsyncIterator[Lms]:
        await asyncio.sleep(0)
        raise NotSent("nobody listens")
        yield Lms(OpenEdxHttp("http://lms.test"))

    watch = LmsWatch(away, clock=clock)
    with capture_logs() as logs:
        for _ in range(3):
            await watch.look(5)
            clock.now += timedelta(minutes=1)
    await watch.close()
    assert (watch.status, [line["event"] for line in logs]) == ("unavailable", ["lms_unavailable"])


async def test_a_check_that_is_under_way_is_given_up_at_the_end(clock: Clock) -> None:
    left: list[str] = []

    @asynccontextmanager
    async def silent() -> AsyncIterator[Lms]:
        try:
            await asyncio.Event().wait()
        finally:
            left.append("checking")
        yield Lms(OpenEdxHttp("http://lms.test"))

    watch = LmsWatch(silent, clock=clock)
    await watch.look(0.01)
    assert left == []
    await watch.close()
    assert (watch.status, left) == ("unknown", ["checking"])
