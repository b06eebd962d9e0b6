"""The decisions about a run that is made in Open edX: every state with every answer, and whole stories.

Numbers such as E4 are those of the notes on what the reference implementation gets wrong.
"""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from db.tables import RerunState as State
from resolvers.reruns.machine import (
    Answer,
    Memory,
    Reason,
    Rules,
    Step,
    Told,
    begun,
    failed,
    learned,
    next_step,
    restarted,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
RULES = Rules()
DONE, MISSING, EXISTS, BROKEN, SILENT, NOT_DONE, REFUSED, NO_SOURCE = (
    Answer(told, detail=told)
    for told in (
        Told.DONE,
        Told.MISSING,
        Told.EXISTS,
        Told.BROKEN,
        Told.SILENT,
        Told.NOT_DONE,
        Told.REFUSED,
        Told.NO_SOURCE,
    )
)
CRASH = None
"""In a story: the process was killed after it had remembered the step, before it knew an answer."""


def told(*answers: Answer | None, memory: Memory | None = None, rules: Rules = RULES) -> tuple[Memory, list[str]]:
    """What is remembered after these answers, each at the earliest time, and the steps that they answer.

    What is left over of the answers is an error of the test.
    """
    memory, now, steps = memory or Memory(), NOW, list[str]()
    coming = deque(answers)
    while coming and (step := next_step(memory)):
        now = max(now + timedelta(milliseconds=1), memory.not_before or now)
        steps.append(step)
        memory = begun(memory, step, now)
        answer = coming.popleft()
        if answer is not CRASH:
            memory = learned(memory, step, answer, now, rules)
    assert not coming
    return memory, steps


def test_a_good_day_takes_five_steps() -> None:
    memory, steps = told(MISSING, DONE, DONE, DONE, DONE)
    assert steps == ["look", "clone", "look", "configure", "add_modes"]
    assert memory == Memory(
        State.READY, clones=1, asked=1, clone_at=memory.clone_at, ended=Told.DONE, is_found=True, is_configured=True
    )


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([], State.PLANNED),
        ([MISSING], State.PLANNED),
        ([MISSING, CRASH], State.CLONING),
        ([MISSING, DONE], State.CLONING),
        ([MISSING, DONE, DONE], State.CONFIGURING),
        ([MISSING, DONE, DONE, DONE], State.CONFIGURING),
        ([MISSING, DONE, DONE, DONE, DONE], State.READY),
    ],
)
def test_states_follow_each_other(answers: list[Answer | None], state: State) -> None:
    assert told(*answers)[0].state is state


def test_a_clone_is_remembered_before_it_is_sent() -> None:
    """E4: without that, a run that a lost answer made looks like somebody else's."""
    memory, _ = told(MISSING)
    assert begun(memory, Step.CLONE, NOW) == Memory(State.CLONING, clones=1, asked=1, clone_at=NOW)
    assert all(begun(memory, step, NOW) is memory for step in Step if step is not Step.CLONE)


@pytest.mark.parametrize("lost", [SILENT, BROKEN, CRASH])
def test_a_clone_whose_answer_is_lost_is_looked_for_and_taken_as_ours(lost: Answer | None) -> None:
    """E4 and E12: a time-out, an error and a crash do not tell whether the run is there; a GET does."""
    memory, steps = told(MISSING, lost, DONE, DONE, DONE)
    assert steps == ["look", "clone", "look", "configure", "add_modes"]
    assert (memory.state, memory.clones) == (State.READY, 1)


@pytest.mark.parametrize("lost", [SILENT, BROKEN, CRASH])
def test_a_clone_that_came_to_nothing_is_asked_for_again_only_after_a_while(lost: Answer | None) -> None:
    waits = RULES.settles if lost is BROKEN else RULES.lingers
    memory, now = told(MISSING, lost)[0], NOW
    cloned_at = memory.clone_at or NOW
    while next_step(memory) is Step.LOOK:
        now = max(now + timedelta(milliseconds=1), memory.not_before or now)
        memory = learned(memory, Step.LOOK, MISSING, now, RULES)
    assert next_step(memory) is Step.CLONE
    assert timedelta(seconds=waits) <= now - cloned_at <= timedelta(seconds=waits + RULES.longest)


def test_destination_exists_after_a_clone_of_ours_goes_on() -> None:
    """The first clone was slower than our patience, and ended between our look and our second one."""
    rules = replace(RULES, lingers=0)
    memory, steps = told(MISSING, SILENT, MISSING, EXISTS, DONE, DONE, DONE, rules=rules)
    assert steps == ["look", "clone", "look", "clone", "look", "configure", "add_modes"]
    assert (memory.state, memory.clones) == (State.READY, 2)


