"""Two pointers for each run: what it shows, and its draft (notes on OLX, F50 to F52)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.store import (
    Commit,
    Intake,
    LeaseLost,
    Retention,
    Store,
    VersionConflict,
    collect,
    drafts,
    drop_draft,
    head_of,
    history,
    save_draft,
)
from db.tables import now
from tests.db.store.conftest import ADA, Tree, put, tree

ONE, TWO, THREE = tree(a=b"1"), tree(a=b"2"), tree(a=b"3")


async def save(
    store: Store, run: int, content: Tree, expected: str | None = None, *, late: timedelta = timedelta()
) -> bool:
    intake = Intake(store)
    await intake.blobs(content.blobs.values())
    await intake.nodes(content.nodes)
    change = Commit(run, content.root, content.frame, ADA, "edit", intake.until - late, 2, 1, 1, expected)
    async with store.database.writing() as session:
        return (await save_draft(session, change))[1]


async def test_a_draft_stands_beside_what_a_run_shows(store: Store, runs: list[int]) -> None:
    run = runs[0]
    await put(store, run, ONE)
    assert await drafts(store, runs) == {}
    assert await save(store, run, TWO, ONE.root)
    assert not await save(store, run, TWO)
    with pytest.raises(VersionConflict):
        await save(store, run, THREE, ONE.root)
    await put(store, run, THREE, expected=ONE.root)
    draft = (await drafts(store, runs))[run]
    shown = await head_of(store, run)
    assert shown is not None
    assert (draft.head.root, draft.base.root, shown.root, draft.username) == (TWO.root, ONE.root, THREE.root, "ada")
    async with store.database.writing() as session:
        entries = await history(session, run)
    assert [(entry.number, entry.version) for entry in entries] == [(3, THREE.root), (2, TWO.root), (1, ONE.root)]
    assert await save(store, run, THREE)
    assert await drafts(store, runs) == {}


async def test_a_draft_and_what_it_was_made_of_are_never_collected(store: Store, runs: list[int]) -> None:
    await put(store, runs[0], ONE)
    await save(store, runs[0], TWO)
    await put(store, runs[0], THREE)
    later, rules = now() + timedelta(days=3650), replace(Retention(), newest=0)
    assert (await collect(store, rules, at=later)).versions == 0
    async with store.database.writing() as session:
        assert await drop_draft(session, runs[0])
        assert not await drop_draft(session, runs[0])
    assert (await collect(store, rules, at=later)).versions == 2


async def test_a_change_that_took_longer_than_its_parts_are_kept_is_none(store: Store, runs: list[int]) -> None:
    with pytest.raises(LeaseLost, match="begin again"):
        await save(store, runs[0], ONE, late=timedelta(days=1))
    assert await drafts(store, runs) == {}
