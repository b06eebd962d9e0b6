"""Courseware as the learning front end's pact has it, and what the pact leaves out."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from edx.simulator.lms import lms_app
from tests.edx.courseware import BASE, FIRST, SECOND, UNITS, courseware_situation
from tests.edx.simulator.replay import Situation, jwt_of
from tests.edx.simulator.situations import CS101, EMPTY
from tests.serving import serving

PACT = Path(__file__).parents[4] / "shared" / "data" / "contracts" / "frontend-app-learning-lms.json"
SITUATION = courseware_situation()
NAMES = ["a request to get Resume block", "a request to get sequence metadata", "a request to get course metadata"]


@pytest.fixture(scope="module")
async def lms() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(lms_app(SITUATION.world, SITUATION.options)) as url,
        httpx.AsyncClient(base_url=f"{url}/api/courseware/") as client,
    ):
        yield client


def as_user(username: str, situation: Situation = SITUATION) -> dict[str, str]:
    return {"Authorization": f"JWT {jwt_of(situation, username)}"}


@pytest.mark.skipif(not PACT.is_file(), reason="the learning front end's pact is not beside the repository")
@pytest.mark.parametrize("name", NAMES)
async def test_the_answers_have_the_fields_of_the_pact(lms: httpx.AsyncClient, name: str) -> None:
    interactions = {each["description"]: each for each in json.loads(PACT.read_text())["interactions"]}
    wanted = interactions[name]["response"]["body"]
    path = interactions[name]["request"]["path"].removeprefix("/api/courseware/")
    kind = path.partition("/")[0]

    answer = await lms.get(f"{kind}/{FIRST if kind == 'sequence' else CS101}", headers=as_user("alice"))

    assert answer.status_code == 200
    assert missing(wanted, answer.json()) == []


def missing(wanted: Any, given: Any, at: str = "$") -> list[str]:
    """Where an answer has not what the pact has, by the types of values; what is null on one side may be anything."""
    if wanted is None or given is None:
        return []
    if type(wanted) is not type(given):
        return [at]
    if isinstance(wanted, dict):
        absent = [f"{at}.{name}" for name in wanted if name not in given]
        return absent + [
            fault for name in wanted if name in given for fault in missing(wanted[name], given[name], f"{at}.{name}")
        ]
    if isinstance(wanted, list) and wanted:
        return [fault for each in given for fault in missing(wanted[0], each, f"{at}[]")]
    return []


@pytest.mark.parametrize(
    ("path", "username", "status"),
    [
        (f"resume/{CS101}", None, 401),
        (f"resume/{CS101}", "alice", 200),
        ("resume/course-v1:a+b+c", "alice", 404),
        (f"sequence/{FIRST}", "alice", 200),
        (f"sequence/{FIRST}", "report_worker", 200),
        (f"sequence/{FIRST}", "plain_worker", 404),
        (f"sequence/{FIRST}", None, 404),
        (f"sequence/{UNITS[0]}", "alice", 422),
        (f"sequence/{BASE}+type@sequential+block@none", "alice", 404),
        ("sequence/nonsense", "alice", 404),
        (f"course/{CS101}", None, 200),
        ("course/course-v1:a+b+c", None, 404),
    ],
)
async def test_who_gets_what(lms: httpx.AsyncClient, path: str, username: str | None, status: int) -> None:
    """content.md, P13: a bad key is 404, a valid one of the wrong kind 422."""
    answer = await lms.get(path, headers=as_user(username) if username else {})

    assert answer.status_code == status


async def test_a_learner_is_where_they_were_and_others_are_nowhere(lms: httpx.AsyncClient) -> None:
    mine = (await lms.get(f"resume/{CS101}", headers=as_user("alice"))).json()
    others = (await lms.get(f"resume/{CS101}", headers=as_user("bob"))).json()

    assert (mine["section_id"], mine["unit_id"]) == (FIRST, UNITS[1])
    assert set(others.values()) == {None}


async def test_a_gated_sequence_is_open_to_staff(lms: httpx.AsyncClient) -> None:
    """content.md, P9."""
    learners = (await lms.get(f"sequence/{SECOND}", headers=as_user("alice"))).json()["gated_content"]
    staffs = (await lms.get(f"sequence/{SECOND}", headers=as_user("report_worker"))).json()["gated_content"]

    assert (learners["gated"], learners["prereq_id"], staffs["gated"]) == (True, FIRST, False)


@pytest.mark.parametrize(
    ("course", "username", "reason"),
    [
        (CS101, "alice", None),
        (CS101, "report_worker", None),
        (CS101, None, "authentication_required"),
        (CS101, "plain_worker", "enrollment_required"),
        (EMPTY, "alice", "course_not_started"),
        (CS101, "bob", "survey_required"),
    ],
)
async def test_a_course_says_who_has_no_access_and_why(
    lms: httpx.AsyncClient, course: str, username: str | None, reason: str | None
) -> None:
    """content.md, P19."""
    SITUATION.world.denials["bob", CS101] = "survey_required"
    SITUATION.world.enroll("alice", EMPTY, SITUATION.world.runs[CS101].start)

    access = (await lms.get(f"course/{course}", headers=as_user(username) if username else {})).json()["course_access"]

    assert (access["has_access"], access["error_code"]) == (reason is None, reason)
