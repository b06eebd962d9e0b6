"""Operations that take too long are given up, and their statements end in the database, on both kinds of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest
import strawberry
from sqlalchemy import URL, text

from db.engine import Database, open_database
from resolvers.context import Context
from server import deadlines
from server.deadlines import Deadline, watch
from server.execution import Executor, Operation
from server.limits import Limits
from server.profiles import Profile
from tests.asking import ADMIN, LEARNER
from tests.freezing import Way

SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(600) -- slow",
}
"""Statements that do not end before the tests do."""

SLOW_DOCUMENTS = ["{ slow }", "mutation { slow }"]

Info = strawberry.Info[Context, None]
SOON = 0.3


@strawberry.type
class Query:
    @strawberry.field
    async def slow(self, info: Info) -> int:
        database = info.context.database
        return len(await info.context.snapshot.fetch(SLOW[database.dialect.name]))

    @strawberry.field
    async def asleep(self) -> int:
        await asyncio.sleep(600)
        return 1

    @strawberry.field
    async def out_of_time(self) -> int:
        raise TimeoutError

    @strawberry.field
    async def quick(self, info: Info) -> int:
        return len(await info.context.snapshot.fetch("SELECT 1"))


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def slow(self, info: Info) -> int:
        async with info.context.database.writing() as session:
            await session.execute(text("INSERT INTO program_category (slug, display_name) VALUES ('slow', 'Slow')"))
            await session.execute(text(SLOW[info.context.database.dialect.name]))
        return 1


SCHEMA = strawberry.Schema(Query, Mutation)


@pytest.fixture
async def executor(database: Database) -> AsyncIterator[Executor]:
    yield Executor(SCHEMA, database, Profile(Limits(query_seconds=SOON, mutation_seconds=2 * SOON)))
    await asyncio.sleep(0)


async def still_running(database: Database) -> int:
    """How many slow statements PostgreSQL still works at."""
    if database.dialect.name == "sqlite":
        return 0
    async with database.writing() as session:
        found = await session.scalar(
            text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' "
                 "AND pid <> pg_backend_pid() AND datname = current_database()")
        )  # fmt: skip
        return int(found or 0)


async def settled(database: Database) -> int:
    """The same once the server has had the time to hear of it."""
    for _ in range(50):
        if not (count := await still_running(database)):
            return 0
        await asyncio.sleep(0.1)
    return count


@pytest.mark.parametrize(
    ("document", "seconds"),
    [("{ slow }", SOON), ("{ asleep }", SOON), ("{ quick slow asleep }", SOON), ("mutation { slow }", 2 * SOON)],
)
async def test_an_operation_that_takes_too_long_is_given_up(
    executor: Executor, database: Database, document: str, seconds: float
) -> None:
    start = time.monotonic()
    result = await executor.execute(Operation(document), LEARNER)
    took = time.monotonic() - start

    [error] = result.errors
    assert (result.data, error["extensions"]["code"]) == (None, "TIME_LIMIT_EXCEEDED")
    assert f"longer than {seconds:g} seconds" in error["message"]
    assert "data" in result.body()
    assert seconds <= took < seconds + 10  # the statements would take minutes
    assert await settled(database) == 0


async def test_a_server_that_says_nothing_any_more_keeps_no_operation(
    database: Database, database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.dialect.name == "sqlite":
        pytest.skip("a file answers")
    monkeypatch.setattr("db.engine.PARTING", 0.3)
    way = Way(database_url)
    async with way.open():
        through = open_database(way.url)
        executor = Executor(SCHEMA, through, Profile(Limits(query_seconds=1, mutation_seconds=1)))
        asking = [
            asyncio.create_task(executor.execute(Operation(document), LEARNER)) for document in SLOW_DOCUMENTS * 2
        ]
        await asyncio.sleep(0.7)
        way.freeze()
        await asyncio.wait(asking, timeout=10)
        codes = [each.result().errors[0]["extensions"]["code"] for each in asking if each.done()]
        way.thaw()
        quick = await executor.execute(Operation("{ quick }"), LEARNER)
        await through.close()

    assert codes == ["TIME_LIMIT_EXCEEDED"] * 4
    assert quick.data == {"quick": 1}


async def test_connections_are_as_good_as_new_afterwards(executor: Executor, database: Database) -> None:
    """More operations in turn than there are connections: none of them is lost, nor left in a transaction."""
    for _ in range(6):
        await executor.execute(Operation("{ slow }"), LEARNER)
        assert (await executor.execute(Operation("{ quick }"), LEARNER)).data == {"quick": 1}

    found = await asyncio.gather(*(executor.execute(Operation("{ slow }"), LEARNER) for _ in range(4)))
    assert all(result.errors[0]["extensions"]["code"] == "TIME_LIMIT_EXCEEDED" for result in found)
    assert (await executor.execute(Operation("{ quick }"), LEARNER)).data == {"quick": 1}


async def test_a_mutation_that_was_given_up_changed_nothing_and_lets_others_write(
    executor: Executor, database: Database
) -> None:
    await executor.execute(Operation("mutation { slow }"), LEARNER)

    async with asyncio.timeout(5), database.writing() as session:
        assert await session.scalar(text("SELECT count(*) FROM program_category WHERE slug = 'slow'")) == 0
        await session.execute(text("INSERT INTO program_category (slug, display_name) VALUES ('quick', 'Quick')"))


async def test_what_others_write_meanwhile_is_not_interrupted(executor: Executor, database: Database) -> None:
    """A deadline ends the statements of its own operation only."""

    async def write(number: int) -> None:
        async with database.writing() as session:
            await session.execute(
                text("INSERT INTO program_category (slug, display_name) VALUES (:slug, 'x')"), {"slug": f"s{number}"}
            )
            await asyncio.sleep(SOON / 10)

    await asyncio.gather(
        *(write(number) for number in range(20)),
        *(executor.execute(Operation(document), LEARNER) for document in ["{ slow }"] * 3),
    )

    async with database.writing() as session:
        assert await session.scalar(text("SELECT count(*) FROM program_category WHERE display_name = 'x'")) == 20


async def test_a_time_out_of_a_field_is_that_field_s_fault(executor: Executor) -> None:
    result = await executor.execute(Operation("{ outOfTime }"), LEARNER)

    assert result.errors[0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert result.errors[0]["path"] == ["outOfTime"]


async def test_cancelling_a_request_is_no_time_out(executor: Executor) -> None:
    request = asyncio.create_task(executor.execute(Operation("{ asleep }"), LEARNER))
    await asyncio.sleep(SOON / 3)
    request.cancel()

    with pytest.raises(asyncio.CancelledError):
        await request


async def test_a_deadline_that_is_met_leaves_no_trace() -> None:
    task = asyncio.current_task()
    assert task is not None

    with Deadline(SOON) as deadline:
        await asyncio.sleep(0)
    await asyncio.sleep(2 * SOON)

    assert not deadline.is_over
    assert task.cancelling() == 0


async def test_a_deadline_that_passes_leaves_its_task_as_it_was() -> None:
    task = asyncio.current_task()
    assert task is not None
    deadline = Deadline(SOON / 10)

    with pytest.raises(TimeoutError), deadline:
        await asyncio.sleep(600)

    assert deadline.is_over
    assert task.cancelling() == 0


async def test_a_database_is_watched_once(database: Database) -> None:
    for _ in range(3):
        watch(database)

    with Deadline(60) as deadline:
        async with database.writing() as session:
            await session.execute(text("SELECT 1"))
            taken = len(deadline._writers)
        assert taken == (database.dialect.name == "sqlite")
        assert not deadline._writers


async def test_a_deadline_that_passes_as_somebody_else_cancels_the_task_is_no_time_out() -> None:
    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        with Deadline(0):
            try:
                await asyncio.sleep(600)
            finally:
                task.cancel()  # as a client that goes just then

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_task_that_keeps_a_connection_to_write_on_is_cancelled_after_some_interruptions(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to interrupt while it computes, or waits for something else."""
    monkeypatch.setattr(deadlines, "INTERRUPTIONS", 2)
    watch(database)

    async def work() -> None:
        with Deadline(60) as deadline:
            async with database.writing() as session:
                await session.execute(text("SELECT 1"))
                deadline._end()
                await asyncio.sleep(600)

    with pytest.raises(TimeoutError):
        await work()


async def test_a_time_out_of_somebody_else_is_not_taken_for_that_of_the_operation(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late() -> NoReturn:
        raise TimeoutError("the pool has no connection")

    monkeypatch.setattr(database, "reading", late)
    with pytest.raises(TimeoutError, match="the pool has no connection"):
        await Executor(SCHEMA, database).execute(Operation("{ quick }"), ADMIN)
