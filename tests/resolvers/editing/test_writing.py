"""Changes as versions of a run (§2.5 V1 to V5, X5 of the notes on OLX)."""

import asyncio
import io
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, event

from db.store import history, restore
from edx.olx import InMemory
from resolvers.content.exports import export
from resolvers.content.load import Courses
from resolvers.content.nodes import write
from resolvers.editing.changes import (
    AddBlock,
    Change,
    DeleteBlock,
    MoveBlock,
    Orphans,
    PutAsset,
    ReplaceBlock,
    SetBlockSettings,
    SetCourseSettings,
)
from resolvers.editing.problems import EditCode, EditRefused
from resolvers.editing.writing import ATTEMPTS, Editor, Expected, Request
from tests.resolvers.catalog.conftest import statements
from tests.resolvers.content.conftest import imported, unpacked
from tests.resolvers.editing.conftest import ADA, BOB, Desk
from tests.resolvers.editing.courses import FILES, key, olx

RENAME_AGAIN = SetBlockSettings("html/page", {"display_name": "Renamed again"})
RENAME = SetBlockSettings("html/page", {"display_name": "Renamed"})


async def test_a_change_is_a_new_version_with_its_own_history(desk: Desk) -> None:
    """V5: by whom, through what, and why, outside of the hash."""
    made = await desk.apply(RENAME, message="a better name")
    assert made.is_new
    assert made.previous == desk.version
    assert made.version == await desk.current() != desk.version
    assert made.new_nodes == 6
    async with desk.store.database.writing() as session:
        newest = (await history(session, desk.run))[0]
    assert (newest.version, newest.parent, newest.author) == (made.version, desk.version, ADA)
    assert (newest.operation, newest.message) == ("SetBlockSettings", "a better name")
    loaded = await desk.loaded()
    assert loaded.content.blocks[key("html/page")].display_name == "Renamed"


async def test_the_files_that_were_not_changed_keep_their_bytes(desk: Desk) -> None:
    await desk.apply(
        ReplaceBlock("problem/sum", olx("<problem>2</problem>"), Orphans.DECLINE),
        PutAsset("new.txt", InMemory.of(b"x")),
    )
    target = io.BytesIO()
    loaded = await desk.loaded()
    count = export(loaded, target)
    found = unpacked(target.getvalue())
    assert {name for name in FILES if found.get(name) != FILES[name]} == {"problem/sum.xml"}
    assert found["problem/sum.xml"] == b"<problem>2</problem>"
    assert found["static/new.txt"] == b"x"
    assert loaded.head.files == count
    assert loaded.head.bytes == sum(map(len, found.values()))
    assert loaded.head.blocks == len(loaded.content.blocks)


async def test_a_dry_run_tells_the_version_and_writes_nothing(desk: Desk) -> None:
    """X5."""
    dry = await desk.apply(RENAME, AddBlock("u1", olx("<problem>x</problem>")), is_dry=True)
    assert await desk.current() == desk.version
    made = await desk.apply(RENAME, AddBlock("u1", olx("<problem>x</problem>")))
    assert made.version == dry.version
    assert made.applied.done == dry.applied.done


async def test_what_is_refused_changes_nothing(desk: Desk) -> None:
    for is_dry in (False, True):
        with pytest.raises(EditRefused):
            await desk.apply(RENAME, DeleteBlock("none"), is_dry=is_dry)
    assert await desk.current() == desk.version


async def test_a_change_for_another_version_is_refused_with_the_present_one(desk: Desk) -> None:
    """C5, V2."""
    made = await desk.apply(RENAME)
    with pytest.raises(EditRefused) as raised:
        await desk.apply(DeleteBlock("html/page"))
    problem = raised.value.problems[0]
    assert (problem.code, problem.current) == (EditCode.VERSION_CONFLICT, made.version)


