"""Which media type a header `Accept` gets (spec: GraphQL over HTTP, "Accept")."""

import pytest

from server.media import EVENTS, GRAPHQL, JSON, PAGE, accepted, prefers


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
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{JSON};q=0.1, */*;q=0.9", GRAPHQL),
        (f"*/*, {GRAPHQL};q=0", JSON),
        (f"{JSON}, */*", JSON),
    ],
)
def test_the_media_type_that_is_wanted_most_is_answered(accept: str | None, expected: str) -> None:
    assert accepted(accept) == expected


@pytest.mark.parametrize(
    "accept",
    ["text/plain", "text/*", f"{JSON};q=0", f"{GRAPHQL};q=nonsense", f"{JSON};q=0, {GRAPHQL};q=0, */*", ",", ";q=1"],
)
def test_nothing_is_answered_where_none_that_we_have_is_wanted(accept: str) -> None:
    assert accepted(accept) is None


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        (JSON, False),
        (EVENTS, True),
        ("Text/Event-Stream; charset=utf-8", True),
        (f"{EVENTS}, multipart/mixed", True),
        (f"{EVENTS}, application/json", True),
        (f"application/graphql-response+json, application/json, {EVENTS}, multipart/mixed", False),
        (f"application/json;q=0.5, {EVENTS}", True),
        (f"{EVENTS};q=0.5, application/graphql-response+json", False),
        (f"{EVENTS};q=0", False),
        (f"{EVENTS};q=much", False),
    ],
)
def test_events_are_sent_to_whoever_prefers_them(accept: str | None, expected: bool) -> None:
    assert prefers(accept, EVENTS) is expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        (f"Text/HTML, {JSON}", True),
        (f"{JSON}, text/html", False),
        (f"text/html;q=0.1, {GRAPHQL}", False),
        ("text/html;q=0", False),
        ("*/*", False),
        (None, False),
    ],
)
def test_the_explorer_is_for_whoever_prefers_a_page(accept: str | None, expected: bool) -> None:
    assert prefers(accept, PAGE) is expected
