"""Durations in slots, and percentiles of them."""

from collections import Counter
from random import Random

import pytest

from resolvers.usage.slots import percentile, seconds_of, slot_of


@pytest.mark.parametrize("seconds", [1e-6, 0.00042, 0.01, 1.0, 59.9, 3600.0])
def test_a_slot_is_within_a_tenth_of_what_is_in_it(seconds: float) -> None:
    assert seconds_of(slot_of(seconds)) == pytest.approx(seconds, rel=0.1)


def test_slots_have_the_order_of_durations_and_begin_with_the_first() -> None:
    durations = [0.0, 1e-7, 1e-6, 1.3e-6, 1e-3, 2e-3, 5.0]
    slots = [slot_of(each) for each in durations]
    assert slots == sorted(slots)
    assert slots[:3] == [0, 0, 0]


def test_percentiles_are_those_of_the_durations_themselves_to_within_a_tenth() -> None:
    random = Random(7)  # noqa: S311 -- no secret
    durations = sorted(random.lognormvariate(-4, 1.5) for _ in range(5000))
    slots = Counter(map(slot_of, durations))
    for part in (0.5, 0.99):
        assert percentile(slots, part) == pytest.approx(durations[int(part * len(durations)) - 1], rel=0.11)


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({3: 1}, 0.99) == seconds_of(3)
