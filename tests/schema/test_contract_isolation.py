"""A contract's runs appear to its members, its managers and staff, on whatever edge.

spec/b2b-courseware.md: "we do not generally allow intermingling between learners in separate contracts or in other
organizations".
"""

from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from db.engine import Database
from db.tables import Contract, CourseRun, Program, ProgramCourseRunMode, now
from resolvers.access import Viewer
from resolvers.features import Feature
from schema import schema
from server.execution import Executor
from tests.asking import ADMIN, ANONYMOUS, AUTHOR, LEARNER, Asking
from tests.catalog import uuid
from tests.conftest import DIALECTS
from tests.contracts import (
    CONTRACT_RUNS,
    FOREIGN,
    MANAGER,
    MEMBER,
    ORPHAN,
    OTHER,
    PLANNED,
    READY,
    SOURCE,
    STAFF,
    add_contracts,
    enroll,
)

RUN = """
fragment run on CourseRun {
  key
  contract { id }
  rerun { state requestedBy log { nodes { detail } } }
  clonedFrom { key children { nodes { key } } }
  parent { key children(first: 50) { totalCount nodes { key } } }
  children { totalCount nodes { key } }
  course { runs(first: 100) { nodes { key } } }
  programs { nodes { runModes { courseRun { key } } } }
}
"""
CONTRACT = """
fragment contract on Contract {
  id
  members { nodes { username } }
  courseRuns { totalCount nodes { key contract { id } } }
  organization { managers { nodes { username } } }
  offered: programs { name }
}
"""
EDGES = [
    """query { courseRuns(first: 100) { totalCount nodes { ...run } edges { node { key } } } }""" + RUN,
    """query ($keys: [ID!]!) { nodes(ids: $keys) { id ... on CourseRun { ...run } ... on Contract { ...contract } } }"""
    + RUN
    + CONTRACT,
    """query {
      searched: courseRuns(filter: { search: "c" }, first: 100) { nodes { key } }
      made: courseRuns(filter: { rerunState: [READY, PLANNED] }) { totalCount nodes { key } }
      of1: courseRuns(filter: { contract: "Contract:1" }) { totalCount nodes { key } }
      of2: courseRuns(filter: { contract: "Contract:2" }) { totalCount nodes { key } }
      courses(first: 100) { nodes { runs(first: 100) { totalCount nodes { key } } sourceRuns { nodes { key } } } }
    }""",
    """query {
      organizations { nodes {
        contracts { totalCount nodes { ...contract } }
        managers { nodes { username } }
        courses { nodes { runs { nodes { key } } } }
      } }
      contracts { nodes { ...contract } }
    }"""
    + CONTRACT,
    """query {
      programs { nodes { runModes { courseRun { key } } courses { runs { nodes { key } } } } }
      viewer { programs { nodes { program { runModes { courseRun { key } } } } } }
    }""",
]
IDS = [f"CourseRun:{key}" for key in (*CONTRACT_RUNS, SOURCE)] + ["Contract:1", "Contract:2"]


@pytest.fixture
def dialect() -> str:
    """Who sees what is said in one predicate; where it is put, a test on both databases sees."""
    return "sqlite"


async def answers(asking: Asking, viewer: Viewer) -> str:
    """All that a viewer is answered."""
    found = [await asking.data(query, {"keys": IDS} if "$keys" in query else {}, viewer=viewer) for query in EDGES]
    return orjson.dumps(found).decode()


SEEN = [
    (LEARNER, set[str](), set[int]()),
    (AUTHOR, {SOURCE}, set[int]()),
    (MEMBER, {READY}, {1}),
    (OTHER, {FOREIGN}, {2}),
    (MANAGER, {READY, PLANNED}, {1}),
    (STAFF, {READY, PLANNED, SOURCE}, {1}),
    (ADMIN, {READY, PLANNED, FOREIGN, ORPHAN, SOURCE}, {1, 2}),
]
"""The runs and the contracts that each of them may see."""


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_edge_leads_to_the_same_runs_and_contracts(asking: Asking, database: Database) -> None:
    await add_contracts(database)
    for viewer, seen, contracts in SEEN:
        text = await answers(asking, viewer)

        shown = {key for key in (*CONTRACT_RUNS, SOURCE) if f'"key":"{key}"' in text}
        assert shown == seen == {key for key in (*CONTRACT_RUNS, SOURCE) if key in text}, viewer
        assert {number for number in (1, 2) if f'"Contract:{number}"' in text} == contracts, viewer


