"""What changes take from uploads: OLX, as an archive or one element, and files for learners."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import BinaryIO

from db.store import Author
from edx.olx import ArchiveRefused, Blob, Keep, Limits, Severity
from edx.olx import read as read_archive
from resolvers.content.uploads import UploadError, Uploads, UploadTooLarge, UploadUnfinished, UploadUnknown
from resolvers.editing.changes import AddBlock, Change, Olx, PutAsset, ReplaceBlock
from resolvers.editing.problems import EditCode, EditProblem, EditRefused
from resolvers.refusals import Problem, Reason, Refusal

LARGEST = Limits().file
"""Bytes of one file of a course."""
MARK = b"\xef\xbb\xbf"
"""What may stand before the text of a file."""


def takes_upload(change: Change) -> bool:
    """Whether a change takes something from an upload."""
    found = change.olx if isinstance(change, ReplaceBlock | AddBlock) else change
    return isinstance(found, Olx | PutAsset) and found.upload is not None


async def taken(
    changes: Sequence[Change], uploads: Uploads, owner: Author, keep: Keep, *, is_list: bool
) -> list[Change]:
    """The changes with what they take from uploads. `keep` says where files are from then on.

    Raises Refusal for an upload that cannot be had, EditRefused for one that cannot be read, and BlobsUnavailable.
    """
    found = []
    for number, change in enumerate(changes):
        try:
            found.append(await _taken(change, number, uploads, owner, keep))
        except UploadError as error:
            place = ("changes", str(number)) if is_list else ()
            field = ("upload",) if isinstance(change, PutAsset) else ("olx", "upload")
            raise Refusal([Problem(_reason(error), str(error), (*place, *field))]) from error
    return found


def _reason(error: UploadError) -> Reason:
    if isinstance(error, UploadUnknown):
        return Reason.UPLOAD_UNKNOWN
    return Reason.UPLOAD_UNFINISHED if isinstance(error, UploadUnfinished) else Reason.INVALID


async def _taken(change: Change, number: int, uploads: Uploads, owner: Author, keep: Keep) -> Change:
    if isinstance(change, ReplaceBlock | AddBlock) and change.olx.upload is not None:
        _, stream = await uploads.open(owner, change.olx.upload)
        return replace(change, olx=await asyncio.to_thread(_olx, stream, change.olx, keep, number))
    if isinstance(change, PutAsset) and change.upload is not None:
        parcel, stream = await uploads.open(owner, change.upload)
        _check(parcel.received)
        return replace(change, blob=await asyncio.to_thread(_file, stream, keep), upload=None)
    return change


def _check(size: int) -> None:
    if size > LARGEST:
        raise UploadTooLarge(f"a file of a course may have {LARGEST} bytes, and not {size}")


def _olx(stream: BinaryIO, given: Olx, keep: Keep, number: int) -> Olx:
    """One element, if that is what the upload begins with, else the files of an archive."""
    with closing(stream):
        if stream.read(64).removeprefix(MARK).lstrip().startswith(b"<"):
            stream.seek(0)
            data = stream.read(LARGEST + 1)
            _check(len(data))
            return Olx(data.removeprefix(MARK).decode("utf-8", "replace"))
        stream.seek(0)
        try:
            files = read_archive(stream, keep=keep).files
        except ArchiveRefused as refused:
            raise EditRefused(
                EditProblem(
                    EditCode.INVALID_OLX,
                    problem.message,
                    place=problem.place,
                    reason=problem.code.value,
                    hint=problem.hint,
                    change=number,
                )
                for problem in refused.report.problems
                if problem.severity is Severity.ERROR
            ) from refused
    return Olx(None, files, given.root)


def _file(stream: BinaryIO, keep: Keep) -> Blob:
    with closing(stream):
        return keep(stream.read())
