import pytest

from edx.errors import Failed, NotFound, OpenEdxError, Rejected, Throttled, UnexpectedAnswer, Unreachable


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Unreachable, "UPSTREAM_UNAVAILABLE"),
        (Throttled, "UPSTREAM_THROTTLED"),
        (Rejected, "UPSTREAM_REJECTED"),
        (NotFound, "UPSTREAM_REJECTED"),
        (Failed, "UPSTREAM_FAILED"),
        (UnexpectedAnswer, "UPSTREAM_INVALID"),
    ],
)
def test_every_error_has_a_stable_code(kind: type[OpenEdxError], code: str) -> None:
    assert kind.code == code


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OpenEdxError("no page"), "no page"),
        (
            Rejected("refused: No.", method="GET", path="/a/", status=400, messages=["No."]),
            "GET /a/: refused: No. (400)",
        ),
        (
            Failed("the platform failed", method="GET", path="/a/", status=500, excerpt="HTML page: Oops"),
            "GET /a/: the platform failed (500 HTML page: Oops)",
        ),
        (Unreachable("no connection", method="PUT", path="/a/"), "PUT /a/: no connection"),
    ],
)
def test_an_error_shows_the_call_the_reason_and_the_answer(error: OpenEdxError, shown: str) -> None:
    assert str(error) == shown
