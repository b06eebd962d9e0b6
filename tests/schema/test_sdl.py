"""The committed schema, and the conventions that all of it keeps (design §5)."""

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_introspection_type,
    is_non_null_type,
    is_specified_scalar_type,
)

from schema import schema, sdl

COMMITTED = Path(__file__).parents[2] / "schema.graphql"
TYPES = [
    kind
    for kind in schema()._schema.type_map.values()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
]


def test_the_committed_schema_is_the_code_s() -> None:
    assert COMMITTED.read_text() == sdl(), "run 'make schema'"


def test_everything_has_a_description_that_is_a_sentence() -> None:
    described = {kind.name: kind.description for kind in TYPES}
    for kind in TYPES:
        if isinstance(kind, GraphQLEnumType):
            described |= {f"{kind.name}.{name}": value.description for name, value in kind.values.items()}
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for name, field in kind.fields.items():
                described[f"{kind.name}.{name}"] = field.description
                for argument, definition in getattr(field, "args", {}).items():
                    described[f"{kind.name}.{name}({argument})"] = definition.description

    bad = {name: text for name, text in described.items() if not text or not text.rstrip("`").endswith(".")}
    assert not bad
    assert len(described) > 100


def test_root_fields_are_nullable_so_that_one_that_fails_leaves_the_others() -> None:
    query = schema()._schema.query_type
    assert query is not None

    assert [name for name, field in query.fields.items() if is_non_null_type(field.type)] == []


def test_connections_and_edges_have_the_shape_of_relay() -> None:
    connections = [k for k in TYPES if isinstance(k, GraphQLObjectType) and k.name.endswith("Connection")]

    assert len(connections) >= 4
    for kind in connections:
        assert set(kind.fields) == {"edges", "nodes", "pageInfo", "totalCount"}
        edge = get_named_type(kind.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        assert set(edge.fields) == {"cursor", "node"}
        assert edge.name == kind.name.removesuffix("Connection") + "Edge"


def test_no_public_status_is_called_deleted() -> None:
    """spec/programs.md, "ProgramUser" and "Program Lifecycle": deleted is internal."""
    status = schema()._schema.type_map["ProgramStatus"]

    assert isinstance(status, GraphQLEnumType)
    assert list(status.values) == ["UNPUBLISHED", "ACTIVE", "RETIRED"]
