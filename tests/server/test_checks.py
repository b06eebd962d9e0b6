"""What is said of Studio: anything that answers there is one."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.checks import _studio
from server.settings import load
from tests.serving import serving


@pytest.mark.parametrize(("status", "is_there"), [(200, True), (401, True), (503, False)])
async def test_whatever_answers_with_or_without_a_token_is_studio(status: int, is_there: bool) -> None:
    async def answer(_: Request) -> Response:
        return Response("{}", status, media_type="application/json")

    async with serving(Starlette(routes=[Route("/api/v1/course_runs/", answer)])) as url:
        problem = await _studio(load(studio_url=url))
    assert (problem is None) is is_there


async def test_without_an_address_there_is_no_studio() -> None:
    assert await _studio(load()) == "COLLEGIUM_STUDIO_URL must be set to reach Studio"
