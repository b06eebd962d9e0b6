"""A simulated Open edX: an LMS and Studio over real HTTP, to develop, show and test against."""

from edx.simulator.faults import Fault, Faults, Kind
from edx.simulator.lms import lms_app
from edx.simulator.options import RATES, UNTHROTTLED, Options, Throttle
from edx.simulator.seed import seed_world
from edx.simulator.serving import Addresses, running, serve
from edx.simulator.studio import Flaw, Jobs, studio_app
from edx.simulator.world import World

__all__ = [
    "RATES",
    "UNTHROTTLED",
    "Addresses",
    "Fault",
    "Faults",
    "Flaw",
    "Jobs",
    "Kind",
    "Options",
    "Throttle",
    "World",
    "lms_app",
    "running",
    "seed_world",
    "serve",
    "studio_app",
]
