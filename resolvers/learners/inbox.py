"""The inbox of events: stored first and at once, in one transaction for all that come together, then taken up.

What an event says of enrollments is taken as it is; for certificates the LMS is asked, which knows which of them may be
seen. An event older than what is known changes nothing.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import timedelta
from typing import Any, NoReturn

import orjson
import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import inserting
from db.tables import (
    CourseRun,
    LearnerCertificate,
    LearnerEnrollment,
    LearnerEvent,
    ProgramUserSource,
    now,
)
from edx.events import Event, EventKind
from edx.learners import MOST_NAMES, is_possible
from resolvers.background import alongside
from resolvers.learners.completion import Completion
from resolvers.learners.copies import Kind, touch, upserting
from resolvers.learners.mirror import Mirror

CLAIM = timedelta(minutes=2)
"""How long who takes events up has for it, before somebody else does."""

RETRY = timedelta(seconds=30)
KEPT = timedelta(days=30)
MOST_CLAIMED = 1000
PERIOD = 2.0
"""Seconds between two looks at the inbox, for events that others stored or that have to be tried again."""

log = structlog.get_logger(__name__)


class Inbox:
    """The events of one database. `put` stores them; while `running`, what is stored is taken up."""

    def __init__(self, mirror: Mirror, completion: Completion) -> None:
        self._mirror = mirror
        self._completion = completion
        self._database = mirror.database
        self._waiting: list[tuple[Sequence[Event], asyncio.Future[int]]] = []
        self._storing: asyncio.Task[None] | None = None
        self._stored = asyncio.Event()

    async def put(self, events: Sequence[Event]) -> int:
        """Store events; how many of them are new. Raises DatabaseError."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, future))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store())
        return await future

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take events up for the time of the block."""
        async with alongside(self._run):
            yield

    async def take_up(self) -> int:
        """Take up what is due; how many events that were. Raises DatabaseError."""
        async with self._database.writing() as session:
            claimed = await _claim(session)
            names = await _apply(session, claimed)
        for i in range(0, len(names), MOST_NAMES):
            await self._check(names[i : i + MOST_NAMES])
        return len(claimed)

    async def _store(self) -> None:
        """Write all that waits, in one transaction for as many as there are."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            try:
                async with self._database.writing() as session:
                    counts = await _insert(session, [events for events, _ in waiting])
            except Exception as error:  # noqa: BLE001 -- whoever put the events is told
                for _, future in waiting:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), count in zip(waiting, counts, strict=True):
                if not future.done():
                    future.set_result(count)
            self._stored.set()

    async def _run(self) -> NoReturn:
        cleaned = now()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PERIOD):
                    await self._stored.wait()
            self._stored.clear()
            try:
                while await self.take_up():
                    pass
                if now() - cleaned > timedelta(hours=1):
                    cleaned = now()
                    await self._forget_old_ones()
            except Exception as error:  # noqa: BLE001 -- whatever it is, later events are taken up
                log.warning("events_not_taken_up", reason=str(error))

    async def _check(self, names: Sequence[str]) -> None:
        """Ask the LMS for learners with new certificates: the other event that associates learners with programs."""
        failures = await self._mirror.refresh(names, [Kind.ENROLLMENTS, Kind.CERTIFICATES])
        checked = [name for name in names if name not in failures]
        if failures:
            log.warning("certificates_not_checked", learners=len(failures), reason=str(next(iter(failures.values()))))
        async with self._database.writing() as session:
            if checked:
                await self._completion.associate(session, checked, ProgramUserSource.CERTIFICATE)
                await _finish(session, checked)
            if failures:
                again = update(LearnerEvent).where(_open(failures.keys())).values(due_at=now() + RETRY)
                await session.execute(again.execution_options(synchronize_session=False))

    async def _forget_old_ones(self) -> None:
        async with self._database.writing() as session:
            await session.execute(delete(LearnerEvent).where(LearnerEvent.done_at < now() - KEPT))


