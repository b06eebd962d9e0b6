"""Kinds of jobs to try the engines with, and what does their work."""

import asyncio

from resolvers.jobs import Handlers, JobContext, JobFailed, Kind, Pace, Postponed, TryAgain

FAST = Pace(lease=2.0, beat=0.3, sweep=0.2, look=0.05)

COUNT = Kind(name="COUNT", attempts=3, first_pause=0.01, longest_pause=0.02)
"""Counts to `input.to`, remembering each number; fails as its input says."""

OTHER = Kind(name="OTHER", queue="other", attempts=3, first_pause=0.01)
SLOW = Kind(name="SLOW", attempts=2, first_pause=0.01, time_limit=0.05)
"""Never ends by itself."""


async def count(context: JobContext) -> dict[str, int]:
    to = int(context.input.get("to", 3))
    for number in range(int(context.memory.get("number", 0)) + 1, to + 1):
        await context.advance("COUNTING", number - 1, to, f"number {number}")
        await _fail(context)
        await asyncio.sleep(context.input.get("sleep", 0))
        await context.remember("number", number)
    return {"number": to, "attempt": context.attempt}


async def _fail(context: JobContext) -> None:
    how = context.input.get("fail")
    if how == "fatal":
        raise JobFailed("BROKEN", "it cannot be counted")
    if how == "transient" and context.attempt <= context.input.get("times", 99):
        raise TryAgain("BUSY", "the numbers are busy")
    if how == "postponed" and "postponed" not in context.memory:
        await context.remember("postponed", value=True)
        raise Postponed("CLOSED", "the numbers are closed", after=0.05)
    if how == "fault":
        raise RuntimeError("secret: nobody foresaw this")


async def forever(context: JobContext) -> None:
    await asyncio.sleep(3600)


HANDLERS: Handlers = {COUNT: count, OTHER: count, SLOW: forever}
