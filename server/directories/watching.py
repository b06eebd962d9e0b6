"""Synchronizing directories again and again, for as long as a process runs."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from db.errors import DatabaseError
from resolvers.directories.changes import LibraryPlan
from resolvers.directories.report import as_json
from server.directories.commands import problem_of
from server.process import stopping

PAUSE = 2.0
REST = 4
"""How many times as long as a synchronization takes there is none after it: they take a fifth of the time at most."""


async def watch(
    synchronize: Callable[[], Awaitable[Sequence[LibraryPlan]]],
    show: Callable[[Sequence[LibraryPlan]], None],
    warn: Callable[[str], None],
) -> None:
    """Synchronize until the process is told to stop; show what is changed, and each problem once.

    A database that does not answer is warned of, and tried again.
    """
    is_over, last = asyncio.Event(), ""
    with stopping(is_over.set):
        while not is_over.is_set():
            began, said = time.monotonic(), ""
            try:
                plans = await synchronize()
                said = news(plans)
                if said not in {"", last}:
                    show(plans)
            except DatabaseError as error:
                said = str(error)
                if said != last:
                    warn(said)
            last = said
            await pause(is_over, max(PAUSE, REST * (time.monotonic() - began)))


def news(plans: Sequence[LibraryPlan]) -> str:
    """What was changed, or what is wrong; empty where there is nothing to say."""
    is_changed = any(site.changes_anything for plan in plans for site in plan.sites)
    return as_json(plans) if is_changed or problem_of(plans) else ""


async def pause(is_over: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until it is over."""
    try:
        async with asyncio.timeout(seconds):
            await is_over.wait()
    except TimeoutError:
        return
