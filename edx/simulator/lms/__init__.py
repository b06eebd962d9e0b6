"""The simulated LMS: tokens, organizations, courses, enrollments, certificates, courseware and course modes."""

from starlette.applications import Starlette

from edx.simulator.auth import Site, Throttles
from edx.simulator.lms import (
    certificates,
    courses,
    courseware,
    enrollment,
    enrollments,
    modes,
    oauth,
    organizations,
    sessions,
)
from edx.simulator.options import Options
from edx.simulator.service import service
from edx.simulator.world import World


def lms_app(world: World, options: Options) -> Starlette:
    """The LMS over a world, which it may change (organizations, course modes, opaque tokens)."""
    site = Site(world, options, Throttles(options))
    parts = (oauth, sessions, organizations, courses, courseware, enrollments, enrollment, certificates, modes)
    return service(route for part in parts for route in part.routes(site))
