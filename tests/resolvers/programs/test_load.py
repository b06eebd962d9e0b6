from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import (
    Course,
    CourseRun,
    Organization,
    Program,
    ProgramCategory,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramRequirement,
    ProgramStatus,
)
from resolvers.catalog import Report
from resolvers.programs import (
    BadDraft,
    CategoryDraft,
    CourseLeaf,
    DraftError,
    Group,
    NameTaken,
    ProgramLeaf,
    RunModeDraft,
    UnknownReferences,
    load_programs,
)
from tests.resolvers.catalog.conftest import rows, statements
from tests.resolvers.programs.conftest import draft, everything, fill, uuid

PROGRAMS = select(Program.name, Program.status, Program.revision).order_by(Program.name)


@pytest.fixture
async def filled(database: Database) -> Database:
    await fill(database)
    return database


def counts(report: Report) -> dict[str, int]:
    return {outcome.value: number for outcome, number in report.counts.items() if number}


async def tree(database: Database, number: int) -> list[Any]:
    """Sequence, depth, kind, course and required program of a program's nodes."""
    query = select(
        ProgramRequirement.sequence, ProgramRequirement.depth, ProgramRequirement.kind, Course.readable_id,
        ProgramRequirement.required_program_id.is_not(None),
    )  # fmt: skip
    query = query.join(Program, Program.id == ProgramRequirement.program_id).join(Course, isouter=True)
    return list(
        await rows(database, query.where(Program.uuid == str(uuid(number))).order_by(ProgramRequirement.sequence))
    )


async def test_a_program_is_made_with_all_its_parts(filled: Database) -> None:
    """spec/programs.md, "Program", "ProgramOrganization" and "ProgramCourseRunMode"."""
    report = await load_programs(filled, [draft(status=ProgramStatus.ACTIVE, marketing_slug="one")])
    assert counts(report) == {"created": 1}
    async with filled.writing() as session:
        made = (await session.execute(select(Program))).scalar_one()
        category = await session.get_one(ProgramCategory, made.category_id)
    assert (made.uuid, made.name, made.name_folded) == (str(uuid(1)), "Program 1", "program 1")
    assert (made.subtitle, made.description, made.marketing_slug) == ("A subtitle", "A description", "one")
    assert (made.status, made.revision, category.slug) == (ProgramStatus.ACTIVE, 1, "xseries")
    publishers = select(Organization.key).join(ProgramOrganization).order_by(ProgramOrganization.position)
    assert await rows(filled, publishers) == ["B", "A"]
    modes = select(CourseRun.key, ProgramCourseRunMode.mode_slug, ProgramCourseRunMode.sku).join(CourseRun)
    assert sorted(await rows(filled, modes)) == [
        ("course-v1:A+C0+R1", "verified", "8CF08E5"),
        ("course-v1:B+C1+R2", "audit", ""),
    ]


async def test_the_tree_is_kept_as_drafted(filled: Database) -> None:
    """spec/programs.md, "ProgramCourseCode": courses are in a user-defined order."""
    electives = Group((CourseLeaf("A+C2"), CourseLeaf("B+C3")), minimum=1, title="Electives", is_elective=True)
    tree_of = (CourseLeaf("B+C1"), electives, CourseLeaf("A+C0"), ProgramLeaf(uuid(2)))
    await load_programs(filled, [draft(requirements=tree_of), draft(2)])
    assert await tree(filled, 1) == [
        (0, 0, "all_of", None, False),
        (1, 1, "course", "B+C1", False),
        (2, 1, "min_number_of", None, False),
        (3, 2, "course", "A+C2", False),
        (4, 2, "course", "B+C3", False),
        (5, 1, "course", "A+C0", False),
        (6, 1, "program", None, True),
    ]
    group = select(ProgramRequirement.title, ProgramRequirement.minimum, ProgramRequirement.is_elective)
    assert await rows(filled, group.where(ProgramRequirement.minimum.is_not(None))) == [("Electives", 1, True)]


