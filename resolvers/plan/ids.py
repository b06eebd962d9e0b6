"""Global ids: a type's name, a colon, and the immutable public key (`Course:MITx+6.002x`)."""

from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema

from resolvers.errors import BadUserInput
from resolvers.plan.sources import noun_of


def parse(schema: GraphQLSchema, text: str) -> tuple[GraphQLObjectType, Any]:
    """The type and the key that a global id names, whether there is such an object or not. Raises BadUserInput."""
    name, _, key = text.partition(":")
    kind = schema.type_map.get(name)
    noun = noun_of(kind) if isinstance(kind, GraphQLObjectType) and kind.interfaces else None
    if not isinstance(kind, GraphQLObjectType) or noun is None or not _is_key(key):
        raise BadUserInput(f"id: '{text[:100]}' is not an id that this server gives; they look like 'Type:key'")
    return kind, noun.parse(key)


def parse_key(name: str, text: str) -> str:
    """The key in a global id of type `name`. Raises BadUserInput for any other text."""
    found, _, key = text.partition(":")
    if found != name or not _is_key(key):
        raise BadUserInput(f"id: '{text[:100]}' is not the id of a {name}; those look like '{name}:…'")
    return key


def _is_key(text: str) -> bool:
    return bool(text) and "\x00" not in text
