"""A store over an empty database, and runs to have content."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from db.engine import Database
from db.store import Author, Store, head_of, open_blobs
from resolvers.content.imports import Imported, Target, import_course
from resolvers.content.load import Loaded, load
from tests.db.store.conftest import add_runs
from tests.edx.olx.twins import tarred

ADA = Author("ada", "tests")


@pytest.fixture
async def runs(database: Database) -> list[int]:
    return await add_runs(database, "1T2026", "2T2026")


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Store:
    return Store(database, open_blobs(tmp_path / "blobs"))


async def imported(store: Store, run: int, files: Mapping[str, bytes], *, expected: str | None = None) -> Imported:
    """Import files as an archive."""
    return await import_course(store, tarred(files), Target(run, ADA, expected))


async def loaded(store: Store, run: int, version: str | None = None) -> Loaded:
    """What a run has as its content."""
    head = await head_of(store, run, version)
    assert head is not None
    return Loaded(head, await load(store, head.root, head.frame))


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files of a tar.gz archive."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
