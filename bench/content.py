"""Measure course content: imports, exports, outlines, edits and re-runs against their targets.

`python -m bench.content`: the course is Open edX's demo course where a copy stands beside the repository, else one of
the same shape. The largest course is imported in a process of its own (`bench.large`), which tells its memory.
"""

import asyncio
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import orjson
from sqlalchemy import func, make_url, select
from sqlalchemy.orm import DeclarativeBase

from bench import courses
from bench.__main__ import new_database
from db.engine import Database, open_database
from db.migrate import migrate
from db.store import Author, Store, open_blobs, share
from db.tables import ContentBlob, ContentNode, ContentVersion, CourseRun
from resolvers.content.exports import export
from resolvers.content.imports import Imported, Target, import_course
from resolvers.content.load import Courses
from resolvers.editing.changes import SetBlockSettings
from resolvers.editing.writing import Editor, Expected, Request
from schema import schema
from server.execution import Executor, Operation
from server.logs import configure
from tests.asking import ADMIN
from tests.db.store.conftest import add_runs
from tests.postgresql import postgresql

OLX = Path(__file__).parents[2] / "shared" / "data" / "olx" / "demo-course"
ME = Author("bench", "bench")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SIZES = (10, 1_000, 100_000)
MOST_MEMORY = 300
OUTLINE = """query Outline($run: String!) { courseRun(key: $run) { content { outline(depth: 9) {
    key type displayName level hash usageKey } } } }"""


@dataclass(frozen=True)
class Figure:
    """Something that was measured, and the most that it may be."""

    what: str
    value: float
    unit: str
    most: float | None = None

    def __str__(self) -> str:
        target = "" if self.most is None else f" | {'✓' if self.value <= self.most else '✗'} {self.most:g}"
        return f"| {self.what} | {self.value:,.4g} {self.unit}{target or ' | '} |"


def main() -> None:
    """Measure, and print."""
    configure("error", "json")
    with tempfile.TemporaryDirectory() as folder, _databases(Path(folder)) as urls:
        for name, url in urls.items():
            print(f"\ncontent on {name}\n\n| what | measured | target |\n|---|---:|---:|")
            for figure in asyncio.run(_measured(url, Path(folder) / name)):
                print(figure, flush=True)
        for figure in _in_its_own_process(SIZES[-1]):
            print(figure)


@contextmanager
def _databases(folder: Path) -> Iterator[dict[str, str]]:
    urls = {"SQLite": f"sqlite+aiosqlite:///{folder}/bench.db"}
    with postgresql() as server:
        if server is None:
            yield urls
            return
        with new_database(server) as url:
            yield urls | {"PostgreSQL": url}


async def _measured(url: str, folder: Path) -> list[Figure]:
    await migrate(make_url(url))
    database = open_database(make_url(url))
    try:
        desk = await Desk.at(database, folder, 1 + (ROUNDS + 1) * 2)
        return [*await desk.demo(), *await desk.reruns(SIZES[:2])]
    finally:
        await database.close()


