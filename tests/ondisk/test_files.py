import os
from hashlib import sha256
from pathlib import Path, PurePosixPath

import pytest

from ondisk import files
from ondisk.diagnostics import Code, Report
from ondisk.files import Folder, Kind, digest
from tests.ondisk.trees import errors, ordinary_user


def folder(path: Path) -> Folder:
    return Folder(path, PurePosixPath("lib"), Report())


def test_a_file_is_read_with_the_hash_of_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"{}")
    os.utime(tmp_path / "a.json", ns=(5, 5))
    it = folder(tmp_path)

    file = it.read("a.json")

    assert file is not None
    assert (file.content, str(file.path)) == (b"{}", "lib/a.json")
    [stamp] = it.stamps
    assert (stamp.path, stamp.size, stamp.modified_ns) == ("lib/a.json", 2, 5)
    assert stamp.sha256 == sha256(b"{}").hexdigest()


def test_an_absent_file_is_no_problem(tmp_path: Path) -> None:
    it = folder(tmp_path)
    assert it.read("a.json") is None
    assert it.report.found == []


@pytest.mark.parametrize("kind", ["directory", "link", "pipe"])
def test_only_regular_files_are_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.json"
    if kind == "directory":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("/etc/passwd")
    else:
        os.mkfifo(path)
    it = folder(tmp_path)

    assert it.read("a.json") is None

    assert errors(tuple(it.report.found)) == [(Code.SYMLINK if kind == "link" else Code.WRONG_KIND, None)]


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_file_that_is_replaced_after_the_listing_is_neither_followed_nor_waited_for(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    it = folder(tmp_path)
    assert it.entries() == {"a.json": Kind.FILE}
    path.unlink()
    if kind == "link":
        path.symlink_to("/etc/passwd")
    else:
        os.mkfifo(path)

    assert it.read("a.json") is None
    assert errors(tuple(it.report.found)) == [(Code.UNREADABLE, None)]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(files.MAX_DOCUMENT + 1)
    it = folder(tmp_path)
    assert it.read("a.json") is None
    assert errors(tuple(it.report.found)) == [(Code.TOO_LARGE, None)]


def test_a_file_that_may_not_be_read_is_not_taken_for_absent(open_folder: Path) -> None:
    (open_folder / "a.json").write_text("{}")
    (open_folder / "a.json").chmod(0)
    it = folder(open_folder)
    with ordinary_user():
        assert it.read("a.json") is None
    assert errors(tuple(it.report.found)) == [(Code.UNREADABLE, None)]


def test_hidden_and_temporary_names_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.json", ".a.json.swp", "a.json~", ".#a.json", "#a.json#", "a.json.tmp"):
        (tmp_path / name).write_text("")
    assert folder(tmp_path).named(Kind.FILE) == ["a.json"]


def test_the_digest_sees_edits_of_the_same_size_and_time_but_not_of_the_time_alone(tmp_path: Path) -> None:
    def read() -> str:
        it = folder(tmp_path)
        for name in it.entries():
            it.read(name)
        return digest(reversed(it.stamps))

    (tmp_path / "a").write_text("1")
    os.utime(tmp_path / "a", ns=(5, 5))
    first = read()
    os.utime(tmp_path / "a", ns=(9, 9))
    assert read() == first
    (tmp_path / "a").write_text("2")
    os.utime(tmp_path / "a", ns=(5, 5))
    edited = read()
    assert edited != first
    (tmp_path / "a").rename(tmp_path / "b")
    assert read() not in {first, edited}


def test_a_file_that_changes_whenever_it_is_read_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_bytes(b"{}")
    monkeypatch.setattr(files, "read_whole", lambda path, limit: None)
    it = folder(tmp_path)

    assert it.read("a.json") is None
    assert errors(tuple(it.report.found)) == [(Code.CHANGING, None)]
