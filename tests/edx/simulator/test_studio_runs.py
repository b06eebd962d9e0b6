"""What Studio does beyond the pairs recorded: as the README of the recordings and the specification say."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edx.simulator import Jobs, Options, World, running
from edx.simulator.tokens import issue_jwt
from edx.simulator.world import Application, CourseRun, Key, Member, Mode, User
from tests.edx.simulator.test_studio_replay import archive

RUNS = "/api/v1/course_runs/"
RUN = f"{RUNS}course-v1:ExampleX+CS101+2026_T1/"
IMPORT = "/api/courses/v0/import/course-v1:ExampleX+CS101+2026_T1/"
CLONE = {
    "source_course_id": "course-v1:ExampleX+CS101+2026_T1",
    "destination_course_id": "course-v1:NewX+Copy+1",
}
COPY = f"{RUNS}course-v1:NewX+Copy+1/"


@pytest.fixture(name="world")
def a_world() -> World:
    world = World()
    for name in ("worker", "alice", "bob"):
        world.add_user(User(username=name, email=f"{name}@example.org", staff=name == "worker"))
        world.add_application(Application(client_id=name, client_secret="fake", username=name))
    run = CourseRun(key=Key("ExampleX", "CS101", "2026_T1"), title="Introduction to Examples")
    run.team.append(Member("alice", "staff"))
    run.modes["audit"] = Mode(slug="audit", name="Audit")
    world.add_run(run)
    return world


@pytest.fixture(name="jobs")
def some_jobs() -> Jobs:
    return Jobs()


@pytest.fixture(name="studio")
async def a_studio(world: World, jobs: Jobs) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running(world, jobs=jobs) as addresses,
        httpx.AsyncClient(base_url=addresses.studio, headers=header(world, "worker")) as client,
    ):
        yield client


def header(world: World, name: str) -> dict[str, str]:
    return {"Authorization": f"JWT {issue_jwt(world, Options(), world.applications[name], ['read'])}"}


async def team(studio: httpx.AsyncClient, path: str = RUN) -> list[dict[str, str]]:
    members: list[dict[str, str]] = (await studio.get(path)).json()["team"]
    return members


async def test_a_put_with_a_title_alone_wipes_the_team(studio: httpx.AsyncClient) -> None:
    """Claim f of the recordings' README."""
    assert (await studio.put(RUN, json={"title": "Other"})).status_code == 200
    assert await team(studio) == []


async def test_a_put_that_is_refused_leaves_the_team_alone(studio: httpx.AsyncClient) -> None:
    answer = await studio.put(RUN, json={"title": "Other", "team": [{"user": "nobody", "role": "staff"}]})
    assert answer.status_code == 400
    assert await team(studio) == [{"user": "alice", "role": "staff"}]


async def test_a_patch_never_takes_a_member_away(studio: httpx.AsyncClient) -> None:
    """Claim f of the recordings' README."""
    for _ in range(2):
        await studio.patch(RUN, json={"team": [{"user": "bob", "role": "staff"}]})
    assert await team(studio) == [{"user": "alice", "role": "staff"}, {"user": "bob", "role": "staff"}]


async def test_what_a_get_gave_is_refused_by_a_put(studio: httpx.AsyncClient) -> None:
    """The image is an address on a read and a file on a write."""
    await studio.patch(RUN, json={"schedule": {"end": "2026-06-30T00:00:00Z"}})
    answer = await studio.put(RUN, json=(await studio.get(RUN)).json())
    assert answer.status_code == 400
    reason = "The submitted data was not a file. Check the encoding type on the form."
    assert answer.json() == {"images": {"card_image": [reason]}}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"title": None}, {"title": ["This field may not be null."]}),
        ({"title": ["x"]}, {"title": ["Not a valid string."]}),
        ({"schedule": 3}, {"schedule": {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}}),
        ({"schedule": {"start": None}}, {"schedule": {"start": ["This field may not be null."]}}),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_by_field(
    studio: httpx.AsyncClient, body: Any, errors: dict[str, Any]
) -> None:
    answer = await studio.patch(RUN, json=body)
    assert (answer.status_code, answer.json()) == (400, errors)


