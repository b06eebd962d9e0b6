"""Courses and programs added to contracts through GraphQL (spec/b2b-courseware.md, "Courses and B2B Runs")."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, select, update

from db.engine import Database
from db.store import Store, head_of, open_blobs
from db.tables import (
    AuditEntry,
    Contract,
    ContractCourse,
    ContractMember,
    Course,
    CourseKeyPrefix,
    CourseRun,
    IdempotencyKey,
    Job,
    Organization,
    OrganizationManager,
    Pacing,
    Program,
    ProgramCategory,
    ProgramRequirement,
    ProgramStatus,
    RequirementKind,
    Rerun,
    RerunState,
    RunOrigin,
    now,
)
from tests.asking import ADMIN, LEARNER, Asking
from tests.catalog import course, course_run, organization, program, uuid
from tests.conftest import DIALECTS
from tests.contracts import MANAGER, STAFF, enroll
from tests.db.store.conftest import put, tree
from tests.resolvers.catalog.conftest import rows
from tests.schema.test_contract_mutations import code, written

YEAR = datetime.now(UTC).year
ONE = "Contract:1"
P = [f"Program:{uuid(number)}" for number in range(4)]
RESULT = "results { course { key } outcome key code message sourceKeys courseRun { key } source { key } }"
SELECTIONS = {
    "designateSourceRun": "courseRun { key isSource isDesignatedSource }",
    "clearSourceRun": "courseRun { key isSource isDesignatedSource }",
    "removeCourseRunFromContract": "removedCourseRuns { key outcome courseRun { key contract { id } canBeJoined } }",
    "removeProgramFromContract": "removedCourseRuns { key outcome } contract { programs { name } }",
}


@pytest.fixture
def dialect() -> str:
    """Most rules need no second database."""
    return "sqlite"


def key(number: int, contract: int = 1, year: int = YEAR) -> str:
    return f"course-v1:UAI_MIT+C{number}x+C{contract}_{year}"


@pytest.fixture
async def asking(database: Database) -> Asking:
    """Four courses with sources and one without; MIT of UAI with contracts 1 and 2.

    Program 0 has courses 0 to 2, the last an elective; program 1 has courses 2 to 4, of which the last has no source.
    """
    async with database.writing() as session:
        org = organization("SourceX")
        courses = [course(org, f"C{i}x", f"Course {i}") for i in range(5)]
        sources = [
            course_run(each, "SOURCE", key=f"course-v1:UAI_SOURCE+C{i}x+SOURCE") for i, each in enumerate(courses)
        ]
        for source in sources:
            source.is_source = True
        mit = organization("MIT")
        mit.prefix = CourseKeyPrefix.UAI
        session.add_all([org, mit, *courses, *sources[:4], course_run(courses[4], "R1")])
        await session.flush()
        category = await session.scalar(select(ProgramCategory).limit(1))
        assert category is not None
        for number, some in ((0, courses[:3]), (1, courses[2:])):
            session.add(
                program(
                    number, category=category, status=ProgramStatus.ACTIVE, organizations=[org], courses=some, runs=[]
                )
            )
            await session.flush()
        for number in (1, 2):
            session.add(Contract(organization_id=mit.id, name=f"Contract {number}", name_folded=f"contract {number}"))
            await session.flush()
    return Asking(database)


async def payload(asking: Asking, mutation: str, viewer: Any = ADMIN, **given: Any) -> Any:
    """The payload of a mutation with its user errors."""
    text = written(mutation, SELECTIONS.get(mutation, RESULT)).replace(
        "message }", "message ... on OtherRun { key } ... on SeveralSources { keys } }"
    )
    return (await asking.data(text, {"input": given}, viewer=viewer))["payload"]


async def results(asking: Asking, mutation: str, viewer: Any = ADMIN, **given: Any) -> list[tuple[str, str, str]]:
    """Course, outcome and key of each result of a mutation that is done."""
    found = await payload(asking, mutation, viewer, **given)
    assert found["userErrors"] == []
    return [(each["course"]["key"], each["outcome"], each["key"]) for each in found["results"]]


async def refused(asking: Asking, mutation: str, **given: Any) -> list[tuple[str, str]]:
    """Code and field of the user errors."""
    found = (await payload(asking, mutation, **given))["userErrors"]
    return [(error["code"], ".".join(error["field"] or [])) for error in found]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are executed in the block."""
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    yield statements
    event.remove(database.engine.sync_engine, "before_cursor_execute", count)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_course_gets_a_run_of_its_own_for_the_contract(asking: Asking, database: Database) -> None:
    """spec/b2b-courseware.md, "Source Course Run": "the course still belongs to the same MITx Online course"."""
    [made] = (await payload(asking, "addCourseToContract", contract=ONE, course="SourceX+C0x"))["results"]
    assert (made["outcome"], made["key"], made["courseRun"]["key"]) == ("CREATE", key(0), key(0))
    query = """query ($key: String!) { courseRun(key: $key) { course { key } contract { id } clonedFrom { key } pacing
      start end enrollmentStart enrollmentEnd displayName origin isSource canBeJoined
      rerun { state requestedBy attempts failure sourceVersion } } }"""
    found = (await asking.data(query, {"key": key(0)}, viewer=ADMIN))["courseRun"]
    assert found.pop("start") == found.pop("enrollmentStart") is not None
    assert found == {
        "course": {"key": "SourceX+C0x"}, "contract": {"id": ONE}, "pacing": "SELF", "displayName": "Course 0",
        "clonedFrom": {"key": "course-v1:UAI_SOURCE+C0x+SOURCE"}, "end": None, "enrollmentEnd": None,
        "origin": "RERUN", "isSource": False, "canBeJoined": False,
        "rerun": {
            "state": "PLANNED", "requestedBy": "admin", "attempts": 0, "failure": None, "sourceVersion": None,
        },
    }  # fmt: skip
    [job] = await rows(database, select(Job))
    assert (job.kind, job.subject, job.key, job.requested_by) == ("RERUN", f"CourseRun:{key(0)}", key(0), "admin")
    assert await results(asking, "addCourseToContract", contract=ONE, course="sourcex/c0x") == [
        ("SourceX+C0x", "EXISTS", key(0))
    ]
    assert len(await rows(database, select(Job.id))) == 1


