"""Jobs in processes of their own, which are killed (design §6: a job survives `kill -9` on both engines)."""

import asyncio
import contextlib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path

import orjson
import pytest
from sqlalchemy import URL, func, select

from db.engine import Database, open_database
from db.migrate import migrate
from db.tables import Job, JobState
from resolvers.jobs import Embedded, Kind, Order, Places, Runner, enqueue_all
from resolvers.transfer.asking import EXPORT, IMPORT
from server.app import create_app
from server.failures import Failure
from server.jobs import running as running_module
from server.jobs.running import run_worker
from server.settings import Settings, load
from tests.server.jobs_worker import NOTE, POISON, STEPS, work

ROOT = Path(__file__).parents[2]


@contextlib.asynccontextmanager
async def workers(url: URL, count: int = 1, *, concurrency: int = 4) -> AsyncIterator[None]:
    """Worker processes, which are started again when they die."""
    address = url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.server.jobs_worker", address, str(concurrency)]
    processes = [await asyncio.create_subprocess_exec(*command, cwd=ROOT) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        ended = [await process.wait() for process in processes]
    assert ended == [0] * count


async def ask(database: Database, *orders: tuple[Kind, Order]) -> list[str]:
    async with database.writing() as session:
        return [(await enqueue_all(session, kind, [order]))[0].uuid for kind, order in orders]


async def until(is_so: Callable[[], bool]) -> None:
    while True:
        await asyncio.sleep(0.02)
        if is_so():
            return


async def all_over(database: Database, *, within: float = 60) -> Sequence[Job]:
    """All jobs, once they are over."""
    async with asyncio.timeout(within):
        while True:
            async with database.writing() as session:
                unfinished = await session.scalar(select(func.count(Job.id)).where(Job.finished_at.is_(None)))
                if not unfinished:
                    return list(await session.scalars(select(Job).order_by(Job.id)))
            await asyncio.sleep(0.1)


async def test_a_worker_killed_at_every_step_has_each_effect_once(
    database: Database, database_url: URL, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere"
    await ask(database, (STEPS, Order("Course:MITx+1x", {"path": str(path), "steps": 2})))

    async with workers(database_url):
        [job] = await all_over(database)

    deaths = [f"{point}{number}" for number in (1, 2) for point in ("before", "begun", "there", "done")]
    assert (tmp_path / "elsewhere.deaths").read_text().split() == deaths
    assert (job.state, job.error_code) == (JobState.SUCCEEDED, None)
    assert orjson.loads(job.result or "") == path.read_text().split() == ["step1", "step2"]
    assert job.attempts > len(deaths)


async def test_a_job_that_kills_each_worker_fails_visibly_and_others_go_on(
    database: Database, database_url: URL, tmp_path: Path
) -> None:
    path = str(tmp_path / "notes")
    await ask(
        database,
        (NOTE, Order("Course:MITx+1x", {"path": path})),
        (POISON, Order("Course:MITx+2x")),
        (NOTE, Order("Course:MITx+3x", {"path": path})),
    )

    async with workers(database_url, concurrency=1):
        first, poisoned, last = await all_over(database)

    assert (poisoned.state, poisoned.attempts, poisoned.error_code) == (JobState.FAILED, 3, "WORKER_LOST")
    assert (first.state, last.state) == (JobState.SUCCEEDED, JobState.SUCCEEDED)


async def test_two_workers_never_run_one_job(database: Database, database_url: URL, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    async with database.writing() as session:
        orders = [Order("Course:MITx+1x", {"path": str(path), "sleep": 0.05}) for _ in range(60)]
        await enqueue_all(session, NOTE, orders)

    async with workers(database_url, 2, concurrency=2):
        jobs = await all_over(database)

    ran = Counter(line.partition(":")[0] for line in path.read_text().split())
    assert ran == dict.fromkeys([job.uuid for job in jobs], 1)
    assert {job.attempts for job in jobs} == {1}
    assert len({job.worker for job in jobs}) == 2


async def test_a_server_that_starts_again_goes_on_with_what_it_left(
    database: Database, database_url: URL, tmp_path: Path
) -> None:
    """The embedded default, and a server on PostgreSQL that is set to run jobs."""
    path = tmp_path / "notes"
    await ask(database, (NOTE, Order("Course:MITx+1x", {"path": str(path), "sleep": 30})))
    settings = load(database_url=database_url, run_jobs=True)

    async with lifespan(settings), asyncio.timeout(20):
        await until(path.exists)
    async with database.writing() as session:
        left = await session.scalar(select(Job).with_for_update())
        assert left is not None
        given_back = (left.state, left.attempts)
        left.input = orjson.dumps({"path": str(path)}).decode()
    async with lifespan(settings):
        [job] = await all_over(database)

    assert given_back == (JobState.QUEUED, 0)
    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 1)


@contextlib.asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[None]:
    """A server without connections."""
    app = create_app(settings, work=work)
    async with app.router.lifespan_context(app):
        yield


async def test_a_queue_that_is_none_is_refused(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path)
    await migrate(settings.database_url)

    with pytest.raises(Failure, match="no queue 'studios'; there are content, default"):
        await run_worker(settings, work, queues=["studios"])
    with pytest.raises(Failure, match="no queue 'studios'"):
        await run_worker(load(data_dir=tmp_path, queue_concurrency={"studios": 2}), work)
    with pytest.raises(Failure, match="no queue to take jobs from"):
        await run_worker(load(data_dir=tmp_path, queue_concurrency={"content": 0}), work, queues=["content"])


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_processes_are_set_apart_for_content_and_others_kept_from_it(
    database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number at the command line is that of the queues that are named there; without one those of settings hold."""
    given: list[tuple[Collection[str], Places]] = []

    class Asked(Embedded):
        def __init__(self, runner: Runner, *, queues: Collection[str] = (), places: Places | None = None) -> None:
            given.append((queues, places or Places()))
            super().__init__(runner, queues=queues, places=places)

    monkeypatch.setattr(running_module, "Embedded", Asked)
    settings = load(database_url=database_url, queue_concurrency="content=0")
    database = open_database(settings.database_url)
    async with running_module.running(settings, database, work, queues=["content"], concurrency=3):
        pass
    async with running_module.running(settings, database, work):
        pass
    await database.close()
    (apart, three), (others, none) = given
    assert (apart, three.of("content"), others, none.of("content"), none.of("default")) == (["content"], 3, (), 0, 4)


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("is_on", [True, False])
async def test_where_content_is_switched_off_no_job_moves_any(database: Database, is_on: bool) -> None:
    async with running_module.work(load(enable_content=is_on), database) as handlers:
        moving = {IMPORT.name, EXPORT.name} & {kind.name for kind in handlers}
    assert moving == ({IMPORT.name, EXPORT.name} if is_on else set())
