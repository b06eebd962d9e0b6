"""Imports as jobs: J1 to J9, C1 to C8, L9, L10, O3 and X1 to X5 of the notes on OLX (spec/content-api.md, "Create")."""

import asyncio
import io
import time
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from db.store import Author, BlobsUnavailable, Corrupted, Intake, LeaseLost, StoreFull, UnknownVersion, history
from db.tables import ClientApplication, ContentSource, ContentVersion, CourseRun, Job, JobState, RoleGrant
from edx.olx import InMemory, Severity, archive
from resolvers.access import ANONYMOUS, Role, Viewer
from resolvers.content.imports import Mode
from resolvers.content.uploads import Announced, ChecksumMismatch, UploadUnknown
from resolvers.editing import locks
from resolvers.errors import Forbidden, NotFound, Unauthenticated
from resolvers.jobs import JobContext, JobFailed, Places, Runner, TryAgain, control
from resolvers.merging.conflicts import Choice, Resolution
from resolvers.merging.merge import CannotMerge
from resolvers.refusals import Reason, Refusal
from resolvers.transfer import importing, telling, turns
from tests.edx.olx.twins import COURSE, tarred
from tests.resolvers.content.conftest import loaded
from tests.resolvers.jobs.sample import FAST
from tests.resolvers.jobs.test_engines import engine, over
from tests.resolvers.transfer.conftest import ADA, Desk, result

CHANGED = {**COURSE, "problem/sum.xml": b"<problem>2</problem>"}
BROKEN = {**COURSE, "problem/sum.xml": b"<problem>\n<p></problem>", "html/page.xml": b"<html"}
HOLDER = Author("ada", "tests")
ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])


async def head(desk: Desk) -> str:
    return (await loaded(desk.store, desk.runs[0])).version


async def refusal(desk: Desk, **given: Any) -> Any:
    with pytest.raises(Refusal) as caught:
        await desk.ask(CHANGED, **given)
    [problem] = caught.value.problems
    return problem


async def lock(desk: Desk, by: Author = HOLDER) -> locks.Lock:
    async with desk.database.writing() as session:
        return await locks.acquire(session, desk.runs[0], by)


