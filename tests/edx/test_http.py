import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from importlib.metadata import version

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from edx.errors import Failed, NotFound, OpenEdxError, Rejected, Throttled, UnexpectedAnswer, Unreachable
from edx.http import OpenEdxHttp, quoted, request_id
from edx.keys import CourseKey
from edx.patience import HttpSettings, Try
from tests.edx.conftest import Badge, Service, reply

LIST = "/api/organizations/v0/organizations/"
PAGE = {"results": [1], "next": None}


async def test_a_call_names_the_service_its_version_and_the_request_it_is_made_for(
    service: Service, http: OpenEdxHttp
) -> None:
    """spec/programs.md wants grace; the rules for clients want a User-Agent and X-Request-ID."""
    service.answers(reply({"a": 1}))
    token = request_id.set("req-7")
    try:
        assert await http.get(LIST, operation="list") == {"a": 1}
    finally:
        request_id.reset(token)
    await http.get(LIST, operation="list")
    first, second = service.seen
    assert first.headers["user-agent"] == f"Collegium/{version('collegium')}"
    assert first.headers["x-request-id"] == "req-7"
    assert first.headers["accept-language"] == "en"
    assert "x-request-id" not in second.headers
    assert "authorization" not in second.headers


async def test_a_request_id_that_would_break_the_header_is_left_out(service: Service, http: OpenEdxHttp) -> None:
    service.answers(reply({}))
    token = request_id.set("a\r\nX-Evil: 1")
    try:
        await http.get(LIST, operation="list")
    finally:
        request_id.reset(token)
    assert "x-request-id" not in service.seen[0].headers


async def test_plus_signs_are_encoded_in_a_query_and_kept_in_a_path(service: Service, http: OpenEdxHttp) -> None:
    """A `+` in a query means a space; in the path the platform writes keys as they are."""
    key = CourseKey.parse("course-v1:É+6.002x+T1")
    service.answers(reply({}))
    await http.get(f"/api/courses/v1/courses/{quoted(key)}/", operation="course", query={"course_id": str(key)})
    assert service.seen[0].path == "/api/courses/v1/courses/course-v1:%C3%89+6.002x+T1/"
    assert "%2B6.002x%2BT1" in service.seen[0].query
    assert service.seen[0].parameters == {"course_id": [str(key)]}


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_an_idempotent_call_is_tried_again_when_the_service_is_away(
    service: Service, http: OpenEdxHttp, method: str, status: int
) -> None:
    service.answers(reply("<title>Bad</title>", status), reply("<title>Bad</title>", status), reply({"a": 1}))
    answer = await http.call(method, LIST, operation="list")
    assert answer.json() == {"a": 1}
    assert len(service.seen) == 3


async def test_the_last_try_says_what_failed(service: Service, http: OpenEdxHttp, tries: list[Try]) -> None:
    page = "<html><head><title>\n 502 Bad  Gateway </title></head></html>"
    service.answers(reply(page, 502))
    with pytest.raises(Unreachable) as failed:
        await http.get(LIST, operation="list", query={"username": "alice"})
    assert len(service.seen) == 4
    assert failed.value.code == "UPSTREAM_UNAVAILABLE"
    assert str(failed.value) == f"GET {LIST}: not available (502 HTML page: 502 Bad Gateway)"
    assert [(seen.operation, seen.status, seen.outcome) for seen in tries] == [
        ("list", 502, "UPSTREAM_UNAVAILABLE")
    ] * 4


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_call_that_is_not_idempotent_is_made_once(service: Service, http: OpenEdxHttp, status: int) -> None:
    service.answers(reply({}, status), reply({}))
    with pytest.raises(OpenEdxError):
        await http.call("POST", LIST, operation="make", json={})
    assert len(service.seen) == 1


