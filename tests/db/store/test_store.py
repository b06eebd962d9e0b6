"""Storing and reading."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from db.engine import Database
from db.store import BlobsUnavailable, Corrupted, Intake, Store, StoreFull, open_blobs, statistics
from db.tables import ContentNode
from tests.db.store.conftest import Bytes, put, tree
from tests.resolvers.catalog.conftest import statements


async def test_what_is_stored_reads_back(store: Store, runs: list[int]) -> None:
    content = tree(a=b"one", b=b"")
    head, is_new = await put(store, runs[0], content)

    nodes = await store.nodes(content.nodes.keys())
    blobs = await store.locate(blob.link for blob in content.blobs.values())

    assert is_new
    assert (head.number, head.root, head.files, head.bytes) == (1, content.root, 2, 3)
    assert nodes.keys() == content.nodes.keys()
    assert {blobs[blob.digest].read() for blob in content.blobs.values()} == {b"one", b""}
    assert await blobs[content.blobs["a"].digest].get() == b"one"
    assert await blobs[content.blobs["a"].digest].part(1, 3) == b"ne"


async def test_equal_parts_are_stored_once_across_runs(store: Store, runs: list[int]) -> None:
    """C2, C6: identical subtrees and files are stored once, whatever the run."""
    first, second = tree(a=b"same", b=b"other"), tree(a=b"same", b=b"more", c=b"same")
    await put(store, runs[0], first)
    before = await statistics(store)
    await put(store, runs[1], second)
    after = await statistics(store)

    assert (before.nodes, before.blobs, before.blob_bytes, before.logical_bytes) == (4, 2, 9, 9)
    assert (after.nodes, after.blobs, after.blob_bytes) == (6, 3, 13)  # a root, a file node; a blob of 4 bytes
    assert (after.runs, after.files, after.logical_bytes) == (2, 5, 21)
    assert after.stored_bytes < after.node_bytes + after.logical_bytes


async def test_storing_what_is_there_writes_no_object(store: Store, runs: list[int]) -> None:
    content = tree(a=b"one", b=b"two")
    await put(store, runs[0], content)
    objects = [found async for found in store.blobs.objects()]

    intake = Intake(store)
    assert await intake.blobs(content.blobs.values()) == 0
    assert await intake.nodes(content.nodes) == 0
    assert [found async for found in store.blobs.objects()] == objects


async def test_many_are_stored_and_read_in_a_bounded_number_of_statements(store: Store) -> None:
    content = tree(**{f"f{number}": str(number).encode() for number in range(700)})
    intake = Intake(store)
    told: list[int] = []
    with statements(store.database) as sent:
        await intake.nodes(content.nodes)
    await intake.blobs(content.blobs.values(), told.append)

    assert len(sent) == 4  # 702 nodes, 500 at a time: which are there, and the others
    assert told == [500, 200]
    async with store.database.reading() as snapshot:
        assert len(await store.nodes(content.nodes.keys(), snapshot)) == 702
        assert snapshot.statements == 1


async def test_ten_imports_of_one_content_at_once_store_it_once(store: Store, runs: list[int]) -> None:
    content = tree(**{f"f{number}": str(number).encode() for number in range(50)})

    heads = await asyncio.gather(*(put(store, run, content) for run in runs * 5))

    assert {head.root for head, _ in heads} == {content.root}
    assert sorted(is_new for _, is_new in heads) == [False] * 8 + [True] * 2
    found = await statistics(store)
    assert (found.nodes, found.blobs) == (52, 50)
    assert len(await store.locate(blob.link for blob in content.blobs.values())) == 50


async def test_a_node_that_was_changed_is_never_taken_for_what_it_was(store: Store, runs: list[int]) -> None:
    """V6: reads check hashes."""
    content = tree(a=b"one")
    await put(store, runs[0], content)
    async with store.database.writing() as session:
        await session.execute(update(ContentNode).where(ContentNode.digest == content.root).values(data=b"N\0\0\0\0"))

    with pytest.raises(Corrupted, match=f"{content.root}: the stored node has other bytes"):
        await store.nodes([content.root])
    with pytest.raises(Corrupted, match="the node is gone"):
        await store.nodes(["00" * 32])
    with pytest.raises(Corrupted, match="the blob is gone"):
        await store.locate([Bytes(b"never stored").link])


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_blobs_are_checked_when_they_are_read(store: Store, tmp_path: Path) -> None:
    blob = Bytes(b"some bytes")
    await Intake(store).blobs([blob])
    [file] = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    [stored] = (await store.locate([blob.link])).values()

    file.write_bytes(b"Some bytes")
    with pytest.raises(Corrupted, match="the stored blob has other bytes"):
        stored.read()
    with pytest.raises(Corrupted, match="the stored blob has other bytes"):
        await stored.get()
    file.unlink()
    with pytest.raises(Corrupted, match="the stored blob is gone"):
        stored.read()


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_blob_store_that_cannot_be_written_is_a_clean_failure(database: Database, tmp_path: Path) -> None:
    """Nothing refers to what could not be stored, and the same call succeeds later."""
    folder = tmp_path / "blobs"
    store = Store(database, open_blobs(folder))
    blob = Bytes(b"bytes")
    folder.write_text("a file where the folder was")

    with pytest.raises(BlobsUnavailable, match="cannot be written"):
        await Intake(store).blobs([blob])
    assert (await statistics(store)).blobs == 0

    folder.unlink()
    assert await Intake(store).blobs([blob]) == 5
    assert [stored.read() for stored in (await store.locate([blob.link])).values()] == [b"bytes"]


def test_a_place_that_is_none_is_refused() -> None:
    with pytest.raises(BlobsUnavailable, match="there can be no blobs at gopher:"):
        open_blobs("gopher://example.org/blobs")


async def test_blobs_can_be_at_a_url(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    blobs = open_blobs((tmp_path / "there").as_uri())
    blob = Bytes(b"bytes")

    location = await blobs.put(blob.digest, blob.data)

    assert await blobs.get(blob.digest, location) == b"bytes"
    assert [found.location async for found in blobs.objects()] == [location]


async def test_a_blob_that_is_gone_already_is_removed(tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path)
    blob = Bytes(b"bytes")
    location = await blobs.put(blob.digest, blob.data)

    for _ in range(2):
        await blobs.remove(location)

    assert [found async for found in blobs.objects()] == []


async def test_objects_that_are_no_blobs_are_passed_over(tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path)
    (tmp_path / "notes.txt").write_text("somebody's")

    assert [found async for found in blobs.objects()] == []
    assert [found.location async for found in blobs.under(None)] == ["notes.txt"]


def test_a_full_disk_is_told_from_other_failures() -> None:
    assert issubclass(StoreFull, BlobsUnavailable)
