from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.pool import QueuePool

from db.engine import Database
from db.tables import Course, CourseRun, Organization
from edx.lms import Lms
from resolvers.catalog import Report, sync_course_runs, sync_organizations
from resolvers.catalog.sync import CHUNK
from tests.resolvers.catalog.conftest import ScriptedLms, a_run, an_organization, rows, simulated_lms, statements

Sync = Callable[..., Awaitable[Report]]
BOTH = pytest.mark.parametrize("sync", [sync_organizations, sync_course_runs])
ORGANIZATIONS = select(Organization.key, Organization.display_name).order_by(Organization.key)
RUNS = select(CourseRun.key, CourseRun.display_name).order_by(CourseRun.key)


def counts(report: Report) -> dict[str, int]:
    """What the report counts, without what there is none of."""
    return {outcome.value: number for outcome, number in report.counts.items() if number}


def fill(scripted: ScriptedLms, number: int) -> None:
    """As many organizations and runs, the runs in a third as many courses of ten other organizations."""
    scripted.organizations = [an_organization(f"Org{i}x", f"Organization {i}") for i in range(number)]
    scripted.runs = [a_run(f"course-v1:Of{i // 3 % 10}x+C{i // 3}+R{i}", f"Course {i // 3}") for i in range(number)]


async def test_the_organizations_of_the_lms_are_copied(database: Database, lms: Lms, scripted: ScriptedLms) -> None:
    """spec/programs.md, "Population of Organizations": the existence, key and display name of each."""
    scripted.organizations = [
        an_organization(
            "ANUx", "Australian National University", description="In Canberra", logo="https://l.example/a.png"
        ),
        an_organization("Gonex", "Gone", active=False),
        an_organization("MITx", "Australian National University"),  # names need not be unique
    ]
    report = await sync_organizations(database, lms)
    assert (counts(report), report.failure) == ({"created": 2}, None)
    assert await rows(database, ORGANIZATIONS) == [
        ("ANUx", "Australian National University"),
        ("MITx", "Australian National University"),
    ]


async def test_an_organization_that_is_gone_from_the_lms_stays(
    database: Database, lms: Lms, scripted: ScriptedLms
) -> None:
    scripted.organizations = [an_organization("ANUx", "ANU")]
    await sync_organizations(database, lms)
    scripted.organizations = []
    assert (await sync_organizations(database, lms)).total == 0
    assert await rows(database, ORGANIZATIONS) == [("ANUx", "ANU")]


async def test_course_runs_of_the_lms_are_copied_and_their_keys_are_trusted(
    database: Database, lms: Lms, scripted: ScriptedLms
) -> None:
    """spec/programs.md, "Population of CourseCodes": the key is parsed; `org` and `number` are for display."""
    scripted.runs = [
        a_run("course-v1:ANUx+ASTRO2x+2B3T2015", "Art &amp; Craft"),
        a_run("course-v1:ANUx+ASTRO2x+2B4T2015", "Art"),
    ]
    report = await sync_course_runs(database, lms)
    assert counts(report) == {"created": 2}
    assert (report.new_organizations, report.new_courses) == (["ANUx"], ["ANUx+ASTRO2x"])
    assert await rows(database, select(Course.readable_id, Course.display_name)) == [("ANUx+ASTRO2x", "Art & Craft")]
    assert [name for _, name in await rows(database, RUNS)] == ["Art & Craft", "Art"]


@BOTH
async def test_a_second_time_nothing_changes(database: Database, lms: Lms, scripted: ScriptedLms, sync: Sync) -> None:
    """spec/programs.md, "Population of Organizations": the command must be idempotent."""
    fill(scripted, 2 * CHUNK + 1)
    assert counts(await sync(database, lms)) == {"created": 2 * CHUNK + 1}
    with statements(database) as sent:
        assert counts(await sync(database, lms)) == {"unchanged": 2 * CHUNK + 1}
    assert not [statement for statement in sent if statement.startswith(("INSERT", "UPDATE"))]


