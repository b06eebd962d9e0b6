"""Whoever wants to know is told of certificates that are awarded and revoked, over HTTP, whatever fails on the way."""

import asyncio
import hmac
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select, update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from db.engine import Database, open_database
from db.tables import Delivery, OutgoingEvent, Program, ProgramUser, ProgramUserSource, now
from resolvers.learners.links import Links
from resolvers.learners.outbox import Outbox, Patience
from server.webhooks.sending import Webhook
from tests.catalog import fill, uuid
from tests.commands import collegium
from tests.resolvers.learners.conftest import Campus
from tests.serving import serving

ROOT = Path(__file__).parents[3]
SECRET = "s3cret"
SOON = Patience(first=timedelta(0), claim=timedelta(milliseconds=300))


@dataclass
class Receiver:
    """Whoever is told: a server that answers with the statuses in turn, then with 204; None is no answer at all."""

    url: str = ""
    statuses: list[int | None] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        expected = "sha256=" + hmac.new(SECRET.encode(), body, sha256).hexdigest()
        assert request.headers["x-collegium-signature"] == expected
        self.bodies.append(orjson.loads(body))
        self.arrived.set()
        status = self.statuses.pop(0) if self.statuses else 204
        if status is None:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
        return Response(status_code=status or 204, headers=self.headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    async with serving(Starlette(routes=[Route("/hook", made.answer, methods=["POST"])])) as url:
        made.url = f"{url}/hook"
        yield made


@pytest.fixture
async def webhook(receiver: Receiver) -> AsyncIterator[Webhook]:
    made = Webhook(receiver.url, SECRET, seconds=0.5)
    yield made
    await made.aclose()


def outbox(database: Database, webhook: Webhook, patience: Patience = SOON) -> Outbox:
    return Outbox(database, webhook.deliver, Links(site="https://programs.example.org"), patience=patience)


DASHBOARD = "{ viewer { programs { nodes { progress { isCompleted } } } } }"


async def complete(campus: Campus, username: str = "ada") -> None:
    """Have a learner complete program 1, of which somebody is told."""
    campus.learners.completion._is_told = True
    campus.enroll(username, mode="verified")
    campus.certify(username)
    await campus.data(DASHBOARD, campus.viewer(username))


async def events(database: Database) -> list[OutgoingEvent]:
    async with database.writing() as session:
        return list(await session.scalars(select(OutgoingEvent).order_by(OutgoingEvent.id)))


async def test_an_award_and_a_revocation_are_told_once_each_and_in_order(
    small: Campus, receiver: Receiver, webhook: Webhook
) -> None:
    """`spec/programs.md`, "Progress, Completion, and Certification": the LMS and the service collaborate on
    certificates; openedx-events has the types."""
    await complete(small)
    small.world.certificates.clear()
    small.passes(hours=2)
    await small.data(DASHBOARD, small.viewer("ada"))

    sending = outbox(small.database, webhook)
    while await sending.send_due():
        pass

    told = receiver.bodies
    assert [each["type"].split(".")[-2] for each in told] == ["awarded", "revoked"]
    certificate = told[0]["data"]["program_certificate"]
    assert certificate == {
        "user": {"pii": {"username": "ada"}},
        "program": {"uuid": uuid(1), "title": "Program 1", "program_type": "micromasters"},
        "uuid": certificate["uuid"],
        "status": "awarded",
        "url": f"https://programs.example.org/certificates/{certificate['uuid']}",
    }
    assert told[1]["data"]["program_certificate"] == certificate | {"status": "revoked"}
    assert told[0]["time"] < told[1]["time"]
    assert len({each["id"] for each in receiver.bodies}) == len(receiver.bodies)
    assert {each.state for each in await events(small.database)} == {Delivery.SENT}


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_nothing_is_told_of_an_award_that_was_rolled_back(small: Campus) -> None:
    await complete(small)
    async with small.database.writing() as session:
        await session.execute(delete(OutgoingEvent))
        await session.execute(delete(ProgramUser))

    async def fail() -> None:
        async with small.database.writing() as session:
            await small.learners.completion.associate(session, ["ada"], ProgramUserSource.LISTING)
            assert await session.scalar(select(OutgoingEvent.kind))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await events(small.database) == []


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_fails_is_sent_again_with_the_same_id_and_what_comes_after_waits(
    small: Campus, receiver: Receiver, webhook: Webhook
) -> None:
    await complete(small)
    async with small.database.writing() as session:
        [event] = await session.scalars(select(OutgoingEvent))
        later = {"kind": "later", "username": "ada", "program_id": event.program_id, "certificate": event.certificate}
        session.add(OutgoingEvent(uuid="later", **later))
    receiver.statuses = [500, None, 302]
    sending = outbox(small.database, webhook)

    for problem in ("it answered 500", "it took longer than 0.5 seconds", "it answered 302", None):
        assert await sending.send_due() == 1
        assert (await events(small.database))[0].problem == problem
    assert await sending.send_due() == 1

    assert [each["id"] for each in receiver.bodies] == [event.uuid] * 4 + ["later"]
    assert [each.attempts for each in await events(small.database)] == [4, 1]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_was_given_up_is_shown_to_operators_and_can_be_sent_again(
    small: Campus, receiver: Receiver, webhook: Webhook, tmp_path: Path
) -> None:
    await complete(small)
    url: Any = small.database.engine.url
    setting = {"COLLEGIUM_DATABASE_URL": url.render_as_string(hide_password=False)}
    await complete(small, "bob")
    receiver.statuses = [503] * 2
    outcomes: list[str] = []
    sending = Outbox(small.database, webhook.deliver, Links(), patience=Patience(tries=1), tell=outcomes.append)
    await sending.send_due()

    assert outcomes == ["given_up"] * 2
    assert await sending.send_due() == 0
    listed = orjson.loads(collegium("webhooks", "list", "--json", folder=tmp_path, **setting).stdout)
    assert {(each["state"], each["attempts"], each["problem"]) for each in listed} == {
        ("given_up", 1, "it answered 503")
    }
    assert "given_up, 1 attempts  it answered 503" in collegium("webhooks", "list", folder=tmp_path, **setting).stdout
    done = collegium("webhooks", "retry", folder=tmp_path, **setting)
    assert done.stdout == "2 events will be sent again.\n"
    assert await sending.send_due() == 2
    assert outcomes[2:] == ["delivered"] * 2


def test_waits_grow_to_an_hour_and_end_after_days() -> None:
    patience = Patience()
    waits = [patience.wait(attempt).total_seconds() for attempt in range(1, patience.tries)]

    assert waits[0] <= 6
    assert all(shorter < longer for shorter, longer in pairwise(waits[:9]))
    assert max(waits) <= 3600 * 1.2
    assert 2.5 < sum(waits) / 86_400 < 3.5


async def test_a_receiver_that_asks_for_time_gets_it(small: Campus, receiver: Receiver, webhook: Webhook) -> None:
    await complete(small)
    receiver.statuses, receiver.headers = [503] * 9, {"Retry-After": "90"}

    await outbox(small.database, webhook).send_due()

    assert all(each.due_at - now() > timedelta(seconds=60) for each in await events(small.database))


async def test_two_processes_send_each_event_once(small: Campus, receiver: Receiver, webhook: Webhook) -> None:
    for number in range(10):
        await complete(small, f"learner{number}")
    patience = Patience(batch=3)

    async def all_sent() -> None:
        sending = outbox(small.database, webhook, patience)
        while await sending.send_due():
            pass

    await asyncio.gather(all_sent(), all_sent())

    ids = [each["id"] for each in receiver.bodies]
    assert sorted(ids) == sorted(each.uuid for each in await events(small.database))


PROGRAM = """
import asyncio, sys
from db.engine import open_database
from resolvers.learners.links import Links
from resolvers.learners.outbox import Outbox
from server.webhooks.sending import Webhook

async def main():
    outbox = Outbox(open_database(sys.argv[1]), Webhook(sys.argv[2], "s3cret").deliver, Links())
    async with outbox.running():
        print("running", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_an_event_outlives_a_process_that_was_killed_while_it_was_sent(
    small: Campus, receiver: Receiver, webhook: Webhook
) -> None:
    await complete(small)
    receiver.statuses = [None]
    url: Any = small.database.engine.url
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, url.render_as_string(hide_password=False), receiver.url, cwd=ROOT, stdout=PIPE
    )
    await asyncio.wait_for(receiver.arrived.wait(), 60)
    process.send_signal(signal.SIGKILL)
    await process.wait()

    found = await events(small.database)
    assert {each.state for each in found} == {Delivery.WAITING}
    assert all(each.due_at > now() for each in found)  # claimed by who is no more
    async with small.database.writing() as session:  # a minute passes
        await session.execute(update(OutgoingEvent).values(due_at=now()))
    await outbox(small.database, webhook).send_due()

    assert {each["id"] for each in receiver.bodies} == {each.uuid for each in found}
    assert {each.state for each in await events(small.database)} == {Delivery.SENT}


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_events_that_were_sent_are_forgotten_after_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database)
    async with database.writing() as session:
        program = await session.scalar(select(Program.id))
        long_ago = {"program_id": program, "username": "ada", "kind": "k", "due_at": now() - timedelta(days=31)}
        for state in (Delivery.SENT, Delivery.GIVEN_UP):
            session.add(OutgoingEvent(uuid=state.value, certificate=state.value, state=state, **long_ago))
    monkeypatch.setattr("resolvers.learners.outbox.PERIOD", 0.01)
    times = iter([now() - timedelta(hours=2)])
    monkeypatch.setattr("resolvers.learners.outbox.now", lambda: next(times, now()))

    async def never(_: bytes) -> None:
        raise NotImplementedError

    async with Outbox(database, never, Links(site="https://programs.example.org")).running():
        for _ in range(100):
            await asyncio.sleep(0.02)
            if len(left := await events(database)) == 1:
                break

    assert [each.state for each in left] == [Delivery.GIVEN_UP]


async def test_sending_goes_on_while_the_database_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.learners.outbox.PERIOD", 0.01)
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/none.db")

    async def never(_: bytes) -> None:
        raise NotImplementedError

    with capture_logs() as lines:
        async with Outbox(database, never, Links(site="https://programs.example.org")).running():
            await asyncio.sleep(0.2)
    await database.close()

    told = [line["event"] for line in lines]
    assert len(told) > 1
    assert set(told) == {"outgoing_events_not_sent"}
