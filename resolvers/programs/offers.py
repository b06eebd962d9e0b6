"""What the LMS offers to programs: the runs that are published there, and the modes in which learners may enroll.

"Runs and modes cannot be associated with Programs until they have been published to the participating LMS"
(`spec/programs.md`, "ProgramCourseRunMode"). No transaction is open while the LMS is asked: a change that needs to know
more than it was told is undone, the LMS is asked, and the change is made again with the answers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import structlog

from edx.errors import OpenEdxError, Throttled
from edx.keys import CourseKey
from edx.lms import BadItem, CourseRun, Lms, Mode
from resolvers.errors import ServiceUnavailable
from resolvers.programs.drafts import ProgramDraft, RunModeDraft
from resolvers.refusals import Problem, Reason

MOST_RUNS = 100
"""Runs that one change may attach, and runs of one course that are listed: the LMS is asked about each."""

AT_ONCE = 8
ROUNDS = 3

T = TypeVar("T")

Answers = Mapping[str, frozenset[str] | None]
"""The slugs of the modes of each run that was asked about; None for one that the LMS does not offer."""

log = structlog.get_logger(__name__)


class Unasked(Exception):
    """A change attaches runs that nobody asked the LMS about yet."""

    def __init__(self, runs: Collection[str]) -> None:
        self.runs = frozenset(runs)
        super().__init__(f"{len(self.runs)} runs to ask the LMS about")


@dataclass(frozen=True)
class OfferedRun:
    """A run that the LMS offers, with its modes."""

    run: CourseRun
    modes: tuple[Mode, ...]


@dataclass(frozen=True)
class Offers:
    """Asks the LMS that `lms` leads to. Every method raises ServiceUnavailable when it does not answer."""

    lms: Callable[[], Awaitable[Lms]]

    async def of_course(self, organization: str, course: str) -> list[OfferedRun]:
        """The runs of one course, by key: one call for each hundred runs of the organization and one for each found.

        Case does not matter, as the LMS has never two keys that differ by case only.
        """
        wanted = organization.casefold(), course.casefold()
        try:
            lms = await self.lms()
            runs = [
                run async for run in lms.course_runs(org=organization)
                if not isinstance(run, BadItem) and (run.key.org.casefold(), run.key.course.casefold()) == wanted
            ]  # fmt: skip
            runs = sorted({run.key: run for run in runs}.values(), key=lambda run: str(run.key))[:MOST_RUNS]
            modes = await modes_of(lms, [run.key for run in runs])
        except OpenEdxError as error:
            raise unavailable(error) from error
        return [OfferedRun(run, tuple(modes[run.key])) for run in runs]

    async def of_runs(self, runs: Collection[str]) -> Answers:
        """What is offered of runs: one call for each fifty, and one for each that the LMS has."""
        try:
            lms = await self.lms()
            found = await offered(lms, [CourseKey.parse(run) for run in sorted(runs)])
        except OpenEdxError as error:
            raise unavailable(error) from error
        return {run: found.get(run) for run in runs}


async def offered(lms: Lms, keys: Collection[CourseKey]) -> dict[str, frozenset[str]]:
    """The slugs of the modes of those runs that the LMS has. Raises OpenEdxError."""
    shown = await lms.shown(list(keys))
    modes = await modes_of(lms, shown)
    return {str(key): frozenset(mode.slug for mode in of) for key, of in modes.items()}


async def modes_of(lms: Lms, keys: Collection[CourseKey]) -> dict[CourseKey, list[Mode]]:
    """The modes of each run, some of them asked for at a time. Raises OpenEdxError."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(key: CourseKey) -> list[Mode]:
        async with places:
            return await lms.modes(key)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = {key: group.create_task(one(key)) for key in keys}
    except* OpenEdxError as errors:
        raise _first(errors) from errors
    return {key: task.result() for key, task in tasks.items()}


def _first(errors: BaseExceptionGroup[OpenEdxError]) -> OpenEdxError:
    found = errors.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


def unavailable(error: OpenEdxError) -> ServiceUnavailable:
    """What clients are told of a call that failed; the log has the rest."""
    log.warning("lms_unavailable", detail=str(error))
    if isinstance(error, Throttled):
        seconds = "some" if error.retry_after is None else f"{error.retry_after:.0f}"
        return ServiceUnavailable(f"The LMS is asked too often and nothing was done; try again in {seconds} seconds.")
    return ServiceUnavailable("The LMS does not answer as it should and nothing was done; try again later.")


async def informed(offers: Offers | None, change: Callable[[Answers | None], Awaitable[T]]) -> T:
    """The result of `change`, which is told what it turns out to need; None where there is no LMS to ask."""
    if offers is None:
        return await change(None)
    answers: Answers = {}
    for _ in range(ROUNDS - 1):
        try:
            return await change(answers)
        except Unasked as error:
            answers = {**answers, **await offers.of_runs(error.runs)}
    return await change(answers)


def refused_modes(
    draft: ProgramDraft, before: ProgramDraft | None, known: Collection[str], answers: Answers
) -> Iterator[Problem]:
    """What the LMS does not offer of the runs and modes that a change attaches, of the runs that are `known` here.

    Those that the program has already stay, whatever has become of them. Raises Unasked for what it has no answer to.
    """
    attached = {(mode.run, mode.mode) for mode in before.run_modes} if before else set()
    new = {
        place: mode for place, mode in enumerate(draft.run_modes)
        if mode.run in known and (mode.run, mode.mode) not in attached
    }  # fmt: skip
    runs = {mode.run for mode in new.values()}
    if len(runs) > MOST_RUNS:
        reason = f"{len(runs)} new runs are more than {MOST_RUNS}; attach them in several changes"
        yield Problem(Reason.INVALID, reason, ("runModes",))
        return
    if unasked := runs - answers.keys():
        raise Unasked(unasked)
    for place, mode in new.items():
        yield from _refused(place, mode, answers[mode.run])


def _refused(place: int, mode: RunModeDraft, offered: frozenset[str] | None) -> Iterator[Problem]:
    if offered is None:
        reason = f"the LMS does not offer the run {mode.run}"
        yield Problem(Reason.RUN_NOT_PUBLISHED, reason, ("runModes", str(place), "run"))
    elif mode.mode not in offered:
        reason = f"the LMS has no mode '{mode.mode}' of the run {mode.run}, but {', '.join(sorted(offered))}"
        yield Problem(Reason.MODE_UNKNOWN, reason, ("runModes", str(place), "modeSlug"))
