"""Files on their way, which are written, read and removed at the same time."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from db.store import Store
from db.store.parcels import Overtaken, Parcels, parcel_of
from db.tables import Parcel, ParcelKind, now

PARTS = [b"0123", b"4567", b"89"]


@pytest.fixture
def dialect() -> str:
    return "sqlite"


@pytest.fixture
def parcels(store: Store) -> Parcels:
    return Parcels(store)


async def kept(parcels: Parcels) -> Parcel:
    async def parts() -> AsyncIterator[bytes]:
        for part in PARTS:
            yield part

    tomorrow = now() + timedelta(days=1)
    return await parcels.keep(parcel_of(ParcelKind.EXPORT, "ada", None, tomorrow), parts(), tomorrow)


@pytest.mark.parametrize(("start", "end"), [(0, 10), (5, 7), (3, 9), (8, 10), (4, 4)])
async def test_any_bytes_of_a_file_in_parts_can_be_had(parcels: Parcels, start: int, end: int) -> None:
    whole = await parcels.export((await kept(parcels)).uuid)
    assert whole is not None
    assert await whole.part(start, end) == b"".join(PARTS)[start:end]


async def test_a_file_that_is_removed_before_it_is_complete_is_told(parcels: Parcels) -> None:
    tomorrow = now() + timedelta(days=1)
    parcel = parcel_of(ParcelKind.UPLOAD, "ada", None, tomorrow)
    async with parcels.database.writing() as session:
        session.add(parcel)
    async with parcels.database.writing() as session:
        parcel = await parcels.extend(session, parcel, [await parcels.write(parcel, 0, b"x")], tomorrow)
    await parcels.remove(parcel)
    with pytest.raises(Overtaken, match="the file is gone"):
        await parcels.finish(parcel)
