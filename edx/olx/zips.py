"""Zip archives: their directory stands at the end and is weighed before it is read."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

from edx.olx.members import Broken, Kind, Limits, Member, check_ratio, in_mib, read_whole, reading, too_large
from edx.olx.problems import Code

END = b"PK\x05\x06"
END_SIZE = 22
MAX_COMMENT = 1 << 16
ENTRY = 512
"""Bytes in the directory for one file, at most: its header, its path and what systems add."""
ENCRYPTED, UTF8 = 0x1, 0x800
UNIX_BITS = 16
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
DAMAGED = (zipfile.BadZipFile, EOFError, zlib.error, ValueError, OverflowError, struct.error, LookupError, RuntimeError)


def members_of_zip(source: BinaryIO, limits: Limits) -> Iterator[Member]:
    """The members of a zip archive in the order of its directory. The source must be seekable."""
    packed = source.seek(0, 2)
    if packed > limits.packed:
        raise Broken(Code.TOO_LARGE, f"the archive is larger than {in_mib(limits.packed)}")
    check_directory(source, packed, limits)
    with reading(*DAMAGED), zipfile.ZipFile(source) as archive:
        total = 0
        for info in archive.infolist():
            total += info.file_size
            if total > limits.unpacked:
                raise Broken(Code.TOO_LARGE, f"what the archive unpacks to is larger than {in_mib(limits.unpacked)}")
            check_ratio(packed, total, limits)
            yield member_of(archive, info, limits)


def check_directory(source: BinaryIO, packed: int, limits: Limits) -> None:
    """Give up before a directory of millions of entries is loaded, as `zipfile` does at once."""
    source.seek(max(0, packed - END_SIZE - MAX_COMMENT))
    tail = source.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_SIZE:
        raise Broken(Code.DAMAGED_ARCHIVE, "the archive is damaged or cut off: it has no directory at its end")
    count, size = struct.unpack_from("<HL", tail, at + 10)
    if count > limits.files or size > ENTRY * limits.files:
        raise Broken(Code.TOO_LARGE, f"the archive has more than {limits.files} files")
    if size > packed:
        raise Broken(Code.DAMAGED_ARCHIVE, "the archive is damaged: its directory is larger than itself")


def member_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> Member:
    """What an entry of the directory says."""
    name = name_of(info)

    def read() -> bytes:
        if info.flag_bits & ENCRYPTED:
            raise Broken(Code.ENCRYPTED, "the file is encrypted", name)
        if info.compress_type not in METHODS:
            raise Broken(Code.UNKNOWN_FORMAT, "the file is packed by another method than deflate", name)
        if info.file_size > limits.file:
            raise too_large(name, limits.file)
        with reading(*DAMAGED, path=name), archive.open(info) as stream:
            return read_whole(as_binary(stream), name, limits.file)

    return Member(name, kind_of(info), info.file_size, read)


def as_binary(stream: IO[bytes]) -> BinaryIO:
    """The same stream under the name that the type checker wants."""
    return cast(BinaryIO, stream)


def name_of(info: zipfile.ZipInfo) -> str:
    """The path as written; without the flag for UTF-8 it is taken for UTF-8 all the same where it can be."""
    name = info.orig_filename
    if info.flag_bits & UTF8 or name.isascii():
        return name
    try:
        return name.encode("cp437").decode()
    except UnicodeError:
        return name


def kind_of(info: zipfile.ZipInfo) -> Kind:
    """What an entry is; one written by Unix says so in its mode."""
    kind = stat.S_IFMT(info.external_attr >> UNIX_BITS)
    if stat.S_ISLNK(kind):
        return Kind.LINK
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return Kind.SPECIAL
    return Kind.FOLDER if info.filename.endswith("/") else Kind.FILE
