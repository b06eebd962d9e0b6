"""What assets are told to be (RFC 9110, 8.3.1)."""

from typing import Any

import pytest

from edx.olx import Asset, File, InMemory
from resolvers.content.fields import content_type_of


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("text/x-own", "text/x-own"),
        ("text/html; charset=utf-8", "text/html; charset=utf-8"),
        ("text/html\r\nx: y", "image/png"),
        ("text/é", "image/png"),
        (["text/html"], "image/png"),
        ("", "image/png"),
    ],
)
def test_a_media_type_that_no_header_can_have_gives_way_to_that_of_the_name(listed: Any, expected: str) -> None:
    """An imported list of assets may say anything."""
    asset = Asset("a.png", "a.png", File("static/a.png", InMemory.of(b"x")), {"contentType": listed})
    assert content_type_of(asset) == expected
