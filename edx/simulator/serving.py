"""Serving: the LMS and Studio of one world over real HTTP, in one process, each at its own port."""

import asyncio
import contextlib
import pickle
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from edx.simulator.control import control_app
from edx.simulator.faults import Faults, Faulty
from edx.simulator.lms import lms_app
from edx.simulator.options import UNTHROTTLED, Options
from edx.simulator.studio import Jobs, studio_app
from edx.simulator.wire import listening, served, url_of
from edx.simulator.world import Certificate, World

LAST = datetime.max.replace(tzinfo=UTC)


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
    jobs: Jobs | None = None,
    started: Callable[[Addresses], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT comes or the task is cancelled; port 0 lets the system choose.

    `started` is told the addresses once both services listen. OSError if a port is taken. In the main thread only.
    """
    end = asyncio.Event()
    services = running(world, options, host=host, lms_port=lms_port, studio_port=studio_port, faults=faults, jobs=jobs)
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
    jobs: Jobs | None = None,
) -> AsyncIterator[Addresses]:
    """Both services within this event loop, for tests. The world outlives them: enter again for a restart.

    `faults` (with the requests counted) and `jobs` (with the clones counted) may be kept by the caller, to set and
    read them without HTTP; by default each start has its own. OSError if a port is taken.
    """
    options, faults, jobs = options or Options(), faults or Faults(), jobs or Jobs()
    with listening(host, lms_port) as lms_socket, listening(host, studio_port) as studio_socket:
        services = _Services(world, options, faults, jobs, url_of(lms_socket))
        async with served((services.lms, lms_socket), (services.studio, studio_socket)):
            yield Addresses(lms=url_of(lms_socket), studio=url_of(studio_socket))


class _Services:
    """The two applications with the faults around them, and what brings all back to how it was at first."""

    def __init__(self, world: World, options: Options, faults: Faults, jobs: Jobs, lms: str) -> None:
        self._world, self._options, self._jobs, self._lms = world, options, jobs, lms
        self._beginning = pickle.dumps(world)
        control = control_app(
            faults, cloning=jobs, importing=jobs, reset=self.reset, throttle=self.throttle, take=self.take
        )
        self.lms = Faulty(lms_app(world, options), faults, control=control)
        self.studio = Faulty(studio_app(world, options, jobs, lms=lms), faults, control=control)

    def reset(self) -> None:
        """The world as it was, no jobs, and throttles as in the options that have counted nothing."""
        vars(self._world).update(vars(pickle.loads(self._beginning)))  # noqa: S301  # bytes of our own making
        self._jobs.clear()
        self._begin(self._options)

    def take(self, *, username: str, course_id: str, mode: str, has_passed: bool = False) -> None:
        """Have a user enrolled in a run, and certified if they passed. Raises KeyError for who or what there is not."""
        user, run = self._world.users[username], self._world.runs[course_id]
        at = min(datetime.fromtimestamp(self._options.clock(), UTC), run.end or LAST) - timedelta(days=1)
        self._world.enroll(user.username, run.id, at, mode=mode)
        if has_passed:
            uuid = uuid5(NAMESPACE_URL, f"{username} {course_id}").hex
            url = f"/certificates/{uuid}"
            self._world.certify(Certificate(username, run.id, mode, at, at, uuid, "0.93", download_url=url))

    def throttle(self, *, on: bool) -> None:
        """Throttle as the options say, or not at all; either way what was counted is forgotten."""
        self._begin(self._options if on else replace(self._options, rates=UNTHROTTLED))

    def _begin(self, options: Options) -> None:
        self.lms.app = lms_app(self._world, options)
        self.studio.app = studio_app(self._world, options, self._jobs, lms=self._lms)


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
