"""The pointer of a run and its history (spec/content-api.md, "version hashes"; V1-V5)."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, delete, func, select

from db.engine import Database
from db.store import (
    Commit,
    Intake,
    LeaseLost,
    Store,
    UnknownVersion,
    VersionConflict,
    commit,
    head_of,
    history,
    restore,
    share,
    statistics,
)
from db.store.versions import heads, record_source
from db.tables import ContentHead, ContentVersion, CourseRun, now
from tests.db.store.conftest import ADA, put, tree
from tests.resolvers.catalog.conftest import rows, statements


def without_news(sent: Sequence[str]) -> list[str]:
    """Statements but for the one that tells of a new version, which only PostgreSQL needs."""
    return [each for each in sent if "pg_notify" not in each]


ONE, TWO, THREE = tree(a=b"one"), tree(a=b"two"), tree(a=b"three")


async def test_a_run_without_content_has_no_version(store: Store, runs: list[int]) -> None:
    assert await head_of(store, runs[0]) is None
    with pytest.raises(UnknownVersion, match="is none of the run's"):
        await head_of(store, runs[0], ONE.root)


async def test_versions_are_listed_with_who_made_them_and_of_what(store: Store, runs: list[int]) -> None:
    """V5: version, parent version, actor, application, time, operation, message."""
    began = datetime.now(UTC)
    for content in (ONE, TWO):
        await put(store, runs[0], content)
    async with store.database.writing() as session:
        newest, oldest = await history(session, runs[0])

    assert (newest.number, newest.version, newest.parent) == (2, TWO.root, ONE.root)
    assert (oldest.number, oldest.version, oldest.parent) == (1, ONE.root, None)
    assert (newest.author, newest.operation, newest.message) == (ADA, "import", "")
    assert began <= oldest.at <= newest.at <= datetime.now(UTC)


async def test_equal_content_is_no_new_version(store: Store, runs: list[int]) -> None:
    """C5: the archive equals current content: success, not changed, same hash."""
    first, is_new = await put(store, runs[0], ONE)
    again, is_new_again = await put(store, runs[0], ONE, expected=ONE.root)

    assert (is_new, is_new_again) == (True, False)
    assert again == first


async def test_a_change_for_another_version_is_refused_and_says_which_it_is(store: Store, runs: list[int]) -> None:
    """C5: expectedVersion is not the head: conflict with the current version, nothing written."""
    await put(store, runs[0], ONE)
    with pytest.raises(VersionConflict) as caught:
        await put(store, runs[0], TWO, expected=THREE.root)
    assert caught.value.current == ONE.root
    with pytest.raises(VersionConflict, match="without content"):
        await put(store, runs[1], TWO, expected=ONE.root)

    head = await head_of(store, runs[0])
    assert head is not None
    assert head.root == ONE.root
    assert await rows(store.database, select(func.count()).select_from(ContentVersion)) == [1]


async def test_an_old_version_can_be_read_for_as_long_as_it_is_kept(store: Store, runs: list[int]) -> None:
    """E4: an unknown hash is not the same as nothing there."""
    for content in (ONE, TWO):
        await put(store, runs[0], content)
    old = await head_of(store, runs[0], ONE.root)
    assert old is not None
    assert (old.number, old.root) == (1, ONE.root)
    with pytest.raises(UnknownVersion):
        await head_of(store, runs[1], ONE.root)


async def test_restoring_gives_the_old_hash_again(store: Store, runs: list[int]) -> None:
    """V5: restoring is to set the pointer; it is an entry of its own in the history."""
    for content in (ONE, TWO):
        await put(store, runs[0], content)
    with statements(store.database) as sent:
        async with store.database.writing() as session:
            head, is_new = await restore(session, runs[0], ONE.root, ADA, expected=TWO.root, message="It was better")
    async with store.database.writing() as session:
        newest, *_ = await history(session, runs[0])
        with pytest.raises(VersionConflict):
            await restore(session, runs[0], TWO.root, ADA, expected=TWO.root)
        with pytest.raises(UnknownVersion):
            await restore(session, runs[0], THREE.root, ADA)
        assert await restore(session, runs[0], ONE.root, ADA) == (head, False)

    assert is_new
    assert (head.number, head.root) == (3, ONE.root)
    assert (newest.operation, newest.parent, newest.message) == ("restore", TWO.root, "It was better")
    assert len(without_news(sent)) == 5


async def test_a_rerun_is_a_copy_of_the_pointer(store: Store, runs: list[int]) -> None:
    """C6: no node is copied; changing either run leaves the other as it is."""
    source, target = runs
    await put(store, source, ONE)
    before = await statistics(store)
    with statements(store.database) as sent:
        async with store.database.writing() as session:
            shared = await share(session, source, target, ADA)
    after = await statistics(store)

    assert shared == ONE.root
    assert (after.nodes, after.blobs, after.blob_bytes) == (before.nodes, before.blobs, before.blob_bytes)
    assert len(without_news(sent)) == 7  # however large the content is
    await put(store, target, TWO)
    found = await heads(store, runs)
    assert {run: head.root for run, head in found.items()} == {source: ONE.root, target: TWO.root}


async def test_sharing_what_is_not_there_and_twice_changes_nothing(store: Store, runs: list[int]) -> None:
    async with store.database.writing() as session:
        assert await share(session, runs[0], runs[1], ADA) is None
    await put(store, runs[0], ONE)
    for _ in range(2):
        async with store.database.writing() as session:
            await share(session, runs[0], runs[1], ADA)
    head = await head_of(store, runs[1])
    assert head is not None
    assert head.number == 1


async def test_of_fifty_writers_at_once_one_wins(store: Store, runs: list[int]) -> None:
    """V2: of N writers with one expected version exactly one wins, the others are told of the current one."""
    await put(store, runs[0], ONE)
    contents = [tree(a=f"writer {number}".encode()) for number in range(50)]
    answers = await asyncio.gather(
        *(put(store, runs[0], content, expected=ONE.root) for content in contents), return_exceptions=True
    )
    winners = [answer[0] for answer in answers if isinstance(answer, tuple)]
    losers = [answer for answer in answers if isinstance(answer, VersionConflict)]

    assert len(winners) == 1
    assert len(losers) == 49
    assert {loser.current for loser in losers} == {winners[0].root}
    assert await head_of(store, runs[0]) == winners[0]


WRITER = """
import asyncio, sys
from pathlib import Path
from db.engine import open_database
from db.store import Store, VersionConflict, head_of, open_blobs
from tests.db.store.conftest import put, tree

