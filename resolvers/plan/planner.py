"""Plans of whole operations: made once for a document, the shape of its variables and a set of permissions, then run.

`answer` serves an operation whose root fields are all planned without entering graphql-core's executor. In other
operations graphql-core resolves the fields, and each planned one among them is answered by `field`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    OperationType,
    is_non_null_type,
)
from sqlalchemy import Dialect

from db.engine import Snapshot
from resolvers.access import VIEWER, Permission
from resolvers.errors import BadUserInput
from resolvers.plan.cache import Cache
from resolvers.plan.compiler import Compiler, object_type
from resolvers.plan.given import Variables, arguments, shape
from resolvers.plan.levels import Level, Refused, Run
from resolvers.plan.roots import Constant, Counted, KeyRoot, LevelRoot, NodeRoot, Root, ViewerRoot, prepare
from resolvers.plan.selection import Document
from resolvers.plan.sources import ById, Found, Paged, Viewed, source_of
from resolvers.plan.splice import Planned
from resolvers.plan.statements import MOST_ROWS

ROOM = 64 * 1024 * 1024
WEIGHT_OF_A_PLAN = 16_384  # bytes, besides several for each character of its document

Plan = Mapping[str, Counted]


@dataclass(frozen=True)
class Request:
    """An operation and all that shapes its plan; `text` is the document's, by which plans are kept."""

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    variables: Variables
    permissions: frozenset[Permission]
    viewer: str | None = None

    @property
    def values(self) -> Variables:
        """What the plan reads when it runs: the variables, and the viewer's username."""
        return {**self.variables, VIEWER: self.viewer}

    def key(self) -> tuple[Any, ...]:
        """Requests with equal keys have the same plan."""
        name = self.operation.name.value if self.operation.name else None
        return self.text, name, self.permissions, shape(self.variables)


@dataclass(frozen=True)
class Site:
    """A field that graphql-core resolves: its type, its places in the document, and its place in the answer."""

    kind: GraphQLOutputType
    nodes: Sequence[FieldNode]
    path: Sequence[str | int]


@dataclass(frozen=True)
class Answer:
    """The data of an operation, null when a null rose up to the root, and the errors of its fields."""

    data: Mapping[str, Any] | None
    errors: Sequence[GraphQLError]


