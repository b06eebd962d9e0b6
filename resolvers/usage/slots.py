"""Durations in slots, so that they can be added up in a table: each slot is a fifth longer than the one before."""

from collections.abc import Mapping
from math import floor, log

RATIO = 1.2
"""What a slot is longer than the one before: so far a percentile may be off, and by half of that as a rule."""
MICROSECOND = 1e-6
_LOG = log(RATIO)


def slot_of(seconds: float) -> int:
    """The slot of a duration; anything below a microsecond is in the first one, 0."""
    return floor(log(max(seconds, MICROSECOND) / MICROSECOND) / _LOG + 1e-9)


def seconds_of(slot: int) -> float:
    """The duration that stands for a slot: the middle of it."""
    return float(MICROSECOND * RATIO ** (slot + 0.5))


def percentile(counts: Mapping[int, int], part: float) -> float | None:
    """The duration in seconds that `part` of all, such as 0.99, did not exceed, by nearest rank; None for none."""
    total = sum(counts.values())
    left = part * total
    for slot in sorted(counts):
        left -= counts[slot]
        if left <= 0:
            return seconds_of(slot)
    return None
