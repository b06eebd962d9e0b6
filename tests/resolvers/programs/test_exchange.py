"""Programs move between installations: exported, imported, and imported again."""

from typing import Any

import orjson
import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import AuditEntry, Program, ProgramCategory, ProgramCategoryMode, ProgramStatus, ProgramUser
from resolvers.access import Role, Viewer
from resolvers.errors import Forbidden
from resolvers.programs import CategoryDraft, CourseLeaf, Group, ProgramDraft, ProgramLeaf, load_programs
from resolvers.programs.exchange import Imported, Importer, Rehearsed, export_programs, placed
from resolvers.programs.files import Category, Entry, read, written
from resolvers.programs.lifecycle import Rules
from resolvers.refusals import Problem, Reason, Refusal
from tests.resolvers.catalog.conftest import rows, statements
from tests.resolvers.programs.conftest import draft, everything, fill, uuid

OPERATOR = Viewer("operator", frozenset({Role.ADMIN}), application="command line")
SEVERAL = Rules(max_organizations=0)
XSERIES = CategoryDraft("xseries", "XSeries")
TREE = (CourseLeaf("A+C0"), Group((CourseLeaf("B+C1"), ProgramLeaf(uuid(2))), 1, "Electives", is_elective=True))


@pytest.fixture
async def filled(database: Database) -> Database:
    await fill(database)
    return database


def document(*drafts: ProgramDraft, categories: tuple[Category, ...] = ()) -> bytes:
    return written(list(categories), list(drafts))


async def imported(
    database: Database, content: bytes, *, viewer: Viewer = OPERATOR, rules: Rules = SEVERAL, dry_run: bool = False
) -> list[Imported]:
    async with database.writing() as session:
        return await Importer(session, viewer, rules).run(read(content), dry_run=dry_run)


async def exported(database: Database) -> bytes:
    async with database.writing() as session:
        return await export_programs(session)


async def refused(database: Database, *drafts: ProgramDraft, rules: Rules = SEVERAL) -> list[str]:
    """The places and codes of the problems of an import that writes nothing."""
    before = await exported(database)
    with pytest.raises(Refusal) as caught:
        await imported(database, document(*drafts), rules=rules)
    assert await exported(database) == before
    return [f"{'.'.join(problem.place)} {problem.code}" for problem in caught.value.problems]


def outcomes(found: list[Imported]) -> list[str]:
    return [each.outcome.value for each in found]


