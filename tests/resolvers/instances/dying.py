"""A worker that is killed again and again over a push: each process dies at the next of the deaths given.

Started as a program with the address of the database, the folder of blobs, the addresses of the LMS and Studio, and the
deaths. Processes are forked from one that has loaded everything, and end by SIGKILL.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from db.engine import Database, open_database
from db.store import Store, open_blobs
from resolvers.content.load import Courses
from resolvers.instances.pushing import PUSH, pushing
from resolvers.jobs import Handlers
from server.settings import Settings
from tests.resolvers.instances.conftest import PATIENCE, QUICK, hosted
from tests.resolvers.reruns.dying import Death, one_after_the_other, work_until_all_is_over


async def pushes_until_all_are_over(database_url: str, blobs: str, lms_url: str, studio_url: str, when: str) -> None:
    death = Death(when)
    deadly = replace(PATIENCE, whole=10, read=10, admit=death.admit, on_try=death.note)
    database = open_database(database_url)
    courses = Courses(Store(database, open_blobs(Path(blobs))))

    @asynccontextmanager
    async def work(_settings: Settings, _database: Database) -> AsyncIterator[Handlers]:
        async with hosted(lms_url, studio_url, deadly) as host:
            yield {PUSH: pushing({"partner": host}, courses, QUICK)}

    await work_until_all_is_over(database, work)


if __name__ == "__main__":
    one_after_the_other(sys.argv[5:], partial(pushes_until_all_are_over, *sys.argv[1:5]))
