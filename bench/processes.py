"""Processes that are measured and that measure: each on one core of its own, as far as there are two."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.load import Order, Sample

MEGABYTE = 1024 * 1024
SERVER, LOAD = 0, 1
"""Places among the cores that this process may use."""


class DidNotStart(Exception):
    """A server that ended, or said nothing, instead of giving its address."""


@dataclass(frozen=True)
class Server:
    """A server that runs: its address, and its process."""

    url: str
    pid: int

    def rss_mb(self) -> float | None:
        """Its resident memory in units of 2²⁰ bytes, or None where the system does not tell."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except OSError:
            return None
        return round(pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE, 1)


@contextmanager
def serving(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Run a server, which prints its address when it is ready, for the time of the block. Raises DidNotStart."""
    with log.open("wb") as errors, _process(command, SERVER, environment, errors.fileno()) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        if not url.startswith("http"):
            raise DidNotStart(f"{command} said {url!r}; see {log}")
        yield Server(url, process.pid)


class Load:
    """The process that makes load."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def measure(self, order: Order) -> Sample:
        """Carry out an order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps(order) + b"\n")
        self._process.stdin.flush()
        return Sample(**orjson.loads(self._process.stdout.readline()))


@contextmanager
def load() -> Iterator[Load]:
    """The process that makes load, for the time of the block."""
    with _process([sys.executable, "-m", "bench.load"], LOAD, os.environ, None) as process:
        yield Load(process)


@contextmanager
def _process(
    command: list[str], place: int, environment: Mapping[str, str], errors: int | None
) -> Iterator[subprocess.Popen[bytes]]:
    with _kept_to(place):
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def _kept_to(place: int) -> Iterator[None]:
    """Keep what starts within the block to one core, where the system can and there is more than one."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:  # noqa: PLR2004 -- one for each place
        yield
        return
    os.sched_setaffinity(0, {cores[place]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
