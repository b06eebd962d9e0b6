"""From a selection to levels: what to fetch and how to build the answer.

One compiler serves one operation. It walks the selection once, over the sources that `resolvers.plan.declare` declares.
"""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)
from sqlalchemy import ColumnElement, Dialect, FromClause, Select, bindparam, func, select, true

from db.types import any_of, rows_of
from resolvers.access import VIEWER, Permission
from resolvers.errors import BadUserInput
from resolvers.plan import statements
from resolvers.plan.connections import Connection, PageArguments
from resolvers.plan.given import Given, arguments
from resolvers.plan.levels import (
    Connections,
    Embedded,
    Fetched,
    Level,
    Listing,
    Lookup,
    Noted,
    Objects,
    PageData,
    Paging,
    Refused,
    Run,
    Search,
    Supply,
)
from resolvers.plan.loaded import Records, Values
from resolvers.plan.selection import Document, selection_sets
from resolvers.plan.shapes import Attributes, Embeds, Place, Shape, Shaper, shown, target
from resolvers.plan.sources import (
    Asked,
    Batch,
    Batched,
    Before,
    Expression,
    Found,
    Many,
    Noun,
    OfViewer,
    Paged,
    source_of,
)
from resolvers.plan.statements import Read, Rows, Statement, adapted, belonging, harmless, keys_parameter, render
from resolvers.plan.viewing import Fixed, Telling


@dataclass
class Part:
    """Objects of a level whose columns are not all known yet."""

    shape: Shape
    piece: Any
    rows: Rows

    def finish(self) -> Objects:
        """The objects, once all columns of the rows are known."""
        return self.shape.finish(self.piece, self.rows.width)


