"""Uploads: files that clients send here, at once or in parts, to be imported (spec/content-api.md, "Import/export").

UploadError
├── BadUpload            what is said about the file, or sent of it, makes no sense
├── ChecksumMismatch     the bytes that came are not those that were sent
├── OffsetConflict       the bytes follow upon others than those that are there
├── UploadTooLarge       the file, or all files of the user together, would have more bytes than allowed
├── UploadUnfinished     not all of the file is there yet
└── UploadUnknown        there is no such upload for the user and application, or not any more
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, NoReturn

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from db.errors import DatabaseError
from db.store import Author, Store, StoreError
from db.store.parcels import (
    PART,
    Mismatch,
    Overtaken,
    Parcels,
    Part,
    bytes_of,
    count_parts,
    find,
    keep_until,
    parcel_of,
)
from db.tables import Parcel, ParcelKind, now

GIB = 1 << 30
MOST_PARTS = 10_000
LONGEST_NAME = 255
SWEEP_SECONDS = 600.0
DIGEST = re.compile(r"[0-9a-f]{64}")

log = structlog.get_logger(__name__)


class UploadError(Exception):
    """An upload, or a part of one, that is not taken; the message is for people."""


class BadUpload(UploadError):
    """What is said about the file, or sent of it, makes no sense."""


class ChecksumMismatch(UploadError):
    """The bytes that came are not those that were sent; they were thrown away."""


class OffsetConflict(UploadError):
    """The bytes follow upon others than those that are there, which are `current` in number."""

    def __init__(self, current: int) -> None:
        self.current = current
        super().__init__(f"{current} bytes of the file are there; what is sent must follow upon them")


class UploadTooLarge(UploadError):
    """The file, or all files of the user together, would have more bytes than allowed."""


class UploadUnfinished(UploadError):
    """Not all of the file is there yet."""


class UploadUnknown(UploadError):
    """There is no such upload for the user and application, or not any more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of one file, and of all files of one user, and how long one is kept after it was last used."""

    size: int = GIB
    quota: int = 4 * GIB
    lifetime: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Announced:
    """What is said of a file before it comes: its bytes and their SHA-256, its name, and the words it was said in."""

    size: int | None = None
    digest: str | None = None
    name: str = ""
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request are to have: a hash by a method of `hashlib`."""

    method: str
    value: bytes


