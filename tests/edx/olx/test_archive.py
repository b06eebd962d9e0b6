import io
from pathlib import Path
from typing import BinaryIO

import pytest

from edx.olx import ArchiveRefused, Blob, Code, File, InMemory, Limits, Severity, gather, read
from tests.edx.olx.twins import COURSE, refused, tarred, zipped


def contents(source: BinaryIO | Path) -> dict[str, bytes]:
    return {path: blob.read() for path, blob in read(source).files.items()}


@pytest.mark.parametrize(
    "source",
    [tarred(COURSE), tarred(COURSE, packed=False), zipped(COURSE), tarred(COURSE, prefix="./")],
    ids=["tar.gz", "tar", "zip", "with ./ before each path"],
)
def test_all_kinds_of_archives_give_the_same_files_in_the_order_of_paths(source: BinaryIO) -> None:
    """The notes on OLX, §1.1 F1."""
    assert contents(source) == COURSE
    source.seek(0)
    assert list(read(source).files) == sorted(COURSE)


def test_the_kind_of_an_archive_is_seen_from_its_bytes_and_not_from_its_name(tmp_path: Path) -> None:
    """The notes on OLX, §1.1 F1: a real fixture called .tar.gz is a plain tar archive."""
    misnamed = tmp_path / "course.tar.gz"
    misnamed.write_bytes(tarred(COURSE, packed=False).read())
    assert contents(misnamed) == COURSE


def test_a_stream_that_cannot_be_wound_back_is_read_as_it_comes() -> None:
    class Pieces(io.RawIOBase):
        def __init__(self, source: BinaryIO) -> None:
            self.source = source

        def read(self, size: int = -1) -> bytes:
            return self.source.read(min(size, 100))

    assert contents(Pieces(tarred(COURSE))) == COURSE  # type: ignore[arg-type] # RawIOBase is all that is needed


@pytest.mark.parametrize("data", [b"", b"hello", b"<course/>", b"\0" * 10240, b"BZh91AY&SY", b"Rar!\x1a\x07\x01\x00"])
def test_anything_else_is_refused(data: bytes) -> None:
    assert refused(io.BytesIO(data)) == [(Code.UNKNOWN_FORMAT, "")]


def test_junk_is_left_out_and_reported() -> None:
    """The notes on OLX, §1.1 F4: archives packed on a Mac are half junk, and `._library.xml` is no root."""
    junk = ["._library.xml", "static/._a.png", ".DS_Store", "html/a.html~", "__MACOSX/x", ".git/config"]
    archive = read(tarred({"library.xml": b"", **dict.fromkeys(junk, b"\0")}, prefix="./"))
    assert list(archive.files) == ["library.xml"]
    assert [problem.place.file for problem in archive.report.problems] == junk
    assert {(problem.code, problem.severity) for problem in archive.report.problems} == {(Code.JUNK, Severity.INFO)}


@pytest.mark.parametrize("make", [tarred, zipped])
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../evil", "it leads upwards"),
        ("../abcd/evil", "it leads upwards"),
        ("a/../../evil", "it leads upwards"),
        ("a/../b", "it leads upwards"),
        ("/etc/passwd", "it is absolute"),
        ("C:/evil", "it is absolute"),
        ("a\\..\\evil", "it contains a backslash"),
        ("a\nb", "it contains a control character"),
        ("a\x85b", "it contains a control character"),
        ("x" * 256, "one of its parts is longer than 255 bytes"),
        ("é" * 128, "one of its parts is longer than 255 bytes"),
        ("/".join(["abcdefgh" * 5] * 30), "it is longer than 1024 bytes or 32 parts"),
        ("a/" * 40 + "b", "it is longer than 1024 bytes or 32 parts"),
    ],
)
def test_a_path_that_leads_out_or_that_some_systems_cannot_hold_is_refused(make: type, path: str, reason: str) -> None:
    """The notes on OLX, §1.10; a sibling whose name begins alike (`../abcd` for `/abc`) is outside too."""
    with pytest.raises(ArchiveRefused) as refusal:
        read(make({"course.xml": b"", path: b""}))
    [problem] = refusal.value.report.problems
    assert (problem.code, problem.message) == (Code.UNSAFE_PATH, f"the path cannot be used: {reason}")
    assert problem.place.file.isprintable()


