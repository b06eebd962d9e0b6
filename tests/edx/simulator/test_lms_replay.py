"""Every recording of the real LMS, asked again of the simulated one over real HTTP: same status, headers and body.

Each file is replayed in its order against one world.
"""

from collections.abc import Mapping

import httpx
import pytest

from edx.simulator.lms import lms_app
from tests.edx.simulator.replay import ask, differences, exhaust, seconds_told
from tests.edx.simulator.situations import lms_situation
from tests.recordings import Recording, recordings
from tests.serving import serving

FILES = (
    "oauth",
    "organizations",
    "courses",
    "enrollments",
    "enrollment",
    "certificates",
    "course_modes",
    "general_errors",
)
PAIRS = [(file, pair) for file in FILES for pair in recordings(file)]
VARYING = ("overview",)
"""The text of a course's page is the simulator's own."""

Answers = Mapping[tuple[str, str], httpx.Response]


@pytest.fixture(scope="module")
async def answers() -> Answers:
    """The answers to all pairs by file and name."""
    return {(file, name): answer for file in FILES for name, answer in (await _replayed(file)).items()}


async def _replayed(file: str) -> dict[str, httpx.Response]:
    situation = lms_situation()
    app = lms_app(situation.world, situation.options)
    answers: dict[str, httpx.Response] = {}
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        for pair in recordings(file):
            if pair.response.status != 429:
                situation.rates.clear()
            elif not (situation.rates and pair.name.startswith("throttled as well")):
                await exhaust(client, situation, pair, seconds_told(pair))
            answers[pair.name] = await ask(client, situation, pair)
    return answers


@pytest.mark.parametrize(("file", "pair"), PAIRS, ids=[f"{file}: {pair.name}" for file, pair in PAIRS])
async def test_the_simulated_lms_answers_as_the_platform_did(file: str, pair: Recording, answers: Answers) -> None:
    assert differences(pair, answers[file, pair.name], VARYING) == []
