"""V6: verification hashes everything again and names what is broken, with the way to it."""

from pathlib import Path

from sqlalchemy import delete, update

from db.store import Fault, Store, verify
from db.tables import ContentBlob, ContentNode
from tests.db.store.conftest import put, tree

CONTENT = tree(a=b"one", b=b"two", c=b"two")


async def faults(store: Store) -> list[Fault]:
    return [fault async for fault in verify(store, [CONTENT.root])]


async def test_what_is_whole_has_no_faults(store: Store, runs: list[int]) -> None:
    await put(store, runs[0], CONTENT)
    assert await faults(store) == []


async def test_a_flipped_byte_is_found_in_a_blob_and_in_a_node(store: Store, runs: list[int], tmp_path: Path) -> None:
    await put(store, runs[0], CONTENT)
    blob = CONTENT.blobs["a"]
    [file] = (tmp_path / "blobs").rglob(f"{blob.digest}-*")
    file.write_bytes(b"onE")
    [fault] = await faults(store)

    assert (fault.digest, fault.trail) == (blob.digest, (CONTENT.root[:12], "0", "0"))
    assert str(fault).endswith(f"> 0 > 0: {blob.digest}: the stored blob has other bytes")

    async with store.database.writing() as session:
        await session.execute(update(ContentNode).where(ContentNode.digest == CONTENT.root).values(data=b"X"))
    [fault] = await faults(store)
    assert (fault.digest, fault.trail) == (CONTENT.root, (CONTENT.root[:12],))


async def test_what_is_missing_is_found(store: Store, runs: list[int]) -> None:
    await put(store, runs[0], CONTENT)
    node = next(digest for digest in CONTENT.nodes if digest not in {CONTENT.root, CONTENT.frame})
    async with store.database.writing() as session:
        await session.execute(delete(ContentNode).where(ContentNode.digest == node))
        await session.execute(delete(ContentBlob))
    found = await faults(store)

    assert {fault.reason.partition(": ")[2] for fault in found} == {"the node is gone", "the blob is gone"}
