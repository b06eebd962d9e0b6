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
        return (await self.level.run(run, ()))[None]


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
            return sum(self._lookup(kind).statements for kind in {kind for kind, _ in self._wanted(run)})
        except BadUserInput:
            return 0

    @override
    async def value(self, run: Run) -> Any:
        """The object, or the list of objects in the order of the ids; null where there is none for the viewer."""
        wanted = self._wanted(run)
        keys: dict[str, list[str]] = {}
        for kind, key in wanted:
            keys.setdefault(kind.name, []).append(key)
        kinds = {kind.name: kind for kind, _ in wanted}
        found = {name: await self._lookup(kinds[name]).run(run, list(dict.fromkeys(of))) for name, of in keys.items()}
        objects = [found[kind.name][key] for kind, key in wanted]
        return objects if self.is_list else objects[0]

    def _wanted(self, run: Run) -> list[tuple[GraphQLObjectType, str]]:
        given = self.given.read(run.variables)
        if not self.is_list:
            return [ids.parse(self.document.schema, given)]
        if len(given) > LARGEST_PAGE:
            raise BadUserInput(f"ids: {len(given)} are more than {LARGEST_PAGE}")
        return [ids.parse(self.document.schema, text) for text in given]

    def _lookup(self, kind: GraphQLObjectType) -> Lookup:
        if kind.name not in self.lookups:
            self.lookups[kind.name] = self.compiler.lookup(kind, self.nodes, is_typed=True)
        return self.lookups[kind.name]
