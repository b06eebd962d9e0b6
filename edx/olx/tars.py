"""Tar archives, plain or gzip: read as a stream, strictly.

Python's own reader stops silently at a damaged header, which would shorten the course, and some versions of it loop on
negative sizes; `StrictInfo` refuses both.
"""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Self, cast

from edx.olx.members import CHUNK, Broken, Counted, Kind, Limits, Member, check_ratio, read_whole, reading, too_large
from edx.olx.problems import Code

BLOCKSIZE = tarfile.BLOCKSIZE
MAX_HEADER = 1 << 13
"""Bytes in an extended header, a name and some attributes of a desktop: some versions of Python take long over more."""
EXTENDED = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}
PLAIN = {tarfile.REGTYPE, tarfile.AREGTYPE}
DAMAGED = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError, LookupError)


class StrictInfo(tarfile.TarInfo):
    """A member's header, refused if it is damaged or claims what cannot be."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read one block of 512 bytes."""
        try:
            info = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if not any(buf) and buf:
                raise  # a block of zeros is how an archive ends
            raise Broken(Code.DAMAGED_ARCHIVE, f"the archive is damaged or cut off: {error}") from None
        if info.type in EXTENDED and info.size > MAX_HEADER:
            raise Broken(Code.TOO_LARGE, f"an extended header is larger than {MAX_HEADER} bytes")
        return info.checked()

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """Read a member's header with all that extends it."""
        return super().fromtarfile(tarfile).checked()

    def checked(self) -> Self:
        """The header itself, if its size is possible."""
        if self.size < 0:
            raise Broken(Code.DAMAGED_ARCHIVE, "a member has a negative size", self.name)
        return self


def is_tar(head: bytes) -> bool:
    """Whether something starts with the header of a tar archive, whose check sum tells."""
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


class Unpacking:
    """What comes out of a gzip stream, watched for growing too much."""

    def __init__(self, packed: Counted, limits: Limits) -> None:
        self.packed = packed
        self.limits = limits
        self.stream = gzip.GzipFile(fileobj=cast(BinaryIO, packed))
        self.count = 0

    def read(self, size: int) -> bytes:
        """Up to so many bytes."""
        data = self.stream.read(size)
        self.count += len(data)
        check_ratio(self.packed.count, self.count, self.limits)
        return data


def members_of_tar(source: Counted, limits: Limits, *, zipped: bool) -> Iterator[Member]:
    """The members of a tar archive in their order; each must be read before the next is asked for."""
    stream = Unpacking(source, limits) if zipped else source
    counted = Counted(cast(BinaryIO, stream), limits.unpacked, "what the archive unpacks to")
    with (
        reading(*DAMAGED),
        tarfile.open(
            fileobj=cast(BinaryIO, counted), mode="r|", bufsize=CHUNK, tarinfo=StrictInfo, encoding="utf-8"
        ) as tar,
    ):
        while (info := tar.next()) is not None:
            yield member_of(tar, info, limits)
            cast(Any, tar).members.clear()  # else the headers of all files stay in memory
        while zipped and counted.read(CHUNK):
            pass  # the check sum of gzip stands at its very end


def member_of(tar: tarfile.TarFile, info: tarfile.TarInfo, limits: Limits) -> Member:
    """What a header says."""

    def read() -> bytes:
        if info.size > limits.file:
            raise too_large(info.name, limits.file)
        with reading(*DAMAGED, path=info.name):
            stream = tar.extractfile(info)
            return read_whole(cast(BinaryIO, stream), info.name, limits.file) if stream else b""

    return Member(info.name, kind_of(info), info.size, read)


def kind_of(info: tarfile.TarInfo) -> Kind:
    """What a member is."""
    if info.isdir():
        return Kind.FOLDER
    if info.issym() or info.islnk():
        return Kind.LINK
    return Kind.FILE if info.type in PLAIN and not info.issparse() else Kind.SPECIAL
