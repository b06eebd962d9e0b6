"""Exports for staff: every association and its progress, however many there are."""

import csv
import tracemalloc
from collections.abc import AsyncIterator, Mapping

import httpx
import orjson
import pytest
from sqlalchemy import insert, select
from starlette.applications import Starlette

from db.engine import Database
from db.tables import LearnerCertificate, Program, ProgramUser, ProgramUserStatus, now
from resolvers.access import Viewer
from resolvers.errors import ServiceUnavailable, Unauthenticated
from resolvers.learners import report
from resolvers.learners.exports import COLUMNS
from server.exports import Exports
from tests.asking import ADMIN, ANONYMOUS, AUTHOR, LEARNER
from tests.catalog import fill, uuid
from tests.serving import serving

WHO = {"admin": ADMIN, "author": AUTHOR, "learner": LEARNER}
CSV = f"/exports/programs/{uuid(1)}/learners.csv"
NDJSON = "/exports/learners.ndjson"


def sign_in(headers: Mapping[str, str]) -> Viewer:
    given = headers.get("authorization")
    if given == "bad":
        raise Unauthenticated("The token has expired.")
    if given == "unknown":
        raise ServiceUnavailable("Whether you are signed in cannot be found out now.")
    return WHO.get(given or "", ANONYMOUS)


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    await fill(database)
    app = Starlette(routes=Exports(database, sign_in).routes())
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers={"authorization": "admin"}) as client:
        yield client


async def associate(database: Database, names: list[str], *numbers: int) -> None:
    moment = now()
    async with database.writing() as session:
        ids = {uuid_: id_ for id_, uuid_ in await session.execute(select(Program.id, Program.uuid))}
        rows = [
            {
                "username": name, "program_id": ids[uuid(number)], "status": ProgramUserStatus.ACTIVE,
                "source": "listing", "created_at": moment, "updated_at": moment,
            }
            for name in names
            for number in numbers
        ]  # fmt: skip
        await session.execute(insert(ProgramUser), rows)


async def test_the_learners_of_a_program_are_lines_of_csv(client: httpx.AsyncClient, database: Database) -> None:
    await associate(database, ["ada", "bob, or so"], 1, 5)
    async with database.writing() as session:
        given = {"username": "ada", "course_key": "course-v1:Org0X+C0.0x+R0", "known_at": now()}
        session.add(LearnerCertificate(**given, mode="verified", is_passing=True))

    answer = await client.get(CSV)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, *lines = csv.reader(answer.text.splitlines())
    assert tuple(header) == COLUMNS
    shown = [[line[0], line[1], line[2], *line[5:8]] for line in lines]
    assert shown == [
        ["ada", "active", "listing", "false", "4", "1"],
        ["bob, or so", "active", "listing", "false", "4", "0"],
    ]


async def test_everything_is_lines_of_json(client: httpx.AsyncClient, database: Database) -> None:
    """spec/programs.md, "Analytics Integration": a bulk export; deleted programs 3 and 7 are not in it."""
    await associate(database, ["ada"], 1, 3)

    lines = [orjson.loads(line) for line in (await client.get(NDJSON)).text.splitlines()]

    assert [line["name"] for line in lines if line["type"] == "program"] == [f"Program {i}" for i in (0, 1, 2, 4, 5, 6)]
    [association] = [line for line in lines if line["type"] == "association"]
    assert (association["program"], association["username"], association["completed"]) == (uuid(1), "ada", False)
    assert association["courses"]["Org0X+C0.0x"] == "not_started"


@pytest.mark.parametrize("path", [CSV, NDJSON])
@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("", 401, "UNAUTHENTICATED"), ("bad", 401, "UNAUTHENTICATED"), ("learner", 403, "FORBIDDEN"),
        ("author", 403, "FORBIDDEN"),
    ],
)  # fmt: skip
async def test_only_those_who_may_see_others_get_exports(
    client: httpx.AsyncClient, path: str, who: str, status: int, code: str
) -> None:
    answer = await client.get(path, headers={"authorization": who})

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)


@pytest.mark.parametrize("program", ["x", uuid(99), uuid(3)])
async def test_an_unknown_or_deleted_program_is_not_found(
    client: httpx.AsyncClient, database: Database, program: str
) -> None:
    await associate(database, ["ada"], 3)

    answer = await client.get(f"/exports/programs/{program}/learners.csv")

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")


async def test_ten_thousand_learners_do_not_take_more_memory_than_a_page_of_them(database: Database) -> None:
    await fill(database)
    await associate(database, [f"learner{number:05}" for number in range(10_000)], 1)
    count, peaks = 0, []
    tracemalloc.start()
    async for page in report.lines(database, uuid(1)):
        count += len(page)
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()

    assert count == 10_000
    assert peaks[-1] < 2 * peaks[1]


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("path", [CSV, NDJSON])
async def test_who_asks_while_nobody_can_be_signed_in_is_to_ask_later(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"authorization": "unknown"})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "SERVICE_UNAVAILABLE")
