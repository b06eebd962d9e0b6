"""Anybody who has the address of a program's certificate sees whether it is good."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, update
from starlette.applications import Starlette

from db.engine import Database
from db.tables import Program, ProgramCertificate, ProgramStatus
from server.certificates import CertificatePages
from tests.catalog import fill, uuid
from tests.serving import serving

AWARDED = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    await fill(database)
    app = Starlette(routes=CertificatePages(database).routes())
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


async def award(database: Database, username: str = "ada", *, revoked: bool = False) -> str:
    number = str(uuid4())
    async with database.writing() as session:
        program = await session.scalar(select(Program.id).where(Program.uuid == uuid(1)))
        session.add(
            ProgramCertificate(
                uuid=number, username=username, program_id=program, awarded_at=AWARDED,
                revoked_at=AWARDED if revoked else None,
            )
        )  # fmt: skip
    return number


async def test_a_certificate_is_shown_to_people_and_to_programs(client: httpx.AsyncClient, database: Database) -> None:
    number = await award(database, "a<b>")

    page = await client.get(f"/certificates/{number.upper()}")
    told = await client.get(f"/certificates/{number}", headers={"accept": "application/json"})

    assert page.status_code == 200
    assert "a&lt;b&gt; completed the program <strong>Program 1</strong>" in page.text
    assert "Organization 0, Organization 1 on 2026-05-01" in page.text
    assert told.json() == {
        "username": "a<b>", "program": "Program 1", "organizations": ["Organization 0", "Organization 1"],
        "awardedAt": "2026-05-01T00:00:00Z", "revokedAt": None, "isValid": True,
    }  # fmt: skip


async def test_a_revoked_certificate_says_so(client: httpx.AsyncClient, database: Database) -> None:
    number = await award(database, revoked=True)

    assert "revoked on 2026-05-01" in (await client.get(f"/certificates/{number}")).text
    told = await client.get(f"/certificates/{number}", headers={"accept": "application/json"})
    assert told.json()["isValid"] is False


async def test_what_is_no_certificate_or_of_a_deleted_program_is_not_found(
    client: httpx.AsyncClient, database: Database
) -> None:
    number = await award(database)
    async with database.writing() as session:
        await session.execute(update(Program).where(Program.uuid == uuid(1)).values(status=ProgramStatus.DELETED))
    for path in ("x", str(uuid4()), number):
        for accept in ("text/html", "application/json"):
            assert (await client.get(f"/certificates/{path}", headers={"accept": accept})).status_code == 404
