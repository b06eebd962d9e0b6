"""Measure the dashboard: our server against one hand-written statement that gives the same, on PostgreSQL.

`python -m bench.dashboard` asks for the dashboards of 1, 100 and 1,000 learners in turn, each with twelve programs and
up to sixty runs: first with our executor in this process, then over HTTP (`bench.visits`), warm and cold.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import cycle
from typing import Any

import asyncpg
import orjson
import uvloop
from sqlalchemy import make_url

from bench import learners, visits
from bench.__main__ import new_database
from bench.data import Sizes, fill
from bench.servers.dashboard import QUERY, STATEMENT
from db.engine import open_database
from resolvers.access import Role, Viewer
from resolvers.learners import Learners, MirrorRules
from schema import schema
from server.execution import Executor, Operation
from server.garbage import settle_garbage_collection
from server.logs import configure
from tests.postgresql import postgresql

SECONDS = float(os.environ.get("BENCH_SECONDS", "1.5"))
ADMIN = Viewer("admin", frozenset(Role))
Ask = Callable[[str], Awaitable[bytes]]


def main() -> None:
    """Fill a database, see that both answer alike, measure, and print."""
    configure("error", "json")
    with postgresql() as server:
        if server is None:
            print("The dashboard is left out: there is no PostgreSQL.")
            return
        with new_database(server) as url:
            sizes = Sizes(organizations=50, courses_each=20, programs_each=40)
            uvloop.run(_compare(url, sizes))
            visits.measure(url, sizes, SECONDS)


async def _compare(url: str, sizes: Sizes) -> None:
    await fill(url, sizes)
    await learners.fill(url, sizes)
    database = open_database(url)
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    hour = timedelta(hours=1)
    executor = Executor(schema(), database, learners=Learners(database, rules=MirrorRules(hour, hour)))

    async def ours(username: str) -> bytes:
        result = await executor.execute(Operation(QUERY, "Dashboard", {"username": username}), ADMIN)
        return orjson.dumps(result.body())

    async def handwritten(username: str) -> bytes:
        return f'{{"data":{await connection.fetchval(STATEMENT, username)}}}'.encode()

    names = [learners.username(number) for number in range(learners.LEARNERS)]
    for name in names:  # associate, once, with what else the courses count for
        first = await ours(name)
    assert orjson.loads(first) == orjson.loads(await handwritten(names[-1]))
    settle_garbage_collection()
    print(f"dashboard: {len(first):,} bytes; requests a second")
    for count in (1, 100, learners.LEARNERS):
        rates = {ask.__name__: [await _rate(ask, names[:count]) for _ in range(3)] for ask in (ours, handwritten)}
        best = {name: max(found) for name, found in rates.items()}
        told = ", ".join(f"{name} {rate:,.0f}" for name, rate in best.items())
        print(f"{count:>5} learners: {told}; ours is {best['ours'] / best['handwritten']:.2f} of hand-written")
    await connection.close()
    await database.close()


async def _rate(ask: Ask, names: list[str]) -> float:
    began, count = time.perf_counter(), 0
    turn: Any = cycle(names)
    while time.perf_counter() - began < SECONDS:
        await ask(next(turn))
        count += 1
    await asyncio.sleep(0)
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