async def main(url, folder, run, name):
    database = open_database(url)
    store = Store(database, open_blobs(Path(folder)))
    for number in range(5):
        content = tree(a=f"{name} {number}".encode())
        while True:
            head = await head_of(store, run)
            try:
                await put(store, run, content, expected=head and head.root)
                break
            except VersionConflict:
                pass
    await database.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
"""


async def test_no_update_of_several_processes_is_lost(
    store: Store, runs: list[int], database_url: URL, tmp_path: Path
) -> None:
    """V2: Open edX discards the loser's change and calls it a success; here every writer knows."""
    await put(store, runs[0], ONE)
    url = database_url.render_as_string(hide_password=False)
    folder = str(tmp_path / "blobs")
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, url, folder, str(runs[0]), name)
        for name in ("anna", "bert")
    ]
    assert [await process.wait() for process in processes] == [0, 0]

    async with store.database.writing() as session:
        entries = await history(session, runs[0])
    assert [entry.number for entry in entries] == list(range(11, 0, -1))
    assert {entry.version for entry in entries} == {ONE.root} | {
        tree(a=f"{name} {number}".encode()).root for name in ("anna", "bert") for number in range(5)
    }
    assert [entry.parent for entry in entries] == [*(entry.version for entry in entries[1:]), None]


async def test_a_change_whose_leases_are_over_is_refused(store: Store, runs: list[int]) -> None:
    late = Commit(
        runs[0],
        ONE.root,
        ONE.frame,
        ADA,
        "import",
        datetime.now(UTC) - timedelta(seconds=1),
        blocks=1,
        files=1,
        bytes=1,
    )
    with pytest.raises(LeaseLost, match="begin again"):
        async with store.database.writing() as session:
            await commit(session, late)
    assert await head_of(store, runs[0]) is None


async def test_what_was_stored_for_a_change_that_fails_can_be_seen_nowhere(store: Store, runs: list[int]) -> None:
    """C4: the head is unchanged, and sending it again succeeds."""
    await put(store, runs[0], ONE)
    intake = Intake(store)
    await intake.blobs(TWO.blobs.values())
    await intake.nodes(TWO.nodes)
    async with store.database.writing() as session:
        await commit(session, Commit(runs[0], TWO.root, TWO.frame, ADA, "import", intake.until, 1, 1, 3))
        await session.rollback()

    head = await head_of(store, runs[0])
    assert head is not None
    assert head.root == ONE.root
    with pytest.raises(UnknownVersion):
        await head_of(store, runs[0], TWO.root)
    assert (await put(store, runs[0], TWO))[1]


async def test_history_goes_with_its_run(database: Database, store: Store, runs: list[int]) -> None:
    await put(store, runs[0], ONE)
    async with database.writing() as session:
        await session.execute(delete(CourseRun).where(CourseRun.id == runs[0]))
    for table in (ContentVersion, ContentHead):
        assert await rows(database, select(func.count()).select_from(table)) == [0]


async def test_a_source_that_has_what_the_run_has_is_no_new_entry(store: Store, runs: list[int]) -> None:
    head, _ = await put(store, runs[0], ONE)
    same = Commit(runs[0], ONE.root, ONE.frame, ADA, "merge", now(), 2, 1, 3)
    async with store.database.writing() as session:
        assert await record_source(session, same) == head
        assert len(await history(session, runs[0])) == 1
