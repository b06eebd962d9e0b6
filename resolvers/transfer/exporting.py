"""The work of exports: a version, or a block of it, becomes an archive to be fetched (spec/content-api.md, "Read")."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, cast

from db.store import Author, head_of
from db.store.parcels import PART, Parcels, parcel_of
from db.tables import Parcel, ParcelKind, now
from edx.olx import Key, UnwritableBlock, write, write_zip
from resolvers.content.exports import AmbiguousBlock, NoSuchBlock, files_of, find_block
from resolvers.content.load import Courses, Loaded
from resolvers.jobs import Handler, JobContext, JobFailed
from resolvers.refusals import Reason
from resolvers.transfer.asking import Format, require_rights
from resolvers.transfer.importing import DONE, failing, in_time
from resolvers.transfer.telling import Told
from resolvers.usage import Operation, operation

EXPORTING, COMPRESSING = "EXPORTING", "COMPRESSING"
TYPES = {Format.TAR_GZ: "application/gzip", Format.ZIP: "application/zip"}
UNNAMEABLE = re.compile(r"[^\w.-]+", re.ASCII)


def exporting(courses: Courses, lifetime: timedelta, seconds: float) -> Handler:
    """What does the work of exports, which may take so many seconds; archives are kept for a time."""

    async def work(job: JobContext) -> Any:
        if DONE in job.memory:
            return job.memory[DONE]
        async with job.writing() as session:
            await require_rights(session, job)
        export = _Export(job, courses, lifetime)
        with failing():
            result = await in_time(export.told, seconds, export.told.follow(job, export.done()))
        await job.remember(DONE, result)
        return result

    return work


class _Export:
    """One attempt at an export."""

    def __init__(self, job: JobContext, courses: Courses, lifetime: timedelta) -> None:
        self.job = job
        self.courses = courses
        self.lifetime = lifetime
        self.parcels = Parcels(courses.store)
        self.told = Told(EXPORTING)

    async def done(self) -> dict[str, Any]:
        """Write the archive, and say what it is."""
        author = Author(self.job.requested_by or "", self.job.application)
        with operation(self.parcels.database, "exportCourse", author, self.job.input["run"]) as seen:
            return await self._done(seen)

    async def _done(self, seen: Operation) -> dict[str, Any]:
        given = self.job.input
        head = await head_of(self.courses.store, given["run"], given["version"])
        assert head is not None  # noqa: S101 -- of a version that is named there is one, or UnknownVersion
        loaded = await self.courses.load(head)
        key, format_ = _found(loaded, given["block"]), Format(given["format"])
        seen.touched(block.type for block in (loaded.content.blocks[key] if key else loaded.course.root).walk())
        with TemporaryFile(prefix="collegium-") as file:
            count = await asyncio.to_thread(self._write, loaded, key, format_, file)
            parcel = await self._kept(file, f"{self._name(key)}.{format_.value}")
        return {
            "archive": parcel.uuid,
            "name": parcel.name,
            "contentType": TYPES[format_],
            "size": parcel.size,
            "sha256": parcel.digest,
            "expiresAt": parcel.expires_at,
            "version": loaded.version,
            "block": None if key is None else str(key),
            "subtree": None if key is None else loaded.content.digests[key],
            "files": count,
        }

    def _write(self, loaded: Loaded, key: Key | None, format_: Format, target: IO[bytes]) -> int:
        """Write the files into an archive; how many there are. Blocks the thread."""
        try:
            files = files_of(loaded, key)
            done = 0

            def watch(path: str) -> None:
                nonlocal done
                self.told.step(COMPRESSING, done, len(files))
                self.told.at(path)
                done += 1

            (write_zip if format_ is Format.ZIP else write)(files, cast(BinaryIO, target), watch)
        except UnwritableBlock as error:
            raise JobFailed(Reason.CONTENT_REFUSED, str(error)) from error
        self.told.step(COMPRESSING, len(files), len(files))
        return len(files)

    async def _kept(self, file: IO[bytes], name: str) -> Parcel:
        """Put an archive where every process can give it out."""
        expiry = now() + self.lifetime
        parcel = parcel_of(ParcelKind.EXPORT, self.job.requested_by or "", self.job.application, expiry)
        parcel.name = name
        return await self.parcels.keep(parcel, _parts(file), expiry)

    def _name(self, key: Key | None) -> str:
        run = self.job.subject.partition(":")[2].removeprefix("course-v1:")
        return UNNAMEABLE.sub("-", run if key is None else f"{run}-{key.name}")


def _found(loaded: Loaded, block: str | None) -> Key | None:
    """The key of the block that is meant. Fails the job for none, and for several (E7)."""
    try:
        return None if block is None else find_block(loaded.course, block).key
    except AmbiguousBlock as error:
        raise JobFailed(Reason.BLOCK_AMBIGUOUS, str(error)) from error
    except NoSuchBlock as error:
        raise JobFailed(Reason.BLOCK_UNKNOWN, str(error)) from error


async def _parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    await asyncio.to_thread(file.seek, 0)
    while data := await asyncio.to_thread(file.read, PART):
        yield data