class Planner:
    """Plans and answers the planned fields of one schema's operations for one database dialect."""

    def __init__(self, schema: GraphQLSchema, dialect: Dialect) -> None:
        assert schema.query_type is not None  # noqa: S101 -- every schema has one
        self.plans: Cache[Plan] = Cache(ROOM)
        self.lookups: Cache[KeyRoot] = Cache(ROOM)
        self.most_rows = MOST_ROWS
        self._schema = schema
        self._query: GraphQLObjectType = schema.query_type
        self._dialect = dialect

    async def answer(self, request: Request, snapshot: Snapshot, context: Any = None) -> Answer | None:
        """The answer to a query whose root fields are all planned, or None for any other operation.

        `context` is what batch sources are given.
        """
        plan = self._plan(request)
        if plan is None:
            return None
        run = Run(snapshot, request.values, context, self.most_rows)
        statements = sum(root.statements(run) for root in plan.values())
        snapshot.is_single = statements == 1 and not any(root.has_befores for root in plan.values())
        failures = await prepare(plan, run)
        data: dict[str, Any] = {}
        errors: list[GraphQLError] = []
        for key, root in plan.items():
            planned = await root.resolve(run, [key], failures.get(key))
            data[key] = planned.value
            errors.extend(planned.errors)
            if planned.value is None and is_non_null_type(root.kind):
                return Answer(None, errors)
        return Answer(data, errors)

    async def field(self, request: Request, site: Site, snapshot: Snapshot, context: Any) -> Planned:
        """One planned root field that graphql-core resolves among others."""
        root = self._root(self._document(request), site.nodes, request)
        return await self._resolved(root, Run(snapshot, request.values, context, self.most_rows), site)

    async def object(self, request: Request, site: Site, key: str | int, snapshot: Snapshot, context: Any) -> Planned:
        """The object with a public key, for a field that graphql-core resolves."""
        root = replace(self._lookup(request, site), key=key)
        return await self._resolved(root, Run(snapshot, request.values, context, self.most_rows), site)

    def _lookup(self, request: Request, site: Site) -> KeyRoot:
        """What looks up objects at a place in a document, such as what a mutation changed; made once, as plans are."""
        places = tuple(node.loc.start if node.loc else None for node in site.nodes)
        key = (*request.key(), places, str(site.kind))
        root = self.lookups.get(key) if None not in places else None
        if root is None:
            document = self._document(request)
            compiler = Compiler(document, self._dialect, request.permissions)
            lookup = compiler.lookup(object_type(site.kind), site.nodes, is_single=True)
            root = KeyRoot(site.kind, site.nodes, document, lookup, "", befores=compiler.befores)
            self.lookups.put(key, root, 16 * len(request.text) + WEIGHT_OF_A_PLAN)
        return root

    async def told(self, request: Request, site: Site, records: Any, snapshot: Snapshot, context: Any) -> Planned:
        """Records, one or a tuple of them, for a field that graphql-core resolves; what they lead to is read."""
        document = self._document(request)
        compiler = Compiler(document, self._dialect, request.permissions)
        level = compiler.told(site.kind, site.nodes, records)
        root = LevelRoot(site.kind, site.nodes, document, level, befores=compiler.befores)
        return await self._resolved(root, Run(snapshot, request.values, context, self.most_rows), site)

    async def _resolved(self, root: Root, run: Run, site: Site) -> Planned:
        return await root.resolve(run, site.path, (await prepare({"": root}, run)).get(""))

    def root_fields(self, request: Request) -> set[str]:
        """The names of the root fields that a query, mutation or subscription selects."""
        root = self._schema.get_root_type(request.operation.operation)
        assert root is not None  # noqa: S101 -- validation saw to it
        selected = self._document(request).fields(root, [request.operation.selection_set])
        return {nodes[0].name.value for nodes in selected.values()}

    def _plan(self, request: Request) -> Plan | None:
        key = request.key()
        plan = self.plans.get(key)
        if plan is None:
            plan = self._compile(request)
            if plan is not None:
                self.plans.put(key, plan, 16 * len(request.text) + WEIGHT_OF_A_PLAN)
        return plan

    def _compile(self, request: Request) -> Plan | None:
        document = self._document(request)
        if request.operation.operation is not OperationType.QUERY:
            return None
        selected = document.fields(self._query, [request.operation.selection_set])
        if not all(self._is_planned(nodes[0].name.value) for nodes in selected.values()):
            return None
        return {key: self._root(document, nodes, request) for key, nodes in selected.items()}

    def _is_planned(self, name: str) -> bool:
        if name == "__typename":
            return True
        definition = self._query.fields.get(name)
        return definition is not None and source_of(definition) is not None

    def _document(self, request: Request) -> Document:
        fragments = {
            definition.name.value: definition
            for definition in request.document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        return Document(self._schema, fragments, request.variables)

    def _root(self, document: Document, nodes: Sequence[FieldNode], request: Request) -> Counted:
        name = nodes[0].name.value
        if name == "__typename":
            return Constant(GraphQLNonNull(GraphQLString), nodes, document, self._query.name)
        definition = self._query.fields[name]
        compiler = Compiler(document, self._dialect, request.permissions)
        try:
            match source_of(definition):
                case Found() as source:
                    level: Level = compiler.found(definition, nodes, source)
                case Paged() as source:
                    level = compiler.connection(definition, nodes, source)
                case ById(is_list):
                    given = arguments(definition, nodes[0], request.variables)["ids" if is_list else "id"]
                    return NodeRoot(definition.type, nodes, document, is_list, given, compiler)
                case Viewed():
                    members = compiler.viewed(object_type(definition.type), nodes)
                    return ViewerRoot(definition.type, nodes, document, members, befores=compiler.befores)
                case _:
                    raise TypeError(f"Query.{name} is no root of a plan")
        except BadUserInput as error:
            level = Refused(error)
        return LevelRoot(definition.type, nodes, document, level, befores=compiler.befores)