class Compiler:
    """Makes the levels of one operation for one dialect and one set of permissions."""

    def __init__(self, document: Document, dialect: Dialect, permissions: frozenset[Permission]) -> None:
        self._document = document
        self._dialect = dialect
        self._permissions = permissions
        self.befores: list[tuple[Before, Read]] = []
        self._is_viewed = False
        self._names = (f"t{i}" for i in itertools.count())
        self._shaper = Shaper(document, dialect.name, self)

    def found(self, definition: GraphQLField, nodes: Sequence[FieldNode], source: Found) -> Level:
        """A root field that finds one row by an argument."""
        kind, noun = target(definition.type)
        given = arguments(definition, nodes[0], self._document.variables)[source.argument]
        rows = self._rows(noun, is_keyed=False)
        part = self._part(rows, kind, nodes, Embeds.ALL)
        where = adapted(source.where(bindparam("wanted")), rows.table)
        query = rows.select(rows.table).where(where, *rows.visible(noun, rows.table))
        rows.reads["wanted"] = lambda values: source.prepare(given.read(values))
        return Search(self._rendered(query, rows), part.finish())

    def lookup(
        self,
        kind: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        key: Expression | None = None,
        *,
        is_typed: bool = False,
        is_single: bool = False,
    ) -> Lookup:
        """Objects of one type by `key`, their public key by default."""
        _, noun = target(kind)
        rows = self._rows(noun, is_keyed=True)
        part = self._part(rows, kind, nodes, Embeds.ALL if is_single else Embeds.OWN, is_typed=is_typed)
        column = adapted(key if key is not None else noun.key, rows.table)
        wanted = any_of(column, keys_parameter(column.type))
        query = rows.select(rows.table, column).where(wanted, *rows.visible(noun, rows.table))
        return Lookup(self._rendered(query, rows), part.finish())

    def connection(
        self, definition: GraphQLField, nodes: Sequence[FieldNode], source: Paged, parent: Place | None = None
    ) -> Connections:
        """A connection, at the root or below every row of a level; embedded in the rows of `parent`."""
        kind = object_type(definition.type)
        named, noun = target(kind.fields["nodes"].type)
        is_root = source.remote is None and source.through is None
        rows = self._rows(noun, is_keyed=not is_root)
        given = arguments(definition, nodes[0], self._document.variables)
        page = PageArguments(given, source, noun, named.name, next(self._names), self._permissions)
        self.befores += page.befores()
        connection = Connection(kind, rows, page)
        parts = self._members(connection, nodes, _embeds(source, parent))
        return Connections(
            check=page.check,
            paging=Paging(page.size, page.backward, page.size.is_cut),
            finish=connection.finish(),
            only=connection.only,
            page=self._page(rows, source, page, parent) if connection.needs_rows else None,
            count=self._count(rows, source, page, parent) if connection.needs_total else None,
            parts=[part.finish() for part in parts],
            is_root=is_root,
        )

    def viewed(self, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> dict[str, Level]:
        """What is selected of whoever asks, by response key; each is under the key None."""
        members: dict[str, Level] = {}
        self._is_viewed = True
        for key, merged in self._document.fields(kind, selection_sets(nodes)).items():
            name = merged[0].name.value
            definition = kind.fields.get(name)
            match definition and source_of(definition):
                case Paged() as source:
                    assert definition is not None  # noqa: S101 -- it has a source
                    members[key] = self._attempted(definition, merged, source)
                case OfViewer(load):
                    assert definition is not None  # noqa: S101 -- as above
                    members[key] = Telling(load, shown(definition.type) or _same)
                case _ if name == "__typename":
                    members[key] = Fixed(kind.name)
                case _:
                    raise TypeError(f"'{name}' of whoever asks is neither a page nor of the viewer")
        return members

    def _attempted(self, definition: GraphQLField, nodes: Sequence[FieldNode], source: Paged) -> Level:
        try:
            return self.connection(definition, nodes, source)
        except BadUserInput as error:
            return Refused(error)

    def listing(
        self, definition: GraphQLField, nodes: Sequence[FieldNode], source: Many, parent: Place | None = None
    ) -> Listing:
        """All rows that belong to each row of a level; embedded in the one row of `parent`."""
        kind, noun = target(definition.type)
        rows = self._rows(noun, is_keyed=True)
        part = self._part(rows, kind, nodes, _embeds(source, parent))
        table = parent.table if parent else None
        query = statements.children(rows, source.remote, source.through, source.order, table)
        return Listing(self._supply(query, rows, parent), part.finish())

    def batch(self, definition: GraphQLField, nodes: Sequence[FieldNode], source: Asked | Batched) -> Level:
        """What a batch source gives for each row of a level."""
        if self._is_viewed and source.before is not None:
            self.befores.append((source.before, lambda variables: variables[VIEWER]))
        given = arguments(definition, nodes[0], self._document.variables)
        return self._loaded(definition, nodes, _loading(source, given))

    def told(self, kind: GraphQLOutputType, nodes: Sequence[FieldNode], records: Any) -> Level:
        """Records that somebody else made: one, or a tuple of them for a list, for a field that has no parent."""

        async def themselves(_run: Run, _keys: Sequence[Any]) -> Mapping[Any, Any]:
            return {None: records}

        return self._loaded(GraphQLField(kind), nodes, themselves)

    def nested(self, definition: GraphQLField, nodes: Sequence[FieldNode]) -> Level:
        """Records in an attribute of records."""

        async def themselves(_run: Run, keys: Sequence[Any]) -> Mapping[Any, Any]:
            return {key: key for key in keys}

        return self._loaded(definition, nodes, themselves)

    def _loaded(
        self,
        definition: GraphQLField,
        nodes: Sequence[FieldNode],
        load: Callable[[Run, Sequence[Any]], Any],
    ) -> Level:
        is_list = isinstance(get_nullable_type(definition.type), GraphQLList)
        if is_leaf_type(get_named_type(definition.type)):
            return Values(load, is_list, shown(definition.type) or _same)
        shape, attributes = Shape(), Attributes()
        piece = self._shaper.record(shape, attributes, object_type(definition.type), nodes)
        return Records(load, is_list, attributes.row(), shape.finish(piece, attributes.width))

    def _rows(self, noun: Noun, *, is_keyed: bool) -> Rows:
        return Rows(noun, self._permissions, self._dialect, self._names, is_keyed=is_keyed)

    def _part(
        self,
        rows: Rows,
        kind: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        embeds: Embeds,
        *,
        is_typed: bool = False,
    ) -> Part:
        shape = Shape()
        place = Place(shape, rows, rows.table, embeds)
        return Part(shape, self._shaper.row(place, kind, nodes, is_typed=is_typed), rows)

    def _rendered(self, query: Select[Any], rows: Rows) -> Statement:
        return render(query, self._dialect, rows.reads)

    def _supply(self, query: Select[Any], rows: Rows, parent: Place | None) -> Supply:
        """A SELECT of its own, or a column of the parent's."""
        if parent is None:
            return Fetched(self._rendered(query, rows))
        if not rows.columns:
            rows.add(true())  # as in the SELECT, which needs a column
        parent.rows.reads |= harmless(rows.reads)
        column = parent.rows.add(rows_of(query.scalar_subquery()))
        decode = orjson.loads if self._dialect.name == "sqlite" else _same
        return Embedded(column, parent.column(parent.table.c.id), decode)

    def _members(self, connection: Connection, nodes: Sequence[FieldNode], embeds: Embeds) -> list[Part]:
        """Give `connection` its members and return the objects that they hold, in the order of parts."""
        parts: list[Part] = []
        for key, merged in self._document.fields(connection.kind, selection_sets(nodes)).items():
            match merged[0].name.value:
                case "__typename":
                    connection.constant(key, connection.kind.name)
                case "totalCount":
                    connection.total(key)
                case "nodes":
                    connection.nodes(key, self._add_part(connection, parts, merged, embeds))
                case "edges":
                    connection.edges(key, self._edge_members(connection, parts, merged, embeds))
                case "pageInfo":  # pragma: no branch -- connections have no others
                    info = object_type(connection.kind.fields["pageInfo"].type)
                    selected = self._document.fields(info, selection_sets(merged))
                    connection.page_info(key, {name: of[0].name.value for name, of in selected.items()}, info.name)
        return parts

    def _edge_members(
        self, connection: Connection, parts: list[Part], nodes: Sequence[FieldNode], embeds: Embeds
    ) -> dict[str, Callable[[PageData], Sequence[Any]]]:
        edge = object_type(connection.kind.fields["edges"].type)
        members: dict[str, Callable[[PageData], Sequence[Any]]] = {}
        for key, merged in self._document.fields(edge, selection_sets(nodes)).items():
            match merged[0].name.value:
                case "__typename":
                    members[key] = lambda page: [edge.name] * len(page.rows)
                case "cursor":
                    members[key] = connection.cursors()
                case "node":  # pragma: no branch -- edges have no others
                    part = self._add_part(connection, parts, merged, embeds)
                    members[key] = functools.partial(_part_objects, part)
        return members

    def _add_part(self, connection: Connection, parts: list[Part], nodes: Sequence[FieldNode], embeds: Embeds) -> int:
        kind, _ = target(connection.kind.fields["nodes"].type)
        parts.append(self._part(connection.rows, kind, nodes, embeds))
        return len(parts) - 1

    def _page(self, rows: Rows, source: Paged, page: PageArguments, parent: Place | None) -> Supply:
        conditions = self._all_pages(rows, page.paged)
        if rows.is_keyed and parent is None:
            query = statements.pages(
                rows,
                lambda table, of: belonging(table, of, source.remote, source.through),
                conditions,
                page.sorting,
                page.limit,
                reverse=page.backward,
            )
        else:
            query = rows.select(rows.table).where(*conditions(rows.table))
            query = query.order_by(*page.sorting.order(rows.table, reverse=page.backward)).limit(page.limit)
        if parent is not None:
            belongs = belonging(rows.table, parent.table.c.id, source.remote, source.through)
            query = query.where(belongs).correlate(parent.table)
        rows.reads |= page.reads
        return self._supply(query, rows, parent)

    def _count(self, rows: Rows, source: Paged, page: PageArguments, parent: Place | None) -> Supply:
        conditions = self._all_pages(rows, page.selected)
        counted = rows.noun.table.alias("counted_row")
        query = select(func.count()).select_from(counted).where(*conditions(counted))
        if parent is not None:
            query = query.where(belonging(counted, parent.table.c.id, source.remote, source.through))
            parent.rows.reads |= harmless(page.reads)
            column = parent.rows.add(query.correlate(parent.table).scalar_subquery())
            return Noted(column, parent.column(parent.table.c.id))
        if rows.is_keyed:
            query = statements.counts(
                rows, lambda table, of: belonging(table, of, source.remote, source.through), conditions
            )
        return Fetched(render(query, self._dialect, page.reads))

    def _all_pages(
        self, rows: Rows, conditions: Callable[[FromClause], list[ColumnElement[bool]]]
    ) -> Callable[[FromClause], list[ColumnElement[bool]]]:
        return lambda table: [*rows.visible(rows.noun, table), *conditions(table)]


def _embeds(source: Many | Paged, parent: Place | None) -> Embeds:
    """What the rows of a list embed: what its parent does, if it is embedded itself.

    Pages below many parents are read through a LATERAL in place of their table, to which nothing could refer.
    """
    if parent is not None:
        return parent.embeds
    is_below_many = isinstance(source, Paged) and source.remote is not None
    return Embeds.NOTHING if is_below_many or source.through is not None else Embeds.OWN


def _part_objects(part: int, page: PageData) -> Sequence[Any]:
    return page.part(part)


def object_type(kind: GraphQLOutputType) -> GraphQLObjectType:
    """The object type that a field leads to."""
    named = get_named_type(kind)
    assert isinstance(named, GraphQLObjectType)  # noqa: S101 -- what plans lead through are objects
    return named


def _loading(source: Asked | Batched, given: Mapping[str, Given]) -> Callable[[Run, Sequence[Any]], Any]:
    def load(run: Run, keys: Sequence[Any]) -> Any:
        values = {name: each.read(run.variables) for name, each in given.items()}
        return source.load(Batch(keys, values, run.context))

    return load


def _same(value: Any) -> Any:
    return value