async def test_the_run_has_the_content_of_its_source(asking: Asking, database: Database, tmp_path: Path) -> None:
    """spec/b2b-courseware.md, "Re-runs": a pointer is copied, and which version it was is kept."""
    content = tree(a=b"one")
    [source] = await rows(database, select(CourseRun).where(CourseRun.key == "course-v1:UAI_SOURCE+C0x+SOURCE"))
    store = Store(database, open_blobs(tmp_path / "blobs"))
    await put(store, source.id, content)

    await payload(asking, "addProgramToContract", contract=ONE, program=P[0])

    query = "query ($key: String!) { courseRun(key: $key) { rerun { sourceVersion } } }"
    versions = [
        (await asking.data(query, {"key": key(number)}, viewer=ADMIN))["courseRun"]["rerun"]["sourceVersion"]
        for number in (0, 1)
    ]
    assert versions == [content.root, None]
    [made] = await rows(database, select(CourseRun).where(CourseRun.key == key(0)))
    head = await head_of(store, made.id)
    assert head is not None
    assert (head.root, head.number) == (content.root, 1)


async def test_the_dates_of_the_run_are_those_of_the_contract(asking: Asking, database: Database) -> None:
    """A2 and A3: the last day belongs to the contract, to its last second."""
    text = written("updateContract", "__typename")
    given = {"id": ONE, "startDate": "2026-09-01", "endDate": "2999-08-31"}
    await asking.data(text, {"input": given}, viewer=ADMIN)
    await payload(asking, "addCourseToContract", contract=ONE, course="SourceX+C0x")
    run = CourseRun
    [found] = await rows(database, select(run).where(run.contract_id == 1))
    start, end = datetime(2026, 9, 1, tzinfo=UTC), datetime(2999, 8, 31, 23, 59, 59, tzinfo=UTC)
    assert (found.start, found.end, found.enrollment_start, found.enrollment_end) == (start, end, start, end)


async def test_each_contract_has_runs_of_its_own(asking: Asking) -> None:
    """spec/b2b-courseware.md: "Each contract requires its own course run"; the prefix is MIT's (K11)."""
    for number in (1, 2):
        [(_, outcome, made)] = await results(
            asking, "addCourseToContract", contract=f"Contract:{number}", course="SourceX+C1x"
        )
        assert (outcome, made) == ("CREATE", key(1, number))


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_program_adds_its_courses_once_and_again_what_is_new(asking: Asking, database: Database) -> None:
    """P1, P2, P6: three runs with required and elective courses, one link; a course that is added later, one more."""
    given = {"contract": ONE, "program": P[0]}
    assert await results(asking, "addProgramToContract", **given) == [
        (f"SourceX+C{i}x", "CREATE", key(i)) for i in range(3)
    ]
    async with database.writing() as session:
        root = await session.scalar(
            select(ProgramRequirement)
            .join(Program, Program.id == ProgramRequirement.program_id)
            .where(Program.uuid == uuid(0), ProgramRequirement.depth == 0)
        )
        new = await session.scalar(select(Course.id).where(Course.readable_id == "SourceX+C3x"))
        assert root is not None
        leaf = ProgramRequirement(
            program_id=root.program_id, parent_id=root.id, sequence=50, depth=1, kind=RequirementKind.COURSE,
            course_id=new,
        )  # fmt: skip
        session.add(leaf)
    found = await results(asking, "addProgramToContract", **given)
    assert [outcome for _, outcome, _ in found] == ["EXISTS", "EXISTS", "EXISTS", "CREATE"]
    data = await asking.data(
        f'{{ contract(id: "{ONE}") {{ programs {{ name }} courseRuns {{ totalCount }} }} }}', viewer=ADMIN
    )
    assert data["contract"] == {"programs": [{"name": "Program 0"}], "courseRuns": {"totalCount": 4}}


async def test_a_course_that_fails_leaves_the_rest_of_the_program(asking: Asking) -> None:
    """P3, P7: a result for each course, never an end midway; the program is linked after its predecessors."""
    await payload(asking, "addProgramToContract", contract=ONE, program=P[0])
    found = (await payload(asking, "addProgramToContract", contract=ONE, program=P[1]))["results"]
    assert [(each["outcome"], each["code"]) for each in found] == [
        ("EXISTS", None), ("CREATE", None), ("NO_SOURCE", "SOURCE_RUN_MISSING"),
    ]  # fmt: skip
    assert found[2]["message"] == "no run of SourceX+C4x is its source"
    data = await asking.data(f'{{ contract(id: "{ONE}") {{ programs {{ name }} }} }}', viewer=ADMIN)
    assert [each["name"] for each in data["contract"]["programs"]] == ["Program 0", "Program 1"]


