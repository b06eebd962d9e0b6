import asyncio

import pytest

from edx.budget import CallBudget
from edx.errors import Throttled
from edx.http import OpenEdxHttp
from edx.patience import HttpSettings
from tests.edx.conftest import Service, reply


async def test_no_more_calls_are_admitted_in_a_period_than_the_platform_allows() -> None:
    clock = [0.0]
    budget = CallBudget(120, operations=["x"], patience=30, clock=lambda: clock[0])

    for _ in range(120):
        await budget.admit("x")
    with pytest.raises(Throttled) as caught:
        await budget.admit("x")
    assert caught.value.retry_after == 60
    await budget.admit("y")
    clock[0] = 60.0
    for _ in range(120):
        await budget.admit("x")
    with pytest.raises(Throttled):
        await budget.admit("x")


async def test_who_is_patient_enough_waits_for_a_turn() -> None:
    budget = CallBudget(2, operations=["x"], period=0.05, patience=1)
    began = asyncio.get_running_loop().time()

    await asyncio.gather(*(budget.admit("x") for _ in range(6)))

    assert 0.1 <= asyncio.get_running_loop().time() - began < 0.5


async def test_every_try_of_a_call_is_admitted_but_those_of_others_are_not_counted(service: Service) -> None:
    admitted: list[int] = []

    async def admit(_operation: str) -> None:
        admitted.append(len(service.seen))

    service.answers(reply("busy", 503), reply([]), reply([]))
    async with OpenEdxHttp(service.url, settings=HttpSettings(admit=admit)) as http:
        await http.get("/x", operation="x")
        await http.call("GET", "/x", operation="x", authorization="JWT theirs")

    assert admitted == [0, 1]
    assert len(service.seen) == 3
