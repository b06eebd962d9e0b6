"""Pulls and looks for out-of-band changes as jobs, from a simulated Studio over real HTTP."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import update

from db.engine import Database
from db.store import Author, history
from db.tables import Job, JobState
from edx.simulator import Fault, Kind
from edx.simulator.world import User
from resolvers.editing import locks
from resolvers.instances.rows import put
from resolvers.refusals import Refusal
from tests.edx.olx.twins import tarred
from tests.edx.studios import RUN, Studios
from tests.resolvers.content.conftest import imported, unpacked
from tests.resolvers.editing.courses import FILES
from tests.resolvers.instances.conftest import PATIENCE, QUICK, Desk, hosted, result_of

ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])
EDITED = {**FILES, "html/page.xml": FILES["html/page.xml"].replace(b"Page", b"Edited in Studio")}


def packed(files: Mapping[str, bytes]) -> bytes:
    return tarred(files).read()


def as_studio_writes(archive: bytes) -> bytes:
    """Other blanks, quotes and file names: the same course."""
    files = unpacked(archive)
    return packed(
        {name: data.replace(b"/>", b" />") + b"\n" for name, data in files.items() if name.endswith(".xml")}
        | {name: data for name, data in files.items() if not name.endswith(".xml")}
    )


def as_studio_changes(archive: bytes) -> bytes:
    """What cannot be told from an edit."""
    return packed({**unpacked(archive), "html/both.xml": FILES["html/both.xml"].replace(b"<html", b'<html new="1"')})


async def test_what_an_instance_has_becomes_the_content_of_the_run(
    desk: Desk, edx: Studios, database: Database
) -> None:
    edx.jobs.archives[str(RUN)] = packed(EDITED)
    edx.jobs.export_states = ["Exporting", "Compressing"]
    async with desk.working():
        job = await desk.over(await desk.pull())
    result = result_of(job)
    assert result["isNew"] is True
    async with database.writing() as session:
        [newest, _] = await history(session, desk.run)
    assert (newest.version, newest.author.username) == (result["version"], "author")
    assert (newest.operation, newest.message) == ("import", "pulled from partner")
    row = await desk.row()
    assert row is not None
    assert (row.pulled_version, row.pulled_by, row.pushed_version) == (result["version"], "author", None)


@ON_SQLITE
async def test_a_pull_is_for_a_version_of_the_run(desk: Desk, edx: Studios) -> None:
    with pytest.raises(Refusal, match="not at 000"):
        await desk.pull(expected="0" * 64)
    edx.jobs.archives[str(RUN)] = packed(EDITED)
    uuid = await desk.pull(expected=desk.version)
    await imported(desk.courses.store, desk.run, {**FILES, "README": b"new"})
    async with desk.working():
        job = await desk.over(uuid)
    assert (job.state, job.error_code) == (JobState.FAILED, "VERSION_CONFLICT")


@ON_SQLITE
async def test_a_run_that_somebody_has_locked_is_not_pulled_into(desk: Desk, edx: Studios, database: Database) -> None:
    """L9."""
    edx.jobs.archives[str(RUN)] = packed(EDITED)
    async with database.writing() as session:
        await locks.acquire(session, desk.run, Author("bob", "other"))
    async with desk.working():
        job = await desk.over(await desk.pull())
        assert (job.state, job.error_code) == (JobState.FAILED, "LOCKED")
        assert "bob" in (job.error_message or "")
        assert (await desk.check())["drift"] == "UNKNOWN"


@ON_SQLITE
async def test_failures_of_the_export_have_studios_words(desk: Desk, edx: Studios) -> None:
    async with desk.working():
        job = await desk.over(await desk.pull())
        assert (job.state, job.error_code) == (JobState.FAILED, "EXPORT_FAILED")
        assert job.error_message == "raw_error_msg: The course has no content."
        edx.jobs.archives[str(RUN)] = b"no archive"
        job = await desk.over(await desk.pull())
        assert (job.state, job.error_code) == (JobState.FAILED, "ARCHIVE_REFUSED")


@ON_SQLITE
async def test_a_studio_that_is_away_is_asked_again(desk: Desk, edx: Studios) -> None:
    edx.jobs.archives[str(RUN)] = packed(EDITED)
    edx.faults.set([Fault(Kind.THROTTLE, path="/export/", times=1, retry_after=0)])
    async with desk.working():
        job = await desk.over(await desk.pull())
    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 2)


@ON_SQLITE
async def test_an_instance_without_a_user_is_not_pulled_from(desk: Desk, edx: Studios) -> None:
    async with hosted(edx.lms, edx.studio, PATIENCE, signs_in=False) as blind:
        desk.host = blind
        with pytest.raises(Refusal, match="no user is set who signs in to partner"):
            await desk.pull()


@ON_SQLITE
async def test_an_instance_that_lost_its_user_is_not_pulled_from(desk: Desk, edx: Studios) -> None:
    uuid = await desk.pull()
    async with hosted(edx.lms, edx.studio, PATIENCE, signs_in=False) as blind, desk.working(host=blind):
        job = await desk.over(uuid)
    assert (job.state, job.error_code) == (JobState.FAILED, "INSTANCE_NOT_READABLE")


@ON_SQLITE
async def test_an_export_that_takes_too_long_is_given_up(desk: Desk, edx: Studios) -> None:
    edx.jobs.archives[str(RUN)] = packed(EDITED)
    edx.jobs.export_states = ["Exporting"] * 1000
    async with desk.working(replace(QUICK, patience=0.2)):
        job = await desk.over(await desk.pull())
    assert (job.state, job.error_code) == (JobState.FAILED, "EXPORT_TIMED_OUT")
    assert job.error_message == "Studio exported for more than 0.2 seconds"


@ON_SQLITE
async def test_a_refusal_is_told_as_studio_words_it(desk: Desk, edx: Studios) -> None:
    edx.world.add_user(User("worker", "worker@example.org"))
    async with desk.working():
        job = await desk.over(await desk.pull())
    assert (job.state, job.error_code) == (JobState.FAILED, "STUDIO_REFUSED")


@ON_SQLITE
async def test_a_pull_that_was_done_is_not_made_twice(desk: Desk, edx: Studios, database: Database) -> None:
    """An attempt that died before it could say so; and what is there already is no new version."""
    edx.jobs.archives[str(RUN)] = packed(EDITED)
    async with desk.working():
        done = await desk.over(await desk.pull())
        edx.jobs.archives.clear()
        async with database.writing() as session:
            values = {"state": JobState.QUEUED, "finished_at": None, "result": None}
            await session.execute(update(Job).where(Job.uuid == done.uuid).values(values))
        assert result_of(await desk.over(done.uuid)) == result_of(done)
        edx.jobs.archives[str(RUN)] = packed(EDITED)
        again = result_of(await desk.over(await desk.pull()))
    assert again == {**result_of(done), "isNew": False}


@ON_SQLITE
async def test_what_differs_is_told_only_from_a_version_that_is_still_here(
    desk: Desk, edx: Studios, database: Database
) -> None:
    edx.jobs.archives[str(RUN)] = packed(EDITED)
    async with database.writing() as session:
        await put(session, desk.run, "partner", pushed_version="0" * 64)
    async with desk.working():
        assert "parts" not in await desk.check()


@ON_SQLITE
@pytest.mark.parametrize("rewrites", [as_studio_writes, as_studio_changes])
async def test_what_studio_rewrites_is_no_drift_and_an_edit_is_one(desk: Desk, edx: Studios, rewrites: object) -> None:
    edx.jobs.rewrites = rewrites  # type: ignore[assignment]
    async with desk.working():
        await desk.over(await desk.push())
        assert (await desk.check())["drift"] == "NONE"
        edx.jobs.archives[str(RUN)] = packed({**EDITED, "problem/sum.xml": b"<problem>3</problem>"})
        found = await desk.check()
    assert found["drift"] == "CHANGED"
    assert {"html/page", "problem/sum"} <= set(found["parts"]["changed"])
    assert found["parts"]["count"] == sum(len(found["parts"][name]) for name in ("added", "removed", "changed"))


@ON_SQLITE
async def test_what_was_not_looked_at_after_the_push_may_be_studios_doing(desk: Desk, edx: Studios) -> None:
    async with hosted(edx.lms, edx.studio, PATIENCE, signs_in=False) as blind, desk.working(host=blind):
        await desk.over(await desk.push())
    async with desk.working():
        assert (await desk.check())["drift"] == "NONE"
        edx.jobs.archives[str(RUN)] = packed(EDITED)
        assert (await desk.check())["drift"] == "POSSIBLE"
        await desk.over(await desk.pull())
        uuid = await desk.push(expected=(await desk.row()).pulled_version)  # type: ignore[union-attr]
        assert (await desk.over(uuid)).state is JobState.SUCCEEDED


@ON_SQLITE
async def test_a_push_is_done_though_nobody_could_look_at_it(desk: Desk, edx: Studios) -> None:
    edx.faults.set([Fault(Kind.ERROR, path="/export")])
    async with desk.working():
        job = await desk.over(await desk.push())
    assert (job.state, result_of(job)["isLookedAt"]) == (JobState.SUCCEEDED, False)
