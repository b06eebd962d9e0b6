"""A program that imports an archive again and again, each time killed one step later, and checks after each death.

`python -m tests.resolvers.content.dying URL FOLDER RUN` prints how often it was killed, and `done`.
"""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import obstore
from sqlalchemy import event

from db.engine import Database, open_database
from db.store import Author, Store, UnknownVersion, head_of, open_blobs, verify
from resolvers.content.imports import Target, import_course
from resolvers.content.nodes import write
from tests.edx.olx.twins import COURSE, parsed, tarred

CHANGED = {**COURSE, "problem/sum.xml": b"<problem>2</problem>", "static/new.png": b"new", "README": b"read"}
MOST = 60


class Countdown:
    """Kills the process at the last of so many steps: a statement, or an object before or after it is written."""

    def __init__(self, database: Database, steps: int) -> None:
        self.steps = steps
        event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *_: self.step())
        event.listen(database.engine.sync_engine, "commit", lambda *_: self.step())
        put = obstore.put_async

        async def counted(*given: Any, **named: Any) -> Any:
            self.step()
            result = await put(*given, **named)
            self.step()
            return result

        obstore.put_async = counted

    def step(self) -> None:
        self.steps -= 1
        if self.steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def change(url: str, folder: Path, run: int, steps: int) -> None:
    database = open_database(url)
    Countdown(database, steps)
    await import_course(Store(database, open_blobs(folder)), tarred(CHANGED), Target(run, Author("ada")))
    await database.close()


async def check(url: str, folder: Path, run: int, *, is_done: bool) -> None:
    """The run has the one content or the other, whole, and its history tells of nothing else."""
    database = open_database(url)
    store = Store(database, open_blobs(folder))
    before, after = write(parsed(COURSE).course).root, write(parsed(CHANGED).course).root
    head = await head_of(store, run)
    assert head is not None
    assert head.root == (after if is_done else before), "the content changed before the import was over"
    assert [str(fault) async for fault in verify(store, [head.root, head.frame])] == []
    if not is_done:
        try:
            await head_of(store, run, after)
        except UnknownVersion:
            pass
        else:
            raise AssertionError("half an import can be seen")
    await database.close()


def alone(work: Coroutine[Any, Any, None]) -> int:
    """How a process of its own ends that does this: threads of libraries do not survive a fork."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(work)
        except BaseException:  # noqa: BLE001 -- its exit code tells
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    work.close()
    return os.waitpid(child, 0)[1]


def main(url: str, folder: Path, run: int) -> None:
    for steps in range(1, MOST):
        status = alone(change(url, folder, run, steps))
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert was_killed or status == 0, f"the import ended with {status} at step {steps}"
        assert alone(check(url, folder, run, is_done=not was_killed)) == 0
        if not was_killed:
            sys.stdout.write(f"{steps - 1} done\n")
            return
    raise AssertionError("the import never ends")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
