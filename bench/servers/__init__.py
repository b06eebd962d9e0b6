"""What is measured: our server, and others that give the same answers to the queries of `bench.queries`.

Each module has `application(url)`, which makes the ASGI application over the database at an address.
"""

from importlib import import_module

from starlette.types import ASGIApp

SERVERS = ("ours", "bare", "naive", "handwritten")


def application(name: str, url: str) -> ASGIApp:
    """The application of one of the servers; what only the others need is not loaded."""
    made: ASGIApp = import_module(f"bench.servers.{name}").application(url)
    return made
