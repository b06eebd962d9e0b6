"""A run with the course of these tests as its content."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from db.engine import Database
from db.store import Author, Store, head_of, open_blobs
from resolvers.content.imports import Target, import_course
from resolvers.content.load import Courses, Loaded
from resolvers.editing.changes import Change
from resolvers.editing.writing import Edited, Editor, Expected, Request
from tests.db.store.conftest import add_runs
from tests.edx.olx.twins import tarred
from tests.resolvers.editing.courses import FILES

ADA, BOB = Author("ada", "tests"), Author("bob", "other")


@dataclass
class Desk:
    """An editor and the run that it edits."""

    editor: Editor
    run: int
    version: str

    @property
    def store(self) -> Store:
        return self.editor.store

    async def apply(self, *changes: Change, by: Author = ADA, **more: Any) -> Edited:
        """Make changes for the version that the run began with, if nothing else is said."""
        expected = more.pop("expected", Expected(self.version))
        return await self.editor.apply(Request(self.run, changes, by, expected, **more))

    async def loaded(self) -> Loaded:
        """What a process that knows nothing finds."""
        found = await Courses(self.store).of_run(self.run)
        assert found is not None
        return found

    async def loaded_by(self, editor: Editor) -> Loaded:
        """What an editor has, or loads."""
        found = await editor.courses.of_run(self.run)
        assert found is not None
        return found

    async def current(self) -> str:
        head = await head_of(self.store, self.run)
        assert head is not None
        return head.root


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    runs = await add_runs(database, "R")
    store = Store(database, open_blobs(tmp_path / "blobs"))
    imported = await import_course(store, tarred(FILES), Target(runs[0], ADA))
    return Desk(Editor(Courses(store)), runs[0], imported.version)
