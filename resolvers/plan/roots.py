"""The root fields of a plan."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLObjectType, GraphQLSchema
from typing_extensions import override

from resolvers.errors import BadUserInput, RequestError
from resolvers.plan import ids
from resolvers.plan.compiler import Compiler
from resolvers.plan.connections import LARGEST_PAGE
from resolvers.plan.given import Given
from resolvers.plan.levels import Level, Lookup, Run


@dataclass
class Root(ABC):
    """One root field; `nodes` are its places in the document."""

    nodes: Sequence[FieldNode]

    @abstractmethod
    async def resolve(self, run: Run) -> Any:
        """The field's value. Raises BadUserInput when an argument is not what the field takes."""


@dataclass
class Constant(Root):
    """A value that needs no data, such as `__typename`."""

    value: str

    @override
    async def resolve(self, run: Run) -> str:
        """The value."""
        return self.value


@dataclass
class RefusedRoot(Root):
    """A field whose arguments contradict each other, whatever their values."""

    error: RequestError

    @override
    async def resolve(self, run: Run) -> None:
        """Raise the reason."""
        raise self.error


@dataclass
class LevelRoot(Root):
    """A field that one level answers."""

    level: Level

    async def resolve(self, run: Run) -> Any:
        """What the level gives where there is no parent."""
        return (await self.level.run(run, ()))[None]


@dataclass
class NodeRoot(Root):
    """`node(id:)` or `nodes(ids:)`: one look-up for each type among the ids, made when the first id of it comes."""

    is_list: bool
    given: Given
    schema: GraphQLSchema
    compiler: Compiler
    lookups: dict[str, Lookup] = field(default_factory=dict)

    async def resolve(self, run: Run) -> Any:
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
            return [ids.parse(self.schema, given)]
        if len(given) > LARGEST_PAGE:
            raise BadUserInput(f"ids: {len(given)} are more than {LARGEST_PAGE}")
        return [ids.parse(self.schema, text) for text in given]

    def _lookup(self, kind: GraphQLObjectType) -> Lookup:
        if kind.name not in self.lookups:
            self.lookups[kind.name] = self.compiler.lookup(kind, self.nodes)
        return self.lookups[kind.name]
