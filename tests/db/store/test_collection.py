"""Garbage collection (D7: only of what no kept root leads to)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from db.store import (
    Intake,
    Retention,
    Store,
    StoreError,
    UnknownVersion,
    collect,
    head_of,
    pin,
    restore,
    share,
    statistics,
    unpin,
    verify,
)
from tests.db.store.conftest import ADA, put, tree

ONE, TWO, THREE = tree(a=b"one", same=b"same"), tree(a=b"two", same=b"same"), tree(a=b"three", same=b"same")
NOTHING = Retention(age=timedelta(0), newest=0, grace=timedelta(0))


def later(days: int = 2) -> datetime:
    """When today's leases are over."""
    return datetime.now(UTC) + timedelta(days=days)


async def is_whole(store: Store, *roots: str) -> bool:
    return [fault async for fault in verify(store, roots)] == []


async def test_only_what_no_kept_version_leads_to_is_removed(store: Store, runs: list[int]) -> None:
    for content in (ONE, TWO, THREE):
        await put(store, runs[0], content)
    done = await collect(store, NOTHING, at=later())

    assert (done.versions, done.nodes, done.tombstones, done.blobs, done.bytes) == (2, 4, 2, 2, 6)
    assert await is_whole(store, THREE.root, THREE.frame)
    with pytest.raises(UnknownVersion, match="was not kept"):
        await head_of(store, runs[0], ONE.root)
    found = await statistics(store)
    assert (found.nodes, found.blobs) == (4, 2)
    assert len([item async for item in store.blobs.objects()]) == 2
    again = await collect(store, NOTHING, at=later())
    assert (again.versions, again.nodes, again.tombstones, again.blobs) == (0, 0, 0, 0)


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    "kept", [Retention(age=timedelta(days=3), newest=0), Retention(age=timedelta(0), newest=2)], ids=["age", "newest"]
)
async def test_versions_are_kept_by_their_age_and_by_their_number(
    store: Store, runs: list[int], kept: Retention
) -> None:
    for content in (ONE, TWO):
        await put(store, runs[0], content)
    assert (await collect(store, kept, at=later())).versions == 0
    assert await is_whole(store, ONE.root, TWO.root)


async def test_a_pinned_version_is_kept_until_its_pin_is_gone(store: Store, runs: list[int]) -> None:
    for content in (ONE, TWO):
        await put(store, runs[0], content)
    async with store.database.writing() as session:
        await pin(session, runs[0], ONE.root, "as accredited", ADA)
        await pin(session, runs[0], ONE.root, "as accredited", ADA)
        with pytest.raises(UnknownVersion):
            await pin(session, runs[0], THREE.root, "never there", ADA)
    assert (await collect(store, NOTHING, at=later())).versions == 0
    assert await is_whole(store, ONE.root)

    async with store.database.writing() as session:
        await unpin(session, runs[0], ONE.root, "as accredited")
    assert (await collect(store, NOTHING, at=later())).versions == 1


async def test_what_another_run_shares_is_kept(store: Store, runs: list[int]) -> None:
    await put(store, runs[0], ONE)
    async with store.database.writing() as session:
        await share(session, runs[0], runs[1], ADA)
    await put(store, runs[0], TWO)
    done = await collect(store, NOTHING, at=later())

    assert (done.versions, done.nodes, done.blobs) == (1, 0, 0)
    assert await is_whole(store, ONE.root, TWO.root)


async def test_what_an_import_has_just_stored_is_not_removed(store: Store, runs: list[int]) -> None:
    intake = Intake(store)
    await intake.blobs(ONE.blobs.values())
    await intake.nodes(ONE.nodes)
    done = await collect(store, NOTHING)

    assert (done.nodes, done.tombstones, done.blobs, done.strays) == (0, 0, 0, 0)
    assert await is_whole(store, ONE.root)


async def test_a_blob_with_a_tombstone_can_be_read_and_comes_to_life_again(store: Store, runs: list[int]) -> None:
    """Writers store tombstoned hashes anew, so that the removal never hits what they rely on."""
    await put(store, runs[0], ONE)
    await put(store, runs[0], TWO)
    patient = Retention(age=timedelta(0), newest=0, grace=timedelta(days=1))
    assert (await collect(store, patient, at=later())).tombstones == 1
    old = await store.locate([ONE.blobs["a"].link])
    assert old[ONE.blobs["a"].digest].read() == b"one"

    await put(store, runs[0], ONE)
    done = await collect(store, patient, at=later(4))

    assert done.blobs == 0
    assert await is_whole(store, ONE.root)
    new = await store.locate([ONE.blobs["a"].link])
    assert new[ONE.blobs["a"].digest].location != old[ONE.blobs["a"].digest].location


async def test_objects_of_imports_that_were_killed_are_removed(store: Store) -> None:
    blob = ONE.blobs["a"]
    await store.blobs.put(blob.digest, blob.data)

    assert (await collect(store, NOTHING)).strays == 0
    assert (await collect(store, NOTHING, at=later())).strays == 1
    assert [found async for found in store.blobs.objects()] == []


async def test_a_version_that_is_restored_meanwhile_is_kept(store: Store, runs: list[int]) -> None:
    for content in (ONE, TWO):
        await put(store, runs[0], content)
    async with store.database.writing() as session:
        await restore(session, runs[0], ONE.root, ADA)
    assert (await collect(store, NOTHING, at=later())).versions == 2
    assert await is_whole(store, ONE.root)


async def test_imports_and_collections_at_once_lose_nothing(store: Store, runs: list[int]) -> None:
    """Both in turn over the same content: what a run has is always whole."""
    contents = [ONE, TWO, THREE]
    other = Store(store.database, store.blobs, lease=timedelta(seconds=30))

    async def import_often(run: int) -> None:
        for turn in range(8):
            head, _ = await put(other, run, contents[(turn + run) % 3])
            assert await is_whole(store, head.root)

    async def collect_often() -> None:
        for _ in range(8):
            await collect(other, NOTHING)
            await asyncio.sleep(0)

    await asyncio.gather(import_often(runs[0]), import_often(runs[1]), collect_often(), collect_often())
    for run in runs:
        head = await head_of(store, run)
        assert head is not None
        assert await is_whole(store, head.root, head.frame)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_nothing_is_removed_when_finding_out_what_is_kept_takes_half_a_lease(
    store: Store, runs: list[int]
) -> None:
    """What is stored meanwhile could be taken for what nobody keeps."""
    await put(store, runs[0], ONE)
    store.lease = timedelta(0)
    with pytest.raises(StoreError, match="took too long"):
        await collect(store, NOTHING, at=later())
    assert await is_whole(store, ONE.root, ONE.frame)
