"""From a selection to levels: what to fetch, what to join, and how to build the answer.

One compiler serves one operation. It walks the selection once, over the declarations of `resolvers.plan.sources`.
"""

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
)
from sqlalchemy import Boolean, ColumnElement, Dialect, FromClause, bindparam, func, select

from db.types import any_of
from resolvers.access import Permission
from resolvers.errors import BadUserInput
from resolvers.plan import builders, statements
from resolvers.plan.connections import Connection, PageArguments
from resolvers.plan.given import arguments
from resolvers.plan.levels import Connections, Level, Listing, Lookup, Objects, PageData, Paging, Search
from resolvers.plan.selection import Document, selection_sets
from resolvers.plan.sources import (
    Column,
    Expression,
    Found,
    Identity,
    Many,
    Noun,
    One,
    Paged,
    Source,
    noun_of,
    source_of,
)
from resolvers.plan.statements import Rows, Statement, adapted, belonging, keys_parameter, render

DEEPEST = 24
MOST_JOINS = 8


@dataclass
class Shape:
    """Objects under construction: the rows that they are read from, their builder, and the levels below."""

    rows: Rows
    builder: builders.Source = field(default_factory=builders.Source)
    below: list[tuple[Level, int]] = field(default_factory=list)
    expression: str = ""

    def finish(self) -> Objects:
        """The objects, once all columns of the rows are known."""
        return Objects(self.builder.build(self.expression, self.rows.width), self.below)


