"""spec/content-api.md, "Create"; C1-C5 and E1 of the notes."""

import asyncio
import io
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import URL, event

from db.errors import DatabaseUnavailable
from db.store import (
    Commit,
    Intake,
    Retention,
    Store,
    VersionConflict,
    collect,
    commit,
    head_of,
    history,
    sources_of,
    statistics,
    verify,
)
from db.tables import now
from edx.olx import ArchiveRefused, Code, Severity
from resolvers.content.exports import files_of
from resolvers.content.imports import Mode, Rules, Stage, Target, check_course, import_course
from resolvers.content.nodes import named_links
from resolvers.merging.conflicts import Choice, Resolution, Unresolved
from resolvers.merging.lists import protect_settings
from resolvers.merging.protection import Rule
from tests.edx.olx.test_demo import OLX
from tests.edx.olx.twins import COURSE, LIBRARY, tarred, zipped
from tests.resolvers.catalog.conftest import statements
from tests.resolvers.content.conftest import ADA, imported, loaded

CHANGED = {**COURSE, "problem/sum.xml": b"<problem>2</problem>"}


async def out(store: Store, run: int, version: str | None = None) -> Mapping[str, bytes]:
    content = await loaded(store, run, version)
    found = files_of(content)
    return {file.path: await asyncio.to_thread(file.blob.read) for file in found}


async def test_an_archive_becomes_the_content_of_a_run(store: Store, runs: list[int]) -> None:
    """C1: blocks, assets and policies, and the answer has the version, counts by type and warnings."""
    done = await imported(store, runs[0], COURSE)

    assert done.is_new
    assert done.counts == {
        "chapter": 2, "course": 1, "discussion": 1, "html": 1, "poll": 1, "problem": 1, "scorm": 1, "sequential": 1,
        "vertical": 2, "video": 1,
    }  # fmt: skip
    assert (done.files, done.bytes) == (len(COURSE), sum(map(len, COURSE.values())))
    assert Code.UNREFERENCED_FILE in {problem.code for problem in done.report.problems}
    head = await head_of(store, runs[0])
    assert head is not None
    assert (head.root, head.blocks) == (done.version, 12)
    assert await out(store, runs[0]) == COURSE


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("pack", [tarred, zipped, lambda files: tarred(files, packed=False)], ids=["gz", "zip", "tar"])
async def test_any_kind_of_archive_gives_the_same_version(
    store: Store, runs: list[int], pack: Callable[[Mapping[str, bytes]], BinaryIO]
) -> None:
    """C2: the same content has the same hash, in whatever run and archive."""
    first = await imported(store, runs[0], COURSE)
    second = await import_course(store, pack(COURSE), Target(runs[1], ADA))
    assert second.version == first.version
    assert (second.bytes_written, second.nodes_written) == (0, 0)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_folder_and_a_library_can_be_imported(store: Store, runs: list[int], tmp_path: Path) -> None:
    for path, data in LIBRARY.items():
        (tmp_path / "library" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "library" / path).write_bytes(data)
    done = await import_course(store, tmp_path / "library", Target(runs[0], ADA))

    assert done.counts == {"library": 1, "problem": 1}
    assert await out(store, runs[0]) == LIBRARY


async def test_importing_replaces_all_and_keeps_the_old_version(store: Store, runs: list[int]) -> None:
    """C3: blocks absent from the archive are not in the new tree; the old hash stays readable."""
    first = await imported(store, runs[0], COURSE)
    second = await imported(store, runs[0], LIBRARY, expected=first.version)

    assert await out(store, runs[0]) == LIBRARY
    assert await out(store, runs[0], first.version) == COURSE
    assert second.version != first.version


async def test_importing_what_is_there_already_writes_nothing(store: Store, runs: list[int]) -> None:
    """C5: success, not changed, same hash."""
    first = await imported(store, runs[0], COURSE)
    before = await statistics(store)
    with statements(store.database) as sent:
        again = await imported(store, runs[0], COURSE, expected=first.version)

    assert not again.is_new
    assert (again.version, again.counts) == (first.version, first.counts)
    assert [statement for statement in sent if not statement.startswith("SELECT")] == []
    assert await statistics(store) == before


async def test_a_change_of_one_component_stores_six_nodes_and_one_file(store: Store, runs: list[int]) -> None:
    """U13."""
    await imported(store, runs[0], COURSE)
    done = await imported(store, runs[0], CHANGED)

    assert (done.nodes_written, done.bytes_written) == (6, len(CHANGED["problem/sum.xml"]))