async def test_a_program_whose_courses_have_no_sources_is_linked_without_runs(
    asking: Asking, database: Database
) -> None:
    async with database.writing() as session:
        await session.execute(update(CourseRun).values(is_source=False, key=CourseRun.key + "x"))
    outcomes = {outcome for _, outcome, _ in await results(asking, "addProgramToContract", contract=ONE, program=P[0])}
    assert outcomes == {"NO_SOURCE"}
    assert await rows(database, select(ContractCourse)) == []


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_required_programs_are_opened_and_circles_end(asking: Asking, database: Database) -> None:
    """P5: 0 requires 1 and 1 requires 0; the course that both have comes once, and deleted programs are empty."""
    async with database.writing() as session:
        ids = dict((await session.execute(select(Program.uuid, Program.id))).all())
        for of, required in ((0, 1), (1, 0)):
            node = ProgramRequirement(
                program_id=ids[uuid(of)], sequence=90, depth=1, kind=RequirementKind.PROGRAM,
                required_program_id=ids[uuid(required)],
            )  # fmt: skip
            session.add(node)
    query = 'query ($p: ID!) { planCourseware(contract: "Contract:1", program: $p) { course { key } outcome } }'
    for number, order in ((0, [0, 1, 2, 3, 4]), (1, [2, 3, 4, 0, 1])):
        found = (await asking.data(query, {"p": P[number]}, viewer=ADMIN))["planCourseware"]
        assert [each["course"]["key"] for each in found] == [f"SourceX+C{i}x" for i in order]
    async with database.writing() as session:
        await session.execute(update(Program).where(Program.uuid == uuid(1)).values(status=ProgramStatus.DELETED))
    found = (await asking.data(query, {"p": P[0]}, viewer=ADMIN))["planCourseware"]
    assert [each["course"]["key"] for each in found] == [f"SourceX+C{i}x" for i in range(3)]
    assert await refused(asking, "addProgramToContract", contract=ONE, program=P[1]) == [("PROGRAM_UNKNOWN", "program")]


async def test_a_plan_says_what_an_addition_does_and_does_nothing(asking: Asking, database: Database) -> None:
    """The same answers, beforehand."""
    query = f"""query ($p: ID!) {{ planCourseware(contract: "Contract:1", program: $p)
      {{ {RESULT.removeprefix("results {").removesuffix("}")} start end }} }}"""
    before = (await asking.data(query, {"p": P[1]}, viewer=ADMIN))["planCourseware"]
    assert await rows(database, select(CourseRun.key).where(CourseRun.contract_id.is_not(None))) == []
    after = (await payload(asking, "addProgramToContract", contract=ONE, program=P[1]))["results"]
    for plan, result in zip(before, after, strict=True):
        plan.pop("start"), plan.pop("end")
        assert plan | {"courseRun": result["courseRun"]} == result


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('contract: "Contract:1"', "one of the two"),
        ('contract: "Contract:1", course: "SourceX+C0x", program: "Program:x"', "UUID"),
        ('contract: "Contract:1", course: "No+Such"', "there is no course"),
        ('contract: "Contract:1", course: "nonsense"', "is no course id"),
        ('contract: "Program:1", course: "SourceX+C0x"', "not the id of a Contract"),
    ],
)
async def test_a_plan_for_nothing_is_an_error_of_its_arguments(asking: Asking, arguments: str, message: str) -> None:
    error = await asking.error(f"{{ planCourseware({arguments}) {{ outcome }} }}", viewer=ADMIN)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert message in error["message"]


async def test_plans_and_additions_are_for_staff(asking: Asking) -> None:
    for viewer in (LEARNER, MANAGER):
        error = await asking.error('{ planCourseware(contract: "x", course: "y") { outcome } }', viewer=viewer)
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert await code(asking, "addCourseToContract", viewer, contract="x", course="y") == "FORBIDDEN"
        for mutation in ("designateSourceRun", "clearSourceRun", "retryRerun"):
            assert await code(asking, mutation, viewer, key="x") == "FORBIDDEN"
    assert await code(asking, "addCourseToContract", ADMIN, contract="Contract:9", course="y") == "NOT_FOUND"
    assert await code(asking, "addCourseToContract", STAFF, contract=ONE, course="y") == "FORBIDDEN"


async def test_a_contract_that_is_over_gets_runs_by_force_only(asking: Asking) -> None:
    """A14."""
    await asking.data(written("deactivateContract", "__typename"), {"input": {"id": ONE}}, viewer=ADMIN)
    given = {"contract": ONE, "course": "SourceX+C0x"}
    assert await refused(asking, "addCourseToContract", **given) == [("CONTRACT_INACTIVE", "contract")]
    assert len(await results(asking, "addCourseToContract", **given, force=True)) == 1


