"""How many SELECTs a selection takes: as many as it has levels, or one below a single object, whatever the rows."""

from collections.abc import Iterator

import pytest
from graphql import GraphQLObjectType, get_named_type
from sqlalchemy import BigInteger, select

from db.engine import Database
from db.tables import Program
from db.types import any_of
from resolvers.plan.sources import Many, One, Paged, noun_of, source_of
from resolvers.plan.statements import keys_parameter, render, rows_for
from schema import schema
from tests.asking import ADMIN, Asking
from tests.catalog import fill, uuid

TYPES = schema()._schema.type_map
LISTS = {"Organization": "organizations", "Course": "courses", "CourseRun": "courseRuns", "Program": "programs"}


def relations() -> Iterator[tuple[str, str]]:
    """Every field of a listed noun that leads to another noun, with a selection below it, from the schema itself."""
    for name in LISTS:
        kind = TYPES[name]
        assert isinstance(kind, GraphQLObjectType)
        for field, definition in kind.fields.items():
            source = source_of(definition)
            if isinstance(source, Paged):
                yield name, f"{field} {{ totalCount nodes {{ __typename }} edges {{ cursor }} }}"
            elif isinstance(source, Many | One):
                yield name, f"{field} {{ __typename }}"


@pytest.fixture
async def large(database: Database) -> Asking:
    await fill(database, organizations=10, courses=10, runs=2)
    return Asking(database)


async def test_no_relation_takes_more_statements_for_more_parents(large: Asking) -> None:
    for name, selection in relations():
        counts = set()
        for first in (1, 10, 100):
            await large.data(f"{{ {LISTS[name]}(first: {first}) {{ nodes {{ {selection} }} }} }}", viewer=ADMIN)
            counts.add(large.statements)
        assert len(counts) == 1, (name, selection, counts)


@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ("{ __typename }", 0),
        ("{ programs { totalCount } }", 1),
        ("{ programs { nodes { name } } }", 1),
        ("{ programs { nodes { name } edges { node { name } } pageInfo { endCursor } } }", 1),
        ("{ programs { totalCount nodes { name category { slug } } } }", 2),
        ("{ courseRuns { nodes { key course { key organization { key } } parent { key } } } }", 1),
        ("{ programs { nodes { organizations { key } courses { organization { key } runs { nodes { key } } } } } }", 4),
        ("{ courses { nodes { key runs { totalCount nodes { key } } } } }", 1),
        ("{ organizations { nodes { courses { nodes { runs(last: 1) { nodes { key } } } } } } }", 1),
        ("{ courseRuns { nodes { course { runs { nodes { key } } } } } }", 2),
        ("{ programs { nodes { a: courses { key } b: courses { number } } } }", 3),
        ("{ programs { nodes { requirements { children { course { key } requiredProgram { name } } } } } }", 3),
        ('{ nodes(ids: ["Course:Org0X+C0.0x", "Course:Org1X+C0.0x", "Organization:Org0X"]) { id } }', 2),
        (
            f'{{ node(id: "Program:{uuid(1)}") {{ ... on Program {{ courses {{ key }} }} ... on Course {{ key }} }} }}',
            1,
        ),
        (
            f"""{{ program(id: "Program:{uuid(1)}") {{ organizations {{ key }} courses {{ organization {{ key }}
                runs(first: 2) {{ totalCount nodes {{ key }} edges {{ cursor }} }} }} }} }}""",
            1,
        ),
        ('{ organization(key: "nobody") { courses { nodes { runs { nodes { key } } } } } }', 1),
    ],
)
async def test_each_level_is_one_statement(asking: Asking, query: str, statements: int) -> None:
    await asking.data(query)

    assert asking.statements == statements


async def test_chains_of_single_relations_split_before_a_database_runs_out_of_joins(asking: Asking) -> None:
    selection = "key"
    for _ in range(20):
        selection = f"key parent {{ {selection} }}"

    data = await asking.data(f"{{ courseRuns(first: 2) {{ nodes {{ {selection} }} }} }}")

    assert [node["parent"] for node in data["courseRuns"]["nodes"]] == [None, None]
    assert asking.statements <= 4


async def test_a_selection_that_is_too_deep_is_refused(asking: Asking) -> None:
    selection = "key"
    for _ in range(30):
        selection = f"key parent {{ {selection} }}"

    error = await asking.error(f"{{ courseRuns {{ nodes {{ {selection} }} }} }}")

    assert "24 objects deep" in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


def test_every_field_of_every_noun_says_where_it_comes_from() -> None:
    nouns = [kind for kind in TYPES.values() if isinstance(kind, GraphQLObjectType) and noun_of(kind)]

    assert {"Organization", "Course", "CourseRun", "Program"} <= {kind.name for kind in nouns}
    for kind in nouns:
        for name, field in kind.fields.items():
            assert source_of(field) is not None, f"{kind.name}.{name}"


def test_every_relation_leads_to_a_noun() -> None:
    for name, selection in relations():
        kind = TYPES[name]
        assert isinstance(kind, GraphQLObjectType)
        target = get_named_type(kind.fields[selection.split()[0]].type)
        if target.name.endswith("Connection"):
            assert isinstance(target, GraphQLObjectType)
            target = get_named_type(target.fields["nodes"].type)
        assert noun_of(target) is not None


async def test_what_several_rows_share_is_not_read_twice_below_a_single_object(asking: Asking) -> None:
    query = f"""{{ program(id: "Program:{uuid(1)}") {{ runModes {{ modeSlug courseRun {{ key
        programs(first: 2) {{ totalCount nodes {{ name }} edges {{ node {{ name }} }} }} }} }} }} }}"""

    modes = (await asking.data(query))["program"]["runModes"]

    names = [{"name": "Program 1"}, {"name": "Program 2"}]
    assert [mode["modeSlug"] for mode in modes] == ["verified", "audit"] * 2
    assert all(mode["courseRun"]["programs"]["nodes"] == names for mode in modes)
    assert all(mode["courseRun"]["programs"]["totalCount"] == 4 for mode in modes)
    assert asking.statements == 1


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_a_statement_for_one_key_is_planned_once(asking: Asking) -> None:
    """To plan a statement of many tables for each learner anew took longer than to run it."""
    query = select(Program.id).where(any_of(Program.id, keys_parameter(BigInteger())))
    async with asking.database.reading() as snapshot:
        for key in [1, 2] * 5:
            [*rows] = await rows_for(snapshot, asking.database.dialect, query, [key])
            assert [row[0] for row in rows] == [key]
        kept = "SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE '%)[1]'"

        assert [row[0] for row in await snapshot.fetch(kept)] == [5]


def test_a_list_that_is_rendered_when_it_runs_is_no_part_of_a_planned_statement(database: Database) -> None:
    with pytest.raises(TypeError, match="use any_of"):
        render(select(Program.id).where(Program.id.in_([1, 2])), database.dialect, {})
