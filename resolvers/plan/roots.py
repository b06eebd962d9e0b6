"""The root fields of a plan."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLObjectType, GraphQLOutputType
from typing_extensions import override

from resolvers.errors import BadUserInput
from resolvers.plan import ids
from resolvers.plan.compiler import Compiler
from resolvers.plan.connections import LARGEST_PAGE
from resolvers.plan.faults import Completion, Fault
from resolvers.plan.given import Given
from resolvers.plan.levels import Level, Lookup, Run
from resolvers.plan.selection import Document
from resolvers.plan.splice import Planned


@dataclass
class Root(ABC):
    """One root field: its type, its places in the document, and the document."""

    kind: GraphQLOutputType
    nodes: Sequence[FieldNode]
    document: Document

    @abstractmethod
    def statements(self, run: Run) -> int:
        """How many statements it takes at most."""

    @abstractmethod
    async def value(self, run: Run) -> Any:
        """The field's value, which may hold faults. Raises RequestError and whatever a database does."""

    async def resolve(self, run: Run, path: Sequence[str | int]) -> Planned:
        """The field's value and errors as they stand in the answer, at `path`."""
        run.is_faulty = False
        try:
            value = await self.value(run)
        except Exception as error:  # noqa: BLE001 -- whatever a field raises becomes that field's error
            value = Fault(error)
        if not run.is_faulty and not isinstance(value, Fault):
            return Planned(value)
        completion = Completion(self.document, "Query", self.nodes)
        return Planned(completion.complete(self.kind, value, path), completion.errors)


@dataclass
class Constant(Root):
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
class LevelRoot(Root):
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
class KeyRoot(Root):
    """One object by its public key."""

    lookup: Lookup
    key: str

    @override
    def statements(self, run: Run) -> int:
        return self.lookup.statements

    @override
    async def value(self, run: Run) -> Any:
        """The object, or None where there is none for the viewer."""
        return (await self.lookup.run(run, [self.key], None))[self.key]


@dataclass
class NodeRoot(Root):
    """`node(id:)` or `nodes(ids:)`: one look-up for each type among the ids, made when the first id of it comes."""

    is_list: bool
    given: Given
    compiler: Compiler
    lookups: dict[str, Lookup] = field(default_factory=dict)

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
        keys: dict[GraphQLObjectType, dict[str, int]] = {}
        for each in wanted:
            if isinstance(each, Fault):
                run.is_faulty = True
            else:
                counts = keys.setdefault(each[0], {})
                counts[each[1]] = counts.get(each[1], 0) + 1
        found = {kind: await self._lookup(kind).run(run, list(of), of) for kind, of in keys.items()}
        objects = [each if isinstance(each, Fault) else found[each[0]][each[1]] for each in wanted]
        return objects if self.is_list else objects[0]

    def _wanted(self, run: Run) -> list[tuple[GraphQLObjectType, str] | Fault]:
        """The type and key of each id, or what is wrong with it. Raises BadUserInput for too many."""
        given = self.given.read(run.variables)
        if self.is_list and len(given) > LARGEST_PAGE:
            raise BadUserInput(f"ids: {len(given)} are more than {LARGEST_PAGE}")
        return [self._parsed(text) for text in (given if self.is_list else [given])]

    def _parsed(self, text: str) -> tuple[GraphQLObjectType, str] | Fault:
        try:
            return ids.parse(self.document.schema, text)
        except BadUserInput as error:
            return Fault(error)

    def _lookup(self, kind: GraphQLObjectType) -> Lookup:
        if kind.name not in self.lookups:
            self.lookups[kind.name] = self.compiler.lookup(kind, self.nodes, is_typed=True, embeds=not self.is_list)
        return self.lookups[kind.name]
