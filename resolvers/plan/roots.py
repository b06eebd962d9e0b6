"""The root fields of a plan."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLObjectType, GraphQLOutputType
from typing_extensions import override

from resolvers.errors import BadUserInput, Forbidden
from resolvers.plan import ids
from resolvers.plan.compiler import Compiler
from resolvers.plan.connections import LARGEST_PAGE
from resolvers.plan.faults import Completion, Fault
from resolvers.plan.given import Given
from resolvers.plan.levels import Level, Lookup, Run
from resolvers.plan.selection import Document
from resolvers.plan.sources import Before
from resolvers.plan.splice import Planned
from resolvers.plan.statements import Read


@dataclass
class Root(ABC):
    """One root field: its type, its places in the document, and the document."""

    kind: GraphQLOutputType
    nodes: Sequence[FieldNode]
    document: Document
    befores: Sequence[tuple[Before, Read]] = field(default=(), kw_only=True)

    @property
    def has_befores(self) -> bool:
        """Whether something is done before anything is read."""
        return bool(self.befores)

    def preparations(self, run: Run) -> Iterator[tuple[Before, Any]]:
        """What is to be done before anything is read, and for which value.

        Values that are refused are left out: their own fields tell.
        """
        for before, read in self.befores:
            with contextlib.suppress(BadUserInput, Forbidden):
                yield before, read(run.variables)

    @abstractmethod
    async def value(self, run: Run) -> Any:
        """The field's value, which may hold faults. Raises RequestError and whatever a database does."""

    async def resolve(self, run: Run, path: Sequence[str | int], failure: Exception | None = None) -> Planned:
        """The field's value and errors as they stand in the answer, at `path`; a `failure` before it is one."""
        run.is_faulty = False
        try:
            value = await self.value(run) if failure is None else Fault(failure)
        except Exception as error:  # noqa: BLE001 -- whatever a field raises becomes that field's error
            value = Fault(error)
        if not run.is_faulty and not isinstance(value, Fault):
            return Planned(value)
        completion = Completion(self.document, "Query", self.nodes)
        return Planned(completion.complete(self.kind, value, path), completion.errors)


@dataclass
class Counted(Root):
    """A root of a plan, which knows before it is read what that takes."""

    @abstractmethod
    def statements(self, run: Run) -> int:
        """How many statements it takes at most."""


@dataclass
class Constant(Counted):
    """A value that needs no data, such as `__typename`."""

    text: str

    @override
    def statements(self, run: Run) -> int:
        return 0

    @override
    async def value(self, run: Run) -> str:
        """The text."""
        return self.text


@dataclass
class LevelRoot(Counted):
    """A field that one level answers."""

    level: Level

    @override
    def statements(self, run: Run) -> int:
        return self.level.statements

    @override
    async def value(self, run: Run) -> Any:
        """What the level gives where there is no parent."""
        return (await self.level.run(run, (), None))[None]


@dataclass
class ViewerRoot(Counted):
    """The object of whoever asks, whose members are levels that have no parent."""

    members: Mapping[str, Level]

    @override
    def statements(self, run: Run) -> int:
        return sum(level.statements for level in self.members.values())

    @override
    async def value(self, run: Run) -> dict[str, Any]:
        """The members, or faults in their places."""
        found: dict[str, Any] = {}
        for key, level in self.members.items():
            try:
                found[key] = (await level.run(run, (), None))[None]
            except Exception as error:  # noqa: BLE001 -- whatever a member raises becomes that member's error
                found[key], run.is_faulty = Fault(error), True
        return found


@dataclass
class KeyRoot(Root):
    """One object by its public key."""

    lookup: Lookup
    key: str | int

    @override
    async def value(self, run: Run) -> Any:
        """The object, or None where there is none for the viewer."""
        return (await self.lookup.run(run, [self.key], None))[self.key]


@dataclass
class NodeRoot(Counted):
    """`node(id:)` or `nodes(ids:)`: one look-up for each type among the ids, made when the first id of it comes."""

    is_list: bool
    given: Given
    compiler: Compiler
    lookups: dict[str, Lookup] = field(default_factory=dict)

    @property
    @override
    def has_befores(self) -> bool:
        return bool(self.compiler.befores)

    @override
    def preparations(self, run: Run) -> Iterator[tuple[Before, Any]]:
        """As of any root, once the look-ups that are needed are made."""
        self.statements(run)
        self.befores = self.compiler.befores
        return super().preparations(run)

    @override
    def statements(self, run: Run) -> int:
        try:
            wanted = self._wanted(run)
        except BadUserInput:
            return 0
        kinds = {each[0] for each in wanted if not isinstance(each, Fault)}
        return sum(self._lookup(kind).statements for kind in kinds)

    @override
    async def value(self, run: Run) -> Any:
        """The object, or the list of objects in the order of the ids; null where there is none for the viewer."""
        wanted = self._wanted(run)
        keys: dict[GraphQLObjectType, dict[Any, int]] = {}
        for each in wanted:
            if isinstance(each, Fault):
                run.is_faulty = True
            else:
                counts = keys.setdefault(each[0], {})
                counts[each[1]] = counts.get(each[1], 0) + 1
        found = {kind: await self._lookup(kind).run(run, list(of), of) for kind, of in keys.items()}
        objects = [each if isinstance(each, Fault) else found[each[0]][each[1]] for each in wanted]
        return objects if self.is_list else objects[0]

    def _wanted(self, run: Run) -> list[tuple[GraphQLObjectType, Any] | Fault]:
        """The type and key of each id, or what is wrong with it. Raises BadUserInput for too many."""
        given = self.given.read(run.variables)
        if self.is_list and len(given) > LARGEST_PAGE:
            raise BadUserInput(f"ids: {len(given)} are more than {LARGEST_PAGE}")
        return [self._parsed(text) for text in (given if self.is_list else [given])]

    def _parsed(self, text: str) -> tuple[GraphQLObjectType, Any] | Fault:
        try:
            return ids.parse(self.document.schema, text)
        except BadUserInput as error:
            return Fault(error)

    def _lookup(self, kind: GraphQLObjectType) -> Lookup:
        if kind.name not in self.lookups:
            self.lookups[kind.name] = self.compiler.lookup(kind, self.nodes, is_typed=True, is_single=not self.is_list)
        return self.lookups[kind.name]


async def prepare(roots: Mapping[str, Root], run: Run) -> dict[str, Exception]:
    """Do what has to be done before the roots read anything, each thing once for all; the failures, by root."""
    wanted: dict[Before, list[Any]] = {}
    users: dict[Before, list[str]] = {}
    for key, root in roots.items():
        for before, value in root.preparations(run):
            wanted.setdefault(before, []).append(value)
            users.setdefault(before, []).append(key)
    failures: dict[str, Exception] = {}
    for before, values in wanted.items():
        try:
            await before(run.context, list(dict.fromkeys(values)))
        except Exception as error:  # noqa: BLE001 -- whatever it is becomes the fields' error
            failures |= dict.fromkeys(users[before], error)
    return failures
