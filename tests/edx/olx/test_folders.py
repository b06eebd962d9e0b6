import os
import shutil
import socket
from pathlib import Path

import pytest

from edx.olx import ArchiveRefused, Code, Limits, read
from edx.olx.folders import reader
from edx.olx.members import Broken
from tests.edx.olx.twins import COURSE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, data in COURSE.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return tmp_path


def refused(folder: Path, limits: Limits | None = None) -> list[tuple[Code, str]]:
    with pytest.raises(ArchiveRefused) as refusal:
        read(folder, limits=limits or Limits())
    return [(problem.code, problem.place.file) for problem in refusal.value.report.problems]


def test_a_folder_is_read_like_an_archive(folder: Path) -> None:
    assert {path: blob.read() for path, blob in read(folder).files.items()} == COURSE


def test_links_are_refused_and_never_followed(folder: Path) -> None:
    """The notes on OLX, §1.10: all links, also those that stay inside."""
    (folder / "static/inside").symlink_to("film-en.srt")
    (folder / "static/outside").symlink_to("/etc/hostname")
    (folder / "loop").symlink_to(folder)
    expected = {(Code.LINK, path) for path in ("static/inside", "static/outside", "loop")}
    assert set(refused(folder)) == expected


def test_pipes_and_sockets_are_refused_and_never_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        assert refused(folder) == [(Code.SPECIAL_FILE, "pipe"), (Code.SPECIAL_FILE, "socket")]


def test_what_belongs_to_version_control_is_left_out_as_a_whole(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git/HEAD").symlink_to("config")
    archive = read(folder)
    assert set(archive.files) == set(COURSE)
    assert [(problem.code, problem.place.file) for problem in archive.report.problems] == [(Code.JUNK, ".git")]


@pytest.mark.parametrize(
    ("at", "gone"),
    [("README", "README"), ("README", "about"), ("about/overview.html", "html")],
    ids=["file", "seen", "met"],
)
def test_what_cannot_be_read_is_never_left_out_in_silence(folder: Path, at: str, gone: str) -> None:
    """A folder that is gone, or may not be opened, would else shorten the course."""

    def remove(path: str) -> None:
        if path == at:
            target = folder / gone
            shutil.rmtree(target) if target.is_dir() else target.unlink()

    with pytest.raises(ArchiveRefused) as refusal:
        read(folder, watch=remove)
    [problem] = refusal.value.report.problems
    assert (problem.code, problem.place.file) == (Code.DAMAGED_ARCHIVE, gone)
    assert problem.message == "it cannot be read: No such file or directory"


def test_limits_hold(folder: Path) -> None:
    assert refused(folder, Limits(file=100))[0][0] is Code.TOO_LARGE
    assert refused(folder, Limits(unpacked=1000))[0][0] is Code.TOO_LARGE
    assert refused(folder, Limits(files=3))[0][0] is Code.TOO_LARGE
    (folder / "/".join(["d"] * 40)).mkdir(parents=True)
    assert Code.UNSAFE_PATH in {code for code, _ in refused(folder)}


def test_a_file_that_became_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "was-a-file")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(Broken, match="became something else"):
        reader("static/was-a-file", "was-a-file", descriptor, Limits())()
    os.close(descriptor)
