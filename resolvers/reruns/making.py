"""Making one run: the steps that `machine` decides on are taken in Studio and the LMS, and their answers kept."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from random import uniform
from typing import Protocol

from edx.errors import DestinationExists, Failed, NotFound, NotSent, OpenEdxError, Rejected, SourceMissing, Throttled
from edx.lms import Lms
from edx.studio import Studio
from edx.tokens import TOKEN_PATH
from resolvers.reruns.machine import Answer, Memory, Rules, Step, Told, begun, learned, next_step
from resolvers.reruns.wanted import Wanted

NAP = 2.0
"""Seconds that are waited in place; for longer waits somebody else gets the turn."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What runs are made in. `open_end` is the end that Studio is given for runs without one."""

    studio: Studio
    lms: Lms
    open_end: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """What a step came to, for the log of attempts."""

    step: Step
    answer: Answer
    seconds: float


class Store(Protocol):
    """Where what is known of one run is kept, for whoever makes it; every method may raise that somebody else does."""

    async def load(self) -> tuple[Wanted, Memory]:
        """What is wanted, and what is remembered."""

    async def save(self, memory: Memory, entry: Entry | None = None) -> None:
        """Keep what is remembered, and a line of the log; it is there when this returns."""


async def make(
    store: Store, platform: Platform, rules: Rules, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Memory:
    """Go on with a run until it is READY or FAILED, or has to wait for longer (`not_before`); what is remembered."""
    wanted, memory = await store.load()
    while step := next_step(memory):
        wait = (memory.not_before - now()).total_seconds() if memory.not_before else 0.0
        if wait > NAP:
            break
        await asyncio.sleep(max(0.0, wait) * uniform(1.0, 1.2))  # noqa: S311 -- spreads calls, guards nothing
        if step is Step.CONFIGURE:
            wanted, _ = await store.load()  # its dates may have been changed since
        memory, remembered = begun(memory, step, now()), memory
        if memory is not remembered:
            await store.save(memory)
        began = time.monotonic()
        answer = await taken(step, wanted, platform)
        memory = learned(memory, step, answer, now(), rules)
        await store.save(memory, Entry(step, answer, time.monotonic() - began))
    return memory


async def taken(step: Step, wanted: Wanted, platform: Platform) -> Answer:
    """Take a step, and say what came of it."""
    try:
        match step:
            case Step.LOOK:
                found = await platform.studio.run(wanted.key)
                return Answer(Told.MISSING if found is None else Told.DONE)
            case Step.CLONE:
                await platform.studio.clone(wanted.source, wanted.key)
            case Step.CONFIGURE:
                await platform.studio.change(wanted.key, wanted.changes(platform.open_end))
            case Step.ADD_MODES:  # pragma: no branch -- there are no others
                await _add_modes(wanted, platform.lms)
    except OpenEdxError as error:
        return answer_of(error, step)
    return Answer(Told.DONE)


async def _add_modes(wanted: Wanted, lms: Lms) -> None:
    """Add the modes that the run has not: for one that it has, the LMS breaks down."""
    there = {mode.slug for mode in await lms.own_modes(wanted.key)}
    for mode in wanted.modes:
        if mode.slug not in there:
            await lms.add_mode(wanted.key, mode)


TELLING: tuple[tuple[type[OpenEdxError], Told], ...] = (
    (DestinationExists, Told.EXISTS),
    (SourceMissing, Told.NO_SOURCE),
    (Rejected, Told.REFUSED),
    (NotSent, Told.NOT_DONE),
    (Throttled, Told.NOT_DONE),
    (Failed, Told.BROKEN),
)
"""What errors say about a step; the first that fits. All others say nothing: a lost connection, a proxy's page."""

OVER = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
"""What a proxy says where nothing works on a call any more, unlike after a time-out."""


def answer_of(error: OpenEdxError, step: Step) -> Answer:
    """What an error says about a step."""
    told = next((told for kind, told in TELLING if isinstance(error, kind)), Told.SILENT)
    if step is Step.CONFIGURE and isinstance(error, NotFound):
        told = Told.MISSING  # seen before, but not by this one of Studio's servers
    if told is Told.SILENT and error.status in OVER:
        told = Told.BROKEN
    if error.path.endswith(TOKEN_PATH) and told is not Told.REFUSED:
        told = Told.NOT_DONE  # without a token nothing was sent
    answer = Answer(told, error.status, str(error), error.retry_after)
    return replace(answer, retry_after=None) if told is Told.REFUSED else answer
