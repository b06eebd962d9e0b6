from collections import Counter

from db.engine import Database
from db.tables import ProgramStatus
from resolvers.catalog import Report, sync_course_runs, sync_organizations
from resolvers.programs import Group, ProgramDraft, ProgramLeaf, load_samples, sample_programs
from resolvers.programs.drafts import groups_of
from tests.resolvers.catalog.conftest import rows, simulated_lms
from tests.resolvers.programs.conftest import fill
from tests.resolvers.programs.test_load import PROGRAMS


def counts(report: Report) -> dict[str, int]:
    return {outcome.value: number for outcome, number in report.counts.items() if number}


async def samples(database: Database) -> list[ProgramDraft]:
    async with database.writing() as session:
        return await sample_programs(session)


async def test_an_empty_catalog_gives_no_programs(database: Database) -> None:
    assert await samples(database) == []
    assert (await load_samples(database)).total == 0


async def test_any_catalog_gives_programs_that_can_be_loaded(database: Database) -> None:
    for courses in (1, 2, 6):
        await fill(database, courses)
        assert sum(counts(await load_samples(database)).values()) == 12
        assert counts(await load_samples(database)) == {"unchanged": 12}


async def test_a_seeded_platform_gives_programs_of_all_kinds(database: Database) -> None:
    """spec/programs.md, "Program Lifecycle": all four statuses; several organizations, electives and nesting."""
    async with simulated_lms() as lms:
        await sync_organizations(database, lms)
        await sync_course_runs(database, lms)
    assert counts(await load_samples(database)) == {"created": 12}
    assert counts(await load_samples(database)) == {"unchanged": 12}
    drafts = await samples(database)
    assert Counter(draft.status for draft in drafts) == Counter(
        status for _, status, _ in await rows(database, PROGRAMS)
    )
    assert {draft.status for draft in drafts} == set(ProgramStatus)
    assert {draft.category.slug for draft in drafts} == {"xseries", "micromasters", "professional-certificate"}
    assert min(len(draft.organizations) for draft in drafts) == 1
    assert max(len(draft.organizations) for draft in drafts) > 1
    assert any(group.is_elective for draft in drafts for group in groups_of(Group(draft.requirements)))
    assert any(isinstance(node, ProgramLeaf) for draft in drafts for node in draft.requirements)
    assert all(len(draft.courses) >= 2 and draft.run_modes for draft in drafts)