async def test_an_update_leaves_protected_settings_as_they_are(store: Store, runs: list[int]) -> None:
    """G10: what was set in the run survives the next version of its source."""
    tuned = {**COURSE, "chapter/two.xml": b"<chapter display_name='Two' due='2027' graded='true'/>"}
    newer = {**CHANGED, "chapter/two.xml": b"<chapter display_name='Second' due='2030'/>"}
    await imported(store, runs[0], tuned)
    target = Target(runs[0], ADA, mode=Mode.UPDATE)
    rehearsed = await import_course(store, tarred(newer), target, is_dry=True)
    assert (await loaded(store, runs[0])).head.number == 1
    done = await import_course(store, tarred(newer), target)

    assert (done.version, done.kept) == (rehearsed.version, rehearsed.kept)
    assert [(str(kept.block), kept.name, kept.ours, kept.theirs) for kept in done.kept] == [
        ("chapter/two", "due", "2027", "2030")
    ]
    files = dict(await out(store, runs[0]))
    assert files.pop("chapter/two.xml") == b'<chapter display_name="Second" due="2027"/>\n'
    assert files == {path: data for path, data in newer.items() if path != "chapter/two.xml"}
    again = await import_course(store, tarred(newer), target)
    assert (again.version, again.is_new) == (done.version, False)
    async with store.database.writing() as session:
        await protect_settings(session, runs[0], [Rule("start")], "ada")
    assert (await import_course(store, tarred(newer), target)).kept == ()
    assert await out(store, runs[0]) == newer
    async with store.database.writing() as session:
        assert [version.operation for version in await history(session, runs[0])] == [
            "update",
            "update",
            "source",
            "import",
        ]


async def test_a_merge_takes_over_what_the_source_has_changed_since_it_was_taken(store: Store, runs: list[int]) -> None:
    """Upstream link: local changes against source changes; tuned settings survive, and conflicts are told."""
    first = await imported(store, runs[0], COURSE)
    taken = (await sources_of(store, runs))[runs[0]]
    assert (taken.head.root, taken.username) == (first.version, "ada")
    ours = {**COURSE, "chapter/two.xml": b"<chapter display_name='Ours'/>"}
    await imported(store, runs[1], ours)
    content = await loaded(store, runs[1])
    async with store.database.writing() as session:  # as an edit would
        change = Commit(runs[0], content.head.root, content.head.frame, ADA, "edit", now() + store.lease, 12, 24, 0)
        await commit(session, change)
    newer = {**CHANGED, "tabs/extra.html": b"theirs", "chapter/two.xml": b"<chapter display_name='Two' start='2030'/>"}
    target = Target(runs[0], ADA, mode=Mode.MERGE)
    done = await import_course(store, tarred(newer), target)

    files = dict(await out(store, runs[0]))
    assert files.pop("chapter/two.xml") == ours["chapter/two.xml"]
    assert files == {path: data for path, data in newer.items() if path != "chapter/two.xml"}
    assert [kept.name for kept in done.kept] == ["start"]
    taken = (await sources_of(store, runs))[runs[0]]
    source = await loaded(store, runs[0], taken.head.root)
    assert {file.path: await asyncio.to_thread(file.blob.read) for file in files_of(source)} == newer
    assert not (await import_course(store, tarred(newer), target)).is_new
    async with store.database.writing() as session:
        entries = await history(session, runs[0])
    assert [(entry.operation, entry.number) for entry in entries] == [
        ("merge", 4), ("source", 3), ("edit", 2), ("import", 1),
    ]  # fmt: skip
    assert entries[0].parent == content.version

    clash = {**newer, "chapter/two.xml": b"<chapter display_name='Theirs'/>"}
    rehearsed = await import_course(store, tarred(clash), target, is_dry=True)
    assert [conflict.id for conflict in rehearsed.conflicts] == ["setting chapter/two display_name"]
    with pytest.raises(Unresolved, match="setting chapter/two display_name"):
        await import_course(store, tarred(clash), target)
    assert (await loaded(store, runs[0])).version == done.version
    chosen = replace(target, resolution=Resolution(others=Choice.THEIRS))
    assert (await import_course(store, tarred(clash), chosen)).is_new
    assert b"'Theirs'" in (await out(store, runs[0]))["chapter/two.xml"]