async def test_dates_come_back_in_utc(studio: httpx.AsyncClient) -> None:
    await studio.patch(RUN, json={"schedule": {"start": "2026-01-06T02:00:00+02:00", "end": "2026-06-30T00:00:00"}})
    schedule = (await studio.get(RUN)).json()["schedule"]
    assert (schedule["start"], schedule["end"]) == ("2026-01-06T00:00:00Z", "2026-06-30T00:00:00Z")


async def test_json_under_another_name_is_415(studio: httpx.AsyncClient) -> None:
    answer = await studio.post(RUNS, content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


async def test_a_head_is_a_get_without_its_body(studio: httpx.AsyncClient) -> None:
    answer = await studio.head(RUN)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_clone_has_no_modes_and_its_caller_on_the_team(world: World, studio: httpx.AsyncClient) -> None:
    """Claim f of the recordings' README."""
    assert (await studio.post(f"{RUNS}clone/", json=CLONE)).status_code == 201
    assert await team(studio, COPY) == [{"user": "worker", "role": role} for role in ("instructor", "staff")]
    assert world.runs["course-v1:NewX+Copy+1"].modes == {}
    assert await team(studio) == [{"user": "alice", "role": "staff"}]


async def test_a_clone_that_is_changed_leaves_its_source_alone(studio: httpx.AsyncClient) -> None:
    await studio.post(f"{RUNS}clone/", json=CLONE)
    await studio.patch(COPY, json={"title": "Copy", "schedule": {"end": "2027-01-01T00:00:00Z"}})
    source = (await studio.get(RUN)).json()
    assert (source["title"], source["schedule"]["end"]) == ("Introduction to Examples", None)


async def test_a_clone_to_the_same_key_in_another_case_is_refused(studio: httpx.AsyncClient) -> None:
    destination = "course-v1:examplex+cs101+2026_t1"
    answer = await studio.post(f"{RUNS}clone/", json={**CLONE, "destination_course_id": destination})
    assert answer.json() == {"non_field_errors": ["Destination course already exists."]}


async def test_an_image_is_taken_over_by_clones(studio: httpx.AsyncClient) -> None:
    files = {"card_image": ("card.png", b"\x89PNG", "image/png")}
    answer = await studio.post(f"{RUN}images/", files=files)
    image = answer.json()["card_image"]
    assert answer.status_code == 200
    assert image.endswith("/asset-v1:ExampleX+CS101+2026_T1+type@asset+block@card.png")
    await studio.post(f"{RUNS}clone/", json=CLONE)
    assert (
        (await studio.get(COPY))
        .json()["images"]["card_image"]
        .endswith("/asset-v1:NewX+Copy+1+type@asset+block@card.png")
    )


async def test_an_image_must_be_sent_as_a_file_in_its_own_field(studio: httpx.AsyncClient) -> None:
    files = {"banner": ("card.png", b"\x89PNG", "image/png")}
    answer = await studio.post(f"{RUN}images/", data={"card_image": "card.png"}, files=files)
    assert (answer.status_code, answer.json()) == (400, {"card_image": ["No file was submitted."]})


async def begin_import(studio: httpx.AsyncClient, headers: dict[str, str] | None = None) -> httpx.Response:
    files = {"course_data": ("course.tar.gz", archive(), "application/gzip")}
    return await studio.post(IMPORT, files=files, headers=headers)


async def state_of(studio: httpx.AsyncClient, task: str) -> str:
    query = {"task_id": task, "filename": "course.tar.gz"}
    return str((await studio.get(IMPORT, params=query)).json()["state"])


async def test_an_import_of_a_course_succeeds(studio: httpx.AsyncClient) -> None:
    task = (await begin_import(studio)).json()["task_id"]
    assert await state_of(studio, task) == "Succeeded"


async def test_an_import_may_be_in_progress_for_a_while(studio: httpx.AsyncClient, jobs: Jobs) -> None:
    jobs.polls = 2
    task = (await begin_import(studio)).json()["task_id"]
    assert [await state_of(studio, task) for _ in range(4)] == ["In Progress", "In Progress", "Succeeded", "Succeeded"]


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 403)])
async def test_the_team_of_a_course_may_import_into_it(
    world: World, studio: httpx.AsyncClient, name: str, status: int
) -> None:
    assert (await begin_import(studio, header(world, name))).status_code == status
