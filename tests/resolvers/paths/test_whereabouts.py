"""Asking the LMS where learners are."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from edx.courseware import CoursewareRecords
from edx.http import OpenEdxHttp
from edx.keys import CourseKey
from resolvers.paths.whereabouts import LearnersPlaces, Told, Wanted
from tests.serving import serving

WANTED = [Wanted(CourseKey.parse("course-v1:A+B+C"), last_place=False, sequences=frozenset())]


class Silent:
    """An LMS that answers nothing, and knows when it is asked, and when nobody waits any more."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        if scope["type"] == "http":
            self.asked.set()
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.set()


async def test_calls_end_with_the_request_that_they_are_made_for() -> None:
    lms = Silent()
    async with serving(lms) as url, OpenEdxHttp(url) as http:
        places = LearnersPlaces(CoursewareRecords(http), patience=60)
        asking = asyncio.ensure_future(places.ask(WANTED, "JWT token", Told()))
        await asyncio.wait_for(lms.asked.wait(), 5)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(lms.left.wait(), 5)


async def test_a_fault_of_ours_is_no_answer_of_the_lms() -> None:
    places = LearnersPlaces(CoursewareRecords(None), patience=5)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        await places.ask(WANTED, "JWT token", Told())
