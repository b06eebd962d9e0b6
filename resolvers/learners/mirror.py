"""The mirror: copies of learners' enrollments and certificates, refreshed from the LMS with as few calls as can be.

What is fresh costs no call. What is not is asked for once, however many want it, and many learners at a time; while
the LMS is down, slow or out of budget, the copies are served as they are and marked as stale.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database, Snapshot
from db.errors import DatabaseError
from db.tables import now
from edx.errors import OpenEdxError, Rejected, Throttled, Unreachable
from edx.learners import Certificate, Enrollment, LearnerRecords, is_plain, is_possible
from resolvers.learners.copies import Freshness, Kind, freshness, keep_certificates, keep_enrollments
from resolvers.learners.gathering import Failures, Gatherer

CERTIFICATE_CALLS = 8
"""Learners whose certificates are asked for at once: the LMS has no list of many learners' certificates."""

REMEMBERED = 10_000

log = structlog.get_logger(__name__)

Settle = Callable[[AsyncSession, Collection[str]], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class MirrorRules:
    """How long copies are fresh, how many seconds a request waits for the LMS, and how long a failure gives it rest."""

    enrollments: timedelta = timedelta(minutes=5)
    certificates: timedelta = timedelta(hours=1)
    patience: float = 2.0
    rest: float = 10.0

    def lifetime(self, kind: Kind) -> timedelta:
        """How long copies of one kind are fresh."""
        return self.enrollments if kind is Kind.ENROLLMENTS else self.certificates


@dataclass(frozen=True, slots=True)
class Standing:
    """As of when the copies of a learner's are, and whether the LMS should have been asked again but did not answer."""

    freshness: Freshness
    is_stale: bool

    @property
    def enrollments_at(self) -> datetime | None:
        """As of when the enrollments are."""
        return self.freshness.enrollments_at

    @property
    def certificates_at(self) -> datetime | None:
        """As of when the certificates are."""
        return self.freshness.certificates_at


@dataclass
class Memory:
    """What one operation has read of freshness, what it has asked the LMS for, and how many seconds it waited."""

    freshness: dict[str, Freshness] = field(default_factory=dict)
    asked: set[tuple[Kind, str]] = field(default_factory=set)
    waited: float = 0.0


class Mirror:
    """The copies in one database. Without `records` the LMS is never asked.

    `settle` is called in each transaction in which certificates are kept, with the learners whose they are.
    """

    def __init__(
        self,
        database: Database,
        records: LearnerRecords | None,
        rules: MirrorRules | None = None,
        *,
        settle: Settle,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.rules = rules or MirrorRules()
        self.database = database
        self._records = records
        self._settle = settle
        self._clock = clock
        self._gatherers = {
            Kind.ENROLLMENTS: Gatherer(self._load_enrollments),
            Kind.CERTIFICATES: Gatherer(self._load_certificates, at_once=1),
        }
        self._own: dict[tuple[Kind, str], asyncio.Task[None]] = {}
        self._answered_at: dict[tuple[Kind, str], datetime] = {}
        self._rests_until: dict[Kind, datetime] = {}

    async def aclose(self) -> None:
        """Give up all calls."""
        for task in self._own.values():
            task.cancel()
        if self._own:
            await asyncio.wait(self._own.values())
        for gatherer in self._gatherers.values():
            await gatherer.aclose()

    async def standings(
        self,
        snapshot: Snapshot,
        memory: Memory,
        usernames: Sequence[str],
        kinds: Collection[Kind],
        authorizations: Mapping[str, str] | None = None,
    ) -> dict[str, Standing]:
        """How the copies of these learners stand, after the LMS was asked for what of them is not fresh.

        What is in `memory` is neither read nor asked for again. `snapshot` is released before the LMS is waited for.
        `authorizations` are the learners' own, where there are some. Raises DatabaseError, and nothing of the LMS's.
        """
        read_at = self._clock()
        known = memory.freshness
        if unread := [name for name in usernames if name not in known]:
            known.update(await freshness(snapshot, self._dialect, unread))
        wanted = [
            (kind, name)
            for name in usernames
            for kind in kinds
            if (kind, name) not in memory.asked and not self._is_fresh(kind, known[name]) and is_possible(name)
        ]
        if wanted and self._records is not None:
            memory.asked.update(wanted)
            await snapshot.release()
            memory.waited += await self._refresh(wanted, read_at, authorizations or {}, memory.waited)
            known.update(await freshness(snapshot, self._dialect, list(dict.fromkeys(name for _, name in wanted))))
        return {
            name: Standing(
                known[name], is_possible(name) and not all(self._is_fresh(kind, known[name]) for kind in kinds)
            )
            for name in usernames
        }

    async def refresh(self, usernames: Collection[str], kinds: Collection[Kind]) -> Failures:
        """Ask the LMS now for learners who have to be known, as after an event, and wait for as long as it takes."""
        if self._records is None:
            return dict.fromkeys(usernames, Unreachable("no LMS is set"))
        failures: dict[str, Exception] = {}
        names = [name for name in usernames if is_possible(name)]
        for kind in kinds:
            gatherer = self._gatherers[kind]
            await gatherer.quiet(names)
            answers = await asyncio.gather(*(gatherer.ask(name) for name in names), return_exceptions=True)
            failures |= {name: each for name, each in zip(names, answers, strict=True) if isinstance(each, Exception)}
        return failures

    @property
    def _dialect(self) -> Dialect:
        return self.database.dialect

    def _is_fresh(self, kind: Kind, known: Freshness) -> bool:
        return known.is_fresh(kind, self.rules.lifetime(kind), self._clock())

    async def _refresh(
        self, wanted: Sequence[tuple[Kind, str]], read_at: datetime, authorizations: Mapping[str, str], waited: float
    ) -> float:
        """Ask for what is wanted and wait for it, but not for longer than a request should; the rest comes later.

        `waited` seconds were spent before; those that are spent now are returned.
        """
        began = time.monotonic()
        waits = [
            self._asking(kind, name, authorizations.get(name))
            for kind, name in wanted
            if not self._rests(kind) and not self._was_answered_since(read_at, kind, name)
        ]
        if waits:
            await asyncio.wait(waits, timeout=max(0.0, self.rules.patience - waited))
        return time.monotonic() - began

    def _was_answered_since(self, moment: datetime, kind: Kind, name: str) -> bool:
        """Whether the LMS answered somebody else who wanted the same, after we read the copies."""
        answered = self._answered_at.get((kind, name))
        return answered is not None and answered >= moment

    def _rests(self, kind: Kind) -> bool:
        until = self._rests_until.get(kind)
        return until is not None and self._clock() < until

    def _asking(self, kind: Kind, name: str, authorization: str | None) -> "asyncio.Future[None]":
        if authorization is None:
            return self._gatherers[kind].ask(name)
        task = self._own.get((kind, name))
        if task is None:
            task = self._own[kind, name] = asyncio.create_task(self._load_own(kind, name, authorization))
            task.add_done_callback(lambda _: self._own.pop((kind, name), None))
        return task

    async def _load_own(self, kind: Kind, name: str, authorization: str) -> None:
        """One learner's own copies with a token of their own; one that the LMS does not take is not needed."""
        try:
            await self._load_one(kind, name, authorization)
        except Rejected:
            await asyncio.wait([self._gatherers[kind].ask(name)])
        except (OpenEdxError, DatabaseError) as error:
            self._failed(kind, error, is_own=True)

    async def _load_one(self, kind: Kind, name: str, authorization: str) -> None:
        assert self._records is not None  # noqa: S101 -- nobody asks where there is no LMS
        at = self._clock()
        if kind is Kind.ENROLLMENTS:
            enrollments = await self._records.enrollments_of(name, authorization=authorization)
            await self._keep_enrollments([name], enrollments, at)
        else:
            certificates = await self._records.certificates_of(name, authorization=authorization)
            await self._keep_certificates([name], certificates, at)

    async def _load_enrollments(self, names: Sequence[str]) -> Failures:
        """Copies of the enrollments of up to 100 learners: one call, and one for each name of an unusual form."""
        assert self._records is not None  # noqa: S101 -- as above
        at, found = self._clock(), list[Enrollment]()
        plain = [name for name in names if is_plain(name)]
        try:
            if plain:
                found += await self._records.enrollments(plain)
            for name in names:
                if not is_plain(name):
                    found += await self._records.enrollments_of(name)
        except OpenEdxError as error:
            self._failed(Kind.ENROLLMENTS, error)
            return dict.fromkeys(names, error)
        await self._keep_enrollments(names, found, at)
        return {}

    async def _load_certificates(self, names: Sequence[str]) -> Failures:
        """Copies of the certificates of up to 100 learners: a call for each, some at once; and one write."""
        at, places = self._clock(), asyncio.Semaphore(CERTIFICATE_CALLS)
        answers = await asyncio.gather(*(self._certificates_of(name, places) for name in names))
        failures = {name: each for name, each in zip(names, answers, strict=True) if isinstance(each, Exception)}
        found = [each for answer in answers if not isinstance(answer, Exception) for each in answer]
        await self._keep_certificates([name for name in names if name not in failures], found, at)
        return failures

    async def _certificates_of(self, name: str, places: asyncio.Semaphore) -> list[Certificate] | OpenEdxError:
        assert self._records is not None  # noqa: S101 -- as above
        async with places:
            if self._rests(Kind.CERTIFICATES):
                return OpenEdxError("the LMS is given some rest")
            try:
                return await self._records.certificates_of(name)
            except OpenEdxError as error:
                self._failed(Kind.CERTIFICATES, error)
                return error

    async def _keep_enrollments(self, names: Sequence[str], found: Sequence[Enrollment], at: datetime) -> None:
        async with self.database.writing() as session:
            await keep_enrollments(session, names, found, at)
        self._answered(Kind.ENROLLMENTS, names)

    async def _keep_certificates(self, names: Sequence[str], found: Sequence[Certificate], at: datetime) -> None:
        if not names:
            return
        async with self.database.writing() as session:
            await keep_certificates(session, names, found, at)
            await self._settle(session, names)
        self._answered(Kind.CERTIFICATES, names)

    def _answered(self, kind: Kind, names: Sequence[str]) -> None:
        if len(self._answered_at) > REMEMBERED:
            self._answered_at.clear()
        self._answered_at.update(dict.fromkeys(((kind, name) for name in names), self._clock()))

    def _failed(self, kind: Kind, error: Exception, *, is_own: bool = False) -> None:
        """Give the LMS some rest, as long as it asked for where it did; who asks for himself has his own limits."""
        log.warning("mirror_not_refreshed", kind=kind.value, reason=str(error))
        about_one = Throttled if is_own else Rejected if kind is Kind.CERTIFICATES else ()
        if isinstance(error, about_one):
            return
        rest = getattr(error, "retry_after", None) or self.rules.rest
        self._rests_until[kind] = self._clock() + timedelta(seconds=rest)


__all__ = ["Kind", "Memory", "Mirror", "MirrorRules", "Standing"]