async def test_programs_are_made_as_the_file_says_and_again_nothing_changes(filled: Database) -> None:
    content = document(draft(1, requirements=TREE), draft(2, status=ProgramStatus.RETIRED))

    assert outcomes(await imported(filled, content)) == ["created", "created"]
    first = await exported(filled)
    with statements(filled) as sent:
        assert outcomes(await imported(filled, content)) == ["unchanged", "unchanged"]
    assert not [each for each in sent if each.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert await exported(filled) == first
    assert orjson.loads(first)["programs"] == orjson.loads(content)["programs"]


async def test_an_export_makes_the_same_programs_elsewhere(filled: Database) -> None:
    await load_programs(filled, [draft(1, requirements=TREE), draft(2), draft(3, status=ProgramStatus.DELETED)])
    content = await exported(filled)
    assert [each["uuid"] for each in orjson.loads(content)["programs"]] == [str(uuid(1)), str(uuid(2))]
    parts = await everything(filled)

    async with filled.writing() as session:
        for program in await session.scalars(select(Program).where(Program.status != ProgramStatus.DELETED)):
            program.name, program.name_folded, program.subtitle = f"x{program.id}", f"x{program.id}", ""
    assert outcomes(await imported(filled, content)) == ["updated", "updated"]
    assert await exported(filled) == content
    assert len((await everything(filled))[0]) == len(parts[0])


async def test_each_change_is_told_and_recorded(filled: Database) -> None:
    await imported(filled, document(draft(1, marketing_slug="one"), draft(2)))
    changed = draft(1, marketing_slug="one", subtitle="New", status=ProgramStatus.ACTIVE)
    [one, two] = await imported(filled, document(changed, draft(2)))

    assert dict(one.changes) == {"subtitle": ("A subtitle", "New"), "status": ("unpublished", "active")}
    assert (two.outcome.value, two.changes) == ("unchanged", {})
    entries = await rows(
        filled,
        select(AuditEntry.username, AuditEntry.application, AuditEntry.action, AuditEntry.subject).order_by(
            AuditEntry.id
        ),
    )
    assert entries == [("operator", "command line", "import", f"Program:{uuid(number)}") for number in (1, 2, 1)]
    assert await rows(filled, select(Program.revision).order_by(Program.uuid)) == [2, 1]


async def test_a_dry_run_tells_the_same_and_writes_nothing(filled: Database) -> None:
    await imported(filled, document(draft(1)))
    before = await exported(filled)
    content = document(draft(1, name="Renamed"), draft(2), categories=(Category("new", "New", False, ("a",)),))

    with pytest.raises(Rehearsed) as caught:
        await imported(filled, content, dry_run=True)
    assert await exported(filled) == before
    assert await imported(filled, content) == caught.value.imported


async def test_categories_are_made_where_there_are_none_and_left_alone_where_there_are(filled: Database) -> None:
    theirs = Category("xseries", "Theirs", needs_marketing_slug=False, modes=("honor",))
    new = Category("diploma", "Diploma", needs_marketing_slug=True, modes=("verified", "audit"))
    content = document(draft(1, category=CategoryDraft("diploma", "")), categories=(theirs, new))
    await imported(filled, content)

    known = select(ProgramCategory.display_name, ProgramCategory.needs_marketing_slug).order_by(ProgramCategory.slug)
    assert await rows(filled, known.where(ProgramCategory.slug.in_(["diploma", "xseries"]))) == [
        ("Diploma", True),
        ("XSeries", True),
    ]
    modes = select(ProgramCategoryMode.mode_slug).join(
        ProgramCategory, ProgramCategory.id == ProgramCategoryMode.category_id
    )
    assert await rows(filled, modes.where(ProgramCategory.slug == "diploma").order_by("mode_slug")) == [
        "audit",
        "verified",
    ]


async def test_everything_that_is_wrong_is_told_at_once_with_its_place(filled: Database) -> None:
    tree = (CourseLeaf("A+C0"), Group((CourseLeaf("A+C9"), ProgramLeaf(uuid(9)))))
    wrong = draft(1, category=CategoryDraft("none", ""), organizations=("A", "Z"), requirements=tree, run_modes=())
    stray = draft(2, requirements=(CourseLeaf("B+C1"),), organizations=("A",))
    circular = draft(4, requirements=(ProgramLeaf(uuid(4)),), run_modes=())

    assert await refused(filled, wrong, stray, draft(3, name="program 2"), circular) == [
        "programs.2.name NAME_TAKEN",
        "programs.0.organizations.1 ORG_UNKNOWN",
        "programs.0.requirements.1.requirements.0.course COURSE_UNKNOWN",
        "programs.0.requirements PROGRAM_UNKNOWN",
        "programs.0.category CATEGORY_UNKNOWN",
        "programs.1.runModes.0.run RUN_OF_OTHER_COURSE",
        "programs.1.requirements.0.course COURSE_OF_OTHER_ORGANIZATION",
        "programs.3.requirements PROGRAM_CYCLE",
    ]


async def test_what_cannot_be_read_is_told_together_with_what_does_not_fit(filled: Database) -> None:
    content: Any = orjson.loads(document(draft(1), draft(2, requirements=(ProgramLeaf(uuid(1)),), run_modes=())))
    content["programs"][0]["runModes"][0]["run"] = "nonsense"
    content["programs"][1]["organizations"] = ["Z"]

    with pytest.raises(Refusal) as caught:
        await imported(filled, orjson.dumps(content))
    assert [(problem.code, ".".join(problem.place)) for problem in caught.value.problems] == [
        (Reason.BAD_COURSE_KEY, "programs.0.runModes.0.run"),
        (Reason.ORG_UNKNOWN, "programs.1.organizations.0"),
    ]


async def test_a_category_that_no_column_can_hold_is_refused_with_the_rest(filled: Database) -> None:
    wrong = Category("s" * 65, "Long", needs_marketing_slug=False, modes=())
    with pytest.raises(Refusal) as caught:
        await imported(filled, document(draft(1, organizations=("Z",)), categories=(wrong,)))

    codes = {problem.code for problem in caught.value.problems}
    assert {Reason.TOO_LONG, Reason.ORG_UNKNOWN} <= codes


async def test_the_rules_of_the_installation_hold(filled: Database) -> None:
    assert await refused(filled, draft(1), rules=Rules()) == ["programs.0.organizations ORG_COUNT"]
    exclusive = Rules(max_organizations=0, is_course_exclusive=True)
    assert await refused(filled, draft(1), draft(2), rules=exclusive) == ["programs.1.requirements COURSE_TAKEN"] * 2
    await imported(filled, document(draft(1)))
    assert await refused(filled, draft(2), rules=exclusive) == [
        "programs.0.requirements.0.course COURSE_TAKEN",
        "programs.0.requirements.1.course COURSE_TAKEN",
    ]


async def test_the_lifecycle_holds(filled: Database) -> None:
    """§2.2: no back door."""
    await load_programs(
        filled,
        [
            draft(1, status=ProgramStatus.ACTIVE),
            draft(2, status=ProgramStatus.RETIRED),
            draft(3, status=ProgramStatus.DELETED),
            draft(4, status=ProgramStatus.ACTIVE),
        ],
    )
    async with filled.writing() as session:
        four = await session.scalar(select(Program.id).where(Program.uuid == str(uuid(4))))
        session.add(ProgramUser(username="ada", program_id=four, source="listing"))

    assert await refused(filled, draft(1, status=ProgramStatus.ACTIVE, run_modes=())) == [
        "programs.0.runModes PROGRAM_ACTIVE", "programs.0.runModes PROGRAM_ACTIVE",
    ]  # fmt: skip
    assert await refused(filled, draft(2), draft(3), draft(4)) == [
        "programs.0.status BAD_TRANSITION",
        "programs.1.uuid BAD_TRANSITION",
        "programs.2.status HAS_USERS",
    ]
    assert outcomes(await imported(filled, document(draft(1)))) == ["updated"]


async def test_a_program_that_becomes_active_has_what_active_ones_need(filled: Database) -> None:
    """§2.2: all reasons at once; XSeries needs a marketing slug."""
    async with filled.writing() as session:
        [xseries] = await session.scalars(select(ProgramCategory).where(ProgramCategory.slug == "xseries"))
        xseries.needs_marketing_slug = True
    bare = draft(1, status=ProgramStatus.ACTIVE, run_modes=())
    with pytest.raises(Refusal) as caught:
        await imported(filled, document(bare, draft(2)))

    [problem] = caught.value.problems
    assert (problem.code, problem.place) == (Reason.NOT_PUBLISHABLE, ("programs", "0", "status"))
    assert [reason.code for reason in problem.data["reasons"]] == [
        "NO_MARKETING_SLUG", "COURSE_WITHOUT_RUN", "COURSE_WITHOUT_RUN",
    ]  # fmt: skip
    assert await refused(filled, bare) == ["programs.0.status NOT_PUBLISHABLE"]
    relaxed = Rules(max_organizations=0, is_publishing_checked=False)
    assert outcomes(await imported(filled, document(bare), rules=relaxed)) == ["created"]


async def test_a_program_and_one_that_it_requires_come_together_in_any_order(filled: Database) -> None:
    nested = draft(2, status=ProgramStatus.ACTIVE, marketing_slug="two")
    outer = draft(1, requirements=TREE, status=ProgramStatus.ACTIVE, marketing_slug="one")

    assert outcomes(await imported(filled, document(outer, nested))) == ["created", "created"]


@pytest.mark.parametrize("role", [Role.LEARNER, Role.AUTHOR])
async def test_only_those_who_may_publish_everything_import(filled: Database, role: Role) -> None:
    viewer = Viewer("somebody", frozenset({role}))
    with pytest.raises(Forbidden):
        await imported(filled, document(draft(1)), viewer=viewer)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (("courses",), ("programs", "3", "requirements")),
        (("courses", "1"), ("programs", "3", "requirements", "1", "course")),
        (("name",), ("programs", "3", "name")),
    ],
)
def test_a_problem_of_a_program_has_its_place_in_the_file(place: tuple[str, ...], expected: tuple[str, ...]) -> None:
    entry = Entry(draft(requirements=(CourseLeaf("A"), CourseLeaf("B"))), ("programs", "3"), is_readable=True)
    assert placed(Problem(Reason.INVALID, "it is odd", place), entry).place == expected
