"""Declarations: schema modules say of each field where it comes from.

A noun is a Strawberry type over a table. Next to its annotation every field names its source, and that is all that a
field needs: the compiler derives statements, joins, pages and builders from it.

    @noun(tables.Course, key=tables.Course.readable_id)
    class Course(Node):
        id: strawberry.ID = identity("…")
        number: str = column(tables.Course.number, "…")
        organization: Organization = one(tables.Course.organization_id, "…")
        runs: Connection[CourseRun] = paged("…", remote=tables.CourseRun.course_id, orders=RUN_ORDERS)
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import strawberry
from sqlalchemy import BindParameter, ColumnElement
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from resolvers.access import Permission
from resolvers.plan.sources import (
    Asked,
    Attribute,
    Batch,
    Batched,
    Before,
    ById,
    Column,
    Computed,
    Expression,
    Filter,
    Found,
    Identity,
    Link,
    Linked,
    Many,
    Noun,
    OfViewer,
    One,
    OneOf,
    Paged,
    Source,
    Viewed,
    Visibility,
)

T = TypeVar("T", bound=type)


def _as_it_is(key: str) -> str:
    return key


def _everything(_permissions: frozenset[Permission]) -> None:
    """Every signed-in viewer sees every row."""


def noun(
    table: type[DeclarativeBase],
    *,
    key: Expression,
    parse: Callable[[str], Any] = _as_it_is,
    visible: Visibility = _everything,
    description: str,
) -> Callable[[T], T]:
    """Make a class a GraphQL type over `table`.

    `parse` makes of a key in a global id what the column `key` holds, and raises BadUserInput. `visible` becomes part
    of the WHERE of every edge to the type.
    """

    def declare(cls: T) -> T:
        cls.__noun__ = Noun(table.__table__, key, visible, parse)  # type: ignore[attr-defined]
        return strawberry.type(cls, description=description)

    return declare


def column(expression: Expression, description: str, **options: Any) -> Any:
    """A field that reads `expression` from the noun's row."""
    return _field(Column(expression), description, **options)


def identity(description: str) -> Any:
    """The field `id`."""
    return _field(Identity(), description)


def one(local: Expression, description: str) -> Any:
    """A field that leads to the row which `local` refers to."""
    return _field(One(local), description)


def one_of(locals: Mapping[str, Expression], description: str) -> Any:  # noqa: A002 -- what they are
    """A field of an interface or union type; `locals` maps the names of its types to the columns that lead there."""
    return _field(OneOf(locals), description)


def computed(compute: Callable[..., Any], requires: Sequence[Expression], description: str) -> Any:
    """A field that `compute` makes of values of the noun's row; it runs for every row, so it should be quick."""
    return _field(Computed(compute, requires), description)


def batched(
    key: Expression,
    load: Callable[[Batch], Awaitable[Mapping[Any, Any]]],
    description: str,
    arguments: Mapping[str, tuple[Any, str]] | None = None,
    *,
    before: Before | None = None,
) -> Any:
    """A field that `load` answers for all rows of a level at once; `arguments` maps names to type and description."""
    return _field(Batched(key, load, before), description, arguments)


def viewed(description: str) -> Any:
    """The root field that leads to whoever asks."""
    return _field(Viewed(), description)


def of_viewer(load: Callable[[Any], Awaitable[Any]], description: str) -> Any:
    """A field of whoever asks that `load` makes of the operation's context."""
    return _field(OfViewer(load), description)


def attribute(name: str, description: str) -> Any:
    """A field of a record type, which is a Strawberry type that no table stands behind."""
    return _field(Attribute(name), description)


def told(name: str, description: str) -> Any:
    """A field of a record type whose objects mutations make themselves, too."""
    return strawberry.field(description=description, metadata={"source": Attribute(name)})


