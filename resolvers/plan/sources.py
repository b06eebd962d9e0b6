"""Sources: where the field of a noun comes from, and what of it is told to the compiler.

`resolvers.plan.declare` has a function for each kind of source, which schema modules declare their fields with.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLNamedType
from sqlalchemy import BindParameter, ColumnElement, FromClause, String
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from resolvers.access import Permission

Expression = ColumnElement[Any] | InstrumentedAttribute[Any]
Visibility = Callable[[frozenset[Permission]], ColumnElement[bool] | None]


@dataclass(frozen=True)
class Noun:
    """What the compiler knows of a type: its table, its public key and how to read one, and which rows are visible."""

    table: FromClause
    key: Expression
    visible: Visibility
    parse: Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """A value of the noun's own row: a column, or an expression over its columns."""

    expression: Expression


@dataclass(frozen=True)
class Identity:
    """The global id: the type's name, a colon, and the public key."""


@dataclass(frozen=True)
class One:
    """The row of another noun that `local` refers to, joined into the same SELECT; null where it is not visible."""

    local: Expression


@dataclass(frozen=True)
class OneOf:
    """The row of one of several nouns, by GraphQL type: the first that its column refers to and the viewer may see."""

    locals: Mapping[str, Expression]


@dataclass(frozen=True)
class Link:
    """The rows of a table between two nouns: `parent` refers to the one that is left, `child` to the one reached."""

    parent: InstrumentedAttribute[Any]
    child: InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Many:
    """All rows of another noun that belong to one of this, in a fixed order: by a column there or by a link."""

    order: Sequence[Expression]
    remote: InstrumentedAttribute[Any] | None = None
    through: Link | None = None


Before = Callable[[Any, Sequence[Any]], Awaitable[None]]
"""What is done before an operation reads anything, once, with its context and all values that it is about.

It may write, and wait for others, as long as it leaves no transaction open.
"""

Permit = Callable[[Any, str | None, frozenset[Permission]], None]
"""Raises Forbidden unless the viewer, by name and permissions, may use a value."""


@dataclass(frozen=True)
class Filter:
    """A member of a filter input: the predicate it stands for, and how its value becomes the predicate's parameter.

    `before` is done for each value that `permit`, if there is one, lets pass.
    """

    where: Callable[[BindParameter[Any]], ColumnElement[bool]]
    prepare: Callable[[Any], Any]
    parameter_type: TypeEngine[Any] = field(default_factory=String)
    permit: Permit | None = None
    before: Before | None = None


@dataclass(frozen=True)
class Paged:
    """A connection: the rows of another noun, page by page; of the whole table when neither remote nor through.

    Where no order is asked for it is the first of `orders`, `descending` or not. `where` holds for every page; `before`
    is done for the viewer.
    """

    orders: Mapping[str, Expression]
    filters: Mapping[str, Filter] = field(default_factory=dict)
    remote: InstrumentedAttribute[Any] | None = None
    through: Link | None = None
    descending: bool = False
    where: ColumnElement[bool] | None = None
    before: Before | None = None


@dataclass(frozen=True)
class Found:
    """At most one row, found by the value of the argument `argument`."""

    argument: str
    where: Callable[[BindParameter[Any]], ColumnElement[bool]]
    prepare: Callable[[str], Any]


@dataclass(frozen=True)
class ById:
    """Objects of any noun by global id: one by the argument `id`, or a list by `ids`."""

    is_list: bool


@dataclass(frozen=True)
class Computed:
    """A value that `compute` makes of values of the noun's own row, instants as microseconds since 1970."""

    compute: Callable[..., Any]
    requires: Sequence[Expression]


@dataclass(frozen=True)
class Batch:
    """What a batch source is asked for: something for each of `keys`, under the field's `arguments`.

    `arguments` holds those that are present and not null, by GraphQL name; `context` is the operation's.
    """

    keys: Sequence[Any]
    arguments: Mapping[str, Any]
    context: Any


@dataclass(frozen=True)
class Batched:
    """A value, a record or a list of either for each row from something that is not a table, asked once for a level.

    `load` gives them by `key`, an expression over the noun's row. Keys that it leaves out have null or an empty list;
    an exception in the place of a value is that one field's error. `before` is done for the viewer where the field is
    selected below whoever asks.
    """

    key: Expression
    load: Callable[[Batch], Awaitable[Mapping[Any, Any]]]
    before: Before | None = None


@dataclass(frozen=True)
class Viewed:
    """The object of whoever asks: a Strawberry type of pages and of what its context tells, which no row is behind."""


@dataclass(frozen=True)
class OfViewer:
    """A value of a `Viewed` object, which `load` makes of the operation's context."""

    load: Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True)
class Attribute:
    """An attribute of a record; a list of records is a tuple there."""

    name: str


@dataclass(frozen=True)
class Asked:
    """A value, a record or a list of either for each of some records, asked once for a level as a `Batched` is.

    The keys that `load` is given are the records themselves, in their attribute `itself`.
    """

    load: Callable[[Batch], Awaitable[Mapping[Any, Any]]]
    before: Before | None = None


@dataclass(frozen=True)
class Linked:
    """The row of a noun whose column `remote` holds what a record has in the attribute `name`."""

    name: str
    remote: Expression


Source = (
    Column | Identity | One | OneOf | Many | Paged | Computed | Batched | Attribute | Linked | Found | ById | Viewed |
    OfViewer | Asked
)  # fmt: skip


def source_of(definition: GraphQLField) -> Source | None:
    """Where a field comes from, or None for one that has a resolver of its own."""
    declared = definition.extensions.get("strawberry-definition")
    source: Source | None = getattr(declared, "metadata", {}).get("source")
    return source


def noun_of(kind: GraphQLNamedType) -> Noun | None:
    """The noun behind a GraphQL type, or None."""
    declared = kind.extensions.get("strawberry-definition")
    found_noun: Noun | None = getattr(getattr(declared, "origin", None), "__noun__", None)
    return found_noun