async def test_a_call_said_to_be_idempotent_is_tried_again(service: Service, http: OpenEdxHttp) -> None:
    service.answers(reply({}, 503), reply({"a": 1}))
    answer = await http.call("POST", LIST, operation="make", json={"b": 2}, idempotent=True)
    assert answer.json() == {"a": 1}
    assert service.seen[1].body == b'{"b":2}'
    assert service.seen[1].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "body", "messages"),
    [
        (400, {"developer_message": "No."}, ["No."]),
        (401, {"detail": "Invalid token."}, ["Invalid token."]),
        (
            401,
            {"developer_message": {"error_code": "token_nonexistent", "developer_message": "Unknown."}},
            ["token_nonexistent", "Unknown."],
        ),
        (403, {"detail": "You do not have permission."}, ["You do not have permission."]),
        (404, {"detail": "Not found."}, ["Not found."]),
        (405, {"detail": "Method not allowed."}, ["Method not allowed."]),
        (
            400,
            {"field_errors": {"username": {"developer_message": "Too many usernames"}}},
            ["username: Too many usernames"],
        ),
        (400, {"schedule": {"end": ["May not be null."]}}, ["schedule.end: May not be null."]),
        (400, {"non_field_errors": ["Already exists."]}, ["Already exists."]),
        (400, ["Value of 'active' may not be specified."], ["Value of 'active' may not be specified."]),
        (404, {"error_code": "no_certificate_for_user"}, ["no_certificate_for_user"]),
        (404, "<title>Page Not Found</title>", []),
        (404, "", []),
        (500, "<title>Server Error</title>", []),
    ],
)
async def test_a_refusal_is_not_tried_again_and_tells_the_platforms_words(
    service: Service, http: OpenEdxHttp, status: int, body: object, messages: list[str]
) -> None:
    """Every shape of error that was recorded of the platform."""
    service.answers(reply(body, status), reply({}))
    with pytest.raises(OpenEdxError) as failed:
        await http.get(LIST, operation="list")
    assert type(failed.value) is {404: NotFound, 500: Failed}.get(status, Rejected)
    assert list(failed.value.messages) == messages
    assert (failed.value.status, failed.value.method, failed.value.path) == (status, "GET", LIST)
    assert len(service.seen) == 1


async def test_endless_errors_are_cut(service: Service, http: OpenEdxHttp) -> None:
    deep: object = "end"
    for _ in range(200):
        deep = {"a": deep}
    service.answers(reply({"deep": deep, "long": "x" * 5000, "many": ["m"] * 500}, 400))
    with pytest.raises(Rejected) as failed:
        await http.get(LIST, operation="list")
    long, *many = failed.value.messages
    assert long.startswith("long: xxx")
    assert many == ["many: m"] * 19
    assert len(str(failed.value)) < 300


@pytest.mark.parametrize(
    ("content", "headers", "seconds"),
    [
        ({"detail": "Request was throttled. Expected available in 59 seconds."}, {"Retry_After": "59"}, 59),
        ({"developer_message": "Request was throttled. Expected available in 7 seconds."}, {}, 7),
        ({"developer_message": "Request was throttled. Expected available in 1 second."}, {}, 1),
        ({"detail": "no"}, {"Retry_After": "Sat, 01 Jan 2000 00:00:00 GMT"}, 0),
        ({"detail": "no"}, {"Retry_After": "9" * 400}, 86400),
        ({"detail": "no"}, {"Retry_After": "soon"}, None),
        ("<title>Too Many Requests</title>", {}, None),
    ],
)
async def test_the_wait_asked_for_is_read_from_the_header_or_the_text(
    service: Service, http: OpenEdxHttp, content: object, headers: dict[str, str], seconds: float | None
) -> None:
    """The bulk lists give no Retry-After: the wait is in the text only."""
    service.answers(reply(content, 429, **headers))
    with pytest.raises(Throttled) as failed:
        await http.get(LIST, operation="list")
    assert failed.value.retry_after == seconds
    assert failed.value.code == "UPSTREAM_THROTTLED"


async def test_a_throttled_call_succeeds_when_the_wait_is_short(service: Service, http: OpenEdxHttp) -> None:
    service.answers(reply({}, 429, Retry_After="2"), reply({"a": 1}))
    assert await http.get(LIST, operation="list") == {"a": 1}


async def test_a_wait_beyond_the_budget_is_not_begun(service: Service, http: OpenEdxHttp) -> None:
    service.answers(reply({}, 429, Retry_After="21"), reply({"a": 1}))
    with pytest.raises(Throttled):
        await http.get(LIST, operation="list")
    assert len(service.seen) == 1


