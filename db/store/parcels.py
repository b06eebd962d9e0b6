"""Files on their way in or out: uploads that come in parts, and archives that wait to be fetched.

A part is an object of the blob store and a row that says where it stands, so every process sees the same file. What is
written belongs to the file from the moment on at which its row is committed.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import BinaryIO, cast
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.store.blobs import Blobs
from db.store.encoding import digest_of
from db.store.errors import StoreError
from db.store.store import INTEGERS, Store, keys
from db.tables import Parcel, ParcelKind, ParcelPart, now
from db.types import any_of

FOLDER = "parcels"
PART = 4 << 20
"""Bytes that one part has at most."""
PARTS = (
    select(ParcelPart.start, ParcelPart.size, ParcelPart.digest, ParcelPart.location)
    .where(any_of(ParcelPart.parcel_id, keys(INTEGERS)))
    .order_by(ParcelPart.start)
)


class Overtaken(StoreError):
    """Somebody else has added to the file meanwhile, or it is complete, or gone."""


class Mismatch(StoreError):
    """The bytes of a file are not those that were announced."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a file, from `start` on."""

    start: int
    size: int
    digest: str
    location: str

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.start + self.size


class Parcels:
    """The files on their way of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.database = store.database
        self.blobs = store.blobs

    async def write(self, parcel: Parcel, start: int, data: bytes) -> Part:
        """Store bytes that are to stand at `start`; they are not part of the file yet. Raises BlobsUnavailable."""
        location = f"{FOLDER}/{parcel.uuid}/{start}-{token_hex(4)}"
        await self.blobs.write(location, data, "a part of the file")
        return Part(start, len(data), digest_of(data), location)

    async def extend(self, session: AsyncSession, parcel: Parcel, parts: Sequence[Part], until: datetime) -> Parcel:
        """Make parts that follow upon what is there part of the file, which is kept until then. Raises Overtaken."""
        size = sum(part.size for part in parts)
        query = (
            update(Parcel)
            .where(Parcel.id == parcel.id, Parcel.received == parts[0].start, Parcel.finished_at.is_(None))
            .values(received=Parcel.received + size, expires_at=until)
            .returning(Parcel)
        )
        found = await session.scalar(query.execution_options(populate_existing=True))
        if found is None:
            raise Overtaken("somebody else has added to the file meanwhile")
        rows = [
            {
                "parcel_id": parcel.id,
                "start": part.start,
                "size": part.size,
                "digest": part.digest,
                "location": part.location,
            }
            for part in parts
        ]
        await session.execute(insert(ParcelPart), rows)
        return found

    async def keep(self, parcel: Parcel, parts: AsyncIterator[bytes], until: datetime) -> Parcel:
        """Store a new file whose bytes come in parts, which is complete and kept until then.

        Raises BlobsUnavailable; what is there of it then is removed when its time is over.
        """
        async with self.database.writing() as session:
            session.add(parcel)
        async for data in parts:
            part = await self.write(parcel, parcel.received, data)
            async with self.database.writing() as session:
                parcel = await self.extend(session, parcel, [part], until)
        return await self.finish(parcel)

    async def discard(self, parts: Sequence[Part]) -> None:
        """Remove parts that did not become part of a file. Raises BlobsUnavailable."""
        for part in parts:
            await self.blobs.remove(part.location)

    async def parts(self, parcel: Parcel) -> list[Part]:
        """The parts of a file, in their order."""
        return [Part(*row) for row in await self.store.fetch(PARTS, [parcel.id])]

    async def finish(self, parcel: Parcel) -> Parcel:
        """Call a file complete, of which all bytes are read once more; one that is complete is left as it is.

        Raises Mismatch where they are not those that are expected, and Corrupted and BlobsUnavailable.
        """
        if parcel.finished_at is not None:
            return parcel
        digest = await asyncio.to_thread(_digest, self.blobs, await self.parts(parcel))
        if parcel.digest not in (None, digest):
            raise Mismatch(f"the SHA-256 of the file is {digest}, not {parcel.digest}")
        query = (
            update(Parcel)
            .where(Parcel.id == parcel.id, Parcel.received == parcel.received)
            .values(finished_at=now(), digest=digest, size=Parcel.received)
            .returning(Parcel)
        )
        async with self.database.writing() as session:
            found = await session.scalar(query.execution_options(populate_existing=True))
        if found is None:
            raise Overtaken("the file is gone, or somebody else has added to it meanwhile")
        return found

    async def opened(self, parcel: Parcel) -> BinaryIO:
        """The bytes of a file that is complete, to be read in a thread from any place. It need not be closed."""
        return cast(BinaryIO, io.BufferedReader(Reader(self.blobs, await self.parts(parcel)), PART))

    async def export(self, uuid: str) -> "Whole | None":
        """An export that is complete and still kept."""
        async with self.database.writing() as session:
            parcel = await find(session, ParcelKind.EXPORT, uuid)
        if parcel is None or parcel.finished_at is None:
            return None
        return Whole(self.blobs, tuple(await self.parts(parcel)), parcel.received)

    async def remove(self, parcel: Parcel) -> None:
        """Remove a file. Raises BlobsUnavailable, after which the sweep removes what is left."""
        parts = await self.parts(parcel)
        async with self.database.writing() as session:
            await session.execute(delete(Parcel).where(Parcel.id == parcel.id))
        await self.discard(parts)

    async def sweep(self, moment: datetime) -> int:
        """Remove the files that are not kept any more, and objects of files that are none; how many objects there were.

        Raises BlobsUnavailable.
        """
        async with self.database.writing() as session:
            await session.execute(delete(Parcel).where(Parcel.expires_at < moment))
        found = [each.location async for each in self.blobs.under(FOLDER)]
        async with self.database.writing() as session:
            kept = set(await session.scalars(select(Parcel.uuid)))
        gone = [location for location in found if location.split("/")[-2] not in kept]
        for location in gone:
            await self.blobs.remove(location)
        return len(gone)


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that is complete, of which any part can be had."""

    blobs: Blobs
    parts: tuple[Part, ...]
    size: int

    async def part(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to, not with, `end`, unchecked. Raises Corrupted and BlobsUnavailable."""
        found = []
        for part in self.parts:
            first, last = max(start, part.start), min(end, part.end)
            if first < last:
                data = await self.blobs.part(part.digest, part.location, first - part.start, last - part.start)
                found.append(data)
        return b"".join(found)


def parcel_of(kind: ParcelKind, username: str, application: str | None, expires_at: datetime) -> Parcel:
    """A new file of somebody, without any bytes."""
    return Parcel(
        uuid=str(uuid4()), kind=kind, username=username, application=application, received=0, expires_at=expires_at
    )


async def find(session: AsyncSession, kind: ParcelKind, uuid: str) -> Parcel | None:
    """The file with a UUID that is still kept."""
    query = select(Parcel).where(Parcel.uuid == uuid, Parcel.kind == kind, Parcel.expires_at >= now())
    return await session.scalar(query.execution_options(populate_existing=True))


def keep_until(parcel: Parcel, moment: datetime) -> None:
    """Keep a file until a moment at least."""
    parcel.expires_at = max(parcel.expires_at, moment)


async def count_parts(session: AsyncSession, parcel: Parcel) -> int:
    """How many parts a file has."""
    query = select(func.count()).select_from(ParcelPart).where(ParcelPart.parcel_id == parcel.id)
    return int(await session.scalar(query) or 0)


async def bytes_of(session: AsyncSession, kind: ParcelKind, username: str) -> int:
    """How many bytes the files of a user have, or are to have, together; nobody else counts them meanwhile."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"parcels of {username}"))))
    size = func.coalesce(Parcel.size, Parcel.received)
    query = select(func.sum(size)).where(Parcel.username == username, Parcel.kind == kind, Parcel.expires_at >= now())
    return int(await session.scalar(query) or 0)


class Reader(io.RawIOBase):
    """The bytes of parts one after the other. Blocks the thread; every part is checked when it is read."""

    def __init__(self, blobs: Blobs, parts: Sequence[Part]) -> None:
        super().__init__()
        self._blobs = blobs
        self._parts = parts
        self._place = 0
        self._data = b""
        self._from = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._parts[-1].end if self._parts else 0}
        self._place = max(0, bases[whence] + offset)
        return self._place

    @override
    def tell(self) -> int:
        return self._place

    @override
    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override] # any buffer, as the caller has
        at = self._place - self._from
        if not 0 <= at < len(self._data):
            part = next((part for part in self._parts if part.start <= self._place < part.end), None)
            if part is None:
                return 0
            self._data, self._from = self._blobs.read(part.digest, part.location), part.start
            at = self._place - part.start
        data = self._data[at : at + len(buffer)]
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def _digest(blobs: Blobs, parts: Sequence[Part]) -> str:
    """The SHA-256 of parts together. Blocks the thread."""
    found = sha256()
    for part in parts:
        found.update(blobs.read(part.digest, part.location))
    return found.hexdigest()
