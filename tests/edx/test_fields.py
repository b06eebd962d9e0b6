from typing import Any

import pytest

from edx.fields import BadField, whole


@pytest.mark.parametrize(("value", "number"), [(7, 7), (7.9, 7), ("7", 7), ("7.5", 7)])
def test_a_number_is_read_in_every_spelling(value: Any, number: int) -> None:
    assert whole(value) == number


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("seven", "'seven' is no number"),
        ("nan", "in place of a number"),
        (None, "null in place of a number"),
        (True, "in place of a number"),
        ([7], "in place of a number"),
    ],
)
def test_what_is_no_number_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(BadField, match=reason):
        whole(value)
