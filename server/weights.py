"""How much an operation asks for: one walk over its document, in which every fragment is weighed once.

Fragments count as often as they are spread, by arithmetic and not by walking them again: the walk is linear in the
document, however its fragments multiply. It needs no validated document; what the schema does not know weighs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionNode,
    SelectionSetNode,
    TypeMetaFieldDef,
    VariableNode,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
)

from resolvers.errors import Code
from resolvers.paths.service import MOST_PATHS
from resolvers.plan.connections import LARGEST_PAGE, USUAL_PAGE
from server.limits import INTROSPECTION_ROOM, MOST_LEVELS, LimitExceeded

USUAL_LIST = 10
"""How many items a list without pages is taken to have, such as the courses of a program."""

USUAL_INTROSPECTED_LIST = 1
"""The same for lists of introspection other than types and fields, such as the arguments of a field."""

INTROSPECTION: Mapping[str, GraphQLField] = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
PAGE_SIZES = ("first", "last")
LISTED_BY: Mapping[str, int] = {"ids": LARGEST_PAGE, "paths": MOST_PATHS}
"""Arguments with something for each item of a list without pages, and how many they take."""


@dataclass(slots=True)
class Weight:
    """What a selection set asks for with its fragments opened.

    `roots` are its own fields, `levels` the selection sets within one another and `cost` the objects in the answer at
    most. `item_cost` comes on top for each item of the page that the set is of. Introspection is weighed apart.
    """

    fields: int = 0
    roots: int = 0
    aliases: int = 0
    directives: int = 0
    levels: int = 0
    depth: int = 0
    lists: int = 0
    cost: int = 0
    item_cost: int = 0
    introspection_depth: int = 0
    introspection_cost: int = 0

    def add(self, other: "Weight") -> None:
        """Put what stands beside it in the same selection set to it."""
        self.fields += other.fields
        self.roots += other.roots
        self.aliases += other.aliases
        self.directives += other.directives
        self.levels = max(self.levels, other.levels)
        self.depth = max(self.depth, other.depth)
        self.lists = max(self.lists, other.lists)
        self.cost += other.cost
        self.item_cost += other.item_cost
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.introspection_cost += other.introspection_cost


@dataclass(frozen=True)
class Weighed:
    """An operation's weight, and the variables that it depends on: sizes of pages and lists of ids."""

    weight: Weight
    sized_by: frozenset[str]


class Scales:
    """Weighs the operations of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema

    def weigh(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
    ) -> Weighed:
        """The weight of `operation`; without variables, sizes that they give are 0, so that it weighs at least this.

        Raises LimitExceeded for more levels than can be walked, or for more introspection than tools need.
        """
        weighing = _Weighing(self, document, variables)
        weight = weighing.operation(operation)
        if weight.introspection_cost and weight.introspection_cost > self.most_introspection:
            raise LimitExceeded(
                Code.INTROSPECTION_LIMIT_EXCEEDED,
                "objects of introspection",
                weight.introspection_cost,
                self.most_introspection,
            )
        return Weighed(weight, frozenset(weighing.sized_by))

    @cached_property
    def most_introspection(self) -> int:
        """How many objects introspection may answer: it grows with the schema, as the tools' own query does."""
        document = parse(get_introspection_query(input_value_deprecation=True, specified_by_url=True))
        [operation] = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
        return INTROSPECTION_ROOM * _Weighing(self, document, {}).operation(operation).introspection_cost

    @cached_property
    def introspected_lists(self) -> Mapping[str, int]:
        """The sizes of introspection's lists: of types exactly, of fields on average."""
        types = self.schema.type_map.values()
        fields = sum(len(getattr(kind, "fields", ())) for kind in types)
        return {"types": len(types), "fields": ceil(fields / len(types))}


