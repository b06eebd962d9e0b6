"""What is done next for a run that is to be made in Open edX, and what follows from the answer: decisions, no deeds.

A run is PLANNED, then CLONING, CONFIGURING and READY, or FAILED with a reason (spec/b2b-courseware.md, "Source Course
Run"). Every step can be taken again after a crash: what may have an effect in Studio is remembered before it is sent
(`begun`), and what became of it is looked up before it is sent again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from db.tables import RerunState as State


class Reason(StrEnum):
    """Why a run FAILED: the codes that its row and the API have."""

    SOURCE_MISSING = "source_missing"  # Studio has no run of the source's key
    KEY_TAKEN = "key_taken"  # a run that we did not make has the key, in this or another case
    REFUSED = "refused"  # Studio or the LMS refused, as for lack of rights; the detail has its words
    CLONE_FAILED = "clone_failed"  # Studio was asked several times, and the run has not come
    NOT_VISIBLE = "not_visible"  # Studio says that the run is there, but does not show it
    BROKEN = "broken"  # a step failed again and again
    UNAVAILABLE = "unavailable"  # Studio or the LMS was away for longer than we wait
    CANCELED = "canceled"  # somebody stopped it


class Step(StrEnum):
    """What can be done for a run."""

    LOOK = "look"  # whether Studio has the run
    CLONE = "clone"
    CONFIGURE = "configure"  # set title, pacing and dates
    ADD_MODES = "add_modes"  # those that it has not yet


class Told(StrEnum):
    """What an answer says about a step."""

    DONE = "done"  # of a look: the run is there
    MISSING = "missing"  # 404: there is no run of this key, or none yet
    EXISTS = "exists"  # a clone is refused because a run has the key
    NO_SOURCE = "no_source"
    REFUSED = "refused"  # nothing was done, and nothing would be if it were asked again
    NOT_DONE = "not_done"  # nothing was done, as no connection could be made or we asked too often
    BROKEN = "broken"  # an error of the platform: it may have been done nevertheless, but it is over
    SILENT = "silent"  # no answer: it may have been done, or still be under way


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a step; `status` and `detail` are for people, `retry_after` the seconds that we are to wait."""

    told: Told
    status: int | None = None
    detail: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How patient we are; times in seconds.

    A run that was not found is looked for during `settles` after an error of the platform, and during `lingers` after
    a clone without an answer, before a clone is asked for again, `clones` times at most. One that Studio says is there
    is waited for during `appears`. A step that fails is taken again after `backoff`, which doubles up to `longest`,
    and `failures` times at most. A platform that cannot be reached is waited for during `gives_up`.
    """

    settles: float = 20.0
    lingers: float = 300.0
    appears: float = 600.0
    clones: int = 3
    backoff: float = 1.0
    longest: float = 60.0
    failures: int = 10
    gives_up: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a run that is being made; to be kept between any two steps.

    `clones` are those begun that may have had an effect, `asked` those since the last (re)start. `clone_at` is when
    the last one was begun, and `ended` what was told of it, None if that was not learned. `is_free` says that the key
    was looked up and is free, `is_configured` that the settings were taken. `failures` and `idle` count the steps in a
    row that failed, and that could not be taken; `idle_since` is when the latter began. Nothing is done before
    `not_before`.
    """

    state: State = State.PLANNED
    clones: int = 0
    asked: int = 0
    clone_at: datetime | None = None
    ended: Told | None = None
    is_free: bool = False
    is_found: bool = False
    is_configured: bool = False
    failures: int = 0
    idle: int = 0
    idle_since: datetime | None = None
    not_before: datetime | None = None
    reason: Reason | None = None
    detail: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done."""
        return self.state in {State.READY, State.FAILED}


def next_step(memory: Memory) -> Step | None:
    """The step to take once the time has come (`not_before`); None when all is over."""
    match memory.state:
        case State.PLANNED | State.CLONING:
            return Step.CLONE if memory.is_free else Step.LOOK
        case State.CONFIGURING:
            return Step.ADD_MODES if memory.is_configured else Step.CONFIGURE
        case _:
            return None


def begun(memory: Memory, step: Step, now: datetime) -> Memory:
    """What to remember before a step is taken: of a clone that it was asked for."""
    if step is not Step.CLONE:
        return memory
    return replace(
        memory,
        state=State.CLONING,
        clones=memory.clones + 1,
        asked=memory.asked + 1,
        clone_at=now,
        ended=None,
        is_free=False,
    )


def learned(memory: Memory, step: Step, answer: Answer, now: datetime, rules: Rules) -> Memory:
    """What to remember once a step, which was `begun`, has been answered."""
    if answer.told is Told.NOT_DONE:
        return _idle(memory, step, answer, now, rules)
    if answer.told is Told.REFUSED:
        return failed(_not_cloned(memory, step), Reason.REFUSED, answer.detail)
    match step:
        case Step.LOOK:
            return _looked(memory, answer, now, rules)
        case Step.CLONE:
            return _cloned(memory, answer)
        case _:
            return _set(memory, step, answer, now, rules)


def failed(memory: Memory, reason: Reason, detail: str = "") -> Memory:
    """The end without a run that can be used; what was remembered is kept for a `restarted` one."""
    return replace(memory, state=State.FAILED, reason=reason, detail=detail, not_before=None)


def restarted(memory: Memory) -> Memory:
    """A run that FAILED, taken up again where it was: what may be there in Studio is ours still."""
    if memory.state is not State.FAILED:
        return memory
    state = State.CONFIGURING if memory.is_found else State.CLONING if memory.clones else State.PLANNED
    return replace(_going_on(memory), state=state, asked=0, is_free=False, reason=None, detail="")


def _looked(memory: Memory, answer: Answer, now: datetime, rules: Rules) -> Memory:
    """PLANNED: the key must be free. Later: the run must come, or be asked for again."""
    match answer.told, memory.clones:
        case Told.DONE, 0:
            return failed(memory, Reason.KEY_TAKEN)
        case Told.DONE, _:
            return replace(_going_on(memory), state=State.CONFIGURING, is_found=True)
        case Told.MISSING, 0:
            return replace(_going_on(memory), is_free=True)
        case Told.MISSING, _:
            return _awaited(memory, answer, now, rules)
        case _:
            return _failing(memory, answer, now, rules)


def _cloned(memory: Memory, answer: Answer) -> Memory:
    match answer.told:
        case Told.NO_SOURCE:
            return failed(_not_cloned(memory, Step.CLONE), Reason.SOURCE_MISSING, answer.detail)
        case Told.EXISTS if memory.clones == 1:
            # we had looked: somebody else was quicker, or has the key in another case
            return failed(_not_cloned(memory, Step.CLONE), Reason.KEY_TAKEN, answer.detail)
        case Told.EXISTS:
            return replace(_going_on(memory), ended=Told.DONE)
        case _:
            return replace(_going_on(memory), ended=answer.told, detail=answer.detail)


def _set(memory: Memory, step: Step, answer: Answer, now: datetime, rules: Rules) -> Memory:
    if answer.told is not Told.DONE:
        return _failing(memory, answer, now, rules)
    if step is Step.CONFIGURE:
        return replace(_going_on(memory), is_configured=True)
    return replace(_going_on(memory), state=State.READY)


def _awaited(memory: Memory, answer: Answer, now: datetime, rules: Rules) -> Memory:
    """A run that was asked for and is not there (yet)."""
    waits = {Told.DONE: rules.appears, Told.BROKEN: rules.settles}.get(memory.ended or Told.SILENT, rules.lingers)
    if memory.clone_at is not None and now < memory.clone_at + timedelta(seconds=waits):
        return _later(replace(memory, failures=memory.failures + 1), _backoff(memory.failures, rules), now)
    if memory.ended is Told.DONE:
        return failed(memory, Reason.NOT_VISIBLE, answer.detail)
    if memory.asked >= rules.clones:
        return failed(memory, Reason.CLONE_FAILED, memory.detail)
    return replace(_going_on(memory), is_free=True)


def _idle(memory: Memory, step: Step, answer: Answer, now: datetime, rules: Rules) -> Memory:
    """The step could not be taken: wait, however often, but not for ever."""
    memory = _not_cloned(memory, step)
    since = memory.idle_since or now
    if now - since >= timedelta(seconds=rules.gives_up):
        return failed(replace(memory, idle=0, idle_since=None), Reason.UNAVAILABLE, answer.detail)
    wait = _backoff(memory.idle, rules) if answer.retry_after is None else answer.retry_after
    return _later(replace(memory, idle=memory.idle + 1, idle_since=since, detail=answer.detail), wait, now)


def _failing(memory: Memory, answer: Answer, now: datetime, rules: Rules) -> Memory:
    """A step that may be taken again as it is."""
    if memory.failures + 1 >= rules.failures:
        return failed(memory, Reason.BROKEN, answer.detail)
    memory = replace(memory, failures=memory.failures + 1, detail=answer.detail)
    return _later(memory, max(_backoff(memory.failures - 1, rules), answer.retry_after or 0), now)


def _not_cloned(memory: Memory, step: Step) -> Memory:
    """Forget a clone that certainly has had no effect."""
    if step is not Step.CLONE:
        return memory
    clones = memory.clones - 1
    state = State.CLONING if clones else State.PLANNED
    return replace(memory, state=state, clones=clones, asked=memory.asked - 1, ended=Told.BROKEN if clones else None)


def _going_on(memory: Memory) -> Memory:
    return replace(memory, failures=0, idle=0, idle_since=None, not_before=None, detail="")


def _later(memory: Memory, seconds: float, now: datetime) -> Memory:
    return replace(memory, not_before=now + timedelta(seconds=seconds))


def _backoff(times: int, rules: Rules) -> float:
    return float(min(rules.backoff * 2 ** min(times, 30), rules.longest))
