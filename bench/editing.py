"""Measure edits of a large course: one block, a hundred changes as one version, and eight editors beside each other.

`python -m bench.editing [BLOCKS]`: a made-up course, 10,000 blocks by default, on SQLite and PostgreSQL. Times go from
the request for changes to the answer that they are a version, in one process.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bench.__main__ import new_database
from db.engine import Database, open_database
from db.migrate import migrate
from db.store import Author, Store, head_of, open_blobs
from resolvers.content.imports import Target, import_course
from resolvers.content.load import Courses
from resolvers.editing.changes import Change, Orphans, ReplaceBlock, SetBlockSettings
from resolvers.editing.changes import Olx as OlxText
from resolvers.editing.writing import Edited, Editor, Expected, Request
from tests.db.store.conftest import add_runs
from tests.edx.olx.twins import tarred
from tests.postgresql import postgresql

BLOCKS, COMPONENTS, UNITS, SEQUENCES = 10_000, 8, 5, 10
"""Blocks in all, components of a unit, units of a sequence and sequences of a section."""
DATABASES = ["SQLite", "PostgreSQL"]
EDITS, BATCHES, EDITORS = 40, 10, 8
BATCH = 100
ME = Author("bench", "bench")
ANYTHING = Expected(anything=True)


def made_up(blocks: int) -> Mapping[str, bytes]:
    """The files of a course of about so many blocks: half of the components are pages, the others problems."""
    files = {"course.xml": b'<course url_name="R" org="O" course="C"/>'}
    a_section = 1 + SEQUENCES * (1 + UNITS * (1 + COMPONENTS))
    sections = max(1, round((blocks - 1) / a_section))
    names = count()

    def container(kind: str, below: str, children: list[str]) -> str:
        name = f"{kind[0]}{next(names)}"
        pointers = "".join(f'<{below.format(i)} url_name="{child}"/>' for i, child in enumerate(children))
        files[f"{kind}/{name}.xml"] = f'<{kind} display_name="{name}">{pointers}</{kind}>'.encode()
        return name

    def unit() -> str:
        pointers = []
        for number in range(COMPONENTS):
            kind, name = ("html", "problem")[number % 2], f"b{next(names)}"
            text = f"<p>Block {name}</p>" * 5
            files[f"{kind}/{name}.xml"] = f'<{kind} display_name="{name}">{text}</{kind}>'.encode()
            pointers.append(f'<{kind} url_name="{name}"/>')
        name = f"v{next(names)}"
        files[f"vertical/{name}.xml"] = f'<vertical display_name="{name}">{"".join(pointers)}</vertical>'.encode()
        return name

    chapters = [
        container(
            "chapter",
            "sequential",
            [container("sequential", "vertical", [unit() for _ in range(UNITS)]) for _ in range(SEQUENCES)],
        )
        for _ in range(sections)
    ]
    pointers = "".join(f'<chapter url_name="{name}"/>' for name in chapters)
    files["course/R.xml"] = f'<course display_name="Large">{pointers}</course>'.encode()
    return files


@dataclass
class Times:
    """Milliseconds that passed, and those of them that the processor worked for this process."""

    passed: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        found = f"median {statistics.median(self.passed):.1f} ms, best {min(self.passed):.1f}"
        return f"{found}; of the processor median {statistics.median(self.worked):.1f}, best {min(self.worked):.1f}"


class Desk:
    """An editor of a run, and the pages and problems that there are to edit, section by section."""

    def __init__(self, store: Store, run: int) -> None:
        self.store = store
        self.run = run
        self.editor = Editor(Courses(store))
        self.pages: list[list[str]] = []
        self._names = count()

    async def open(self) -> int:
        """Find the pages; how many blocks there are."""
        loaded = await Courses(self.store).of_run(self.run)
        if loaded is None:
            return 0
        self.pages = [
            [str(block.key) for block in section.walk() if block.type in {"html", "problem"}]
            for section in loaded.course.root.children
        ]
        return len(loaded.content.blocks)

    def change(self, block: str) -> Change:
        """Another name for a block."""
        return SetBlockSettings(block, {"display_name": f"Name {next(self._names)}"})

    def replacement(self, block: str) -> Change:
        """Another definition of a block."""
        kind, _, name = block.partition("/")
        text = f'<{kind} url_name="{name}" display_name="New">Text {next(self._names)}</{kind}>'
        return ReplaceBlock(block, OlxText(text), Orphans.DECLINE)

    async def apply(self, *changes: Change, expected: Expected = ANYTHING) -> Edited:
        """Make changes."""
        return await self.editor.apply(Request(self.run, changes, ME, expected))

    async def times(self, lists: Iterator[list[Change]]) -> "Times":
        """How long each of some lists of changes took."""
        found = Times()
        for changes in lists:
            began, worked = time.perf_counter(), time.process_time()
            await self.apply(*changes)
            found.passed.append((time.perf_counter() - began) * 1000)
            found.worked.append((time.process_time() - worked) * 1000)
        return found

    async def beside(self, editors: int, edits: int) -> float:
        """Milliseconds for one edit where so many editors change a section each, each for the subtree it saw last."""

        async def work(pages: list[str]) -> None:
            loaded = await self.editor.courses.of_run(self.run)
            hashes = {str(key): digest for key, digest in (loaded.content.digests if loaded else {}).items()}
            for number in range(edits):
                block = pages[number % len(pages)]
                expected = Expected(subtrees={block: hashes[block]})
                made = await self.apply(self.change(block), expected=expected)
                hashes |= {str(key): digest for key, digest in made.subtrees.items()}

        began = time.perf_counter()
        await asyncio.gather(*(work(pages) for pages in self.pages[:editors]))
        return (time.perf_counter() - began) * 1000 / (editors * edits)


async def prepared(url: str, folder: Path, files: Mapping[str, bytes]) -> tuple[Database, Desk]:
    """A desk over a new database with the course."""
    await migrate(url)
    database = open_database(url)
    store = Store(database, open_blobs(folder))
    [run] = await add_runs(database, "R")
    await import_course(store, tarred(files), Target(run, ME))
    return database, Desk(store, run)


async def measure(name: str, url: str, folder: Path, files: Mapping[str, bytes]) -> None:
    """Print the figures of one database."""
    database, desk = await prepared(url, folder, files)
    blocks = await desk.open()
    first = await desk.times(iter([[desk.change(desk.pages[0][0])]]))
    pages = [page for section in desk.pages for page in section]
    singles = await desk.times([desk.change(page)] for page in pages[1 : 1 + EDITS])
    replaced = await desk.times([desk.replacement(page)] for page in pages[1 : 1 + EDITS])
    batches = await desk.times([desk.change(page) for page in pages[:BATCH]] for _ in range(BATCHES))
    editors = min(EDITORS, len(desk.pages))
    beside = await desk.beside(editors, EDITS // 4)
    head = await head_of(desk.store, desk.run)
    print(f"{name}: {blocks} blocks, {head.number if head else 0} versions")
    for what, found in (("settings", singles), ("replacement", replaced), (f"{BATCH} changes", batches)):
        print(f"  {what}: {found}")
    print(f"  first: {first.passed[0]:.0f} ms, {first.worked[0]:.0f} of the processor")
    print(f"  {editors} editors at once: {beside:.1f} ms for each edit")
    await database.close()


def main(blocks: str = str(BLOCKS)) -> None:
    """Measure on each database that there is."""
    files = made_up(int(blocks))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in DATABASES:
            url = f"sqlite+aiosqlite:///{folder}/bench.db"
            if name == "PostgreSQL":
                server = stack.enter_context(postgresql())
                if server is None:
                    print("PostgreSQL is left out: there is none")
                    continue
                url = stack.enter_context(new_database(server))
            asyncio.run(measure(name, url, folder / name, files))


if __name__ == "__main__":
    main(*sys.argv[1:2])