class _Weighing:
    """One walk. `sized_by` gathers the variables that sizes are given by."""

    def __init__(self, scales: Scales, document: DocumentNode, variables: Mapping[str, Any] | None) -> None:
        self.sized_by: set[str] = set()
        self._scales = scales
        self._variables = variables
        self._definitions = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._fragments: dict[str, Weight] = {}

    def operation(self, node: OperationDefinitionNode) -> Weight:
        kind = self._scales.schema.get_root_type(node.operation)
        weight = self._set(node.selection_set, kind, 1)
        weight.directives += len(node.directives or ())
        weight.directives += sum(len(each.directives or ()) for each in node.variable_definitions or ())
        return weight

    def _set(self, node: SelectionSetNode, kind: GraphQLNamedType | None, level: int) -> Weight:
        """The weight of a selection set on `kind`, which lies within `level - 1` others."""
        _check_level(level)
        total = Weight()
        for selection in node.selections:
            total.add(self._selection(selection, kind, level))
        total.levels += 1
        return total

    def _selection(self, node: SelectionNode, kind: GraphQLNamedType | None, level: int) -> Weight:
        if isinstance(node, FieldNode):
            return self._field(node, kind, level)
        weight = Weight(directives=len(node.directives or ()))
        if isinstance(node, InlineFragmentNode):
            weight.add(self._set(node.selection_set, self._condition(node.type_condition) or kind, level + 1))
        elif isinstance(node, FragmentSpreadNode):  # pragma: no branch -- GraphQL has no others
            opened = self._fragment(node.name.value, level + 1)
            _check_level(level + opened.levels)
            weight.add(opened)
        return weight

    def _fragment(self, name: str, level: int) -> Weight:
        """The weight of a fragment; nothing for one that is not defined or goes in a circle, which validation finds."""
        known = self._fragments.get(name)
        definition = self._definitions.get(name)
        if known is not None or definition is None:
            return known or Weight()
        self._fragments[name] = Weight()
        weight = self._set(definition.selection_set, self._condition(definition.type_condition), level)
        weight.directives += len(definition.directives or ())
        self._fragments[name] = weight
        return weight

    def _condition(self, node: NamedTypeNode | None) -> GraphQLNamedType | None:
        return None if node is None else self._scales.schema.get_type(node.name.value)

    def _field(self, node: FieldNode, kind: GraphQLNamedType | None, level: int) -> Weight:
        name = node.name.value
        definition = INTROSPECTION.get(name) or getattr(kind, "fields", {}).get(name)
        result = get_named_type(definition.type) if definition else None
        inner = self._set(node.selection_set, result, level + 1) if node.selection_set else Weight()
        is_list = definition is not None and is_list_type(get_nullable_type(definition.type))
        each = 1 + inner.cost + self._page(node, definition) * inner.item_cost if node.selection_set else 0
        is_paged = is_list and "pageInfo" in getattr(kind, "fields", {})
        cost = 0 if is_paged else each * self._size(node, kind) if is_list else each
        is_introspection = name in INTROSPECTION
        return Weight(
            fields=1 + inner.fields,
            roots=1,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives + len(node.directives or ()),
            levels=inner.levels,
            depth=1 if is_introspection else 1 + inner.depth,
            lists=0 if is_introspection else is_list + inner.lists,
            cost=0 if is_introspection else cost,
            item_cost=each if is_paged else 0,
            introspection_depth=1 + inner.depth if is_introspection else inner.introspection_depth,
            introspection_cost=cost if is_introspection else inner.introspection_cost,
        )

    def _page(self, node: FieldNode, definition: GraphQLField | None) -> int:
        """How many items the page of a connection has at most."""
        if definition is None or not all(name in definition.args for name in PAGE_SIZES):
            return USUAL_PAGE
        sizes = [size for name in PAGE_SIZES if (size := self._number(node, name)) is not None]
        return max(sizes, default=USUAL_PAGE)

    def _size(self, node: FieldNode, kind: GraphQLNamedType | None) -> int:
        """How many items a list without pages is taken to have."""
        if kind is not None and kind.name.startswith("__"):
            return self._scales.introspected_lists.get(node.name.value, USUAL_INTROSPECTED_LIST)
        sizes = [size for name, most in LISTED_BY.items() if (size := self._number(node, name, most)) is not None]
        return max(sizes, default=USUAL_LIST)

    def _number(self, node: FieldNode, name: str, most: int = LARGEST_PAGE) -> int | None:
        """The number, or the length of the list, that an argument gives, `most` at most; None where it gives none."""
        value = next((each.value for each in node.arguments or () if each.name.value == name), None)
        if isinstance(value, VariableNode):
            self.sized_by.add(value.name.value)
            given = 0 if self._variables is None else self._variables.get(value.name.value)
            return None if given is None else _within(len(given) if isinstance(given, list) else given, most)
        if isinstance(value, IntValueNode):
            return _within(int(value.value[:10]), most)
        return _within(len(value.values), most) if isinstance(value, ListValueNode) else None


def _check_level(level: int) -> None:
    if level > MOST_LEVELS:
        raise LimitExceeded(Code.DEPTH_LIMIT_EXCEEDED, "selection sets within one another", level, MOST_LEVELS)


def _within(size: Any, most: int) -> int:
    """A size as far as it is served: more is refused where the page is read, and a page of 0 is none."""
    return max(0, min(size, most)) if isinstance(size, int) else most
