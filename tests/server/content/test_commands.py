"""`collegium import-course` and its like, as whoever types it sees it."""

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from db.engine import Database
from server import cli
from server.content.commands import (
    collect_garbage,
    export_file,
    import_file,
    show_statistics,
    verify_run,
)
from server.failures import Failure
from server.settings import load
from tests.catalog import fill
from tests.commands import ROOT, collegium, environment
from tests.edx.olx.twins import COURSE, tarred
from tests.resolvers.content.conftest import unpacked

RUN = "course-v1:ANUx+TWINS+1T2026"


@pytest.fixture
def dialect() -> str:
    return "sqlite"


@pytest.fixture
async def setting(
    database: Database, database_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A database with the small catalog, which commands in this process use, too."""
    await fill(database)
    settings = load(database_url=database_url, data_dir=tmp_path)
    monkeypatch.setattr(cli, "read_settings", lambda: settings)
    return {"COLLEGIUM_DATABASE_URL": database_url.render_as_string(hide_password=False)}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "twins.tar.gz"
    path.write_bytes(tarred(COURSE).read())
    return path


def test_what_is_imported_goes_out_again(setting: dict[str, str], archive: Path, tmp_path: Path) -> None:
    done = collegium("import-course", str(archive), "--run", RUN, "--create", folder=tmp_path, **setting)
    assert done.returncode == 0
    assert "12 blocks: chapter 2, course 1," in done.stdout
    assert "warning: video/lost.xml: no block leads to this file" in done.stderr
    streamed = subprocess.run(
        [sys.executable, "-m", "server", "export-course", "-", "--run", RUN],
        capture_output=True, check=True, cwd=ROOT, env=environment(setting, tmp_path),
    )  # fmt: skip
    assert unpacked(streamed.stdout) == COURSE


def test_a_refused_archive_is_told_line_by_line(setting: dict[str, str], archive: Path, tmp_path: Path) -> None:
    """X1: file, line and column, and the display names from the course down."""
    archive.write_bytes(tarred({**COURSE, "problem/sum.xml": b"<problem>\n<p></problem>"}).read())
    done = collegium("import-course", str(archive), "--run", RUN, "--dry-run", folder=tmp_path, **setting)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0].startswith("error: problem/sum.xml:2:")
    assert "Twins > One > First > Unit 1" in done.stderr.splitlines()[0]
    assert done.stderr.splitlines()[-1] == "collegium: the archive was refused: 1 error"


async def test_a_rehearsal_tells_the_version_that_an_import_gives(
    setting: dict[str, str], archive: Path, capsys: Any
) -> None:
    await import_file(archive, RUN, dry_run=True)
    version = capsys.readouterr().out.rpartition("It would be version ")[2].partition(";")[0]
    with pytest.raises(Failure, match=r"there is no course run .*; --create adds it"):
        await import_file(archive, RUN)
    await import_file(archive, RUN, create=True, message="First")
    assert f"The run is at version {version}; " in capsys.readouterr().out
    await import_file(archive, RUN, expected=version)
    assert f"{version}, as before" in capsys.readouterr().out
    with pytest.raises(Failure, match=f"the run is at version {version}, not at 00"):
        await import_file(archive, RUN, expected="0" * 64)
    with pytest.raises(Failure, match=f"the run is at version {version}, not at 00"):
        await import_file(archive, RUN, expected="0" * 64, dry_run=True)
    with pytest.raises(Failure, match="--message may have 1000 characters"):
        await import_file(archive, RUN, message="x" * 1001)
    with pytest.raises(Failure, match="--username may have 1 to 255"):
        await import_file(archive, RUN, username="x" * 256)
    with pytest.raises(Failure, match="course key"):
        await import_file(archive, "nonsense")


async def test_content_is_looked_after(setting: dict[str, str], archive: Path, tmp_path: Path, capsys: Any) -> None:
    back = tmp_path / "back.tar.gz"
    await import_file(archive, RUN, create=True)
    for work in (
        export_file(back, RUN, block="html/page"),
        verify_run(RUN),
        show_statistics(),
        collect_garbage(days=1, newest=1),
    ):
        capsys.readouterr()
        await work
    assert "html/body.html" in unpacked(back.read_bytes())
    assert capsys.readouterr().out.startswith("Gave up 0 versions; removed 0 nodes and 0 blobs (0 bytes)")
    await show_statistics()
    assert capsys.readouterr().out.startswith("1 run with content: 24 files, ")
    await export_file(tmp_path / "back.ZIP", RUN)
    with zipfile.ZipFile(tmp_path / "back.ZIP") as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == COURSE
    with pytest.raises(Failure, match="there is no block 'html/none'"):
        await export_file(back, RUN, block="html/none")
    with pytest.raises(Failure, match="has no content"):
        await verify_run("course-v1:Org0X+C0.0x+R0")
    [file] = [path for path in (tmp_path / "blobs").rglob("*-*") if path.read_bytes() == COURSE["html/body.html"]]
    file.write_bytes(b"other")
    with pytest.raises(Failure, match=r"1 part of version .* cannot be read"):
        await verify_run(RUN)
    assert "html/body.html" in capsys.readouterr().out


async def test_an_update_tells_what_it_kept(setting: dict[str, str], archive: Path, capsys: Any) -> None:
    await import_file(archive, RUN, create=True)
    archive.write_bytes(tarred({**COURSE, "chapter/two.xml": b"<chapter display_name='2' due='2030'/>"}).read())
    for dry_run in (True, False):
        await import_file(archive, RUN, update=True, dry_run=dry_run)
        said = capsys.readouterr()
        assert "kept: due of chapter/two" in said.err
        assert ("nothing was stored" in said.out) is dry_run
