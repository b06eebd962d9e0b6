"""Directories become courses of the catalog, and nothing else does."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, event, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.errors import DatabaseBusy
from db.tables import (
    LEARNER,
    AuditEntry,
    Course,
    CourseRun,
    DirectoryLevel,
    DirectoryMember,
    DirectoryRun,
    DirectorySite,
    Organization,
    Program,
    ProgramCategory,
    ProgramStatus,
    RunOrigin,
)
from ondisk.diagnostics import Code
from ondisk.library import read_library
from resolvers.directories import sync as sync_module
from resolvers.directories.changes import Fate
from resolvers.directories.layout import Layout, Policy
from resolvers.directories.plan import ALL_GONE, NOT_ALLOWED, PACKAGES, RENAMED, WITHHELD
from resolvers.directories.sync import sync_directories
from tests.catalog import program
from tests.ondisk.trees import PACKAGE, SITE, write_package, write_site
from tests.resolvers.directories.libraries import (
    ALL,
    BUNDLE,
    change_of,
    course,
    everything,
    fates,
    remove,
    rows,
    run_keys,
    sync,
    sync_site,
)

ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])
KEY = f"course-v1:{SITE}+CLC_3403+Fall2014"
PATH = "Fall2014/CLC 3403"
INFO = {"id": "CLC 3403", "title": "Law", "startDate": "2014-08-13T06:00:00Z", "duration": "16 Weeks"}
ROLES: dict[str, Any] = {"nti.roles.course_instructor": {"allow": ["harp"], "deny": ["steve"]}}
ONE: dict[str, Any] = {"course_info": INFO, "role_info": ROLES, "Sections__01__course_info": {"id": "CLC 3403-01"}}


async def enroll(database: Database, key: str, username: str = "ada") -> None:
    async with database.writing() as session:
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key == key))
        await session.execute(insert(DirectoryMember), {"course_run_id": run, "username": username, "role": LEARNER})


async def test_a_directory_becomes_a_run_and_a_section_its_child(database: Database, tmp_path: Path) -> None:
    """spec/course-directories.rst, "Directory Structure" and "Course Sections"."""
    course(PATH, root=tmp_path, **ONE)

    plan = await sync_site(database, tmp_path)

    assert fates(plan) == {PATH: Fate.CREATED, f"{PATH}/Sections/01": Fate.CREATED}
    assert await run_keys(database) == [KEY, f"{KEY}_S_01"]
    run, section = sorted(await rows(database, CourseRun), key=lambda run: run.key)
    assert (run.origin, run.display_name, section.display_name) == (RunOrigin.DIRECTORY, "Law", "Law")
    assert section.parent_id == run.id
    assert section.course_id == run.course_id
    assert section.start == run.start
    assert str(section.end) == "2014-12-03 06:00:00+00:00"
    [of] = await rows(database, Course)
    assert (of.readable_id, of.display_name, of.is_restricted) == (f"{SITE}+CLC_3403", "Law", False)
    [level] = await rows(database, DirectoryLevel)
    assert (level.path, level.name) == ("Fall2014", "Fall2014")
    entry = "tag:nextthought.com,2011-10:NTI-CourseInfo-Fall2014_CLC_3403"
    assert {row.ntiid for row in await rows(database, DirectoryRun)} == {entry, f"{entry}_SubInstances_01"}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("CLC 3403", "CLC_3403+ROOT"),
        ("PHIL/Fall 2013/C+1", "C_1+PHIL_Fall_2013"),
        ("Fall/\u00dcbung 1", "\u00dcbung_1+Fall"),
        ("Fall/CS-1.2~x", "CS-1.2~x+Fall"),
    ],
)
async def test_keys_are_made_of_paths_alone(database: Database, tmp_path: Path, path: str, key: str) -> None:
    course(path, root=tmp_path)
    await sync(database, tmp_path)
    assert await run_keys(database) == [f"course-v1:{SITE}+{key}"]


async def test_the_organization_of_a_site_is_set_or_has_its_name(database: Database, tmp_path: Path) -> None:
    course(PATH, root=tmp_path)
    course(PATH, root=tmp_path, site="other.example.edu")
    await sync(database, tmp_path, layout=Layout(organizations={SITE: "OU"}))
    assert sorted(row.key for row in await rows(database, Organization)) == ["OU", "other.example.edu"]
    assert sorted(row.readable_id for row in await rows(database, Course)) == [
        "OU+CLC_3403", "other.example.edu+CLC_3403",
    ]  # fmt: skip
    assert await run_keys(database) == ["course-v1:other.example.edu+CLC_3403+Fall2014", KEY]


async def test_a_second_synchronization_changes_no_row(database: Database, tmp_path: Path) -> None:
    """spec/course-directories.rst, "Synchronization"; nothing is written, not even a time."""
    course(PATH, root=tmp_path, **ONE)
    course("Fall2014/Other", root=tmp_path)
    await sync(database, tmp_path)
    before = [(row.id, row.updated_at) for row in await rows(database, CourseRun)]
    [entries] = [len(await rows(database, AuditEntry))]
    for path in tmp_path.rglob("*"):
        os.utime(path, ns=(5, 5))
    written: list[str] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: written.append(statement),
    )

    plan = await sync_site(database, tmp_path)

    assert (plan.unread, plan.courses, plan.changes_anything) == (2, (), False)
    assert [(row.id, row.updated_at) for row in await rows(database, CourseRun)] == before
    assert len(await rows(database, AuditEntry)) == entries
    changing = [text.split()[1] for text in written if not text.startswith(("SELECT", "SAVEPOINT", "RELEASE", "BEGIN"))]
    assert changing == ["directory_site"]


async def test_an_edit_within_the_same_second_and_size_is_seen(database: Database, tmp_path: Path) -> None:
    path = course(PATH, root=tmp_path, **ONE) / "course_info.json"
    await sync(database, tmp_path)
    times = path.stat()
    path.write_text(path.read_text().replace("Law", "Raw"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    plan = await sync_site(database, tmp_path)

    change = change_of(plan, PATH)
    assert (change.fate, change.aspects) == (Fate.CHANGED, ("entry.title",))
    assert [(file.path.rpartition("/")[2], file.change) for file in change.files] == [("course_info.json", "changed")]
    assert change_of(plan, f"{PATH}/Sections/01").fate is Fate.UNCHANGED
    assert {row.display_name for row in await rows(database, CourseRun)} == {"Raw"}
    assert [row.display_name for row in await rows(database, Course)] == ["Raw"]


async def test_other_white_space_is_noted_but_changes_nothing(database: Database, tmp_path: Path) -> None:
    path = course(PATH, root=tmp_path, **ONE) / "course_info.json"
    await sync(database, tmp_path)
    path.write_text(path.read_text() + "\n")
    plan = await sync_site(database, tmp_path)
    assert fates(plan)[PATH] is Fate.UNCHANGED
    assert [file.change for file in change_of(plan, PATH).files] == ["changed"]
    assert not plan.changes_anything
    assert (await sync_site(database, tmp_path)).unread == 1


async def test_what_was_said_and_is_said_no_more_is_inherited_again(database: Database, tmp_path: Path) -> None:
    """spec/course-directories.rst, "Course Sections": anything left unspecified is inherited."""
    path = course(PATH, root=tmp_path, course_info=INFO, Sections__01__course_info={"title": "Own"},
                  Sections__01__role_info={})  # fmt: skip
    await sync(database, tmp_path)
    (path / "Sections/01/course_info.json").unlink()
    await sync(database, tmp_path)
    assert {row.display_name for row in await rows(database, CourseRun)} == {"Law"}


async def test_a_dry_run_tells_the_same_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    course(PATH, root=tmp_path, **ONE)
    planned = await sync_site(database, tmp_path, dry_run=True)
    assert not any((await everything(database)).values())
    assert await rows(database, Organization) == []
    assert await sync_site(database, tmp_path) == planned


async def test_a_course_with_errors_is_held_and_others_are_not(database: Database, tmp_path: Path) -> None:
    """A bad file never costs another course, and never what was there before."""
    path = course(PATH, root=tmp_path, **ONE)
    await sync(database, tmp_path)
    before = await everything(database)
    (path / "course_info.json").write_text('{"id": ')
    course("Fall2014/Other", root=tmp_path)
    course("Fall2014/Bad", root=tmp_path, role_info=["bob"])

    plan = await sync_site(database, tmp_path)

    assert fates(plan) == {PATH: Fate.HELD, "Fall2014/Other": Fate.CREATED, "Fall2014/Bad": Fate.HELD}
    assert [(found.code, found.line) for found in change_of(plan, PATH).diagnostics][:1] == [(Code.JSON, 1)]
    remove(tmp_path, "Fall2014/Other")
    await sync(database, tmp_path)
    assert await everything(database) == before


async def test_a_section_with_errors_is_held_alone_and_still_inherits(database: Database, tmp_path: Path) -> None:
    path = course(PATH, root=tmp_path, **ONE)
    await sync(database, tmp_path)
    course(PATH, root=tmp_path, course_info=INFO | {"title": "New", "is_non_public": True})
    (path / "Sections/01/course_info.json").write_text("[]")

    plan = await sync_site(database, tmp_path)

    assert fates(plan) == {PATH: Fate.CHANGED, f"{PATH}/Sections/01": Fate.HELD}
    assert {(row.display_name, row.is_restricted) for row in await rows(database, CourseRun)} == {("New", True)}


async def test_nothing_is_removed_without_leave(database: Database, tmp_path: Path) -> None:
    course(PATH, root=tmp_path, **ONE)
    course("Fall2014/Other", root=tmp_path)
    await sync(database, tmp_path)
    before = await everything(database)
    remove(tmp_path, PATH)

    plan = await sync_site(database, tmp_path, Policy())

    assert (change_of(plan, PATH).fate, change_of(plan, PATH).reason) == (Fate.REFUSED, NOT_ALLOWED)
    assert await everything(database) == before
    await sync(database, tmp_path)
    assert await run_keys(database) == [f"course-v1:{SITE}+Other+Fall2014"]
    assert [row.readable_id for row in await rows(database, Course)] == [f"{SITE}+Other"]


async def test_a_section_that_is_gone_is_removed_and_its_course_stays(database: Database, tmp_path: Path) -> None:
    """spec/course-directories.rst, "Course Sections"."""
    course(PATH, root=tmp_path, **ONE)
    await sync(database, tmp_path)
    remove(tmp_path, f"{PATH}/Sections")
    refused = await sync_site(database, tmp_path, Policy())
    assert fates(refused) == {PATH: Fate.UNCHANGED, f"{PATH}/Sections/01": Fate.REFUSED}
    assert len(await run_keys(database)) == 2
    assert fates(await sync_site(database, tmp_path))[f"{PATH}/Sections/01"] is Fate.REMOVED
    assert await run_keys(database) == [KEY]


@pytest.mark.parametrize("how", ["courses", "directory", "site", "root"])
async def test_an_emptied_or_unmounted_library_removes_nothing(database: Database, tmp_path: Path, how: str) -> None:
    root = tmp_path / "library"
    course(PATH, root=root, **ONE)
    await sync(database, root)
    before = await everything(database)
    site = root / "sites" / SITE
    gone = {"courses": site / "Courses/Fall2014", "directory": site / "Courses", "site": site, "root": root / "sites"}
    gone[how].rename(tmp_path / "elsewhere")

    plan = await sync(database, root, Policy(allow_removals=True))

    assert await everything(database) == before
    if how in {"courses", "site"}:
        [course_change] = plan.sites[0].courses
        assert (course_change.fate, course_change.reason) == (Fate.REFUSED, ALL_GONE)
    if how == "root":
        assert not plan.found
    if how == "site":
        await sync(database, root)
        assert await rows(database, DirectorySite) == []


async def test_runs_that_learners_need_are_removed_only_if_confirmed(database: Database, tmp_path: Path) -> None:
    course(PATH, root=tmp_path, **ONE)
    course("Fall2014/Other", root=tmp_path)
    await sync(database, tmp_path)
    await enroll(database, f"{KEY}_S_01")
    remove(tmp_path, PATH)
    plan = await sync_site(database, tmp_path)
    assert change_of(plan, PATH).fate is Fate.REFUSED
    assert change_of(plan, PATH).reason == f"1 learners are enrolled: confirm the removal of {KEY}_S_01"
    confirmed = Policy(allow_removals=True, confirmed=frozenset({f"{KEY}_S_01"}))
    assert fates(await sync_site(database, tmp_path, confirmed))[PATH] is Fate.REMOVED
    assert await rows(database, DirectoryMember) == []


async def test_a_run_of_a_program_that_learners_see_needs_confirmation(database: Database, tmp_path: Path) -> None:
    course(PATH, root=tmp_path)
    course("Fall2014/Other", root=tmp_path)
    await sync(database, tmp_path)
    async with database.writing() as session:
        [of] = (await session.scalars(select(Organization))).all()
        runs = (await session.scalars(select(CourseRun).where(CourseRun.key == KEY))).all()
        courses = (await session.scalars(select(Course).where(Course.id == runs[0].course_id))).all()
        category = ProgramCategory(slug="x", display_name="X")
        given: Any = {"organizations": [of], "courses": courses, "runs": runs, "category": category}
        session.add(program(1, status=ProgramStatus.ACTIVE, **given))
    remove(tmp_path, PATH)
    plan = await sync_site(database, tmp_path)
    assert change_of(plan, PATH).programs == ("Program 1",)
    assert change_of(plan, PATH).fate is Fate.REFUSED
    await sync_site(database, tmp_path, Policy(allow_removals=True, confirmed=frozenset({KEY})))
    assert await run_keys(database) == [f"course-v1:{SITE}+Other+Fall2014"]
    assert len(await rows(database, Course)) == 2  # the program still requires it
    assert [row.revision for row in await rows(database, Program)] == [2]


async def test_a_renamed_directory_is_a_new_course_and_the_plan_says_so(database: Database, tmp_path: Path) -> None:
    """spec/course-directories.rst, "Courses Directory": renaming is deleting and creating."""
    path = course(PATH, root=tmp_path, **ONE)
    await sync(database, tmp_path)
    await enroll(database, KEY)
    path.rename(path.with_name("CLC 3404"))
    refused = change_of(await sync_site(database, tmp_path), PATH)
    assert (refused.fate, refused.renamed) == (Fate.REFUSED, "Fall2014/CLC 3404")
    remove(tmp_path, "Fall2014/CLC 3404")
    course(PATH, root=tmp_path, **ONE)
    await sync(database, tmp_path)
    async with database.writing() as session:
        await session.execute(delete(DirectoryMember).where(DirectoryMember.role == LEARNER))
    path.rename(path.with_name("CLC 3404"))

    plan = await sync_site(database, tmp_path)

    new, old = change_of(plan, "Fall2014/CLC 3404"), change_of(plan, PATH)
    assert (new.fate, new.renamed, new.warnings) == (Fate.CREATED, PATH, (RENAMED,))
    assert (old.fate, old.renamed) == (Fate.REMOVED, "Fall2014/CLC 3404")
    assert await run_keys(database) == [KEY.replace("3403", "3404"), f"{KEY}_S_01".replace("3403", "3404")]


async def test_a_rename_of_case_only_makes_a_new_course_too(database: Database, tmp_path: Path) -> None:
    path = course(PATH, root=tmp_path, **ONE)
    await sync(database, tmp_path)
    path.rename(path.with_name("clc 3403"))
    kept = await sync_site(database, tmp_path, Policy())
    assert fates(kept) == {PATH: Fate.REFUSED, f"{PATH}/Sections/01": Fate.REFUSED, "Fall2014/clc 3403": Fate.HELD}
    await sync(database, tmp_path)
    assert await run_keys(database) == [KEY.replace("CLC", "clc"), f"{KEY.replace('CLC', 'clc')}_S_01"]


async def test_a_course_that_becomes_a_level_and_back(database: Database, tmp_path: Path) -> None:
    path = course("Fall2014", root=tmp_path)
    await sync(database, tmp_path)
    (path / "bundle_meta_info.json").unlink()
    course(PATH, root=tmp_path)
    assert fates(await sync_site(database, tmp_path)) == {"Fall2014": Fate.REMOVED, PATH: Fate.CREATED}
    remove(tmp_path, PATH)
    course("Fall2014", root=tmp_path)
    assert fates(await sync_site(database, tmp_path)) == {"Fall2014": Fate.CREATED, PATH: Fate.REMOVED}
    assert await rows(database, DirectoryLevel) == []


async def test_conflicting_names_are_reported_and_nothing_is_lost(database: Database, tmp_path: Path) -> None:
    """spec/course-directories.rst, "Courses Directory": names must differ beyond case and special characters."""
    course(PATH, root=tmp_path, **ONE)
    await sync(database, tmp_path)
    before = await everything(database)
    course("Fall2014/clc-3403", root=tmp_path)

    plan = await sync_site(database, tmp_path)

    assert fates(plan)[PATH] is Fate.HELD
    assert [found.code for found in plan.diagnostics] == [Code.NAME_CONFLICT] * 2
    assert await everything(database) == before


async def test_keys_that_are_in_use_are_reported(database: Database, tmp_path: Path) -> None:
    course(PATH, root=tmp_path, **ONE)
    other = course("Fall2014/S/01/CLC 3403", root=tmp_path)
    plan = await sync_site(database, tmp_path)
    assert {path: fate for path, fate in fates(plan).items() if fate is Fate.HELD} == {
        f"{PATH}/Sections/01": Fate.HELD, "Fall2014/S/01/CLC 3403": Fate.HELD,
    }  # fmt: skip
    remove(tmp_path, "Fall2014/S/01/CLC 3403")
    await sync(database, tmp_path)
    other.mkdir()
    course("Fall2014/S/01/CLC 3403", root=tmp_path)
    plan = await sync_site(database, tmp_path)
    assert change_of(plan, "Fall2014/S/01/CLC 3403").reason == (
        f"its key {KEY}_S_01 is in use already, by the run {KEY}_S_01"
    )


async def test_a_key_that_is_too_long_is_reported(database: Database, tmp_path: Path) -> None:
    course(f"{'a' * 100}/{'b' * 100}/{'c' * 50}", root=tmp_path)
    plan = await sync_site(database, tmp_path)
    [change] = plan.courses
    assert (change.fate, "255" in str(change.reason)) == (Fate.HELD, True)


async def test_levels_that_are_too_deep_for_any_course_are_left_out(database: Database, tmp_path: Path) -> None:
    course("/".join(["a" * 200] * 15), root=tmp_path)
    plan = await sync_site(database, tmp_path)
    assert [change.fate for change in plan.courses] == [Fate.HELD]
    assert [row.path for row in await rows(database, DirectoryLevel)] == ["a" * 200]


async def test_other_packages_of_a_course_with_learners_are_warned_of(database: Database, tmp_path: Path) -> None:
    """spec/course-directories.rst, "bundle_meta_info.json": packages must not change then."""
    write_package(tmp_path, {})
    path = course(PATH, root=tmp_path)
    await sync(database, tmp_path)
    write_site(tmp_path, {f"{PATH}/bundle_meta_info.json": {**BUNDLE, "ContentPackages": [PACKAGE]}})
    assert change_of(await sync_site(database, tmp_path, dry_run=True), PATH).warnings == ()
    await enroll(database, KEY)
    assert change_of(await sync_site(database, tmp_path), PATH).warnings == (PACKAGES,)
    assert path.exists()


async def test_members_are_those_to_whom_the_roles_give_access(database: Database, tmp_path: Path) -> None:
    """spec/course-directories.rst, "role_info.json": roles add up in sections unless overridden."""
    own = {"nti.roles.course_instructor": {"allow": ["steve"], "deny": ["harp"]}}
    roles = ROLES | {"nti.roles.course_ta": {"allow": ["ta"]}}
    path = course(PATH, root=tmp_path, role_info=roles, Sections__01__role_info=own)
    await sync(database, tmp_path)
    await enroll(database, KEY)

    async def members() -> dict[str, set[str]]:
        runs = {row.id: row.key for row in await rows(database, CourseRun)}
        found: dict[str, set[str]] = {}
        for row in await rows(database, DirectoryMember):
            found.setdefault(runs[row.course_run_id], set()).add(row.username)
        return found

    assert await members() == {KEY: {"harp", "ta", "ada"}, f"{KEY}_S_01": {"steve", "ta"}}
    (path / "role_info.json").unlink()
    await sync(database, tmp_path)
    assert await members() == {KEY: {"ada"}, f"{KEY}_S_01": {"steve"}}


@pytest.mark.parametrize(("own", "restricted"), [({}, True), ({"is_non_public": False}, False)])
async def test_sections_of_a_restricted_course_are_restricted_unless_they_say_otherwise(
    database: Database, tmp_path: Path, own: dict[str, Any], restricted: bool
) -> None:
    """spec/course-directories.rst, "course_info.json" and "Course Sections"."""
    course(PATH, root=tmp_path, course_info=INFO | {"is_non_public": True}, Sections__01__course_info=own)
    await sync(database, tmp_path)
    runs = {row.key: row.is_restricted for row in await rows(database, CourseRun)}
    assert runs == {KEY: True, f"{KEY}_S_01": restricted}
    assert [row.is_restricted for row in await rows(database, Course)] == [restricted]


async def test_a_failing_course_is_held_and_the_others_of_its_chunk_are_written(
    database: Database, tmp_path: Path, dialect: str
) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite takes texts of any length")
    role = "r" * 65
    course(PATH, root=tmp_path, role_info={role: {"allow": ["ada"]}})
    course("Fall2014/Other", root=tmp_path)
    plan = await sync_site(database, tmp_path, layout=Layout(roles=frozenset({role})))
    assert fates(plan) == {PATH: Fate.HELD, "Fall2014/Other": Fate.CREATED}
    assert await run_keys(database) == [f"course-v1:{SITE}+Other+Fall2014"]


@ON_SQLITE
async def test_a_course_that_the_catalog_does_not_take_is_held_and_the_others_are_written(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.catalog.facts.MAX_NAME", len(KEY) + 5)
    long = f"Fall2014/{'C' * 20}"
    course(PATH, root=tmp_path)
    course(long, root=tmp_path)
    plan = await sync_site(database, tmp_path)
    assert fates(plan) == {PATH: Fate.CREATED, long: Fate.HELD}
    assert "its key has more than" in (change_of(plan, long).reason or "")
    assert await run_keys(database) == [KEY]


@ON_SQLITE
async def test_a_run_that_something_else_refers_to_by_now_is_not_removed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another transaction may have committed it just before: the database has the last word."""
    course(PATH, root=tmp_path, **ONE)
    course("Fall2014/Other", root=tmp_path)
    await sync(database, tmp_path)
    remove(tmp_path, PATH)

    async def referred_to(session: AsyncSession, runs: Sequence[int]) -> None:
        await session.execute(delete(CourseRun).where(CourseRun.id == min(runs)))  # its section's parent

    monkeypatch.setattr("resolvers.directories.apply.remove_runs", referred_to)
    plan = await sync_site(database, tmp_path)

    assert {fate for path, fate in fates(plan).items() if path.startswith(PATH)} == {Fate.REFUSED}
    assert change_of(plan, PATH).reason == "something else refers to it"
    assert len(await run_keys(database)) == 3


