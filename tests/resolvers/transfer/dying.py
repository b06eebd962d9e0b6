"""A program that works on the job of an import again and again, each time killed one step later, and looks after each.

`python -m tests.resolvers.transfer.dying URL FOLDER JOB RUN STRIDE` prints how often it was killed, and `done`.
"""

import os
import signal
import sys
from pathlib import Path

import orjson
from sqlalchemy import select, update

from db.engine import open_database
from db.store import Store, UnknownVersion, head_of, history, open_blobs, verify
from db.tables import Job, JobState
from resolvers.content.nodes import write
from resolvers.content.uploads import Uploads
from resolvers.jobs import Runner
from resolvers.transfer.asking import IMPORT
from resolvers.transfer.importing import DONE, importing
from tests.edx.olx.twins import COURSE, parsed
from tests.resolvers.content.dying import Countdown, alone
from tests.resolvers.jobs.sample import FAST

CHANGED = {**COURSE, "problem/sum.xml": b"<problem>2</problem>", "static/new.png": b"new"}
BEFORE, AFTER = write(parsed(COURSE).course).root, write(parsed(CHANGED).course).root
MOST = 150


async def attempt(url: str, folder: Path, uuid: str, run: int, steps: int) -> None:
    """See that nothing was lost and nothing is half done, then make an attempt that ends at a step."""
    database = open_database(url)
    store = Store(database, open_blobs(folder))
    await look(store, uuid, run)
    async with database.writing() as session:  # as the sweep does with what nobody holds
        values = {"state": JobState.QUEUED, "lease_until": None, "not_before": None, "max_attempts": 1000}
        await session.execute(update(Job).where(Job.uuid == uuid).values(values))
    runner = Runner(database, {IMPORT: importing(store, Uploads(store), 60)}, FAST)
    Countdown(database, steps)
    held = await runner.take(uuid=uuid)
    assert held is not None
    await runner.run(held)
    await database.close()


async def look(store: Store, uuid: str, run: int, *, is_over: bool = False) -> None:
    """The run has the one content or the other, whole, and the job knows which; the history tells of nothing else."""
    head = await head_of(store, run)
    async with store.database.writing() as session:
        job = await session.scalar(select(Job).where(Job.uuid == uuid))
        versions = [entry.version for entry in await history(session, run)]
    assert job is not None
    assert head is not None
    is_done = DONE in orjson.loads(job.memory)
    assert head.root == (AFTER if is_done else BEFORE), "the content changed, and the job does not know, or not so"
    assert versions == ([AFTER, BEFORE] if is_done else [BEFORE])
    assert [str(fault) async for fault in verify(store, [head.root, head.frame])] == []
    if not is_done:
        try:
            await head_of(store, run, AFTER)
        except UnknownVersion:
            return
        raise AssertionError("half an import can be seen")
    if is_over:
        assert job.state is JobState.SUCCEEDED
        assert orjson.loads(job.result or "")["changed"] is True


async def finally_(url: str, folder: Path, uuid: str, run: int) -> None:
    database = open_database(url)
    await look(Store(database, open_blobs(folder)), uuid, run, is_over=True)
    await database.close()


def main(url: str, folder: Path, uuid: str, run: int, stride: int) -> None:
    for number, steps in enumerate(range(1, MOST, stride)):
        status = alone(attempt(url, folder, uuid, run, steps))
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert was_killed or status == 0, f"the attempt ended with {status} at step {steps}"
        if not was_killed:
            assert alone(finally_(url, folder, uuid, run)) == 0
            sys.stdout.write(f"{number} done\n")
            return
    raise AssertionError("the import never ends")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