async def test_a_lost_connection_is_unreachable(tries: list[Try]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with OpenEdxHttp(url, settings=HttpSettings(on_try=tries.append)) as http:
            with pytest.raises(Unreachable, match="no connection") as failed:
                await http.get(LIST, operation="list")
    assert failed.value.status is None
    assert len(tries) == 4


async def never(request: Request) -> Response:
    await asyncio.sleep(0.5)
    return Response()


async def test_an_answer_that_does_not_come_is_given_up(service: Service, tries: list[Try]) -> None:
    service.answers(never, reply({"a": 1}))
    async with OpenEdxHttp(service.url, settings=HttpSettings(read=0.05, on_try=tries.append)) as http:
        assert await http.get(LIST, operation="list") == {"a": 1}
    assert [seen.outcome for seen in tries] == ["UPSTREAM_UNAVAILABLE", "OK"]


async def test_an_answer_that_comes_byte_by_byte_is_given_up(service: Service) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" "
            await asyncio.sleep(0.02)

    async def dripping(request: Request) -> Response:
        return StreamingResponse(drip())

    service.answers(dripping)
    async with OpenEdxHttp(service.url, settings=HttpSettings(whole=0.1, attempts=1)) as http:
        with pytest.raises(Unreachable, match="no answer in time"):
            await http.get(LIST, operation="list")


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_that_is_too_large_is_not_read(service: Service, packed: bool) -> None:
    body = b'"' + b"x" * 100_000 + b'"'
    headers = {"content-encoding": "gzip"} if packed else {}
    service.answers(Response(gzip.compress(body) if packed else body, headers=headers))
    async with OpenEdxHttp(service.url, settings=HttpSettings(max_body=10_000)) as http:
        with pytest.raises(UnexpectedAnswer, match="more than 10000 bytes"):
            await http.get(LIST, operation="list")
    assert len(service.seen) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply("<html><title>Sign in</title>"), "an HTML page in place of JSON"),
        (Response(b'{"results": [1, 2'), "something else in place of JSON"),
        (Response(b""), "nothing in place of JSON"),
        (Response(b"not packed at all", headers={"content-encoding": "gzip"}), "the encoding of the body is broken"),
        (Response(status_code=301, headers={"location": "https://cas.example.org/login?x=1"}), "a redirect to /login"),
    ],
)
async def test_garbage_is_an_unexpected_answer(
    service: Service, http: OpenEdxHttp, answer: Response, reason: str
) -> None:
    service.answers(answer)
    with pytest.raises(UnexpectedAnswer) as failed:
        await http.get(LIST, operation="list")
    assert failed.value.reason == reason
    assert failed.value.code == "UPSTREAM_INVALID"
    assert len(service.seen) == 1


async def test_a_cookie_does_not_sign_the_next_call_in(service: Service, http: OpenEdxHttp) -> None:
    service.answers(reply({}, set_cookie="sessionid=abc; Path=/"))
    await http.get(LIST, operation="list")
    await http.get(LIST, operation="list")
    assert "cookie" not in service.seen[1].headers


async def test_after_a_401_the_call_is_made_once_more_with_a_new_token(service: Service) -> None:
    service.answers(reply({"detail": "Invalid token."}, 401), reply({"a": 1}))
    badge = Badge()
    async with OpenEdxHttp(service.url, authority=badge) as http:
        answer = await http.call("POST", LIST, operation="make", json={})
        assert await http.username() == "collegium_worker"
    assert answer.json() == {"a": 1}
    assert [seen.headers["authorization"] for seen in service.seen] == ["JWT one", "JWT two"]
    assert badge.turned_down == ["JWT one"]


async def test_a_second_401_is_the_answer(service: Service) -> None:
    service.answers(reply({"detail": "Invalid token."}, 401))
    async with OpenEdxHttp(service.url, authority=Badge()) as http:
        with pytest.raises(Rejected, match="Invalid token"):
            await http.get(LIST, operation="list")
    assert len(service.seen) == 2


async def test_what_kept_the_token_away_is_not_tried_again_for_every_call(service: Service) -> None:
    class Locked(Badge):
        asked = 0

        async def authorization(self) -> str:
            self.asked += 1
            raise Unreachable("no token", path="/oauth2/access_token")

    badge = Locked()
    async with OpenEdxHttp(service.url, authority=badge) as http:
        with pytest.raises(Unreachable, match="no token"):
            await http.get(LIST, operation="list")
    assert badge.asked == 1


async def collected(http: OpenEdxHttp, path: str = LIST) -> list[object]:
    return [item async for page in http.pages(path, operation="list", query={"page_size": 2}) for item in page]