async def test_an_upload_becomes_the_content_of_a_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1, J1, J8: stages in their order, counts that never fall, and a result with version, counts and warnings."""
    told: list[tuple[Any, ...]] = []
    advance = JobContext.advance

    async def watched(self: JobContext, *given: Any) -> None:
        told.append(given)
        await advance(self, *given)

    monkeypatch.setattr(JobContext, "advance", watched)
    job = await desk.imported(CHANGED, message="from afar", expected=desk.version)

    found = result(job)
    assert (job.state, job.stage, job.done, job.total) == (JobState.SUCCEEDED, "UPDATING", 23, 23)
    assert found["version"] == await head(desk) != desk.version
    assert (found["changed"], found["counts"]["problem"], found["files"]) == (True, 1, len(COURSE))
    assert found["bytesWritten"] == len(CHANGED["problem/sum.xml"])
    assert (found["errors"], found["warnings"]) == (
        0,
        len([p for p in found["problems"] if p["severity"] == "WARNING"]),
    )
    async with desk.database.writing() as session:
        newest = (await history(session, desk.runs[0]))[0]
    assert (newest.author, newest.operation, newest.message) == (HOLDER, "import", "from afar")
    stages = list(dict.fromkeys(stage for stage, *_ in told))
    assert stages == ["UNPACKING", "VERIFYING", "UPDATING"]
    for stage in stages:
        counts = [done for each, done, *_ in told if each == stage]
        assert counts == sorted(counts)
    assert (told[0][:3], told[0][3] in COURSE) == (("UNPACKING", len(COURSE), None), True)


@ON_SQLITE
async def test_the_same_content_again_is_a_success_that_changes_nothing(desk: Desk) -> None:
    """C5."""
    found = result(await desk.imported(COURSE))
    assert (found["changed"], found["version"], found["bytesWritten"]) == (False, desk.version, 0)


@ON_SQLITE
async def test_a_rehearsal_finds_the_version_and_the_faults_and_writes_nothing(desk: Desk) -> None:
    """X5."""
    dry = await desk.imported(CHANGED, is_dry=True)
    assert (dry.state, dry.stage, result(dry)["changed"]) == (JobState.SUCCEEDED, "VERIFYING", False)
    assert await head(desk) == desk.version
    assert result(dry)["version"] == result(await desk.imported(CHANGED))["version"]
    refused = [await desk.imported(BROKEN, is_dry=is_dry) for is_dry in (True, False)]
    assert refused[0].result == refused[1].result


@ON_SQLITE
async def test_all_faults_of_an_archive_are_told_with_their_places(desk: Desk) -> None:
    """C4, X1, X2: file, line, column, block and the display names from the course down; the run is as it was."""
    job = await desk.imported(BROKEN)

    assert (job.state, job.error_code, job.attempts) == (JobState.FAILED, "ARCHIVE_REFUSED", 1)
    assert "problem/sum.xml:2:" in (job.error_message or "")
    errors = {problem["file"]: problem for problem in result(job)["problems"] if problem["severity"] == "ERROR"}
    assert errors.keys() == {"problem/sum.xml", "html/page.xml"}
    fault = errors["problem/sum.xml"]
    assert (fault["code"], fault["line"], fault["block"]) == ("SYNTAX", 2, "problem/sum")
    assert fault["breadcrumb"][:4] == ["Twins", "One", "First", "Unit 1"]
    assert await head(desk) == desk.version
    strict = await desk.imported(CHANGED, fail_level=Severity.WARNING)
    assert (strict.error_code, result(strict)["errors"]) == ("ARCHIVE_REFUSED", 0)
    async with desk.database.writing() as session:
        await control.retry(session, job.uuid, ADA)
    assert (await desk.job(job.uuid)).result is None


@ON_SQLITE
async def test_a_merge_tells_its_conflicts_until_somebody_resolves_them(desk: Desk) -> None:
    """Both have changed one text since the run was imported; nothing is chosen silently."""
    ours = {**COURSE, "problem/sum.xml": b"<problem>ours</problem>", "tabs/extra.html": b"ours"}
    async with desk.database.writing() as session:
        base = await session.scalar(select(ContentSource.version_id))
    await desk.imported(ours)
    async with desk.database.writing() as session:
        await session.execute(update(ContentSource).values(version_id=base))
    job = await desk.imported(CHANGED, mode=Mode.MERGE)
    assert (job.state, job.error_code) == (JobState.FAILED, "MERGE_CONFLICTS")
    [conflict] = result(job)["conflicts"]
    assert (conflict["key"], conflict["ours"], conflict["theirs"]) == ("text problem/sum", "ours", "2")
    chosen = Resolution({conflict["key"]: Choice.THEIRS})
    job = await desk.imported(CHANGED, mode=Mode.MERGE, resolution=chosen)
    assert (job.state, result(job)["conflicts"][0]["choice"]) == (JobState.SUCCEEDED, "THEIRS")
    course = (await loaded(desk.store, desk.runs[0])).course
    assert [file.blob.digest for file in course.tabs] == [InMemory.of(b"ours").digest]


@ON_SQLITE
async def test_what_is_asked_for_in_vain_is_refused_at_once(desk: Desk) -> None:
    """C5, C8, and whoever may not is told nothing."""
    problem = await refusal(desk, expected="0" * 64)
    assert (problem.code, problem.data["current_version"]) == (Reason.VERSION_CONFLICT, desk.version)
    assert (await refusal(desk, message="x" * 1001)).place == ("message",)
    part = await desk.uploads.begin(HOLDER, Announced(100))
    foreign = await desk.uploads.begin(Author("bob", "tests"), Announced(0))
    for upload, reason in ((part.uuid, Reason.UPLOAD_UNFINISHED), (foreign.uuid, Reason.UPLOAD_UNKNOWN)):
        assert (await refusal(desk, upload=upload)).code is reason
    desk.key = "course-v1:ANUx+ASTRO1x+none"
    with pytest.raises(NotFound):
        await desk.ask(CHANGED)
    for viewer, error in ((Viewer("bob", frozenset({Role.LEARNER})), Forbidden), (ANONYMOUS, Unauthenticated)):
        desk.viewer = viewer
        with pytest.raises(error):
            await desk.ask(CHANGED)


async def test_a_version_conflict_at_the_end_changes_nothing(desk: Desk) -> None:
    """C5, V2."""
    asked = await desk.ask(CHANGED, expected=desk.version)
    first = await desk.ask({**COURSE, "README": b"meanwhile"})
    async with desk.database.writing() as session:  # as if it had been asked for before
        await session.execute(update(Job).where(Job.uuid == asked).values(id=10_000))
    version = result(await desk.work(first))["version"]
    job = await desk.work(asked)
    assert (job.state, job.error_code, result(job)) == (
        JobState.FAILED, "VERSION_CONFLICT", {"currentVersion": version},
    )  # fmt: skip
    assert await head(desk) == version


async def test_a_locked_run_takes_imports_with_its_token_only_and_keeps_its_lock(desk: Desk) -> None:
    """L9, L10: and the token is kept by nobody but its holder."""
    held = await lock(desk)
    problem = await refusal(desk)
    assert (problem.code, problem.data["problem"].code) == (Reason.CONTENT_REFUSED, "LOCKED")
    uuid = await desk.ask(CHANGED, lock_token=held.token)
    job = await desk.work(uuid)
    assert job.state is JobState.SUCCEEDED
    assert str(held.token) not in (job.input + job.memory + (job.result or ""))
    async with desk.database.writing() as session:
        renewed = await locks.held(session, desk.runs[0])
    assert renewed is not None
    assert renewed.expires_at > held.expires_at


@ON_SQLITE
async def test_a_lock_that_has_ended_ends_the_import(desk: Desk) -> None:
    held = await lock(desk)
    broken = await desk.ask(CHANGED, lock_token=held.token)
    async with desk.database.writing() as session:
        await locks.break_lock(session, desk.runs[0])
    without = await desk.ask(CHANGED)
    assert (await desk.work(broken)).error_code == "LOCK_EXPIRED"
    await lock(desk, Author("bob", "other"))
    assert (await desk.work(without)).error_code == "LOCKED"
    assert await head(desk) == desk.version


@ON_SQLITE
async def test_rights_are_looked_at_again_when_the_work_begins(desk: Desk) -> None:
    """O3: the grant was taken back, the application disabled, the run removed meanwhile."""
    fields = {"name": "x", "scopes": "write", "secret_hash": "0"}
    async with desk.database.writing() as session:
        session.add(ClientApplication(client_id="app", username="eve", role="author", **fields))
    eve = Viewer("eve", frozenset({Role.LEARNER, Role.AUTHOR}), application="app")
    author = await desk.uploads.begin(Author("eve", "app"), Announced(0))
    asked = [await desk.ask(CHANGED)]
    desk.viewer = eve
    asked += [await desk.ask(CHANGED, upload=author.uuid) for _ in range(2)]
    async with desk.database.writing() as session:
        await session.execute(delete(RoleGrant))
        await session.execute(update(ClientApplication).values(role="learner"))
    assert [(await desk.work(uuid)).error_code for uuid in asked[:2]] == ["FORBIDDEN"] * 2
    async with desk.database.writing() as session:
        await session.execute(delete(CourseRun).where(CourseRun.id == desk.runs[0]))
    assert (await desk.work(asked[2])).error_code == "NOT_FOUND"


@pytest.fixture
def at_the_end(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Set when all is stored and the version is to be changed; and what the import waits for then."""
    reached, goes_on = asyncio.Event(), asyncio.Event()
    nodes = Intake.nodes

    async def slow(self: Intake, given: Any) -> int:
        reached.set()
        await goes_on.wait()
        return await nodes(self, given)

    monkeypatch.setattr(Intake, "nodes", slow)
    return reached, goes_on


