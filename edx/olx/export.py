"""The way out: the files of a course, byte for byte as they came in but for those of edited blocks, and archives."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from edx.olx.blobs import Blob, File, InMemory
from edx.olx.canonical import UnwritableBlock, digest_of, lead_of, path_of, pointer_to, render, serialize
from edx.olx.kinds import ROOTS
from edx.olx.markup import Attributes
from edx.olx.model import Block, Course
from edx.olx.paths import danger_of
from edx.olx.problems import Key

LEVEL = 2
"""Of compression: most bytes of a course are pictures, of which more effort makes nothing smaller."""
MODE = 0o644
UNIX = 3
"""What zip calls systems with such modes."""


def files(course: Course) -> Iterator[File]:
    """All files of a course in the order of their paths, `folder` included.

    Of a course as it was read these are the files that were read, byte for byte, but for junk. Where a block was edited
    its definition file is written anew. Raises `UnwritableBlock` for what no file can hold, and if two different files
    want one path.
    """
    found: dict[str, File] = {}
    for file in (*course.outside, *(File(course.folder + file.path, file.blob) for file in files_inside(course))):
        earlier = found.setdefault(file.path, file)
        if earlier.blob.digest != file.blob.digest:
            raise UnwritableBlock(f"two different files would be written to {file.path!r}")
    for path in sorted(found):
        yield found[path]


def files_inside(course: Course) -> Iterator[File]:
    """The files inside the folder of the course, in no order; those that blocks share come several times."""
    yield from entries(course)
    yield from files_below(course.root)
    for draft in course.drafts:
        for file in files_below(draft.block):
            yield File(f"drafts/{file.path}", file.blob)
    for document in (course.policy, course.grading, course.assets_policy):
        if document:
            yield File(document.path, document.blob)
    for asset in course.assets:
        yield asset.file
    for group in (course.about, course.info, course.tabs, course.extras):
        yield from group


def entries(course: Course) -> Iterator[File]:
    """`course.xml` or `library.xml`, which either is the root's definition or points to it."""
    path, root = ROOTS[course.kind], course.root
    if root.is_inline:
        yield File(path, bytes_of(root, lead_of(course)))
        return
    pointer = pointer_to(course)
    is_kept = course.entry is not None and course.entry.meaning == digest_of(pointer)
    yield File(path, course.entry.blob if course.entry and is_kept else InMemory.of(pointer))


def files_below(root: Block) -> Iterator[File]:
    """The definition files and pages of a block and of all below it."""
    met: dict[Key, Block] = {}
    left = [root]
    while left:
        block = left.pop()
        earlier = met.get(block.key)
        if earlier is None:
            met[block.key] = block
            yield from files_of(block)
            left.extend(reversed(block.children))
        elif earlier is not block and replace(earlier, pointer=()) != replace(block, pointer=()):
            raise UnwritableBlock(f"two different blocks are called {block.key}")


def files_of(block: Block) -> Iterator[File]:
    """The definition file of a block, if it has one, and its page."""
    if block.body:
        yield block.body
    if not (block.is_inline or block.is_missing):
        path, read_from = path_of(block), block.place.file
        yield File(read_from if read_from == path else path, bytes_of(block))  # one text for both: blocks are many


def bytes_of(block: Block, lead: Attributes = ()) -> Blob:
    """The bytes that were read if they still say what the block says, else new ones."""
    if block.source and block.source.meaning == digest_of(render(block, lead)):
        return block.source.blob
    return InMemory.of(serialize(block, lead))


def write(files: Iterable[File], target: BinaryIO, watch: Callable[[str], object] | None = None) -> None:
    """Write a tar.gz archive: the same files give the same bytes, in whatever order and whenever they are written.

    Members are sorted and carry neither time nor owner, and the header of gzip no time. Blobs are read one by one;
    `watch` is told the path of each before.
    """
    ordered = _ordered(files, watch)
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=target, mtime=0) as packed,
        tarfile.open(fileobj=cast(BinaryIO, packed), mode="w|", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive,
    ):
        for file in ordered:
            info = tarfile.TarInfo(file.path)
            info.size = file.blob.size
            info.mode = MODE
            archive.addfile(info, io.BytesIO(file.blob.read()))


def write_zip(files: Iterable[File], target: BinaryIO, watch: Callable[[str], object] | None = None) -> None:
    """Write a zip archive in the same way; all members carry the first moment that zip knows."""
    with zipfile.ZipFile(target, "w") as archive:
        for file in _ordered(files, watch):
            info = zipfile.ZipInfo(file.path)
            info.create_system, info.external_attr = UNIX, MODE << 16
            archive.writestr(info, file.blob.read(), zipfile.ZIP_DEFLATED, LEVEL)


def _ordered(files: Iterable[File], watch: Callable[[str], object] | None) -> Iterator[File]:
    """The files of an archive by path. Raises `UnwritableBlock` for a path that no archive should have."""
    for file in sorted(files, key=lambda file: file.path.encode()):
        if reason := danger_of(file.path):
            raise UnwritableBlock(f"{file.path!r} cannot be the name of a file: {reason}")
        if watch is not None:
            watch(file.path)
        yield file