async def _insert(session: AsyncSession, batches: Sequence[Sequence[Event]]) -> list[int]:
    """Insert the events that are not there; how many of each batch are new."""
    ids = sorted({event.id for batch in batches for event in batch})
    known = set(await session.scalars(select(LearnerEvent.id).where(LearnerEvent.id.in_(ids)))) if ids else set()
    rows: dict[str, dict[str, Any]] = {}
    counts: list[int] = []
    for batch in batches:
        before = len(rows)
        rows |= {event.id: _row(event) for event in batch if event.id not in known and event.id not in rows}
        counts.append(len(rows) - before)
    if rows:
        insert = inserting(session, LearnerEvent).on_conflict_do_nothing()
        await session.execute(insert, [rows[id_] for id_ in sorted(rows)])
    return counts


def _row(event: Event) -> dict[str, Any]:
    moment = now()
    return {
        "id": event.id, "kind": event.kind.value, "username": event.username, "course_key": event.course_key,
        "facts": orjson.dumps(event.facts).decode(),
        "at": min(event.at, moment),  # a clock that is ahead must not make the event the last word
        "received_at": moment, "due_at": moment,
    }  # fmt: skip


async def _claim(session: AsyncSession) -> list[LearnerEvent]:
    """The events that are due, which nobody else takes up for a while."""
    query = select(LearnerEvent).where(LearnerEvent.done_at.is_(None), LearnerEvent.due_at <= now())
    query = query.order_by(LearnerEvent.at, LearnerEvent.id).limit(MOST_CLAIMED).with_for_update(skip_locked=True)
    return list(await session.scalars(query))


async def _apply(session: AsyncSession, events: Sequence[LearnerEvent]) -> list[str]:
    """Take over what the events say; the learners whose certificates the LMS has to be asked for."""
    moment = now()
    known = await _known_runs(session, {event.course_key for event in events})
    await _apply_enrollments(session, [event for event in events if "enrollment" in event.kind])
    await _apply_revocations(session, [event for event in events if event.kind == EventKind.REVOCATION])
    names: dict[str, None] = {}
    for event in events:
        is_open = "enrollment" not in event.kind and event.course_key in known and is_possible(event.username)
        if is_open:
            names[event.username] = None
            event.due_at = moment + CLAIM
        else:
            event.done_at = moment
    await touch(session, {event.username for event in events if is_possible(event.username)})
    return list(names)


async def _known_runs(session: AsyncSession, keys: Collection[str]) -> set[str]:
    return set(await session.scalars(select(CourseRun.key).where(CourseRun.key.in_(sorted(keys)))))


async def _apply_enrollments(session: AsyncSession, events: Sequence[LearnerEvent]) -> None:
    rows = {}
    for event in events:  # in the order of their times: the last one holds
        facts = orjson.loads(event.facts)
        rows[event.username, event.course_key] = {
            "username": event.username, "course_key": event.course_key, "mode": facts["mode"],
            "is_active": facts["is_active"], "enrolled_at": None, "known_at": event.at,
        }  # fmt: skip
    if rows:
        await session.execute(
            upserting(session, LearnerEnrollment, newer="known_at", kept=["enrolled_at"]),
            [rows[key] for key in sorted(rows)],
        )


async def _apply_revocations(session: AsyncSession, events: Sequence[LearnerEvent]) -> None:
    of = LearnerCertificate
    for event in events:
        mine = (of.username == event.username, of.course_key == event.course_key, of.known_at <= event.at)
        lost = update(of).where(*mine).values(is_passing=False, download_url=None, known_at=event.at)
        await session.execute(lost.execution_options(synchronize_session=False))


def _open(names: Collection[str]) -> Any:
    """The events of these learners that wait for the LMS."""
    kinds = or_(LearnerEvent.kind == EventKind.CERTIFICATE.value, LearnerEvent.kind == EventKind.REVOCATION.value)
    return kinds & LearnerEvent.done_at.is_(None) & LearnerEvent.username.in_(sorted(names))


async def _finish(session: AsyncSession, names: Collection[str]) -> None:
    """The events that were claimed for these learners are done; those that came since are not."""
    claimed = LearnerEvent.due_at > now()
    done = update(LearnerEvent).where(_open(names), claimed).values(done_at=now())
    await session.execute(done.execution_options(synchronize_session=False))
