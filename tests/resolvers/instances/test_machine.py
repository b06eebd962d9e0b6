"""What is done next for a push: pure decisions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from edx.studio_imports import ImportState
from resolvers.instances.machine import Answer, Code, Memory, Rules, Step, Told, begun, learned, next_step

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = Rules()
SENT = begun(Memory(), "a.tar.gz", NOW)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def told(memory: Memory, step: Step, answer: Answer, after: float = 1.0, rules: Rules = RULES) -> Memory:
    return learned(memory, step, answer, later(after), rules)


def test_an_archive_is_sent_and_its_task_asked_for_until_it_is_over() -> None:
    assert next_step(Memory()) is Step.SEND
    memory = told(SENT, Step.SEND, Answer(Told.DONE, "task"))
    assert next_step(memory) is Step.POLL
    memory = told(memory, Step.POLL, Answer(Told.DONE, state=ImportState.VERIFYING))
    assert (memory.state, memory.is_over) == (ImportState.VERIFYING, False)
    assert told(memory, Step.POLL, Answer(Told.DONE, state=ImportState.SUCCEEDED)).is_over


@pytest.mark.parametrize(
    ("state", "code"),
    [(ImportState.FAILED, Code.IMPORT_FAILED), (ImportState.CANCELED, Code.IMPORT_CANCELED)],
)
def test_studios_words_come_along(state: ImportState, code: Code) -> None:
    """ "passed on verbatim to the API client" (spec/content-api.md, "Error Handling")."""
    memory = told(SENT, Step.ASK, Answer(Told.DONE, state=state, words="Studio's words"))
    assert (memory.code, memory.words, memory.is_over) == (code, "Studio's words", True)


def test_what_may_have_come_is_asked_for_by_its_file_and_not_sent_again() -> None:
    memory = told(SENT, Step.SEND, Answer(Told.SILENT))
    assert (next_step(memory), memory.filename) == (Step.ASK, "a.tar.gz")
    memory = told(memory, Step.ASK, Answer(Told.DONE, state=ImportState.UPDATING))
    assert next_step(memory) is Step.ASK


def test_a_process_that_died_over_sending_is_as_a_silence() -> None:
    memory = Memory.of(orjson.loads(orjson.dumps(SENT.as_json())))
    assert memory == SENT
    assert next_step(memory) is Step.ASK


def test_what_studio_does_not_know_of_is_sent_again_after_a_while() -> None:
    unknown = Answer(Told.UNKNOWN)
    memory = told(SENT, Step.ASK, unknown, after=RULES.settles - 1)
    assert next_step(memory) is Step.ASK
    memory = told(memory, Step.ASK, unknown, after=RULES.settles)
    assert (next_step(memory), memory.sends) == (Step.SEND, 1)
    memory = told(replace(SENT, sends=RULES.sends), Step.ASK, unknown, after=RULES.settles)
    assert memory.code is Code.PUSH_UNCERTAIN


def test_where_nobody_can_ask_the_first_import_must_be_over_before_another() -> None:
    rules = RULES.without_page()
    memory = told(SENT, Step.ASK, Answer(Told.UNKNOWN), after=RULES.lingers - 1, rules=rules)
    assert next_step(memory) is Step.ASK
    memory = told(memory, Step.ASK, Answer(Told.UNKNOWN), after=RULES.lingers, rules=rules)
    assert next_step(memory) is Step.SEND


def test_a_task_that_studio_does_not_know_is_asked_for_by_its_file() -> None:
    memory = told(replace(SENT, task="task"), Step.POLL, Answer(Told.UNKNOWN))
    assert next_step(memory) is Step.ASK


def test_what_did_not_reach_studio_was_not_sent() -> None:
    memory = told(SENT, Step.SEND, Answer(Told.NOT_DONE, retry_after=7.0))
    assert (next_step(memory), memory.sends, memory.not_before) == (Step.SEND, 0, later(8))


def test_a_wait_that_studio_asks_for_is_kept() -> None:
    memory = told(replace(SENT, task="task"), Step.POLL, Answer(Told.NOT_DONE, retry_after=7.0))
    assert (next_step(memory), memory.not_before) == (Step.POLL, later(8))


def test_a_refusal_ends_it_at_once() -> None:
    memory = told(SENT, Step.SEND, Answer(Told.REFUSED, words="no"))
    assert (memory.code, memory.words) == (Code.STUDIO_REFUSED, "no")


def test_an_import_may_take_so_long_and_no_longer() -> None:
    """J5: a time-out is fatal."""
    updating = Answer(Told.DONE, state=ImportState.UPDATING)
    assert told(SENT, Step.POLL, updating, after=RULES.patience - 1).code is None
    memory = told(SENT, Step.POLL, updating, after=RULES.patience)
    assert (memory.code, memory.state) == (Code.IMPORT_TIMED_OUT, ImportState.UPDATING)


def test_questions_come_ever_less_often() -> None:
    memory, pauses = SENT, []
    for _ in range(12):
        memory = learned(memory, Step.POLL, Answer(Told.DONE, state=ImportState.PENDING), NOW, RULES)
        assert memory.not_before is not None
        pauses.append((memory.not_before - NOW).total_seconds())
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (RULES.first_pause, RULES.longest_pause)
