"""A run with content, uploads for it, and what does the work of jobs."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from db.engine import Database
from db.store import Author, Store, open_blobs
from db.tables import CourseRun, Job, Organization, RoleGrant
from resolvers.access import Role, Viewer
from resolvers.content.load import Courses
from resolvers.content.uploads import Announced, Uploads
from resolvers.editing.requests import Asked
from resolvers.jobs import Handlers, Runner
from resolvers.transfer.asking import EXPORT, IMPORT, Export, Import, ask_for_export, ask_for_import
from resolvers.transfer.exporting import exporting
from resolvers.transfer.importing import importing
from tests.db.store.conftest import add_runs
from tests.edx.olx.twins import COURSE, tarred
from tests.resolvers.content.conftest import imported
from tests.resolvers.jobs.sample import FAST

ADA = Viewer("ada", frozenset({Role.LEARNER}), application="tests")
"""An author by grant."""


@dataclass
class Desk:
    """Where imports and exports are asked for and done."""

    database: Database
    store: Store
    runs: list[int]
    key: str
    version: str
    uploads: Uploads
    seconds: float = 60.0
    viewer: Viewer = field(default=ADA)

    @property
    def handlers(self) -> Handlers:
        return {
            IMPORT: importing(self.store, self.uploads, self.seconds),
            EXPORT: exporting(Courses(self.store), timedelta(hours=1), self.seconds),
        }

    @property
    def asked(self) -> Asked:
        return Asked(self.database, self.viewer, self.key)

    async def upload(self, files: Mapping[str, bytes]) -> str:
        data = tarred(files).read()
        parcel = await self.uploads.begin(
            Author("ada", "tests"), Announced(len(data), hashlib.sha256(data).hexdigest())
        )

        async def body() -> AsyncIterator[bytes]:
            yield data

        return (await self.uploads.append(parcel, 0, body())).uuid

    async def ask(self, files: Mapping[str, bytes], *, upload: str | None = None, **given: Any) -> str:
        return await ask_for_import(self.asked, self.uploads, Import(upload or await self.upload(files), **given))

    async def ask_to_export(self, **given: Any) -> str:
        return await ask_for_export(self.asked, self.uploads, Export(**given))

    async def work(self, uuid: str) -> Job:
        """One attempt at a job; how it is then."""
        runner = Runner(self.database, self.handlers, FAST)
        held = await runner.take(uuid=uuid)
        assert held is not None
        await runner.run(held)
        return await self.job(uuid)

    async def job(self, uuid: str) -> Job:
        async with self.database.writing() as session:
            job = await session.scalar(select(Job).where(Job.uuid == uuid))
        assert job is not None
        return job

    async def imported(self, files: Mapping[str, bytes], **given: Any) -> Job:
        return await self.work(await self.ask(files, **given))


def result(job: Job) -> Any:
    """What came of a job."""
    return orjson.loads(job.result or "null")


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    store, runs = Store(database, open_blobs(tmp_path / "blobs")), await add_runs(database, "1T2026", "2T2026")
    done = await imported(store, runs[0], COURSE)
    async with database.writing() as session:
        key = await session.scalar(select(CourseRun.key).where(CourseRun.id == runs[0]))
        organization = await session.scalar(select(Organization.id))
        session.add(RoleGrant(username="ada", role=Role.AUTHOR.value, organization_id=organization, granted_by="root"))
    assert key is not None
    return Desk(database, store, runs, key, done.version, Uploads(store))