async def test_one_course_that_gets_no_run_is_a_user_error(asking: Asking, database: Database) -> None:
    """S3; the several sources are listed."""
    given = {"contract": ONE, "course": "SourceX+C4x"}
    assert await refused(asking, "addCourseToContract", **given) == [("SOURCE_RUN_MISSING", "course")]
    assert await refused(asking, "addCourseToContract", contract=ONE, course="No+Such") == [
        ("COURSE_UNKNOWN", "course")
    ]
    second = "course-v1:B2B_SOURCE+C0x+SOURCE"
    async with database.writing() as session:
        of = await session.scalar(select(Course).where(Course.readable_id == "SourceX+C0x"))
        assert of is not None
        run = course_run(of, "", key=second)
        run.is_source = True
        session.add(run)
    given["course"] = "SourceX+C0x"
    [error] = (await payload(asking, "addCourseToContract", **given))["userErrors"]
    assert (error["code"], error["keys"]) == (
        "SOURCE_RUN_AMBIGUOUS", ["course-v1:UAI_SOURCE+C0x+SOURCE", second],
    )  # fmt: skip
    assert await refused(asking, "addCourseToContract", **given, sourceRun=second) == [("PREFIX_MISMATCH", "course")]
    [(_, outcome, _)] = await results(asking, "addCourseToContract", **given, sourceRun=second, force=True)
    assert outcome == "CREATE"


# Another run


async def test_a_course_is_run_again_once_a_year(asking: Asking, database: Database) -> None:
    """A8 and Δ2: an explicit wish; the key of this year is the one that there can be."""
    given = {"contract": ONE, "course": "SourceX+C0x"}
    await payload(asking, "addCourseToContract", **given)
    [error] = (await payload(asking, "rerunCourseForContract", **given))["userErrors"]
    assert (error["code"], error["key"]) == ("RUN_EXISTS_FOR_CONTRACT", key(0))
    old = key(0, year=YEAR - 1)
    async with database.writing() as session:
        await session.execute(
            update(CourseRun).where(CourseRun.key == key(0)).values(key=old, key_folded=old.casefold())
        )
    proposed = 'query ($c: String!) { proposeRunKey(contract: "Contract:1", course: $c) { key outcome } }'
    found = (await asking.data(proposed, {"c": "SourceX+C0x"}, viewer=ADMIN))["proposeRunKey"]
    assert found == {"key": key(0), "outcome": "CREATE"}
    assert await results(asking, "addCourseToContract", **given) == [("SourceX+C0x", "EXISTS", old)]
    assert await results(asking, "rerunCourseForContract", **given) == [("SourceX+C0x", "CREATE", key(0))]
    told = await rows(database, select(AuditEntry.action).order_by(AuditEntry.id))
    assert told == ["addCourseToContract", "rerunCourseForContract"]


@pytest.mark.parametrize("mutation", ["addCourseToContract", "rerunCourseForContract", "addProgramToContract"])
async def test_a_request_that_is_sent_again_gets_the_same_answer(
    asking: Asking, database: Database, mutation: str
) -> None:
    given = {"contract": ONE, "idempotencyKey": "k"}
    given |= {"program": P[0]} if "Program" in mutation else {"course": "SourceX+C0x"}
    first = await payload(asking, mutation, **given)
    assert first["results"][0]["outcome"] == "CREATE"
    assert await payload(asking, mutation, **given) == first
    assert await refused(asking, mutation, **given | {"force": True}) == [("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")]
    assert len(await rows(database, select(IdempotencyKey.key))) == 1


async def test_a_request_that_made_nothing_made_nothing_when_it_is_sent_again(asking: Asking) -> None:
    given = {"contract": ONE, "course": "SourceX+C0x"}
    await payload(asking, "addCourseToContract", **given)
    for _ in range(2):
        found = await results(asking, "addCourseToContract", **given, idempotencyKey="k")
        assert found == [("SourceX+C0x", "EXISTS", key(0))]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("with_key", [True, False])
async def test_twenty_requests_at_once_make_one_set_of_runs(asking: Asking, database: Database, with_key: bool) -> None:
    """K14, A9: two admins press the button at once, and more."""
    given = {"contract": ONE, "program": P[0], **({"idempotencyKey": "k"} if with_key else {})}
    answers = await asyncio.gather(*(results(asking, "addProgramToContract", **given) for _ in range(20)))
    outcomes = [tuple(outcome for _, outcome, _ in answer) for answer in answers]
    assert outcomes.count(("CREATE",) * 3) == (20 if with_key else 1)
    assert set(outcomes) <= {("CREATE",) * 3, ("EXISTS",) * 3}
    for table in (Rerun, Job):
        assert len(await rows(database, select(table.id))) == 3
    assert len(await rows(database, select(ContractCourse.id))) == 3
    keys = await rows(database, select(CourseRun.key).where(CourseRun.contract_id == 1))
    assert sorted(keys) == [key(0), key(1), key(2)]
    assert len(await rows(database, select(AuditEntry.id))) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_fifty_courses_are_planned_in_twelve_statements(asking: Asking, database: Database) -> None:
    async with database.writing() as session:
        org = await session.scalar(select(Organization).where(Organization.key == "SourceX"))
        assert org is not None
        courses = [course(org, f"L{i:02}x", f"Long {i}") for i in range(50)]
        runs = [course_run(each, "SOURCE") for each in courses]
        for run in runs:
            run.is_source = True
        session.add_all([*courses, *runs])
        await session.flush()
        await session.execute(delete(ProgramRequirement))
        owner = await session.scalar(select(Program.id).where(Program.uuid == uuid(0)))
        session.add_all(
            ProgramRequirement(program_id=owner, sequence=i, depth=1, kind=RequirementKind.COURSE, course_id=each.id)
            for i, each in enumerate(courses)
        )
    query = """query ($p: ID!) { planCourseware(contract: "Contract:1", program: $p)
      { outcome key course { key displayName } source { key } courseRun { key } } }"""
    await asking.data(query, {"p": P[0]}, viewer=ADMIN)
    with counted(database) as statements:
        begun = time.process_time()
        found = (await asking.data(query, {"p": P[0]}, viewer=ADMIN))["planCourseware"]
        taken = time.process_time() - begun
    assert [each["outcome"] for each in found] == ["CREATE"] * 50
    assert len(statements) + asking.statements <= 12, statements
    assert taken < 0.5  # 0.1 s on a quiet machine

    with counted(database) as statements:
        assert len(await results(asking, "addProgramToContract", contract=ONE, program=P[0])) == 50
    assert len(statements) <= 24, statements


