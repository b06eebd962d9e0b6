"""Measure speed: our server against others that give the same answers, in turns, on SQLite and PostgreSQL.

Prints tables and writes `bench/out/latest.json`. BENCH_SECONDS is the time of one sample, BENCH_ROUNDS how often all is
measured; with PEERS=1 servers of other projects are installed and measured too.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import orjson
from sqlalchemy import URL

from bench import report
from bench.contest import Contest, Contestant
from bench.data import Sizes, fill
from bench.peers import postgraphile
from bench.processes import load, serving
from bench.queries import BIG, PAGE, programs, queries
from bench.results import OURS, Results
from bench.servers import SERVERS
from tests.conftest import execute
from tests.postgresql import postgresql

OUT = Path(__file__).parent / "out"
SECONDS = float(os.environ.get("BENCH_SECONDS", "1.5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
PEERS = os.environ.get("PEERS") == "1"

SIZES = Sizes()
QUERIES = queries(SIZES)
GROWING = [programs(SIZES, f"{size} programs", size) for size in (5, 10, 50)]
PAGES = {"5 programs": 5, "10 programs": 10, PAGE: 20, "50 programs": 50, BIG: 100}


def main() -> None:
    """Fill the databases, start the servers, see that they answer alike, measure, and report."""
    OUT.mkdir(exist_ok=True)
    with ExitStack() as stack:
        urls = dict(databases(stack))
        contest = Contest([*servers(stack, urls)], stack.enter_context(load()))
        for query in [*QUERIES, *GROWING]:
            print(f"{query.name}: equal answers with {contest.check(query):,.0f} values", flush=True)
        for number in range(ROUNDS):
            print(f"round {number + 1} of {ROUNDS}", flush=True)
            measure(contest)
    write(contest.results, "postgresql" if "postgresql" in urls else "sqlite")


def databases(stack: ExitStack) -> Iterator[tuple[str, str]]:
    """Databases with the catalog, by kind, which are there until the stack ends."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    urls = {"sqlite": f"sqlite+aiosqlite:///{folder}/bench.db"}
    if (server := stack.enter_context(postgresql())) is not None:
        urls["postgresql"] = stack.enter_context(new_database(server))
    else:
        print("PostgreSQL is left out: neither COLLEGIUM_TEST_POSTGRESQL_URL, PG_BIN, the system nor a wheel has one")
    for kind, url in urls.items():
        asyncio.run(fill(url, SIZES))
        yield kind, url


@contextmanager
def new_database(server: URL) -> Iterator[str]:
    """The address of a new database on the server, for the time of the block, set as for a machine with fast disks.

    Nobody's statements are worth compiling: with `jit` on, PostgreSQL would do so for the largest ones each time.
    """
    name = f"bench_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name}")
    try:
        execute(server, f"ALTER DATABASE {name} SET jit = off")
        execute(server, f"ALTER DATABASE {name} SET random_page_cost = 1.1")
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def servers(stack: ExitStack, urls: dict[str, str]) -> Iterator[Contestant]:
    """All servers over all databases, which run until the stack ends."""
    for kind, url in urls.items():
        for name in SERVERS:
            command = [sys.executable, "-m", "bench.servers", name, url]
            server = stack.enter_context(serving(command, os.environ, OUT / f"{name}-{kind}.log"))
            yield Contestant(name, kind, server)
    if PEERS and "postgresql" in urls:
        postgraphile.install()
        postgraphile.prepare(urls["postgresql"])
        environment = postgraphile.environment(urls["postgresql"])
        server = stack.enter_context(serving(postgraphile.command(), environment, OUT / "postgraphile.log"))
        yield Contestant("postgraphile", "postgresql", server, postgraphile.TEXTS)


def measure(contest: Contest) -> None:
    """One round."""
    for query in QUERIES:
        for connections in report.CONNECTIONS:
            contest.measure(query, connections, SECONDS)
    for query in GROWING:
        contest.measure(query, 1, SECONDS, only=OURS)


def write(results: Results, database: str) -> None:
    """Print what came of it and write it down."""
    rows = [results.row(case) for case in results.cases()]
    (OUT / "latest.json").write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    for line in report.lines(results, database, PAGES):
        print(line)


if __name__ == "__main__":
    main()
