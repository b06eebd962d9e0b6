"""`collegium jobs` as an operator sees it; one command as a process, the others as the functions that they are."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import pytest
from sqlalchemy import URL

from db.engine import Database
from resolvers.jobs import Kind, enqueue
from server.failures import Failure
from server.jobs import commands
from server.settings import load
from tests.commands import collegium, failure


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database_url: URL) -> None:
    monkeypatch.setattr("server.cli.read_settings", lambda: load(database_url=database_url))


async def test_an_operator_lists_shows_cancels_and_retries(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    async with database.writing() as session:
        job = await enqueue(session, Kind(name="COUNT"), "Course:MITx+1x", input={"to": 3})

    await commands.list_some(state=["queued"], kind=["COUNT"], limit=5)
    listed = capsys.readouterr().out
    await commands.cancel(f"Job:{job.uuid}")
    await commands.show(job.uuid)
    shown = orjson.loads(capsys.readouterr().out)
    await commands.retry(job.uuid)
    await commands.list_some(limit=5, as_json=True)
    [entry] = orjson.loads(capsys.readouterr().out)

    assert listed == f"{job.uuid}  queued           -  COUNT  Course:MITx+1x\n"
    assert (shown["state"], shown["input"], shown["memory"]) == ("canceled", {"to": 3}, {})
    assert (entry["uuid"], entry["state"]) == (job.uuid, "queued")


@pytest.mark.parametrize(
    ("work", "problem"),
    [
        (lambda: commands.list_some(state=["lost"]), "'lost' is no state; there are queued, running, succeeded"),
        (lambda: commands.show("7"), "there is no job 7"),
        (lambda: commands.retry("7"), "there is no job 7"),
    ],
)
async def test_what_cannot_be_done_is_told(work: Callable[[], Awaitable[None]], problem: str) -> None:
    with pytest.raises(Failure, match=problem):
        await work()


def test_what_cannot_be_done_is_one_clear_line(database_url: URL, tmp_path: Path) -> None:
    url = database_url.render_as_string(hide_password=False)
    done = collegium("jobs", "cancel", "7", folder=tmp_path, COLLEGIUM_DATABASE_URL=url)

    assert failure(done) == "collegium: there is no job 7"


@pytest.fixture
def dialect() -> str:
    """What SQL is sent is tested elsewhere."""
    return "sqlite"
