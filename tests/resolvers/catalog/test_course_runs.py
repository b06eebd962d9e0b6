import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from db.engine import Database
from db.tables import Course, CourseRun, Organization, OrganizationAlias, Pacing, RunOrigin
from edx.keys import CourseKey
from resolvers.catalog import (
    BadFact,
    CaseTwin,
    OrganizationFacts,
    Outcome,
    RunDetails,
    RunFacts,
    upsert_course_run,
    upsert_course_runs,
    upsert_organization,
)
from tests.resolvers.catalog.conftest import rows, statements

COURSES = select(Course.readable_id, Course.display_name, Course.name_folded).order_by(Course.id)
RUNS = select(CourseRun.key, Course.readable_id).join(Course).order_by(CourseRun.key)
NAMES = select(CourseRun.display_name, CourseRun.name_folded)
MOMENTS = select(CourseRun.created_at, CourseRun.updated_at)
DETAILS = RunDetails(
    short_description="In short",
    image_url="https://lms.example/image.jpg",
    start=datetime(2026, 2, 1, 9, 30, tzinfo=UTC),
    end=datetime(2026, 6, 1, tzinfo=UTC),
    enrollment_start=datetime(2025, 12, 1, tzinfo=UTC),
    enrollment_end=datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC),
    pacing=Pacing.SELF,
    is_invitation_only=True,
    is_hidden=True,
)


def run(key: str, name: str = "Astrophysics: Exploring Exoplanets", details: RunDetails | None = DETAILS) -> RunFacts:
    return RunFacts(CourseKey.parse(key), name, details)


ASTRO = run("course-v1:ANUx+ASTRO2x+2B3T2015")


async def told(database: Database, *many: RunFacts) -> list[Outcome]:
    async with database.writing() as session:
        return [await upsert_course_run(session, facts) for facts in many]


async def told_at_once(database: Database, many: Sequence[RunFacts]) -> list[Any]:
    async with database.writing() as session:
        return (await upsert_course_runs(session, many)).outcomes


async def test_a_new_run_makes_its_organization_and_its_course(database: Database) -> None:
    """spec/programs.md, "Course Runs": the course is named after the run, the organization's name is empty."""
    assert await told(database, ASTRO) == [Outcome.CREATED]
    organizations = select(Organization.key, Organization.display_name, Organization.name_folded)
    assert await rows(database, organizations) == [("ANUx", None, "anux")]
    assert await rows(database, select(OrganizationAlias.alias)) == ["anux"]
    name = "Astrophysics: Exploring Exoplanets"
    assert await rows(database, COURSES) == [("ANUx+ASTRO2x", name, name.lower())]
    assert await rows(database, select(Course.number, Course.number_folded)) == [("ASTRO2x", "astro2x")]
    assert await rows(database, RUNS) == [("course-v1:ANUx+ASTRO2x+2B3T2015", "ANUx+ASTRO2x")]


async def test_a_run_is_kept_with_all_that_is_known_of_it(database: Database) -> None:
    await told(database, ASTRO)
    async with database.writing() as session:
        kept = (await session.execute(select(CourseRun))).scalar_one()
    assert {name: getattr(kept, name) for name in RunDetails.__slots__} == {
        name: getattr(DETAILS, name) for name in RunDetails.__slots__
    }
    assert (kept.display_name, kept.key_folded) == (ASTRO.display_name, "course-v1:anux+astro2x+2b3t2015")
    assert (kept.origin, kept.parent_id, kept.is_source) == (RunOrigin.STUDIO, None, False)


async def test_telling_the_same_again_writes_nothing(database: Database) -> None:
    """spec/programs.md, "Population of CourseCodes": an idempotent command."""
    await told(database, ASTRO)
    before = await rows(database, MOMENTS)
    with statements(database) as sent:
        assert await told(database, ASTRO) == [Outcome.UNCHANGED]
    assert not [statement for statement in sent if statement.startswith(("INSERT", "UPDATE"))]
    assert await rows(database, MOMENTS) == before


async def test_a_renamed_run_is_renamed_and_its_course_is_not(database: Database) -> None:
    """spec/programs.md, "Course Runs": the course's name is copied when the course is created for the first time."""
    await told(database, ASTRO)
    [(created, _)] = await rows(database, MOMENTS)
    assert await told(database, replace(ASTRO, display_name="Renamed")) == [Outcome.UPDATED]
    assert await rows(database, NAMES) == [("Renamed", "renamed")]
    assert [name for _, name, _ in await rows(database, COURSES)] == ["Astrophysics: Exploring Exoplanets"]
    [(still, updated)] = await rows(database, MOMENTS)
    assert still == created < updated


async def test_a_second_run_joins_the_course_under_the_name_that_it_has(database: Database) -> None:
    await told(database, ASTRO, run("course-v1:ANUx+ASTRO2x+2B4T2015", "Another title"))
    assert [name for _, name, _ in await rows(database, COURSES)] == ["Astrophysics: Exploring Exoplanets"]
    assert len(await rows(database, RUNS)) == 2