@pytest.mark.parametrize(
    ("viewer", "names"), [(MEMBER, {"member"}), (OTHER, {"other"}), (MANAGER, {"member", "manager"}), (LEARNER, set())]
)
async def test_members_see_no_other_members_and_managers_only_their_own(
    asking: Asking, database: Database, viewer: Viewer, names: set[str]
) -> None:
    await add_contracts(database)
    query = """{ contracts { nodes { members { nodes { username } } } }
      organizations { nodes { managers { nodes { username } } } } }"""
    text = orjson.dumps(await asking.data(query, viewer=viewer)).decode()
    people = {"member", "other", "manager", "staff"}
    assert {name for name in people if f'"username":"{name}"' in text} == names


async def test_counts_tell_nothing_of_hidden_runs(asking: Asking, database: Database) -> None:
    before = await asking.data("{ courseRuns { totalCount } }")
    await add_contracts(database)
    assert await asking.data("{ courseRuns { totalCount } }") == before
    found = await asking.data('{ courseRuns(filter: { contract: "Contract:1" }) { totalCount } }', viewer=OTHER)
    assert found == {"courseRuns": {"totalCount": 0}}


@pytest.mark.parametrize("key", CONTRACT_RUNS)
async def test_a_hidden_run_is_answered_as_one_that_is_not_there(asking: Asking, database: Database, key: str) -> None:
    await add_contracts(database)
    query = "query ($key: String!, $id: ID!) { courseRun(key: $key) { key } node(id: $id) { id } }"
    for viewer in (LEARNER, AUTHOR):
        response = await asking.response(query, {"key": key, "id": f"CourseRun:{key}"}, viewer=viewer)
        assert response == {"data": {"courseRun": None, "node": None}}


@pytest.mark.parametrize(
    "columns", [{"is_enabled": False}, {"start": now().replace(year=2999)}, {"end": now().replace(year=2000)}]
)
async def test_members_see_a_contract_and_its_runs_while_it_is_in_effect(
    asking: Asking, database: Database, columns: dict[str, Any]
) -> None:
    """A contract that is switched off, over or still to come is not shown to learners; its manager sees it."""
    await add_contracts(database)
    query = '{ contracts { nodes { number } } courseRuns(filter: { contract: "Contract:1" }) { nodes { key } } }'
    assert (await asking.data(query, viewer=MEMBER))["contracts"]["nodes"] == [{"number": 1}]
    async with database.writing() as session:
        await session.execute(update(Contract).where(Contract.id == 1).values(**columns))

    assert await asking.data(query, viewer=MEMBER) == {"contracts": {"nodes": []}, "courseRuns": {"nodes": []}}
    assert len((await asking.data(query, viewer=MANAGER))["courseRuns"]["nodes"]) == 2


async def test_a_program_that_has_a_contracts_run_shows_it_to_nobody_else(asking: Asking, database: Database) -> None:
    """Programs refuse such runs; one that got there all the same is left out rather than shown, or in the way."""
    await add_contracts(database)
    async with database.writing() as session:
        program = await session.scalar(select(Program.id).where(Program.uuid == uuid(1)))
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key == READY))
        session.add(ProgramCourseRunMode(program_id=program, course_run_id=run, mode_slug="audit"))
    query = f'{{ program(id: "Program:{uuid(1)}") {{ runModes {{ courseRun {{ key }} }} }} }}'

    sizes = [
        len((await asking.data(query, viewer=viewer))["program"]["runModes"]) for viewer in (LEARNER, MEMBER, ADMIN)
    ]
    assert sizes == [4, 5, 5]


async def test_learners_may_not_join_a_run_before_it_is_ready_nor_a_full_contracts(
    asking: Asking, database: Database
) -> None:
    """Enrollable only when READY; the seats of contract 1 are two."""
    await add_contracts(database)
    query = "query ($key: String!) { courseRun(key: $key) { canBeJoined } }"

    async def joined(key: str, viewer: Viewer) -> Any:
        return (await asking.data(query, {"key": key}, viewer=viewer))["courseRun"]["canBeJoined"]

    assert [await joined(key, ADMIN) for key in (READY, PLANNED, ORPHAN, SOURCE)] == [True, False, False, False]
    assert await joined("course-v1:Org0X+C0.0x+R0", LEARNER) is True
    await enroll(database, READY, "member", "somebody")
    assert await joined(READY, MEMBER) is False


async def test_where_contracts_are_off_nobody_finds_any(asking: Asking, database: Database) -> None:
    await add_contracts(database)
    asking.executor = Executor(schema(), database, features=set(Feature) - {Feature.CONTRACTS})
    for viewer in (ADMIN, MEMBER, MANAGER, STAFF):
        text = await answers(asking, viewer)
        assert not [key for key in CONTRACT_RUNS if key in text]
        assert '"Contract:' not in text


async def test_whoever_is_not_signed_in_is_asked_to(asking: Asking, database: Database) -> None:
    await add_contracts(database)
    error = await asking.error("{ contracts { totalCount } }", viewer=ANONYMOUS)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