async def test_a_change_must_say_what_it_is_made_for(desk: Desk) -> None:
    """V1."""
    with pytest.raises(EditRefused) as raised:
        await desk.apply(RENAME, expected=Expected())
    assert raised.value.problems[0].code is EditCode.VERSION_REQUIRED
    assert (await desk.apply(RENAME, expected=Expected(anything=True))).is_new


async def test_a_run_without_content_cannot_be_edited(desk: Desk) -> None:
    request = Request(desk.run + 99, [RENAME], ADA, Expected(anything=True))
    with pytest.raises(EditRefused) as raised:
        await desk.editor.apply(request)
    assert raised.value.problems[0].code is EditCode.NO_CONTENT


async def test_a_change_of_nothing_is_no_version(desk: Desk) -> None:
    made = await desk.apply(SetBlockSettings("html/page", {"display_name": "Page"}))
    assert (made.is_new, made.version) == (False, desk.version)


async def test_disjoint_changes_are_both_made(desk: Desk) -> None:
    """V3: each is made for its own subtree, and again to what the other left."""
    before = (await desk.loaded()).content.digests
    first = Expected(subtrees={"html/page": before[key("html/page")]})
    second = Expected(subtrees={"vertical/u3": before[key("vertical/u3")]})
    await desk.apply(RENAME, expected=first)
    made = await desk.apply(SetBlockSettings("vertical/u3", {"display_name": "3"}), by=BOB, expected=second)
    names = {each.url_name: each.display_name for each in (await desk.loaded()).course.root.walk()}
    assert (names["page"], names["u3"]) == ("Renamed", "3")
    assert made.subtrees[key("vertical/u3")] == (await desk.loaded()).content.digests[key("vertical/u3")]
    with pytest.raises(EditRefused) as raised:
        await desk.apply(RENAME, expected=first)
    problem = raised.value.problems[0]
    assert problem.code is EditCode.VERSION_CONFLICT
    assert problem.current == (await desk.loaded()).content.digests[key("html/page")]
    assert problem.block == key("html/page")


async def test_eight_editors_of_different_parts_all_succeed(desk: Desk) -> None:
    """They work beside each other in processes of their own, as it were, and see no conflict."""
    before = (await desk.loaded()).content.digests
    names = ["page", "sum", "talk", "both", "rose", "then", "q1", "loose"]
    keys = [next(each for each in before if each.name == name) for name in names]

    async def edit(block: Any) -> str:
        editor = Editor(Courses(desk.store))
        change = SetBlockSettings(str(block), {"display_name": f"{block.name}!"})
        expected = Expected(subtrees={str(block): before[block]})
        return (await editor.apply(Request(desk.run, [change], ADA, expected))).version

    versions = await asyncio.gather(*map(edit, keys))
    assert len(set(versions)) == len(names)
    shown = {block.url_name: block.display_name for block in (await desk.loaded()).course.root.walk()}
    assert all(shown[name] == f"{name}!" for name in names)


async def test_of_many_writers_of_one_version_one_wins(desk: Desk) -> None:
    """V2: no update is lost."""

    changes = [SetBlockSettings("html/page", {"display_name": str(number)}) for number in range(8)]
    results = await asyncio.gather(*map(desk.apply, changes), return_exceptions=True)
    refused = [result for result in results if isinstance(result, EditRefused)]
    assert len(refused) == 7
    assert {each.problems[0].code for each in refused} == {EditCode.VERSION_CONFLICT}


async def test_a_move_and_its_undoing_restore_the_version(desk: Desk) -> None:
    """M6."""
    made = await desk.apply(MoveBlock("html/page", "vertical/u3", 0))
    done = made.applied.done[0]
    back = MoveBlock("html/page", str(done.parent), done.index)
    assert (await desk.apply(back, expected=Expected(made.version))).version == desk.version


