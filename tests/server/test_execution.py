"""Running operations: what is planned, what graphql-core executes, and what faults look like."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import URL

from db.engine import Database, SqliteDatabase, open_database
from tests.asking import ADMIN, LEARNER, Asking
from tests.catalog import organization

MIXED = '{ __schema { queryType { name } } programs { totalCount nodes { name } } course(key: "nonsense") { key } }'


async def test_planned_and_executed_operations_answer_alike(asking: Asking) -> None:
    planned = await asking.response(MIXED.replace("__schema { queryType { name } }", ""))
    mixed = await asking.response(MIXED)

    assert mixed["data"].pop("__schema") == {"queryType": {"name": "Query"}}
    assert mixed["data"] == planned["data"]
    [first], [second] = planned["errors"], mixed["errors"]
    assert (first["path"], first["message"], first["extensions"]) == (
        second["path"],
        second["message"],
        second["extensions"],
    )


async def test_a_document_and_its_plan_are_made_once(asking: Asking) -> None:
    query = "query ($n: Int) { courses(first: $n) { nodes { key } } }"
    documents, plans = asking.executor.documents.kept, asking.executor.planner.plans

    for size in (1, 2, 3):
        data = await asking.data(query, {"n": size})
        assert len(data["courses"]["nodes"]) == size

    assert (documents.misses, documents.hits) == (1, 2)
    assert (plans.misses, plans.hits) == (1, 2)


async def test_a_plan_is_not_shared_between_viewers_who_see_different_rows(asking: Asking) -> None:
    query = "{ programs { totalCount } }"

    totals = [(await asking.data(query, viewer=v))["programs"]["totalCount"] for v in (ADMIN, LEARNER, ADMIN, LEARNER)]

    assert totals == [6, 4, 6, 4]


@pytest.mark.parametrize(("included", "expected"), [(True, ["key", "id"]), (False, ["key"])])
async def test_directives_are_obeyed_for_each_request(asking: Asking, included: bool, expected: list[str]) -> None:
    query = """query ($yes: Boolean!) { organization(key: "Org0X") {
        key ...F @include(if: $yes) ... on Organization @skip(if: true) { prefix } } }
        fragment F on Organization { id }"""
    await asking.data(query, {"yes": not included})

    assert list((await asking.data(query, {"yes": included}))["organization"]) == expected


async def test_fields_under_one_key_are_merged(asking: Asking) -> None:
    query = """{ organization(key: "Org0X") { key } ...F organization(key: "Org0X") { courses { totalCount } } }
        fragment F on Query { organization(key: "Org0X") { courses { nodes { key } } ... on Node { id } } }"""

    found = (await asking.data(query))["organization"]

    assert list(found) == ["key", "courses", "id"]
    assert found["courses"]["totalCount"] == len(found["courses"]["nodes"]) == 3


async def test_one_operation_sees_one_state_of_the_data(asking: Asking) -> None:
    """A level that is read after a commit does not see it: all SELECTs of an operation share a snapshot."""
    snapshot = asking.database.snapshot()
    count = "SELECT count(*) FROM organization"
    before = (await snapshot.fetch(count))[0][0]
    async with asking.database.writing() as session:
        session.add(organization("NewX"))

    assert (await snapshot.fetch(count))[0][0] == before
    await snapshot.release()
    assert (await snapshot.fetch(count))[0][0] == before + 1
    await snapshot.release()


async def test_many_operations_at_once_share_few_connections(asking: Asking) -> None:
    query = "{ organizations { nodes { courses { nodes { runs { totalCount } } } } } }"
    first = await asking.data(query)

    assert await asyncio.gather(*(asking.data(query) for _ in range(50))) == [first] * 50


async def test_a_database_that_is_gone_is_a_typed_error_and_says_nothing_else(database_url: URL, dialect: str) -> None:
    if dialect == "sqlite":
        Path(str(database_url.database)).unlink()
        gone = database_url
    else:
        gone = database_url.set(port=1)
    database = open_database(gone)
    asking = Asking(database)

    error = await asking.error("{ programs { totalCount } }")
    health = await asking.data("{ health { status database } }")
    await database.close()

    assert error["extensions"] == {"code": "SERVICE_UNAVAILABLE"}
    assert error["message"] == "The database does not answer; try again later."
    assert health["health"] == {"status": "UNAVAILABLE", "database": "UNAVAILABLE"}


async def test_a_fault_of_ours_is_masked_under_an_id(asking: Asking, capsys: pytest.CaptureFixture[str]) -> None:
    unguarded = (
        "PRAGMA ignore_check_constraints = ON"
        if isinstance(asking.database, SqliteDatabase)
        else "ALTER TABLE course_run DROP CONSTRAINT ck_course_run_pacing"
    )
    async with asking.database.writing() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(unguarded)
        await connection.exec_driver_sql("UPDATE course_run SET pacing = 'sideways'")

    error = await asking.error("{ courseRuns { nodes { pacing } } }")

    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["id"] in capsys.readouterr().out
    assert "sideways" not in str(error)


async def fail(database: Database) -> None:
    async with database.writing() as session:
        session.add(organization("NewX"))
        await session.flush()
        raise LookupError


async def test_a_write_that_fails_leaves_nothing(asking: Asking) -> None:
    with pytest.raises(LookupError):
        await fail(asking.database)

    assert (await asking.data("{ organizations { totalCount } }"))["organizations"]["totalCount"] == 3
