"""A store over a migrated database and a folder, and runs to have content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from db.engine import Database
from db.store import Author, BlobLink, Commit, Head, Intake, NodeLink, Store, commit, digest_of, encode, open_blobs
from tests.catalog import course, course_run, organization

ADA = Author("ada", "tests")


@dataclass
class Bytes:
    """A blob in memory."""

    data: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def link(self) -> BlobLink:
        return BlobLink(self.digest, self.size)

    def read(self) -> bytes:
        return self.data


@dataclass
class Tree:
    """Some content: a root over one node for each file, which links to the file's bytes."""

    nodes: Mapping[str, bytes]
    blobs: Mapping[str, Bytes]
    root: str
    frame: str


def tree(**files: bytes) -> Tree:
    blobs = {name: Bytes(data) for name, data in files.items()}
    nodes = {}

    def put(*value: Any) -> NodeLink:
        data = encode(value)
        nodes[digest_of(data)] = data
        return NodeLink(digest_of(data))

    root = put("root", tuple((name, put("file", blob.link)) for name, blob in sorted(blobs.items())))
    return Tree(nodes, blobs, root.digest, put("frame").digest)


async def put(store: Store, run: int, content: Tree, *, expected: str | None = None) -> tuple[Head, bool]:
    """Store content and make it a run's, as an import does."""
    intake = Intake(store)
    await intake.blobs(content.blobs.values())
    await intake.nodes(content.nodes)
    size = sum(blob.size for blob in content.blobs.values())
    async with store.database.writing() as session:
        return await commit(
            session,
            Commit(
                run, content.root, content.frame, ADA, "import", intake.until, len(content.nodes), len(content.blobs),
                size, expected,
            ),
        )  # fmt: skip


async def add_runs(database: Database, *names: str, number: str = "ASTRO1x") -> list[int]:
    """The ids of new runs."""
    async with database.writing() as session:
        of = course(organization("ANUx"), number, "Astronomy")
        runs = [course_run(of, name) for name in names]
        session.add_all(runs)
        await session.flush()
        return [run.id for run in runs]


@pytest.fixture
async def runs(database: Database) -> list[int]:
    return await add_runs(database, "1T2026", "2T2026")


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Store:
    return Store(database, open_blobs(tmp_path / "blobs"))