async def test_what_was_deleted_comes_back_with_the_old_version(desk: Desk) -> None:
    """D6: undoing is to set the pointer. U22: what was deleted can be read at the old version all the while."""
    made = await desk.apply(DeleteBlock("chapter/c1"))
    old = await desk.editor.courses.of_run(desk.run, desk.version)
    assert old is not None
    assert {each.key for each in made.applied.removed} <= old.content.blocks.keys()
    async with desk.store.database.writing() as session:
        head, is_new = await restore(session, desk.run, desk.version, ADA, expected=made.version)
    assert (is_new, head.root) == (True, desk.version)
    assert (await desk.apply(RENAME)).is_new


async def test_versions_made_one_after_the_other_are_those_that_others_load(desk: Desk) -> None:
    """What is kept in memory is what is stored; drafts and shared blocks included."""
    version = desk.version
    for change in (
        RENAME,
        AddBlock("vertical/u3", olx('<html url_name="n1">1</html>')),
        DeleteBlock("problem/q1"),
        SetBlockSettings("html/both", {"display_name": "Both!"}),
        SetBlockSettings("html/n1", {"display_name": "N"}),
    ):
        version = (await desk.apply(change, expected=Expected(version))).version
        kept = await desk.editor.courses.of_run(desk.run)
        loaded = await desk.loaded()
        assert kept is not None
        assert kept.content.digests == loaded.content.digests
        assert kept.content.outline == loaded.content.outline
        assert loaded.version == version


async def test_a_warm_change_reads_no_nodes(desk: Desk) -> None:
    """A single change neither loads nor writes the course: one transaction, of nine statements on either database."""
    made = await desk.apply(RENAME)
    statements: list[str] = []
    engine = desk.store.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    await desk.apply(SetBlockSettings("html/page", {"display_name": "Again"}), expected=Expected(made.version))
    assert not [
        each for each in statements if each.lstrip().startswith("SELECT content_node.digest, content_node.data")
    ]
    assert sum("INSERT INTO content_node" in each for each in statements) == 1
    assert sum("INSERT INTO content_version" in each for each in statements) == 1
    assert len(statements) == 9


async def test_a_version_that_another_process_made_is_loaded_by_what_differs(desk: Desk) -> None:
    """What is the same stays the same objects; only the nodes on the way to what changed are read."""
    mine = await desk.loaded_by(desk.editor)
    other = Editor(Courses(desk.store))
    changes: list[Change] = [
        RENAME,
        MoveBlock("vertical/u3", "sequential/s1", 0),
        DeleteBlock("html/loose"),
        SetBlockSettings("html/both", {"display_name": "Both!"}),
        SetBlockSettings("vertical/u1", {"display_name": "1"}),
        SetCourseSettings({"start": "2027-01-01T00:00:00Z"}),
    ]
    for change in changes:
        await other.apply(Request(desk.run, [change], BOB, Expected(anything=True)))
        mine = await desk.loaded_by(desk.editor)
        fresh = await desk.loaded()
        assert mine.version == fresh.version
        assert mine.content.digests == fresh.content.digests
        assert mine.course == fresh.course
        assert write(mine.course).root == fresh.version
    before = mine.content.blocks
    await other.apply(Request(desk.run, [RENAME_AGAIN], BOB, Expected(anything=True)))
    after = (await desk.loaded_by(desk.editor)).content.blocks
    assert {str(each) for each in after if after[each] is not before.get(each)} == {
        "course/R", "chapter/c1", "sequential/s1", "vertical/u1", "html/page",
    }  # fmt: skip


