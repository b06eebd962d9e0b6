"""A simulated LMS over real HTTP, in the situation in which the real one was recorded."""

from collections.abc import AsyncIterator

import httpx
import pytest

from edx.simulator.lms import lms_app
from tests.edx.simulator.replay import Situation, jwt_of
from tests.edx.simulator.situations import lms_situation
from tests.serving import serving


@pytest.fixture
def situation() -> Situation:
    return lms_situation()


@pytest.fixture
async def lms(situation: Situation) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the LMS that carries the token of a staff user."""
    headers = {"Authorization": f"JWT {jwt_of(situation, 'report_worker')}"}
    async with (
        serving(lms_app(situation.world, situation.options)) as url,
        httpx.AsyncClient(base_url=url, headers=headers) as client,
    ):
        yield client
