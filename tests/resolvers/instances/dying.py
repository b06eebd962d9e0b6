"""A worker that is killed again and again over a push: each process dies at the next of the deaths given.

Started as a program with the address of the database, the folder of blobs, the addresses of the LMS and Studio, and the
deaths. Processes are forked from one that has loaded everything, and end by SIGKILL.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from db.engine import Database, open_database
from db.store import Store, open_blobs
from db.tables import Job
from resolvers.content.load import Courses
from resolvers.instances.pushing import PUSH, pushing
from resolvers.jobs import Handlers, Pace
from server.jobs import running as jobs
from server.settings import Settings, load
from tests.resolvers.instances.conftest import PATIENCE, QUICK, hosted
from tests.resolvers.reruns.dying import Death

PACE = Pace(lease=1.5, beat=0.3, sweep=0.25, look=0.2)


async def work_until_all_is_over(database_url: str, blobs: str, lms_url: str, studio_url: str, when: str) -> None:
    death = Death(when)
    deadly = replace(PATIENCE, whole=10, read=10, admit=death.admit, on_try=death.note)
    database = open_database(database_url)
    courses = Courses(Store(database, open_blobs(Path(blobs))))

    @asynccontextmanager
    async def work(_settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
        async with hosted(lms_url, studio_url, deadly) as host:
            yield {PUSH: pushing({"partner": host}, courses, QUICK)}

    unfinished = select(Job.id).where(Job.finished_at.is_(None))
    async with asyncio.timeout(60), jobs.running(load(), database, work, pace=PACE):
        while True:
            async with database.writing() as session:
                if await session.scalar(unfinished) is None:
                    break
            await asyncio.sleep(0.1)
    await database.close()


def main(database_url: str, blobs: str, lms_url: str, studio_url: str, *deaths: str) -> None:
    """Start one process after the other; each must die as it was told to."""
    for number, when in enumerate([*deaths, ""]):
        if (child := os.fork()) == 0:
            asyncio.run(work_until_all_is_over(database_url, blobs, lms_url, studio_url, when))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if died is not bool(when):
            sys.exit(f"process {number} was to die at {when!r}: {status}")


if __name__ == "__main__":
    main(*sys.argv[1:])
