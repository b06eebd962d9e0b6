"""SELECTs of a plan: built with SQLAlchemy Core, rendered once, run on the driver's own connection.

Each level of a selection is one statement for all parents together. Paging happens inside it, so that rows that are
skipped never cost their children, and to-one relations are joined in.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnClause,
    ColumnElement,
    Dialect,
    FromClause,
    Select,
    bindparam,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.util import ClauseAdapter
from sqlalchemy.sql.visitors import iterate, replacement_traverse
from sqlalchemy.types import TypeEngine

from db.engine import Row, Snapshot
from db.types import ONE, Instant, ListOf, any_of, raw_instant
from resolvers.access import VIEWER, Permission
from resolvers.errors import BadUserInput, RequestError
from resolvers.plan.given import Variables
from resolvers.plan.sources import Expression, Link, Noun

KEYS = "keys"
MOST_ROWS = 100_000  # of one operation
JUST_TOO_MANY = literal_column(str(MOST_ROWS + 1), BigInteger())
Read = Callable[[Variables], Any]


@dataclass(frozen=True)
class Statement:
    """A rendered SELECT and how to make its positional parameters from variables and parent keys."""

    sql: str
    readers: tuple[Callable[[Variables, Sequence[Any]], Any], ...]

    def parameters(self, variables: Variables, keys: Sequence[Any] = ()) -> list[Any]:
        """The parameters in order. Raises BadUserInput when an argument is not what its field takes."""
        return [read(variables, keys) for read in self.readers]


def render(
    query: Select[*tuple[Any, ...]], dialect: Dialect, reads: Mapping[str, Read], *, is_one: bool = False
) -> Statement:
    """`query` as text for `dialect`; `reads` names the parameters whose values come from variables.

    It may be for one key only. Raises BadUserInput for a text that no database can hold.
    """
    compiled = query.compile(dialect=dialect, compile_kwargs={ONE: is_one})
    constants, binds = compiled.params, compiled.binds
    if any(bind.expanding for bind in binds.values()):
        raise TypeError("an IN with a list is rendered when it runs; use any_of with a ListOf parameter, or OR")
    names: Sequence[str] = compiled.positiontup or ()
    return Statement(
        compiled.string, tuple(_reader(binds[name], constants.get(name), dialect, reads.get(name)) for name in names)
    )


def _reader(
    bind: BindParameter[Any], constant: Any, dialect: Dialect, read: Read | None
) -> Callable[[Variables, Sequence[Any]], Any]:
    process: Callable[[Any], Any] = bind.type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value)
    if isinstance(bind.type, Instant):
        process = functools.partial(_raw_instant, dialect.name)
    if bind.key == VIEWER:
        return lambda variables, _keys: variables[VIEWER]
    if bind.key == KEYS:
        return lambda _variables, keys: process(keys)
    if read is None:
        value = process(storable(constant))
        return lambda _variables, _keys: value
    return lambda variables, _keys: process(storable(read(variables)))


async def rows_for(
    snapshot: Snapshot,
    dialect: Dialect,
    query: Select[*tuple[Any, ...]],
    keys: Sequence[Any],
    viewer: str | None = None,
) -> Sequence[Row]:
    """The raw rows of a SELECT over `keys_parameter`, for batch sources that read tables; of `viewer` if it asks."""
    statement = _rendered_once(query, dialect, is_one=len(keys) == 1)
    return await snapshot.fetch(statement.sql, *statement.parameters({VIEWER: viewer}, keys))


@functools.lru_cache(maxsize=256)
def _rendered_once(query: Select[*tuple[Any, ...]], dialect: Dialect, *, is_one: bool) -> Statement:
    return render(query, dialect, {}, is_one=is_one)


def _raw_instant(dialect: str, value: datetime | None) -> int | None:
    return None if value is None else raw_instant(value, dialect)


def storable(value: Any) -> Any:
    """The value, which must not hold the one character that no database text can hold. Raises BadUserInput."""
    if isinstance(value, str) and "\x00" in value:
        raise BadUserInput("a text must not contain the character U+0000")
    return value


def harmless(reads: Mapping[str, Read]) -> dict[str, Read]:
    """Reads for a statement of which the list is only a part: an argument that it does not take leaves it empty.

    The list's own level refuses the argument, at the right place.
    """

    def wrapped(read: Read, instead: Any) -> Read:
        def safe(variables: Variables) -> Any:
            try:
                return storable(read(variables))
            except RequestError:
                return instead

        return safe

    return {name: wrapped(read, 0 if name.endswith("_limit") else None) for name, read in reads.items()}


def keys_parameter(kind: TypeEngine[Any]) -> BindParameter[Any]:
    """The parameter that holds the keys of all parents of a level."""
    return bindparam(KEYS, type_=ListOf(kind))


def adapted(expression: Expression, *aliases: FromClause) -> ColumnElement[Any]:
    """A declared expression, in which the declared tables are replaced by the statement's aliases of them."""
    clause: ColumnElement[Any] = coercions.expect(roles.ExpressionElementRole, expression)
    for alias in aliases:
        clause = ClauseAdapter(alias).traverse(clause)
    return clause


