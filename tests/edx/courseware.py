"""A course with two sequences in the simulated LMS, and people in it."""

from edx.simulator.world import LastBlock, Sequence
from tests.edx.simulator.replay import Situation
from tests.edx.simulator.situations import CS101, lms_situation

BASE = CS101.replace("course-v1:", "block-v1:")
FIRST, SECOND = f"{BASE}+type@sequential+block@first", f"{BASE}+type@sequential+block@second"
UNITS = [f"{BASE}+type@vertical+block@u{number}" for number in range(3)]


def courseware_situation() -> Situation:
    """`alice` is enrolled and has been at the second unit of the first sequence; `plain_worker` is not enrolled."""
    situation = lms_situation()
    world = situation.world
    world.add_sequence(Sequence(FIRST, CS101, "First", [(unit, unit[-2:]) for unit in UNITS], format="Homework"))
    world.add_sequence(Sequence(SECOND, CS101, "Second", prerequisite=(FIRST, "First"), hidden_after_due=True))
    world.positions["alice", FIRST] = 2
    world.last_blocks["alice", CS101] = LastBlock(f"{BASE}+type@problem+block@p", FIRST, UNITS[1])
    return situation
