"""Where a learner is in courses, as the LMS tells them: asked for within bounds, and done without if need be."""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field

import structlog

from edx.blocks import BlockKey
from edx.courseware import CourseAccess, CoursewareRecords, LastPlace, SequenceStanding
from edx.errors import OpenEdxError
from edx.keys import CourseKey
from edx.olx import Key
from resolvers.paths.answers import Denied, Prerequisite, Whereabouts

MOST_CALLS = 24
"""Calls of the LMS for one operation. What more of places there are is answered as if it did not answer."""

AT_ONCE = 8

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked about a run: access to it, always; where the learner was last; and sequences."""

    run: CourseKey
    last_place: bool
    sequences: frozenset[Key]


@dataclass
class Told:
    """What the LMS has told in one operation. A key that is there was asked for; None is also an answer, and no answer.

    It is never asked twice for the same.
    """

    access: dict[CourseKey, CourseAccess | None] = field(default_factory=dict)
    last_places: dict[CourseKey, LastPlace | None] = field(default_factory=dict)
    sequences: dict[tuple[CourseKey, Key], SequenceStanding | None] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """How often it was asked."""
        return len(self.access) + len(self.last_places) + len(self.sequences)

    def whereabouts(self, run: CourseKey) -> Whereabouts:
        """What the rules need of it for one run."""
        access, last = self.access.get(run), self.last_places.get(run)
        standings = [(key, each) for (of, key), each in self.sequences.items() if of == run and each is not None]
        return Whereabouts(
            resume=None if last is None or last.unit.course.folded != run.folded else _keys(last),
            positions={key: each.position for key, each in standings},
            gated={
                key: Prerequisite(each.prerequisite, each.prerequisite_name) for key, each in standings if each.is_gated
            },
            denied=None if access is None or access.reason is None else denied(access.reason),
            has_exam_to_pass=access is not None and access.has_exam_to_pass,
        )


def _keys(last: LastPlace) -> tuple[Key, Key]:
    return Key(last.sequence.type, last.sequence.name), Key(last.unit.type, last.unit.name)


def denied(reason: str) -> Denied:
    """A reason of the LMS; one that we do not know sends learners to the course's home, as enrolling does."""
    try:
        return Denied(reason)
    except ValueError:
        return Denied.ENROLLMENT_REQUIRED


class LearnersPlaces:
    """Asks the LMS; `patience` is how many seconds a request waits for it."""

    def __init__(self, records: CoursewareRecords, patience: float) -> None:
        self._records = records
        self._patience = patience

    async def ask(self, wanted: Iterable[Wanted], authorization: str, told: Told) -> bool:
        """Add to `told` what is wanted and not there; whether anything was asked. Never raises for the LMS.

        Calls that are under way end when nobody waits any more.
        """
        places = asyncio.Semaphore(AT_ONCE)
        calls = [asyncio.ensure_future(self._within(places, call)) for call in self._calls(wanted, authorization, told)]
        if not calls:
            return False
        try:
            done, late = await asyncio.wait(calls, timeout=self._patience)
        finally:
            for call in calls:
                call.cancel()
        for call in done:
            call.result()
        if late:
            await asyncio.wait(late)
            log.warning("whereabouts_not_told", reason="the LMS is slow", calls=len(late))
        return True

    def _calls(self, wanted: Iterable[Wanted], authorization: str, told: Told) -> list[Awaitable[None]]:
        """The calls that are left to make; each is noted as asked for at once."""
        found: list[Awaitable[None]] = []
        for each in wanted:
            if each.run not in told.access and told.calls < MOST_CALLS:
                told.access[each.run] = None
                found.append(self._access(each.run, authorization, told))
            if each.last_place and each.run not in told.last_places and told.calls < MOST_CALLS:
                told.last_places[each.run] = None
                found.append(self._last_place(each.run, authorization, told))
            for key in sorted(each.sequences):
                if (each.run, key) not in told.sequences and told.calls < MOST_CALLS:
                    told.sequences[each.run, key] = None
                    found.append(self._sequence(each.run, key, authorization, told))
        return found

    async def _within(self, places: asyncio.Semaphore, call: Awaitable[None]) -> None:
        async with places:
            try:
                await call
            except OpenEdxError as error:
                log.warning("whereabouts_not_told", reason=str(error))

    async def _access(self, run: CourseKey, authorization: str, told: Told) -> None:
        found = await self._records.access(run, authorization=authorization)
        if found is not None and found.reason != Denied.AUTHENTICATION_REQUIRED:  # by a token that it does not take
            told.access[run] = found

    async def _last_place(self, run: CourseKey, authorization: str, told: Told) -> None:
        told.last_places[run] = await self._records.last_place(run, authorization=authorization)

    async def _sequence(self, run: CourseKey, key: Key, authorization: str, told: Told) -> None:
        found = await self._records.sequence(BlockKey(run, *key), authorization=authorization)
        told.sequences[run, key] = found
