"""Faults strike what they are aimed at, and nothing else; all over real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from edx.simulator.control import control_app
from edx.simulator.faults import Fault, Faults, Faulty, Kind
from edx.simulator.studio import Jobs
from edx.simulator.wire import listening, served, url_of


class Shop:
    """A small application that counts the work done, with faults around it."""

    def __init__(self) -> None:
        self.faults = Faults(seed=7)
        self.work = 0
        self.resets = 0
        self.throttled = True
        self.cloning = Jobs()
        self.app = Starlette(
            routes=[Route("/things/", self.list), Route("/things/{key}/", self.make, methods=["POST"])]
        )

    def list(self, _: Request) -> Response:
        return JSONResponse({"results": ["a", "b", "c"]})

    def make(self, request: Request) -> Response:
        self.work += 1
        return JSONResponse([request.path_params["key"]], 201)

    def reset(self) -> None:
        self.resets += 1

    def take(self, **given: object) -> None:
        raise KeyError(given["username"])

    def throttle(self, *, on: bool) -> None:
        self.throttled = on

    def wrapped(self) -> Faulty:
        control = control_app(
            self.faults,
            cloning=self.cloning,
            importing=self.cloning,
            reset=self.reset,
            throttle=self.throttle,
            take=self.take,
        )
        return Faulty(self.app, self.faults, control=control)


@pytest.fixture(scope="module", name="open_shop")
async def an_open_shop() -> AsyncIterator[tuple[Shop, str]]:
    shop = Shop()
    with listening("127.0.0.1", 0) as sock:
        async with served((shop.wrapped(), sock)):
            yield shop, url_of(sock)


@pytest.fixture(name="shop")
def a_shop(open_shop: tuple[Shop, str]) -> Shop:
    shop, _ = open_shop
    shop.faults.set([])
    shop.faults.requests.clear()
    shop.work = shop.resets = 0
    shop.throttled = True
    return shop


@pytest.fixture(name="client")
async def a_client(shop: Shop, open_shop: tuple[Shop, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=open_shop[1], timeout=0.5) as client:
        yield client


async def statuses(client: httpx.AsyncClient, count: int) -> list[int]:
    return [(await client.get("/things/")).status_code for _ in range(count)]


async def test_without_faults_everything_passes(client: httpx.AsyncClient) -> None:
    assert (await client.get("/things/")).json() == {"results": ["a", "b", "c"]}


async def test_an_error_may_come_though_the_work_is_done(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.BROKEN, status=504)])
    answer = await client.post("/things/x/")
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html; charset=utf-8")
    assert shop.work == 1


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_an_error_is_an_html_page_and_the_work_is_not_done(
    shop: Shop, client: httpx.AsyncClient, status: int
) -> None:
    shop.faults.set([Fault(Kind.ERROR, status=status)])
    answer = await client.post("/things/x/")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert shop.work == 0


async def test_a_fault_is_over_after_its_times(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.ERROR, times=3)])
    assert await statuses(client, 5) == [500, 500, 500, 200, 200]
    assert shop.faults.faults == []


async def test_a_fault_strikes_only_its_method_and_path(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.ERROR, method="POST", path="/things/b")])
    assert (await client.get("/things/")).status_code == 200
    assert (await client.post("/things/a/")).status_code == 201
    assert (await client.post("/things/b/")).status_code == 500


async def test_the_same_seed_strikes_the_same_requests(shop: Shop, client: httpx.AsyncClient) -> None:
    fault = Fault(Kind.ERROR, share=0.5)
    shop.faults.set([fault])
    first = await statuses(client, 20)
    shop.faults.set([fault])
    assert await statuses(client, 20) == first
    assert set(first) == {200, 500}


async def test_a_throttle_says_when_to_come_back_only_if_told_to(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.THROTTLE, times=1), Fault(Kind.THROTTLE, times=1, retry_after=59)])
    silent, telling = await client.get("/things/"), await client.get("/things/")
    assert (silent.status_code, "retry-after" in silent.headers) == (429, False)
    assert (telling.status_code, telling.headers["retry-after"]) == (429, "59")
    assert telling.json() == {"detail": "Request was throttled. Expected available in 59 seconds."}


async def test_a_page_comes_in_the_place_of_json(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.PAGE)])
    answer = await client.get("/things/")
    assert answer.status_code == 200
    assert answer.text.startswith("<!DOCTYPE html>")


async def test_a_missing_thing_is_404_for_as_many_reads_as_wanted(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.MISSING, method="GET", times=2)])
    assert await statuses(client, 3) == [404, 404, 200]


async def test_a_truncated_body_is_half_of_the_true_one(shop: Shop, client: httpx.AsyncClient) -> None:
    whole = (await client.get("/things/")).content
    shop.faults.set([Fault(Kind.TRUNCATED)])
    assert (await client.get("/things/")).content == whole[: len(whole) // 2]


async def test_a_body_of_a_wrong_type_is_json_still(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.WRONG_TYPE)])
    assert (await client.get("/things/")).json() == []
    assert (await client.post("/things/x/")).json() == {}


async def test_a_page_of_a_wrong_type_becomes_json(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.WRONG_TYPE)])
    assert (await client.get("/nowhere")).json() == {}


async def test_the_body_of_delayed_work_comes_in_as_many_parts_as_it_was_sent_in(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for part in (b"[", b"1", b"2]"):
            yield part
            await asyncio.sleep(0.01)

    shop.faults.set([Fault(Kind.DELAY, seconds=0.05)])
    assert (await client.post("/things/x/", content=parts())).status_code == 201
    assert shop.work == 1


async def test_faults_strike_requests_alone() -> None:
    """What else a server tells an application, such as that it begins, passes."""
    told: list[str] = []

    async def receive() -> Message:
        return {"type": "lifespan.shutdown" if told else "lifespan.startup"}

    async def send(message: Message) -> None:
        told.append(message["type"])

    app = Starlette()
    await Faulty(app, Faults([Fault(Kind.ERROR)]), control=app)({"type": "lifespan", "app": app}, receive, send)
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize(("kind", "work"), [(Kind.CUT, 0), (Kind.LOST, 1)])
async def test_a_cut_connection_answers_nothing_whether_the_work_is_done_or_not(
    shop: Shop, client: httpx.AsyncClient, kind: Kind, work: int
) -> None:
    shop.faults.set([Fault(kind, times=1)])
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await client.post("/things/x/")
    assert shop.work == work
    assert (await client.post("/things/x/")).status_code == 201


@pytest.mark.parametrize("fault", [Fault(Kind.NEVER), Fault(Kind.LATE, seconds=3)], ids=["never", "late"])
async def test_the_work_is_done_though_the_client_gives_up(shop: Shop, client: httpx.AsyncClient, fault: Fault) -> None:
    shop.faults.set([fault])
    with pytest.raises(httpx.ReadTimeout):
        await client.post("/things/x/", timeout=0.1)
    assert shop.work == 1


async def test_delayed_work_is_done_after_the_client_has_given_up(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.DELAY, seconds=0.3)])
    with pytest.raises(httpx.ReadTimeout):
        await client.post("/things/x/", timeout=0.1)
    assert shop.work == 0
    await asyncio.sleep(0.4)
    assert shop.work == 1


async def test_delays_add_up_with_each_other_and_with_another_fault(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.DELAY, seconds=0.1), Fault(Kind.ERROR), Fault(Kind.DELAY, seconds=0.1)])
    began = time.monotonic()
    assert (await client.get("/things/")).status_code == 500
    assert time.monotonic() - began >= 0.2


async def test_an_answer_under_way_does_not_hold_up_the_end() -> None:
    shop = Shop()
    shop.faults.set([Fault(Kind.NEVER)])
    with listening("127.0.0.1", 0) as sock:
        async with httpx.AsyncClient(base_url=url_of(sock)) as client:
            async with served((shop.wrapped(), sock)):
                waiting = asyncio.create_task(client.get("/things/"))
                await asyncio.sleep(0.1)
                began = time.monotonic()
            with pytest.raises(httpx.HTTPError):
                (await waiting).raise_for_status()
    assert time.monotonic() - began < 3


async def test_requests_are_counted_by_method_and_route(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.ERROR, method="POST")])
    for path in ("/things/a/", "/things/b/"):
        await client.post(path)
    await client.get("/things/")
    await client.get("/nowhere")
    counted = {"GET /nowhere": 1, "GET /things/": 1, "POST /things/{key}/": 2}
    assert (await client.get("/_simulator/requests")).json() == counted


async def test_faults_are_set_read_and_ended_over_http(client: httpx.AsyncClient) -> None:
    put = await client.put("/_simulator/faults", json=[{"kind": "error", "times": 2, "status": 503}])
    assert put.status_code == 200
    assert await statuses(client, 1) == [503]
    (left,) = (await client.get("/_simulator/faults")).json()
    assert (left["kind"], left["times"], left["status"]) == ("error", 1, 503)
    assert (await client.delete("/_simulator/faults")).status_code == 204
    assert await statuses(client, 1) == [200]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("{", "unexpected end of data"),
        ("{}", "a list is wanted"),
        ("[3]", "a fault is an object with a kind"),
        ('[{"times": 1}]', "a fault is an object with a kind"),
        ('[{"kind": "flood"}]', "'flood' is not a valid Kind"),
        ('[{"kind": "error", "how": 1}]', "how: not known"),
        ('[{"kind": "error", "times": "1"}]', "times: of the wrong type"),
        ('[{"kind": "error", "times": true}]', "times: of the wrong type"),
        ('[{"kind": "error", "times": 0}]', "times: at least 1"),
        ('[{"kind": "error", "share": 1.5}]', "share: a number from 0 to 1"),
        ('[{"kind": "error", "seconds": -1}]', "seconds: not below 0"),
        ('[{"kind": "error", "status": 404}]', "status: 500 to 599"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused_with_a_reason(
    shop: Shop, client: httpx.AsyncClient, body: str, detail: str
) -> None:
    answer = await client.put("/_simulator/faults", content=body)
    assert answer.status_code == 400
    assert detail in answer.json()["detail"]
    assert shop.faults.faults == []


@pytest.mark.parametrize(
    ("body", "status", "throttled"), [("false", 204, False), ("true", 204, True), ("1", 400, True)]
)
async def test_throttles_are_turned_off_and_on(
    shop: Shop, client: httpx.AsyncClient, body: str, status: int, throttled: bool
) -> None:
    assert (await client.put("/_simulator/throttles", content=body)).status_code == status
    assert shop.throttled is throttled


async def test_clones_are_read_over_http(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.cloning.clones["course-v1:A+B+C"] = 2
    shop.cloning.copied("course-v1:A+B+C")
    assert (await client.get("/_simulator/clones")).json() == {"course-v1:A+B+C": 2}
    assert (await client.get("/_simulator/copies")).json() == {"course-v1:A+B+C": 1}


async def test_how_often_clones_are_unseen_is_set_over_http(shop: Shop, client: httpx.AsyncClient) -> None:
    assert (await client.put("/_simulator/unseen", content=b"3")).status_code == 204
    assert shop.cloning.unseen == 3
    assert (await client.put("/_simulator/unseen", content=b"some")).status_code == 400


async def test_a_reset_brings_back_the_beginning(shop: Shop, client: httpx.AsyncClient) -> None:
    shop.faults.set([Fault(Kind.ERROR)])
    await client.get("/things/")
    assert (await client.post("/_simulator/reset")).status_code == 204
    assert (shop.resets, shop.faults.faults, dict(shop.faults.requests)) == (1, [], {})