class Rows:
    """The FROM, the joins and the columns of one level's SELECT, while it is being put together."""

    def __init__(
        self, noun: Noun, permissions: frozenset[Permission], dialect: Dialect, names: Iterator[str], *, is_keyed: bool
    ) -> None:
        self.noun = noun
        self.dialect = dialect
        self.is_keyed = is_keyed  # the first column is the parent's key
        self.table: FromClause = noun.table.alias(next(names))
        self.columns: list[ColumnElement[Any]] = []
        self.joins: list[tuple[FromClause, ColumnElement[bool]]] = []
        self.reads: dict[str, Read] = {}  # how the parameters of the SELECT that are no constants are read
        self._permissions = permissions
        self.names = names
        self._indexes: dict[str, int] = {}

    def column(self, table: FromClause, expression: Expression) -> int:
        """The position in the row of `expression` over `table`, which is `self.table` or a joined one."""
        return self.add(adapted(expression, table))

    def add(self, clause: ColumnElement[Any]) -> int:
        """The position in the row of an expression over this level's own tables."""
        text = str(clause.compile(dialect=self.dialect))  # a function may be nothing on one database only
        if text not in self._indexes:
            self._indexes[text] = self.width
            self.columns.append(clause)
        return self._indexes[text]

    @property
    def width(self) -> int:
        """How many columns a row has so far."""
        return len(self.columns) + self.is_keyed

    def join(self, noun: Noun, table: FromClause, local: Expression) -> FromClause:
        """Join the row of `noun` that `local` of `table` refers to, if the viewer may see it."""
        joined = noun.table.alias(next(self.names))
        on = [joined.c.id == adapted(local, table), *self.visible(noun, joined)]
        self.joins.append((joined, _all(on)))
        return joined

    def visible(self, noun: Noun, table: FromClause) -> list[ColumnElement[bool]]:
        """The predicate under which the viewer may see rows of `noun`, or nothing when that is all of them."""
        predicate = noun.visible(self._permissions)
        return [] if predicate is None else [adapted(predicate, table)]

    def select(
        self, base: FromClause, key: ColumnElement[Any] | None = None, *, instead: FromClause | None = None
    ) -> Select[Any]:
        """SELECT `key`, if rows are keyed, and all columns from `base` and the joins.

        Where `base` has something else `instead` of the table, its columns are read.
        """
        columns, joins = self.columns, self.joins
        if instead is not None:
            columns = [self._moved(column, instead) for column in columns]
            joins = [(joined, self._moved(on, instead)) for joined, on in joins]
        for joined, on in joins:
            base = base.outerjoin(joined, on)
        keys = [] if key is None else [key]
        # A level may be asked for nothing but constants; a SELECT needs a column.
        return select(*keys, *(columns or ([] if keys else [true()]))).select_from(base)

    def _moved(self, clause: ColumnElement[Any], instead: FromClause) -> ColumnElement[Any]:
        """The clause with the columns of `instead` in place of the table's."""
        replaced: Any = lambda part, **_: instead.c[part.key] if self._is_own(part) else None  # noqa: E731 -- overloads
        moved: ColumnElement[Any] = replacement_traverse(clause, {}, replaced)
        return moved

    def own_columns(self, *also: ColumnElement[Any]) -> list[str]:
        """The names of the table's columns that the SELECT and the clauses `also` refer to."""
        clauses = [*self.columns, *(on for _, on in self.joins), *also]
        found: Iterator[Any] = (part for clause in clauses for part in iterate(clause))
        return list(dict.fromkeys(part.key for part in found if self._is_own(part)))

    def _is_own(self, part: Any) -> bool:
        return isinstance(part, ColumnClause) and part.table is self.table


