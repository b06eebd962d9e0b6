"""Whatever happens on the way of an import: the old content or the new, whole (notes on OLX, C4; design, "Blobs")."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL

from db.store import Store, collect, head_of, verify
from db.tables import JobState, now
from resolvers.content.uploads import Uploads
from tests.edx.olx.twins import COURSE
from tests.resolvers.content.conftest import loaded
from tests.resolvers.transfer.collecting import NOTHING
from tests.resolvers.transfer.conftest import Desk
from tests.resolvers.transfer.dying import CHANGED

LEASE = 5.0


async def started(module: str, *given: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    name = f"tests.resolvers.transfer.{module}"
    return await asyncio.create_subprocess_exec(sys.executable, "-m", name, *given, stdout=pipe, stdin=pipe)


async def test_an_import_job_whose_worker_is_killed_at_any_step_is_done_once(
    desk: Desk, database_url: URL, tmp_path: Path
) -> None:
    """J7, C4: kill -9 at every statement, commit and object; each time the job is taken up again.

    At every fourth of them on PostgreSQL: what differs there is what a commit is, and that is the same for all.
    """
    stride = 1 if database_url.get_backend_name() == "sqlite" else 4
    uuid = await desk.ask(CHANGED, expected=desk.version)
    url = database_url.render_as_string(hide_password=False)
    process = await started("dying", url, str(tmp_path / "blobs"), uuid, str(desk.runs[0]), str(stride))
    said, _ = await process.communicate()

    assert process.returncode == 0
    deaths, done = said.splitlines()[-1].split()  # before it stands what is logged
    assert (done, int(deaths) * stride > 30) == (b"done", True)


async def test_imports_while_another_process_collects_lose_nothing(
    desk: Desk, database_url: URL, tmp_path: Path
) -> None:
    """What an import stores, and what it finds there already, is leased before anything refers to it."""
    desk.store = Store(desk.database, desk.store.blobs, lease=timedelta(seconds=LEASE))
    desk.uploads = Uploads(desk.store)
    url = database_url.render_as_string(hide_password=False)
    process = await started("collecting", url, str(tmp_path / "blobs"), str(LEASE))
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"
    for turn in range(6):
        job = await desk.imported([CHANGED, COURSE, {**COURSE, "README": b"x"}][turn % 3])
        assert job.state is JobState.SUCCEEDED, job.error_message
        head = await head_of(desk.store, desk.runs[0])
        assert head is not None
        assert [str(fault) async for fault in verify(desk.store, [head.root, head.frame])] == []
    said, _ = await process.communicate(b"")
    assert process.returncode == 0
    assert int(said.splitlines()[-1].split()[0]) > 1


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_collection_leaves_files_on_their_way_alone(desk: Desk) -> None:
    upload = await desk.upload(CHANGED)
    later = now() + timedelta(days=30)
    await collect(desk.store, NOTHING, at=later)
    assert (await desk.work(await desk.ask({}, upload=upload))).state is JobState.SUCCEEDED
    assert (await loaded(desk.store, desk.runs[0])).version != desk.version
