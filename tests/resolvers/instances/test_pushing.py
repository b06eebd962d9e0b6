"""Pushes as jobs, to a simulated Studio over real HTTP."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

import orjson
import pytest
from sqlalchemy import URL, delete, update

from db.engine import Database
from db.store import Author, Commit, Intake, commit
from db.tables import Job, JobState, PushState, RoleGrant, now
from edx.breaker import Breaker
from edx.olx import Block
from edx.simulator import Fault, Flaw, Kind
from edx.simulator.world import User
from resolvers.access import Role, Viewer
from resolvers.content.nodes import write
from resolvers.instances import pushing
from resolvers.instances.canonical import digest_of, parts_of
from resolvers.instances.machine import Memory, begun
from resolvers.instances.pushing import KEY, NO_WORDS, WAITING
from resolvers.instances.rows import put
from resolvers.jobs import control
from resolvers.refusals import Refusal
from tests.asking import AUTHOR
from tests.edx.studios import RUN, Studios
from tests.resolvers.content.conftest import imported, loaded, unpacked
from tests.resolvers.editing.courses import FILES
from tests.resolvers.instances.conftest import PATIENCE, QUICK, Desk, hosted, result_of

ROOT = Path(__file__).parents[3]
IMPORT = f"/api/courses/v0/import/{RUN}/"
ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])


async def test_a_version_is_pushed_and_known_to_be_there(desk: Desk, edx: Studios) -> None:
    edx.jobs.states = ["Pending", "In Progress", "Unpacking", "Verifying", "Updating"]
    async with desk.working():
        uuid = await desk.push()
        job = await desk.over(uuid)
    assert result_of(job) == {"instance": "partner", "version": desk.version, "sends": 1, "isLookedAt": True}
    assert (job.state, job.stage) == (JobState.SUCCEEDED, "DOWNLOADING")
    assert unpacked(edx.jobs.archives[str(RUN)]) == FILES
    row = await desk.row()
    assert row is not None
    assert (row.state, row.pushed_version, row.pushed_by, row.words) == (PushState.PUSHED, desk.version, "author", None)
    course = (await loaded(desk.courses.store, desk.run)).course
    assert row.pushed_digest == row.baseline == digest_of(parts_of(course))
    assert edx.jobs.imported == {str(RUN): 1}


@ON_SQLITE
async def test_an_old_version_can_be_pushed(desk: Desk, edx: Studios) -> None:
    await imported(desk.courses.store, desk.run, {**FILES, "README": b"new"})
    async with desk.working():
        await desk.over(await desk.push(version=desk.version))
    assert unpacked(edx.jobs.archives[str(RUN)]) == FILES


@ON_SQLITE
async def test_a_failure_has_studios_words(desk: Desk, edx: Studios) -> None:
    """ "Configuration errors … will be passed on verbatim" (spec/content-api.md, "Error Handling")."""
    words = "Error while reading problem/sum.xml. Check file for XML errors."
    edx.jobs.fails = Flaw("Updating", words)
    async with desk.working():
        job = await desk.over(await desk.push())
        assert (job.state, job.error_code, job.error_message) == (JobState.FAILED, "IMPORT_FAILED", words)
        row = await desk.row()
        assert row is not None
        assert (row.state, row.words, row.pushed_version) == (PushState.FAILED, words, None)
        edx.jobs.fails = None
        async with desk.database.writing() as session:
            await control.retry(session, job.uuid, AUTHOR)  # which begins anew
        assert result_of(await desk.over(job.uuid))["version"] == desk.version


@ON_SQLITE
async def test_without_a_user_nobody_knows_why_an_import_failed(desk: Desk, edx: Studios) -> None:
    edx.jobs.fails = Flaw("Updating", "words that nobody reads")
    async with hosted(edx.lms, edx.studio, PATIENCE, signs_in=False) as blind, desk.working(host=blind):
        job = await desk.over(await desk.push())
    assert (job.error_code, job.error_message) == ("IMPORT_FAILED", NO_WORDS["IMPORT_FAILED"])  # type: ignore[index]


@ON_SQLITE
async def test_where_the_page_is_away_nobody_knows_why_an_import_failed(desk: Desk, edx: Studios) -> None:
    edx.jobs.fails = Flaw("Updating", "words that nobody reads")
    edx.faults.set([Fault(Kind.ERROR, path="/import_status/")])
    async with desk.working():
        job = await desk.over(await desk.push())
    assert (job.error_code, job.error_message) == ("IMPORT_FAILED", NO_WORDS["IMPORT_FAILED"])  # type: ignore[index]


@ON_SQLITE
async def test_a_push_that_somebody_began_is_asked_for_before_it_is_sent(desk: Desk, edx: Studios) -> None:
    """A worker remembered that it would send, and died."""
    uuid = await desk.push()
    memory = orjson.dumps({KEY: begun(Memory(), "never-sent.tar.gz", now()).as_json()}).decode()
    async with desk.database.writing() as session:
        await session.execute(update(Job).where(Job.uuid == uuid).values(memory=memory))
    async with desk.working():
        job = await desk.over(uuid)
    assert (job.state, result_of(job)["sends"], edx.jobs.imported[str(RUN)]) == (JobState.SUCCEEDED, 2, 1)


@ON_SQLITE
async def test_a_version_that_no_archive_can_hold_is_not_pushed(desk: Desk, edx: Studios) -> None:
    course = (await loaded(desk.courses.store, desk.run)).course
    odd = Block("chapter", "odd", (("not a name", "x"),))
    written = write(replace(course, root=replace(course.root, children=(*course.root.children, odd))))
    intake = Intake(desk.courses.store)
    await intake.nodes(written.nodes)
    change = Commit(desk.run, written.root, written.frame, Author("ada"), "edit", intake.until, 1, 1, 1)
    async with desk.database.writing() as session:
        await commit(session, change)
    async with desk.working():
        job = await desk.over(await desk.push())
    assert (job.state, job.error_code, edx.jobs.imported) == (JobState.FAILED, "INVALID", {})
    assert "'not a name'" in (job.error_message or "")


@ON_SQLITE
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
async def test_a_push_waits_while_the_disk_is_full(desk: Desk, edx: Studios, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(prefix: str) -> IO[bytes]:
        return Path("/dev/full").open("r+b", buffering=0)

    monkeypatch.setattr(pushing, "TemporaryFile", full)
    async with desk.working():
        job = await desk.until(await desk.push(), lambda job: job.error_code is not None)
    assert (job.state, job.error_code, edx.jobs.imported) == (JobState.QUEUED, "INTERNAL_ERROR", {})
    assert job.error_message == "no archive can be written: No space left on device"


@ON_SQLITE
@pytest.mark.parametrize("kind", [Kind.LOST, Kind.BROKEN, Kind.TRUNCATED])
async def test_an_answer_that_is_lost_is_asked_for(desk: Desk, edx: Studios, kind: Kind) -> None:
    edx.jobs.states = ["Verifying"] * 3
    edx.faults.set([Fault(kind, method="POST", path="/api/courses/", times=1)])
    async with desk.working():
        job = await desk.over(await desk.push())
    assert (job.state, edx.jobs.imported[str(RUN)]) == (JobState.SUCCEEDED, 1)


@ON_SQLITE
async def test_where_nobody_can_ask_the_same_archive_is_sent_again(desk: Desk, edx: Studios) -> None:
    edx.faults.set([Fault(Kind.LOST, method="POST", path="/api/courses/", times=1)])
    async with hosted(edx.lms, edx.studio, PATIENCE, signs_in=False) as blind, desk.working(host=blind):
        job = await desk.over(await desk.push())
    assert (job.state, result_of(job)["sends"], edx.jobs.imported[str(RUN)]) == (JobState.SUCCEEDED, 2, 2)


@ON_SQLITE
async def test_what_never_arrives_ends_in_words(desk: Desk, edx: Studios) -> None:
    edx.faults.set([Fault(Kind.CUT, method="POST", path="/api/courses/")])
    async with desk.working(replace(QUICK, settles=0.05)):
        job = await desk.over(await desk.push())
    assert (job.state, job.error_code) == (JobState.FAILED, "PUSH_UNCERTAIN")
    assert edx.jobs.imported == {}


@ON_SQLITE
async def test_errors_on_the_way_are_borne(desk: Desk, edx: Studios) -> None:
    edx.jobs.states = ["Verifying"] * 3
    edx.faults.set(
        [
            Fault(Kind.ERROR, method="GET", path="/api/courses/", status=500, times=2),
            Fault(Kind.THROTTLE, method="GET", path="/api/courses/", times=1, retry_after=0),
            Fault(Kind.ERROR, method="GET", path="/api/courses/", status=503, times=1),
        ]
    )
    async with desk.working():
        job = await desk.over(await desk.push())
    assert (job.state, edx.jobs.imported[str(RUN)]) == (JobState.SUCCEEDED, 1)


@ON_SQLITE
async def test_a_refusal_is_told_as_studio_words_it(desk: Desk, edx: Studios) -> None:
    edx.world.add_user(User("worker", "worker@example.org"))
    async with desk.working():
        job = await desk.over(await desk.push())
    assert job.error_code == "STUDIO_REFUSED"
    assert "The requesting user does not have course author permissions." in (job.error_message or "")


@ON_SQLITE
@pytest.mark.parametrize("patience", [0.0, 0.2])
async def test_an_import_that_takes_too_long_is_given_up(desk: Desk, edx: Studios, patience: float) -> None:
    """J5: time-outs are fatal and reported with the stage, be it by the first answer that comes."""
    edx.jobs.states = ["Updating"] * 1000
    async with desk.working(replace(QUICK, patience=patience)):
        job = await desk.over(await desk.push())
    assert (job.state, job.error_code, job.stage) == (JobState.FAILED, "IMPORT_TIMED_OUT", "UPDATING")


@ON_SQLITE
async def test_a_push_that_is_canceled_says_that_studio_goes_on(desk: Desk, edx: Studios, database: Database) -> None:
    edx.jobs.states = ["Updating"] * 1000
    async with desk.working():
        uuid = await desk.push()
        running = await desk.until(uuid, lambda job: job.stage == "UPDATING")
        async with database.writing() as session:
            (await session.get_one(Job, running.id)).cancel_requested_at = running.created_at
        assert (await desk.over(uuid)).state is JobState.CANCELED
    row = await desk.row()
    assert row is not None
    assert (row.state, row.words) == (PushState.CANCELED, "it was canceled; what was sent is imported nevertheless")


@ON_SQLITE
async def test_a_push_waits_while_studio_is_down(desk: Desk, edx: Studios, breaker: Breaker) -> None:
    breaker._rests_until = breaker._clock() + 3600
    async with desk.working():
        uuid = await desk.push()
        job = await desk.until(uuid, lambda job: job.error_code is not None)
        assert (job.state, job.attempts, job.error_code) == (JobState.QUEUED, 0, WAITING)
        assert edx.jobs.imported == {}


@ON_SQLITE
async def test_rights_are_looked_at_again_when_the_job_begins(desk: Desk, edx: Studios, database: Database) -> None:
    """O3."""
    viewer = Viewer("granted", frozenset({Role.LEARNER}))
    async with database.writing() as session:
        session.add(RoleGrant(username="granted", role=Role.AUTHOR.value, organization_id=1, granted_by="admin"))
    uuid = await desk.push(viewer)
    async with database.writing() as session:
        await session.execute(delete(RoleGrant))
    async with desk.working():
        job = await desk.over(uuid)
    assert (job.state, job.error_code, edx.jobs.imported) == (JobState.FAILED, "FORBIDDEN", {})


@ON_SQLITE
async def test_a_push_is_for_what_the_instance_is_known_to_have(desk: Desk, edx: Studios) -> None:
    with pytest.raises(Refusal, match="not known to have any version"):
        await desk.push(expected=desk.version)
    async with desk.working():
        await desk.over(await desk.push())
        new = (await imported(desk.courses.store, desk.run, {**FILES, "README": b"new"})).version
        job = await desk.over(await desk.push(expected=desk.version))
        assert result_of(job)["version"] == new
    waiting = await desk.push(expected=new)
    with pytest.raises(Refusal, match="another version is being pushed"):
        await desk.push(version=desk.version)
    async with desk.database.writing() as session:
        await put(session, desk.run, "partner", pushed_version="0" * 64)
    async with desk.working():
        job = await desk.over(waiting)
    assert (job.state, job.error_code) == (JobState.FAILED, "VERSION_CONFLICT")


DEATHS = [
    "before:studio_import",  # remembered, and not sent: asked for, and after a while sent
    "after:studio_import",  # done, and not known
]


@ON_SQLITE
async def test_a_push_survives_the_death_of_its_worker_at_every_step(
    desk: Desk, edx: Studios, database_url: URL, tmp_path: Path
) -> None:
    edx.jobs.states = ["Verifying"] * 2
    uuid = await desk.push()
    given = [database_url.render_as_string(hide_password=False), str(tmp_path / "blobs"), edx.lms, edx.studio, *DEATHS]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.resolvers.instances.dying", *given, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()[-2000:]
    assert (await desk.job(uuid)).state is JobState.SUCCEEDED
    assert edx.jobs.imported == {str(RUN): 1}
