import gzip
import io
import struct
import tarfile
from typing import BinaryIO

import pytest

from edx.olx import ArchiveRefused, Code, read
from tests.edx.olx.twins import COURSE, refused, tarred


def member(kind: bytes, name: str = "bad", **further: object) -> BinaryIO:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type = kind
        for field, value in further.items():
            setattr(info, field, value)
        archive.addfile(info)
    target.seek(0)
    return target


def header(kind: bytes, size: int) -> bytes:
    """A header whose size is in base 256, so that it may be negative."""
    info = tarfile.TarInfo("bad")
    info.type = kind
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = (b"\xff" * 4 if size < 0 else b"\x80\0\0\0") + struct.pack(">q", size)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (tarfile.SYMTYPE, Code.LINK),
        (tarfile.LNKTYPE, Code.LINK),
        (tarfile.CHRTYPE, Code.SPECIAL_FILE),
        (tarfile.BLKTYPE, Code.SPECIAL_FILE),
        (tarfile.FIFOTYPE, Code.SPECIAL_FILE),
        (tarfile.CONTTYPE, Code.SPECIAL_FILE),
        (tarfile.GNUTYPE_SPARSE, Code.SPECIAL_FILE),
        (b"Z", Code.SPECIAL_FILE),
    ],
)
def test_only_plain_files_and_folders_are_accepted(kind: bytes, code: Code) -> None:
    """The notes on OLX, §1.10: links are refused also where they lead to a file inside."""
    assert refused(member(kind, linkname="course.xml")) == [(code, "bad")]


def test_folders_and_headers_of_desktops_are_no_files() -> None:
    """The notes on OLX, §1.1 F4."""
    assert not read(member(tarfile.DIRTYPE, "./course/")).files
    attributes = {"LIBARCHIVE.xattr.com.apple.provenance": "x", "mtime": "1.5"}
    assert list(read(member(tarfile.REGTYPE, "./a", pax_headers=attributes)).files) == ["a"]


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.DIRTYPE])
def test_a_negative_size_is_refused(kind: bytes) -> None:
    """CVE-2025-8194: Python's own reader would loop for ever."""
    assert refused(io.BytesIO(header(kind, -512) + bytes(10240)))[0][0] is Code.DAMAGED_ARCHIVE


def test_a_negative_size_in_an_extended_header_is_refused() -> None:
    assert refused(member(tarfile.REGTYPE, pax_headers={"size": "-1024"}))[0][0] is Code.DAMAGED_ARCHIVE


def test_a_huge_size_is_refused_before_anything_is_read() -> None:
    assert refused(io.BytesIO(header(tarfile.REGTYPE, 1 << 40) + bytes(10240))) == [(Code.TOO_LARGE, "bad")]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_an_extended_header_of_any_size_is_not_loaded(kind: bytes) -> None:
    """Python's own reader would take all of it into memory."""
    assert refused(io.BytesIO(header(kind, 1 << 30) + bytes(10240)))[0][0] is Code.TOO_LARGE


def test_a_damaged_header_in_the_middle_does_not_shorten_the_course() -> None:
    """Python's own reader ends there without a word."""
    data = bytearray(tarred(COURSE, packed=False).read())
    at = data.index(b"vertical/u1.xml")
    data[at] ^= 1
    assert refused(io.BytesIO(bytes(data)))[0][0] is Code.DAMAGED_ARCHIVE


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7])
@pytest.mark.parametrize("packed", [True, False])
def test_an_archive_that_is_cut_off_is_refused(share: float, *, packed: bool) -> None:
    data = tarred(COURSE, packed=packed).read()
    assert refused(io.BytesIO(data[: int(len(data) * share)]))[0][0] is Code.DAMAGED_ARCHIVE


def test_a_wrong_check_sum_of_gzip_is_found() -> None:
    data = bytearray(tarred(COURSE).read())
    data[-5] ^= 1
    assert refused(io.BytesIO(bytes(data)))[0][0] is Code.DAMAGED_ARCHIVE
    assert refused(io.BytesIO(b"\x1f\x8b\x08\0garbage"))[0][0] is Code.DAMAGED_ARCHIVE
    assert refused(io.BytesIO(gzip.compress(b"not a tar archive")))[0][0] is Code.DAMAGED_ARCHIVE


def test_a_check_sum_far_behind_the_last_member_is_looked_at_too() -> None:
    data = bytearray(gzip.compress(tarred(COURSE, packed=False).read() + bytes(1 << 20)))
    assert read(io.BytesIO(bytes(data))).files
    data[-5] ^= 1
    assert refused(io.BytesIO(bytes(data)))[0][0] is Code.DAMAGED_ARCHIVE


def test_a_name_that_is_not_utf_8_is_refused_and_can_be_shown() -> None:
    source = member(tarfile.REGTYPE, "caf\udce9")
    with pytest.raises(ArchiveRefused, match=r"caf\\udce9: the path cannot be used: it is not UTF-8"):
        read(source)


def test_one_path_twice_is_refused() -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name in ("a/b", "./a//b"):
            archive.addfile(tarfile.TarInfo(name))
    target.seek(0)
    assert refused(target) == [(Code.DUPLICATE_PATH, "a/b")]
