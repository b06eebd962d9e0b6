"""A walk over all that has a name in a schema."""

from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_scalar_type,
)

Member = GraphQLField | GraphQLInputField | GraphQLArgument | GraphQLEnumValue


def types_of(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    """The types that are not GraphQL's own."""
    return {
        name: kind
        for name, kind in schema.type_map.items()
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
    }


def members_of(schema: GraphQLSchema) -> Iterator[tuple[str, Member]]:
    """All that can be named in a type: fields, arguments, input fields and enum values, by their coordinates."""
    for name, kind in types_of(schema).items():
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value}", definition) for value, definition in kind.values.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, definition in kind.fields.items():
                yield f"{name}.{field}", definition
                yield from ((f"{name}.{field}({argument}:)", each) for argument, each in definition.args.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{field}", definition) for field, definition in kind.fields.items())
