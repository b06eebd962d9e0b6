"""Levels of a plan, and running them: one SELECT each, for all parents together.

A level gives what its parents need by parent key: an object, a list, a connection, or a value from elsewhere.
"""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from db.engine import Row, Snapshot
from resolvers.errors import BadUserInput, Forbidden, TooManyRows
from resolvers.plan.builders import Build
from resolvers.plan.faults import Fault
from resolvers.plan.given import Variables
from resolvers.plan.statements import Statement

SEVERAL = 1_000  # nobody knows how many a batch source takes


class Grouped(dict[Any, Any]):
    """Results by parent key, with one for the parents that have no rows."""

    def __init__(self, empty: Any) -> None:
        super().__init__()
        self._empty = empty

    def __missing__(self, _key: Any) -> Any:
        return self._empty


Times = Mapping[Any, int] | None
"""How many times what a key gets stands in the answer; None: once each."""


@dataclass
class Run:
    """One execution of a plan: where to read, the coerced variables, and what batch sources are given.

    No more than `most_rows` rows are read and no more objects made of rows stand in the answer: a row that many
    parents share is read once and written out for each. `is_faulty` from the first value on that could not be had.
    """

    snapshot: Snapshot
    variables: Variables
    context: Any
    most_rows: int
    is_faulty: bool = False
    rows_read: int = 0
    objects_made: int = 0

    async def fetch(self, statement: Statement, keys: Sequence[Any] = ()) -> Sequence[Row]:
        """The rows of one statement. Raises TooManyRows."""
        rows = await self.snapshot.fetch(statement.sql, *statement.parameters(self.variables, keys))
        self.rows_read += len(rows)
        self._check(self.rows_read)
        return rows

    def place(self, objects: int) -> None:
        """Count objects that are to stand in the answer. Raises TooManyRows."""
        self.objects_made += objects
        self._check(self.objects_made)

    def _check(self, count: int) -> None:
        if count > self.most_rows:
            raise TooManyRows(
                f"the answer takes more than {self.most_rows} rows; ask for smaller pages or fewer levels"
            )


@dataclass
class Objects:
    """How the rows of a level become objects, and the levels below them."""

    build: Build
    children: Sequence[tuple["Level", int]]

    @property
    def statements(self) -> int:
        """How many statements the levels below take at most."""
        return sum(level.statements for level, _ in self.children)

    async def make(self, run: Run, rows: Sequence[Row], times: Sequence[int] | None = None) -> list[Any]:
        """One object for each row; `times` says how often each stands in the answer, None: once."""
        run.place(len(rows) if times is None else sum(times))
        below = []
        for level, column in self.children:
            keys, of_keys = _keys(rows, column, times)
            below.append(await _below(level, run, keys, of_keys, rows) if keys else Grouped(None))
        if not run.is_faulty:
            try:
                return self.build.fast(rows, *below)
            except Exception:  # noqa: BLE001 -- the careful builder finds out what it was and where
                run.is_faulty = True
        return self.build.careful(rows, *below)


def _keys(rows: Sequence[Row], column: int, times: Sequence[int] | None) -> tuple[list[Any], Times]:
    """The different keys in a column, and how many times each stands in the answer."""
    if times is None:
        values = [row[column] for row in rows if row[column] is not None]
        keys = list(dict.fromkeys(values))
        return keys, None if len(keys) == len(values) else Counter(values)
    counts: Counter[Any] = Counter()
    for row, count in zip(rows, times, strict=True):
        if row[column] is not None:
            counts[row[column]] += count
    return list(counts), counts


async def _below(
    level: "Level", run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row]
) -> Mapping[Any, Any]:
    """What a level gives; an argument that it refuses is a fault of the field in every parent."""
    try:
        return await level.run(run, keys, times, parents)
    except (BadUserInput, Forbidden) as error:
        run.is_faulty = True
        return Grouped(Fault(error))


def _times(rows: Sequence[Row], times: Times) -> Sequence[int] | None:
    """How many times the object of each row, with its parent's key first, stands in the answer."""
    return None if times is None else [times[row[0]] for row in rows]


class Supply(ABC):
    """Where the rows of a level come from."""

    statements: int

    @abstractmethod
    async def rows(self, run: Run, keys: Sequence[Any], parents: Sequence[Row]) -> Sequence[Row]:
        """The rows, each with its parent's key first."""


@dataclass
class Fetched(Supply):
    """A SELECT for all parents."""

    statement: Statement
    statements = 1

    @override
    async def rows(self, run: Run, keys: Sequence[Any], parents: Sequence[Row]) -> Sequence[Row]:
        return await run.fetch(self.statement, keys)


@dataclass
class Embedded(Supply):
    """A column of the parents' rows that holds the rows of the level, beside the column with the parent's key."""

    column: int
    key: int
    decode: Callable[[Any], Sequence[Sequence[Any]]]
    statements = 0

    @override
    async def rows(self, run: Run, keys: Sequence[Any], parents: Sequence[Row]) -> Sequence[Row]:
        held = {parent[self.key]: parent[self.column] for parent in parents}  # several may lead to one and the same
        return [(key, *row) for key, rows in held.items() for row in self.decode(rows)]


@dataclass
class Noted(Supply):
    """A column of the parents' rows with one value for each, such as a count."""

    column: int
    key: int
    statements = 0

    @override
    async def rows(self, run: Run, keys: Sequence[Any], parents: Sequence[Row]) -> Sequence[Row]:
        return [(parent[self.key], parent[self.column]) for parent in parents]


