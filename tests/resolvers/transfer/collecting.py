"""A program that collects garbage without a pause until its standard input ends, and prints how often it did.

`python -m tests.resolvers.transfer.collecting URL FOLDER SECONDS`, which is how long imports lease what they store.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from db.engine import open_database
from db.errors import DatabaseBusy
from db.store import Retention, Store, collect, open_blobs

NOTHING = Retention(age=timedelta(0), newest=0, grace=timedelta(0))


async def main(url: str, folder: Path, seconds: float) -> None:
    database = open_database(url)
    store = Store(database, open_blobs(folder), lease=timedelta(seconds=seconds))
    ends = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    count = removed = 0
    while not ends.done():
        try:
            done = await collect(store, NOTHING)
        except DatabaseBusy:
            continue
        count, removed = count + 1, removed + done.nodes + done.blobs
        await asyncio.sleep(0.02)
    await database.close()
    sys.stdout.write(f"{count} {removed}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
