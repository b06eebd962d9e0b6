"""Dashboards over HTTP: our whole server against the hand-written statement behind a bare one, warm and cold.

Warm is what copies answer, without the LMS; cold is where it is not known when the LMS was last asked, so that it is
asked for each learner: a simulated one, in this process.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import orjson
from sqlalchemy import make_url, update

from bench import learners
from bench.answers import data
from bench.data import Sizes
from bench.load import Order
from bench.processes import Load, Server, load, serving
from bench.servers import ours
from bench.servers.dashboard import QUERY
from db.engine import open_database
from db.tables import Learner
from edx.simulator import Faults, Options, running
from resolvers.access import Role
from server.signin import mint

OUT = Path(__file__).parent / "out"
COUNTS = (1, 100, learners.LEARNERS)
CONNECTIONS = 1  # with more, the hand-written statement is worked on by as many backends, ours by one process
COLD_CONNECTIONS = 100
ROUNDS = 3
STATEMENTS = re.compile(r"^collegium_sql_statements_total ([0-9.e+]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Visits:
    """The servers, and whoever asks them: staff, who may see everybody's dashboard."""

    url: str
    ours: Server
    handwritten: Server
    load: Load
    faults: Faults
    headers: dict[str, str]

    async def warm(self, count: int, seconds: float) -> str:
        """Both in turns, the best of some rounds: requests a second, and milliseconds of processor time of each.

        The ratio is of processor times, of the server and its backends together: on a machine that is shared, how long
        one waits for a turn says nothing.
        """
        bodies = _bodies(count)
        rates: dict[str, list[float]] = {"ours": [], "handwritten": []}
        works: dict[str, list[float]] = {"ours": [], "handwritten": []}
        before, answered = await self._statements(), 0
        self.faults.requests.clear()
        for _ in range(ROUNDS):
            for name, server in (("ours", self.ours), ("handwritten", self.handwritten)):
                order = await self._order(server, bodies, seconds)
                work = await self._work(server)
                sample = await asyncio.to_thread(self.load.measure, order)
                works[name].append((await self._work(server) - work) / sample.answers)
                rates[name].append(sample.requests_per_second)
                answered += sample.answers + count if name == "ours" else 0
        each = (await self._statements() - before) / answered
        best = {name: max(found) for name, found in rates.items()}
        least = {name: min(found) * 1000 for name, found in works.items()}
        return (
            f"| warm | {count:,} | {best['ours']:,.0f} | {best['handwritten']:,.0f} | "
            f"{least['ours']:.1f} | {least['handwritten']:.1f} | {least['handwritten'] / least['ours']:.2f} | "
            f"{each:.1f} | {self._calls()} |"
        )

    async def cold(self, count: int) -> str:
        """Every dashboard once, when nothing is known to be fresh."""
        database = open_database(self.url)
        async with database.writing() as session:
            await session.execute(update(Learner).values(enrollments_at=None, certificates_at=None))
        await database.close()
        before = await self._statements()
        self.faults.requests.clear()
        began = time.perf_counter()
        answers = await self._answers(self.ours, _bodies(count))
        rate = count / (time.perf_counter() - began)
        each = (await self._statements() - before) / count
        for answer in answers:
            data(answer)  # none is stale
        return f"| cold | {count:,} | {rate:,.0f} | | | | | {each:.1f} | {self._calls()} |"

    async def _order(self, server: Server, bodies: Sequence[bytes], seconds: float) -> Order:
        lengths = [len(answer) for answer in await self._answers(server, bodies)]
        texts = [body.decode() for body in bodies]
        return Order(f"{server.url}/graphql", self.headers, texts, lengths, CONNECTIONS, seconds)

    async def _answers(self, server: Server, bodies: Sequence[bytes]) -> list[bytes]:
        places = asyncio.Semaphore(COLD_CONNECTIONS)
        limits = httpx.Limits(max_connections=COLD_CONNECTIONS)

        async def one(client: httpx.AsyncClient, body: bytes) -> bytes:
            async with places:
                return (await client.post(f"{server.url}/graphql", content=body)).content

        async with httpx.AsyncClient(headers=self.headers, timeout=600, limits=limits) as client:
            return list(await asyncio.gather(*(one(client, body) for body in bodies)))

    async def _work(self, server: Server) -> float:
        """Seconds of processor time that a server and all backends of the database have spent so far."""
        connection = await asyncpg.connect(
            make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        await connection.close()
        return sum(_spent(pid) for pid in [server.pid, *(row["pid"] for row in rows)])

    async def _statements(self) -> float:
        async with httpx.AsyncClient() as client:
            found = STATEMENTS.search((await client.get(f"{self.ours.url}/metrics")).text)
        return float(found[1]) if found else 0.0

    def _calls(self) -> str:
        counts = {"enrollments": 0, "certificates": 0}
        for (_, path), calls in self.faults.requests.items():
            for name in counts:
                counts[name] += calls if f"/{name[:-1]}" in path else 0
        return " + ".join(str(each) for each in counts.values())

    async def check(self, count: int) -> None:
        """See that both answer alike."""
        for body in _bodies(count):
            [one], [other] = await self._answers(self.ours, [body]), await self._answers(self.handwritten, [body])
            assert data(one) == data(other)


def measure(url: str, sizes: Sizes, seconds: float) -> None:
    """Start the servers, measure, and print."""
    asyncio.run(_measure(url, sizes, seconds))


async def _measure(url: str, sizes: Sizes, seconds: float) -> None:
    OUT.mkdir(exist_ok=True)
    faults = Faults()
    token = mint(ours.settings(url), "admin", Role.ADMIN, timedelta(days=1))
    headers = {"content-type": "application/json", "authorization": f"JWT {token}"}
    async with running(learners.world(sizes), Options(rates={}), faults=faults) as lms:
        environment = os.environ | {
            "COLLEGIUM_LMS_URL": lms.lms,
            "COLLEGIUM_LMS_CLIENT_ID": learners.CLIENT,
            "COLLEGIUM_LMS_CLIENT_SECRET": learners.CLIENT,
            "COLLEGIUM_LMS_PATIENCE": "600",
            "COLLEGIUM_LMS_CALLS_PER_MINUTE": "100000",  # to see what it costs us, not how long the LMS makes us wait
            "COLLEGIUM_ENROLLMENTS_LIFETIME": "3600",
            "COLLEGIUM_QUERY_TIMEOUT": "600",
        }
        with (
            serving([sys.executable, "-m", "bench.servers", "ours", url], environment, OUT / "visits.log") as mine,
            serving([sys.executable, "-m", "bench.servers", "dashboard", url], os.environ, OUT / "byhand.log") as hand,
            load() as made,
        ):
            visits = Visits(url, mine, hand, made, faults, headers)
            cold = [await visits.cold(count) for count in COUNTS]
            await visits.check(10)
            print("| | learners | ours/s | by hand/s | ours ms | by hand ms | ratio | statements | LMS calls |")
            print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
            for count in COUNTS:
                print(await visits.warm(count, seconds), flush=True)
            print("\n".join(cold), flush=True)


def _spent(pid: int) -> float:
    """Seconds of processor time of a process; 0 where the system does not tell, or it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _bodies(count: int) -> list[bytes]:
    return [
        orjson.dumps(
            {"query": QUERY, "operationName": "Dashboard", "variables": {"username": learners.username(number)}}
        )
        for number in range(count)
    ]
