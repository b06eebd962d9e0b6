"""Objects of a plan: which columns their fields need, how each is built, and the levels below them."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from operator import attrgetter
from typing import Any, Protocol

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)
from sqlalchemy import Boolean, Case, Column, ColumnElement, FromClause, Integer
from sqlalchemy.sql.functions import coalesce

from db.engine import Row
from db.types import Instant, iso, micros
from resolvers.errors import BadUserInput
from resolvers.plan import sources
from resolvers.plan.builders import INSTANTS, Choice, Members, Piece, Source, Value
from resolvers.plan.levels import Level, Objects, Refused
from resolvers.plan.selection import Document, selection_sets
from resolvers.plan.sources import Expression, Noun, noun_of, source_of
from resolvers.plan.statements import Rows, adapted

DEEPEST = 24
MOST_JOINS = 8


class Attributes:
    """The attributes of a record that are asked for: the columns of its row."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def column(self, name: str) -> int:
        """The position in the row of the attribute `name`."""
        if name not in self._names:
            self._names.append(name)
        return self._names.index(name)

    @property
    def width(self) -> int:
        """How many columns a row has so far."""
        return len(self._names)

    def row(self) -> Callable[[Any], Row]:
        """The function that makes a record's row."""
        if len(self._names) > 1:
            several: Callable[[Any], Row] = attrgetter(*self._names)  # a tuple, made without a call for each
            return several
        getters = [attrgetter(name) for name in self._names]
        return lambda record: [get(record) for get in getters]


@dataclass
class Shape:
    """Objects under construction: their builder, and the levels below with the column that has the key for each."""

    builder: Source = field(default_factory=Source)
    below: list[tuple[Level, int]] = field(default_factory=list)

    def under(self, level: Level, column: int) -> str:
        """The expression of what `level` gives for the key in `column`."""
        self.below.append((level, column))
        return f"{self.builder.child()}[c{column}]"

    def finish(self, piece: Piece, width: int) -> Objects:
        """The objects, once all columns of their rows are known."""
        return Objects(self.builder.build(piece, width), self.below)


class Embeds(Enum):
    """Which lists below an object are columns of its SELECT, and so save a round trip."""

    NOTHING = auto()
    """None: the object may come several times, and its lists would come with it."""

    OWN = auto()
    """Pages of what belongs to it alone."""

    ALL = auto()
    """All, since there is one object of the kind only."""


@dataclass(frozen=True)
class Place:
    """Where an object is read: the shape that it belongs to, and its table among those of the level's rows."""

    shape: Shape
    rows: Rows
    table: FromClause
    embeds: Embeds

    def column(self, expression: Expression) -> int:
        """The position in the row of `expression` over the table."""
        return self.rows.column(self.table, expression)

    def under(self, level: Level, key: Expression) -> str:
        """The expression of what `level` gives for `key`."""
        return self.shape.under(level, self.column(key))

    def joined(self, noun: Noun, local: Expression) -> "Place":
        """The place of the row of `noun` that `local` refers to, joined into the same SELECT."""
        embeds = self.embeds if self.embeds is Embeds.ALL else Embeds.NOTHING  # several rows may refer to one
        return Place(self.shape, self.rows, self.rows.join(noun, self.table, local), embeds)

    def holding(self, source: sources.Many | sources.Paged) -> "Place | None":
        """Itself, if the list is a column of its SELECT. Lists that no page bounds are not, but for a single object."""
        is_own = self.embeds is Embeds.OWN and isinstance(source, sources.Paged) and source.remote is not None
        return self if is_own or self.embeds is Embeds.ALL else None

    @property
    def guard(self) -> str:
        """The column that is null where there is no such row."""
        return f"c{self.column(self.table.c.id)}"


class Levels(Protocol):
    """Who makes the levels below an object."""

    def lookup(
        self, kind: GraphQLObjectType, nodes: Sequence[FieldNode], key: Expression, *, is_typed: bool = False
    ) -> Level:
        """Objects of one type by `key`."""

    def listing(
        self, definition: GraphQLField, nodes: Sequence[FieldNode], source: sources.Many, parent: Place | None
    ) -> Level:
        """All rows that belong to each row."""

    def connection(
        self, definition: GraphQLField, nodes: Sequence[FieldNode], source: sources.Paged, parent: Place | None
    ) -> Level:
        """A page of the rows that belong to each row."""

    def batch(
        self, definition: GraphQLField, nodes: Sequence[FieldNode], source: sources.Asked | sources.Batched
    ) -> Level:
        """What a batch source gives for each row."""

    def nested(self, definition: GraphQLField, nodes: Sequence[FieldNode]) -> Level:
        """Records in an attribute of records."""


