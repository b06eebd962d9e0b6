"""The load: requests over a number of keep-alive connections, each sent when the one before it was answered.

It runs in a process of its own, `python -m bench.load`, which takes orders as lines of JSON and answers each with one.
It speaks just as much HTTP/1.1 as is needed, so that it costs little beside what is measured.
"""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import orjson
import uvloop
from typing_extensions import override

END_OF_HEAD = b"\r\n\r\n"
OK = b"HTTP/1.1 200 "
LENGTH = b"\r\ncontent-length:"


class BadAnswer(Exception):
    """An answer that is not the one that was checked before."""


@dataclass(frozen=True)
class Order:
    """What to do: send `bodies` in turn to `url` over `connections` for `seconds`, and await answers of `lengths`."""

    url: str
    headers: Mapping[str, str]
    bodies: Sequence[str]
    lengths: Sequence[int]
    connections: int
    seconds: float


@dataclass(frozen=True)
class Sample:
    """What came of it: answers, how many a second, and the milliseconds that 50 % and 99 % of them took at most."""

    answers: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float


class Load:
    """One order while it is carried out."""

    def __init__(self, order: Order) -> None:
        parts = urlsplit(order.url)
        self._address = parts.hostname or "", parts.port or 80
        head = f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in order.headers.items())
        requests = [f"{head}content-length: {len(body.encode())}\r\n\r\n{body}".encode() for body in order.bodies]
        self.requests = cycle(zip(requests, order.lengths, strict=True))
        self.seconds: list[float] = []
        self.done = asyncio.get_running_loop().create_future()
        self._order = order
        self._working = order.connections
        self.deadline = 0.0

    async def run(self) -> Sample:
        """Carry it out. Raises BadAnswer, and OSError when the server is not there."""
        loop = asyncio.get_running_loop()
        connections = [
            (await loop.create_connection(lambda: Connection(self), *self._address))[1]
            for _ in range(self._order.connections)
        ]
        start = time.perf_counter()
        self.deadline = start + self._order.seconds
        for connection in connections:
            connection.ask()
        await self.done
        elapsed = time.perf_counter() - start
        self.seconds.sort()
        count = len(self.seconds)
        p50, p99 = (round(self.seconds[min(int(count * part), count - 1)] * 1000, 3) for part in (0.5, 0.99))
        return Sample(count, round(count / elapsed, 2), p50, p99)

    def finish(self) -> None:
        """One connection has no more to do."""
        self._working -= 1
        if not self._working and not self.done.done():
            self.done.set_result(None)

    def fail(self, problem: str) -> None:
        """Give up."""
        if not self.done.done():
            self.done.set_exception(BadAnswer(problem))


class Connection(asyncio.Protocol):
    """One connection, which asks again and again until the deadline."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._head = b""
        self._missing: int | None = None
        self._length = 0
        self._asked = 0.0
        self._is_finished = False

    @override
    def connection_made(self, transport: Any) -> None:  # uvloop's is no asyncio.Transport
        self._transport = transport

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self._is_finished:
            self._load.fail(f"the server closed a connection: {exc}")

    def ask(self) -> None:
        """Send the next request."""
        request, self._length = next(self._load.requests)
        self._asked = time.perf_counter()
        self._transport.write(request)

    @override
    def data_received(self, data: bytes) -> None:
        if self._missing is None:
            self._head += data
            end = self._head.find(END_OF_HEAD)
            if end < 0:
                return
            self._missing = self._body_length(self._head[:end]) + end + len(END_OF_HEAD) - len(self._head)
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self._answered()

    def _body_length(self, head: bytes) -> int:
        found = head.lower().partition(LENGTH)[2].partition(b"\r\n")[0]
        if not head.startswith(OK) or int(found or -1) != self._length:
            self._load.fail(f"expected a body of {self._length} bytes after: {head.decode('latin-1')}")
            self._transport.abort()
        return self._length

    def _answered(self) -> None:
        now = time.perf_counter()
        self._load.seconds.append(now - self._asked)
        self._head, self._missing = b"", None
        if now < self._load.deadline:
            self.ask()
        else:
            self._is_finished = True
            self._load.finish()
            self._transport.abort()


async def measure(order: Order) -> Sample:
    """Carry out an order."""
    return await Load(order).run()


def main() -> None:
    for line in sys.stdin.buffer:
        sample = uvloop.run(measure(Order(**orjson.loads(line))))
        print(orjson.dumps(sample).decode(), flush=True)


if __name__ == "__main__":
    main()
