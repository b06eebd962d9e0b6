"""Levels of a plan, and running them: one SELECT each, for all parents together.

A level gives what its parents need by parent key: an object, a list, or a connection.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.engine import Row, Snapshot
from resolvers.plan.builders import Build
from resolvers.plan.given import Variables
from resolvers.plan.statements import Statement


class Grouped(dict[Any, Any]):
    """Results by parent key, with one for the parents that have no rows."""

    def __init__(self, empty: Any) -> None:
        super().__init__()
        self._empty = empty

    def __missing__(self, _key: Any) -> Any:
        return self._empty


@dataclass(frozen=True)
class Run:
    """One execution of a plan: where to read, and the coerced variables."""

    snapshot: Snapshot
    variables: Variables

    async def fetch(self, statement: Statement, keys: Sequence[Any] = ()) -> Sequence[Row]:
        """The rows of one statement."""
        return await self.snapshot.fetch(statement.sql, *statement.parameters(self.variables, keys))


@dataclass
class Objects:
    """How the rows of a level become objects, and the levels below them."""

    build: Build
    children: Sequence[tuple["Level", int]]

    async def make(self, run: Run, rows: Sequence[Row]) -> list[Any]:
        """One object for each row."""
        below = []
        for level, column in self.children:
            keys = list(dict.fromkeys(row[column] for row in rows if row[column] is not None))
            below.append(await level.run(run, keys) if keys else Grouped(None))
        return self.build(rows, *below)


class Level(ABC):
    """One SELECT and what becomes of its rows."""

    @abstractmethod
    async def run(self, run: Run, keys: Sequence[Any]) -> Grouped:
        """What each of the parents `keys` gets."""


@dataclass
class Lookup(Level):
    """At most one object for each key."""

    statement: Statement
    objects: Objects

    async def run(self, run: Run, keys: Sequence[Any]) -> Grouped:
        """The object of each key; none where there is no such row or the viewer may not see it."""
        rows = await run.fetch(self.statement, keys)
        found = Grouped(None)
        for row, made in zip(rows, await self.objects.make(run, rows), strict=True):
            found[row[0]] = made
        return found


@dataclass
class Search(Level):
    """At most one object, at the root, under the key None."""

    statement: Statement
    objects: Objects

    async def run(self, run: Run, keys: Sequence[Any]) -> Grouped:
        """The object, or None."""
        rows = await run.fetch(self.statement, keys)
        found = Grouped(None)
        for made in await self.objects.make(run, rows[:1]):
            found[None] = made
        return found


@dataclass
class Listing(Level):
    """All children of each parent."""

    statement: Statement
    objects: Objects

    async def run(self, run: Run, keys: Sequence[Any]) -> Grouped:
        """The list of each parent."""
        rows = await run.fetch(self.statement, keys)
        lists = Grouped([])
        for row, made in zip(rows, await self.objects.make(run, rows), strict=True):
            parent = row[0]
            if parent in lists:
                lists[parent].append(made)
            else:
                lists[parent] = [made]
        return lists


@dataclass
class PageData:
    """What the fields of one connection object are made of."""

    rows: Sequence[Row]
    has_more: bool
    total: int
    objects: Sequence[Sequence[Any]]


@dataclass
class Paging:
    """How many rows a page has, and from which end."""

    size: Callable[[Variables], int]
    backward: bool

    def cut(self, rows: list[Row], variables: Variables) -> tuple[list[Row], bool]:
        """The rows of the page in the list's order, and whether more lie beyond its far end."""
        size = self.size(variables)
        page, has_more = rows[:size], len(rows) > size
        if self.backward:
            page.reverse()
        return page, has_more


@dataclass
class Connections(Level):
    """A page of children for each parent; at the root, where there is no parent, one page under the key None."""

    paging: Paging
    parts: Sequence[Objects]
    finish: Callable[[PageData], Mapping[str, Any]]
    page: Statement | None
    count: Statement | None
    is_root: bool = field(default=False)

    async def run(self, run: Run, keys: Sequence[Any]) -> Grouped:
        """The connection object of each parent."""
        pages = await self._pages(run, keys)
        totals = await self._totals(run, keys)
        kept = [row for rows, _ in pages.values() for row in rows]
        made = [await part.make(run, kept) for part in self.parts]
        connections = Grouped(None)
        at = 0
        for parent, (rows, has_more) in pages.items():
            end = at + len(rows)
            objects = [part[at:end] for part in made]
            connections[parent] = self.finish(PageData(rows, has_more, totals.get(parent, 0), objects))
            at = end
        return connections

    async def _pages(self, run: Run, keys: Sequence[Any]) -> dict[Any, tuple[list[Row], bool]]:
        groups: dict[Any, list[Row]] = {None: []} if self.is_root else {key: [] for key in keys}
        if self.page is not None:
            rows = await run.fetch(self.page, keys)
            if self.is_root:
                groups[None] = list(rows)
            else:
                for row in rows:
                    groups[row[0]].append(row)
        return {parent: self.paging.cut(rows, run.variables) for parent, rows in groups.items()}

    async def _totals(self, run: Run, keys: Sequence[Any]) -> dict[Any, int]:
        if self.count is None:
            return {}
        rows = await run.fetch(self.count, keys)
        return {None: rows[0][0]} if self.is_root else {row[0]: row[1] for row in rows}