class Shaper:
    """Makes the pieces of objects for one operation."""

    def __init__(self, document: Document, dialect: str, levels: Levels) -> None:
        self._document = document
        self._dialect = dialect
        self._levels = levels
        self._depth = 0

    def row(
        self, place: Place, kind: GraphQLObjectType, nodes: Sequence[FieldNode], *, is_typed: bool = False
    ) -> Members:
        """An object of type `kind` that is read from a table."""
        return self._members(
            kind, nodes, lambda definition, of: self._field(place, kind, definition, of), is_typed=is_typed
        )

    def record(
        self, shape: Shape, attributes: Attributes, kind: GraphQLObjectType, nodes: Sequence[FieldNode]
    ) -> Members:
        """An object of type `kind` that is made of a record."""
        return self._members(kind, nodes, lambda definition, of: self._part(shape, attributes, definition, of))

    def _members(
        self,
        kind: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        piece: Callable[[GraphQLField, Sequence[FieldNode]], Piece],
        *,
        is_typed: bool = False,
    ) -> Members:
        members: dict[str, Piece] = {}
        with self._deeper():
            for key, merged in self._document.fields(kind, selection_sets(nodes)).items():
                name = merged[0].name.value
                members[key] = Value(repr(kind.name)) if name == "__typename" else piece(kind.fields[name], merged)
        return Members(kind.name, members, is_typed)

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
        self, place: Place, kind: GraphQLObjectType, definition: GraphQLField, nodes: Sequence[FieldNode]
    ) -> Piece:
        """The piece of one field of a noun."""
        match source_of(definition):
            case sources.Identity():
                key = target(kind)[1].key
                text = f"c{place.column(key)}"
                return Value(f"{kind.name + ':'!r} + {f'str({text})' if _is_number(key) else text}")
            case sources.Column(expression):
                return self._column(place, expression, definition.type)
            case sources.Computed(compute, requires):
                columns = ", ".join(f"c{place.column(_portable(expression))}" for expression in requires)
                return _shown(place.shape, f"{place.shape.builder.refer(compute)}({columns})", definition.type)
            case sources.One(local):
                return self._one(place, definition, nodes, local)
            case sources.OneOf(options):
                return self._one_of(place, definition, nodes, options)
            case _:
                return self._under(place, definition, nodes)

    def _under(self, place: Place, definition: GraphQLField, nodes: Sequence[FieldNode]) -> Piece:
        """The piece of a field that a level of its own answers."""
        match source_of(definition):
            case sources.Many() as many:
                level = self._below(lambda: self._levels.listing(definition, nodes, many, place.holding(many)))
                return Value(place.under(level, place.table.c.id))
            case sources.Paged() as paged:
                level = self._below(lambda: self._levels.connection(definition, nodes, paged, place.holding(paged)))
                return Value(place.under(level, place.table.c.id))
            case sources.Batched(key) as batched:
                level = self._below(lambda: self._levels.batch(definition, nodes, batched))
                return Value(place.under(level, _portable(key)), isinstance(definition.type, GraphQLNonNull))
            case _:
                raise TypeError(f"'{nodes[0].name.value}' does not say where it comes from")

    def _column(self, place: Place, expression: Expression, kind: GraphQLOutputType) -> Value:
        name = f"c{place.column(expression)}"
        is_required = isinstance(kind, GraphQLNonNull) and not _is_never_null(adapted(expression))
        named = get_named_type(kind)
        if isinstance(named, GraphQLEnumType):
            return Value(f"{place.shape.builder.refer(_enum_names(named))}[{name}]", is_required)
        if named.name == "DateTime":
            return Value(f"{place.shape.builder.refer(INSTANTS[self._dialect])}[{name}]", is_required)
        if self._dialect == "sqlite" and isinstance(adapted(expression).type, Boolean):
            return Value(f"truths[{name}]", is_required)
        return Value(name, is_required)

    def _one(self, place: Place, definition: GraphQLField, nodes: Sequence[FieldNode], local: Expression) -> Piece:
        kind, noun = target(definition.type)
        is_non_null = isinstance(definition.type, GraphQLNonNull)
        is_always_there = _is_never_null(adapted(local)) and not place.rows.visible(noun, noun.table)
        if len(place.rows.joins) >= MOST_JOINS:
            level = self._levels.lookup(kind, nodes, noun.table.c.id)
            return Value(place.under(level, local), is_non_null)
        joined = place.joined(noun, local)
        members = self.row(joined, kind, nodes)
        return members if is_non_null and is_always_there else Choice({joined.guard: members}, is_non_null)

    def _one_of(
        self, place: Place, definition: GraphQLField, nodes: Sequence[FieldNode], options: Mapping[str, Expression]
    ) -> Piece:
        chosen: dict[str, Piece] = {}
        for name, local in options.items():
            kind, noun = target(self._document.schema.type_map[name])
            joined = place.joined(noun, local)
            chosen[joined.guard] = self.row(joined, kind, nodes, is_typed=True)
        return Choice(chosen, isinstance(definition.type, GraphQLNonNull))

    def _part(
        self, shape: Shape, attributes: Attributes, definition: GraphQLField, nodes: Sequence[FieldNode]
    ) -> Piece:
        """The piece of one field of a record."""
        is_required = isinstance(definition.type, GraphQLNonNull)
        match source_of(definition):
            case sources.Attribute(name):
                column = attributes.column(name)
                if is_leaf_type(get_named_type(definition.type)):
                    return _shown(shape, f"c{column}", definition.type)
                level = self._below(lambda: self._levels.nested(definition, nodes))
                return Value(shape.under(level, column), is_required)
            case sources.Asked() as asked:
                level = self._below(lambda: self._levels.batch(definition, nodes, asked))
                return Value(shape.under(level, attributes.column("itself")), is_required)
            case sources.Linked(name, remote):
                kind, _ = target(definition.type)
                level = self._below(lambda: self._levels.lookup(kind, nodes, remote))
                return Value(shape.under(level, attributes.column(name)), is_required)
            case _:
                raise TypeError(f"'{nodes[0].name.value}' of a record is no attribute of it")

    def _below(self, make: Callable[[], Level]) -> Level:
        """The level of a field, which refuses every parent when the field's arguments contradict each other."""
        depth = self._depth
        try:
            return make()
        except BadUserInput as error:
            self._depth = depth
            return Refused(error)


