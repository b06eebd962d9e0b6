import io
import stat
import struct
import warnings
import zipfile

import pytest

from edx.olx import Code, read
from tests.edx.olx.twins import COURSE, refused, zipped


def entry(mode: int, name: str = "bad") -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, b"course.xml")
    return target


@pytest.mark.parametrize(
    ("mode", "code"),
    [(stat.S_IFLNK, Code.LINK), (stat.S_IFIFO, Code.SPECIAL_FILE), (stat.S_IFCHR, Code.SPECIAL_FILE)],
)
def test_links_and_devices_are_refused(mode: int, code: Code) -> None:
    """The notes on OLX, §1.10."""
    source = entry(mode | 0o777)
    source.seek(0)
    assert refused(source) == [(code, "bad")]


def test_an_encrypted_file_is_refused_by_name() -> None:
    data = bytearray(zipped({"a": b"1"}).read())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    assert refused(io.BytesIO(bytes(data))) == [(Code.ENCRYPTED, "a")]


def test_another_method_than_deflate_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", b"1")
    target.seek(0)
    assert refused(target) == [(Code.UNKNOWN_FORMAT, "a")]


def test_damage_is_found() -> None:
    whole = zipped(COURSE).read()
    assert refused(io.BytesIO(whole[: len(whole) // 2])) == [(Code.DAMAGED_ARCHIVE, "")]
    flipped = bytearray(zipped({"a": b"0123456789" * 99}).read())
    flipped[40] ^= 1
    assert refused(io.BytesIO(bytes(flipped))) == [(Code.DAMAGED_ARCHIVE, "a")]


@pytest.mark.parametrize(("count", "size"), [(0xFFFF, 100), (1, 0xFFFFFFFF), (1, 200_000_000)])
def test_a_huge_directory_is_refused_before_it_is_loaded(count: int, size: int) -> None:
    """zipfile would make an object for each of its entries at once."""
    data = bytearray(zipped({"a": b"1"}).read())
    struct.pack_into("<HL", data, data.rindex(b"PK\x05\x06") + 10, count, size)
    assert refused(io.BytesIO(bytes(data))) == [(Code.TOO_LARGE, "")]


def test_a_directory_that_claims_to_be_larger_than_the_archive_is_damage() -> None:
    data = bytearray(zipped({"a": b"1"}).read())
    struct.pack_into("<HL", data, data.rindex(b"PK\x05\x06") + 10, 1, 10**6)
    assert refused(io.BytesIO(bytes(data))) == [(Code.DAMAGED_ARCHIVE, "")]


def test_a_file_that_claims_to_be_small_is_not_read_further() -> None:
    data = bytearray(zipped({"a": bytes(1000)}).read())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 10)
    assert refused(io.BytesIO(bytes(data))) == [(Code.DAMAGED_ARCHIVE, "a")]


def test_a_damaged_extra_field_is_damage() -> None:
    """zipfile lets an IndexError out."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        info = zipfile.ZipInfo("a")
        info.extra = struct.pack("<HH", 1, 0)
        archive.writestr(info, b"1")
    data = bytearray(target.getvalue())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 0xFFFFFFFF)
    assert refused(io.BytesIO(bytes(data))) == [(Code.DAMAGED_ARCHIVE, "")]


def test_an_empty_path_is_refused() -> None:
    data = bytearray(zipped({"a": b"1"}).read())
    for signature, offset in ((b"PK\x03\x04", 26), (b"PK\x01\x02", 28)):
        struct.pack_into("<HH", data, data.index(signature) + offset, 0, 1)
    assert refused(io.BytesIO(bytes(data))) == [(Code.UNSAFE_PATH, "")]


def test_a_nul_in_a_path_is_seen_though_zipfile_cuts_it_off() -> None:
    data = zipped({"a.xml_b": b""}).read().replace(b"a.xml_b", b"a.xml\0b")
    assert refused(io.BytesIO(data)) == [(Code.UNSAFE_PATH, "a.xml\\x00b")]


def test_paths_without_the_utf_8_flag_are_utf_8_where_they_can_be() -> None:
    data = zipped({"Zaza": b""}).read().replace(b"Zaza", "Zéa".encode())
    assert list(read(io.BytesIO(data)).files) == ["Zéa"]
    data = zipped({"Zaz": b""}).read().replace(b"Zaz", b"Z\x82z")
    assert list(read(io.BytesIO(data)).files) == ["Zéz"]


def test_one_path_twice_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    target.seek(0)
    assert refused(target) == [(Code.DUPLICATE_PATH, "a")]
