"""Archives: `read` takes a tar.gz, tar or zip archive or a folder, and refuses whatever could do harm.

Nothing is extracted: members are read one after the other, and limits hold while they are read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from edx.olx.blobs import Blob, File, Keep, in_memory
from edx.olx.folders import members_of_folder
from edx.olx.members import DEFAULTS, Broken, Counted, Kind, Limits, Member, in_mib
from edx.olx.paths import Paths, danger_of, is_junk, parts_of
from edx.olx.problems import Code, Findings, Report, Severity
from edx.olx.tars import BLOCKSIZE, is_tar, members_of_tar
from edx.olx.zips import members_of_zip

Watch = Callable[[str], object]
"""Is told the path of each file before it is read."""

GZIP, ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
REFUSED = {
    Kind.LINK: (Code.LINK, "links are not accepted: a course never needs one"),
    Kind.SPECIAL: (Code.SPECIAL_FILE, "only plain files and folders are accepted"),
}


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of an archive by path, in the order of paths, without junk.

    Paths are as in the archive but for a leading `./`. `report` holds what is worth knowing, such as the junk.
    """

    files: Mapping[str, Blob]
    report: Report


def read(
    source: Path | BinaryIO, *, limits: Limits = DEFAULTS, keep: Keep | None = None, watch: Watch | None = None
) -> Archive:
    """Read a whole archive, or a folder, once and from front to end.

    What it is shows from its first bytes, never from its name. A file object is read from where it stands; only zip
    asks that it is seekable. `keep` is called with the bytes of each file and says where they are from then on: in
    memory if none is given. `watch` is told the path of each before it is read.
    Raises `ArchiveRefused`, whose report names every unsafe member.
    """
    if isinstance(source, Path) and not source.is_dir():
        with source.open("rb") as stream:
            return read(stream, limits=limits, keep=keep, watch=watch)
    intake = Intake(Findings(), limits, keep or in_memory(), watch)
    try:
        for member in members_of(source, limits):
            intake.take(member)
    except Broken as broken:
        intake.findings.error(broken.code, broken.message, broken.path)
    intake.findings.raise_at(Severity.ERROR)
    return Archive(MappingProxyType(dict(sorted(intake.files.items()))), intake.findings.report())


def gather(files: Iterable[File], *, limits: Limits = DEFAULTS) -> Archive:
    """An archive of files that are somewhere already, with paths as safe as those of any other. Reads nothing.

    Raises `ArchiveRefused`.
    """
    intake = Intake(Findings(), limits, in_memory())
    try:
        for file in _bounded(files, limits.unpacked):
            intake.place(file.path, Kind.FILE, file.get)
    except Broken as broken:
        intake.findings.error(broken.code, broken.message, broken.path)
    intake.findings.raise_at(Severity.ERROR)
    return Archive(MappingProxyType(dict(sorted(intake.files.items()))), intake.findings.report())


def _bounded(files: Iterable[File], limit: int) -> Iterator[File]:
    """The files, until they have too many bytes together."""
    size = 0
    for file in files:
        size += file.blob.size
        if size > limit:
            raise Broken(Code.TOO_LARGE, f"the files together are larger than {in_mib(limit)}")
        yield file


def members_of(source: Path | BinaryIO, limits: Limits) -> Iterator[Member]:
    """The members of an archive of any kind."""
    if isinstance(source, Path):
        return members_of_folder(source, limits)
    head = first_block(source)
    if head.startswith(ZIP):
        return members_of_zip(source, limits)
    packed = Counted(source, limits.packed, "the archive", head=head)
    if head.startswith(GZIP):
        return members_of_tar(packed, limits, zipped=True)
    if is_tar(head):
        return members_of_tar(packed, limits, zipped=False)
    raise Broken(Code.UNKNOWN_FORMAT, "this is neither a tar archive (plain or gzip), nor a zip archive, nor a folder")


def first_block(source: BinaryIO) -> bytes:
    """The first bytes of a stream, which may come in pieces."""
    head = b""
    while len(head) < BLOCKSIZE and (data := source.read(BLOCKSIZE - len(head))):
        head += data
    return head


class Intake:
    """Takes the members of an archive in, one by one, and judges them."""

    def __init__(self, findings: Findings, limits: Limits, keep: Keep, watch: Watch | None = None) -> None:
        self.findings = findings
        self.watch = watch
        self.limits = limits
        self.keep = keep
        self.paths = Paths(findings)
        self.files: dict[str, Blob] = {}
        self.count = 0

    def take(self, member: Member) -> None:
        """Take a file in, or note what is wrong with the member; folders only need a safe path."""
        self.place(member.name, member.kind, lambda: self.keep(member.read()))

    def place(self, name: str, kind: Kind, get: Callable[[], Blob]) -> None:
        """The same for a name, and what is to stand there, which is asked for only if it can."""
        self.count += 1
        if self.count > self.limits.files:
            raise Broken(Code.TOO_LARGE, f"the archive has more than {self.limits.files} files")
        path = "/".join(parts_of(name))
        if danger := danger_of(name) or ("" if path or kind is Kind.FOLDER else "it is empty"):
            self.findings.error(Code.UNSAFE_PATH, f"the path cannot be used: {danger}", printable(name))
        elif kind in REFUSED:
            code, message = REFUSED[kind]
            self.findings.error(code, message, path)
        elif is_junk(path):
            self.findings.info(Code.JUNK, "left out: it belongs to a desktop or a tool, not to the course", path)
        elif kind is Kind.FILE and self.paths.admit(path):
            if self.watch is not None:
                self.watch(path)
            self.files[path] = get()


def printable(name: str) -> str:
    """A path that can be shown, whatever is in it."""
    shown = name.encode(errors="backslashreplace").decode()
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in shown)
