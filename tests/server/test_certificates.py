"""Anybody who has the address of a program's certificate sees whether it is good."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, update
from starlette.applications import Starlette

from db.engine import Database, open_database
from db.tables import CertificateTemplate, Program, ProgramCertificate, ProgramStatus
from resolvers.learners.links import Links
from server.certificates import CertificatePages
from tests.catalog import fill, uuid
from tests.serving import serving

AWARDED = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    await fill(database)
    app = Starlette(routes=CertificatePages(database, Links()).routes())
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
    assert '<p class="learner">a&lt;b&gt;</p>' in page.text
    assert (
        "completed the program <strong>Program 1</strong> of Organization 0, Organization 1 on 2026-05-01" in page.text
    )
    assert told.json() == {
        "username": "a<b>", "program": "Program 1", "organizations": ["Organization 0", "Organization 1"],
        "awardedAt": "2026-05-01T00:00:00Z", "revokedAt": None, "isValid": True,
    }  # fmt: skip


async def test_a_revoked_certificate_says_so(client: httpx.AsyncClient, database: Database) -> None:
    number = await award(database, revoked=True)

    await design(database, "Well done, {{ learner.username }}!")

    page = (await client.get(f"/certificates/{number}")).text
    assert "was revoked on 2026-05-01 and is not valid" in page
    assert "awarded to ada for the program Program 1" in page
    assert "Well done" not in page
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


async def design(database: Database, source: str) -> None:
    async with database.writing() as session:
        program = await session.scalar(select(Program.id).where(Program.uuid == uuid(1)))
        session.add(CertificateTemplate(program_id=program, source=source))


async def test_a_page_is_made_with_the_template_and_can_be_kept(client: httpx.AsyncClient, database: Database) -> None:
    """`spec/programs.md`, "Progress, Completion, and Certification": "make it available to the Learner"."""
    number = await award(database)
    await design(database, "{{ learner.username }}: {{ program.category }}, {{ courses|length }} {{ certificate.url }}")

    page = await client.get(f"/certificates/{number}")
    kept = await client.get(f"/certificates/{number}?download")

    assert page.text.endswith(f"ada: MicroMasters, 4 {client.base_url}/certificates/{number}")
    assert kept.text == page.text
    assert "content-disposition" not in page.headers
    assert kept.headers["content-disposition"] == f'attachment; filename="certificate-{number}.html"'


async def test_a_template_can_run_no_script_on_the_page_nor_in_the_file(
    client: httpx.AsyncClient, database: Database
) -> None:
    number = await award(database)
    await design(database, "<script>alert(1)</script><img src=x onerror=alert(2)>")

    page = await client.get(f"/certificates/{number}")

    policy = [part.strip() for part in page.headers["content-security-policy"].split(";")]
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "sandbox"} <= {*policy}
    assert not [part for part in policy if part.startswith(("script-src", "connect-src", "frame-src", "object-src"))]
    meta = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
    assert page.text.index(meta) < page.text.index("<script>")


async def test_a_template_that_fails_gives_way_to_the_built_in_one(
    client: httpx.AsyncClient, database: Database
) -> None:
    """It was tried before it was stored, but with another program."""
    number = await award(database)
    await design(database, "{{ courses[7].name }}")

    assert "ada</p>" in (await client.get(f"/certificates/{number}")).text


async def test_whether_a_certificate_is_good_is_not_said_while_the_database_does_not_answer(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    app = Starlette(routes=CertificatePages(database, Links()).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(f"/certificates/{uuid4()}")
    await database.close()

    assert (answer.status_code, answer.text) == (503, "The database does not answer; try again later.")
