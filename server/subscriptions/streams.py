"""The streams that are open in this process, and why one ends before its client or its operation ends it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import NoReturn

from server.subscriptions.limits import StreamLimits


class End(Enum):
    """Why a stream ends."""

    GONE = auto()
    """The client is no longer there."""

    IDLE = auto()
    """Nothing happened on it for too long."""

    LIFETIME = auto()
    """It was open for as long as one may be."""

    STOPPING = auto()
    """The server stops."""

    DONE = auto()
    """All is said."""


class Ended(Exception):
    """A stream is at its end."""

    def __init__(self, end: End) -> None:
        super().__init__(end.name)
        self.end = end


class TooManyStreams(Exception):
    """The process has as many streams open as it may, or is about to stop."""


class Streams:
    """The open streams of one process. All of them end when it `close`s them."""

    def __init__(self, limits: StreamLimits | None = None) -> None:
        self.limits = limits or StreamLimits()
        self.open = 0
        self._stopping = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Count one stream for the time of the block. Raises TooManyStreams."""
        if self._stopping.is_set() or self.open >= self.limits.connections:
            raise TooManyStreams
        self.open += 1
        self._empty.clear()
        try:
            yield
        finally:
            self.open -= 1
            if self.open == 0:
                self._empty.set()

    async def watch(self, check: Callable[[], object]) -> NoReturn:
        """Raise Ended when a stream that begins now has to end, or whatever `check`, called often, raises."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.limits.lifetime
        while (left := end - loop.time()) > 0:
            check()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), min(left, self.limits.check))
                raise Ended(End.STOPPING)
        raise Ended(End.LIFETIME)

    async def close(self) -> None:
        """End all streams, open no more, and wait until clients were told, but not for longer than the grace."""
        self._stopping.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), self.limits.grace)
