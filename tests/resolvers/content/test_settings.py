from datetime import UTC, datetime
from typing import Any

import pytest

from resolvers.content import settings
from resolvers.content.settings import Unreadable

NEW_YEAR = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("true", True),
        ("True", True),
        ("1", True),
        (True, True),
        ("false", False),
        (" False ", False),
        ("null", False),
        ("", False),
        (None, False),
        (0, False),
    ],
)
def test_a_switch_is_read_however_it_is_written(value: Any, read: bool) -> None:
    """content.md, F38: texts in XML, the types of JSON in a policy."""
    assert settings.switch(value) is read


@pytest.mark.parametrize(
    "value", ['"2030-01-01T00:00:00+00:00"', "2030-01-01T00:00:00Z", "2030-01-01", "2030-01-01T02:00:00+02:00"]
)
def test_a_time_is_read_however_it_is_written(value: str) -> None:
    assert settings.moment(value) == NEW_YEAR


@pytest.mark.parametrize("value", [None, "null", "", '""'])
def test_no_time_is_none(value: Any) -> None:
    assert settings.moment(value) is None


def test_groups_and_partitions_are_read_from_texts_and_from_json() -> None:
    assert settings.groups('{"50": [1, 2], "7": null}') == {50: frozenset({1, 2}), 7: frozenset()}
    assert settings.groups({"50": [1]}) == {50: frozenset({1})}
    assert settings.groups("null") == {}
    assert settings.partitions([{"id": 5, "groups": [{"id": 1}]}, {"id": 6, "active": False}]) == {5: {1}, 6: None}
    assert settings.partitions(None) == {}
    assert settings.number("2.5") == 2.5
    assert settings.number("null") is None


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (settings.switch, "maybe"),
        (settings.switch, [1]),
        (settings.moment, "soon"),
        (settings.moment, 7),
        (settings.moment, "0001-01-01T00:00:00+23:00"),
        (settings.number, "much"),
        (settings.number, True),
        (settings.groups, "{"),
        (settings.groups, {"a": [1]}),
        (settings.groups, [1]),
        (settings.partitions, [{"groups": []}]),
        (settings.partitions, 7),
    ],
)
def test_what_means_nothing_is_said_to(read: Any, value: Any) -> None:
    with pytest.raises(Unreadable):
        read(value)
