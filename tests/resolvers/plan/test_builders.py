"""Making answers of rows."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from resolvers.plan import builders


def test_texts_of_times_are_remembered_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "REMEMBERED_INSTANTS", 3)
    texts = builders._Instants(datetime(2026, 1, 1, tzinfo=UTC))

    assert [texts[second * 10**6] for second in range(6)] == [f"2026-01-01T00:00:0{second}Z" for second in range(6)]
    assert len(texts) <= 4
    assert texts[None] is None


def test_what_is_slow_to_make_is_made_once() -> None:
    made: list[int] = []

    def careful() -> Callable[..., list[Any]]:
        made.append(1)
        return list

    build = builders.Build(list, careful)
    assert [build.careful([(1,)]), build.careful([(2,)])] == [[(1,)], [(2,)]]
    assert made == [1]
