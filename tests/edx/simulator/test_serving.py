"""The two services start, share a world, and end."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from edx.simulator import Addresses, Fault, Faults, Jobs, Kind, Options, World, running, serve
from edx.simulator.tokens import issue_jwt
from edx.simulator.world import Application, CourseRun, Key, User

SOURCE, COPY = "course-v1:ExampleX+CS101+2026_T1", "course-v1:NewX+CS101+2026_T1"
CLONE = "/api/v1/course_runs/clone/"


@pytest.fixture(name="world")
def a_world() -> World:
    world = World()
    world.add_user(User(username="worker", email="worker@example.org", staff=True))
    world.add_application(Application(client_id="worker", client_secret="fake", username="worker"))
    world.add_run(CourseRun(key=Key("ExampleX", "CS101", "2026_T1"), title="Introduction to Examples"))
    return world


def client_of(url: str, world: World, timeout: float = 5) -> httpx.AsyncClient:
    token = issue_jwt(world, Options(), world.applications["worker"], ["read"])
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"JWT {token}"}, timeout=timeout)


async def clone(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post(CLONE, json={"source_course_id": SOURCE, "destination_course_id": COPY})


async def status_of(client: httpx.AsyncClient, course_id: str) -> int:
    return (await client.get(f"/api/v1/course_runs/{course_id}/")).status_code


async def test_a_run_made_in_studio_is_in_the_lms(world: World) -> None:
    async with running(world) as addresses, client_of(addresses.studio, world) as studio:
        assert (await clone(studio)).status_code == 201
        async with client_of(addresses.lms, world) as lms:
            answer = await lms.get(f"/api/courses/v1/courses/{COPY}/")
            assert (answer.status_code, answer.json()["name"]) == (200, "Introduction to Examples")


async def test_tokens_of_the_lms_open_studio(world: World) -> None:
    form = {"grant_type": "client_credentials", "client_id": "worker", "client_secret": "fake", "token_type": "jwt"}
    async with running(world) as addresses, httpx.AsyncClient() as client:
        token = (await client.post(f"{addresses.lms}/oauth2/access_token", data=form)).json()["access_token"]
        headers = {"Authorization": f"JWT {token}"}
        assert (await client.get(f"{addresses.studio}/api/v1/course_runs/", headers=headers)).status_code == 200


async def test_a_clone_may_outlast_the_patience_of_its_client_and_still_be_done(world: World) -> None:
    faults = Faults([Fault(Kind.DELAY, path=CLONE, seconds=0.3)])
    async with running(world, faults=faults) as addresses, client_of(addresses.studio, world, 0.1) as studio:
        with pytest.raises(httpx.ReadTimeout):
            await clone(studio)
        assert await status_of(studio, COPY) == 404
        await asyncio.sleep(0.4)
        assert await status_of(studio, COPY) == 200


async def test_a_fresh_run_may_be_missing_for_a_while(world: World) -> None:
    faults = Faults([Fault(Kind.MISSING, method="GET", path=f"/api/v1/course_runs/{COPY}", times=2)])
    async with running(world, faults=faults) as addresses, client_of(addresses.studio, world) as studio:
        await clone(studio)
        assert [await status_of(studio, COPY) for _ in range(3)] == [404, 404, 200]
        assert await status_of(studio, SOURCE) == 200


async def test_clones_asked_for_are_counted_by_their_destination(world: World) -> None:
    jobs = Jobs()
    async with running(world, jobs=jobs) as addresses, client_of(addresses.studio, world) as studio:
        assert [(await clone(studio)).status_code for _ in range(2)] == [201, 400]
        assert (await studio.get("/_simulator/clones")).json() == jobs.clones == {COPY: 2}


async def test_every_clone_may_be_missing_for_a_while(world: World) -> None:
    jobs = Jobs(unseen=2)
    async with running(world, jobs=jobs) as addresses, client_of(addresses.studio, world) as studio:
        await clone(studio)
        assert (await clone(studio)).status_code == 400
        assert [await status_of(studio, COPY) for _ in range(3)] == [404, 404, 200]
        assert (await studio.get("/_simulator/copies")).json() == {COPY: 1}


async def test_requests_to_both_are_counted_together(world: World) -> None:
    faults = Faults()
    async with running(world, faults=faults) as addresses, client_of(addresses.studio, world) as studio:
        await clone(studio)
        await studio.get(f"{addresses.lms}/api/courses/v1/courses/")
    assert faults.requests == {("POST", CLONE): 1, ("GET", "/api/courses/v1/courses/"): 1}


async def test_a_restart_keeps_the_state(world: World) -> None:
    async with running(world) as addresses, client_of(addresses.studio, world) as studio:
        await clone(studio)
    with pytest.raises(httpx.ConnectError):
        await httpx.AsyncClient().get(addresses.studio)
    port = int(addresses.studio.rpartition(":")[2])
    async with running(world, studio_port=port), client_of(addresses.studio, world) as studio:
        assert await status_of(studio, COPY) == 200


async def test_a_reset_brings_back_the_world_and_forgets_the_clones(world: World) -> None:
    async with running(world) as addresses, client_of(addresses.studio, world) as studio:
        await clone(studio)
        assert (await studio.post("/_simulator/reset")).status_code == 204
        assert (await studio.get("/_simulator/clones")).json() == {}
        assert (await studio.get("/_simulator/requests")).json() == {}
        assert await status_of(studio, COPY) == 404
        assert await status_of(studio, SOURCE) == 200
        assert (await clone(studio)).status_code == 201


async def test_whoever_runs_a_demo_has_users_enrolled_and_certified(world: World) -> None:
    run = next(iter(world.runs))
    given = {"username": "worker", "course_id": run, "mode": "verified"}
    async with running(world) as addresses, httpx.AsyncClient(base_url=addresses.lms) as client:
        refused: list[object] = [[{**given, "username": "nobody"}], [{**given, "color": "red"}], {}, [1]]
        for wrong in refused:
            assert (await client.put("/_simulator/learners", json=wrong)).status_code == 400
        assert (await client.put("/_simulator/learners", json=[{**given, "has_passed": True}])).status_code == 204

    assert world.enrollments["worker", run].mode == "verified"
    assert world.certificates["worker", run].passing


async def test_a_reset_forgets_what_throttles_have_counted(world: World) -> None:
    path = "/api/courses/v1/courses/"
    async with running(world) as addresses, httpx.AsyncClient(base_url=addresses.lms) as client:
        assert [(await client.get(path)).status_code for _ in range(21)] == [200] * 20 + [429]
        await client.post("/_simulator/reset")
        assert (await client.get(path)).status_code == 200


async def test_throttles_may_be_turned_off_and_on(world: World) -> None:
    path = "/api/courses/v1/courses/"
    async with running(world) as addresses, httpx.AsyncClient(base_url=addresses.lms) as client:
        await client.put("/_simulator/throttles", content=b"false")
        assert {(await client.get(path)).status_code for _ in range(25)} == {200}
        await client.put("/_simulator/throttles", content=b"true")
        assert [(await client.get(path)).status_code for _ in range(21)] == [200] * 20 + [429]


async def test_a_port_that_is_taken_is_an_error(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="Address already in use"):
            async with running(world, lms_port=taken.getsockname()[1]):
                pass


@pytest.mark.parametrize(
    "end",
    [lambda _: os.kill(os.getpid(), signal.SIGTERM), lambda task: task.cancel()],
    ids=["SIGTERM", "cancel"],
)
async def test_serving_ends_cleanly(world: World, end: Callable[[asyncio.Task[None]], object]) -> None:
    started: asyncio.Future[Addresses] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(world, started=started.set_result))
    addresses = await started
    async with client_of(addresses.studio, world) as studio:
        assert await status_of(studio, SOURCE) == 200
        end(task)
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 3)
        for url in (addresses.lms, addresses.studio):
            with pytest.raises(httpx.ConnectError):
                await studio.get(url)