async def test_the_first_of_several_runs_told_together_names_their_course(database: Database) -> None:
    outcomes = await told_at_once(database, [run("course-v1:A+B+2", "Second"), run("course-v1:A+B+1", "First")])
    assert outcomes == [Outcome.CREATED, Outcome.CREATED]
    assert await rows(database, COURSES) == [("A+B", "Second", "second")]


async def test_a_known_organization_keeps_its_name(database: Database) -> None:
    async with database.writing() as session:
        await upsert_organization(session, OrganizationFacts("ANUx", "Australian National University"))
    await told(database, ASTRO)
    assert await rows(database, select(Organization.display_name)) == ["Australian National University"]


async def test_courses_and_organizations_are_found_whatever_the_case_of_a_key(database: Database) -> None:
    """The first spelling stays, since readers know the course by it."""
    await told(database, ASTRO, run("course-v1:anux+Astro2X+2016"))
    assert await rows(database, RUNS) == [
        ("course-v1:ANUx+ASTRO2x+2B3T2015", "ANUx+ASTRO2x"),
        ("course-v1:anux+Astro2X+2016", "ANUx+ASTRO2x"),
    ]


async def test_an_old_key_is_a_run_of_the_same_course(database: Database) -> None:
    """spec/programs.md, "GET /programs/": `ANUx/ANU-ASTRO2x/2B3T2015`."""
    outcomes = await told_at_once(
        database, [run("ANUx/ANU-ASTRO2x/2B3T2015"), run("course-v1:ANUx+ANU-ASTRO2x+2B3T2015")]
    )
    assert outcomes == [Outcome.CREATED, Outcome.CREATED]
    assert {course for _, course in await rows(database, RUNS)} == {"ANUx+ANU-ASTRO2x"}


async def test_a_run_for_a_contract_stays_under_the_course_of_its_source(database: Database) -> None:
    """spec/b2b-courseware.md: though the organization part of its key changes, the course is the same."""
    await told(database, run("course-v1:UAI_SOURCE+12.345x+SOURCE"))
    async with database.writing() as session:
        [course_id] = (await session.execute(select(Course.id))).scalars()
        key = "course-v1:UAI_MIT+12.345x+C99_2023"
        values = {"key": key, "key_folded": key.casefold(), "display_name": "Old", "name_folded": "old"}
        await session.execute(insert(CourseRun).values(course_id=course_id, origin=RunOrigin.RERUN, **values))
    assert await told(database, run(key, "New")) == [Outcome.UPDATED]
    assert ("course-v1:UAI_MIT+12.345x+C99_2023", "UAI_SOURCE+12.345x") in await rows(database, RUNS)
    assert await rows(database, select(Organization.key)) == ["UAI_SOURCE"]
    assert sorted(await rows(database, select(CourseRun.origin))) == [RunOrigin.RERUN, RunOrigin.STUDIO]


async def test_an_organizations_other_name_is_resolved_before_any_organization_is_made(database: Database) -> None:
    """spec/b2b-courseware.md: `UAI_MIT` in course keys is the organization `MIT`."""
    async with database.writing() as session:
        await upsert_organization(session, OrganizationFacts("MIT"))
        [id_] = (await session.execute(select(Organization.id))).scalars()
        await session.execute(insert(OrganizationAlias).values(alias="uai_mit", organization_id=id_))
    both = [run("course-v1:UAI_MIT+18.01+C1"), run("course-v1:MIT+18.01+2026")]
    assert await told_at_once(database, both) == [Outcome.CREATED, Outcome.CREATED]
    assert await rows(database, select(Organization.key)) == ["MIT"]
    assert [id_ for id_, *_ in await rows(database, COURSES)] == ["MIT+18.01"]


@pytest.mark.parametrize(("part", "is_source"), [("SOURCE", True), ("source", False), ("SOURCE_2", False)])
async def test_a_run_named_source_is_marked_as_such_when_it_is_made(
    database: Database, part: str, is_source: bool
) -> None:
    """spec/b2b-courseware.md: "For a source course run, this is `SOURCE`"."""
    await told(database, run(f"course-v1:UAI_SOURCE+12.345x+{part}"))
    assert await rows(database, select(CourseRun.is_source)) == [is_source]


async def test_a_key_that_differs_only_by_case_from_a_known_run_is_refused(database: Database) -> None:
    """spec/b2b-courseware.md: Open edX refuses to have two such runs."""
    await told(database, ASTRO)
    twin = run("course-v1:ANUx+ASTRO2X+2b3t2015")
    with pytest.raises(CaseTwin, match=r"only by case from course-v1:ANUx\+ASTRO2x\+2B3T2015") as refused:
        await told(database, twin)
    assert refused.value.existing == str(ASTRO.key)
    outcomes = await told_at_once(database, [twin, run("course-v1:ANUx+ASTRO2x+2016")])
    assert isinstance(outcomes[0], CaseTwin)
    assert outcomes[1] is Outcome.CREATED