@dataclass(frozen=True)
class Sorting:
    """What a page sorts by, all in one direction; the last expression is unique."""

    expressions: Sequence[Expression]
    descending: bool

    def order(self, table: FromClause, *, reverse: bool) -> list[ColumnElement[Any]]:
        """The ORDER BY, or its reverse."""
        down = self.descending != reverse
        return [clause.desc() if down else clause.asc() for clause in self._clauses(table)]

    def beyond(self, table: FromClause, name: str, *, reverse: bool) -> tuple[ColumnElement[bool], list[str]]:
        """The condition that a row comes after a cursor, or before it, and the names of the cursor's parameters."""
        clauses = self._clauses(table)
        binds = [bindparam(f"{name}_{i}", type_=clause.type) for i, clause in enumerate(clauses)]
        names = [bind.key for bind in binds]
        row, cursor = tuple_(*clauses), tuple_(*binds)
        return (row < cursor if self.descending != reverse else row > cursor), names

    def _clauses(self, table: FromClause) -> list[ColumnElement[Any]]:
        return [adapted(expression, table) for expression in self.expressions]


def children(
    rows: Rows,
    remote: Expression | None,
    through: Link | None,
    order: Sequence[Expression],
    parent_table: FromClause | None = None,
) -> Select[Any]:
    """All rows that belong to the parents, each with its parent's key first, or to the one row of `parent_table`."""
    table = rows.table
    if through is not None:
        link = through.parent.class_.__table__.alias("link")
        parent = adapted(through.parent, link)
        base: FromClause = link.join(table, adapted(through.child, link) == table.c.id)
        clauses = [adapted(expression, table, link) for expression in order]
    else:
        assert remote is not None  # noqa: S101 -- a relation has one or the other
        parent, base = adapted(remote, table), table
        clauses = [adapted(expression, table) for expression in order]
    visible = rows.visible(rows.noun, table)
    if parent_table is not None:
        query = rows.select(base).where(parent == parent_table.c.id, *visible).order_by(*clauses)
        return query.limit(JUST_TOO_MANY).correlate(parent_table)
    wanted = any_of(parent, keys_parameter(parent.type))
    return rows.select(base, parent).where(wanted, *visible).order_by(*clauses).limit(JUST_TOO_MANY)


def belonging(
    table: FromClause, parent: ColumnElement[Any], remote: Expression | None, through: Link | None
) -> ColumnElement[bool]:
    """The condition that a row of `table` belongs to `parent`; a semi-join, so that no row comes twice."""
    if through is None:
        assert remote is not None  # noqa: S101 -- a relation has one or the other
        return adapted(remote, table) == parent
    link = through.parent.class_.__table__.alias("link")
    linked = select(adapted(through.child, link)).where(adapted(through.parent, link) == parent)
    return table.c.id.in_(linked.correlate_except(link))


def pages(
    rows: Rows,
    belongs: Callable[[FromClause, ColumnElement[Any]], ColumnElement[bool]],
    conditions: Callable[[FromClause], list[ColumnElement[bool]]],
    sorting: Sorting,
    limit: BindParameter[int],
    *,
    reverse: bool,
) -> Select[Any]:
    """The page of each parent, each row with its parent's key first: a LATERAL, or on SQLite a correlated IN."""
    table, inner = rows.table, rows.noun.table.alias("page_row")
    parents, parent = _parents(rows.dialect)
    order = sorting.order(table, reverse=reverse)
    page = (
        select(inner.c.id)
        .where(belongs(inner, parent), *conditions(inner))
        .order_by(*sorting.order(inner, reverse=reverse))
        .limit(limit)
    )
    if rows.dialect.name == "sqlite":
        base = parents.join(table, table.c.id.in_(page.correlate(parents)))
        return rows.select(base, parent).order_by(*order).limit(JUST_TOO_MANY)
    needed = [inner.c[name] for name in rows.own_columns(*order)]
    lateral = page.with_only_columns(*needed).correlate(parents).lateral(next(rows.names))
    order = sorting.order(lateral, reverse=reverse)
    return rows.select(parents.join(lateral, true()), parent, instead=lateral).order_by(*order).limit(JUST_TOO_MANY)


def counts(
    rows: Rows,
    belongs: Callable[[FromClause, ColumnElement[Any]], ColumnElement[bool]],
    conditions: Callable[[FromClause], list[ColumnElement[bool]]],
) -> Select[Any]:
    """How many rows belong to each parent, over all pages."""
    inner = rows.noun.table.alias("counted_row")
    parents, parent = _parents(rows.dialect)
    count = select(func.count()).select_from(inner).where(belongs(inner, parent), *conditions(inner))
    return select(parent, count.correlate(parents).scalar_subquery()).select_from(parents)


def _parents(dialect: Dialect) -> tuple[FromClause, ColumnElement[Any]]:
    """The parents' keys as a table of one column."""
    keys = keys_parameter(BigInteger())
    if dialect.name == "sqlite":
        table = func.json_each(keys).table_valued("value", name="parent")
        return table, table.c.value
    table = func.unnest(keys).table_valued("id", name="parent").render_derived()
    return table, table.c.id


def _all(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    first, *rest = conditions
    for condition in rest:
        first = first & condition
    return first
