from typing import Any

import pytest

from edx.answers import Answer, Call, seconds_of
from edx.errors import Failed, NotFound, OpenEdxError, Rejected, Throttled, UnexpectedAnswer
from edx.http import OpenEdxHttp
from tests.edx.conftest import Service, recorded, replayed, title_of

KINDS = {301: UnexpectedAnswer, 404: NotFound, 429: Throttled, 500: Failed}
REFUSALS = [exchange for exchange in recorded() if exchange["response"]["status"] >= 300]


@pytest.mark.parametrize("exchange", REFUSALS, ids=title_of)
async def test_refusals_of_the_real_platform_become_errors_in_its_own_words(
    service: Service, http: OpenEdxHttp, exchange: dict[str, Any]
) -> None:
    answer = exchange["response"]
    service.answers(replayed(exchange))
    with pytest.raises(OpenEdxError) as failed:
        await http.call("POST", exchange["request"]["path"], operation="replay", json={})
    error = failed.value
    assert type(error) is KINDS.get(answer["status"], Rejected)
    assert error.status == answer["status"]
    assert texts_in(answer["body"], is_html="html" in answer["headers"].get("content-type", "")) == {
        message.rpartition(": ")[2] for message in error.messages
    }
    assert "<" not in error.excerpt


@pytest.mark.parametrize("exchange", [each for each in REFUSALS if each["response"]["status"] == 429], ids=title_of)
async def test_the_wait_that_the_real_platform_asks_for_is_known_but_for_tokens(
    service: Service, http: OpenEdxHttp, exchange: dict[str, Any]
) -> None:
    """The bulk lists tell it in the text only, the other enrollment calls in the header too, tokens not at all."""
    service.answers(replayed(exchange))
    with pytest.raises(Throttled) as failed:
        await http.get(exchange["request"]["path"], operation="replay")
    assert failed.value.retry_after in ({None} if exchange["file"] == "oauth" else {59, 60})


def texts_in(told: Any, *, is_html: bool) -> set[str]:
    """The texts of an error's body, each from its last colon on."""
    if is_html or told is None or told == "":
        return set()
    if isinstance(told, str):
        return {told.rpartition(": ")[2]}
    items = told.values() if isinstance(told, dict) else told
    return {text for item in items for text in texts_in(item, is_html=False)}


def test_json_that_only_the_platform_itself_reads_is_read() -> None:
    """Python's json writes and reads half of a surrogate pair, which other readers refuse."""
    answer = Answer(Call("GET", "/x", "test"), 200, {}, b'{"name": "x\\ud800"}')

    assert answer.json() == {"name": "x\ud800"}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Wed, 21 Oct 2099 07:28:00 GMT", 86400),
        ("Wed, 21 Oct 2099 07:28:00 -0000", 86400),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("soon", None),
    ],
)
def test_a_wait_may_be_written_as_a_date_with_or_without_a_zone(header: str, seconds: float | None) -> None:
    assert seconds_of(header) == seconds
