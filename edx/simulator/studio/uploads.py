"""Uploads: the files of a multipart body, and what is wrong with one that is to be imported."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

from edx.simulator.studio.jobs import Flaw


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a browser or a client sends it."""

    filename: str
    content_type: str
    content: bytes


def uploads_of(content_type: str, body: bytes) -> dict[str, Upload]:
    """The files of a multipart body by the name of their field; fields that are no files are left out."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    return dict(_files(BytesParser(_class=EmailMessage, policy=HTTP).parsebytes(head + body)))


def _files(message: EmailMessage) -> Iterator[tuple[str, Upload]]:
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        filename = part.get_filename()
        content = part.get_payload(decode=True)
        if isinstance(name, str) and filename and isinstance(content, bytes):
            yield name, Upload(filename=filename, content_type=part.get_content_type(), content=content)


def flaw_in(content: bytes) -> Flaw | None:
    """What is wrong with a file that is to be imported; None for a gzipped tar with a `course.xml`.

    That is at its top or one directory below, as an export has it.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            names = [name.removeprefix("./") for name in archive.getnames()]
    except (tarfile.TarError, EOFError, OSError):
        return Flaw("Unpacking", "An Unknown error occurred during the unpacking step.")
    if any(name.endswith("course.xml") and name.count("/") <= 1 for name in names):
        return None
    return Flaw("Verifying", "Could not find the course.xml file in the package.")