def test_all_bad_members_are_reported_together() -> None:
    """The notes on OLX, §2.8 X1."""
    files = {"../a": b"", "/b": b"", "ok": b"", "OK": b""}
    assert refused(tarred(files)) == [(Code.UNSAFE_PATH, "../a"), (Code.UNSAFE_PATH, "/b"), (Code.CASE_CLASH, "OK")]


def test_only_the_first_hundred_problems_are_kept_but_all_are_counted() -> None:
    with pytest.raises(ArchiveRefused, match="and 147 more") as refusal:
        read(tarred({f"../{number}": b"" for number in range(150)}))
    assert (len(refusal.value.report.problems), refusal.value.report.errors) == (100, 150)


@pytest.mark.parametrize("make", [tarred, zipped])
def test_paths_that_some_systems_hold_for_one_are_refused(make: type) -> None:
    """The notes on OLX, §1.10: case clashes; accents written in two ways clash alike."""
    assert refused(make({"html/A.xml": b"", "html/a.xml": b""})) == [(Code.CASE_CLASH, "html/a.xml")]
    composed, decomposed = "static/caf\u00e9", "static/cafe\u0301"
    assert refused(make({composed: b"", decomposed: b""})) == [(Code.CASE_CLASH, decomposed)]
    assert refused(make({"a/b": b"", "a": b""})) == [(Code.DUPLICATE_PATH, "a")]
    assert refused(make({"a": b"", "a/b": b""})) == [(Code.DUPLICATE_PATH, "a/b")]


def test_real_names_are_accepted_as_they_are() -> None:
    """The notes on OLX, §1.8 F47: blanks, parentheses, percent signs, no-break spaces, dashes, no normalization."""
    names = [
        "static/edX \u2013\xa0How It Works [Croatian].srt",
        "static/a%20(1).png",
        "static/.comments/x",
        "static/cafe\u0301",
    ]
    for make in (tarred, zipped):
        assert list(read(make(dict.fromkeys(names, b"x"))).files) == sorted(names)


@pytest.mark.parametrize("make", [tarred, zipped])
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(packed=100), "the archive is larger than 100 bytes"),
        (Limits(unpacked=5000), "what the archive unpacks to is larger than 5000 bytes"),
        (Limits(file=1000), "the file is larger than 1000 bytes"),
        (Limits(files=2), "the archive has more than 2 files"),
    ],
)
def test_limits_hold_while_an_archive_is_read(make: type, limits: Limits, reason: str) -> None:
    files = {"a": b"", "b": b"", "c": bytes(6000)}
    with pytest.raises(ArchiveRefused) as refusal:
        read(make(files), limits=limits)
    assert [(p.code, p.message) for p in refusal.value.report.problems] == [(Code.TOO_LARGE, reason)]


@pytest.mark.parametrize("make", [tarred, zipped])
def test_what_grows_out_of_all_proportion_is_refused(make: type) -> None:
    """The notes on OLX, §1.10: bombs. 40 MiB of zeros pack to 40 KB."""
    assert refused(make({"course.xml": b"", "zeros": bytes(40 << 20)}))[0][0] is Code.BOMB


def test_files_go_where_the_caller_keeps_them() -> None:
    kept: list[bytes] = []

    def keep(data: bytes) -> Blob:
        kept.append(data)
        return InMemory.of(data)

    archive = read(tarred({"b": b"2", "a": b"1"}), keep=keep)
    assert kept == [b"2", b"1"]
    assert archive.files["a"].size == 1


def test_in_memory_files_of_equal_content_are_kept_once() -> None:
    files = read(tarred({"a": b"same", "b": b"same"})).files
    assert files["a"] is files["b"]


def test_files_that_are_somewhere_already_have_the_limits_of_an_archive() -> None:
    files = [File(f"{number}.txt", InMemory.of(bytes(1 << 20))) for number in range(3)]
    assert list(gather(files).files) == ["0.txt", "1.txt", "2.txt"]
    with pytest.raises(ArchiveRefused) as caught:
        gather(files, limits=Limits(unpacked=2 << 20))
    [problem] = caught.value.report.problems
    assert (problem.code, problem.message) == (Code.TOO_LARGE, "the files together are larger than 2 MiB")
