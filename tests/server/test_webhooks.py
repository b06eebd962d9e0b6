"""The server tells of certificates while it runs, where a setting says whom."""

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy import URL, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from db.engine import open_database
from db.tables import OutgoingEvent, Program
from resolvers.learners.outbox import NotDelivered
from server.app import create_app
from server.settings import SettingsError, load
from server.webhooks.sending import Webhook
from tests.catalog import fill
from tests.serving import serving


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_the_server_sends_what_is_in_the_outbox_and_counts_it(database_url: URL, tmp_path: Path) -> None:
    arrived = asyncio.Event()

    async def hook(request: Request) -> Response:
        assert b'"status":"revoked","url":"https://programs.example.org/certificates/c"' in await request.body()
        assert request.headers["user-agent"].startswith("Collegium/")
        arrived.set()
        return Response(status_code=202)

    database = open_database(database_url)
    await fill(database)
    async with database.writing() as session:
        program = await session.scalar(select(Program.id))
        session.add(OutgoingEvent(uuid="e", kind="k", username="ada", program_id=program, certificate="c"))
    await database.close()
    async with serving(Starlette(routes=[Route("/", hook, methods=["POST"])])) as receiver:
        settings = load(
            database_url=database_url, data_dir=tmp_path, public_url="https://programs.example.org",
            webhook_url=receiver, webhook_secret="s",
        )  # fmt: skip
        async with serving(create_app(settings)) as url, httpx.AsyncClient(base_url=url) as client:
            await asyncio.wait_for(arrived.wait(), 30)
            delivered = 'collegium_webhook_deliveries_total{outcome="delivered"}'
            for _ in range(600):
                if found := delivered in (await client.get("/metrics")).text:
                    break
                await asyncio.sleep(0.05)
            assert found


def test_events_that_nobody_could_tell_from_forged_ones_are_not_sent() -> None:
    with pytest.raises(SettingsError, match="COLLEGIUM_WEBHOOK_SECRET must be set where COLLEGIUM_WEBHOOK_URL is"):
        load(webhook_url="https://hooks.example.org")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[", "gopher://example.org"])
async def test_an_event_does_not_arrive_where_nobody_listens(url: str) -> None:
    webhook = Webhook(url, "s")
    with pytest.raises(NotDelivered):
        await webhook.deliver(b"{}")
    await webhook.aclose()
