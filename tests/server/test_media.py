"""Which media type a header `Accept` gets (spec: GraphQL over HTTP, "Accept")."""

import pytest

from server.media import GRAPHQL, JSON, accepted


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{JSON}; charset=utf-8", JSON),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.9, {GRAPHQL}", GRAPHQL),
        (f"{JSON};q=0.9, {GRAPHQL};q=0.1", JSON),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"text/html, {GRAPHQL.upper()}; charset=utf-8", GRAPHQL),
        (f"text/html;q=1, {GRAPHQL};q=0.001", GRAPHQL),
    ],
)
def test_the_media_type_that_is_wanted_most_is_answered(accept: str | None, expected: str) -> None:
    assert accepted(accept) == expected


@pytest.mark.parametrize(
    "accept", ["text/plain", "text/*", f"{JSON};q=0", f"{GRAPHQL};q=nonsense", f"{JSON};q=0, */*", ",", ";q=1"]
)
def test_nothing_is_answered_where_none_that_we_have_is_wanted(accept: str) -> None:
    assert accepted(accept) is None
