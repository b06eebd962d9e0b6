"""Connections: what their arguments mean, and how a page becomes `edges`, `nodes`, `pageInfo` and `totalCount`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from graphql import GraphQLObjectType
from sqlalchemy import BigInteger, ColumnElement, FromClause, bindparam
from sqlalchemy.sql import coercions, roles

from db.engine import Row
from resolvers.access import VIEWER, Permission
from resolvers.errors import BadUserInput
from resolvers.plan import cursors
from resolvers.plan.given import Given, Variables
from resolvers.plan.levels import PageData
from resolvers.plan.sources import Before, Filter, Noun, Paged
from resolvers.plan.statements import Read, Rows, Sorting, adapted, storable

USUAL_PAGE = 20
LARGEST_PAGE = 100


class PageArguments:
    """`first`, `after`, `last`, `before`, `orderBy` and `filter` of one connection field.

    Raises BadUserInput where they contradict each other; values are checked when the plan runs.
    """

    def __init__(  # noqa: PLR0917 -- what a page is made of
        self,
        given: Mapping[str, Given],
        source: Paged,
        noun: Noun,
        name: str,
        prefix: str,
        permissions: frozenset[Permission],
    ) -> None:
        if "first" in given and "last" in given:
            raise BadUserInput("first, last: give one or the other")
        self.backward = "last" in given
        self._given = given
        self._source = source
        self._permissions = permissions
        order, descending = _order(given.get("orderBy"), source)
        expressions = [source.orders[order]]
        if expressions[0] is not noun.key:
            expressions.append(noun.key)
        self.sorting = Sorting(expressions, descending)
        self._kinds = [coercions.expect(roles.ExpressionElementRole, e).type.python_type for e in expressions]
        self.tag = f"{name}.{order}.{'desc' if descending else 'asc'}"
        self._prefix = prefix  # of parameters: a statement may hold several pages
        self.limit = bindparam(f"{prefix}_limit", type_=BigInteger())
        self.size = PageSize(given, "last" if self.backward else "first")
        self.reads: dict[str, Read] = {self.limit.key: self.size.limit}  # none knows this object: plans keep them

    def check(self, variables: Variables) -> None:
        """Raise BadUserInput for an argument that the list does not take, whatever is selected of it."""
        self.size(variables)
        for name in ("after", "before"):
            if name in self._given:
                self._cursor(name)(variables)
        for read in self.reads.values():
            storable(read(variables))

    def has(self, name: str) -> bool:
        """Whether an argument is given."""
        return name in self._given

    def selected(self, table: FromClause) -> list[ColumnElement[bool]]:
        """The conditions of `filter`, which hold for every page and for the count."""
        given = self._given.get("filter")
        fixed = [] if self._source.where is None else [adapted(self._source.where, table)]
        return fixed if given is None else [*fixed, *self._conditions(given.members(), table)]

    def paged(self, table: FromClause) -> list[ColumnElement[bool]]:
        """The conditions of `filter` and of the cursors."""
        conditions = self.selected(table)
        for name in ("after", "before"):
            if name in self._given:
                beyond, parameters = self.sorting.beyond(table, f"{self._prefix}_{name}", reverse=name == "before")
                conditions.append(beyond)
                for position, parameter in enumerate(parameters):
                    self.reads[parameter] = _member(self._cursor(name), position)
        return conditions

    def befores(self) -> Iterable[tuple[Before, Read]]:
        """What is done before anything is read, and how to read the value that it is done for."""
        if self._source.before is not None:
            yield self._source.before, lambda variables: variables[VIEWER]
        given = self._given.get("filter")
        for name, member in (given.members() if given else {}).items():
            condition = self._source.filters[name]
            if condition.before is not None:
                yield condition.before, _prepared(condition, member, self._permissions)

    def _conditions(self, members: Mapping[str, Given], table: FromClause) -> Iterable[ColumnElement[bool]]:
        for name, given in members.items():
            condition, parameter = self._source.filters[name], f"{self._prefix}_{name}_filter"
            self.reads[parameter] = _prepared(condition, given, self._permissions)
            yield adapted(condition.where(bindparam(parameter, type_=condition.parameter_type)), table)

    def _cursor(self, name: str) -> Callable[[Variables], list[Any]]:
        """The function that reads the values in the cursor `name`, and raises BadUserInput."""
        tag, kinds, given = self.tag, self._kinds, self._given[name]
        return lambda variables: cursors.decode(tag, kinds, given.read(variables), name)


class PageSize:
    """How many rows a page has at most: called with variables. Raises BadUserInput."""

    def __init__(self, given: Mapping[str, Given], name: str) -> None:
        self._given = given.get(name)
        self._name = name
        self.is_cut = False  # one row more than the page has is read, to see whether there are more

    def __call__(self, variables: Variables) -> int:
        """The size that is given, or the usual one."""
        if self._given is None:
            return USUAL_PAGE
        size: int = self._given.read(variables)
        if not 0 <= size <= LARGEST_PAGE:
            raise BadUserInput(f"{self._name}: {size} is not between 0 and {LARGEST_PAGE}")
        return size

    def limit(self, variables: Variables) -> int:
        """How many rows are read at most."""
        return self(variables) + self.is_cut


def _member(read: Callable[[Variables], list[Any]], position: int) -> Read:
    return lambda variables: read(variables)[position]


def _order(given: Given | None, source: Paged) -> tuple[str, bool]:
    """The name of the order and whether it descends."""
    if given is None:
        return next(iter(source.orders)), source.descending
    return given.sample["field"], given.sample.get("direction") == "desc"


def _prepared(condition: Filter, given: Given, permissions: frozenset[Permission]) -> Read:
    def read(variables: Variables) -> Any:
        value = condition.prepare(given.read(variables))
        if condition.permit is not None:
            condition.permit(value, variables[VIEWER], permissions)
        return value

    return read


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
        self._arguments.size.is_cut = True
        cursor = self._cursor()
        values: dict[str, Callable[[PageData], Any]] = {
            "__typename": lambda _page: kind,
            "hasNextPage": self._goes_on("before", is_end=not self._arguments.backward),
            "hasPreviousPage": self._goes_on("after", is_end=self._arguments.backward),
            "startCursor": lambda page: cursor(page.rows[0]) if page.rows else None,
            "endCursor": lambda page: cursor(page.rows[-1]) if page.rows else None,
        }
        self._members[key] = lambda page: {name: values[field](page) for name, field in fields.items()}

    def cursors(self) -> Callable[[PageData], Sequence[str]]:
        """The function that gives the cursors of a page's rows."""
        cursor = self._cursor()
        return lambda page: [cursor(row) for row in page.rows]

    def finish(self) -> Callable[[PageData], dict[str, Any]]:
        """The function that makes the connection object: all that is kept of this, as plans are many."""
        members = self._members
        return lambda page: {key: member(page) for key, member in members.items()}

    def _goes_on(self, argument: str, *, is_end: bool) -> Callable[[PageData], bool]:
        """Whether the list goes on at a side of the page: at its end that is seen, elsewhere a cursor says so."""
        is_given = self._arguments.has(argument)
        return (lambda page: page.has_more) if is_end else (lambda _page: is_given)

    def _cursor(self) -> Callable[[Row], str]:
        """The function that gives a row's cursor; it has the columns selected that the page sorts by."""
        columns = [self.rows.column(self.rows.table, expression) for expression in self._arguments.sorting.expressions]
        tag = self._arguments.tag
        return lambda row: cursors.encode(tag, [row[column] for column in columns])
