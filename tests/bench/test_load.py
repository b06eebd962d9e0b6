"""The load that servers are measured with."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bench.load import BadAnswer, Order, measure
from tests.serving import serving


async def answer(request: Request) -> Response:
    """What was sent, a hundred thousand times: more than comes in one piece."""
    return PlainTextResponse((await request.body()) * 100_000, status_code=int(request.headers["x-status"]))


APP = Starlette(routes=[Route("/graphql", answer, methods=["POST"])])


def order(url: str, status: int = 200, lengths: tuple[int, ...] = (100_000, 200_000)) -> Order:
    return Order(f"{url}/graphql", {"x-status": str(status)}, ["a", "bb"], lengths, connections=3, seconds=0.3)


async def test_it_counts_answers_and_their_times() -> None:
    async with serving(APP) as url:
        sample = await measure(order(url))
    assert sample.answers > 3
    assert 0 < sample.p50_ms <= sample.p99_ms < 300
    # three connections were busy all the time, or nearly
    assert sample.requests_per_second * sample.p50_ms / 1000 == pytest.approx(3, rel=0.5)


async def test_an_answer_of_another_length_or_status_ends_it() -> None:
    async with serving(APP) as url:
        with pytest.raises(BadAnswer, match="expected a body of 100001 bytes"):
            await measure(order(url, lengths=(100_001, 200_000)))
        with pytest.raises(BadAnswer, match=r"after: HTTP/1\.1 400"):
            await measure(order(url, status=400))
