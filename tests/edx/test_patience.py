import pytest

from edx.answers import Call
from edx.errors import Failed, NotFound, Rejected, Throttled, UnexpectedAnswer, Unreachable
from edx.patience import HttpSettings, Tries

CALL = Call("GET", "/list/", "list")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def tries(clock: Clock, *, backoff: float = 0.25, budget: float = 20.0) -> Tries:
    return Tries(CALL, HttpSettings(clock=clock, backoff=backoff, budget=budget), attempts=4)


def test_the_time_outs_are_those_of_the_rules() -> None:
    """Connect 3 s, read 5 s, as the platform's own client; spec/programs.md wants short ones."""
    assert (HttpSettings().connect, HttpSettings().read) == (3.0, 5.0)


def test_waits_double_up_to_a_cap_and_are_jittered() -> None:
    following = tries(Clock(), backoff=0.5, budget=1000)
    waits = [float(following.wait_after(Unreachable("away", path="/list/"))) for _ in range(8)]
    for wait, least in zip(waits, [0.5, 1, 2, 4, 5, 5, 5, 5], strict=True):
        assert least <= wait <= least + 0.5
    assert len(set(waits)) == 8


def test_the_wait_asked_for_is_kept_and_jittered_upwards() -> None:
    wait = tries(Clock(), budget=1000).wait_after(Throttled("slow down", path="/list/", retry_after=59))
    assert 59 <= wait <= 59.25


def test_the_budget_counts_time_already_spent() -> None:
    clock = Clock()
    following = tries(clock, budget=20)
    error = Throttled("slow down", path="/list/", retry_after=15)
    assert following.wait_after(error) is not False
    clock.now += 16
    assert following.wait_after(error) is False


@pytest.mark.parametrize("kind", [Rejected, NotFound, Failed, UnexpectedAnswer])
def test_what_a_retry_does_not_help_is_not_tried_again(
    kind: type[Rejected | NotFound | Failed | UnexpectedAnswer],
) -> None:
    assert tries(Clock()).wait_after(kind("no", path="/list/")) is False
    assert tries(Clock()).wait_after(ValueError()) is False
