"""Two hundred runs made in a simulated Open edX on a bad day: `python -m bench.reruns`, with `-h` for what can be set.

Answers take 300 ms; of the calls 5 % fail, half of them though what was asked for is done, and 2 % are not answered in
time. Prints, for each database, how long it took, how often was called and cloned, and what became of the runs.
"""

import argparse
import asyncio
import logging
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import structlog
from sqlalchemy import URL, make_url, select

from db.engine import Database, open_database
from db.migrate import migrate
from db.tables import Rerun
from edx.simulator import UNTHROTTLED, Fault, Faults, Kind, Options, running
from server.jobs import running as jobs
from server.settings import Settings, load
from tests.conftest import execute
from tests.postgresql import postgresql
from tests.resolvers.reruns.conftest import CREDENTIALS, Edx, a_world
from tests.resolvers.reruns.planned import over, plan, request

CLONES = "/api/v1/course_runs/clone/"
NAME = "collegium_bench_reruns"


def bad_day(latency: float, clone_timeout: float) -> list[Fault]:
    """The faults: a clone that is late ends after its client has given up."""
    return [
        Fault(Kind.DELAY, seconds=latency),
        Fault(Kind.DELAY, path=CLONES, share=0.02, seconds=clone_timeout + 2),
        Fault(Kind.NEVER, method="GET", path="/api/", share=0.02),
        Fault(Kind.NEVER, method="PATCH", path="/api/", share=0.02),
        Fault(Kind.ERROR, path="/api/", share=0.025, status=503),
        Fault(Kind.BROKEN, path="/api/", share=0.025, status=500),
    ]


async def measure(url: URL, given: argparse.Namespace) -> str:
    """Make the runs in the database at an address, and tell how it went."""
    await migrate(url)
    database = open_database(url)
    async with bad_edx(given) as edx:
        client_id, secret = CREDENTIALS
        settings = load(
            database_url=url.render_as_string(hide_password=False), clone_timeout=given.clone_timeout,
            lms_url=edx.lms, studio_url=edx.studio, lms_client_id=client_id, lms_client_secret=secret,
        )  # fmt: skip
        seconds = await made(database, settings, given)
        async with database.writing() as session:
            states = Counter(await session.scalars(select(Rerun.state)))
    await database.close()
    calls = sum(edx.faults.requests.values())
    twice = sum(count > 1 for count in edx.jobs.copies.values())
    ended = ", ".join(f"{count} {state}" for state, count in states.items())
    return f"{seconds:.0f} s; {calls} calls, {sum(edx.jobs.clones.values())} clones asked for; {ended}; {twice} twice"


async def made(database: Database, settings: Settings, given: argparse.Namespace) -> float:
    """Seconds until all runs were over."""
    runs = await plan(database, given.runs)
    began = time.monotonic()
    async with jobs.running(settings, database, concurrency=given.concurrency):
        await request(database, runs)
        await over(database, runs, seconds=3600)
    return time.monotonic() - began


@asynccontextmanager
async def bad_edx(given: argparse.Namespace) -> AsyncIterator[Edx]:
    """An Open edX that has its bad day."""
    edx = Edx(a_world(), Faults(bad_day(given.latency, given.clone_timeout)))
    async with running(edx.world, Options(rates=UNTHROTTLED), faults=edx.faults, jobs=edx.jobs) as addresses:
        edx.lms, edx.studio = addresses.lms, addresses.studio
        yield edx


@contextmanager
def databases() -> Iterator[dict[str, URL]]:
    """An empty database of each kind."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        urls = {"SQLite": make_url(f"sqlite+aiosqlite:///{folder}/bench.db")}
        if (server := stack.enter_context(postgresql())) is not None:
            execute(server, f"CREATE DATABASE {NAME}")
            stack.callback(execute, server, f"DROP DATABASE {NAME} WITH (FORCE)")
            urls["PostgreSQL"] = server.set(database=NAME)
        yield urls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=8, help="runs that are made at a time")
    parser.add_argument("--latency", type=float, default=0.3, help="seconds of every answer")
    parser.add_argument("--clone-timeout", type=float, default=20, help="seconds that a clone is waited for")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with databases() as urls:
        for name, url in urls.items():
            print(f"{name}: {asyncio.run(measure(url, given))}", flush=True)


if __name__ == "__main__":
    main()