# Sources


async def test_a_designated_source_wins_over_what_keys_say(asking: Asking, database: Database) -> None:
    """S1, S2: the flag, or else the tag; "flag wins"."""
    async with database.writing() as session:
        of = await session.scalar(select(Course).where(Course.readable_id == "SourceX+C0x"))
        assert of is not None
        session.add(course_run(of, "", key="course-v1:UAI_NEW+C0x+2026"))
    given = {"key": "course-v1:uai_new+c0x+2026"}
    found = await payload(asking, "designateSourceRun", **given)
    assert found["courseRun"] == {
        "key": "course-v1:UAI_NEW+C0x+2026", "isSource": True, "isDesignatedSource": True,
    }  # fmt: skip
    assert (await payload(asking, "designateSourceRun", **given))["userErrors"] == []
    source = '{ course(key: "SourceX+C0x") { sourceRuns { nodes { key } } } }'
    data = await asking.data(source, viewer=ADMIN)
    assert data["course"]["sourceRuns"]["nodes"] == [{"key": "course-v1:UAI_NEW+C0x+2026"}]
    [result] = (await payload(asking, "addCourseToContract", contract=ONE, course="SourceX+C0x"))["results"]
    assert result["source"]["key"] == "course-v1:UAI_NEW+C0x+2026"

    tagged = "course-v1:UAI_SOURCE+C0x+SOURCE"
    [error] = (await payload(asking, "designateSourceRun", key=tagged))["userErrors"]
    assert (error["code"], error["key"]) == ("SOURCE_RUN_EXISTS", "course-v1:UAI_NEW+C0x+2026")
    cleared = (await payload(asking, "clearSourceRun", **given))["courseRun"]
    assert (cleared["isSource"], cleared["isDesignatedSource"]) == (False, False)
    assert (await payload(asking, "designateSourceRun", key=tagged))["userErrors"] == []
    assert (await payload(asking, "clearSourceRun", key=tagged))["courseRun"]["isSource"] is True


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_of_two_designations_at_once_one_holds(asking: Asking, database: Database) -> None:
    """One source for each course, enforced."""
    async with database.writing() as session:
        of = await session.scalar(select(Course).where(Course.readable_id == "SourceX+C0x"))
        assert of is not None
        keys = [f"course-v1:UAI_NEW+C0x+R{i}" for i in range(5)]
        session.add_all(course_run(of, "", key=each) for each in keys)
    await asyncio.gather(*(payload(asking, "designateSourceRun", key=each) for each in keys))
    assert len(await rows(database, select(CourseRun.key).where(CourseRun.is_designated))) == 1


async def test_what_was_made_for_one_contract_is_no_source_for_others(asking: Asking) -> None:
    await payload(asking, "addCourseToContract", contract=ONE, course="SourceX+C0x")
    assert await refused(asking, "designateSourceRun", key=key(0)) == [("RUN_OF_CONTRACT", "key")]
    assert await refused(asking, "designateSourceRun", key="x y") == [("BAD_COURSE_KEY", "key")]
    assert await code(asking, "designateSourceRun", ADMIN, key="course-v1:A+B+C") == "NOT_FOUND"


# Removal


async def made(asking: Asking, database: Database, number: int = 0, state: RerunState = RerunState.READY) -> str:
    """The key of a run of contract 1 that is in some state, and that no job is about."""
    await payload(asking, "addCourseToContract", contract=ONE, course=f"SourceX+C{number}x")
    await settle(database, state)
    return key(number)


async def settle(database: Database, state: RerunState = RerunState.READY) -> None:
    """Have all runs made, and all jobs over."""
    async with database.writing() as session:
        await session.execute(update(Rerun).values(state=state, remembered='{"clones": 1}'))
        await session.execute(update(Job).values(finished_at=now(), state="succeeded"))


