"""`collegium simulate`: the simulated Open edX in this process, set up as our settings expect it."""

import asyncio
import sys

from edx.simulator import RATES, UNTHROTTLED, Options, seed_world
from edx.simulator.faults import Fault, Faults, Kind
from edx.simulator.serving import Addresses, serve
from edx.simulator.world import Application
from server.process import listen
from server.settings import Settings

WORKER = "collegium_worker"
"""The staff user of the simulated platform for whom our application acts."""

CLIENT_ID = "collegium"
CLIENT_SECRET = "collegium-development"  # noqa: S105 -- it protects nothing


async def simulate(
    settings: Settings, *, seed: int, latency: float, error_rate: float, throttle: bool, until_input_ends: bool
) -> None:
    """Serve the simulated LMS and Studio until the process is told to stop, or until standard input ends.

    Raises PortTaken.
    """
    for port in (settings.lms_port, settings.studio_port):
        listen(settings.host, port).close()
    world = seed_world(seed)
    secret = settings.lms_client_secret.get_secret_value() if settings.lms_client_secret else CLIENT_SECRET
    client_id = settings.lms_client_id or CLIENT_ID
    world.applications[client_id] = Application(client_id, secret, WORKER)
    serving = asyncio.ensure_future(
        serve(
            world,
            host=settings.host,
            lms_port=settings.lms_port,
            studio_port=settings.studio_port,
            options=_options(settings, throttle=throttle),
            faults=Faults(_faults(latency, error_rate), seed=seed),
            started=_say,
        )
    )
    if until_input_ends:
        await asyncio.wait([serving, asyncio.ensure_future(_input_ended())], return_when=asyncio.FIRST_COMPLETED)
        serving.cancel()
    await asyncio.wait([serving])


def _faults(latency: float, error_rate: float) -> list[Fault]:
    faults = [Fault(Kind.DELAY, seconds=latency)] if latency else []
    return [*faults, Fault(Kind.ERROR, share=error_rate, status=503)] if error_rate else faults


def _options(settings: Settings, *, throttle: bool) -> Options:
    """Options under which the platform signs the tokens that our settings expect."""
    usual = Options()
    return Options(
        jwt_secret=settings.jwt_secret.get_secret_value() if settings.jwt_secret else usual.jwt_secret,
        audience=settings.jwt_audience[0] if settings.jwt_audience else usual.audience,
        issuer=settings.jwt_issuers[0] if settings.jwt_issuers else usual.issuer,
        rates=RATES if throttle else UNTHROTTLED,
    )


async def _input_ended() -> None:
    """Wait until whoever started this process closes its standard input, be it by dying."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


def _say(addresses: Addresses) -> None:
    print(f"LMS {addresses.lms}\nStudio {addresses.studio}", flush=True)  # noqa: T201 -- for whoever started it