async def test_what_was_renamed_in_the_lms_is_renamed(database: Database, lms: Lms, scripted: ScriptedLms) -> None:
    fill(scripted, 3)
    await sync_organizations(database, lms)
    await sync_course_runs(database, lms)
    scripted.organizations[1]["name"] = scripted.runs[1]["name"] = "Renamed"
    assert counts(await sync_organizations(database, lms)) == {"updated": 1, "unchanged": 2}
    assert counts(await sync_course_runs(database, lms)) == {"updated": 1, "unchanged": 2}
    assert ("Org1x", "Renamed") in await rows(database, ORGANIZATIONS)
    assert "Renamed" in [name for _, name in await rows(database, RUNS)]
    assert "Renamed" not in await rows(database, select(Course.display_name))


async def test_names_given_through_the_api_stay(database: Database, lms: Lms, scripted: ScriptedLms) -> None:
    """spec/programs.md, "Course Runs": names of organizations, courses and runs may be customized."""
    fill(scripted, 1)
    await sync_organizations(database, lms)
    await sync_course_runs(database, lms)
    async with database.writing() as session:
        for table in (Organization, Course, CourseRun):
            await session.execute(
                update(table).values(display_name="Ours", name_folded="ours", is_name_customized=True)
            )
    scripted.organizations[0]["name"] = scripted.runs[0]["name"] = "Theirs"
    assert counts(await sync_organizations(database, lms)) == {"unchanged": 1}
    assert counts(await sync_course_runs(database, lms)) == {"unchanged": 1}
    for table in (Organization, Course, CourseRun):
        assert set(await rows(database, select(table.display_name))) == {"Ours"}


async def test_one_bad_organization_stops_no_other(database: Database, lms: Lms, scripted: ScriptedLms) -> None:
    scripted.organizations = [
        an_organization("ANUx", "ANU"),
        an_organization("No key", "With a space"),
        an_organization("LONG", "N" * 256),
        an_organization("NULL", "N\0"),
        {"name": "Without a key"},
        an_organization("anux", "A twin"),
        an_organization("MITx", "MIT"),
    ]
    report = await sync_organizations(database, lms)
    assert counts(report) == {"created": 2, "skipped": 5}
    reasons = {skipped.key: skipped.reason for skipped in report.skipped}
    assert "the organization contains ' '" in reasons["No key"]
    assert reasons["LONG"] == "its name has 256 characters, 255 are allowed"
    assert reasons["NULL"] == "its name contains the character NUL"
    assert reasons["anux"] == "its key differs only by case from ANUx"
    assert "'short_name' is missing" in reasons[""]
    assert await rows(database, ORGANIZATIONS) == [("ANUx", "ANU"), ("MITx", "MIT")]


async def test_one_bad_run_stops_no_other(database: Database, lms: Lms, scripted: ScriptedLms) -> None:
    scripted.runs = [
        a_run("course-v1:A+B+1"),
        a_run("library-v1:A+B"),
        a_run("course-v1:A+B+2", start="soon"),
        a_run("course-v1:a+b+1"),
        a_run("course-v1:A+B+3", "N\0"),
        a_run("course-v1:A+B+4"),
    ]
    report = await sync_course_runs(database, lms)
    assert counts(report) == {"created": 2, "skipped": 4}
    assert {skipped.key for skipped in report.skipped} == {
        "library-v1:A+B", "course-v1:A+B+2", "course-v1:a+b+1", "course-v1:A+B+3",
    }  # fmt: skip
    assert all(skipped.reason for skipped in report.skipped)


@BOTH
async def test_an_item_that_comes_twice_as_pages_shift_counts_once(
    database: Database, lms: Lms, scripted: ScriptedLms, sync: Sync
) -> None:
    fill(scripted, 4)
    scripted.organizations.append(scripted.organizations[0])
    scripted.runs.append(scripted.runs[0])
    assert counts(await sync(database, lms)) == {"created": 4}


@BOTH
async def test_a_dry_run_reports_the_same_and_writes_nothing(
    database: Database, lms: Lms, scripted: ScriptedLms, sync: Sync
) -> None:
    fill(scripted, CHUNK + 50)
    scripted.organizations[3] = {"short_name": "bad"}
    scripted.runs[3] = a_run("not a key")
    dry = await sync(database, lms, dry_run=True)
    assert await rows(database, select(func.count(Organization.id))) == [0]
    wet = await sync(database, lms)
    assert dry == replace(wet, is_dry_run=True)
    scripted.organizations[5]["name"] = scripted.runs[5]["name"] = "Renamed"
    again = await sync(database, lms, dry_run=True)
    assert counts(again) == {"updated": 1, "unchanged": CHUNK + 48, "skipped": 1}
    assert "Renamed" not in [name for _, name in [*await rows(database, ORGANIZATIONS), *await rows(database, RUNS)]]


