"""The runs of a contract as they are wanted against what Studio and the LMS have, and what would make them alike.

`survey` asks, `compare` and `unknown` tell the differences, `repair` has jobs see to them. Only runs that are READY are
to be compared: of one that is being made, what is missing comes yet.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import CourseRun, Job, Rerun, RerunState
from edx.contract_keys import ContractTag
from edx.keys import CourseKey
from edx.lms import BadItem, Mode
from edx.studio import StudioRun
from resolvers.access import Viewer
from resolvers.reruns.job import request_configurations, request_reruns
from resolvers.reruns.machine import Memory
from resolvers.reruns.making import Platform
from resolvers.reruns.store import remembered
from resolvers.reruns.wanted import Wanted

AT_ONCE = 4
"""Runs that are asked for at a time."""


class Aspect(StrEnum):
    """What of a run differs."""

    MISSING = "missing"  # Studio has no such run
    TITLE = "title"
    PACING = "pacing"
    START = "start"
    END = "end"
    ENROLLMENT_START = "enrollment_start"
    ENROLLMENT_END = "enrollment_end"
    MODE_MISSING = "mode_missing"
    MODE_EXTRA = "mode_extra"  # the LMS has a mode that we did not give it; it is left there
    UNKNOWN = "unknown"  # Studio has a run with a key of the contract that we do not know; it is left there


LEFT_ALONE = frozenset({Aspect.MODE_EXTRA, Aspect.UNKNOWN})
"""Differences that no repair removes: somebody made them on purpose, as far as we know."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: our value and theirs as texts, instants in ISO 8601, None where there is none."""

    key: CourseKey
    aspect: Aspect
    ours: str | None = None
    theirs: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A run as Open edX has it; without a `run` there are no modes."""

    run: StudioRun | None
    modes: Sequence[Mode] = ()


async def survey(platform: Platform, keys: Collection[CourseKey]) -> dict[CourseKey, Found]:
    """What Open edX has of these runs, in two calls for each. Raises OpenEdxError."""
    places = asyncio.Semaphore(AT_ONCE)

    async def find(key: CourseKey) -> Found:
        async with places:
            run = await platform.studio.run(key)
            return Found(run, await platform.lms.own_modes(key) if run else ())

    keys = list(keys)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(find(key)) for key in keys]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return {key: task.result() for key, task in zip(keys, tasks, strict=True)}


def compare(wanted: Wanted, found: Found, open_end: datetime) -> list[Difference]:
    """How a run differs from what is wanted; `open_end` is what Studio has for no end."""
    run = found.run
    if run is None:
        return [Difference(wanted.key, Aspect.MISSING)]
    return [*_settings(wanted, run, open_end), *_modes(wanted, found.modes)]


def unknown(contract: int, known: Collection[CourseKey], there: Sequence[StudioRun | BadItem]) -> list[Difference]:
    """The runs in Studio whose keys are of a contract, though it has no such runs; `there` are all of Studio's."""
    ours = {key.folded for key in known}
    keys = [run.key for run in there if isinstance(run, StudioRun)]
    return [Difference(key, Aspect.UNKNOWN) for key in keys if _is_of(key, contract) and key.folded not in ours]


async def repair(
    session: AsyncSession,
    runs: Mapping[CourseKey, CourseRun],
    differences: Sequence[Difference],
    *,
    by: Viewer | None = None,
) -> list[Job]:
    """Have the differences removed that can be, in the runs given: what is missing is made anew, the rest is set."""
    missing = {each.key for each in differences if each.aspect is Aspect.MISSING}
    other = {each.key for each in differences if each.aspect not in LEFT_ALONE} - missing
    again = [runs[key] for key in sorted(missing, key=str) if key in runs]
    await _plan_again(session, again)
    configured = [runs[key] for key in sorted(other, key=str) if key in runs]
    return [*await request_reruns(session, again, by=by), *await request_configurations(session, configured, by=by)]


async def _plan_again(session: AsyncSession, runs: Sequence[CourseRun]) -> None:
    """Forget that runs were made."""
    if runs:
        planned = {"state": RerunState.PLANNED, "remembered": remembered(Memory()), "ready_at": None}
        await session.execute(update(Rerun).where(Rerun.id.in_([run.id for run in runs])).values(planned))


def _settings(wanted: Wanted, run: StudioRun, open_end: datetime) -> Iterator[Difference]:
    pairs = [
        (Aspect.TITLE, wanted.title, run.title),
        (Aspect.PACING, wanted.pacing.value, run.pacing.value),
        (Aspect.START, _shown(wanted.start or run.start), _shown(run.start)),
        (Aspect.END, _shown(wanted.end or open_end), _shown(run.end)),
        (Aspect.ENROLLMENT_START, _shown(wanted.enrollment_start), _shown(run.enrollment_start)),
        (Aspect.ENROLLMENT_END, _shown(wanted.enrollment_end), _shown(run.enrollment_end)),
    ]
    return (Difference(wanted.key, aspect, ours, theirs) for aspect, ours, theirs in pairs if ours != theirs)


def _modes(wanted: Wanted, modes: Sequence[Mode]) -> Iterator[Difference]:
    ours, theirs = {mode.slug for mode in wanted.modes}, {mode.slug for mode in modes}
    yield from (Difference(wanted.key, Aspect.MODE_MISSING, ours=slug) for slug in sorted(ours - theirs))
    yield from (Difference(wanted.key, Aspect.MODE_EXTRA, theirs=slug) for slug in sorted(theirs - ours))


def _is_of(key: CourseKey, contract: int) -> bool:
    tag = ContractTag.parse(key.run)
    return tag is not None and tag.contract == contract


def _shown(moment: datetime | None) -> str | None:
    """An instant to the second, which is what Studio keeps."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
