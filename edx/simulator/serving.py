"""Serving: the LMS and Studio of one world over real HTTP, in one process, each at its own port."""

import asyncio
import contextlib
import copy
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from edx.simulator.control import control_app
from edx.simulator.faults import Faults, Faulty
from edx.simulator.lms import lms_app
from edx.simulator.options import Options
from edx.simulator.studio import Jobs, studio_app
from edx.simulator.wire import listening, served, url_of
from edx.simulator.world import World


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the two services listen: base URLs without a slash at the end (`http://127.0.0.1:40123`)."""

    lms: str
    studio: str


async def serve(
    world: World,
    *,
    host: str = "127.0.0.1",
    lms_port: int = 0,
    studio_port: int = 0,
    options: Options | None = None,
    faults: Faults | None = None,
    started: Callable[[Addresses], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT comes or the task is cancelled; port 0 lets the system choose.

    `started` is told the addresses once both services listen. OSError if a port is taken. In the main thread only.
    """
    end = asyncio.Event()
    services = running(world, options, host=host, lms_port=lms_port, studio_port=studio_port, faults=faults)
    with _on_signals(end.set):
        async with services as addresses:
            started(addresses)
            await end.wait()


@contextlib.asynccontextmanager
async def running(
    world: World,
    options: Options | None = None,
    *,
    host: str = "127.0.0.1",
    lms_port: int = 0,
    studio_port: int = 0,
    faults: Faults | None = None,
) -> AsyncIterator[Addresses]:
    """Both services within this event loop, for tests. The world outlives them: enter again for a restart.

    `faults` may be kept by the caller, to set them and to read the requests counted without HTTP.
    """
    options, faults, jobs = options or Options(), faults or Faults(), Jobs()
    control = control_app(faults, clones=lambda: jobs.clones, reset=_return_of(world, jobs))
    with listening(host, lms_port) as lms_socket, listening(host, studio_port) as studio_socket:
        lms, studio = lms_app(world, options), studio_app(world, options, jobs)
        async with (
            served(Faulty(lms, faults, routes=lms.routes, control=control), lms_socket),
            served(Faulty(studio, faults, routes=studio.routes, control=control), studio_socket),
        ):
            yield Addresses(lms=url_of(lms_socket), studio=url_of(studio_socket))


def _return_of(world: World, jobs: Jobs) -> Callable[[], None]:
    """What brings the world back to how it is now."""
    beginning = copy.deepcopy(world)

    def reset() -> None:
        vars(world).update(vars(copy.deepcopy(beginning)))
        jobs.clear()

    return reset


@contextlib.contextmanager
def _on_signals(act: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, act)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
