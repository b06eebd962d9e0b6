"""Imports and exports over GraphQL (spec/content-api.md, "Import/export extensions")."""

import json
from pathlib import Path
from typing import Any

import pytest

from db.engine import Database
from db.store import Author
from resolvers.content.uploads import Announced
from resolvers.jobs import Runner
from server.jobs.running import work
from server.settings import load
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.edx.olx.twins import COURSE, tarred
from tests.resolvers.jobs.sample import FAST
from tests.schema.contents import RUN, with_content

JOB = "job { id kind subject state stage result errorCode downloadUrl }"
ERRORS = "userErrors { code message field ... on VersionConflict { currentVersion } }"
IMPORT = f"mutation($input: ImportCourseInput!) {{ answer: importCourse(input: $input) {{ {JOB} {ERRORS} }} }}"
EXPORT = f"mutation($input: ExportCourseInput!) {{ answer: exportCourse(input: $input) {{ {JOB} {ERRORS} }} }}"
SEEN = f"query($id: ID!) {{ {JOB.replace('job', 'job(id: $id)', 1)} }}"


@pytest.fixture
def dialect() -> str:
    """One: what differs is tested where the work is done."""
    return "sqlite"


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    return await with_content(database, tmp_path, COURSE)


async def ask(asking: Asking, mutation: str, **given: Any) -> Any:
    data = await asking.data(mutation, {"input": {"courseRun": RUN, **given}}, viewer=AUTHOR)
    return data["answer"]


async def done(asking: Asking, job: str, folder: Path) -> Any:
    """A job after its work was done, by what a server of these settings has for it."""
    database = asking.database
    async with work(load(data_dir=folder, studio_url=None), database) as handlers:
        runner = Runner(database, handlers, FAST)
        held = await runner.take(uuid=job.partition(":")[2])
        assert held is not None
        await runner.run(held)
    return (await asking.data(SEEN, {"id": job}, viewer=AUTHOR))["job"]


async def uploaded(asking: Asking) -> str:
    async def body() -> Any:
        yield tarred({**COURSE, "README": b"new"}).read()

    assert asking.executor.uploads is not None
    parcel = await asking.executor.uploads.begin(Author("author"), Announced())
    parcel = await asking.executor.uploads.append(parcel, 0, body())
    return (await asking.executor.uploads.complete(parcel)).uuid


async def test_an_upload_is_imported_and_exported_by_jobs(asking: Asking, tmp_path: Path) -> None:
    upload = await uploaded(asking)
    asked = await ask(asking, IMPORT, upload=f"/uploads/{upload}", failLevel="ERROR", mode="UPDATE")
    assert asked["userErrors"] == []
    assert (asked["job"]["kind"], asked["job"]["state"]) == ("IMPORT_COURSE", "QUEUED")
    assert asked["job"]["subject"] == f"CourseRun:{RUN}"
    made = await done(asking, asked["job"]["id"], tmp_path)
    assert (made["state"], made["stage"], made["downloadUrl"]) == ("SUCCEEDED", "UPDATING", None)

    asked = await ask(asking, EXPORT, block="vertical/u1", format="ZIP")
    seen = await done(asking, asked["job"]["id"], tmp_path)
    assert json.loads(seen["result"])["version"] == json.loads(made["result"])["version"]
    assert seen["downloadUrl"].startswith("/content/archives/")
    without = Asking(asking.database)
    assert (await without.data(SEEN, {"id": asked["job"]["id"]}, viewer=AUTHOR))["job"]["downloadUrl"] is None


async def test_refusals_are_user_errors_and_rights_errors(asking: Asking) -> None:
    [error] = (await ask(asking, IMPORT, upload="none"))["userErrors"]
    assert (error["code"], error["field"]) == ("UPLOAD_UNKNOWN", ["upload"])
    upload = await uploaded(asking)
    [error] = (await ask(asking, IMPORT, upload=upload, expectedVersion="0" * 64))["userErrors"]
    assert (error["code"], len(error["currentVersion"])) == ("VERSION_CONFLICT", 64)
    [error] = (await ask(asking, EXPORT, block="block-v1:A+B+C+type@html+block@page"))["userErrors"]
    assert (error["code"], error["field"]) == ("BLOCK_UNKNOWN", ["block"])
    [error] = (await ask(asking, EXPORT, version="0" * 64))["userErrors"]
    assert (error["code"], error["field"]) == ("VERSION_UNKNOWN", ["version"])
    for viewer, run, code in ((LEARNER, RUN, "FORBIDDEN"), (ADMIN, "course-v1:No+Such+Run", "NOT_FOUND")):
        for mutation, given in ((IMPORT, {"upload": upload}), (EXPORT, {})):
            error = await asking.error(mutation, {"input": {"courseRun": run, **given}}, viewer=viewer)
            assert error["extensions"]["code"] == code
