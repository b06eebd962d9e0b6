"""The committed schema."""

from pathlib import Path

from graphql import GraphQLEnumType

from schema import schema, sdl

COMMITTED = Path(__file__).parents[2] / "schema.graphql"


def test_the_committed_schema_is_the_code_s() -> None:
    assert COMMITTED.read_text() == sdl(), "run 'make schema'"


def test_no_public_status_is_called_deleted() -> None:
    """spec/programs.md, "ProgramUser" and "Program Lifecycle": deleted is internal."""
    status = schema()._schema.type_map["ProgramStatus"]

    assert isinstance(status, GraphQLEnumType)
    assert list(status.values) == ["UNPUBLISHED", "ACTIVE", "RETIRED"]
