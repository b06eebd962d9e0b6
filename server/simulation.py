"""`collegium simulate`: the simulated Open edX in this process, set up as our settings expect it."""

import asyncio
import sys
from datetime import datetime
from typing import Any

from edx.simulator import RATES, UNTHROTTLED, Options, seed_world
from edx.simulator.faults import Fault, Faults, Kind
from edx.simulator.seed import CLIENT_ID, CLIENT_SECRET, SERVICE_USER
from edx.simulator.serving import Addresses, serve
from edx.simulator.world import Application, World
from server.process import listen
from server.settings import Settings


async def simulate(
    settings: Settings,
    *,
    seed: int,
    latency: float,
    error_rate: float,
    silence_rate: float,
    throttle: bool,
    now: datetime | None,
    until_input_ends: bool,
) -> None:
    """Serve the simulated LMS and Studio until the process is told to stop, or until standard input ends.

    Raises PortTaken.
    """
    for port in (settings.lms_port, settings.studio_port):
        listen(settings.host, port).close()
    serving = serve(
        _world(settings, seed, now),
        host=settings.host,
        lms_port=settings.lms_port,
        studio_port=settings.studio_port,
        options=_options(settings, throttle=throttle),
        faults=Faults(_faults(latency, error_rate, silence_rate), seed=seed),
        started=_say,
    )
    if until_input_ends:
        await _until_input_ends(asyncio.ensure_future(serving))
    else:
        await serving


def _world(settings: Settings, seed: int, now: datetime | None) -> World:
    """The seeded world, in which our application has the credentials of the settings, where they have any."""
    world = seed_world(seed, now=now)
    secret = settings.lms_client_secret.get_secret_value() if settings.lms_client_secret else CLIENT_SECRET
    world.add_application(Application(settings.lms_client_id or CLIENT_ID, secret, SERVICE_USER))
    return world


def _faults(latency: float, error_rate: float, silence_rate: float) -> list[Fault]:
    faults = [
        (latency, Fault(Kind.DELAY, seconds=latency)),
        (error_rate, Fault(Kind.ERROR, share=error_rate, status=503)),
        (silence_rate, Fault(Kind.NEVER, share=silence_rate)),
    ]
    return [fault for measure, fault in faults if measure]


def _options(settings: Settings, *, throttle: bool) -> Options:
    """Options under which the platform signs the tokens that our settings expect."""
    usual = Options()
    return Options(
        jwt_secret=settings.jwt_secret.get_secret_value() if settings.jwt_secret else usual.jwt_secret,
        audience=settings.jwt_audience[0] if settings.jwt_audience else usual.audience,
        issuer=settings.jwt_issuers[0] if settings.jwt_issuers else usual.issuer,
        rates=RATES if throttle else UNTHROTTLED,
    )


async def _until_input_ends(serving: asyncio.Future[None]) -> None:
    """Wait for the end of `serving`, and bring it about when whoever started us closes our input, be it by dying."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    input_ended = asyncio.ensure_future(reader.read())
    ends: list[asyncio.Future[Any]] = [serving, input_ended]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        input_ended.cancel()
        serving.result()
    else:
        serving.cancel()
        await asyncio.wait([serving])


def _say(addresses: Addresses) -> None:
    print(f"LMS {addresses.lms}\nStudio {addresses.studio}", flush=True)  # noqa: T201 -- for whoever started it