async def test_what_is_canceled_before_the_swap_changes_nothing(
    desk: Desk, at_the_end: tuple[asyncio.Event, asyncio.Event]
) -> None:
    """J6, L10."""
    reached, goes_on = at_the_end
    uuid = await desk.ask(CHANGED)
    task = asyncio.create_task(desk.work(uuid))
    await reached.wait()
    async with desk.database.writing() as session:
        await control.cancel(session, uuid, ADA)
    goes_on.set()  # and yet it is not done: the last transaction looks, too
    assert (await task).state is JobState.CANCELED
    assert await head(desk) == desk.version
    async with desk.database.writing() as session:
        await control.retry(session, uuid, ADA)
    assert (await desk.work(uuid)).state is JobState.SUCCEEDED


@ON_SQLITE
async def test_what_is_canceled_after_the_swap_has_succeeded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """J6: nor is it too late then; and an attempt that died before it could say so is not made twice."""
    remember = JobContext.remember_with

    async def late(self: JobContext, *given: Any) -> None:
        await remember(self, *given)
        self._is_canceled = True
        await asyncio.sleep(telling.PERIOD * 2)

    monkeypatch.setattr(JobContext, "remember_with", late)
    desk.seconds = telling.PERIOD * 1.5
    uuid = await desk.ask(CHANGED, expected=desk.version)
    job = await desk.work(uuid)
    assert (job.state, result(job)["changed"]) == (JobState.SUCCEEDED, True)
    async with desk.database.writing() as session:
        values = {"state": JobState.QUEUED, "finished_at": None, "result": None}
        await session.execute(update(Job).where(Job.uuid == uuid).values(values))
    again = await desk.work(uuid)
    assert (again.state, result(again)) == (
        JobState.SUCCEEDED,
        {k: v for k, v in result(job).items() if k != "archive"},
    )
    async with desk.database.writing() as session:
        assert len(list(await session.scalars(select(ContentVersion)))) == 2