@dataclass
class Desk:
    """A store to measure, and runs to be used up."""

    database: Database
    folder: Path
    store: Store
    runs: list[int]

    @classmethod
    async def at(cls, database: Database, folder: Path, runs: int) -> Self:
        """One in a folder, which is made, with so many runs."""
        folder.mkdir(exist_ok=True)
        made = await add_runs(database, *(f"r{number}" for number in range(runs)))
        return cls(database, folder, Store(database, open_blobs(folder / "blobs")), made)

    async def imported(self, source: Path, run: int) -> tuple[float, Imported]:
        """How long an import took, and what came of it."""
        began = time.perf_counter()
        done = await import_course(self.store, source, Target(run, ME))
        return time.perf_counter() - began, done

    async def demo(self) -> list[Figure]:
        """Imports, exports, the outline and an edit of the demo course."""
        source = OLX if OLX.is_dir() else courses.pack(courses.demo(), self.folder / "demo.tar.gz")
        run = self.runs.pop()
        first, done = await self.imported(source, run)
        again = [(await self.imported(source, run))[0] for _ in range(ROUNDS)]
        loaded = await Courses(self.store).of_run(run)
        assert loaded is not None
        unit = next(block.key for block in loaded.course.root.walk() if block.type == "vertical")
        whole = [_took(lambda: export(loaded, io.BytesIO())) for _ in range(ROUNDS)]
        part = [_took(lambda: export(loaded, io.BytesIO(), unit)) for _ in range(ROUNDS)]
        problem = next(block.key for block in loaded.course.root.walk() if block.type == "problem")
        change = SetBlockSettings(str(problem), {"max_attempts": "7"})
        request = Request(run, [change], ME, Expected(anything=True))
        ratio, milliseconds = await self.outline(run)
        edited = await Editor(Courses(self.store)).apply(request)
        return [
            Figure(f"import of {sum(done.counts.values())} blocks, {done.files} files", first, "s", 1),
            Figure("the same again, unchanged", statistics.median(again), "s", 0.3),
            Figure("export of all of it", statistics.median(whole), "s", 0.5),
            Figure("export of a unit", statistics.median(part) * 1000, "ms", 50),
            Figure("outline of all blocks over GraphQL", milliseconds, "ms"),
            Figure("the same to encoding its JSON", ratio, "times", 3),
            Figure("new nodes for the edit of a block", edited.new_nodes, "nodes", 6),
        ]

    async def outline(self, run: int) -> tuple[float, float]:
        """How many times as long as encoding its JSON the outline takes, to its bytes, and how long that is in ms."""
        executor = Executor(schema(), self.database, courses=Courses(self.store))
        async with self.database.writing() as session:
            key = await session.scalar(select(CourseRun.key).where(CourseRun.id == run))

        async def answer() -> bytes:
            return orjson.dumps((await executor.execute(Operation(OUTLINE, "Outline", {"run": key}), ADMIN)).body())

        ready = orjson.loads(await answer())
        assert ready["data"]["courseRun"]["content"]["outline"], ready
        taken = [await _took_async(answer) for _ in range(ROUNDS * 10)]
        encoding = [_took(lambda: orjson.dumps(ready)) for _ in range(ROUNDS * 10)]
        return statistics.median(taken) / statistics.median(encoding), statistics.median(taken) * 1000

    async def reruns(self, sizes: tuple[int, ...]) -> list[Figure]:
        """How long re-runs of courses take, and what they add."""
        figures = []
        for size in sizes:
            source = courses.pack(courses.large(size), self.folder / f"{size}.tar.gz")
            run = self.runs.pop()
            await self.imported(source, run)
            before = await self.rows()
            taken = [await _took_async(partial(self.rerun, run, self.runs.pop())) for _ in range(ROUNDS)]
            added = [new - old for new, old in zip(await self.rows(), before, strict=True)]
            assert added == [0, 0, ROUNDS], "only the history has a row more"
            figures.append(Figure(f"re-run of {size:,} blocks", statistics.median(taken) * 1000, "ms"))
        return figures

    async def rerun(self, source: int, run: int) -> None:
        """Make a re-run of a run."""
        async with self.database.writing() as session:
            await share(session, source, run, ME)

    async def rows(self) -> list[int]:
        """How many nodes, blobs and versions there are."""
        tables: tuple[type[DeclarativeBase], ...] = (ContentNode, ContentBlob, ContentVersion)
        async with self.database.writing() as session:
            return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def _took_async(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def _in_its_own_process(size: int) -> list[Figure]:
    """The import of a large course, and its re-run."""
    with tempfile.TemporaryDirectory() as folder:
        source = courses.pack(courses.large(size), Path(folder) / "large.tar.gz")
        command = [sys.executable, "-m", "bench.large", str(source)]
        found = orjson.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return [
        Figure(f"re-run of {size:,} blocks", found["rerun"] * 1000, "ms"),
        Figure(f"import of {size:,} blocks, {found['files']:,} files", found["seconds"], "s"),
        Figure("memory of its process before", found["before"], "MB"),
        Figure("peak of its memory", found["peak"], "MB", MOST_MEMORY),
    ]


if __name__ == "__main__":
    main()