@pytest.mark.parametrize("answers", [[DONE], [MISSING, EXISTS]])
def test_a_key_that_somebody_else_has_is_a_conflict(answers: list[Answer]) -> None:
    memory, _ = told(*answers)
    assert (memory.state, memory.reason, memory.clones) == (State.FAILED, Reason.KEY_TAKEN, 0)


def test_a_conflict_stays_one_when_it_is_tried_again() -> None:
    memory, _ = told(MISSING, EXISTS)
    memory, steps = told(DONE, memory=restarted(memory))
    assert steps == ["look"]
    assert (memory.state, memory.reason) == (State.FAILED, Reason.KEY_TAKEN)


def test_a_fresh_run_may_be_missing_for_a_while() -> None:
    """E15: 404 after a clone that was answered."""
    memory, steps = told(MISSING, DONE, MISSING, MISSING, MISSING, DONE, DONE, DONE)
    assert (memory.state, memory.clones, steps.count("look")) == (State.READY, 1, 5)


def test_a_run_that_studio_says_is_there_is_not_cloned_again() -> None:
    memory = told(MISSING, DONE, memory=Memory(), rules=RULES)[0]
    for _ in range(100):
        if memory.is_over:
            break
        memory, _ = told(MISSING, memory=replace(memory, clone_at=NOW - timedelta(hours=1)))
    assert (memory.reason, memory.clones) == (Reason.NOT_VISIBLE, 1)


def test_clones_that_fail_end_with_the_words_of_the_last() -> None:
    """A copy that fails is answered with 500 and not there (recordings, clone)."""
    rules = replace(RULES, settles=0, clones=2)
    memory, steps = told(MISSING, BROKEN, MISSING, BROKEN, MISSING, rules=rules)
    assert (memory.state, memory.reason, memory.detail) == (State.FAILED, Reason.CLONE_FAILED, "broken")
    assert steps.count("clone") == 2


@pytest.mark.parametrize(
    ("answers", "reason", "clones"),
    [
        ([REFUSED], Reason.REFUSED, 0),
        ([MISSING, REFUSED], Reason.REFUSED, 0),
        ([MISSING, NO_SOURCE], Reason.SOURCE_MISSING, 0),
        ([MISSING, DONE, REFUSED], Reason.REFUSED, 1),
        ([MISSING, DONE, DONE, REFUSED], Reason.REFUSED, 1),
        ([MISSING, DONE, DONE, DONE, REFUSED], Reason.REFUSED, 1),
    ],
)
def test_a_refusal_ends_at_once_and_is_told(answers: list[Answer], reason: Reason, clones: int) -> None:
    memory, _ = told(*answers)
    assert (memory.state, memory.reason, memory.clones) == (State.FAILED, reason, clones)
    assert memory.detail == answers[-1].detail


@pytest.mark.parametrize(
    ("answers", "step"),
    [
        ([], Step.LOOK),
        ([MISSING, DONE], Step.LOOK),
        ([MISSING, DONE, DONE], Step.CONFIGURE),
        ([MISSING, DONE, DONE, DONE], Step.ADD_MODES),
    ],
)
@pytest.mark.parametrize("failure", [BROKEN, SILENT])
def test_other_steps_are_taken_again_until_they_have_failed_too_often(
    answers: list[Answer], step: Step, failure: Answer
) -> None:
    memory, steps = told(*answers, *[failure] * 9)
    assert steps[len(answers) :] == [step] * 9
    assert (memory.state, memory.failures) == (told(*answers)[0].state, 9)
    assert told(failure, memory=memory)[0].reason is Reason.BROKEN


def test_success_forgets_the_failures_before_it() -> None:
    memory, _ = told(BROKEN, SILENT, MISSING)
    assert memory == Memory(is_free=True)


def test_waits_double_and_have_an_end() -> None:
    memory, waits, now = Memory(), [], NOW
    for _ in range(8):
        memory = learned(memory, Step.LOOK, BROKEN, now, RULES)
        assert memory.not_before
        waits.append((memory.not_before - now).total_seconds())
        now = memory.not_before
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize(
    "answers", [[], [MISSING], [MISSING, DONE], [MISSING, DONE, DONE], [MISSING, DONE, DONE, DONE]]
)
def test_a_platform_that_is_away_is_waited_for_and_nothing_is_lost(answers: list[Answer]) -> None:
    memory, _ = told(*answers)
    away, tried = told(*[replace(NOT_DONE, retry_after=60.0)] * 200, memory=memory)
    assert (away.state, away.clones, away.failures) == (memory.state, memory.clones, 0)
    assert set(tried) <= {"look", "clone", "configure", "add_modes"}
    good_day = [MISSING, DONE, DONE, DONE, DONE]
    rest = good_day[len(answers) :]
    if answers == [MISSING]:  # the key is looked up anew: time has passed
        rest = good_day
    assert told(*rest, memory=away)[0].state is State.READY