@ON_SQLITE
async def test_a_time_out_is_final_and_tells_the_stage_and_the_path(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, at_the_end: tuple[asyncio.Event, asyncio.Event]
) -> None:
    """J5."""
    desk.seconds = 0.3
    job = await desk.imported(CHANGED)
    assert (job.state, job.error_code, job.attempts) == (JobState.FAILED, "TIMED_OUT", 1)
    assert job.error_message == "it took more than 0.3 seconds: it was UPDATING, 23 of 23 done"

    take = archive.Intake.take

    def slow(self: archive.Intake, member: Any) -> None:
        take(self, member)
        if "sum.xml" in member.name:
            time.sleep(0.6)

    monkeypatch.setattr(archive.Intake, "take", slow)
    job = await desk.imported(CHANGED)
    assert (job.error_message or "").endswith(" done, at problem/sum.xml")
    assert (job.error_message or "").startswith("it took more than 0.3 seconds: it was UNPACKING, ")
    assert await head(desk) == desk.version


async def test_imports_into_one_run_are_made_one_after_the_other_in_the_order_of_asking(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J9: a second one is queued, and never interleaved."""
    monkeypatch.setattr(turns, "NAP", 0.05)
    under_way: list[str] = []
    most = 0
    blobs = Intake.blobs

    async def watched(self: Intake, *given: Any) -> int:
        nonlocal most
        under_way.append("x")
        most = max(most, len(under_way))
        await asyncio.sleep(0.05)
        written = await blobs(self, *given)
        under_way.pop()
        return written

    monkeypatch.setattr(Intake, "blobs", watched)
    asked = [await desk.ask({**COURSE, "README": str(number).encode()}) for number in range(4)]
    async with engine(desk.database, desk.handlers, places=Places(4)).running():
        done = [await over(desk.database, uuid) for uuid in asked]

    assert {job.state for job in done} == {JobState.SUCCEEDED}
    assert most == 1
    async with desk.database.writing() as session:
        versions = [entry.version for entry in await history(session, desk.runs[0])]
    assert versions == [*(result(job)["version"] for job in reversed(done)), desk.version]


@ON_SQLITE
async def test_an_import_that_is_tried_again_does_not_get_into_a_later_one(
    desk: Desk, at_the_end: tuple[asyncio.Event, asyncio.Event]
) -> None:
    """J9: it has the lower number, but the other one has begun."""
    reached, goes_on = at_the_end
    first = await desk.imported(BROKEN)
    second = await desk.ask(CHANGED)
    task = asyncio.create_task(desk.work(second))
    await reached.wait()
    async with desk.database.writing() as session:
        await control.retry(session, first.uuid, ADA)
    waiting = await desk.work(first.uuid)
    assert (waiting.state, waiting.stage, waiting.attempts) == (JobState.QUEUED, "QUEUED", 0)
    goes_on.set()
    assert (await task).state is JobState.SUCCEEDED


@ON_SQLITE
async def test_a_full_disk_is_told_and_the_retry_succeeds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blob store errors are clean failures."""
    upload = await desk.ask(CHANGED)

    async def full(*_given: object) -> str:
        raise StoreFull("no room")

    with monkeypatch.context() as patch:
        patch.setattr(desk.store.blobs, "put", full)
        job = await desk.work(upload)
    assert (job.state, job.error_code, job.error_message) == (JobState.QUEUED, "STORAGE_FULL", "no room")
    assert await head(desk) == desk.version
    async with desk.database.writing() as session:
        await session.execute(update(Job).values(not_before=None))
    assert (await desk.work(upload)).state is JobState.SUCCEEDED


async def test_work_that_is_stopped_with_its_process_is_begun_anew(
    desk: Desk, at_the_end: tuple[asyncio.Event, asyncio.Event]
) -> None:
    """J7."""
    reached, goes_on = at_the_end
    uuid = await desk.ask(CHANGED)
    runner = Runner(desk.database, desk.handlers, FAST)
    held = await runner.take(uuid=uuid)
    assert held is not None
    task = asyncio.create_task(runner.run(held))
    await reached.wait()
    task.cancel()
    await asyncio.wait({task})
    assert ((await desk.job(uuid)).state, await head(desk)) == (JobState.QUEUED, desk.version)
    goes_on.set()
    assert (await desk.work(uuid)).state is JobState.SUCCEEDED


def test_an_archive_is_watched_file_by_file() -> None:
    seen: list[str] = []
    archive.read(io.BytesIO(tarred(COURSE).read()), watch=seen.append)
    assert sorted(seen) == sorted(COURSE)


@pytest.mark.parametrize(
    ("error", "code", "is_tried_again"),
    [
        (CannotMerge("a course cannot be merged into a library"), "INVALID", False),
        (UnknownVersion("0" * 64, is_expired=True), "VERSION_UNKNOWN", False),
        (UploadUnknown("there is no such upload"), "UPLOAD_UNKNOWN", False),
        (ChecksumMismatch("it was thrown away"), "UPLOAD_UNFINISHED", False),
        (StoreFull("the disk is full"), "STORAGE_FULL", True),
        (BlobsUnavailable("the store is away"), "STORAGE_UNAVAILABLE", True),
        (Corrupted("0" * 64, "the stored blob is gone"), "STORAGE_UNAVAILABLE", True),
        (LeaseLost("it took too long"), "STORAGE_UNAVAILABLE", True),
    ],
)
def test_what_goes_wrong_with_content_is_the_failure_of_the_job(
    error: Exception, code: str, is_tried_again: bool
) -> None:
    """J4: what may go better later is tried again."""
    with pytest.raises(JobFailed) as caught, importing.failing():
        raise error
    assert (caught.value.code, str(caught.value)) == (code, str(error))
    assert isinstance(caught.value, TryAgain) is is_tried_again


async def test_a_time_out_of_something_else_is_not_that_of_the_work() -> None:
    async def work() -> None:
        raise TimeoutError("of a connection")

    with pytest.raises(TimeoutError, match="of a connection"):
        await importing.in_time(telling.Told("UNPACKING"), 60.0, work())
