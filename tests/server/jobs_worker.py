"""A worker process with kinds of jobs to try it with, and whoever starts it again when it dies.

`python -m tests.server.jobs_worker URL CONCURRENCY`
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from db.engine import Database
from resolvers.jobs import Handlers, JobContext, Kind, Pace
from server.jobs.running import run_worker
from server.settings import Settings, load

STEPS = Kind(name="STEPS", attempts=40, first_pause=0.01, longest_pause=0.02)
"""Has effects elsewhere in `input.steps` steps; its process is killed once at each point that there is."""

POISON = Kind(name="POISON", attempts=3, first_pause=0.01)
"""Kills its process."""

NOTE = Kind(name="NOTE")
"""Notes in the file `input.path` that it ran, and where."""

PACE = Pace(lease=1.0, beat=0.2, sweep=0.2, look=0.1)


async def steps(context: JobContext) -> list[str]:
    elsewhere = Path(context.input["path"])
    for number in range(1, context.input["steps"] + 1):
        if context.memory.get(f"step{number}") == "done":
            continue
        _die_once(context, f"before{number}")
        if context.memory.get(f"step{number}") is None:
            await context.remember(f"step{number}", "begun")
        _die_once(context, f"begun{number}")
        if not _is_there(elsewhere, number):
            _write(elsewhere, f"step{number}")
        _die_once(context, f"there{number}")
        await context.remember(f"step{number}", "done")
        _die_once(context, f"done{number}")
    return elsewhere.read_text().split()


async def poison(context: JobContext) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def note(context: JobContext) -> None:
    _write(Path(context.input["path"]), f"{context.uuid}:{os.getpid()}")
    await asyncio.sleep(context.input.get("sleep", 0))


HANDLERS: Handlers = {STEPS: steps, POISON: poison, NOTE: note}


@contextlib.asynccontextmanager
async def work(_settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
    yield HANDLERS


def _is_there(elsewhere: Path, number: int) -> bool:
    return elsewhere.exists() and f"step{number}" in elsewhere.read_text().split()


def _write(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")


def _die_once(context: JobContext, point: str) -> None:
    """Kill the process as `kill -9` does, the first time that the work comes here."""
    deaths = Path(context.input["path"] + ".deaths")
    if not deaths.exists() or point not in deaths.read_text().split():
        _write(deaths, point)
        os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, concurrency: int) -> None:
    """Run workers, one after the other, until one ends by itself."""
    settings = load(database_url=url)
    while True:
        child = os.fork()
        if child == 0:
            asyncio.run(run_worker(settings, work, concurrency=concurrency, pace=PACE))
            os._exit(0)
        signal.signal(signal.SIGTERM, lambda *_, child=child: os.kill(child, signal.SIGTERM))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
