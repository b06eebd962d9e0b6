"""The outbox of events about certificates: stored in one transaction with what they tell of, sent until they arrive.

Each is sent at least once, and those about one certificate in their order. What fails is sent again, later and later,
and given up after some days; operators see what was, and may have it sent again.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, NoReturn
from uuid import uuid4

import orjson
import structlog
from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.engine import Database
from db.tables import Delivery, OutgoingEvent, Program, ProgramCategory, now
from resolvers.background import alongside
from resolvers.learners.links import Links

LONGEST_PROBLEM = 255
PERIOD = 2.0
"""Seconds between two looks at the outbox."""

log = structlog.get_logger(__name__)


class OutgoingKind(StrEnum):
    """What is told: the types of events that openedx-events has for it."""

    AWARDED = "org.openedx.learning.program.certificate.awarded.v1"
    REVOKED = "org.openedx.learning.program.certificate.revoked.v1"


class NotDelivered(Exception):
    """An event did not arrive, or nobody said that it did; `wait` is how long the receiver wants to be left alone."""

    def __init__(self, reason: str, wait: timedelta | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


Deliver = Callable[[bytes], Awaitable[None]]
"""Sends the body of one event. Raises NotDelivered."""


@dataclass(frozen=True)
class Patience:
    """How long is waited after a failure, twice as long after each other one; and how often an event is tried.

    Whoever claims events has `claim` to send them, before somebody else does; `kept` is how long sent ones are known.
    """

    first: timedelta = timedelta(seconds=5)
    most: timedelta = timedelta(hours=1)
    tries: int = 80  # three days
    claim: timedelta = timedelta(minutes=1)
    kept: timedelta = timedelta(days=30)
    batch: int = 20
    at_once: int = 5

    def wait(self, attempts: int) -> timedelta:
        """How long to wait after so many failures, some of it random, so that not all come again at once."""
        doubled: timedelta = min(self.first * 2 ** min(attempts - 1, 30), self.most)
        return doubled * random.uniform(0.8, 1.2)  # noqa: S311 -- no secret


def put(session: AsyncSession, kind: OutgoingKind, username: str, program: int, certificate: str) -> None:
    """Add an event to the transaction of what it tells of."""
    session.add(
        OutgoingEvent(
            uuid=str(uuid4()), kind=kind.value, username=username, program_id=program, certificate=certificate
        )
    )


@dataclass(frozen=True)
class _Claimed:
    """An event to send."""

    id: int
    uuid: str
    attempts: int
    body: bytes


class Outbox:
    """The events of one database. While `running`, they are sent; `tell` hears of each outcome."""

    def __init__(
        self,
        database: Database,
        deliver: Deliver,
        links: Links,
        *,
        patience: Patience | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._deliver = deliver
        self._links = links
        self._patience = patience or Patience()
        self._tell = tell

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send events for the time of the block."""
        async with alongside(self._run):
            yield

    async def send_due(self) -> int:
        """Send what is due, as many as one takes at a time; how many that were. Raises DatabaseError."""
        async with self._database.writing() as session:
            claimed = await self._claim(session)
        if not claimed:
            return 0
        places = asyncio.Semaphore(self._patience.at_once)
        failures = await asyncio.gather(*(self._sent(each, places) for each in claimed))
        async with self._database.writing() as session:
            for event, failure in zip(claimed, failures, strict=True):
                await session.execute(
                    update(OutgoingEvent).where(OutgoingEvent.id == event.id).values(self._outcome(event, failure))
                )
        return len(claimed)

    async def _run(self) -> NoReturn:
        cleaned = now()
        while True:
            try:
                while await self.send_due():
                    pass
                if now() - cleaned > timedelta(hours=1):
                    cleaned = now()
                    await self._forget_old_ones()
            except Exception as error:  # noqa: BLE001 -- whatever it is, later events are sent
                log.warning("outgoing_events_not_sent", reason=str(error))
            await asyncio.sleep(PERIOD)

    async def _claim(self, session: AsyncSession) -> list[_Claimed]:
        """The events that are due, which nobody else sends for a while."""
        of, earlier, moment = OutgoingEvent, aliased(OutgoingEvent), now()
        is_first = ~exists().where(
            earlier.certificate == of.certificate, earlier.id < of.id, earlier.state == Delivery.WAITING
        )
        query = (
            select(of, Program.uuid, Program.name, ProgramCategory.slug)
            .join(Program, Program.id == of.program_id)
            .join(ProgramCategory, ProgramCategory.id == Program.category_id)
            .where(of.state == Delivery.WAITING, of.due_at <= moment, is_first)
            .order_by(of.due_at, of.id)
            .limit(self._patience.batch)
            .with_for_update(of=of, skip_locked=True)
        )
        claimed = []
        for event, uuid, title, category in await session.execute(query):
            program = {"uuid": uuid, "title": title, "program_type": category}
            claimed.append(_Claimed(event.id, event.uuid, event.attempts + 1, self._body(event, program)))
            event.due_at, event.attempts = moment + self._patience.claim, event.attempts + 1
        return claimed

    def _body(self, event: OutgoingEvent, program: Mapping[str, str]) -> bytes:
        told = {
            "user": {"pii": {"username": event.username}},
            "program": program,
            "uuid": event.certificate,
            "status": "awarded" if event.kind == OutgoingKind.AWARDED else "revoked",
            "url": self._links.of_certificate(event.certificate),
        }
        envelope = {"id": event.uuid, "type": event.kind, "time": event.at, "data": {"program_certificate": told}}
        return orjson.dumps(envelope, option=orjson.OPT_UTC_Z)

    async def _sent(self, event: _Claimed, places: asyncio.Semaphore) -> NotDelivered | None:
        async with places:
            try:
                await self._deliver(event.body)
            except NotDelivered as failure:
                return failure
        return None

    def _outcome(self, event: _Claimed, failure: NotDelivered | None) -> dict[str, Any]:
        """What becomes of an event that was sent."""
        if failure is None:
            self._tell("delivered")
            return {"state": Delivery.SENT, "problem": None}
        problem = str(failure)[:LONGEST_PROBLEM]
        is_over = event.attempts >= self._patience.tries
        if is_over:
            self._tell("given_up")
            log.error("webhook_given_up", event_id=event.uuid, reason=problem)
        else:
            self._tell("failed")
            log.warning("webhook_failed", event_id=event.uuid, reason=problem)
        wait = max(self._patience.wait(event.attempts), min(failure.wait or timedelta(), self._patience.most))
        state = Delivery.GIVEN_UP if is_over else Delivery.WAITING
        return {"state": state, "problem": problem, "due_at": now() + wait}

    async def _forget_old_ones(self) -> None:
        old = now() - self._patience.kept
        of = OutgoingEvent
        async with self._database.writing() as session:
            await session.execute(delete(of).where(of.state == Delivery.SENT, of.due_at < old))


async def undelivered(session: AsyncSession) -> Sequence[OutgoingEvent]:
    """The events that did not arrive yet, or were given up, the oldest first."""
    query = select(OutgoingEvent).where(OutgoingEvent.state != Delivery.SENT).order_by(OutgoingEvent.id)
    return list(await session.scalars(query))


async def retry(session: AsyncSession) -> int:
    """Have the events that were given up sent again, as often as new ones would be; how many these are."""
    moment = now()
    again = update(OutgoingEvent).where(OutgoingEvent.state == Delivery.GIVEN_UP)
    done = await session.execute(again.values(state=Delivery.WAITING, due_at=moment, attempts=0))
    return int(getattr(done, "rowcount", 0))
