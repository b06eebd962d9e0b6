"""Import a course on SQLite and tell the peak of memory of this process: `python -m bench.large ARCHIVE`.

It loads no more than an import needs. Limits are as large as the course.
"""

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

import orjson
from sqlalchemy import make_url

from db.engine import open_database
from db.migrate import migrate
from db.store import Author, Store, open_blobs, share
from edx.olx import Limits
from resolvers.content.imports import Rules, Target, import_course
from tests.db.store.conftest import add_runs

ME = Author("bench", "bench")
RULES = Rules(limits=Limits(files=10_000_000))


def memory() -> float:
    """The most that the process had so far, in MB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [peak] = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(peak) / 1024  # unlike the other number it does not begin with that of the process before


async def measure(archive: Path, folder: Path) -> dict[str, float]:
    """Import the archive, and re-run the course."""
    url = make_url(f"sqlite+aiosqlite:///{folder}/large.db")
    await migrate(url)
    database = open_database(url)
    store = Store(database, open_blobs(folder / "blobs"))
    source, rerun = await add_runs(database, "source", "rerun")
    before, began = memory(), time.perf_counter()
    done = await import_course(store, archive, Target(source, ME), rules=RULES)
    seconds, peak = time.perf_counter() - began, memory()
    began = time.perf_counter()
    async with database.writing() as session:
        await share(session, source, rerun, ME)
    again = time.perf_counter() - began
    await database.close()
    return {"files": done.files, "seconds": seconds, "before": before, "peak": peak, "rerun": again}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(orjson.dumps(asyncio.run(measure(Path(sys.argv[1]), Path(place)))).decode())
