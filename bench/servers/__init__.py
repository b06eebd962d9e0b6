"""What is measured: our server, and two others that give the same answers to the queries of `bench.queries`."""

from collections.abc import Callable, Mapping

from starlette.types import ASGIApp

from bench.servers import handwritten, naive, ours

SERVERS: Mapping[str, Callable[[str], ASGIApp]] = {
    "ours": ours.application,
    "naive": naive.application,
    "handwritten": handwritten.application,
}
"""By name, what makes the ASGI application over the database at an address."""
