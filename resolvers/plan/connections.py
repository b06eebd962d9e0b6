"""Connections: what their arguments mean, and how a page becomes `edges`, `nodes`, `pageInfo` and `totalCount`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from graphql import GraphQLObjectType
from sqlalchemy import BigInteger, ColumnElement, FromClause, bindparam
from sqlalchemy.sql import coercions, roles

from db.engine import Row
from resolvers.errors import BadUserInput
from resolvers.plan import cursors
from resolvers.plan.given import Given, Variables
from resolvers.plan.levels import PageData
from resolvers.plan.sources import Filter, Noun, Paged
from resolvers.plan.statements import Read, Rows, Sorting, adapted, storable

USUAL_PAGE = 20
LARGEST_PAGE = 100


class PageArguments:
    """`first`, `after`, `last`, `before`, `orderBy` and `filter` of one connection field.

    Raises BadUserInput where they contradict each other; values are checked when the plan runs.
    """

    def __init__(self, given: Mapping[str, Given], source: Paged, noun: Noun, name: str, prefix: str) -> None:
        if "first" in given and "last" in given:
            raise BadUserInput("first, last: give one or the other")
        self.backward = "last" in given
        self._given = given
        self._filters = source.filters
        order, descending = _order(given.get("orderBy"), source)
        expressions = [source.orders[order]]
        if expressions[0] is not noun.key:
            expressions.append(noun.key)
        self.sorting = Sorting(expressions, descending)
        self._kinds = [coercions.expect(roles.ExpressionElementRole, e).type.python_type for e in expressions]
        self.tag = f"{name}.{order}.{'desc' if descending else 'asc'}"
        self._prefix = prefix  # of parameters: a statement may hold several pages
        self.limit = bindparam(f"{prefix}_limit", type_=BigInteger())
        self.is_cut = False  # one row more than the page has is read, to see whether there are more
        self.reads: dict[str, Read] = {self.limit.key: lambda variables: self.size(variables) + self.is_cut}

    def size(self, variables: Variables) -> int:
        """How many rows the page has at most."""
        name = "last" if self.backward else "first"
        if name not in self._given:
            return USUAL_PAGE
        size: int = self._given[name].read(variables)
        if not 0 <= size <= LARGEST_PAGE:
            raise BadUserInput(f"{name}: {size} is not between 0 and {LARGEST_PAGE}")
        return size

    def check(self, variables: Variables) -> None:
        """Raise BadUserInput for an argument that the list does not take, whatever is selected of it."""
        self.size(variables)
        for name in ("after", "before"):
            if name in self._given:
                self._cursor(name, variables)
        for read in self.reads.values():
            storable(read(variables))

    def has(self, name: str) -> bool:
        """Whether an argument is given."""
        return name in self._given

    def selected(self, table: FromClause) -> list[ColumnElement[bool]]:
        """The conditions of `filter`, which hold for every page and for the count."""
        given = self._given.get("filter")
        return [] if given is None else list(self._conditions(given.members(), table))

    def paged(self, table: FromClause) -> list[ColumnElement[bool]]:
        """The conditions of `filter` and of the cursors."""
        conditions = self.selected(table)
        for name in ("after", "before"):
            if name in self._given:
                beyond, parameters = self.sorting.beyond(table, f"{self._prefix}_{name}", reverse=name == "before")
                conditions.append(beyond)
                for position, parameter in enumerate(parameters):
                    self.reads[parameter] = self._cursor_value(name, position)
        return conditions

    def _conditions(self, members: Mapping[str, Given], table: FromClause) -> Iterable[ColumnElement[bool]]:
        for name, given in members.items():
            condition, parameter = self._filters[name], f"{self._prefix}_{name}_filter"
            self.reads[parameter] = _prepared(condition, given)
            yield adapted(condition.where(bindparam(parameter, type_=condition.parameter_type)), table)

    def _cursor_value(self, name: str, position: int) -> Read:
        return lambda variables: self._cursor(name, variables)[position]

    def _cursor(self, name: str, variables: Variables) -> list[Any]:
        """The values in the cursor `name`. Raises BadUserInput."""
        return cursors.decode(self.tag, self._kinds, self._given[name].read(variables), name)


def _order(given: Given | None, source: Paged) -> tuple[str, bool]:
    """The name of the order and whether it descends."""
    if given is None:
        return next(iter(source.orders)), source.descending
    return given.sample["field"], given.sample.get("direction") == "desc"


def _prepared(condition: Filter, given: Given) -> Read:
    return lambda variables: condition.prepare(given.read(variables))


class Connection:
    """One connection object under construction: its members, by response key, are functions of the page."""

    def __init__(self, kind: GraphQLObjectType, rows: Rows, arguments: PageArguments) -> None:
        self.kind = kind
        self.rows = rows
        self.needs_rows = False
        self.needs_total = False
        self._arguments = arguments
        self._members: dict[str, Callable[[PageData], Any]] = {}
        self._nodes: str | None = None

    @property
    def only(self) -> str | None:
        """The response key of `nodes` where nothing else is selected."""
        return self._nodes if list(self._members) == [self._nodes] else None

    def constant(self, key: str, value: Any) -> None:
        """A member that is the same for every page."""
        self._members[key] = lambda _page: value

    def total(self, key: str) -> None:
        """`totalCount`."""
        self.needs_total = True
        self._members[key] = lambda page: page.total

    def nodes(self, key: str, part: int) -> None:
        """`nodes`: the objects of one part."""
        self.needs_rows = True
        self._members[key] = lambda page: page.part(part)
        self._nodes = key

    def edges(self, key: str, members: Mapping[str, Callable[[PageData], Sequence[Any]]]) -> None:
        """`edges`: objects whose members are given as columns over the page."""
        self.needs_rows = True

        def make(page: PageData) -> list[dict[str, Any]]:
            columns = {key: column(page) for key, column in members.items()}
            return [{key: column[row] for key, column in columns.items()} for row in range(len(page.rows))]

        self._members[key] = make

    def page_info(self, key: str, fields: Mapping[str, str], kind: str) -> None:
        """`pageInfo` with the selected `fields`, by response key."""
        self.needs_rows = True
        self._arguments.is_cut = True
        cursor = self._cursor()
        values: dict[str, Callable[[PageData], Any]] = {
            "__typename": lambda _page: kind,
            "hasNextPage": self._has_next,
            "hasPreviousPage": self._has_previous,
            "startCursor": lambda page: cursor(page.rows[0]) if page.rows else None,
            "endCursor": lambda page: cursor(page.rows[-1]) if page.rows else None,
        }
        self._members[key] = lambda page: {name: values[field](page) for name, field in fields.items()}

    def cursors(self) -> Callable[[PageData], Sequence[str]]:
        """The function that gives the cursors of a page's rows."""
        cursor = self._cursor()
        return lambda page: [cursor(row) for row in page.rows]

    def finish(self, page: PageData) -> dict[str, Any]:
        """The connection object."""
        return {key: member(page) for key, member in self._members.items()}

    def _has_next(self, page: PageData) -> bool:
        return self._arguments.has("before") if self._arguments.backward else page.has_more

    def _has_previous(self, page: PageData) -> bool:
        return page.has_more if self._arguments.backward else self._arguments.has("after")

    def _cursor(self) -> Callable[[Row], str]:
        """The function that gives a row's cursor; it has the columns selected that the page sorts by."""
        columns = [self.rows.column(self.rows.table, expression) for expression in self._arguments.sorting.expressions]
        tag = self._arguments.tag
        return lambda row: cursors.encode(tag, [row[column] for column in columns])
