"""Runs made in a simulated Open edX with its traps, over real HTTP; crashes between any two steps."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from db.tables import RerunState as State
from edx.errors import (
    DestinationExists,
    Failed,
    NotFound,
    NotSent,
    OpenEdxError,
    Rejected,
    SourceMissing,
    Throttled,
    UnexpectedAnswer,
    Unreachable,
)
from edx.keys import CourseKey
from edx.simulator import Fault, Kind
from edx.simulator.world import CourseRun, Key, Member, Mode
from resolvers.reruns import Platform, Reason, Step, Told, Wanted
from resolvers.reruns.machine import Memory, Rules, restarted
from resolvers.reruns.making import Entry, answer_of, make
from tests.resolvers.reruns.conftest import OPEN_END, QUICK, SOURCE, TARGET, WANTED, Edx, until

CLONE = "/api/v1/course_runs/clone/"


class Killed(Exception):
    """The process ended."""


@dataclass
class Kept:
    """A store in memory; `dies_at` is the number of the save after which the process ends."""

    wanted: Wanted = WANTED
    memory: Memory = field(default_factory=Memory)
    entries: list[Entry] = field(default_factory=list)
    saves: int = 0
    dies_at: int = 0

    async def load(self) -> tuple[Wanted, Memory]:
        return self.wanted, self.memory

    async def save(self, memory: Memory, entry: Entry | None = None) -> None:
        self.memory = memory
        self.entries += [entry] if entry else []
        self.saves += 1
        if self.saves == self.dies_at:
            raise Killed

    @property
    def log(self) -> list[tuple[str, str]]:
        return [(entry.step.value, entry.answer.told.value) for entry in self.entries]


async def made(store: Kept, platform: Platform, rules: Rules = QUICK) -> Memory:
    while not (memory := await make(store, platform, rules)).is_over:
        pass
    return memory


async def test_a_run_is_cloned_and_gets_its_title_dates_pacing_and_modes(edx: Edx, platform: Platform) -> None:
    store = Kept()
    memory = await made(store, platform)

    assert memory.state is State.READY
    assert [step for step, _ in store.log] == ["look", "clone", "look", "configure", "add_modes"]
    run = edx.run()
    assert (run.title, run.self_paced, run.start, run.end) == (WANTED.title, True, WANTED.start, WANTED.end)
    assert (run.enrollment_start, run.enrollment_end) == (WANTED.enrollment_start, None)
    assert {mode.slug: mode.price for mode in run.modes.values()} == {"audit": 0, "verified": 1}
    assert run.team == [Member("worker", "instructor"), Member("worker", "staff")]
    assert edx.run(SOURCE).title == "Source"
    assert sum(edx.faults.requests.values()) == 8, "a token and seven calls"


async def test_an_open_end_is_sent_as_one_far_away(edx: Edx, platform: Platform) -> None:
    """E8: otherwise the run keeps the end of its source; and Studio refuses `end: null` (recordings, claim g)."""
    await made(Kept(replace(WANTED, end=None)), platform)
    assert edx.run().end == OPEN_END


async def test_modes_that_are_there_are_left_as_they_are(edx: Edx, platform: Platform) -> None:
    """A POST of a mode that there is breaks the LMS."""
    store = Kept(memory=Memory(State.CONFIGURING, clones=1, is_found=True, is_configured=True))
    run = edx.world.add_run(CourseRun(key=Key(TARGET.org, TARGET.course, TARGET.run), title="Cloned"))
    run.modes["audit"] = Mode("audit", "Free", 7)
    assert (await made(store, platform)).state is State.READY
    assert (run.modes["audit"].price, set(run.modes)) == (7, {"audit", "verified"})


@pytest.mark.parametrize(
    ("fault", "told", "clone_seconds"),
    [
        (Fault(Kind.DELAY, path=CLONE, seconds=0.35, times=1), "silent", 0.2),
        (Fault(Kind.NEVER, path=CLONE, times=1), "silent", 0.2),
        (Fault(Kind.LOST, path=CLONE, times=1), "silent", 10),
        (Fault(Kind.BROKEN, path=CLONE, status=500, times=1), "broken", 10),
        (Fault(Kind.BROKEN, path=CLONE, status=504, times=1), "silent", 10),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else "",
)
async def test_a_clone_whose_answer_is_lost_is_found(edx: Edx, platform: Platform, fault: Fault, told: str) -> None:
    """E4 and E12: among them a clone that outlasts our patience and ends later."""
    edx.faults.set([fault])
    store = Kept()
    memory = await made(store, platform, replace(QUICK, lingers=5))

    assert memory.state is State.READY
    assert ("clone", told) in store.log
    assert edx.jobs.clones == edx.jobs.copies == {str(TARGET): 1}
    assert edx.run().title == WANTED.title


@pytest.mark.parametrize(
    "fault", [Fault(Kind.ERROR, path=CLONE, times=1), Fault(Kind.CUT, path=CLONE, times=1)], ids=["error", "cut"]
)
async def test_a_clone_that_was_not_done_is_asked_for_again(edx: Edx, platform: Platform, fault: Fault) -> None:
    edx.faults.set([fault])
    store = Kept()
    memory = await made(store, platform)
    assert (memory.state, memory.clones) == (State.READY, 2)
    assert edx.jobs.copies == {str(TARGET): 1}


async def test_a_clone_that_is_asked_for_again_although_it_was_done_is_ours(edx: Edx, platform: Platform) -> None:
    """'Destination course already exists.' after a clone of ours: go on."""
    edx.faults.set([Fault(Kind.LOST, path=CLONE, times=1)])
    edx.jobs.unseen = 6
    store = Kept()
    memory = await made(store, platform, replace(QUICK, lingers=0))
    assert (memory.state, memory.clones) == (State.READY, 2)
    assert ("clone", "exists") in store.log
    assert edx.jobs.copies == {str(TARGET): 1}


async def test_a_fresh_run_that_is_missing_for_a_while_is_waited_for(edx: Edx, platform: Platform) -> None:
    edx.jobs.unseen = 4
    store = Kept()
    assert (await made(store, platform)).state is State.READY
    assert store.log.count(("look", "missing")) == 5
    assert edx.jobs.clones == {str(TARGET): 1}


async def test_dates_that_change_while_a_run_is_cloned_are_those_that_it_gets(edx: Edx, platform: Platform) -> None:
    edx.faults.set([Fault(Kind.LATE, path=CLONE, seconds=0.1)])
    store = Kept()
    making = asyncio.create_task(made(store, platform))
    await until(lambda: edx.jobs.clones)
    store.wanted = replace(WANTED, end=OPEN_END.replace(year=2050))
    await making
    assert edx.run().end == OPEN_END.replace(year=2050)


@pytest.mark.parametrize("key", [TARGET, CourseKey(TARGET.org.lower(), TARGET.course, TARGET.run)])
async def test_a_run_of_somebody_elses_is_not_touched(edx: Edx, platform: Platform, key: CourseKey) -> None:
    edx.world.add_run(CourseRun(key=Key(key.org, key.course, key.run), title="Somebody else's"))
    memory = await made(Kept(), platform)
    assert (memory.state, memory.reason) == (State.FAILED, Reason.KEY_TAKEN)
    assert edx.run(key).title == "Somebody else's"


async def test_a_source_that_studio_has_not_is_told_and_can_be_tried_again(edx: Edx, platform: Platform) -> None:
    source = edx.world.runs.pop(str(SOURCE))
    store = Kept()
    memory = await made(store, platform)
    assert (memory.state, memory.reason) == (State.FAILED, Reason.SOURCE_MISSING)
    assert "Source course does not exist." in memory.detail

    edx.world.add_run(source)
    store.memory = restarted(memory)
    assert (await made(store, platform)).state is State.READY


async def test_a_copy_that_always_fails_ends(edx: Edx, platform: Platform) -> None:
    edx.faults.set([Fault(Kind.ERROR, path=CLONE)])
    store = Kept()
    memory = await made(store, platform)
    assert (memory.state, memory.reason, memory.asked) == (State.FAILED, Reason.CLONE_FAILED, 3)
    assert store.log.count(("clone", "broken")) == 3


async def test_who_may_not_is_told_at_once(edx: Edx, platform: Platform) -> None:
    edx.world.users["worker"].staff = False
    memory = await made(Kept(), platform)
    assert (memory.state, memory.reason) == (State.FAILED, Reason.REFUSED)
    assert "You do not have permission" in memory.detail


@pytest.mark.parametrize("saves", range(1, 7))
async def test_after_a_crash_anywhere_the_run_is_finished_and_made_once(
    edx: Edx, platform: Platform, saves: int
) -> None:
    store = Kept(dies_at=saves)
    with pytest.raises(Killed):
        await made(store, platform)
    memory = await made(store, platform)
    assert memory.state is State.READY
    assert edx.jobs.copies == {str(TARGET): 1}
    assert (edx.run().title, len(edx.run().modes)) == (WANTED.title, 2)


async def test_a_studio_that_is_down_is_left_alone_and_the_run_waits(edx: Edx, platform: Platform) -> None:
    edx.faults.set([Fault(Kind.ERROR, path="/api/v1/", status=503)])
    store = Kept()
    making = asyncio.create_task(made(store, platform, replace(QUICK, failures=1000)))
    await until(lambda: store.log.count(("look", "not_done")) >= 2)
    asked = sum(count for (_, path), count in edx.faults.requests.items() if path.startswith("/api/v1/"))
    assert asked <= 7, "five to see that it is down, then one after each rest"

    edx.faults.set([])
    assert (await making).state is State.READY
    assert edx.jobs.clones == {str(TARGET): 1}


@pytest.mark.parametrize(
    ("error", "step", "told"),
    [
        (DestinationExists("no"), Step.CLONE, Told.EXISTS),
        (SourceMissing("no"), Step.CLONE, Told.NO_SOURCE),
        (Rejected("no", status=403), Step.CLONE, Told.REFUSED),
        (NotFound("no", status=404), Step.CLONE, Told.REFUSED),
        (NotFound("no", status=404), Step.LOOK, Told.REFUSED),
        (NotFound("no", status=404), Step.CONFIGURE, Told.MISSING),
        (NotSent("no"), Step.CLONE, Told.NOT_DONE),
        (Throttled("no", retry_after=59), Step.CLONE, Told.NOT_DONE),
        (Unreachable("no"), Step.CLONE, Told.SILENT),
        (Unreachable("no", status=504), Step.CLONE, Told.SILENT),
        (Unreachable("no", status=502), Step.CLONE, Told.BROKEN),
        (Unreachable("no", status=503), Step.CLONE, Told.BROKEN),
        (UnexpectedAnswer("no"), Step.CLONE, Told.SILENT),
        (Failed("no"), Step.CLONE, Told.BROKEN),
        (Unreachable("no", path="/oauth2/access_token"), Step.CLONE, Told.NOT_DONE),
        (Failed("no", path="/oauth2/access_token"), Step.CLONE, Told.NOT_DONE),
        (Rejected("no", path="/oauth2/access_token"), Step.CLONE, Told.REFUSED),
    ],
)
def test_every_error_says_what_is_known_of_the_step(error: OpenEdxError, step: Step, told: Told) -> None:
    assert answer_of(error, step).told is told