class Uploads:
    """The uploads of one store. Whose they are is known as `db.store.Author`, by user and application."""

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._database = store.database
        self._parcels = Parcels(store)

    async def begin(self, owner: Author, announced: Announced) -> Parcel:
        """A new upload, of which nothing is there yet. Raises BadUpload and UploadTooLarge."""
        size = announced.size
        if size is not None:
            self._check_size(size)
        if announced.digest is not None and not DIGEST.fullmatch(announced.digest):
            raise BadUpload("a SHA-256 is written as 64 hexadecimal digits in lower case")
        parcel = parcel_of(ParcelKind.UPLOAD, owner.username, owner.application, self._expiry())
        parcel.size, parcel.digest, parcel.metadata_ = size, announced.digest, announced.metadata
        parcel.name = announced.name.replace("\0", "")[:LONGEST_NAME]
        async with self._database.writing() as session:
            session.add(parcel)
            await session.flush()
            await self._check_quota(session, owner.username)
        return await self._finished(parcel) if size == 0 else parcel

    async def find(self, owner: Author, uuid: str) -> Parcel:
        """An upload of a user and application. Raises UploadUnknown."""
        async with self._database.writing() as session:
            return await owned(session, owner, uuid)

    async def append(
        self, parcel: Parcel, start: int, body: AsyncIterator[bytes], checksum: Checksum | None = None
    ) -> Parcel:
        """Take bytes that follow upon those that are there, part by part; the last of them completes the upload.

        With a checksum they are taken all or not at all; without one, those that came before `body` broke off are.
        Raises UploadError, what `body` raises, and BlobsUnavailable.
        """
        if start != parcel.received or parcel.finished_at is not None:
            raise OffsetConflict(parcel.received)
        taking = Taking(self, self._parcels, parcel, checksum)
        try:
            async for data in body:
                await taking.take(data)
        except UploadError:
            await taking.drop()
            raise
        except Exception:
            await (taking.drop() if checksum else taking.keep())
            raise
        parcel = await taking.end()
        return await self._finished(parcel) if parcel.received == parcel.size else parcel

    async def complete(self, parcel: Parcel) -> Parcel:
        """Call an upload complete whose size was not known before. Raises ChecksumMismatch."""
        return await self._finished(parcel)

    async def open(self, owner: Author, uuid: str) -> tuple[Parcel, BinaryIO]:
        """A complete upload, which is kept for longer, and its bytes, to be read in a thread from any place.

        Raises UploadUnknown, UploadUnfinished, ChecksumMismatch and BlobsUnavailable.
        """
        async with self._database.writing() as session:
            parcel = await claim(session, owner, uuid, self.limits)
        return await self._finished(parcel), await self._parcels.opened(parcel)

    async def remove(self, parcel: Parcel) -> None:
        """Remove an upload. Raises BlobsUnavailable."""
        await self._parcels.remove(parcel)

    async def sweep(self, moment: datetime | None = None) -> int:
        """Remove what is not kept any more; the number of objects. Raises BlobsUnavailable."""
        return await self._parcels.sweep(moment or now())

    async def sweeping(self) -> NoReturn:
        """Sweep now and again."""
        while True:
            try:
                if count := await self.sweep():
                    log.info("uploads_swept", objects=count)
            except (DatabaseError, StoreError) as error:
                log.warning("uploads_not_swept", reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    async def extend(self, parcel: Parcel, parts: list[Part]) -> Parcel:
        """Make parts that were written part of an upload. Raises OffsetConflict, UploadTooLarge, UploadUnknown."""
        try:
            async with self._database.writing() as session:
                found = await self._parcels.extend(session, parcel, parts, self._expiry())
                if await count_parts(session, found) > MOST_PARTS:
                    raise UploadTooLarge(f"a file may come in {MOST_PARTS} parts; send larger ones")
                if found.size is None:
                    self._check_size(found.received)
                    await self._check_quota(session, found.username)
        except Overtaken:
            now_ = await self.find(Author(parcel.username, parcel.application), parcel.uuid)
            raise OffsetConflict(now_.received) from None
        return found

    async def _finished(self, parcel: Parcel) -> Parcel:
        try:
            return await self._parcels.finish(parcel)
        except Mismatch as error:
            await self._parcels.remove(parcel)
            raise ChecksumMismatch(f"{error}; it was thrown away") from None
        except Overtaken as error:
            raise UploadUnknown(str(error)) from None

    def _expiry(self) -> datetime:
        return now() + self.limits.lifetime

    def _check_size(self, size: int) -> None:
        if size > self.limits.size:
            raise UploadTooLarge(f"a file may have {self.limits.size} bytes, and not {size}")

    async def _check_quota(self, session: AsyncSession, username: str) -> None:
        """Whether all uploads of a user, those of the transaction included, are within the quota."""
        total = await bytes_of(session, ParcelKind.UPLOAD, username)
        if total > self.limits.quota:
            message = f"all your uploads together may have {self.limits.quota} bytes, and would have {total}"
            raise UploadTooLarge(f"{message}; delete some, or wait until they expire")


class Taking:
    """The bytes of one request on their way into an upload."""

    def __init__(self, uploads: Uploads, parcels: Parcels, parcel: Parcel, checksum: Checksum | None) -> None:
        self._uploads = uploads
        self._parcels = parcels
        self._parcel = parcel
        self._checksum = checksum
        self._hash = hashlib.new(checksum.method, usedforsecurity=False) if checksum else None
        self._buffer = bytearray()
        self._written: list[Part] = []
        self._end = parcel.received

    async def take(self, data: bytes) -> None:
        """Take some more. Raises UploadTooLarge."""
        size = self._parcel.size
        if size is not None and self._end + len(self._buffer) + len(data) > size:
            raise UploadTooLarge(f"more comes than the {size} bytes that were announced")
        if self._hash is not None:
            self._hash.update(data)
        self._buffer += data
        while len(self._buffer) >= PART:
            await self._put(bytes(self._buffer[:PART]))
            del self._buffer[:PART]

    async def end(self) -> Parcel:
        """Take what is left, if all of it is what was sent; the upload as it is then."""
        if self._hash is not None and self._checksum is not None and self._hash.digest() != self._checksum.value:
            await self.drop()
            raise ChecksumMismatch("what came has another checksum than what was sent; it was thrown away")
        await self.keep()
        return self._parcel

    async def keep(self) -> None:
        """Take what came."""
        if self._buffer:
            await self._put(bytes(self._buffer))
            self._buffer.clear()
        if self._written:
            await self._add()

    async def drop(self) -> None:
        """Throw away what was not taken yet."""
        written, self._written = self._written, []
        await self._parcels.discard(written)

    async def _put(self, data: bytes) -> None:
        self._written.append(await self._parcels.write(self._parcel, self._end, data))
        self._end += len(data)
        if self._checksum is None:
            await self._add()

    async def _add(self) -> None:
        try:
            self._parcel = await self._uploads.extend(self._parcel, self._written)
        except UploadError:
            await self.drop()
            raise
        self._written = []


async def owned(session: AsyncSession, owner: Author, uuid: str) -> Parcel:
    """The upload of a user and application with this id, be it given as its address. Raises UploadUnknown."""
    parcel = await find(session, ParcelKind.UPLOAD, uuid.rpartition("/")[2])
    if parcel is None or (parcel.username, parcel.application) != (owner.username, owner.application):
        raise UploadUnknown("there is no such upload of yours, or not any more")
    return parcel


async def claim(session: AsyncSession, owner: Author, uuid: str, limits: Limits) -> Parcel:
    """An upload of which everything came, kept for longer from now on. Raises UploadUnknown and UploadUnfinished."""
    parcel = await owned(session, owner, uuid)
    if parcel.size is None or parcel.received < parcel.size:
        raise UploadUnfinished(f"only {parcel.received} bytes of the upload are there")
    keep_until(parcel, now() + limits.lifetime)
    return parcel


__all__ = [
    "Announced",
    "BadUpload",
    "Checksum",
    "ChecksumMismatch",
    "Limits",
    "OffsetConflict",
    "UploadError",
    "UploadTooLarge",
    "UploadUnfinished",
    "UploadUnknown",
    "Uploads",
    "claim",
    "owned",
]
