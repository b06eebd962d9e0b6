"""Uploads: bytes that come in parts, in whatever process (spec/content-api.md, "Import/export extensions")."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL
from structlog.testing import capture_logs

from db.engine import Database, open_database
from db.store import Author, BlobsUnavailable, Store, open_blobs, parcels
from db.tables import Parcel, now
from resolvers.content.uploads import (
    Announced,
    BadUpload,
    Checksum,
    ChecksumMismatch,
    Limits,
    OffsetConflict,
    Uploads,
    UploadTooLarge,
    UploadUnfinished,
    UploadUnknown,
)
from tests.edx.olx.twins import COURSE, zipped

ADA, BOB = Author("ada", "tests"), Author("bob", "tests")
DATA = bytes(range(256)) * 5
ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def uploads(store: Store, monkeypatch: pytest.MonkeyPatch) -> Uploads:
    """Uploads in parts of 500 bytes at most."""
    monkeypatch.setattr("resolvers.content.uploads.PART", 500)
    return Uploads(store, Limits(size=2000, quota=3000))


async def chunks(data: bytes, size: int = 300, *, broken: bool = False) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]
    if broken:
        raise ConnectionError("the line went dead")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def sent(uploads: Uploads, data: bytes = DATA, owner: Author = ADA) -> Parcel:
    parcel = await uploads.begin(owner, Announced(len(data), sha256(data), "a.tar.gz"))
    return await uploads.append(parcel, 0, chunks(data))


def objects(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs" / "parcels").rglob("*") if path.is_file()]


async def test_bytes_come_in_several_goes_and_are_read_by_another_process(
    uploads: Uploads, database_url: URL, tmp_path: Path
) -> None:
    parcel = await uploads.begin(ADA, Announced(len(DATA), sha256(DATA)))
    first = await uploads.append(parcel, 0, chunks(DATA[:700]))
    assert (first.received, first.finished_at) == (700, None)

    other = open_database(database_url)
    there = Uploads(Store(other, open_blobs(tmp_path / "blobs")))
    last = await there.append(await there.find(ADA, parcel.uuid), 700, chunks(DATA[700:]))
    opened, stream = await uploads.open(ADA, f"/uploads/{parcel.uuid}")
    await other.close()

    assert (last.received, last.digest) == (len(DATA), sha256(DATA))
    assert last.finished_at is not None
    assert opened.size == len(DATA)
    assert await asyncio.to_thread(stream.read) == DATA


@ON_SQLITE
async def test_an_archive_that_is_read_from_the_end_can_be_read(uploads: Uploads) -> None:
    uploads.limits = Limits()
    data = zipped(COURSE).read()
    parcel = await sent(uploads, data)
    _, stream = await uploads.open(ADA, parcel.uuid)
    with zipfile.ZipFile(stream) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == COURSE


async def test_of_two_that_send_the_same_part_one_is_refused(uploads: Uploads, tmp_path: Path) -> None:
    parcel = await uploads.begin(ADA, Announced(len(DATA)))
    results = await asyncio.gather(
        *(uploads.append(parcel, 0, chunks(DATA[:400])) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["OffsetConflict", "Parcel"]
    [conflict] = [result for result in results if isinstance(result, OffsetConflict)]
    assert conflict.current == 400
    assert len(objects(tmp_path)) == 1
    with pytest.raises(OffsetConflict):
        await uploads.append(await uploads.find(ADA, parcel.uuid), 399, chunks(DATA))


@ON_SQLITE
async def test_what_came_before_the_line_went_dead_is_kept_but_not_with_a_checksum(
    uploads: Uploads, tmp_path: Path
) -> None:
    parcel = await uploads.begin(ADA, Announced(len(DATA)))
    with pytest.raises(ConnectionError):
        await uploads.append(parcel, 0, chunks(DATA[:700], broken=True))
    parcel = await uploads.find(ADA, parcel.uuid)
    assert parcel.received == 700
    checksum = Checksum("sha1", hashlib.sha1(DATA[700:], usedforsecurity=False).digest())
    before = objects(tmp_path)
    for body in (chunks(DATA[700:1200], broken=True), chunks(DATA[700:1200])):
        with pytest.raises((ConnectionError, ChecksumMismatch)):
            await uploads.append(parcel, 700, body, checksum)
    assert objects(tmp_path) == before
    done = await uploads.append(await uploads.find(ADA, parcel.uuid), 700, chunks(DATA[700:]), checksum)
    assert done.digest == sha256(DATA)


@ON_SQLITE
async def test_a_whole_with_other_bytes_than_announced_is_thrown_away(uploads: Uploads, tmp_path: Path) -> None:
    parcel = await uploads.begin(ADA, Announced(len(DATA), sha256(b"other")))
    with pytest.raises(ChecksumMismatch, match=sha256(DATA)):
        await uploads.append(parcel, 0, chunks(DATA))
    with pytest.raises(UploadUnknown):
        await uploads.find(ADA, parcel.uuid)
    assert objects(tmp_path) == []
    with pytest.raises(BadUpload, match="64 hexadecimal"):
        await uploads.begin(ADA, Announced(1, "abc"))


async def test_nobody_else_has_an_upload_and_nobody_before_it_is_complete(uploads: Uploads) -> None:
    parcel = await uploads.begin(ADA, Announced(len(DATA)))
    parcel = await uploads.append(parcel, 0, chunks(DATA[:10]))
    with pytest.raises(UploadUnfinished, match="only 10 bytes"):
        await uploads.open(ADA, parcel.uuid)
    await uploads.append(parcel, 10, chunks(DATA[10:]))
    assert (await uploads.open(ADA, parcel.uuid))[0].digest == sha256(DATA)
    for owner in (BOB, Author("ada", "another"), Author("ada")):
        with pytest.raises(UploadUnknown):
            await uploads.open(owner, parcel.uuid)


async def test_sizes_and_quotas_hold_whether_they_are_announced_or_not(uploads: Uploads) -> None:
    with pytest.raises(UploadTooLarge, match="2000 bytes, and not 2001"):
        await uploads.begin(ADA, Announced(2001))
    unknown = await uploads.begin(ADA, Announced())
    with pytest.raises(UploadTooLarge):
        await uploads.append(unknown, 0, chunks(b"x" * 2001))
    await uploads.remove(unknown)
    small = await uploads.begin(ADA, Announced(10))
    with pytest.raises(UploadTooLarge, match="the 10 bytes that were announced"):
        await uploads.append(small, 0, chunks(b"x" * 11))
    await uploads.begin(ADA, Announced(2000))
    begun = await asyncio.gather(*(uploads.begin(ADA, Announced(900)) for _ in range(3)), return_exceptions=True)
    assert [type(each).__name__ for each in begun].count("UploadTooLarge") == 2
    rest = await uploads.begin(ADA, Announced())
    with pytest.raises(UploadTooLarge, match="3000 bytes"):
        await uploads.append(rest, 0, chunks(b"x" * 91))
    await uploads.begin(BOB, Announced(2000))


@ON_SQLITE
async def test_an_upload_comes_in_so_many_parts_at_most(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.content.uploads.MOST_PARTS", 2)
    parcel = await uploads.begin(ADA, Announced(3))
    for place in range(2):
        parcel = await uploads.append(parcel, place, chunks(b"x"))
    with pytest.raises(UploadTooLarge, match="2 parts"):
        await uploads.append(parcel, 2, chunks(b"x"))


async def test_what_has_expired_and_what_belongs_to_nothing_is_swept(uploads: Uploads, tmp_path: Path) -> None:
    old, new = await sent(uploads), await sent(uploads, b"new")
    stray = tmp_path / "blobs" / "parcels" / "0000" / "0-abcd"
    stray.parent.mkdir()
    stray.write_bytes(b"of a process that died")
    assert await uploads.sweep() == 1
    uploads.limits = Limits(lifetime=timedelta(days=3))
    await uploads.open(ADA, new.uuid)  # which keeps it for longer

    assert await uploads.sweep(now() + timedelta(days=2)) == 3
    with pytest.raises(UploadUnknown):
        await uploads.find(ADA, old.uuid)
    assert (await uploads.open(ADA, new.uuid))[0].size == 3
    assert len(objects(tmp_path)) == 1


@ON_SQLITE
async def test_a_damaged_part_and_a_store_that_is_down_are_told(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parcel = await sent(uploads)
    _, stream = await uploads.open(ADA, parcel.uuid)
    for path in objects(tmp_path):
        path.write_bytes(b"?")
    with pytest.raises(Exception, match="other bytes"):
        stream.read()

    def down(*_given: object, **_named: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("obstore.put", down)
    parcel = await uploads.begin(ADA, Announced(10))
    with pytest.raises(BlobsUnavailable, match="a part of the file cannot be written"):
        await uploads.append(parcel, 0, chunks(b"x" * 10))
    assert (await uploads.find(ADA, parcel.uuid)).received == 0


@ON_SQLITE
async def test_memory_does_not_grow_with_the_upload(store: Store, database: Database) -> None:
    """Parts are written as they come."""
    uploads = Uploads(store)
    largest = 0
    write = store.blobs.write

    async def watched(location: str, data: bytes, what: str) -> None:
        nonlocal largest
        largest = max(largest, len(data))
        await write(location, data, what)

    store.blobs.write = watched  # type: ignore[method-assign]
    data = bytes(5 << 20)
    parcel = await uploads.begin(ADA, Announced())
    parcel = await uploads.complete(await uploads.append(parcel, 0, chunks(data, 1 << 16)))
    assert (parcel.size, largest) == (len(data), parcels.PART)
    _, stream = await uploads.open(ADA, parcel.uuid)
    stream.seek(-1, io.SEEK_END)
    assert (stream.tell(), stream.read()) == (len(data) - 1, b"\0")


@ON_SQLITE
async def test_what_ends_with_a_part_is_taken_to_its_end(uploads: Uploads) -> None:
    parcel = await sent(uploads, DATA[:1000])
    assert parcel.finished_at is not None
    _, stream = await uploads.open(ADA, parcel.uuid)
    assert await asyncio.to_thread(stream.read) == DATA[:1000]


@ON_SQLITE
async def test_an_upload_that_was_removed_meanwhile_is_never_complete(uploads: Uploads) -> None:
    parcel = await uploads.begin(ADA, Announced())
    parcel = await uploads.append(parcel, 0, chunks(DATA[:10]))
    await uploads.remove(parcel)
    with pytest.raises(UploadUnknown, match="the file is gone"):
        await uploads.complete(parcel)


@ON_SQLITE
async def test_sweeping_goes_on_whatever_happens(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.content.uploads.SWEEP_SECONDS", 0)
    uploads.limits = Limits(lifetime=-timedelta(days=1))  # over as soon as it is there
    await sent(uploads)
    original, turns, is_over = Uploads.sweep, 0, asyncio.Event()

    async def sweep(uploads: Uploads) -> int:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise BlobsUnavailable("the store is away")
        if turns == 4:
            is_over.set()
            await asyncio.Event().wait()
        return await original(uploads)

    monkeypatch.setattr(Uploads, "sweep", sweep)
    with capture_logs() as lines:
        task = asyncio.create_task(uploads.sweeping())
        await is_over.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert lines == [
        {"event": "uploads_not_swept", "log_level": "warning", "reason": "the store is away"},
        {"event": "uploads_swept", "log_level": "info", "objects": 3},
    ]