async def test_all_pages_of_both_envelopes_are_read(service: Service, http: OpenEdxHttp) -> None:
    service.answers(
        reply({"results": [1, 2], "next": f"{service.url}{LIST}?page=2&page_size=2", "count": 5}),
        reply({"results": [3, 4], "pagination": {"next": f"{service.url}{LIST}?page=3&page_size=2", "count": 4}}),
        reply({"results": [5], "pagination": {"next": None}}),
    )
    assert await collected(http) == [1, 2, 3, 4, 5]
    assert [seen.query for seen in service.seen] == ["page_size=2", "page=2&page_size=2", "page=3&page_size=2"]


async def test_the_next_page_on_another_host_is_asked_of_our_own(service: Service) -> None:
    """Behind a proxy the platform writes its public name; a stranger's name must not get the token."""
    following = f"https://stranger.example.org{LIST}?cursor=cD0y%2BMDI%3D&page_size=2"
    service.answers(reply({"results": [1], "next": following}), reply({"results": [2], "next": None}))
    async with OpenEdxHttp(service.url, authority=Badge()) as http:
        assert await collected(http) == [1, 2]
    assert service.seen[1].query == "cursor=cD0y%2BMDI%3D&page_size=2"
    assert service.seen[1].headers["authorization"] == "JWT one"


async def test_pages_are_read_below_a_path_of_the_base_url(service: Service) -> None:
    following = f"https://lms.example.org/open{LIST}?page=2"
    service.answers(reply({"results": [1], "next": following}), reply({"results": [2], "next": None}))
    async with OpenEdxHttp(f"{service.url}/open/") as http:
        assert await collected(http) == [1, 2]
    assert service.seen[1].path == f"/open{LIST}"


@pytest.mark.parametrize(
    "page",
    [
        {"results": [1]},
        {"next": None},
        {"results": {}, "next": None},
        {"results": [], "next": 7},
        {"results": [], "pagination": {}},
        [],
        None,
        {"results": [], "next": "https://lms.example.org/api/users/?page=2"},
        {"results": [], "next": f"https://lms.example.org{LIST}"},
        {"results": [], "next": f"http://[{LIST}?page=2"},
        {"results": [], "next": f"{LIST}?page=\x00"},
    ],
)
async def test_a_bad_page_is_an_unexpected_answer(service: Service, http: OpenEdxHttp, page: object) -> None:
    service.answers(reply(page))
    with pytest.raises(UnexpectedAnswer):
        await collected(http)


async def test_pages_that_lead_back_are_an_unexpected_answer(service: Service, http: OpenEdxHttp) -> None:
    service.answers(reply({"results": [1], "next": f"{LIST}?page=2"}))
    with pytest.raises(UnexpectedAnswer, match="was there before"):
        await collected(http)
    assert len(service.seen) == 2


async def test_pages_have_a_cap(service: Service) -> None:
    async def page(request: Request) -> Response:
        return reply({"results": [1], "next": f"{LIST}?page={len(service.seen) + 1}"})

    service.answers(page)
    async with OpenEdxHttp(service.url, settings=HttpSettings(max_pages=3)) as http:
        with pytest.raises(UnexpectedAnswer, match="more than 3 pages"):
            await collected(http)
    assert len(service.seen) == 3


@pytest.mark.parametrize("body", [{"detail": "Invalid page."}, {"developer_message": "Invalid page."}])
async def test_a_page_past_the_end_is_the_end(service: Service, http: OpenEdxHttp, body: object) -> None:
    """Counts are estimates, so a next page may be promised that is not there."""
    service.answers(reply({"results": [1], "next": f"{LIST}?page=2"}), reply(body, 404))
    assert await collected(http) == [1]


async def test_a_first_page_that_is_not_there_is_an_error(service: Service, http: OpenEdxHttp) -> None:
    service.answers(reply({"detail": "Invalid page."}, 404))
    with pytest.raises(NotFound):
        await collected(http)


async def test_another_404_amid_the_pages_is_no_end(service: Service, http: OpenEdxHttp) -> None:
    """Else a listing would be short without a word, and a sync would take runs for gone."""
    lost = reply({"developer_message": "User matching query does not exist."}, 404)
    service.answers(reply({"results": [1], "next": f"{LIST}?page=2"}), lost)
    with pytest.raises(NotFound):
        await collected(http)


@pytest.mark.parametrize(
    "url",
    ["", "lms.example.org", "ftp://lms.example.org", "https://", "https://u:p4ss@lms.example.org", "https://h/?a=1"],
)
def test_a_base_url_that_is_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="base URL of Open edX") as refused:
        OpenEdxHttp(url)
    assert "p4ss" not in str(refused.value)