async def test_a_run_without_learners_is_no_contracts_any_more_and_nobody_finds_it(
    asking: Asking, database: Database
) -> None:
    """X3: but it never becomes a public one. Learners of other runs are none of its own."""
    run = await made(asking, database)
    await enroll(database, await made(asking, database, 1), "ada")
    found = await payload(asking, "removeCourseRunFromContract", contract=ONE, courseRun=run)
    assert found["removedCourseRuns"] == [
        {"key": run, "outcome": "UNLINKED", "courseRun": {"key": run, "contract": None, "canBeJoined": False}}
    ]
    assert await asking.data(f'{{ courseRun(key: "{run}") {{ key }} }}', viewer=LEARNER) == {"courseRun": None}
    [row] = await rows(database, select(CourseRun).where(CourseRun.key == run))
    assert row.retired_at == row.enrollment_end is not None
    kinds = await rows(database, select(Job.kind).where(Job.key == run).order_by(Job.id))
    assert kinds == ["RERUN", "CONFIGURE_RUN"]
    assert await refused(asking, "addCourseToContract", contract=ONE, course="SourceX+C0x") == [
        ("KEY_CONFLICT", "course")
    ]


async def test_a_run_with_learners_stays_the_contracts(asking: Asking, database: Database) -> None:
    """X4."""
    run = await made(asking, database)
    await enroll(database, run, "ada")
    await enroll(database, run, "bob", is_active=False)
    found = await payload(asking, "removeCourseRunFromContract", contract=ONE, courseRun=run)
    assert found["removedCourseRuns"] == [
        {"key": run, "outcome": "KEPT", "courseRun": {"key": run, "contract": {"id": ONE}, "canBeJoined": False}}
    ]
    assert await refused(asking, "removeCourseRunFromContract", contract=ONE, courseRun=run) == [
        ("NOT_IN_CONTRACT", "courseRun")
    ]
    assert await refused(asking, "addCourseToContract", contract=ONE, course="SourceX+C0x") == [
        ("KEY_CONFLICT", "course")
    ]


async def test_a_run_that_is_taken_out_before_it_opens_never_opens(asking: Asking, database: Database) -> None:
    """X3: its enrollment would end before it began, which Studio refuses."""
    text = written("updateContract", "__typename")
    await asking.data(text, {"input": {"id": ONE, "startDate": "2999-01-01"}}, viewer=ADMIN)
    run = await made(asking, database)
    await payload(asking, "removeCourseRunFromContract", contract=ONE, courseRun=run)
    [row] = await rows(database, select(CourseRun).where(CourseRun.key == run))
    assert row.enrollment_start == row.enrollment_end == row.retired_at


async def test_a_run_that_never_was_in_open_edx_is_forgotten(asking: Asking, database: Database) -> None:
    run = await made(asking, database, state=RerunState.FAILED)
    async with database.writing() as session:
        await session.execute(update(Rerun).values(remembered="{}"))
    found = await payload(asking, "removeCourseRunFromContract", contract=ONE, courseRun=run)
    assert found["removedCourseRuns"] == [{"key": run, "outcome": "DELETED", "courseRun": None}]
    assert await results(asking, "addCourseToContract", contract=ONE, course="SourceX+C0x") == [
        ("SourceX+C0x", "CREATE", run)
    ]


async def test_a_run_that_is_being_made_is_left_alone(asking: Asking, database: Database) -> None:
    """One that nobody makes any more is not, whatever else is being made."""
    await payload(asking, "addProgramToContract", contract=ONE, program=P[0])
    assert await refused(asking, "removeCourseRunFromContract", contract=ONE, courseRun=key(0)) == [
        ("RERUN_IN_PROGRESS", "courseRun")
    ]
    async with database.writing() as session:
        await session.execute(update(Job).where(Job.key == key(0)).values(finished_at=now(), state="canceled"))
    found = await payload(asking, "removeCourseRunFromContract", contract=ONE, courseRun=key(0))
    assert [each["outcome"] for each in found["removedCourseRuns"]] == ["DELETED"]


async def test_a_run_whose_making_was_given_up_can_be_taken_out(asking: Asking, database: Database) -> None:
    """It is PLANNED, but no job is about it any more; and it never had a time from which on learners enroll."""
    run = await made(asking, database, state=RerunState.PLANNED)
    async with database.writing() as session:
        await session.execute(update(CourseRun).where(CourseRun.key == run).values(enrollment_start=None))
    found = await payload(asking, "removeCourseRunFromContract", contract=ONE, courseRun=run)
    assert [each["outcome"] for each in found["removedCourseRuns"]] == ["UNLINKED"]
    [row] = await rows(database, select(CourseRun).where(CourseRun.key == run))
    assert row.enrollment_start is None
    assert row.enrollment_end == row.retired_at is not None


async def test_a_run_of_another_contract_is_not_touched(asking: Asking, database: Database) -> None:
    """X7: removing it "from contract 2" deactivated it all the same."""
    run = await made(asking, database)
    for other in (run, "course-v1:UAI_SOURCE+C0x+SOURCE", "course-v1:No+Such+Run"):
        assert await refused(asking, "removeCourseRunFromContract", contract="Contract:2", courseRun=other) == [
            ("NOT_IN_CONTRACT", "courseRun")
        ]
    assert await refused(asking, "removeCourseRunFromContract", contract=ONE, courseRun="nonsense") == [
        ("BAD_COURSE_KEY", "courseRun")
    ]
    [row] = await rows(database, select(CourseRun).where(CourseRun.key == run))
    assert (row.contract_id, row.retired_at, row.pacing, row.origin) == (1, None, Pacing.SELF, RunOrigin.RERUN)


