"""The explorer as a person sees it, in a headless Chromium, in a wide window, in a narrow one, in the dark."""

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import Driver
from tests.browser.site import OPERATIONS

pytestmark = pytest.mark.browser

WINDOWS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1400, "height": 900}},
    "narrow": {"viewport": {"width": 420, "height": 800}},
    "dark": {"colorScheme": "dark"},
}
CLAIMS = base64.urlsafe_b64encode(json.dumps({"preferred_username": "žofie"}).encode()).rstrip(b"=").decode()
TOKEN = f"e30.{CLAIMS}.c2lnbmF0dXJl"


@pytest.fixture(scope="module", params=list(WINDOWS))
def seen(request: pytest.FixtureRequest, drive: Driver, explorer_url: str) -> dict[str, Any]:
    """What a visitor saw who has the server's sessions to choose from."""
    return drive("signedIn", explorer_url, **WINDOWS[request.param])


@pytest.fixture(scope="module")
def seen_bare(drive: Driver, bare_explorer_url: str) -> dict[str, Any]:
    """What a visitor saw who has to paste a token."""
    return drive("bare", bare_explorer_url, token=f"JWT {TOKEN}", **WINDOWS["narrow"])


def test_no_request_leaves_the_origin(seen: dict[str, Any]) -> None:
    origins = {urlsplit(url).netloc for url in seen["urls"]}
    assert len(origins) == 1
    assert len(seen["urls"]) > 20


def test_the_console_has_nothing_but_the_refusal_of_whoever_signed_out(seen: dict[str, Any]) -> None:
    refusal = "error: Failed to load resource: the server responded with a status of 401 (Unauthorized)"
    assert [complaint for complaint in seen["complaints"] if complaint != refusal] == []
    assert len(seen["complaints"]) <= 1


def test_the_page_forbids_eval_and_other_origins(seen: dict[str, Any]) -> None:
    policy = seen["headers"]["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "https:" not in policy


def test_the_first_visit_opens_the_first_operation_as_the_first_session(seen: dict[str, Any]) -> None:
    assert seen["first"]["query"] == seen["config"]["operations"][0]["query"]
    assert seen["first"]["authorization"] == f"JWT {seen['config']['sessions'][0]['token']}"


@pytest.mark.parametrize("run", ["first", "second", "kept"])
def test_an_operation_runs_and_its_answer_is_shown(seen: dict[str, Any], run: str) -> None:
    assert seen[run]["answer"]["data"]
    assert "errors" not in seen[run]["answer"]


def test_the_collection_opens_an_operation_in_a_tab_of_its_own(seen: dict[str, Any]) -> None:
    operation = seen["config"]["operations"][1]
    assert seen["tabs"] == 2
    assert seen["second"]["query"] == operation["query"]
    assert json.loads(seen["second"]["variables"] or "{}") == operation["variables"]


def test_another_session_sends_its_own_token_and_reads_the_schema_again(seen: dict[str, Any]) -> None:
    tokens = {session["label"]: f"JWT {session['token']}" for session in seen["config"]["sessions"]}
    for asked in seen["asked"]:
        assert asked["authorization"] == tokens.get(asked["label"])
        assert asked["schemaAuthorization"] == tokens.get(asked["label"])


def test_the_bar_says_who_one_is(seen: dict[str, Any]) -> None:
    another, nobody, last = seen["asked"]
    sessions = {session["label"]: session["role"] for session in seen["config"]["sessions"]}
    assert another["shownAs"] == f"Signed in as: {another['label']} ({sessions[another['label']]})"
    assert nobody["shownAs"] == "Not signed in: Signed out"
    assert last["shownAs"] == f"Signed in as: {last['label']} ({sessions[last['label']]})"


def test_prettify_lays_an_operation_out(seen: dict[str, Any]) -> None:
    assert seen["prettified"].strip() == "query Name {\n  __typename\n}"


def test_the_chosen_session_outlives_a_reload(seen: dict[str, Any]) -> None:
    last = seen["config"]["sessions"][-1]
    assert seen["kept"]["label"] == last["label"]
    assert seen["kept"]["authorization"] == f"JWT {last['token']}"


def test_nothing_is_wider_than_the_window_or_covers_a_control(seen: dict[str, Any]) -> None:
    assert seen["overflow"] <= 0
    assert seen["covered"] == []


def test_without_sessions_a_pasted_token_is_sent(seen_bare: dict[str, Any]) -> None:
    assert seen_bare["nobody"]["authorization"] is None
    assert seen_bare["pasted"]["authorization"] == f"JWT {TOKEN}"
    assert seen_bare["complaints"] == []
    assert seen_bare["overflow"] <= 0


def test_a_pasted_token_says_whose_it_is(seen_bare: dict[str, Any]) -> None:
    assert seen_bare["holder"] == "žofie"


def test_a_pasted_token_is_kept_for_the_tab_only(seen_bare: dict[str, Any]) -> None:
    assert seen_bare["reloaded"]["authorization"] == f"JWT {TOKEN}"
    assert CLAIMS not in seen_bare["storage"]
    assert seen_bare["forgotten"]["authorization"] is None


def test_a_subscription_runs_over_a_websocket(drive: Driver, small_explorer_url: str) -> None:
    seen = drive("subscription", small_explorer_url, operation=OPERATIONS[2].name, last='"countdown": 0')
    assert json.loads(seen["answer"]) == {"data": {"countdown": 0}}
    assert any(url.startswith("ws://") for url in seen["urls"])
    assert seen["complaints"] == []
