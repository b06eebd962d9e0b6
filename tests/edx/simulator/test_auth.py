"""API views: throttles, media types, and methods that every view has."""

from dataclasses import replace

import httpx
import pytest
from starlette.requests import Request

from edx.simulator.auth import Call, Refused, Throttles
from edx.simulator.lms import lms_app
from edx.simulator.options import RATES, UNTHROTTLED, Options, Throttle
from edx.simulator.world import World
from tests.edx.simulator.replay import Clock, Situation
from tests.serving import serving

COURSES = "/api/courses/v1/courses/"


def test_a_throttle_lets_as_many_requests_a_minute_pass_as_its_rate() -> None:
    clock = Clock()
    throttles = Throttles(Options(rates={Throttle.COURSES: 3}, clock=clock))
    waits = []
    for _ in range(5):
        waits.append(throttles.wait(Throttle.COURSES, "alice"))
        clock.now += 10
    assert waits == [None, None, None, 30, 20]


def test_the_minute_slides() -> None:
    clock = Clock()
    throttles = Throttles(Options(rates={Throttle.COURSES: 2}, clock=clock))
    throttles.wait(Throttle.COURSES, "alice")
    clock.now += 40
    throttles.wait(Throttle.COURSES, "alice")
    clock.now += 20
    assert throttles.wait(Throttle.COURSES, "alice") is None
    assert throttles.wait(Throttle.COURSES, "alice") == 40


def test_callers_and_throttles_are_counted_apart() -> None:
    throttles = Throttles(Options(rates={Throttle.COURSES: 1, Throttle.TOKENS: 1}, clock=Clock()))
    asked = [(Throttle.COURSES, "alice"), (Throttle.COURSES, "bob"), (Throttle.TOKENS, "alice")]
    assert [throttles.wait(*each) for each in asked] == [None, None, None]


def test_the_recorded_rates_are_the_default() -> None:
    """recordings/README.md, Other things the recordings show."""
    assert Options().rates == RATES
    assert sorted(RATES.values()) == [20, 40, 40, 120, 120]


async def test_without_rates_nothing_is_throttled(situation: Situation) -> None:
    options = replace(situation.options, rates=UNTHROTTLED)
    async with serving(lms_app(situation.world, options)) as url, httpx.AsyncClient(base_url=url) as client:
        assert {(await client.get(COURSES)).status_code for _ in range(30)} == {200}


async def test_staff_may_ask_more_often_than_visitors(situation: Situation, lms: httpx.AsyncClient) -> None:
    situation.rates.update(RATES)
    statuses = [(await lms.get(COURSES)).status_code for _ in range(41)]
    assert statuses == [200] * 40 + [429]


async def test_head_answers_as_get_without_a_body(lms: httpx.AsyncClient) -> None:
    answer = await lms.head(COURSES)
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (200, b"", "GET, HEAD, OPTIONS")


async def test_options_tells_what_a_view_renders(lms: httpx.AsyncClient) -> None:
    answer = await lms.options("/api/organizations/v0/organizations/Org01X/")
    assert answer.json()["renders"] == ["application/json"]
    assert answer.headers["allow"] == "GET, PUT, PATCH, HEAD, OPTIONS"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, application/*;q=0.5"])
async def test_json_is_given_to_whoever_takes_it(lms: httpx.AsyncClient, accept: str) -> None:
    assert (await lms.get(COURSES, headers={"Accept": accept})).status_code == 200


async def test_the_slash_that_is_missing_keeps_the_query(lms: httpx.AsyncClient) -> None:
    answer = await lms.get("/api/organizations/v0/organizations?page=2")
    assert (answer.status_code, answer.headers["location"]) == (301, "/api/organizations/v0/organizations/?page=2")


async def test_links_lead_to_the_address_that_was_asked(lms: httpx.AsyncClient) -> None:
    answer = await lms.get("/api/organizations/v0/organizations/")
    following = await lms.get(answer.json()["next"])
    assert answer.json()["next"].startswith(str(lms.base_url).rstrip("/"))
    assert following.json()["current_page"] == 2


def test_whoever_is_nobody_has_no_place_where_a_user_is_wanted() -> None:
    request = Request({"type": "http", "method": "GET", "headers": []})
    with pytest.raises(Refused) as refused:
        Call(World(), Options(), request, None, b"").user  # noqa: B018 -- reading it is what is tried
    assert refused.value.status == 401