@pytest.mark.parametrize("with_runs", [False, True])
async def test_a_program_is_taken_out_with_the_runs_that_came_through_it_alone(
    asking: Asking, database: Database, with_runs: bool
) -> None:
    """X1: runs stay unless asked for; those of courses that another program has, or that were added alone, do."""
    await payload(asking, "addCourseToContract", contract=ONE, course="SourceX+C1x")
    for number in (1, 0):
        await payload(asking, "addProgramToContract", contract=ONE, program=P[number])
    await payload(asking, "addProgramToContract", contract="Contract:2", program=P[0])
    await settle(database)
    given = {"contract": ONE, "program": P[0]}
    found = await payload(asking, "removeProgramFromContract", **given, withRuns=with_runs)
    assert found["contract"]["programs"] == [{"name": "Program 1"}]
    expected = [{"key": key(0), "outcome": "UNLINKED"}] if with_runs else []
    assert found["removedCourseRuns"] == expected
    assert await refused(asking, "removeProgramFromContract", **given) == [("NOT_IN_CONTRACT", "program")]
    through = select(ContractCourse.contract_id, Program.name).join(Program, Program.id == ContractCourse.program_id)
    assert set(await rows(database, through)) == {(1, "Program 1"), (2, "Program 0")}, "what came otherwise is kept"


# Drift

DRIFT = '{ contract(id: "Contract:1") { drift { program { name } course { key } change } } }'


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_a_program_has_gained_and_lost_is_told_and_synchronized(asking: Asking, database: Database) -> None:
    """P9: later changes of a program do not reach contracts by themselves."""

    async def drift() -> list[tuple[str, str]]:
        found = (await asking.data(DRIFT, viewer=ADMIN))["contract"]["drift"]
        assert {each["program"]["name"] for each in found} <= {"Program 1"}
        return [(each["course"]["key"], each["change"]) for each in found]

    assert await refused(asking, "syncContractProgram", contract=ONE, program=P[1]) == [("NOT_IN_CONTRACT", "program")]
    await payload(asking, "addProgramToContract", contract=ONE, program=P[1])
    assert await drift() == [("SourceX+C4x", "ADDED")]
    await payload(asking, "addCourseToContract", contract=ONE, course="SourceX+C1x")
    async with database.writing() as session:
        ids = dict((await session.execute(select(Course.readable_id, Course.id))).all())
        swap = update(ProgramRequirement).where(ProgramRequirement.course_id == ids["SourceX+C3x"])
        await session.execute(swap.values(course_id=ids["SourceX+C0x"]))
    assert await drift() == [("SourceX+C0x", "ADDED"), ("SourceX+C4x", "ADDED"), ("SourceX+C3x", "DROPPED")]
    found = await results(asking, "syncContractProgram", contract=ONE, program=P[1])
    assert [outcome for _, outcome, _ in found] == ["EXISTS", "CREATE", "NO_SOURCE"]
    assert await drift() == [("SourceX+C4x", "ADDED")]
    keys = await rows(database, select(CourseRun.key).where(CourseRun.contract_id == 1))
    assert sorted(keys) == [key(0), key(1), key(2), key(3)]
    alone = select(ContractCourse.course_id).where(ContractCourse.program_id.is_(None))
    assert await rows(database, alone) == [ids["SourceX+C1x"]], "what did not come through the program is kept"


async def test_drift_is_for_those_who_look_after_the_contract(asking: Asking, database: Database) -> None:
    await payload(asking, "addProgramToContract", contract=ONE, program=P[1])
    async with database.writing() as session:
        mit = await session.scalar(select(Organization.id).where(Organization.key == "MIT"))
        session.add(OrganizationManager(organization_id=mit, username="manager", added_by="admin"))
        session.add(ContractMember(contract_id=1, username="learner", added_by="admin"))
    assert len((await asking.data(DRIFT, viewer=MANAGER))["contract"]["drift"]) == 1
    assert (await asking.data(DRIFT, viewer=LEARNER))["contract"]["drift"] == []


# Dates, and trying again


