"""Serving until somebody stops the process: Ctrl-C or SIGTERM end it in good order and within bounded time."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from server.connections import Connection, Socket
from server.failures import Failure

GRACE_SECONDS = 10
"""How long requests under way may take to finish once the process is to stop."""

LARGEST_MESSAGE = 512 * 1024
"""Bytes of one WebSocket message that are read at all; the limit on bodies is the sharper one."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class PortTaken(Failure):
    """Another program listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is taken; choose another one")


class NotOurs(Failure):
    """An address at which this machine, or whoever runs the server, cannot listen."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(f"the server cannot listen on port {port} of '{host}': {error.strerror}")


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `port`, or on any free one for 0. Raises PortTaken and NotOurs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from error
        raise NotOurs(host, port, error) from error
    return listener


def url_of(listener: socket.socket) -> str:
    """The address of what listens there, without a slash at its end."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    app: ASGIApp,
    listener: socket.socket,
    on_ready: Callable[[], None],
    on_stop: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve `app` until the process is told to stop.

    `on_ready` is called when requests are answered, and `on_stop` before connections are closed: it ends what would
    hold them open.
    """
    config = uvicorn.Config(
        app,
        http=Connection,
        ws=Socket,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws_max_size=LARGEST_MESSAGE,
    )
    server = _Server(config, on_ready, on_stop)
    with stopping(server.stop):
        await server.serve(sockets=[listener])


@contextlib.contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` when the process is told to stop, for the time of the block."""
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to us: it would raise them again when all is done."""

    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], on_stop: Callable[[], Awaitable[None]] | None
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_stop = on_stop

    def stop(self) -> None:
        """Finish what is under way; the second time, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._on_stop is not None:
            await self._on_stop()
        await super().shutdown(sockets)

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield
