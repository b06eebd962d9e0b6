"""Serving until somebody stops the process, in a process of its own."""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import httpx
import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import connect

from server import process

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, sys
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from server import process

process.GRACE_SECONDS = 1
sockets = []

async def wait(request):
    print("asked", flush=True)
    await asyncio.sleep(float(request.query_params["seconds"]))
    return PlainTextResponse("done")

async def follow(socket):
    await socket.accept()
    sockets.append(socket)
    with __import__("contextlib").suppress(Exception):
        await socket.receive()

async def stop():
    for socket in sockets:
        await socket.close(1001)

app = Starlette(routes=[Route("/", wait), WebSocketRoute("/follow", follow)])
listener = process.listen("127.0.0.1", 0)
asyncio.run(process.serve(app, listener, lambda: print(process.url_of(listener), flush=True), stop))
"""


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[tuple[Process, str]]:
    """A server in a process of its own, and its address."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, cwd=ROOT, stdout=PIPE)
    try:
        yield process, await said(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def said(process: Process) -> str:
    """The next line that the process prints."""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return (await process.stdout.readline()).decode().strip()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_request_under_way_is_finished(stop: signal.Signals) -> None:
    async with started() as (process, url), httpx.AsyncClient() as client:
        asking = asyncio.create_task(client.get(url, params={"seconds": 0.5}))
        assert await said(process) == "asked"
        process.send_signal(stop)

        assert (await asking).text == "done"
        assert await process.wait() == 0


async def test_a_request_that_does_not_end_does_not_hold_the_process(capfd: pytest.CaptureFixture[str]) -> None:
    async with started() as (process, url), httpx.AsyncClient() as client:
        asking = asyncio.create_task(client.get(url, params={"seconds": 600}))
        assert await said(process) == "asked"
        process.send_signal(signal.SIGTERM)

        began = monotonic()
        await asyncio.wait_for(process.wait(), 15)
        assert monotonic() - began < 10
        with contextlib.suppress(httpx.HTTPError):
            await asking


async def test_a_second_signal_ends_the_process_at_once() -> None:
    async with started() as (process, url), httpx.AsyncClient() as client:
        asking = asyncio.create_task(client.get(url, params={"seconds": 600}))
        assert await said(process) == "asked"
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)

        await asyncio.wait_for(process.wait(), 5)
        with contextlib.suppress(httpx.HTTPError):
            await asking


async def test_sockets_are_told_that_the_server_goes_and_no_others_are_let_in() -> None:
    async with started() as (process, url):
        async with connect(url.replace("http", "ws", 1) + "/follow", proxy=None) as socket:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(socket.wait_closed(), 5)

            assert socket.close_code == 1001
        assert await asyncio.wait_for(process.wait(), 5) == 0
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(url)


async def test_a_server_that_is_told_to_stop_once_it_answers_ends() -> None:
    said: list[str] = []

    def ready() -> None:
        said.append("ready")
        signal.raise_signal(signal.SIGTERM)

    await process.serve(Starlette(), process.listen("127.0.0.1", 0), ready)
    assert said == ["ready"]


async def test_a_server_that_cannot_begin_never_says_that_it_is_ready() -> None:
    @contextlib.asynccontextmanager
    async def failing(_: Starlette) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    said: list[str] = []
    app = Starlette(lifespan=failing)
    with process.listen("127.0.0.1", 0) as listener, contextlib.suppress(SystemExit):
        await process.serve(app, listener, lambda: said.append("ready"))
    assert said == []


@pytest.mark.parametrize(("host", "reason"), [("192.0.2.1", "[Aa]ssign"), ("999.1.1.1", "known")])
def test_a_host_that_is_not_ours_is_named_and_not_taken_for_a_port_that_is(host: str, reason: str) -> None:
    with pytest.raises(process.NotOurs, match=rf"cannot listen on port 7 of '{host}': .*{reason}"):
        process.listen(host, 7)


async def test_a_server_that_is_told_to_stop_while_it_begins_never_says_that_it_is_ready() -> None:
    @contextlib.asynccontextmanager
    async def stopped(_: Starlette) -> AsyncIterator[None]:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0.05)  # the loop hears of it in its next round
        yield

    said: list[str] = []
    async with asyncio.timeout(10):
        await process.serve(Starlette(lifespan=stopped), process.listen("127.0.0.1", 0), lambda: said.append("ready"))
    assert said == []