@pytest.mark.parametrize(
    "facts",
    [
        run("course-v1:A+B+C", "N\0"),
        run("course-v1:A+B+C", details=RunDetails(short_description="\0")),
        run("course-v1:A+B+C", details=RunDetails(image_url="\0")),
        run("course-v1:A+B+C", details=RunDetails(image_url="data:text/html,x")),
        run(f"course-v1:A+B+{'ß' * 200}"),
    ],
)
async def test_what_no_row_can_hold_is_refused_and_stops_no_other(database: Database, facts: RunFacts) -> None:
    bad, good = await told_at_once(database, [facts, ASTRO])
    assert isinstance(bad, BadFact)
    assert good is Outcome.CREATED
    assert await rows(database, select(CourseRun.key)) == [str(ASTRO.key)]


async def test_a_name_given_through_the_api_stays_while_the_rest_is_updated(database: Database) -> None:
    """spec/programs.md, "Course Runs": names may be customized via API calls; no synchronization undoes that."""
    await told(database, ASTRO)
    async with database.writing() as session:
        await session.execute(
            update(CourseRun).values(display_name="Ours", name_folded="ours", is_name_customized=True)
        )
    assert await told(database, ASTRO) == [Outcome.UNCHANGED]
    changed = replace(ASTRO, display_name="Theirs", details=replace(DETAILS, start=None))
    assert await told(database, changed) == [Outcome.UPDATED]
    assert await rows(database, NAMES) == [("Ours", "ours")]
    assert await rows(database, select(CourseRun.start)) == [None]


async def test_details_that_are_not_told_stay(database: Database) -> None:
    """spec/programs.md, "Population of CourseCodes": a publication tells the key and the title only."""
    await told(database, ASTRO)
    assert await told(database, replace(ASTRO, details=None)) == [Outcome.UNCHANGED]
    assert await told(database, replace(ASTRO, display_name="New", details=None)) == [Outcome.UPDATED]
    assert await rows(database, select(CourseRun.display_name, CourseRun.start)) == [("New", DETAILS.start)]


async def test_a_run_without_a_name_is_called_by_its_key_and_its_course_by_its_number(database: Database) -> None:
    await told(database, replace(ASTRO, display_name=""))
    assert await rows(database, select(CourseRun.display_name)) == [str(ASTRO.key)]
    assert await rows(database, select(Course.display_name)) == ["ASTRO2x"]


async def test_a_dry_run_says_the_same_and_writes_nothing(database: Database) -> None:
    many = [run("course-v1:A+B+1"), run("course-v1:A+C+1"), run("course-v1:a+b+2"), run("course-v1:D+E+1", "N\0")]
    async with database.writing() as session:
        told_dry = await upsert_course_runs(session, many, dry_run=True)
    assert await rows(database, select(Organization.key)) == []
    async with database.writing() as session:
        told_wet = await upsert_course_runs(session, many)
    assert told_dry.organizations == told_wet.organizations == ["A"]
    assert told_dry.courses == told_wet.courses == ["A+B", "A+C"]
    assert list(map(str, told_dry.outcomes)) == list(map(str, told_wet.outcomes))


async def test_the_number_of_statements_does_not_grow_with_the_runs(database: Database) -> None:
    counts: dict[int, list[int]] = {}
    for number in (2, 80):
        made = [run(f"course-v1:Org{number}x{i % 7}+C{i % 31}+R{i}") for i in range(number)]
        mixed = [replace(one, details=replace(DETAILS, is_hidden=bool(i % 2))) for i, one in enumerate(made)]
        for facts in (made, made, mixed):
            with statements(database) as sent:
                await told_at_once(database, facts)
            counts.setdefault(number, []).append(len(sent))
    assert counts[2] == counts[80]
    assert max(counts[80]) <= 9


async def test_runs_of_one_new_course_told_at_once_by_several_make_one_course(database: Database) -> None:
    """spec/programs.md, "Population of CourseCodes": get-or-create, also when many do so at the same time."""
    writers = [told(database, run(f"course-v1:ANUx+ASTRO2x+R{i}", f"Title {i}")) for i in range(5)]
    assert await asyncio.gather(*writers) == 5 * [[Outcome.CREATED]]
    assert await rows(database, select(Organization.key)) == ["ANUx"]
    assert len(await rows(database, COURSES)) == 1
    assert len(await rows(database, RUNS)) == 5


async def test_one_new_run_told_at_once_by_several_is_one_run(database: Database) -> None:
    outcomes = await asyncio.gather(*(told(database, ASTRO) for _ in range(5)))
    assert sorted(outcome for [outcome] in outcomes) == [Outcome.CREATED] + 4 * [Outcome.UNCHANGED]
    assert len(await rows(database, RUNS)) == 1


async def test_writers_of_many_runs_in_opposite_orders_do_not_lock_each_other_out(database: Database) -> None:
    many = [run(f"course-v1:Org{i % 5}x+C{i % 9}+R{i}") for i in range(60)]
    for title in ("First", "Second"):
        facts = [replace(one, display_name=title) for one in many]
        await asyncio.gather(told_at_once(database, facts), told_at_once(database, facts[::-1]))
    assert len(await rows(database, RUNS)) == 60
    assert set(await rows(database, select(CourseRun.display_name))) == {"Second"}