async def test_loading_again_changes_nothing(filled: Database) -> None:
    drafts = [draft(1, requirements=(CourseLeaf("A+C0"), CourseLeaf("B+C1"), ProgramLeaf(uuid(2)))), draft(2)]
    await load_programs(filled, drafts)
    before = await everything(filled)
    with statements(filled) as sent:
        assert counts(await load_programs(filled, drafts)) == {"unchanged": 2}
    assert not [statement for statement in sent if statement.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert await everything(filled) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Renamed"},
        {"status": ProgramStatus.DELETED},
        {"category": CategoryDraft("MicroMasters", "MicroMasters")},
        {"organizations": ("A", "B")},
        {"requirements": (CourseLeaf("B+C1"), CourseLeaf("A+C0"))},
        {"requirements": (CourseLeaf("A+C0"), Group((CourseLeaf("B+C1"),)))},
        {"run_modes": ()},
        {"run_modes": (RunModeDraft("course-v1:A+C0+R2", "verified"),)},
    ],
)
async def test_a_changed_draft_changes_its_program_alone(filled: Database, changes: dict[str, Any]) -> None:
    await load_programs(filled, [draft(1), draft(2)])
    assert counts(await load_programs(filled, [draft(1, **changes), draft(2)])) == {"updated": 1, "unchanged": 1}
    assert [revision for _, _, revision in await rows(filled, PROGRAMS.where(Program.uuid == str(uuid(1))))] == [2]
    assert [revision for _, _, revision in await rows(filled, PROGRAMS.where(Program.uuid == str(uuid(2))))] == [1]
    assert counts(await load_programs(filled, [draft(1, **changes), draft(2)])) == {"unchanged": 2}


async def test_a_category_is_one_whatever_the_case_of_its_slug(filled: Database) -> None:
    """spec/programs.md writes both `xseries` and `XSeries`."""
    await load_programs(filled, [draft(1), draft(2, category=CategoryDraft("XSeries", "XSeries Program"))])
    known = select(ProgramCategory.slug, ProgramCategory.display_name).where(ProgramCategory.slug.ilike("xseries"))
    assert await rows(filled, known) == [("xseries", "XSeries Program")]


async def test_all_that_is_unknown_is_named_at_once_and_nothing_is_written(filled: Database) -> None:
    """spec/programs.md, "POST /programs/": 400 for an unrecognized organization, course, or course run."""
    unknown = draft(
        2,
        organizations=("Z", "A", "Y"),
        requirements=(CourseLeaf("A+C0"), CourseLeaf("A+C9"), ProgramLeaf(uuid(9))),
        run_modes=(RunModeDraft("course-v1:A+C0+R9", "audit"),),
    )
    with pytest.raises(
        UnknownReferences, match="unknown organizations Y, Z; courses A\\+C9; runs course-v1:"
    ) as refused:
        await load_programs(filled, [draft(1), unknown])
    error = refused.value
    assert (error.organizations, error.courses) == (["Y", "Z"], ["A+C9"])
    assert (error.runs, error.programs) == (["course-v1:A+C0+R9"], [str(uuid(9))])
    assert await rows(filled, PROGRAMS) == []


@pytest.mark.parametrize(
    ("drafts", "error", "reason"),
    [
        ([draft(1, name="Taken")], NameTaken, "another program has this name"),
        ([draft(1), draft(2, name="PROGRAM 1")], NameTaken, "another program has this name"),
        ([draft(1), draft(1, name="Twice")], BadDraft, "is that of another draft"),
        ([draft(1, name="")], BadDraft, "it has no name"),
        ([draft(1, run_modes=(RunModeDraft("course-v1:A+C2+R1", "audit"),))], BadDraft, "is of none of its courses"),
        ([draft(1, requirements=(ProgramLeaf(uuid(1)),), run_modes=())], BadDraft, "it would require itself"),
        (
            [draft(7, name="Taken", requirements=(ProgramLeaf(uuid(8)),), run_modes=())],
            BadDraft,
            "would require itself",
        ),
    ],
)
async def test_drafts_that_make_no_program_are_refused_whole(
    filled: Database, drafts: list[Any], error: type[DraftError], reason: str
) -> None:
    """spec/programs.md, "Program": the name must be unique; deleted programs keep theirs."""
    taken = draft(7, name="Taken", status=ProgramStatus.DELETED)
    await load_programs(filled, [taken, draft(8, requirements=(ProgramLeaf(uuid(7)),), run_modes=())])
    before = await rows(filled, PROGRAMS)
    with pytest.raises(error, match=reason):
        await load_programs(filled, [draft(3), *drafts])
    assert await rows(filled, PROGRAMS) == before
