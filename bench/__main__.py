"""Requests per second of the executor, in process, on SQLite and PostgreSQL.

The queries take turns, so that a machine that slows down does so for all. Prints a table and writes
`bench/out/latest.json`.
"""

import contextlib
import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import uvloop

from bench.queries import QUERIES, SIZES
from db.engine import open_database
from db.migrate import migrate
from schema import schema
from server.execution import Executor, Operation
from tests.asking import ADMIN
from tests.catalog import fill
from tests.postgresql import postgresql

ROUNDS = 10
SECONDS = 0.3
OUT = Path(__file__).parent / "out" / "latest.json"


async def measure(name: str, url: str) -> AsyncIterator[dict[str, object]]:
    """One row for each query on the database at `url`."""
    await migrate(url)
    database = open_database(url)
    await fill(database, **SIZES)
    executor = Executor(schema(), database)
    samples: dict[str, list[float]] = {query: [] for query in QUERIES}
    for text in QUERIES.values():
        assert not (await executor.execute(Operation(text), ADMIN)).errors
    gc.collect()
    gc.freeze()
    for _ in range(ROUNDS):
        for query, text in QUERIES.items():
            end = time.perf_counter() + SECONDS
            while (start := time.perf_counter()) < end:
                orjson.dumps((await executor.execute(Operation(text), ADMIN)).body())
                samples[query].append(time.perf_counter() - start)
    await database.close()
    for query, times in samples.items():
        percentiles = statistics.quantiles(times, n=100)
        yield {
            "query": query,
            "server": "executor",
            "database": name,
            "connections": 1,
            "requests_per_second": round(len(times) / sum(times), 1),
            "p50_ms": round(percentiles[49] * 1000, 3),
            "p99_ms": round(percentiles[98] * 1000, 3),
        }


async def main() -> None:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        urls = {"sqlite": f"sqlite+aiosqlite:///{folder}/bench.db"}
        if (server := stack.enter_context(postgresql())) is not None:
            urls["postgresql"] = server.render_as_string(hide_password=False)
        rows = [row for name, url in urls.items() async for row in measure(name, url)]
    print(f"{'query':28}{'database':12}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}")
    for row in rows:
        numbers = f"{row['requests_per_second']:>12}{row['p50_ms']:>9}{row['p99_ms']:>9}"
        print(f"{row['query']:28}{row['database']:12}{numbers}")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    uvloop.run(main())
