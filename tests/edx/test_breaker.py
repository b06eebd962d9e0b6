"""The circuit to a service: when it opens, what it lets through, and that a client heeds it."""

import asyncio

import pytest

from edx.breaker import Breaker, Circuit
from edx.errors import NotSent, Unreachable
from edx.http import OpenEdxHttp
from edx.patience import HttpSettings, Try
from tests.edx.conftest import Service, reply

AWAY = Try("studio_run", "GET", None, 0.1, Unreachable.code)
OK = Try("studio_run", "GET", 200, 0.1, "OK")
BROKEN = Try("studio_clone", "POST", 500, 0.1, "UPSTREAM_FAILED")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("Studio", failures=3, rest=15, clock=clock)


async def test_failures_in_a_row_open_it_and_say_how_long_to_wait(breaker: Breaker, clock: Clock) -> None:
    for tried in (AWAY, AWAY, OK, AWAY, AWAY, BROKEN, AWAY, AWAY):
        breaker.note(tried)
        await breaker.admit("any")
    assert breaker.state is Circuit.CLOSED

    breaker.note(AWAY)
    clock.now += 5
    assert breaker.state.value == "open"
    with pytest.raises(NotSent, match="Studio is down") as refused:
        await breaker.admit("any")
    assert refused.value.retry_after == 10


@pytest.mark.parametrize(("outcome", "state"), [(OK, Circuit.CLOSED), (BROKEN, Circuit.CLOSED), (AWAY, Circuit.OPEN)])
async def test_after_its_rest_one_call_tries(breaker: Breaker, clock: Clock, outcome: Try, state: Circuit) -> None:
    for _ in range(3):
        breaker.note(AWAY)
    clock.now += 15
    assert breaker.state.value == "trying"

    await breaker.admit("the one that tries")
    with pytest.raises(NotSent):
        await breaker.admit("another at the same time")
    breaker.note(outcome)
    assert breaker.state is state


async def test_a_call_that_tries_and_is_given_up_does_not_keep_it_open(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        breaker.note(AWAY)
    clock.now += 15
    await breaker.admit("given up without any outcome")
    assert breaker.state.value == "open"

    clock.now += 15
    assert breaker.state.value == "trying"
    await breaker.admit("the next that tries")
    breaker.note(OK)
    assert breaker.state is Circuit.CLOSED


def test_whoever_wants_to_know_is_told_of_changes_alone(clock: Clock) -> None:
    told: list[tuple[str, bool]] = []
    breaker = Breaker("Studio", failures=2, rest=15, clock=clock, on_change=lambda *change: told.append(change))
    for tried in (AWAY, AWAY, AWAY, OK, OK):
        breaker.note(tried)
    assert told == [("Studio", True), ("Studio", False)]


async def test_clients_of_a_service_that_is_down_stop_asking_it(service: Service) -> None:
    breaker = Breaker("Studio", failures=3, rest=60)
    service.answers(reply("down", 503))
    settings = HttpSettings(attempts=1, admit=breaker.admit, on_try=breaker.note)
    async with OpenEdxHttp(service.url, settings=settings) as one, OpenEdxHttp(service.url, settings=settings) as other:
        calls = (client.get("/runs/", operation="runs") for client in [one, other] * 3)
        errors = [await asyncio.gather(call, return_exceptions=True) for call in calls]

    assert [type(error) for (error,) in errors] == [Unreachable] * 3 + [NotSent] * 3
    assert len(service.seen) == 3
