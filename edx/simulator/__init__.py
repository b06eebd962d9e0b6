"""A simulated Open edX: an LMS and Studio over real HTTP, to develop, show and test against."""

from edx.simulator.options import RATES, UNTHROTTLED, Options, Throttle
from edx.simulator.world import World

__all__ = ["RATES", "UNTHROTTLED", "Options", "Throttle", "World"]