async def test_new_dates_of_a_contract_are_offered_and_applied(asking: Asking, database: Database) -> None:
    """C4."""
    for number in (0, 1):
        await made(asking, database, number)
    text = written("updateContract", "dateChanges { key newStart newEnd courseRun { key } }")
    given: dict[str, Any] = {"id": ONE, "startDate": "2027-01-01", "endDate": "2027-12-31"}
    data = await asking.data(text, {"input": given}, viewer=ADMIN)
    offered = data["payload"]["dateChanges"]
    assert [(each["key"], each["newStart"], each["newEnd"]) for each in offered] == [
        (key(number), "2027-01-01T00:00:00Z", "2027-12-31T23:59:59Z") for number in (0, 1)
    ]
    query = '{ contractDateChanges(contract: "Contract:1") { key newStart newEnd courseRun { key } } }'
    assert (await asking.data(query, viewer=ADMIN))["contractDateChanges"] == offered
    apply = written("applyContractDates", "dateChanges { key courseRun { start end enrollmentStart enrollmentEnd } }")
    given = {"contract": ONE, "courseRuns": [key(1)]}
    [applied] = (await asking.data(apply, {"input": given}, viewer=ADMIN))["payload"]["dateChanges"]
    dates = {"start": "2027-01-01T00:00:00Z", "end": "2027-12-31T23:59:59Z"}
    assert applied["courseRun"] == dates | {
        "enrollmentStart": dates["start"], "enrollmentEnd": dates["end"],
    }  # fmt: skip
    assert [each["key"] for each in (await asking.data(query, viewer=ADMIN))["contractDateChanges"]] == [key(0)]
    kinds = await rows(database, select(Job.kind).where(Job.finished_at.is_(None)))
    assert kinds == ["CONFIGURE_RUN"]
    given["courseRuns"] = [key(3)]
    data = await asking.data(apply, {"input": given}, viewer=ADMIN)
    assert data["payload"]["userErrors"][0]["code"] == "NOT_IN_CONTRACT"
    given["courseRuns"] = [key(0), "nonsense"]
    data = await asking.data(apply, {"input": given}, viewer=ADMIN)
    [error] = data["payload"]["userErrors"]
    assert (error["code"], error["field"]) == ("BAD_COURSE_KEY", ["courseRuns", "1"])
    given["courseRuns"] = [key(1)]
    data = await asking.data(apply, {"input": given}, viewer=ADMIN)
    assert data["payload"] == {"dateChanges": [], "userErrors": []}
    assert await rows(database, select(Job.kind).where(Job.finished_at.is_(None))) == kinds


async def test_all_runs_get_the_dates_but_those_that_were_taken_out(asking: Asking, database: Database) -> None:
    """C4: the runs that nobody can join any more keep the dates of their end."""
    for number in range(3):
        await made(asking, database, number)
    await enroll(database, key(2), "ada")
    await payload(asking, "removeCourseRunFromContract", contract=ONE, courseRun=key(2))
    text = written("updateContract", "dateChanges { key }")
    data = await asking.data(text, {"input": {"id": ONE, "endDate": "2999-12-31"}}, viewer=ADMIN)
    offered = data["payload"]["dateChanges"]
    assert [each["key"] for each in offered] == [key(0), key(1)]
    apply = written("applyContractDates", "dateChanges { key }")
    for expected in (offered, list[Any]()):
        data = await asking.data(apply, {"input": {"contract": ONE}}, viewer=ADMIN)
        assert data["payload"] == {"dateChanges": expected, "userErrors": []}
    told = await rows(database, select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(2))
    assert told == ["apply dates", "update"]


async def test_a_run_that_failed_is_tried_again(asking: Asking, database: Database) -> None:
    run = await made(asking, database, state=RerunState.FAILED)
    retried = written("retryRerun", "courseRun { key rerun { state } }")
    for _ in range(2):
        data = await asking.data(retried, {"input": {"key": run}}, viewer=ADMIN)
        assert data["payload"]["courseRun"]["key"] == run
    unfinished = await rows(database, select(Job.kind).where(Job.finished_at.is_(None)))
    assert unfinished == ["RERUN"]
    await settle(database)
    data = await asking.data(retried, {"input": {"key": run}}, viewer=ADMIN)
    assert data["payload"]["userErrors"][0]["code"] == "INVALID"
    assert await code(asking, "retryRerun", ADMIN, key="course-v1:UAI_SOURCE+C0x+SOURCE") == "NOT_FOUND"


async def test_a_run_that_was_taken_out_is_not_made_again(asking: Asking, database: Database) -> None:
    """It may be the contract's still, for the learners whom it has."""
    run = await made(asking, database, state=RerunState.FAILED)
    await enroll(database, run, "ada")
    await payload(asking, "removeCourseRunFromContract", contract=ONE, courseRun=run)
    found = await asking.data(written("retryRerun", "courseRun { key }"), {"input": {"key": run}}, viewer=ADMIN)
    [error] = found["payload"]["userErrors"]
    assert (error["code"], error["message"]) == ("INVALID", f"the run {run} was taken out of its contract")


async def test_a_comparison_with_open_edx_is_a_job(asking: Asking) -> None:
    compared = written("reconcileContract", "job { id kind subject state requestedBy }")
    given = {"input": {"contract": ONE, "repair": True}}
    first = (await asking.data(compared, given, viewer=ADMIN))["payload"]["job"]
    assert (first["kind"], first["subject"], first["state"]) == ("RECONCILE_CONTRACT", ONE, "QUEUED")
    assert (await asking.data(compared, given, viewer=ADMIN))["payload"]["job"] == first


async def test_a_source_of_future_runs_is_not_taken_out(asking: Asking, database: Database) -> None:
    run = await made(asking, database)
    async with database.writing() as session:
        await session.execute(update(CourseRun).where(CourseRun.key == run).values(is_designated=True))
    assert await refused(asking, "removeCourseRunFromContract", contract=ONE, courseRun=run) == [
        ("SOURCE_RUN_PROTECTED", "courseRun")
    ]


async def test_a_program_that_is_not_there_is_neither_added_nor_taken_out(asking: Asking) -> None:
    given = {"contract": ONE, "program": "Program:00000000-0000-4000-8000-00000000ffff"}
    for mutation in ("addProgramToContract", "removeProgramFromContract"):
        assert await refused(asking, mutation, **given) == [("PROGRAM_UNKNOWN", "program")]