def asked(
    load: Callable[[Batch], Awaitable[Mapping[Any, Any]]],
    description: str,
    arguments: Mapping[str, tuple[Any, str]] | None = None,
) -> Any:
    """A field of a record type that `load` answers for all records of a level at once."""
    return _field(Asked(load), description, arguments)


def linked(name: str, remote: Expression, description: str) -> Any:
    """A field of a record type that leads to the row whose `remote` equals the record's attribute `name`."""
    return _field(Linked(name, remote), description)


def many(
    description: str,
    *,
    order: Sequence[Expression],
    remote: InstrumentedAttribute[Any] | None = None,
    through: Link | None = None,
) -> Any:
    """A list field, for relations that a rule bounds."""
    return _field(Many(order, remote, through), description)


def paged(
    description: str,
    *,
    orders: Mapping[str, Expression],
    order_by: type | None = None,
    descending: bool = False,
    filter_by: type | None = None,
    filters: Mapping[str, Filter] | None = None,
    remote: InstrumentedAttribute[Any] | None = None,
    through: Link | None = None,
    where: ColumnElement[bool] | None = None,
    before: Before | None = None,
) -> Any:
    """A connection field with `first`, `after`, `last`, `before` and, given their input types, `orderBy` and `filter`.

    `orders` maps the values of `order_by`'s enum to what they sort by, the default first; every expression must be
    non-null. `filters` maps the GraphQL names of the members of `filter_by`.
    """
    arguments: dict[str, tuple[Any, str]] = {
        "first": (int | None, "How many from the start of the list, or after `after`: 20 by default, 100 at most."),
        "after": (str | None, "The cursor after which the page starts."),
        "last": (int | None, "How many from the end of the list, or before `before`: 100 at most."),
        "before": (str | None, "The cursor before which the page ends."),
    }
    if order_by is not None:
        arguments["order_by"] = (order_by | None, "The order of the list.")
    if filter_by is not None:
        arguments["filter"] = (filter_by | None, "Which to list; all conditions hold together.")
    source = Paged(orders, filters or {}, remote, through, descending, where, before)
    return _field(source, description, arguments)


def found(
    argument: str,
    argument_description: str,
    description: str,
    *,
    where: Callable[[BindParameter[Any]], ColumnElement[bool]],
    prepare: Callable[[str], Any],
    kind: Any = str,
) -> Any:
    """A root field that finds one row by `argument`; `prepare` parses it and raises BadUserInput."""
    return _field(Found(argument, where, prepare), description, {argument: (kind, argument_description)})


def by_id(description: str, argument_description: str) -> Any:
    """The root field `node(id:)`."""
    return _field(ById(is_list=False), description, {"id": (strawberry.ID, argument_description)})


def by_ids(description: str, argument_description: str) -> Any:
    """The root field `nodes(ids:)`."""
    return _field(ById(is_list=True), description, {"ids": (list[strawberry.ID], argument_description)})


def _field(
    source: Source, description: str, arguments: Mapping[str, tuple[Any, str]] | None = None, **options: Any
) -> Any:
    return strawberry.field(
        resolver=_resolver(arguments or {}), description=description, metadata={"source": source}, **options
    )


def _resolver(arguments: Mapping[str, tuple[Any, str]]) -> Callable[..., Any]:
    """What graphql-core calls for a planned field of an operation that also has others.

    Its signature is made here because Strawberry reads a field's arguments from it.
    """

    async def resolve(info: strawberry.Info, **_: Any) -> Any:
        return await info.context.planned(info)

    parameters = [inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Info)]
    annotations: dict[str, Any] = {"info": strawberry.Info}
    for name, (kind, description) in arguments.items():
        optional = type(None) in getattr(kind, "__args__", ())
        annotations[name] = Annotated[kind, strawberry.argument(description=description)]
        default = strawberry.UNSET if optional else inspect.Parameter.empty
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotations[name])
        )
    resolve.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    resolve.__annotations__ = annotations
    return resolve