async def test_who_is_always_slower_gets_a_turn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some attempts a change is made while others wait: nobody sees a conflict that is none of theirs."""
    other, faster = Editor(Courses(desk.store)), 0
    original = Editor._write

    async def overtaken(editor: Editor, *given: Any) -> Any:
        nonlocal faster
        if editor is desk.editor:
            faster += 1
            change = SetBlockSettings("problem/sum", {"display_name": str(faster)})
            await other.apply(Request(desk.run, [change], BOB, Expected(anything=True)))
        return await original(editor, *given)

    monkeypatch.setattr(Editor, "_write", overtaken)
    blob = InMemory.of(b"new")
    made = await desk.apply(RENAME, PutAsset("new.txt", blob), expected=Expected(anything=True))
    assert faster == ATTEMPTS
    assert made.is_new
    names = {each.url_name: each.display_name for each in (await desk.loaded()).course.root.walk()}
    assert (names["page"], names["sum"]) == ("Renamed", str(ATTEMPTS))


async def test_what_was_stored_with_the_version_before_is_not_stored_again(desk: Desk) -> None:
    first = ReplaceBlock("html/both", olx("<html>new</html>"), Orphans.DECLINE)
    made = await desk.apply(first, SetCourseSettings({"start": "2028-01-01T00:00:00Z"}))
    with statements(desk.store.database) as sent:
        await desk.apply(SetBlockSettings("html/both", {"display_name": "!"}), expected=Expected(made.version))
    assert [each for each in sent if "content_blob" in each] == []


EDITOR = """
import asyncio, sys
from pathlib import Path
from db.engine import open_database
from db.store import Author, Store, open_blobs
from resolvers.content.load import Courses
from resolvers.editing.changes import SetBlockSettings
from resolvers.editing.writing import Editor, Expected, Request

async def main(url, folder, run, *names):
    database = open_database(url)
    editor = Editor(Courses(Store(database, open_blobs(Path(folder)))))

    async def edit(name):
        loaded = await editor.courses.of_run(run)
        [key] = [each for each in loaded.content.digests if each.name == name]
        digest = loaded.content.digests[key]
        for number in range(3):
            change = SetBlockSettings(str(key), {"display_name": f"{name}{number}"})
            expected = Expected(subtrees={str(key): digest})
            made = await editor.apply(Request(run, [change], Author(name), expected))
            digest = made.subtrees[key]

    await asyncio.gather(*map(edit, names))
    await database.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))
"""


async def test_editors_of_different_parts_in_two_processes_all_succeed(
    desk: Desk, database_url: URL, tmp_path: Path
) -> None:
    """V2, V3: eight of them, without a conflict that they see, and no update is lost."""
    url, folder = database_url.render_as_string(hide_password=False), str(tmp_path / "blobs")
    names = ["page", "sum", "talk", "both", "rose", "then", "q1", "loose"]
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", EDITOR, url, folder, str(desk.run), *some)
        for some in (names[:4], names[4:])
    ]
    assert [await process.wait() for process in processes] == [0, 0]
    shown = {block.url_name: block.display_name for block in (await desk.loaded()).course.root.walk()}
    assert {name: shown[name] for name in names} == {name: f"{name}2" for name in names}
    async with desk.store.database.writing() as session:
        assert len(await history(session, desk.run)) == 1 + 3 * len(names)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_who_is_overtaken_with_a_version_in_hand_is_told_which_it_is_now(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Editor(Courses(desk.store))
    original = Editor._write

    async def overtaken(editor: Editor, *given: Any) -> Any:
        monkeypatch.undo()
        change = SetBlockSettings("problem/sum", {"display_name": "Faster"})
        await other.apply(Request(desk.run, [change], BOB, Expected(anything=True)))
        return await original(editor, *given)

    monkeypatch.setattr(Editor, "_write", overtaken)
    with pytest.raises(EditRefused) as refused:
        await desk.apply(RENAME)
    [problem] = refused.value.problems
    assert (problem.code, problem.current) == (EditCode.VERSION_CONFLICT, await desk.current())


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_course_of_one_file_stays_one(desk: Desk) -> None:
    files = {"course.xml": b'<course url_name="R" org="O" course="C"><chapter url_name="c"><html/></chapter></course>'}
    await imported(desk.store, desk.run, files)
    rename = SetCourseSettings({"display_name": "New"})
    made = await desk.apply(rename, expected=Expected(anything=True))
    target = io.BytesIO()
    await asyncio.to_thread(export, await desk.loaded(), target)
    [data] = unpacked(target.getvalue()).values()
    assert made.head is not None
    assert (made.head.files, made.head.bytes) == (1, len(data))
    assert b'display_name="New"' in data