def test_a_platform_that_stays_away_is_given_up_after_a_day() -> None:
    memory, _ = told(*[replace(NOT_DONE, retry_after=3600.0)] * 25)
    assert (memory.state, memory.reason, memory.detail) == (State.FAILED, Reason.UNAVAILABLE, "not_done")
    again, _ = told(NOT_DONE, memory=restarted(memory))
    assert again.state is State.PLANNED


def test_the_wait_that_the_platform_asks_for_is_kept() -> None:
    asked = learned(Memory(), Step.LOOK, replace(NOT_DONE, retry_after=59.0), NOW, RULES)
    assert asked.not_before == NOW + timedelta(seconds=59)


def test_a_second_clone_that_was_not_sent_does_not_hide_the_first() -> None:
    rules = replace(RULES, settles=0, lingers=0)
    memory, _ = told(MISSING, SILENT, MISSING, NOT_DONE, rules=rules)
    assert (memory.state, memory.clones) == (State.CLONING, 1)
    assert told(DONE, memory=memory, rules=rules)[0].state is State.CONFIGURING


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([REFUSED], State.PLANNED),
        ([MISSING, DONE, REFUSED], State.CLONING),
        ([MISSING, DONE, DONE, REFUSED], State.CONFIGURING),
        ([MISSING, DONE, DONE, DONE, REFUSED], State.CONFIGURING),
    ],
)
def test_a_failed_run_is_taken_up_where_it_was(answers: list[Answer], state: State) -> None:
    memory, _ = told(*answers)
    again = restarted(memory)
    assert (again.state, again.reason, again.detail, again.asked) == (state, None, "", 0)
    assert again.clones == memory.clones


@pytest.mark.parametrize("state", [state for state in State if state is not State.FAILED])
def test_a_run_that_has_not_failed_is_not_taken_up(state: State) -> None:
    memory = Memory(state, clones=1)
    assert restarted(memory) is memory


def test_a_run_may_be_stopped_and_taken_up() -> None:
    memory = failed(told(MISSING, DONE)[0], Reason.CANCELED)
    assert next_step(memory) is None
    assert told(DONE, DONE, DONE, memory=restarted(memory))[0].state is State.READY


SITUATIONS = [
    Memory(),
    Memory(is_free=True),
    Memory(State.CLONING, clones=1, asked=1, clone_at=NOW),
    Memory(State.CLONING, clones=1, asked=1, clone_at=NOW - timedelta(days=1)),
    Memory(State.CLONING, clones=1, asked=1, clone_at=NOW, ended=Told.DONE),
    Memory(State.CLONING, clones=1, asked=1, clone_at=NOW, ended=Told.BROKEN, failures=9, idle=40, idle_since=NOW),
    Memory(State.CLONING, clones=3, asked=3, clone_at=NOW - timedelta(days=1), ended=Told.SILENT),
    Memory(State.CLONING, clones=2, asked=2, clone_at=NOW - timedelta(days=1), ended=Told.SILENT, is_free=True),
    Memory(State.CONFIGURING, clones=1, asked=1, clone_at=NOW, is_found=True),
    Memory(State.CONFIGURING, clones=1, asked=1, clone_at=NOW, is_found=True, is_configured=True),
    Memory(State.CONFIGURING, clones=1, asked=1, clone_at=NOW, is_found=True, failures=9),
]


@pytest.mark.parametrize(("memory", "answer"), list(product(SITUATIONS, map(Answer, Told))))
def test_every_answer_in_every_situation_leads_on(memory: Memory, answer: Answer) -> None:
    """There is always a next step or an end, an end has its reason, and a run is never READY but by the last step."""
    step = next_step(memory)
    assert step is not None
    after = learned(begun(memory, step, NOW), step, answer, NOW, RULES)
    assert (next_step(after) is None) is after.is_over
    assert (after.reason is not None) is (after.state is State.FAILED)
    assert (after.state is State.READY) is (step is Step.ADD_MODES and answer.told is Told.DONE)
    assert after.clones in {memory.clones, memory.clones + (step is Step.CLONE)}
    assert after.not_before is None or after.not_before >= NOW
    if after.state is State.PLANNED:
        assert after.clones == 0
