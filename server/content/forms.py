"""Forms with files (RFC 7578), read as they come: a file is never in memory, nor on the disk, as a whole."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

MOST_HEADERS = 8 * 1024
"""Bytes of the headers of one part of a form."""
BOUNDARY = re.compile(r"multipart/form-data\s*;.*?\bboundary=(?:\"([^\"]{1,70})\"|([^\s;,]{1,70}))", re.IGNORECASE)
NAME = re.compile(r"\bname=\"([^\"]*)\"", re.IGNORECASE)
FILENAME = re.compile(r"\bfilename=\"([^\"]*)\"", re.IGNORECASE)


class BadForm(Exception):
    """What came is not a form."""


@dataclass(frozen=True, slots=True)
class Field:
    """The beginning of a part of a form: its name, and that of its file if it is one."""

    name: str
    filename: str | None


def boundary_of(content_type: str) -> bytes | None:
    """What separates the parts of a form; None for any other media type."""
    match = BOUNDARY.match(content_type)
    return (match[1] or match[2]).encode("latin-1") if match else None


class Form:
    """The parts of a form, one after the other. The bytes of each must be read before the next one."""

    def __init__(self, stream: AsyncIterator[bytes], boundary: bytes) -> None:
        self._stream = stream
        self._mark = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # so that the first mark is like all others

    async def fields(self) -> AsyncIterator[Field]:
        """The parts. Raises BadForm."""
        async for _ in self.data():
            pass  # what stands before the first mark is for people with old software
        while True:
            while len(self._buffer) < len(b"--"):
                await self._more()
            if self._buffer.startswith(b"--"):
                return
            yield _field(await self._headers())

    async def data(self) -> AsyncIterator[bytes]:
        """The bytes of the part that was met last. Raises BadForm."""
        while (at := self._buffer.find(self._mark)) < 0:
            sure = len(self._buffer) - len(self._mark) + 1
            if sure > 0:
                yield self._buffer[:sure]
                self._buffer = self._buffer[sure:]
            await self._more()
        rest, self._buffer = self._buffer[:at], self._buffer[at + len(self._mark) :]
        if rest:
            yield rest

    async def _headers(self) -> bytes:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MOST_HEADERS:
                raise BadForm(f"the headers of a part have more than {MOST_HEADERS} bytes")
            await self._more()
        headers, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        return headers

    async def _more(self) -> None:
        data = await anext(self._stream, b"")
        if not data:
            raise BadForm("the form ends before its last mark")
        self._buffer += data


def _field(headers: bytes) -> Field:
    """What the headers of a part say."""
    for line in headers.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            found, file = NAME.search(value), FILENAME.search(value)
            if found is not None:
                return Field(found[1], file[1] if file else None)
    raise BadForm("a part of the form has no name")
