from collections.abc import Mapping
from typing import Any, cast

import pytest

from resolvers.programs.offers import ROUNDS, Offers, Unasked, informed


class Source:
    """Tells of every run that it has no offer."""

    def __init__(self) -> None:
        self.asked: list[frozenset[str]] = []

    async def of_runs(self, runs: frozenset[str]) -> Mapping[str, None]:
        self.asked.append(runs)
        return dict.fromkeys(runs)


async def told(wanted: list[str]) -> tuple[list[frozenset[str]], list[str]]:
    source = Source()

    async def change(answers: Any) -> list[str]:
        missing = [run for run in wanted if run not in answers]
        if missing:
            raise Unasked(missing[:1])
        return sorted(answers)

    return source.asked, await informed(cast(Offers, source), change)


async def test_a_change_is_told_what_it_turns_out_to_need() -> None:
    assert await told([]) == ([], [])
    assert await told(["A", "B"]) == ([frozenset({"A"}), frozenset({"B"})], ["A", "B"])


async def test_a_change_that_needs_more_each_time_is_given_up() -> None:
    with pytest.raises(Unasked):
        await told([str(number) for number in range(ROUNDS)])


async def test_without_an_lms_nobody_is_asked() -> None:
    async def change(answers: object) -> object:
        return answers

    assert await informed(None, change) is None
