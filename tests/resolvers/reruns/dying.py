"""A worker that is killed again and again: each process dies at the next of the deaths given, the last one lives.

Started as a program with the address of the database, those of the LMS and Studio, and the deaths. Processes are
forked from one that has loaded everything, and end by SIGKILL, as by `kill -9` or when memory runs out.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import select

from db.engine import Database, open_database
from db.tables import Job
from edx.http import OpenEdxHttp
from edx.lms import Lms
from edx.patience import HttpSettings, Try
from edx.studio import Studio
from edx.tokens import Tokens
from resolvers.jobs import Handlers, Pace
from resolvers.reruns import Platform, rerun_handlers
from server.jobs import running as jobs
from server.jobs.running import Work
from server.settings import Settings, load
from tests.resolvers.reruns.conftest import CREDENTIALS, OPEN_END, PATIENCE, QUICK

PACE = Pace(lease=1.5, beat=0.3, sweep=0.25, look=0.2)
RULES = replace(QUICK, lingers=0.2)


class Death:
    """Kills the process before or after a call: `before:studio_clone`, `after:add_mode`; '' never."""

    def __init__(self, when: str) -> None:
        self._when = when

    def strike(self, moment: str) -> None:
        if moment == self._when:
            os.kill(os.getpid(), signal.SIGKILL)

    async def admit(self, operation: str) -> None:
        self.strike(f"before:{operation}")

    def note(self, tried: Try) -> None:
        self.strike(f"after:{tried.operation}")


@asynccontextmanager
async def dying_platform(lms_url: str, studio_url: str, death: Death) -> AsyncIterator[Platform]:
    client_id, secret = CREDENTIALS
    deadly: HttpSettings = replace(PATIENCE, whole=10, read=10, admit=death.admit, on_try=death.note)
    async with (
        Tokens(lms_url, client_id, secret) as tokens,
        OpenEdxHttp(studio_url, authority=tokens, settings=deadly) as studio,
        OpenEdxHttp(lms_url, authority=tokens, settings=deadly) as lms,
    ):
        yield Platform(Studio(studio, clone_seconds=10), Lms(lms), OPEN_END)


async def reruns_until_all_are_over(database_url: str, lms_url: str, studio_url: str, when: str) -> None:
    @asynccontextmanager
    async def work(_settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
        async with dying_platform(lms_url, studio_url, Death(when)) as platform:
            yield rerun_handlers(platform, RULES)

    await work_until_all_is_over(open_database(database_url), work)


async def work_until_all_is_over(database: Database, work: Work) -> None:
    """Work on jobs until there is none left that is not over."""
    unfinished = select(Job.id).where(Job.finished_at.is_(None))
    async with asyncio.timeout(60), jobs.running(load(), database, work, pace=PACE):
        while True:
            async with database.writing() as session:
                if await session.scalar(unfinished) is None:
                    break
            await asyncio.sleep(0.1)
    await database.close()


def one_after_the_other(deaths: Sequence[str], work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
    """Start one process after the other, each of which must die as it was told to, and the last one not at all."""
    for number, when in enumerate([*deaths, ""]):
        if (child := os.fork()) == 0:
            asyncio.run(work(when))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if died is not bool(when):
            sys.exit(f"process {number} was to die at {when!r}: {status}")


if __name__ == "__main__":
    one_after_the_other(sys.argv[4:], partial(reruns_until_all_are_over, *sys.argv[1:4]))
