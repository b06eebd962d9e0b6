"""Where blobs are: objects in a folder, or in S3, Google or Azure storage.

Calls are made in threads: obstore's own asynchronous ones abort a process that ends too soon after one of them.
Objects are written once, each under a name of its own that begins with the digest of its bytes: an object that is
being removed is never the one that somebody else has just written.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from db.store.encoding import DIGITS, digest_of
from db.store.errors import BlobsUnavailable, Corrupted, StoreFull

AT_ONCE = 16
"""Objects that are read or written at a time."""
FULL = ("No space left on device", "Disk quota exceeded", "File too large", "QuotaExceeded", f"os error {errno.ENOSPC}")


class Object(NamedTuple):
    """An object that is there."""

    location: str
    size: int
    written_at: datetime


class Blobs:
    """The blobs in one store."""

    def __init__(self, open_: Callable[[], ObjectStore]) -> None:
        self._open = open_
        self._places = asyncio.Semaphore(AT_ONCE)

    @cached_property
    def _store(self) -> ObjectStore:
        """Opened at first use, so that a process that needs no blobs needs no place for them."""
        return self._open()

    async def put(self, digest: str, data: bytes) -> str:
        """Write an object and give its location. Raises BlobsUnavailable."""
        location = f"{digest[:2]}/{digest}-{token_hex(4)}"
        await self.write(location, data, f"the blob {digest}")
        return location

    async def write(self, location: str, data: bytes, what: str) -> None:
        """Write `what` is at a location where there is nothing. Raises BlobsUnavailable."""
        async with self._places:
            with _failing(f"{what} cannot be written"):
                await asyncio.to_thread(obstore.put, self._store, location, data, mode="create")

    async def get(self, digest: str, location: str) -> bytes:
        """All bytes of an object. Raises Corrupted and BlobsUnavailable."""
        async with self._places:
            return await asyncio.to_thread(self.read, digest, location)

    def read(self, digest: str, location: str) -> bytes:
        """The same, for threads."""
        with _failing(f"the blob {digest} cannot be read", digest):
            data = bytes(obstore.get(self._store, location).bytes())
        return _checked(digest, data)

    async def part(self, digest: str, location: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to, not with, `end`. They are not checked. Raises Corrupted, BlobsUnavailable."""
        async with self._places:
            with _failing(f"the blob {digest} cannot be read", digest):
                return bytes(await asyncio.to_thread(obstore.get_range, self._store, location, start=start, end=end))

    async def remove(self, location: str) -> None:
        """Remove an object; one that is not there is no error. Raises BlobsUnavailable."""
        with _failing(f"the blob {location} cannot be removed"):
            try:
                await asyncio.to_thread(obstore.delete, self._store, location)
            except FileNotFoundError:
                return

    async def objects(self) -> AsyncIterator[Object]:
        """All objects that look like blobs. Raises BlobsUnavailable."""
        async for found in self.under(None):
            if found.location.rpartition("/")[2][DIGITS : DIGITS + 1] == "-":
                yield found

    async def under(self, folder: str | None) -> AsyncIterator[Object]:
        """All objects in a folder, or all that there are. Raises BlobsUnavailable."""
        with _failing("the blobs cannot be listed"):
            chunks = iter(obstore.list(self._store, folder))
            while chunk := await asyncio.to_thread(next, chunks, None):
                for found in chunk:
                    yield Object(found["path"], found["size"], found["last_modified"])


def open_blobs(place: Path | str) -> Blobs:
    """The blobs in a folder, which is made, or at a URL: `s3://…`, `gs://…`, `az://…`, `file://…`, `memory://`.

    Access keys and the like come from the environment variables that the cloud's own tools read. A folder is made when
    it is needed. Raises BlobsUnavailable for a URL that cannot be used.
    """
    if isinstance(place, Path):
        return Blobs(lambda: LocalStore(place.absolute(), mkdir=True))
    with _failing(f"there can be no blobs at {place}"):
        store = from_url(place)
    return Blobs(lambda: store)


def _checked(digest: str, data: bytes) -> bytes:
    if digest_of(data) != digest:
        raise Corrupted(digest, "the stored blob has other bytes")
    return data


@contextmanager
def _failing(what: str, digest: str = "") -> Iterator[None]:
    """Where errors of the blob store become ours; a missing object of `digest` is a damage."""
    try:
        yield
    except (BaseError, AlreadyExistsError, OSError, ValueError) as error:
        if digest and isinstance(error, FileNotFoundError):
            raise Corrupted(digest, "the stored blob is gone") from None
        kind = StoreFull if any(sign in str(error) for sign in FULL) else BlobsUnavailable
        raise kind(f"{what}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The first line of an error; obstore's have many."""
    return str(error).strip().partition("\n")[0]
