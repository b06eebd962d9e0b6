"""The client of courseware against the simulated LMS, and against answers that the LMS does not give."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from edx.blocks import BlockKey
from edx.courseware import CourseAccess, CoursewareRecords, LastPlace, SequenceStanding
from edx.errors import Rejected, UnexpectedAnswer
from edx.http import OpenEdxHttp
from edx.keys import CourseKey
from edx.simulator.lms import lms_app
from tests.edx.conftest import Service, reply
from tests.edx.courseware import FIRST, SECOND, UNITS, courseware_situation
from tests.edx.simulator.replay import jwt_of
from tests.edx.simulator.situations import CS101
from tests.serving import serving

RUN = CourseKey.parse(CS101)
OTHER = CourseKey("a", "b", "c")
SITUATION = courseware_situation()
ALICE, OTHERS, STAFF = (f"JWT {jwt_of(SITUATION, name)}" for name in ("alice", "plain_worker", "report_worker"))


def block(text: str) -> BlockKey:
    return BlockKey.parse(text, among=RUN)


@pytest.fixture(scope="module")
async def records() -> AsyncIterator[CoursewareRecords]:
    async with serving(lms_app(SITUATION.world, SITUATION.options)) as url, OpenEdxHttp(url) as http:
        yield CoursewareRecords(http)


async def test_a_learner_was_last_in_a_unit_of_a_sequence(records: CoursewareRecords) -> None:
    """content.md, form 1: `section_id` is that of the sequence."""
    assert await records.last_place(RUN, authorization=ALICE) == LastPlace(block(FIRST), block(UNITS[1]))
    assert await records.last_place(RUN, authorization=OTHERS) is None
    assert await records.last_place(OTHER, authorization=ALICE) is None


async def test_a_sequence_has_a_position_and_may_wait_for_another(records: CoursewareRecords) -> None:
    """content.md, P3 and P9."""
    assert await records.sequence(block(FIRST), authorization=ALICE) == SequenceStanding(2, is_gated=False)
    assert await records.sequence(block(SECOND), authorization=ALICE) == SequenceStanding(None, True, FIRST, "First")
    assert await records.sequence(block(FIRST), authorization=OTHERS) is None
    assert await records.sequence(block(UNITS[0]), authorization=ALICE) is None


async def test_a_course_says_why_there_is_no_access(records: CoursewareRecords) -> None:
    """content.md, P19."""
    assert await records.access(RUN, authorization=ALICE) == CourseAccess()
    assert await records.access(RUN, authorization=OTHERS) == CourseAccess("enrollment_required")
    assert await records.access(OTHER, authorization=ALICE) is None


async def test_a_token_that_the_lms_does_not_take_is_an_error(records: CoursewareRecords) -> None:
    with pytest.raises(Rejected):
        await records.last_place(RUN, authorization="JWT forged")


GATED = {"gated": False}


@pytest.mark.parametrize("position", [None, "three", 2.5, []])
async def test_a_position_that_is_no_number_is_none(service: Service, http: OpenEdxHttp, position: Any) -> None:
    """content.md, P5."""
    service.answers(reply({"position": position, "gated_content": GATED}))

    found = await CoursewareRecords(http).sequence(block(FIRST), authorization=ALICE)

    assert found == SequenceStanding(None, is_gated=False)
    assert service.seen[0].headers["authorization"] == ALICE


@pytest.mark.parametrize(
    ("ask", "body"),
    [
        ("last_place", {"section_id": "1", "unit_id": "2"}),
        ("last_place", {"section_id": 1, "unit_id": 2}),
        ("sequence", {"position": 1}),
        ("sequence", []),
        ("access", {}),
        ("access", {"course_access": {"has_access": None}}),
    ],
)
async def test_other_answers_are_refused(service: Service, http: OpenEdxHttp, ask: str, body: Any) -> None:
    service.answers(reply(body))
    key = block(FIRST) if ask == "sequence" else RUN

    with pytest.raises(UnexpectedAnswer):
        await getattr(CoursewareRecords(http), ask)(key, authorization=ALICE)


async def test_an_entrance_exam_may_have_to_be_passed(service: Service, http: OpenEdxHttp) -> None:
    """content.md, P20."""
    exam = {"entrance_exam_enabled": True, "entrance_exam_passed": False}
    service.answers(reply({"course_access": {"has_access": True}, "entrance_exam_data": exam}))

    found = await CoursewareRecords(http).access(RUN, authorization=ALICE)

    assert found == CourseAccess(has_exam_to_pass=True)
