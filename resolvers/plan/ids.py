"""Global ids: a type's name, a colon, and the immutable public key (`Course:MITx+6.002x`)."""

from graphql import GraphQLObjectType, GraphQLSchema

from resolvers.errors import BadUserInput
from resolvers.plan.sources import noun_of


def parse(schema: GraphQLSchema, text: str) -> tuple[GraphQLObjectType, str]:
    """The type and the key that a global id names, whether there is such an object or not. Raises BadUserInput."""
    name, colon, key = text.partition(":")
    kind = schema.type_map.get(name)
    if not colon or not key or not isinstance(kind, GraphQLObjectType) or noun_of(kind) is None or not kind.interfaces:
        raise BadUserInput(f"id: '{text[:100]}' is not an id that this server gives; they look like 'Type:key'")
    return kind, key


def parse_key(name: str, text: str) -> str:
    """The key in a global id of type `name`. Raises BadUserInput for any other text."""
    found, colon, key = text.partition(":")
    if found != name or not colon or not key:
        raise BadUserInput(f"id: '{text[:100]}' is not the id of a {name}; those look like '{name}:…'")
    return key
