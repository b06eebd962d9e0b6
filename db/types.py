"""Column types and SQL constructs that mean the same on SQLite and PostgreSQL.

Reads run raw on the driver, past SQLAlchemy's result processing, so every type here says how its raw value looks:
times are integer microseconds since the epoch of the database (`EPOCHS`), enums are their stored text, booleans are 0/1
on SQLite.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Dialect, Enum, Integer, String, func
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean, NullType, TypeDecorator, TypeEngine

from db.errors import NaiveDatetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCHS: Mapping[str, datetime] = {"sqlite": EPOCH, "postgresql": datetime(2000, 1, 1, tzinfo=UTC)}
MICROSECOND = timedelta(microseconds=1)

# An autoincrementing key on SQLite must be declared INTEGER.
Key = BigInteger().with_variant(Integer(), "sqlite")


def text(length: int | None = None) -> String:
    """Text that both databases compare byte by byte, so that orders and cursors agree."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def choice(values: type[StrEnum]) -> Enum:
    """A column that holds the value of one member of `values`, checked by the database."""
    return Enum(
        values,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        length=32,
    )


def raw_instant(moment: datetime, dialect: str) -> int:
    """An aware time as raw reads have it."""
    return (moment - EPOCHS[dialect]) // MICROSECOND


def instant(raw: int, dialect: str = "sqlite") -> datetime:
    """The time that a raw read has as an integer; where it was read as `micros`, the dialect does not matter."""
    return EPOCHS[dialect] + raw * MICROSECOND


def iso(moment: datetime) -> str:
    """An aware time as it stands in answers: ISO 8601 in UTC, with microseconds where there are any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


class Instant(TypeDecorator[datetime]):
    """A point in time: an aware datetime in Python, microseconds on SQLite, timestamptz on PostgreSQL."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite has no time type; integers keep every microsecond and sort right."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else SqlDateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive times here, at the border, whoever made them."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveDatetime(f"{value.isoformat()} has no time zone")
        return raw_instant(value, dialect.name) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give aware UTC back."""
        if value is None:
            return None
        moment: datetime = instant(value) if dialect.name == "sqlite" else value.astimezone(UTC)
        return moment


class ListOf(TypeDecorator[list[Any]]):
    """A parameter that holds any number of values: an array on PostgreSQL, JSON text on SQLite. For `any_of`."""

    impl = String()
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite has no arrays."""
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else ARRAY(self.item))

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        """As the database takes it."""
        return orjson.dumps(value).decode() if dialect.name == "sqlite" else value


class micros(FunctionElement[int]):  # noqa: N801 -- reads as the SQL function it is
    """An instant column as integer microseconds since 1970."""

    type = BigInteger()
    inherit_cache = True


@compiles(micros)
def _micros(element: micros, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(micros, "postgresql")
def _micros_postgresql(element: micros, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(extract(epoch FROM {compiler.process(element.clauses, **kw)}) * 1000000)::int8"


class present(FunctionElement[datetime]):  # noqa: N801 -- reads as the SQL function it is
    """The present moment as an instant; on PostgreSQL that of the snapshot."""

    type = Instant()
    inherit_cache = True


@compiles(present)
def _present(_element: present, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


@compiles(present, "postgresql")
def _present_postgresql(_element: present, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "now()"


class later(FunctionElement[datetime]):  # noqa: N801 -- reads as the SQL function it is
    """The moment some seconds after the present one by the database's clock, inside of transactions too."""

    type = Instant()
    inherit_cache = True


@compiles(later)
def _later(element: later, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"CAST((julianday('now') - 2440587.5) * 86400000000 + ({seconds}) * 1000000 AS INTEGER)"


@compiles(later, "postgresql")
def _later_postgresql(element: later, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


class rows_of(FunctionElement[Any]):  # noqa: N801 -- reads as the SQL function it is
    """The rows of a correlated SELECT as one value: an array of records on PostgreSQL, JSON text on SQLite."""

    type = NullType()
    inherit_cache = True


@compiles(rows_of)
def _rows_of(element: rows_of, compiler: SQLCompiler, **kw: Any) -> str:
    [query] = element.clauses
    names = [f"v{i}" for i in range(len(query.element.selected_columns))]
    inner = query.element.with_only_columns(
        *(column.label(name) for column, name in zip(query.element.selected_columns, names, strict=True))
    )
    listed = ", ".join(names)
    return f"(SELECT json_group_array(json_array({listed})) FROM ({compiler.process(inner, **kw)}))"  # noqa: S608


@compiles(rows_of, "postgresql")
def _rows_of_postgresql(element: rows_of, compiler: SQLCompiler, **kw: Any) -> str:
    [query] = element.clauses
    inner = query.element.with_only_columns(func.row(*query.element.selected_columns))
    return f"ARRAY({compiler.process(inner, **kw)})"


ONE = "is_one"
"""Given to the compiler of a statement whose lists have one value each.

PostgreSQL keeps a plan for that; of a list it plans anew each time, which may take far longer than to run it.
"""


class any_of(FunctionElement[bool]):  # noqa: N801 -- reads as the SQL operator it is
    """Whether a column equals one of the values of a `ListOf` parameter: `any_of(column, parameter)`.

    One statement serves any number of values, unlike IN with a parameter for each.
    """

    type = Boolean()
    inherit_cache = True


@compiles(any_of)
def _any_of(element: any_of, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 -- both are rendered SQL


@compiles(any_of, "postgresql")
def _any_of_postgresql(element: any_of, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} = ({values})[1]" if kw.get(ONE) else f"{column} = ANY({values})"