class Level(ABC):
    """One SELECT and what becomes of its rows."""

    @property
    @abstractmethod
    def statements(self) -> int:
        """How many statements it takes at most, with the levels below."""

    @abstractmethod
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Mapping[Any, Any]:
        """What each of the parents `keys` gets. Raises BadUserInput when an argument is not what the field takes."""


@dataclass
class Refused(Level):
    """A field whose arguments contradict each other, whatever their values."""

    error: BadUserInput

    @property
    @override
    def statements(self) -> int:
        return 0

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Mapping[Any, Any]:
        """Raise the reason."""
        raise self.error


@dataclass
class Lookup(Level):
    """At most one object for each key."""

    statement: Statement
    objects: Objects

    @property
    @override
    def statements(self) -> int:
        return 1 + self.objects.statements

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Grouped:
        """The object of each key; none where there is no such row or the viewer may not see it."""
        rows = await run.fetch(self.statement, keys)
        found = Grouped(None)
        for row, made in zip(rows, await self.objects.make(run, rows, _times(rows, times)), strict=True):
            found[row[0]] = made
        return found


@dataclass
class Search(Level):
    """At most one object, at the root, under the key None."""

    statement: Statement
    objects: Objects

    @property
    @override
    def statements(self) -> int:
        return 1 + self.objects.statements

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Grouped:
        """The object, or None."""
        rows = await run.fetch(self.statement, keys)
        found = Grouped(None)
        for made in await self.objects.make(run, rows[:1]):
            found[None] = made
        return found


@dataclass
class Listing(Level):
    """All children of each parent."""

    supply: Supply
    objects: Objects

    @property
    @override
    def statements(self) -> int:
        return self.supply.statements + self.objects.statements

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Mapping[Any, Any]:
        """The list of each parent."""
        rows = await self.supply.rows(run, keys, parents)
        return _lists(rows, await self.objects.make(run, rows, _times(rows, times)))


def _lists(rows: Sequence[Row], made: Sequence[Any]) -> defaultdict[Any, list[Any]]:
    """The objects of rows, each row with its parent's key first, as one list for each parent."""
    lists: defaultdict[Any, list[Any]] = defaultdict(list)
    for row, each in zip(rows, made, strict=True):
        lists[row[0]].append(each)
    return lists


@dataclass(slots=True)
class PageData:
    """What the fields of one connection object are made of: its rows, and those of each part's objects."""

    rows: Sequence[Row]
    has_more: bool
    total: int
    objects: Sequence[Sequence[Any]]
    start: int

    def part(self, number: int) -> Sequence[Any]:
        """The objects of one part."""
        return self.objects[number][self.start : self.start + len(self.rows)]


@dataclass
class Paging:
    """How many rows a page has, and from which end; one more is read where it matters whether there are more."""

    size: Callable[[Variables], int]
    backward: bool
    is_cut: bool


@dataclass
class Connections(Level):
    """A page of children for each parent; at the root, where there is no parent, one page under the key None.

    `only` is the response key of `nodes` where nothing else of the connection is selected.
    """

    check: Callable[[Variables], None]
    paging: Paging
    parts: Sequence[Objects]
    finish: Callable[[PageData], Mapping[str, Any]]
    only: str | None
    page: Supply | None
    count: Supply | None
    is_root: bool = field(default=False)

    @property
    @override
    def statements(self) -> int:
        own = sum(supply.statements for supply in (self.page, self.count) if supply is not None)
        return own + sum(part.statements for part in self.parts)

    @override
    async def run(self, run: Run, keys: Sequence[Any], times: Times, parents: Sequence[Row] = ()) -> Mapping[Any, Any]:
        """The connection object of each parent."""
        self.check(run.variables)
        rows = [] if self.page is None else await self.page.rows(run, keys, parents)
        if self.only is not None:
            return await self._only_nodes(run, rows, keys, times)
        totals = await self._totals(run, keys, parents)
        groups, cut = self._groups(rows, keys, run.variables)
        kept = [row for rows in groups.values() for row in rows]
        made = [await part.make(run, kept, _times(kept, times)) for part in self.parts]
        connections = Grouped(None)
        start = 0
        for parent, page in groups.items():
            connections[parent] = self.finish(PageData(page, parent in cut, totals.get(parent, 0), made, start))
            start += len(page)
        return connections

    async def _only_nodes(self, run: Run, rows: Sequence[Row], keys: Sequence[Any], times: Times) -> Mapping[Any, Any]:
        """As `run`, for connections of which only the nodes are selected."""
        rows = rows[::-1] if self.paging.backward else rows
        made = await self.parts[0].make(run, rows, _times(rows, times))
        if self.is_root:
            return {None: {self.only: made}}
        lists = _lists(rows, made)
        return {key: {self.only: lists[key]} for key in keys}

    def _groups(
        self, rows: Sequence[Row], keys: Sequence[Any], variables: Variables
    ) -> tuple[dict[Any, list[Row]], set[Any]]:
        """The rows of each parent's page in the list's order, and the parents that have more beyond its far end."""
        groups: dict[Any, list[Row]] = {None: list(rows)} if self.is_root else {key: [] for key in keys}
        if not self.is_root:
            for row in rows:
                groups[row[0]].append(row)
        size, cut = self.paging.size(variables), set()
        for parent, page in groups.items():
            if self.paging.is_cut and len(page) > size:
                del page[size:]
                cut.add(parent)
            if self.paging.backward:
                page.reverse()
        return groups, cut

    async def _totals(self, run: Run, keys: Sequence[Any], parents: Sequence[Row]) -> dict[Any, int]:
        if self.count is None:
            return {}
        rows = await self.count.rows(run, keys, parents)
        return {None: rows[0][0]} if self.is_root else {row[0]: row[1] for row in rows}