@BOTH
async def test_what_was_read_before_the_lms_failed_is_kept(
    database: Database, lms: Lms, scripted: ScriptedLms, sync: Sync
) -> None:
    fill(scripted, 50)
    scripted.page_size = 20
    scripted.broken = {3}
    report = await sync(database, lms)
    assert counts(report) == {"created": 40}
    assert report.failure is not None
    assert "500" in report.failure
    assert "\n" not in report.failure
    scripted.broken = set()
    assert counts(await sync(database, lms)) == {"created": 10, "unchanged": 40}


@BOTH
async def test_an_lms_that_is_down_is_reported(database: Database, sync: Sync, scripted: ScriptedLms, lms: Lms) -> None:
    scripted.broken = {1}
    report = await sync(database, lms)
    assert (report.total, bool(report.failure)) == (0, True)


@BOTH
async def test_no_transaction_waits_for_the_network(
    database: Database, lms: Lms, scripted: ScriptedLms, sync: Sync
) -> None:
    """A writer on SQLite keeps all others out, so it must not wait for somebody else's server."""
    fill(scripted, 2 * CHUNK + 1)
    held: list[int] = []
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    scripted.before = lambda _page: held.append(pool.checkedout())
    await sync(database, lms)
    assert held == [0, 0, 0]


@BOTH
async def test_a_chunk_takes_a_bounded_number_of_statements(
    database: Database, lms: Lms, scripted: ScriptedLms, sync: Sync
) -> None:
    sent_for = []
    for number in (CHUNK // 10, CHUNK, 3 * CHUNK):
        fill(scripted, number)
        with statements(database) as sent:
            await sync(database, lms)
        sent_for.append(len(sent))
    few, one_chunk, three_chunks = sent_for
    assert few <= one_chunk + 1
    assert one_chunk <= 10
    assert three_chunks <= 3 * one_chunk


@BOTH
async def test_progress_counts_every_item_once(database: Database, lms: Lms, scripted: ScriptedLms, sync: Sync) -> None:
    fill(scripted, CHUNK + 10)
    scripted.organizations[0] = scripted.runs[0] = {}
    steps: list[int] = []
    report = await sync(database, lms, progress=steps.append)
    assert sum(steps) == report.total == CHUNK + 10
    assert max(steps) <= CHUNK


async def test_a_report_reads_as_json(database: Database, lms: Lms, scripted: ScriptedLms) -> None:
    scripted.runs = [a_run("course-v1:A+B+1"), a_run("bad")]
    content: dict[str, Any] = orjson.loads((await sync_course_runs(database, lms)).json())
    [skipped] = content.pop("skippedItems")
    assert skipped["key"] == "bad"
    assert "'bad' is no course key" in skipped["reason"]
    assert content == {
        "kind": "course runs",
        "dryRun": False,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "skipped": 1,
        "newOrganizations": ["A"],
        "newCourses": ["A+B"],
        "failure": None,
    }


async def test_a_whole_simulated_platform_is_copied(database: Database) -> None:
    async with simulated_lms() as lms:
        organizations = await sync_organizations(database, lms)
        runs = await sync_course_runs(database, lms)
        assert (organizations.failure, runs.failure) == (None, None)
        assert counts(organizations) == {"created": 39}
        assert counts(runs)["created"] > 1100
        assert runs.new_organizations == []  # closed ones have no runs that the LMS lists, and all others were copied
        assert counts(await sync_organizations(database, lms, dry_run=True)).keys() == {"unchanged"}
        again = counts(await sync_course_runs(database, lms))
    assert again == {"unchanged": counts(runs)["created"]} | {k: n for k, n in counts(runs).items() if k == "skipped"}
    names = await rows(database, select(CourseRun.display_name))
    assert 'Romeo & Juliet: "A Plague o\' Both Your Houses"' in names
    assert len(await rows(database, select(CourseRun.key).where(CourseRun.is_source))) > 0
