"""Studio: course runs made, changed, rerun and cloned, and archives imported into them and exported."""

from starlette.applications import Starlette

from edx.simulator.auth import Site, Throttles
from edx.simulator.options import Options
from edx.simulator.service import service
from edx.simulator.studio.imports import import_route
from edx.simulator.studio.jobs import Flaw, Jobs
from edx.simulator.studio.pages import pages
from edx.simulator.studio.runs import Runs
from edx.simulator.studio.views import course_run_routes
from edx.simulator.world import World

__all__ = ["Flaw", "Jobs", "studio_app"]


def studio_app(world: World, options: Options, jobs: Jobs | None = None, *, lms: str = "") -> Starlette:
    """Studio of a world, and of the LMS at an address. `jobs` may be kept by the caller, to read what was asked for."""
    jobs = jobs or Jobs()
    site = Site(world, options, Throttles(options))
    return service([*course_run_routes(site, Runs(world, jobs)), import_route(site, jobs), *pages(site, jobs, lms)])
