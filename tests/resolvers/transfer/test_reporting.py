"""Exports of learners as jobs (spec/programs.md, "Analytics Integration")."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import insert, select, update

from db.engine import Database
from db.store import Store, open_blobs
from db.store.parcels import Parcels, find
from db.tables import Job, JobState, ParcelKind, Program, ProgramUser, ProgramUserStatus, now
from resolvers.access import Role, Viewer
from resolvers.content.uploads import Uploads
from resolvers.errors import FeatureDisabled, Forbidden, NotFound
from resolvers.jobs import Runner
from resolvers.transfer import reporting
from resolvers.transfer.reporting import EXPORT_LEARNERS, ask_for_learners, exporting_learners
from tests.asking import ADMIN, AUTHOR
from tests.catalog import fill, uuid
from tests.resolvers.jobs.sample import FAST

STAFF = Viewer("admin", ADMIN.roles)
pytestmark = pytest.mark.usefixtures("associated")


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Store:
    return Store(database, open_blobs(tmp_path / "blobs"))


@pytest.fixture
async def associated(database: Database) -> None:
    """Ada is in two programs, Bob in one of them; one that Ada was in too is deleted."""
    await fill(database)
    moment = now()
    async with database.writing() as session:
        ids = {uuid_: id_ for id_, uuid_ in await session.execute(select(Program.id, Program.uuid))}
        given = {"status": ProgramUserStatus.ACTIVE, "source": "listing", "created_at": moment, "updated_at": moment}
        pairs = [("ada", 1), ("ada", 2), ("ada", 3), ("bob", 1)]
        rows = [{"username": name, "program_id": ids[uuid(number)], **given} for name, number in pairs]
        await session.execute(insert(ProgramUser), rows)


async def ask(store: Store, viewer: Viewer = STAFF, program: str | None = None) -> str:
    async with store.database.writing() as session:
        return await ask_for_learners(session, viewer, Uploads(store), program)


async def work(store: Store, job: str) -> Job:
    """One attempt at a job; how it is then."""
    handler = exporting_learners(Parcels(store), timedelta(hours=1))
    runner = Runner(store.database, {EXPORT_LEARNERS: handler}, FAST)
    held = await runner.take(uuid=job)
    assert held is not None
    await runner.run(held)
    async with store.database.writing() as session:
        found = await session.scalar(select(Job).where(Job.uuid == job))
    assert found is not None
    return found


async def lines(store: Store, job: Job) -> list[dict[str, object]]:
    told = orjson.loads(job.result or "null")
    async with store.database.writing() as session:
        parcel = await find(session, ParcelKind.EXPORT, told["archive"])
    assert parcel is not None
    assert (told["size"], told["contentType"]) == (parcel.size, "application/x-ndjson")
    return [orjson.loads(line) for line in (await Parcels(store).opened(parcel)).read().splitlines()]


@pytest.mark.parametrize("part", [1, 1 << 20])
async def test_everything_is_written_to_one_file(store: Store, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "PART", part)

    job = await work(store, await ask(store))

    assert (job.state, job.stage, job.done, job.total) == (JobState.SUCCEEDED, "EXPORTING", 9, 9)
    found = await lines(store, job)
    assert [line["name"] for line in found[:6]] == [f"Program {number}" for number in (0, 1, 2, 4, 5, 6)]
    associations = [(line["username"], line["program"]) for line in found[6:]]
    assert associations == [("ada", uuid(1)), ("bob", uuid(1)), ("ada", uuid(2))]


async def test_one_program_may_be_asked_for(store: Store) -> None:
    job = await work(store, await ask(store, program=uuid(2)))

    assert job.subject == f"Program:{uuid(2)}"
    assert [line["type"] for line in await lines(store, job)] == ["program", "association"]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_it_is_asked_for_by_those_who_may_see_others_for_programs_that_are_there(store: Store) -> None:
    with pytest.raises(Forbidden):
        await ask(store, AUTHOR)
    for missing in (3, 99):
        with pytest.raises(NotFound):
            await ask(store, program=uuid(missing))
    async with store.database.writing() as session:
        with pytest.raises(FeatureDisabled):
            await ask_for_learners(session, STAFF, None)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_whoever_has_lost_the_right_meanwhile_gets_nothing(store: Store) -> None:
    uuid_ = await ask(store)
    async with store.database.writing() as session:
        given = orjson.dumps({"program": None, "roles": [Role.LEARNER.value]}).decode()
        await session.execute(update(Job).where(Job.uuid == uuid_).values(input=given))

    job = await work(store, uuid_)

    assert (job.state, job.error_code, job.result) == (JobState.FAILED, "FORBIDDEN", None)