@ON_SQLITE
async def test_a_busy_database_is_no_fault_of_a_course(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> set[int]:
        raise OperationalError("INSERT", None, Exception("database is locked"))

    course(PATH, root=tmp_path)
    monkeypatch.setattr("resolvers.directories.apply.write_courses", busy)
    with pytest.raises(DatabaseBusy):
        await sync(database, tmp_path)


@ON_SQLITE
async def test_a_course_that_has_settled_is_not_opened_the_next_time(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has changed just now may change again at the same time, so that its times do not count yet."""
    course(PATH, root=tmp_path)
    await sync(database, tmp_path)
    assert [row.stamp for row in await rows(database, DirectoryRun)] == [None]
    monkeypatch.setattr("ondisk.fingerprints.SETTLED_NS", -(10**9))
    assert (await sync_site(database, tmp_path)).unread == 1
    [stamped] = [row.stamp for row in await rows(database, DirectoryRun)]
    assert stamped
    monkeypatch.setattr("ondisk.fingerprints.fingerprint", None)  # which reads
    assert (await sync_site(database, tmp_path)).unread == 1


@ON_SQLITE
async def test_a_section_that_cannot_be_taken_over_is_not_taken_for_removed(database: Database, tmp_path: Path) -> None:
    path = course(PATH, root=tmp_path, **ONE) / "Sections/01"
    await sync(database, tmp_path)
    path.symlink_to(path.rename(tmp_path / "elsewhere"))
    plan = await sync_site(database, tmp_path)
    section = change_of(plan, f"{PATH}/Sections/01")
    assert (section.fate, section.reason) == (Fate.HELD, WITHHELD)
    assert await run_keys(database) == [KEY, f"{KEY}_S_01"]


@ON_SQLITE
async def test_a_site_whose_organization_can_be_none_is_held(database: Database, tmp_path: Path) -> None:
    course(PATH, root=tmp_path)
    plan = await sync_site(database, tmp_path, layout=Layout(organizations={SITE: "O" * 300}))
    assert plan.fate is Fate.HELD
    assert (plan.reason or "").startswith("its organization: ")
    assert await rows(database, DirectorySite) == []


@ON_SQLITE
async def test_a_site_is_that_of_the_library_which_had_it(database: Database, tmp_path: Path) -> None:
    for name in ("a", "b"):
        course(PATH, root=tmp_path / name)
    await sync(database, tmp_path / "b")
    first, second = await sync_directories(database, [tmp_path / "a", tmp_path / "b"], Layout(), ALL)
    assert (first.sites[0].fate, first.sites[0].reason) == (Fate.HELD, f"it is in {tmp_path / 'b'} as well")
    assert [row.root for row in await rows(database, DirectorySite)] == [str(tmp_path / "b")]
    assert second.sites[0].name == SITE


async def test_a_site_is_in_one_library_only(database: Database, tmp_path: Path) -> None:
    for name in ("a", "b"):
        course(PATH, root=tmp_path / name)
    first, second = await sync_directories(database, [tmp_path / "a", tmp_path / "b"], Layout(), ALL)
    assert fates(first.sites[0])[PATH] is Fate.CREATED
    assert (second.sites[0].fate, second.sites[0].reason) == (Fate.HELD, f"it is in {tmp_path / 'a'} as well")
    moved = await sync_site(database, tmp_path / "b")
    assert moved.fate is Fate.UNCHANGED
    assert [row.root for row in await rows(database, DirectorySite)] == [str(tmp_path / "b")]


async def test_statements_do_not_grow_with_courses(database: Database, tmp_path: Path) -> None:
    counted: list[str] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: counted.append(statement),
    )
    numbers = []
    for site, many in (("a", 2), ("b", 40)):
        for i in range(many):
            course(f"Fall/C{i}", root=tmp_path, site=site, **ONE)
        counted.clear()
        await sync(database, tmp_path, sites=[site])
        numbers.append(len(counted))
    assert numbers[0] == numbers[1]
    assert numbers[1] < 60


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_was_read_before_others_synchronized_is_not_written(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    """Whoever read first may have read what is not so any more, and must not write it over what is."""
    path = course(PATH, root=tmp_path, **ONE) / "course_info.json"
    if is_known:
        await sync(database, tmp_path)
    loop = asyncio.get_running_loop()

    def read_and_wait(*given: Any, **named: Any) -> Any:
        library = read_library(*given, **named)
        monkeypatch.undo()
        path.write_text(orjson.dumps(INFO | {"title": "New"}).decode())
        asyncio.run_coroutine_threadsafe(sync(database, tmp_path), loop).result(timeout=60)
        return library

    monkeypatch.setattr(sync_module, "read_library", read_and_wait)
    plan = await sync_site(database, tmp_path)

    assert (plan.fate, plan.reason, plan.courses) == (Fate.HELD, sync_module.OVERTAKEN, ())
    assert {row.display_name for row in await rows(database, CourseRun)} == {"New"}
    assert (await sync_site(database, tmp_path)).fate is Fate.UNCHANGED


async def test_two_at_once_leave_what_one_does(database: Database, tmp_path: Path) -> None:
    for i in range(5):
        course(f"Fall/C{i}", root=tmp_path, **ONE)
    plans = await asyncio.gather(*(sync_site(database, tmp_path) for _ in range(3)))
    assert sorted(plan.fate for plan in plans) == [Fate.CREATED, Fate.HELD, Fate.HELD]
    assert len(await run_keys(database)) == 10
