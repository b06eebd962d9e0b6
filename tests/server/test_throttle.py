"""Points: who has them, what takes them, and when they are back (`spec/content-api.md`, "Resiliency")."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from resolvers.access import ANONYMOUS, Role, Viewer
from resolvers.allowance import Allowance
from resolvers.errors import Code
from server.applications.callers import Caller, from_lms
from server.exchange import Exchanges
from server.operations import Refusal
from server.throttle import Memory, Throttle, open_throttle, points_of, wait
from tests.redis import redis

ROLES = frozenset({Role.LEARNER})
ADA = from_lms("ada", ROLES)
BOB = from_lms("bob", ROLES)
PERIOD = 60


class Clock:
    """The present moment for the counters in memory, at the beginning of a window."""

    def __init__(self) -> None:
        self.now = 1_795_233_600.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("server.throttle.time", SimpleNamespace(time=clock.time))
    return clock


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with redis() as url:
        if url is None:
            missing = "no Redis: neither COLLEGIUM_TEST_REDIS_URL, the system nor a wheel has one"
            refuse = pytest.fail if os.environ.get("CI") else pytest.skip
            refuse(missing)
        yield url


def opened(points: int, period: int, url: str | None) -> contextlib.aclosing[Throttle]:
    return contextlib.aclosing(open_throttle(points, period, url))


@pytest.fixture(params=["memory", "redis"])
async def throttle(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Throttle]:
    """Ten points in a minute, counted in each of the places."""
    monkeypatch.setattr("server.throttle.PATIENCE", 10)  # tests share the machine
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    async with opened(10, PERIOD, url) as throttle:
        yield throttle


@pytest.fixture
def ada(request: pytest.FixtureRequest) -> Caller:
    """A user whom no other test counts."""
    return from_lms(request.node.name, ROLES)


async def refused(throttle: Throttle, viewer: Viewer, cost: int) -> int:
    """The seconds after which to try again."""
    with pytest.raises(Refusal) as caught:
        await throttle.take(viewer, cost)
    [error] = caught.value.errors
    assert caught.value.code is Code.RATE_LIMITED
    assert error["extensions"]["code"] == "RATE_LIMITED"
    seconds: int = error["extensions"]["retryAfter"]
    return seconds


@pytest.mark.parametrize(("cost", "points"), [(0, 1), (1, 1), (100, 1), (101, 2), (50_000, 500)])
def test_an_operation_takes_a_point_for_each_hundred_of_its_cost(cost: int, points: int) -> None:
    assert points_of(cost) == points


async def test_points_are_taken_until_there_are_too_few(throttle: Throttle, ada: Caller) -> None:
    first = await throttle.take(ada, 600)
    second = await throttle.take(ada, 300)

    assert (first.limit, first.remaining, first.cost) == (10, 4, 6)
    assert (second.remaining, second.cost) == (1, 3)
    assert 0 < await refused(throttle, ada, 200) <= 2 * PERIOD
    assert (await throttle.take(ada, 100)).remaining == 0
    assert (await throttle.standing(ada)).remaining == 0


async def test_what_is_refused_takes_nothing(throttle: Throttle, ada: Caller) -> None:
    await throttle.take(ada, 600)
    for _ in range(3):
        await refused(throttle, ada, 900)

    assert (await throttle.standing(ada)).remaining == 4


async def test_of_many_at_once_only_so_many_get_through(throttle: Throttle, ada: Caller) -> None:
    results = await asyncio.gather(*(throttle.take(ada, 100) for _ in range(30)), return_exceptions=True)

    assert sum(isinstance(result, Allowance) for result in results) == 10


async def test_users_and_applications_have_points_of_their_own(clock: Clock) -> None:
    """T2: counters do not leak between applications."""
    throttle = Throttle(10, PERIOD)
    report = Caller("ada", ROLES, "report")
    await throttle.take(ADA, 1000)

    await refused(throttle, ADA, 100)
    assert (await throttle.take(BOB, 100)).remaining == 9
    assert (await throttle.take(report, 100)).remaining == 9


async def test_an_application_may_have_a_number_of_its_own(clock: Clock) -> None:
    throttle = Throttle(10, PERIOD)
    importer = Caller("worker", ROLES, "importer", points=40)

    assert (await throttle.take(importer, 3000)).limit == 40
    assert (await throttle.standing(importer)).remaining == 10


async def test_an_operation_that_needs_more_than_there_ever_are_is_told_so(throttle: Throttle, ada: Caller) -> None:
    with pytest.raises(Refusal, match="COST_LIMIT_EXCEEDED"):
        await throttle.take(ada, 1001)
    assert (await throttle.standing(ada)).remaining == 10


@pytest.mark.parametrize("spent_at", [0.0, 20.0, 59.0])
@pytest.mark.parametrize(("spent", "wanted"), [(10, 1), (10, 5), (10, 10), (7, 4), (3, 8)])
async def test_the_time_to_wait_is_enough_and_not_more_than_needed(
    clock: Clock, spent_at: float, spent: int, wanted: int
) -> None:
    throttle = Throttle(10, PERIOD)
    clock.now += spent_at
    await throttle.take(ADA, spent * 100)
    seconds = await refused(throttle, ADA, wanted * 100)

    clock.now += seconds - 1.01
    await refused(throttle, ADA, wanted * 100)
    clock.now += 1.01
    assert (await throttle.take(ADA, wanted * 100)).cost == wanted


async def test_points_come_back_steadily(clock: Clock) -> None:
    throttle = Throttle(10, PERIOD)
    await throttle.take(ADA, 1000)

    remaining = []
    for _ in range(5):
        clock.now += 30
        remaining.append((await throttle.standing(ADA)).remaining)
    assert remaining == [0, 0, 5, 10, 10]


def test_nothing_is_waited_for_where_there_is_room() -> None:
    assert wait((0, 0.0, 3, 100.0), 3, PERIOD) == 0


@pytest.mark.parametrize(
    ("window", "reset"), [((0, 0.0, 0, 90.0), 0.0), ((4, 12.5, 0, 72.5), 12.5), ((4, 12.5, 1, 72.5), 72.5)]
)
async def test_the_reset_is_when_all_points_are_back(
    monkeypatch: pytest.MonkeyPatch, window: tuple[int, float, int, float], reset: float
) -> None:
    storage = Memory()

    async def found(_key: str, _period: int) -> tuple[int, float, int, float]:
        return window

    monkeypatch.setattr(storage, "window", found)
    assert (await Throttle(10, PERIOD, storage).standing(ADA)).reset == reset


async def test_points_come_back_in_redis_too(redis_url: str, ada: Caller) -> None:
    async with opened(10, 1, redis_url) as throttle:
        await throttle.take(ada, 1000)
        await asyncio.sleep(await refused(throttle, ada, 500))
        assert (await throttle.take(ada, 500)).cost == 5


async def test_two_processes_count_together_in_redis(redis_url: str, ada: Caller) -> None:
    async with opened(10, PERIOD, redis_url) as one, opened(10, PERIOD, redis_url) as other:
        await one.take(ada, 600)
        await refused(other, ada, 500)
        assert (await other.take(ada, 400)).remaining == 0


async def test_nobody_is_held_back_while_redis_does_not_answer() -> None:
    async with opened(10, PERIOD, "redis://127.0.0.1:1/0") as throttle:
        with capture_logs() as lines:
            allowances = [await throttle.take(ADA, 1000) for _ in range(3)]
            standing = await throttle.standing(ADA)

    assert {allowance.remaining for allowance in allowances} == {standing.remaining} == {10}
    assert [line["event"] for line in lines] == ["nobody_is_throttled"]


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """An application that takes the points of whoever is named in the query string."""
    throttle = Throttle(10, PERIOD)

    async def answer(request: Request) -> Response:
        name = request.query_params.get("name")
        try:
            await throttle.take(from_lms(name, ROLES) if name else ANONYMOUS, 400)
        except Refusal as refusal:
            return JSONResponse({"errors": list(refusal.errors)}, 429)
        return JSONResponse({"data": {}})

    routes = [Route("/", answer), Route("/free", lambda _request: Response())]
    app = Exchanges(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


def limits_in(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if "limit" in name or name == "retry-after"}


async def test_responses_say_how_things_stand(client: httpx.AsyncClient) -> None:
    first = await client.get("/?name=ada")
    await client.get("/?name=ada")
    third = await client.get("/?name=ada")

    shown = {"ratelimit-limit": "10", "ratelimit-remaining": "6", "ratelimit-reset": "120"}
    assert limits_in(first) == shown
    assert limits_in(third) == shown | {"ratelimit-remaining": "2", "retry-after": "68"}
    assert third.json()["errors"][0]["extensions"]["retryAfter"] == 68


async def test_a_response_that_takes_nothing_says_nothing(client: httpx.AsyncClient) -> None:
    assert limits_in(await client.get("/free")) == {}


async def test_who_is_not_signed_in_is_counted_by_address(clock: Clock, client: httpx.AsyncClient) -> None:
    here = [(await client.get("/")).status_code for _ in range(3)]
    transport = httpx.ASGITransport(client._transport.app, client=("192.0.2.7", 1))  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as elsewhere:
        there = (await elsewhere.get("/")).status_code

    assert (here, there) == ([200, 200, 429], 200)
