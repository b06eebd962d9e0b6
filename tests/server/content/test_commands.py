"""`collegium import-course` and its like, as whoever types it sees it."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select

from db.engine import Database
from db.store import restore
from db.tables import ContentVersion, CourseRun
from resolvers.editing.locks import acquire
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
from tests.edx.olx.twins import COURSE, LIBRARY, tarred, zipped
from tests.resolvers.content.conftest import ADA, unpacked

RUN = "course-v1:ANUx+TWINS+1T2026"
PAGE = b'<html filename="body" display_name="%s" editor="raw"/>'


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


async def test_choices_that_exclude_each_other_are_refused(setting: dict[str, str], archive: Path) -> None:
    for update, ours in ((True, False), (False, True)):
        with pytest.raises(Failure, match="only one of --update and --merge"):
            await import_file(archive, RUN, update=update, merge=True, ours=ours, theirs=True)


async def test_a_merge_tells_what_both_have_changed(
    setting: dict[str, str], archive: Path, database: Database, capsys: Any
) -> None:
    for name in (b"Page", b"Leaf"):
        archive.write_bytes(tarred({**COURSE, "html/page.xml": PAGE % name}).read())
        await import_file(archive, RUN, create=True)
    async with database.writing() as session:
        found = await session.execute(select(ContentVersion.course_run_id, ContentVersion.root).limit(1))
        await restore(session, *found.one(), ADA)
    archive.write_bytes(tarred({**COURSE, "html/page.xml": b'<html filename="body" editor="raw"/>'}).read())
    capsys.readouterr()
    with pytest.raises(Failure, match="1 conflict; nothing was changed"):
        await import_file(archive, RUN, merge=True)
    told = [
        "conflict: setting html/page display_name (in Twins > One > First > Unit 1 > Page)", "  before: Leaf",
        "  here: Page", "  there: none",
    ]  # fmt: skip
    assert capsys.readouterr().err.splitlines() == told
    await import_file(archive, RUN, merge=True, dry_run=True)
    assert capsys.readouterr().err.splitlines()[-4:] == told
    await import_file(archive, RUN, merge=True, ours=True)
    assert "as before" in capsys.readouterr().out
    archive.write_bytes(tarred(LIBRARY).read())
    with pytest.raises(Failure, match="a library cannot be merged into a course"):
        await import_file(archive, RUN, merge=True)


async def test_a_locked_run_is_left_as_it_is(setting: dict[str, str], archive: Path, database: Database) -> None:
    await import_file(archive, RUN, create=True)
    async with database.writing() as session:
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key == RUN))
        assert run is not None
        token = (await acquire(session, run, ADA)).token
    with pytest.raises(Failure, match="ada"):
        await import_file(archive, RUN)
    await import_file(archive, RUN, lock_token=token)


async def test_a_run_is_added_once_and_only_if_the_catalog_can_hold_it(
    setting: dict[str, str], archive: Path, capsys: Any
) -> None:
    await import_file(archive, RUN, create=True)
    await import_file(archive, RUN, create=True)
    assert "as before" in capsys.readouterr().out
    with pytest.raises(Failure, match="more than 255 characters when case is folded"):
        await import_file(archive, f"course-v1:ANUx+TWINS+{'ß' * 200}", create=True)


async def test_standard_input_is_read_whole_whatever_the_form(
    setting: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The list of what a zip archive holds stands at its end, where a pipe cannot be read first."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(zipped(COURSE).read())))
    await import_file(Path("-"), RUN, dry_run=True)
    assert "12 blocks: chapter 2, course 1," in capsys.readouterr().out


async def test_of_many_problems_the_first_are_told(setting: dict[str, str], archive: Path, capsys: Any) -> None:
    lost = {f"video/lost{number}.xml": b"<video/>" for number in range(101)}
    archive.write_bytes(tarred({**COURSE, **lost}).read())
    await import_file(archive, RUN, dry_run=True)
    told = capsys.readouterr().err.splitlines()
    assert sum(line.endswith("no block leads to this file") for line in told) < 101
    assert (told[-1].startswith("and "), told[-1].endswith(" more")) == (True, True)
