"""The load that servers are measured with."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bench.load import BadAnswer, Order, measure
from tests.serving import serving

WAIT = 0.01


class Answers:
    """Answers with what was sent, a hundred thousand times: more than comes in one piece. Counts who waits at once."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0

    async def __call__(self, request: Request) -> Response:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(WAIT)
        self.waiting -= 1
        return PlainTextResponse((await request.body()) * 100_000, status_code=int(request.headers["x-status"]))


def application(answers: Answers) -> Starlette:
    async def answer(request: Request) -> Response:
        return await answers(request)

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])


def order(url: str, status: int = 200, lengths: tuple[int, ...] = (100_000, 200_000)) -> Order:
    return Order(f"{url}/graphql", {"x-status": str(status)}, ["a", "bb"], lengths, connections=3, seconds=0.3)


async def test_it_counts_answers_and_their_times() -> None:
    answers = Answers()
    async with serving(application(answers)) as url:
        sample = await measure(order(url))
    assert answers.most == 3
    assert 3 < sample.answers <= 3 * (0.3 / WAIT + 1)
    assert 0 < sample.requests_per_second <= sample.answers / 0.3
    assert WAIT * 1000 <= sample.p50_ms <= sample.p99_ms


async def test_an_answer_of_another_length_or_status_ends_it() -> None:
    async with serving(application(Answers())) as url:
        with pytest.raises(BadAnswer, match="expected a body of 100001 bytes"):
            await measure(order(url, lengths=(100_001, 200_000)))
        with pytest.raises(BadAnswer, match=r"after: HTTP/1\.1 400"):
            await measure(order(url, status=400))