async def test_the_version_that_was_taken_from_the_source_is_never_collected(store: Store, runs: list[int]) -> None:
    await imported(store, runs[0], COURSE)
    for number in range(3):
        await imported(store, runs[1], {**COURSE, "README": b"%d" % number})
    head = (await loaded(store, runs[1])).head
    async with store.database.writing() as session:
        await commit(session, Commit(runs[0], head.root, head.frame, ADA, "edit", now() + store.lease, 12, 24, 0))
    await collect(store, Retention(newest=0), at=now() + timedelta(days=3650))

    taken = (await sources_of(store, runs))[runs[0]]
    assert (await loaded(store, runs[0], taken.head.root)).course.run == "course"
    async with store.database.writing() as session:
        assert [entry.is_expired for entry in await history(session, runs[1])] == [False, True, True]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_an_update_is_made_again_to_what_others_left_meanwhile(
    store: Store, runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    await imported(store, runs[0], COURSE)
    tuned = {**COURSE, "chapter/two.xml": b"<chapter display_name='Two' due='2027'/>"}
    original = Intake.nodes

    async def late(intake: Any, nodes: Any) -> int:
        monkeypatch.undo()
        await imported(store, runs[0], tuned)
        return await original(intake, nodes)

    monkeypatch.setattr(Intake, "nodes", late)
    done = await import_course(store, tarred(CHANGED), Target(runs[0], ADA, mode=Mode.UPDATE))

    assert [kept.ours for kept in done.kept] == ["2027"]
    assert done.is_new
    assert await out(store, runs[0]) != CHANGED


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_an_import_for_a_version_that_is_overtaken_is_refused(
    store: Store, runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await imported(store, runs[0], COURSE)
    original = Intake.nodes

    async def late(intake: Any, nodes: Any) -> int:
        monkeypatch.undo()
        await imported(store, runs[0], {**COURSE, "README": b"faster"})
        return await original(intake, nodes)

    monkeypatch.setattr(Intake, "nodes", late)
    with pytest.raises(VersionConflict) as caught:
        await imported(store, runs[0], CHANGED, expected=first.version)
    assert (await out(store, runs[0]))["README"] == b"faster"
    assert caught.value.current == (await loaded(store, runs[0])).version


async def test_another_folder_or_key_is_kept_though_the_version_is_the_same(store: Store, runs: list[int]) -> None:
    first = await imported(store, runs[0], COURSE)
    moved = {f"2T2026/{path}": data for path, data in COURSE.items()}
    second = await imported(store, runs[0], moved)

    assert second.version == first.version
    assert second.is_new
    assert await out(store, runs[0]) == moved


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_version_conflict_is_told_before_anything_is_read(store: Store, runs: list[int]) -> None:
    first = await imported(store, runs[0], COURSE)
    with pytest.raises(VersionConflict) as caught:
        await import_course(store, io.BytesIO(b"no archive at all"), Target(runs[0], ADA, "00" * 32))
    assert caught.value.current == first.version


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_is_wrong_with_an_archive_is_told_all_at_once_and_changes_nothing(
    store: Store, runs: list[int]
) -> None:
    """C4, X1, X2: file, line, column, and the display names from the course down."""
    first = await imported(store, runs[0], COURSE)
    broken = {
        **COURSE,
        "problem/sum.xml": b"<problem>\n<p></problem>",
        "html/page.xml": b"<html",
        "chapter/two.xml": b"",
    }
    with pytest.raises(ArchiveRefused) as caught:
        await imported(store, runs[0], broken)
    report = caught.value.report

    assert {problem.place.file for problem in report.problems if problem.severity is Severity.ERROR} == {
        "problem/sum.xml", "html/page.xml", "chapter/two.xml",
    }  # fmt: skip
    [problem] = [problem for problem in report.problems if problem.place.file == "problem/sum.xml"]
    assert (problem.place.line, problem.breadcrumb[:4]) == (2, ("Twins", "One", "First", "Unit 1"))
    assert (await loaded(store, runs[0])).version == first.version
    with pytest.raises(ArchiveRefused):
        await import_course(store, tarred(COURSE), Target(runs[0], ADA), rules=Rules(fail_level=Severity.WARNING))


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_rehearsal_says_the_same_and_stores_nothing(store: Store, runs: list[int]) -> None:
    """X5: the same list, and the version that it would be."""
    rehearsed = await check_course(tarred(COURSE))
    assert await statistics(store) == await statistics(store)
    assert (await statistics(store)).nodes == 0
    done = await imported(store, runs[0], COURSE)

    assert (rehearsed.version, rehearsed.report, rehearsed.counts) == (done.version, done.report, done.counts)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_progress_tells_the_stages_and_counts_that_never_fall(store: Store, runs: list[int]) -> None:
    """J1."""
    told: list[tuple[Stage, int, int | None]] = []
    await import_course(store, tarred(COURSE), Target(runs[0], ADA), progress=lambda *step: told.append(step))

    assert list(dict.fromkeys(stage for stage, _, _ in told)) == list(Stage)
    for stage in Stage:
        counts = [done for each, done, _ in told if each is stage]
        assert counts == sorted(counts)
    assert told[-1][1] == told[-1][2]


async def test_an_import_that_is_killed_at_any_step_changes_nothing(
    store: Store, runs: list[int], database_url: URL, tmp_path: Path
) -> None:
    """C4: kill -9 at every statement, commit and object; the content is the old one, whole, and the retry succeeds."""
    await imported(store, runs[0], COURSE)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.resolvers.content.dying",
        database_url.render_as_string(hide_password=False), str(tmp_path / "blobs"), str(runs[0]),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()

    assert process.returncode == 0
    deaths, done = said.split()
    assert done == b"done"
    assert int(deaths) > 10


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_database_that_is_full_is_a_clean_failure(store: Store, runs: list[int]) -> None:
    """Disk full: nothing changed, and the same import succeeds when there is room."""
    first = await imported(store, runs[0], COURSE)
    more = {**COURSE, **{f"about/page{number}.html": str(number).encode() * 40 for number in range(2000)}}
    engine = store.database.engine.sync_engine

    def have_no_room(connection: Any, _record: object, _proxy: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count={cursor.fetchone()[0] + 2}")
        cursor.close()

    event.listen(engine, "checkout", have_no_room)
    with pytest.raises(DatabaseUnavailable, match="full"):
        await imported(store, runs[0], more)
    event.remove(engine, "checkout", have_no_room)
    await store.database.engine.dispose()

    assert (await loaded(store, runs[0])).version == first.version
    assert (await imported(store, runs[0], more)).is_new
    assert await out(store, runs[0]) == more


FULL = """
import asyncio, resource, sys
from pathlib import Path
from db.store import StoreFull, open_blobs
from resolvers.content.spool import spool

async def main(folder):
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        await open_blobs(folder).put("ab" * 32, bytes(200_000))
    except StoreFull as error:
        print(error)
    try:
        with spool() as keep:
            keep(bytes(200_000))
    except StoreFull as error:
        print(error)

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_a_disk_that_takes_no_more_is_told_so(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FULL, str(tmp_path / "blobs"), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()

    assert process.returncode == 0
    first, second = said.decode().splitlines()
    assert first.startswith(f"the blob {'ab' * 32} cannot be written: ")
    assert second == "there is no room for the files of the archive: File too large"


async def test_a_damage_is_named_with_the_way_to_it(store: Store, runs: list[int], tmp_path: Path) -> None:
    """V6: a flipped byte is reported with the path."""
    await imported(store, runs[0], COURSE)
    content = await loaded(store, runs[0])
    page = next(block.body for block in content.course.root.walk() if block.body)
    [file] = (tmp_path / "blobs").rglob(f"{page.blob.digest}-*")
    file.write_bytes(b"other")
    [fault] = [fault async for fault in verify(store, [content.head.root, content.head.frame], named_links)]

    assert fault.trail[1:4] == ("course", "one", "first")
    assert fault.trail[4] in {"u1", "u2"}  # the page is in both
    assert fault.trail[5:] == ("page", "html/body.html")


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.skipif(not OLX.is_dir(), reason="the official demo course is not beside the repository")
async def test_the_demo_course_comes_out_of_the_store_byte_for_byte(store: Store, runs: list[int]) -> None:
    """Notes on OLX, §4: 800 files, 741 different ones, 401 blocks, of which 351 different."""
    done = await import_course(store, OLX / "demo-course", Target(runs[0], ADA))
    content = await loaded(store, runs[0])
    found = await statistics(store)

    assert (done.files, done.bytes, sum(done.counts.values())) == (800, 20_354_746, 401)
    assert (found.blobs, found.blob_bytes) == (741, 20_335_638)
    assert (len(content.content.digests), len(set(content.content.digests.values()))) == (401, 351)
    expected = {path.relative_to(OLX / "demo-course").as_posix() for path in (OLX / "demo-course").rglob("*")}
    files = {file.path: file for file in files_of(content)}
    assert files.keys() <= expected
    assert len(files) == 800
    for path, file in files.items():
        assert file.blob.read() == (OLX / "demo-course" / path).read_bytes()
