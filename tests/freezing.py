"""A way to a server on which nothing passes any more at a word, as on a network that is cut: nobody is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import URL


class Way:
    """What leads to the server at `url`, by an address of its own while it is open."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._passing = asyncio.Event()
        self._passing.set()
        self._target = url.host, url.port
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let connections pass for the time of the block."""
        server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        self.url = self.url.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def freeze(self) -> None:
        """Let nothing pass, nor tell anybody."""
        self._passing.clear()

    def thaw(self) -> None:
        """Let pass what is there, and all that comes."""
        self._passing.set()

    async def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        for source, target in ((reader, back), (there, writer)):
            self._tasks.add(asyncio.create_task(self._pass_on(source, target)))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                while data := await source.read(2**16):
                    await self._passing.wait()
                    target.write(data)
                    await target.drain()
        finally:
            target.close()