def shown(kind: GraphQLOutputType) -> Callable[[Any], Any] | None:
    """How a Python value of a leaf type, or a list of them, stands in an answer; None: as it is."""
    named = get_named_type(kind)
    one: Callable[[Any], Any] | None = None
    if isinstance(named, GraphQLEnumType):
        names = _enum_names(named)
        one = functools.partial(_named, names)
    elif named.name == "DateTime":
        one = _instant
    if one is None or not isinstance(get_nullable_type(kind), GraphQLList):
        return one
    each = one
    return lambda values: [each(value) for value in values]


def target(kind: Any) -> tuple[GraphQLObjectType, Noun]:
    """The type that a field leads to, and the noun behind it."""
    named = get_named_type(kind)
    assert isinstance(named, GraphQLObjectType)  # noqa: S101 -- what plans lead through are objects
    noun = noun_of(named)
    assert noun is not None, named.name  # noqa: S101 -- a relation leads to a noun
    return named, noun


def _shown(shape: Shape, text: str, kind: GraphQLOutputType) -> Value:
    show = shown(kind)
    if show is not None:
        text = f"{shape.builder.refer(show)}({text})"
    return Value(text, isinstance(kind, GraphQLNonNull))


def _enum_names(kind: GraphQLEnumType) -> dict[Any, str | None]:
    """The names of an enum's values by what the database holds for them."""
    return {getattr(value.value, "value", value.value): name for name, value in kind.values.items()} | {None: None}


def _named(names: Mapping[Any, str | None], value: Any) -> str | None:
    """The name of an enum's value, which may be a member of another enum over the same texts."""
    return names[value] if value in names else names[value.value]


def _instant(value: datetime | None) -> str | None:
    return None if value is None else iso(value)


def _is_number(expression: Expression) -> bool:
    return isinstance(adapted(expression).type, Integer)


def _portable(expression: Expression) -> Expression:
    """An expression whose raw values are the same on every database."""
    return micros(expression) if isinstance(adapted(expression).type, Instant) else expression


def _is_never_null(clause: ColumnElement[Any]) -> bool:
    """Whether an expression over a row that is there always has a value."""
    match clause:
        case Column():
            return not clause.nullable
        case coalesce():
            return any(_is_never_null(part) for part in clause.clauses)
        case Case():
            return clause.else_ is not None and all(_is_never_null(part) for part in [*_results(clause), clause.else_])
        case _:
            return getattr(clause, "value", None) is not None


def _results(clause: Case[Any]) -> list[ColumnElement[Any]]:
    return [result for _, result in clause.whens]
