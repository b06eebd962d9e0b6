"""Work that goes on beside something else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable


@contextlib.asynccontextmanager
async def alongside(work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Do `work` for the time of the block; at its end it is canceled, and waited for."""

    async def done() -> None:
        await work()

    task = asyncio.create_task(done())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
