"""Cross-site WebSocket hijacking: any page may open a socket, so the server looks at where the page is from."""

import pytest

from server.subscriptions.origins import is_allowed


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, True),
        ("http://here.example:8000", True),
        ("https://HERE.example:8000", True),
        ("https://dashboard.example", True),
        ("https://Dashboard.example", True),
        ("http://dashboard.example", False),
        ("http://here.example", False),
        ("http://here.example:8001", False),
        ("http://here.example:8000.evil.example", False),
        ("http://evil.example/here.example:8000", False),
        ("http://[", False),
        ("null", False),
        ("", False),
    ],
)
def test_pages_of_our_own_and_of_allowed_origins_may_open_streams(origin: str | None, expected: bool) -> None:
    headers = {"host": "here.example:8000"} | ({} if origin is None else {"origin": origin})

    assert is_allowed(headers, frozenset({"https://dashboard.example"})) is expected


def test_without_a_host_no_page_is_of_our_own_origin() -> None:
    assert not is_allowed({"origin": "null"}, frozenset())
