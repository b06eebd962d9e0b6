"""Forms with files (RFC 7578), read as they come: a file is never in memory, nor on the disk, as a whole."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message

from multipart import MultipartError, MultipartSegment, PushMultipartParser

MEDIA_TYPE = "multipart/form-data"


class BadForm(Exception):
    """What came is not a form."""


@dataclass(frozen=True, slots=True)
class Field:
    """The beginning of a part of a form: its name, and that of its file if it is one."""

    name: str
    filename: str | None


def boundary_of(content_type: str) -> str | None:
    """What separates the parts of a form; None for any other media type."""
    message = Message()
    message["content-type"] = content_type
    return message.get_boundary() if message.get_content_type() == MEDIA_TYPE else None


class Form:
    """The parts of a form, one after the other. What is not read of one is passed over."""

    def __init__(self, stream: AsyncIterator[bytes], boundary: str) -> None:
        self._events = _events(stream, boundary)

    async def fields(self) -> AsyncIterator[Field]:
        """The parts. Raises BadForm."""
        async for event in self._events:
            if isinstance(event, MultipartSegment):
                if not event.name:
                    raise BadForm("a part of the form has no name")
                yield Field(event.name, event.filename)

    async def data(self) -> AsyncIterator[bytes]:
        """The bytes of the part that was met last. Raises BadForm."""
        async for event in self._events:
            if not isinstance(event, bytes):
                return
            yield event


async def _events(stream: AsyncIterator[bytes], boundary: str) -> AsyncIterator[MultipartSegment | bytes | None]:
    """The beginning of each part, its bytes, and None at its end."""
    try:
        with PushMultipartParser(boundary) as parser:
            async for data in stream:
                for event in parser.parse(data):
                    yield event
    except MultipartError as error:
        raise BadForm(f"this is no form: {error}") from error
