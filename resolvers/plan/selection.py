"""Which fields of an object are selected: fragments opened, `@skip` and `@include` decided, equal keys merged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    NamedTypeNode,
    SelectionNode,
    SelectionSetNode,
    is_abstract_type,
)

from resolvers.plan.given import Variables, arguments


@dataclass(frozen=True)
class Document:
    """What selections are read against: the schema, the document's fragments and the coerced variables."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Variables

    def fields(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """The fields that `sets` select together of an object of type `kind`, by response key, in order."""
        collected: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in sets:
            self._collect(kind, selection_set, collected, visited)
        return collected

    def _collect(
        self,
        kind: GraphQLObjectType,
        selection_set: SelectionSetNode,
        collected: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for selection in selection_set.selections:
            if not self._is_included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = (selection.alias or selection.name).value
                collected.setdefault(key, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                if self._applies(kind, selection.type_condition):
                    self._collect(kind, selection.selection_set, collected, visited)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in visited:
                visited.add(selection.name.value)
                fragment = self.fragments[selection.name.value]
                if self._applies(kind, fragment.type_condition):
                    self._collect(kind, fragment.selection_set, collected, visited)

    def _is_included(self, selection: SelectionNode) -> bool:
        for directive in selection.directives or ():
            if directive.name.value == "skip" and self._condition(GraphQLSkipDirective, directive):
                return False
            if directive.name.value == "include" and not self._condition(GraphQLIncludeDirective, directive):
                return False
        return True

    def _condition(self, definition: Any, directive: Any) -> bool:
        return bool(arguments(definition, directive, self.variables)["if"].sample)

    def _applies(self, kind: GraphQLObjectType, condition: NamedTypeNode | None) -> bool:
        if condition is None or condition.name.value == kind.name:
            return True
        named = self.schema.type_map[condition.name.value]
        return is_abstract_type(named) and self.schema.is_sub_type(_abstract(named), kind)


def _abstract(kind: Any) -> GraphQLAbstractType:
    abstract: GraphQLAbstractType = kind
    return abstract


def selection_sets(nodes: Iterable[FieldNode]) -> list[SelectionSetNode]:
    """The selection sets of fields that are merged under one response key."""
    return [node.selection_set for node in nodes if node.selection_set is not None]
