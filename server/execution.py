"""Operations: from a document's text to an answer, by the batch executor where it can and graphql-core where it must.

A document is parsed and validated once and then kept. An operation of planned fields only never enters graphql-core's
executor; every other one does, and each planned field in it is answered by the same plans.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    VariableValues,
    execute,
    get_variable_values,
    parse,
    validate,
)
from strawberry import Schema

from db.engine import Database
from resolvers.access import Permission, Viewer
from resolvers.context import Context
from resolvers.errors import Code
from resolvers.grants import Grantees
from resolvers.plan.cache import Cache
from resolvers.plan.planner import Planner, Request
from resolvers.plan.splice import SplicingExecutionContext
from resolvers.programs.lifecycle import Rules
from server.errors import described, refused

ROOM_FOR_DOCUMENTS = 64 * 1024 * 1024
WEIGHT_OF_A_DOCUMENT = 4_096  # bytes, besides several for each character
OPEN_FIELDS = frozenset({"__typename", "__schema", "__type", "health"})
"""Root fields that need no sign-in."""


@dataclass(frozen=True)
class Operation:
    """What a client sends: a document, which of its operations to run, and the variables."""

    query: str
    name: str | None = None
    variables: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Result:
    """The answer to an operation, or the errors for which it was not run at all; then `is_refused`, without data."""

    data: Mapping[str, Any] | None
    errors: Sequence[Mapping[str, Any]] = ()
    is_refused: bool = False
    is_unauthenticated: bool = False

    def body(self) -> dict[str, Any]:
        """The response map, in the order that the specification recommends."""
        body: dict[str, Any] = {"errors": list(self.errors)} if self.errors else {}
        return body if self.is_refused else body | {"data": self.data}


UNAUTHENTICATED = Result(
    None,
    [refused(Code.UNAUTHENTICATED, "Sign in: send a token of the LMS in the header Authorization.")],
    is_refused=True,
    is_unauthenticated=True,
)


@dataclass(frozen=True)
class Document:
    """A document that was read before: its syntax tree and its operations by name, or why it is refused."""

    tree: DocumentNode
    operations: Mapping[str | None, OperationDefinitionNode]


class Executor:
    """Runs the operations of one schema on one database."""

    def __init__(self, schema: Schema, database: Database, rules: Rules | None = None) -> None:
        self._schema = schema._schema  # noqa: SLF001 -- what Strawberry calls graphql-core's schema
        self._database = database
        self.grantees = Grantees(database)
        self.rules = rules or Rules()
        self.documents: Cache[Document | Result] = Cache(ROOM_FOR_DOCUMENTS)
        self.planner = Planner(self._schema, database.dialect)

    async def execute(self, operation: Operation, viewer: Viewer) -> Result:
        """The answer to `operation` for `viewer`; the faults of fields are among its errors."""
        document = self._document(operation.query)
        if isinstance(document, Result):
            return document
        selected = _selected(document, operation.name)
        if isinstance(selected, Result):
            return selected
        given = dict(operation.variables or {})
        variables = get_variable_values(self._schema, selected.variable_definitions or (), given, max_errors=20)
        if not isinstance(variables, VariableValues):
            return _refusal(variables, Code.BAD_USER_INPUT)
        request = Request(
            operation.query,
            document.tree,
            selected,
            variables.coerced,
            await self._permissions(viewer),
            viewer.username,
        )
        if not viewer.is_signed_in and not OPEN_FIELDS.issuperset(self.planner.root_fields(request)):
            return UNAUTHENTICATED
        return await self._answer(request, given, viewer)

    async def _answer(self, request: Request, given: dict[str, Any], viewer: Viewer) -> Result:
        async with self._database.reading() as snapshot:
            context = Context(viewer, self._database, snapshot, self.planner, request, self.grantees, self.rules)
            answer = await self.planner.answer(request, snapshot, context)
            if answer is not None:
                return Result(answer.data, described(answer.errors))
            return await self._executed(request, given, context)

    async def _permissions(self, viewer: Viewer) -> frozenset[Permission]:
        """The viewer's permissions, with the one that has grants looked up, for those who have some."""
        if viewer.may(Permission.SEE_UNPUBLISHED_PROGRAMS) or not viewer.is_signed_in:
            return viewer.permissions
        if await self.grantees.includes(viewer.username):
            return viewer.permissions | {Permission.SEE_GRANTED_PROGRAMS}
        return viewer.permissions

    async def _executed(self, request: Request, given: dict[str, Any], context: Context) -> Result:
        """The answer that graphql-core's executor gives."""
        name = request.operation.name
        result = execute(
            self._schema,
            request.document,
            context_value=context,
            variable_values=given,
            operation_name=name.value if name else None,
            executor_class=SplicingExecutionContext,
        )
        finished: ExecutionResult = await result if isawaitable(result) else result
        return Result(finished.data, described(finished.errors or ()))

    def _document(self, text: str) -> Document | Result:
        """The document, parsed and validated, or its errors; either is remembered."""
        known = self.documents.get(text)
        if known is None:
            known = self._read(text)
            self.documents.put(text, known, 32 * len(text) + WEIGHT_OF_A_DOCUMENT)
        return known

    def _read(self, text: str) -> Document | Result:
        try:
            tree = parse(text)
        except GraphQLError as error:
            return _refusal([error], Code.GRAPHQL_PARSE_FAILED)
        errors = validate(self._schema, tree)
        if errors:
            return _refusal(errors, Code.GRAPHQL_VALIDATION_FAILED)
        operations = [node for node in tree.definitions if isinstance(node, OperationDefinitionNode)]
        return Document(tree, {node.name.value if node.name else None: node for node in operations})


def _selected(document: Document, name: str | None) -> OperationDefinitionNode | Result:
    """The operation to run, as the specification's GetOperation has it."""
    if name is None and len(document.operations) == 1:
        return next(iter(document.operations.values()))
    if name is None:
        problem = f"the document has {len(document.operations)} operations; name one in operationName"
    elif name in document.operations:
        return document.operations[name]
    else:
        problem = f"the document has no operation named '{name[:100]}'"
    return Result(None, [refused(Code.OPERATION_RESOLUTION_FAILURE, problem)], is_refused=True)


def _refusal(errors: Iterable[GraphQLError], code: Code) -> Result:
    return Result(None, described(errors, code), is_refused=True)
