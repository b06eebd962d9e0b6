"""Values that could not be had: found in a finished answer, made errors with their paths, and nulled upwards.

The rules are those of the GraphQL specification ("Handling Execution Errors"): an error makes its field null, and a
null in a non-null place makes the object or list around it null in turn. Only answers that hold a fault come here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_leaf_type,
)

from resolvers.plan.selection import Document, selection_sets


@dataclass(frozen=True)
class Fault:
    """Stands where a value should be."""

    error: Exception


class Typed(dict[str, Any]):
    """An object whose type its place does not tell: one of an interface or a union."""

    def __init__(self, kind: str, members: dict[str, Any]) -> None:
        super().__init__(members)
        self.kind = kind


class _Nulled(Exception):
    """A null that the place around it has to take over."""


class Completion:
    """Completes one field's answer: `value` has nulls for faults then, and `errors` says why and where."""

    def __init__(self, document: Document, parent: str, nodes: Sequence[FieldNode]) -> None:
        self.errors: list[GraphQLError] = []
        self._document = document
        self._field = f"{parent}.{nodes[0].name.value}"
        self._nodes = nodes

    def complete(self, kind: GraphQLOutputType, value: Any, path: Sequence[str | int]) -> Any:
        """The value without faults; None also where a null rose above a non-null root field: then it has an error."""
        try:
            return self._complete(kind, value, list(path), self._nodes, self._field)
        except _Nulled:
            return None

    def _complete(
        self, kind: GraphQLOutputType, value: Any, path: list[str | int], nodes: Sequence[FieldNode], field: str
    ) -> Any:
        if isinstance(kind, GraphQLNonNull):
            done = self._inner(kind.of_type, value, path, nodes, field)
            if done is None:
                self._add(TypeError(f"Cannot return null for non-nullable field {field}."), path, nodes)
                raise _Nulled
            return done
        try:
            return self._inner(kind, value, path, nodes, field)
        except _Nulled:
            return None

    def _inner(self, kind: Any, value: Any, path: list[str | int], nodes: Sequence[FieldNode], field: str) -> Any:
        if isinstance(value, Fault):
            self._add(value.error, path, nodes)
            raise _Nulled
        if value is None or is_leaf_type(kind):
            return value
        if isinstance(kind, GraphQLList):
            return [
                self._complete(kind.of_type, item, [*path, index], nodes, field) for index, item in enumerate(value)
            ]
        if isinstance(value, Typed):
            kind = self._document.schema.type_map[value.kind]
        return self._object(kind, value, path, nodes)

    def _object(
        self, kind: GraphQLObjectType, value: dict[str, Any], path: list[str | int], nodes: Sequence[FieldNode]
    ) -> dict[str, Any]:
        done: dict[str, Any] = {}
        for key, merged in self._document.fields(kind, selection_sets(nodes)).items():
            name = merged[0].name.value
            if name == "__typename":
                done[key] = value[key]
            else:
                definition = kind.fields[name]
                done[key] = self._complete(definition.type, value[key], [*path, key], merged, f"{kind.name}.{name}")
        return done

    def _add(self, error: Exception, path: list[str | int], nodes: Sequence[FieldNode]) -> None:
        self.errors.append(GraphQLError(str(error), nodes, path=path, original_error=error))
