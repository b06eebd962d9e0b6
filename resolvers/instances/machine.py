"""What is done next for a push, and what follows from Studio's answers: decisions, no deeds.

An archive is sent for a task, whose state is asked for until it is over. A sending whose outcome is not known is never
repeated blindly: it was remembered with the name of its file (`begun`), under which a page of Studio tells what became
of it. Where nobody can sign in to ask that page, time passes until the first import must be over. Sent again, the same
archive makes the same content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from edx.studio_imports import ImportState


class Code(StrEnum):
    """Why a push failed: the codes of its job."""

    IMPORT_CANCELED = "IMPORT_CANCELED"  # somebody stopped the task in Studio
    IMPORT_FAILED = "IMPORT_FAILED"  # Studio could not import the archive
    IMPORT_TIMED_OUT = "IMPORT_TIMED_OUT"  # it took longer than we wait
    PUSH_UNCERTAIN = "PUSH_UNCERTAIN"  # it was sent several times, and nobody knows what became of it
    STUDIO_REFUSED = "STUDIO_REFUSED"  # as for lack of rights


class Step(StrEnum):
    """What can be done for a push."""

    SEND = "send"
    POLL = "poll"  # ask for the state of the task
    ASK = "ask"  # ask the page what became of the file


class Told(StrEnum):
    """What an answer says about a step."""

    DONE = "done"  # sent: there is a task; asked: there is a state
    UNKNOWN = "unknown"  # asked: Studio knows of no such task or file
    REFUSED = "refused"
    NOT_DONE = "not_done"  # nothing reached Studio
    SILENT = "silent"  # it may have been done


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a step: a task, a state, and words for people. `retry_after` is in seconds."""

    told: Told
    task: str | None = None
    state: ImportState | None = None
    words: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How patient we are; times in seconds.

    An import may take `patience`. A file that Studio does not know of is asked for during `settles` before it is sent
    again, or during `lingers` where nobody can ask the page for it; `sends` times in all. States are asked for after
    `first_pause`, then ever less often, up to `longest_pause`.
    """

    patience: float = 1800.0
    settles: float = 20.0
    lingers: float = 300.0
    sends: int = 3
    first_pause: float = 0.5
    longest_pause: float = 10.0

    def without_page(self) -> "Rules":
        """The same, where nobody can ask the page."""
        return replace(self, settles=self.lingers)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a push, to be kept between any two steps.

    `filename` is that of the archive as it was sent last, at `begun_at`, and `task` what Studio gave for it. `asks`
    counts the questions since then. Nothing is done before `not_before`.
    """

    filename: str | None = None
    begun_at: datetime | None = None
    sends: int = 0
    task: str | None = None
    state: ImportState | None = None
    asks: int = 0
    not_before: datetime | None = None
    code: Code | None = None
    words: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done."""
        return self.code is not None or self.state is ImportState.SUCCEEDED

    def as_json(self) -> dict[str, Any]:
        """What is stored."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """What was stored."""
        given = dict(kept)
        for name, read in (
            ("begun_at", datetime.fromisoformat),
            ("not_before", datetime.fromisoformat),
            ("state", ImportState),
            ("code", Code),
        ):
            if given.get(name) is not None:
                given[name] = read(given[name])
        return cls(**given)


def next_step(memory: Memory) -> Step:
    """The step to take once the time has come (`not_before`), of a push that is not over."""
    if memory.filename is None:
        return Step.SEND
    return Step.ASK if memory.task is None else Step.POLL


def begun(memory: Memory, filename: str, now: datetime) -> Memory:
    """What to remember before an archive is sent."""
    return replace(
        memory, filename=filename, begun_at=now, sends=memory.sends + 1, task=None, state=None, asks=0, not_before=None
    )


def learned(memory: Memory, step: Step, answer: Answer, now: datetime, rules: Rules) -> Memory:
    """What to remember once a step has been answered."""
    if answer.told is Told.REFUSED:
        return replace(memory, code=Code.STUDIO_REFUSED, words=answer.words)
    if step is Step.SEND:
        return _sent(memory, answer, now, rules)
    return _within(_asked(memory, answer, now, rules), now, rules)


def _sent(memory: Memory, answer: Answer, now: datetime, rules: Rules) -> Memory:
    if answer.told is Told.DONE:
        return _pausing(replace(memory, task=answer.task, state=ImportState.PENDING, words=""), now, rules)
    if answer.told is Told.NOT_DONE:
        forgotten = replace(memory, filename=None, begun_at=None, sends=memory.sends - 1, words=answer.words)
        return replace(forgotten, not_before=now + timedelta(seconds=answer.retry_after or rules.longest_pause))
    return _pausing(replace(memory, words=answer.words), now, rules)


def _asked(memory: Memory, answer: Answer, now: datetime, rules: Rules) -> Memory:
    match answer.told, answer.state:
        case Told.DONE, ImportState.FAILED:
            return replace(memory, state=answer.state, code=Code.IMPORT_FAILED, words=answer.words)
        case Told.DONE, ImportState.CANCELED:
            return replace(memory, state=answer.state, code=Code.IMPORT_CANCELED, words=answer.words)
        case Told.DONE, state:
            return _pausing(replace(memory, state=state), now, rules)
        case Told.UNKNOWN, _:
            return _missed(memory, now, rules)
        case _:
            paused = _pausing(replace(memory, words=answer.words), now, rules)
            wait = max(answer.retry_after or 0.0, (paused.not_before - now).total_seconds() if paused.not_before else 0)
            return replace(paused, not_before=now + timedelta(seconds=wait))


def _missed(memory: Memory, now: datetime, rules: Rules) -> Memory:
    """Studio knows nothing of what was sent: not yet, or because it never came."""
    assert memory.begun_at is not None  # noqa: S101 -- else nothing was sent
    waited = replace(memory, task=None)
    if now < memory.begun_at + timedelta(seconds=rules.settles):
        return _pausing(waited, now, rules)
    if memory.sends >= rules.sends:
        return replace(waited, code=Code.PUSH_UNCERTAIN)
    return replace(waited, filename=None, begun_at=None)


def _within(memory: Memory, now: datetime, rules: Rules) -> Memory:
    """The same, or its end where the import takes too long."""
    if memory.is_over or memory.begun_at is None or now < memory.begun_at + timedelta(seconds=rules.patience):
        return memory
    return replace(memory, code=Code.IMPORT_TIMED_OUT)


def _pausing(memory: Memory, now: datetime, rules: Rules) -> Memory:
    pause = min(rules.first_pause * 1.5 ** min(memory.asks, 30), rules.longest_pause)
    return replace(memory, asks=memory.asks + 1, not_before=now + timedelta(seconds=pause))
