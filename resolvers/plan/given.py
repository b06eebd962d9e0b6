"""Arguments as a plan sees them: what is known when it is made, and how to read the rest when it runs.

A plan is made once for a document and serves every request whose variables have the same shape. So whether an argument
is there, and every enum and boolean, is decided when the plan is made; texts and numbers are read when it runs.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    VariableValues,
    get_nullable_type,
)
from graphql.utilities import coerce_input_literal

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """An argument, or a member of one, that is present and not null.

    `sample` is its value in the request for which the plan is made; `read` gives it for any request of the same shape.
    """

    sample: Any
    read: Callable[[Variables], Any]

    def member(self, name: str) -> "Given | None":
        """The member `name` of an input object, or None where it is absent or null."""
        value = self.sample.get(name)
        if value is None:
            return None
        return Given(value, lambda variables: self.read(variables)[name])

    def members(self) -> dict[str, "Given"]:
        """All members of an input object that are present and not null."""
        found = {name: self.member(name) for name in self.sample}
        return {name: member for name, member in found.items() if member is not None}


def arguments(definition: GraphQLField, node: FieldNode, variables: Variables) -> dict[str, Given]:
    """The arguments of a field that are present and not null, by GraphQL name."""
    nodes = {argument.name.value: argument.value for argument in node.arguments or ()}
    found: dict[str, Given] = {}
    for name, argument in definition.args.items():
        given = _given(nodes.get(name), argument.type, variables)
        if given is not None:
            found[name] = given
    return found


def shape(value: Any) -> Hashable:
    """What of a variable's value a plan depends on: presence, structure, booleans and enums, but no text or number."""
    if value is None or isinstance(value, bool | Enum):
        return value
    if isinstance(value, Mapping):
        return tuple((name, shape(member)) for name, member in sorted(value.items()))
    return type(value) is list


def _given(node: ValueNode | None, kind: Any, variables: Variables) -> Given | None:
    if node is None:
        return None
    if isinstance(node, VariableNode):
        name = node.name.value
        value = variables.get(name)
        return None if value is None else Given(_plain(value), lambda values: _plain(values[name]))
    if isinstance(node, ObjectValueNode):
        return _given_object(node, kind, variables)
    value = _literal(node, kind, variables)
    if value is None or value is Undefined:
        return None
    if _has_variable(node):  # a list literal with variables among its items
        return Given(value, lambda values: _literal(node, kind, values))
    return Given(value, lambda _values: value)


def _given_object(node: ObjectValueNode, kind: Any, variables: Variables) -> Given:
    """An input object written out in the document: each member is a literal or a variable of its own."""
    input_type = get_nullable_type(kind)
    assert isinstance(input_type, GraphQLInputObjectType)  # noqa: S101 -- validation saw to it
    members: dict[str, Given] = {}
    for member in node.fields:
        given = _given(member.value, input_type.fields[member.name.value].type, variables)
        if given is not None:
            members[member.name.value] = given
    return Given(
        {name: given.sample for name, given in members.items()},
        lambda values: {name: given.read(values) for name, given in members.items()},
    )


def _plain(value: Any) -> Any:
    """A coerced value with its enums as the values that the database holds."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    return value


def _literal(node: ValueNode, kind: Any, variables: Variables) -> Any:
    return _plain(coerce_input_literal(node, kind, VariableValues(sources={}, coerced=dict(variables))))


def _has_variable(node: ValueNode) -> bool:
    if isinstance(node, VariableNode):
        return True
    return any(_has_variable(item) for item in getattr(node, "values", ()))
