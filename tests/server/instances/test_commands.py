"""`collegium content push` and its like, as whoever types them sees them, against a simulated Open edX."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from db.engine import Database
from server import cli
from server.content.commands import import_file
from server.failures import Failure
from server.instances.commands import check_drift, pull_course, push_course, show_instances
from server.settings import load
from tests.catalog import fill
from tests.edx.olx.twins import tarred
from tests.edx.studios import CLIENT, RUN, SECRET, WORKER, Studios, serving_studios
from tests.resolvers.content.conftest import unpacked
from tests.resolvers.editing.courses import FILES

KEY = str(RUN)


@pytest.fixture
def dialect() -> str:
    return "sqlite"


@pytest.fixture
async def edx(
    database: Database, database_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Studios]:
    """A simulated Open edX that the settings name, and a run with content."""
    await fill(database)
    archive = tmp_path / "course.tar.gz"
    archive.write_bytes(tarred(FILES).read())
    async with serving_studios() as edx:
        reached = {"lms_url": edx.lms, "studio_url": edx.studio, "client_id": CLIENT, "client_secret": SECRET}
        user = {"username": WORKER, "password": SECRET}
        settings = load(database_url=database_url, data_dir=tmp_path, instances={"partner": {**reached, **user}})
        monkeypatch.setattr(cli, "read_settings", lambda: settings)
        await import_file(archive, KEY)
        yield edx


async def test_content_goes_to_an_instance_and_comes_back(edx: Studios, capsys: pytest.CaptureFixture[str]) -> None:
    await push_course(KEY, "partner")
    told = capsys.readouterr()
    assert told.out.splitlines()[-1].startswith("partner has version ")
    assert "Downloading …" in told.err  # what Studio has made of it
    assert unpacked(edx.jobs.archives[KEY]) == FILES

    await check_drift(KEY, "partner")
    assert capsys.readouterr().out.endswith("Nobody changed it since it was pushed.\n")

    edx.jobs.archives[KEY] = tarred({**FILES, "problem/sum.xml": b"<problem>3</problem>"}).read()
    with pytest.raises(Failure, match="somebody changed what partner has"):
        await check_drift(KEY, "partner")
    assert capsys.readouterr().out.endswith("changed: problem/sum\n")

    await pull_course(KEY, "partner")
    assert "as before" not in capsys.readouterr().out
    await pull_course(KEY, "partner")
    assert "as before" in capsys.readouterr().out


async def test_what_stands_against_it_is_one_line(edx: Studios) -> None:
    with pytest.raises(Failure, match="there is no instance 'nowhere'; there are partner"):
        await push_course(KEY, "nowhere")
    with pytest.raises(Failure, match="there is no course run"):
        await push_course("course-v1:No+Such+Run", "partner")
    with pytest.raises(Failure, match="raw_error_msg: The course has no content"):
        await pull_course(KEY, "partner")


async def test_instances_are_listed_without_their_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {"lms_url": "https://lms.example.org", "studio_url": "https://studio.example.org"}
    reached = {"client_id": "hunter2", "client_secret": "hunter2"}
    user = {"username": "hunter2", "password": "hunter2"}
    partner = {"lms_url": "https://lms.partner.org", "studio_url": "https://studio.partner.org", **reached, **user}
    settings = load(**own, lms_client_id="hunter2", lms_client_secret="hunter2", instances={"partner": partner})
    monkeypatch.setattr(cli, "read_settings", lambda: settings)
    await show_instances()
    assert capsys.readouterr().out.splitlines() == [
        "default: Studio https://studio.example.org, LMS https://lms.example.org (push)",
        "partner: Studio https://studio.partner.org, LMS https://lms.partner.org (push and pull)",
    ]
    monkeypatch.setattr(cli, "read_settings", load)
    await show_instances()
    assert capsys.readouterr().out == ""
