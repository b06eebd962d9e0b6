"""The wire: listening sockets, and applications served at them within the running event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edx.simulator.faults import CONNECTION

LONGEST_SHUTDOWN = 1
"""Seconds that answers under way (a fault may make them last for ever) are waited for at the end."""


BACKLOG = 2048


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket at host and port, closed at the end; port 0 lets the system choose. OSError if it is taken.

    The protocol is named, for only then does asyncio set TCP_NODELAY on its connections.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        yield sock


def url_of(sock: socket.socket) -> str:
    """The base URL of what is served at a socket, without a slash at the end."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def served(*sites: tuple[ASGIApp, socket.socket]) -> AsyncIterator[None]:
    """Serve applications, each at its socket; at the end answers under way have `LONGEST_SHUTDOWN` seconds."""
    servers = [_Server(_config(app)) for app, _ in sites]
    tasks = [asyncio.create_task(server.serve([sock])) for server, (_, sock) in zip(servers, sites, strict=True)]
    try:
        await asyncio.gather(*(server.listening.wait() for server in servers))
        yield
    finally:
        for server in servers:
            server.end()
        await asyncio.gather(*tasks)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=LONGEST_SHUTDOWN,
    )


class _Server(uvicorn.Server):
    """A server that tells when it listens, ends when told to, and leaves signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._ending = asyncio.Event()

    def end(self) -> None:
        self.should_exit = True
        self._ending.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # which sets the header Date, hence once a second
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), 1)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Protocol(HttpToolsProtocol):
    """HTTP whose requests know their connection, so that a fault can cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][CONNECTION] = self.transport
