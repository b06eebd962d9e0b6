from datetime import UTC, datetime

import pytest

from edx.simulator.times import instant_or_none, parse_instant

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00Z", "2026-03-01T14:00:00+02:00", "2026-03-01T12:00:00"])
def test_an_instant_is_in_utc_unless_it_says_otherwise(text: str) -> None:
    assert parse_instant(text) == NOON
    assert instant_or_none(parse_instant(text)) == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize("value", ["noon", "", None, 7])
def test_what_gives_no_instant_gives_none(value: object) -> None:
    assert parse_instant(value) is None
    assert instant_or_none(parse_instant(value)) is None