class Compiler:
    """Makes the levels of one operation for one dialect and one set of permissions."""

    def __init__(self, document: Document, dialect: Dialect, permissions: frozenset[Permission]) -> None:
        self._document = document
        self._dialect = dialect
        self._permissions = permissions
        self._names = (f"t{i}" for i in itertools.count())
        self._depth = 0

    def found(self, definition: GraphQLField, nodes: Sequence[FieldNode], source: Found) -> Level:
        """A root field that finds one row by an argument."""
        kind, noun = _target(definition.type)
        given = arguments(definition, nodes[0], self._document.variables)[source.argument]
        rows = self._rows(noun, is_keyed=False)
        shape = self._shape(rows, kind, nodes)
        where = adapted(source.where(bindparam("wanted")), rows.table)
        query = rows.select(rows.table).where(where, *rows.visible(noun, rows.table))
        statement = render(query, self._dialect, {"wanted": lambda values: source.prepare(given.read(values))})
        return Search(statement, shape.finish())

    def lookup(self, kind: GraphQLObjectType, nodes: Sequence[FieldNode], key: Expression | None = None) -> Lookup:
        """Objects of one type by `key`, their public key by default."""
        noun = noun_of(kind)
        assert noun is not None  # noqa: S101 -- only nouns implement Node or are led to
        rows = self._rows(noun, is_keyed=True)
        shape = self._shape(rows, kind, nodes)
        column = adapted(key if key is not None else noun.key, rows.table)
        wanted = any_of(column, keys_parameter(column.type))
        query = rows.select(rows.table, column).where(wanted, *rows.visible(noun, rows.table))
        return Lookup(render(query, self._dialect, {}), shape.finish())

    def connection(self, definition: GraphQLField, nodes: Sequence[FieldNode], source: Paged) -> Connections:
        """A connection, at the root or below every row of a level."""
        kind = _object_type(definition.type)
        target, noun = _target(kind.fields["nodes"].type)
        is_root = source.remote is None and source.through is None
        rows = self._rows(noun, is_keyed=not is_root)
        page = PageArguments(arguments(definition, nodes[0], self._document.variables), source, noun, target.name)
        connection = Connection(kind, rows, page)
        shapes = self._members(connection, nodes)
        return Connections(
            paging=Paging(page.size, page.backward),
            finish=connection.finish,
            page=self._page(rows, source, page) if connection.needs_rows else None,
            count=self._count(rows, source, page) if connection.needs_total else None,
            parts=[shape.finish() for shape in shapes],
            is_root=is_root,
        )

    def _listing(self, definition: GraphQLField, nodes: Sequence[FieldNode], source: Many) -> Listing:
        kind, noun = _target(definition.type)
        rows = self._rows(noun, is_keyed=True)
        shape = self._shape(rows, kind, nodes)
        query = statements.children(rows, source.remote, source.through, source.order)
        return Listing(render(query, self._dialect, {}), shape.finish())

    def _rows(self, noun: Noun, *, is_keyed: bool) -> Rows:
        return Rows(noun, self._permissions, self._dialect, self._names, is_keyed=is_keyed)

    def _shape(self, rows: Rows, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Shape:
        shape = Shape(rows)
        shape.expression = self._object(shape, rows.table, kind, nodes)
        return shape

    def _object(self, shape: Shape, table: FromClause, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> str:
        """The expression of one object of type `kind`, read from `table`."""
        members: dict[str, str] = {}
        with self._deeper():
            for key, merged in self._document.fields(kind, selection_sets(nodes)).items():
                name = merged[0].name.value
                if name == "__typename":
                    members[key] = repr(kind.name)
                else:
                    members[key] = self._field(shape, table, kind, kind.fields[name], merged)
        return builders.members(members)

    @contextlib.contextmanager
    def _deeper(self) -> Iterator[None]:
        if self._depth == DEEPEST:
            raise BadUserInput(f"the selection is nested more than {DEEPEST} objects deep")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _field(
        self,
        shape: Shape,
        table: FromClause,
        kind: GraphQLObjectType,
        definition: GraphQLField,
        nodes: Sequence[FieldNode],
    ) -> str:
        source: Source | None = source_of(definition)
        match source:
            case Identity():
                column = shape.rows.column(table, _noun(kind).key)
                return f"{kind.name + ':'!r} + c{column}"
            case Column(expression):
                return self._value(shape, table, expression, definition.type)
            case One():
                return self._one(shape, table, definition, nodes, source)
            case Many():
                return self._below(shape, table, self._listing(definition, nodes, source))
            case Paged():
                return self._below(shape, table, self.connection(definition, nodes, source))
            case _:
                raise TypeError(f"{kind.name} has a field that does not say where it comes from")

    def _value(self, shape: Shape, table: FromClause, expression: Expression, kind: GraphQLOutputType) -> str:
        name = f"c{shape.rows.column(table, expression)}"
        named = get_named_type(kind)
        if isinstance(named, GraphQLEnumType):
            texts = {value.value: name for name, value in named.values.items()} | {None: None}
            return f"{shape.builder.refer(texts)}[{name}]"
        if named.name == "DateTime":
            return f"instants[{name}]"
        if self._dialect.name == "sqlite" and isinstance(adapted(expression, table).type, Boolean):
            return f"truths[{name}]"
        return name

    def _one(
        self, shape: Shape, table: FromClause, definition: GraphQLField, nodes: Sequence[FieldNode], source: One
    ) -> str:
        kind, noun = _target(definition.type)
        if len(shape.rows.joins) >= MOST_JOINS:
            name = shape.builder.child()
            column = shape.rows.column(table, source.local)
            shape.below.append((self.lookup(kind, nodes, noun.table.c.id), column))
            return f"{name}[c{column}]"
        joined = shape.rows.join(noun, table, source.local)
        expression = self._object(shape, joined, kind, nodes)
        if isinstance(definition.type, GraphQLNonNull):
            return expression
        return f"None if c{shape.rows.column(joined, joined.c.id)} is None else {expression}"

    def _below(self, shape: Shape, table: FromClause, level: Level) -> str:
        name = shape.builder.child()
        column = shape.rows.column(table, table.c.id)
        shape.below.append((level, column))
        return f"{name}[c{column}]"

    def _members(self, connection: Connection, nodes: Sequence[FieldNode]) -> list[Shape]:
        """Give `connection` its members and return the shapes of the objects that they hold, in the order of parts."""
        shapes: list[Shape] = []
        for key, merged in self._document.fields(connection.kind, selection_sets(nodes)).items():
            match merged[0].name.value:
                case "__typename":
                    connection.constant(key, connection.kind.name)
                case "totalCount":
                    connection.total(key)
                case "nodes":
                    connection.nodes(key, self._part(connection, shapes, merged))
                case "edges":
                    connection.edges(key, self._edge_members(connection, shapes, merged))
                case "pageInfo":
                    info = _object_type(connection.kind.fields["pageInfo"].type)
                    selected = self._document.fields(info, selection_sets(merged))
                    connection.page_info(key, {name: of[0].name.value for name, of in selected.items()}, info.name)
        return shapes

    def _edge_members(
        self, connection: Connection, shapes: list[Shape], nodes: Sequence[FieldNode]
    ) -> dict[str, Callable[[PageData], Sequence[Any]]]:
        edge = _object_type(connection.kind.fields["edges"].type)
        members: dict[str, Callable[[PageData], Sequence[Any]]] = {}
        for key, merged in self._document.fields(edge, selection_sets(nodes)).items():
            match merged[0].name.value:
                case "__typename":
                    members[key] = lambda page: [edge.name] * len(page.rows)
                case "cursor":
                    members[key] = connection.cursors()
                case "node":
                    part = self._part(connection, shapes, merged)
                    members[key] = functools.partial(_part_objects, part)
        return members

    def _part(self, connection: Connection, shapes: list[Shape], nodes: Sequence[FieldNode]) -> int:
        kind, _ = _target(connection.kind.fields["nodes"].type)
        shapes.append(self._shape(connection.rows, kind, nodes))
        return len(shapes) - 1

    def _page(self, rows: Rows, source: Paged, page: PageArguments) -> Statement:
        if not rows.is_keyed:
            query = (
                rows.select(rows.table)
                .where(*self._all_pages(rows, page.paged)(rows.table))
                .order_by(*page.sorting.order(rows.table, reverse=page.backward))
                .limit(bindparam("limit"))
            )
        else:
            query = statements.pages(
                rows,
                lambda table, parent: belonging(table, parent, source.remote, source.through),
                self._all_pages(rows, page.paged),
                page.sorting,
                reverse=page.backward,
            )
        return render(query, self._dialect, page.reads)

    def _count(self, rows: Rows, source: Paged, page: PageArguments) -> Statement:
        conditions = self._all_pages(rows, page.selected)
        if not rows.is_keyed:
            counted = rows.noun.table.alias("counted_row")
            query = select(func.count()).select_from(counted).where(*conditions(counted))
        else:
            query = statements.counts(
                rows, lambda table, parent: belonging(table, parent, source.remote, source.through), conditions
            )
        return render(query, self._dialect, page.reads)

    def _all_pages(
        self, rows: Rows, conditions: Callable[[FromClause], list[ColumnElement[bool]]]
    ) -> Callable[[FromClause], list[ColumnElement[bool]]]:
        return lambda table: [*rows.visible(rows.noun, table), *conditions(table)]


def _part_objects(part: int, page: PageData) -> Sequence[Any]:
    return page.objects[part]


def _object_type(kind: GraphQLOutputType) -> GraphQLObjectType:
    named = get_named_type(kind)
    assert isinstance(named, GraphQLObjectType)  # noqa: S101 -- what plans lead through are objects
    return named


def _target(kind: GraphQLOutputType) -> tuple[GraphQLObjectType, Noun]:
    named = _object_type(kind)
    return named, _noun(named)


def _noun(kind: GraphQLObjectType) -> Noun:
    noun = noun_of(kind)
    assert noun is not None, kind.name  # noqa: S101 -- a relation leads to a noun
    return noun
