"""Operations as clients send them, and the documents that they stand in: parsed, weighed and validated once, then kept.

The order matters: what is too large to weigh or to validate is refused before it costs anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableValues,
    get_variable_values,
    parse,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged as overlapping

from resolvers.errors import Code
from resolvers.plan.cache import Cache
from server.errors import described, refused
from server.limits import MOST_COMPARISONS, LimitExceeded, check
from server.profiles import Profile
from server.weights import Scales, Weighed

ROOM_FOR_DOCUMENTS = 64 * 1024 * 1024
WEIGHT_OF_A_DOCUMENT = 4_096  # bytes, besides several for each character
MOST_ERRORS = 5
"""How many errors of a document, or of variables, are looked for."""

MOST_COSTS = 256
"""For how many different sizes of pages the cost of one operation is remembered."""

overlapping.MAX_COMPLEXITY_BUDGET = MOST_COMPARISONS  # graphql-core's own is half a second's worth
ABORTED = "Validation aborted."
"""What graphql-core says when that is spent."""

TOO_MANY_TOKENS = "Syntax Error: Document contains more than "
"""How graphql-core begins to say that there are more tokens than it may read."""


@dataclass(frozen=True)
class Operation:
    """What a client sends: a document, which of its operations to run, the variables, and wishes of its own.

    The document may be named by `document_id`, or by an extension, in place of its text in `query`.
    One that came in a way that must not change anything `is_read_only`.
    """

    query: str
    name: str | None = None
    variables: Mapping[str, Any] | None = None
    extensions: Mapping[str, Any] | None = None
    is_read_only: bool = False
    document_id: str | None = None


class Refusal(Exception):
    """An operation that is not run at all, with the errors that are answered and the code of the first."""

    def __init__(self, code: Code, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


def refusal(code: Code, problem: str) -> Refusal:
    """A refusal for one reason."""
    return Refusal(code, [refused(code, problem)])


@dataclass(frozen=True)
class Known:
    """An operation of a document that was read before: its node, what it weighs, and its costs by sizes of pages."""

    node: OperationDefinitionNode
    weighed: Weighed
    costs: dict[tuple[Any, ...], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A document that may be run: its syntax tree and its operations by name."""

    tree: DocumentNode
    operations: Mapping[str | None, Known]

    def selected(self, name: str | None) -> Known:
        """The operation to run (GraphQL specification, GetOperation). Raises Refusal."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name in self.operations and name is not None:
            return self.operations[name]
        problem = f"the document has {len(self.operations)} operations; name one in operationName"
        if name is not None:
            problem = f"the document has no operation named '{name[:100]}'"
        raise refusal(Code.OPERATION_RESOLUTION_FAILURE, problem)


class Documents:
    """The documents that were read for one schema under one profile, and those that were refused."""

    def __init__(self, schema: GraphQLSchema, profile: Profile) -> None:
        self.kept: Cache[Document | Refusal] = Cache(ROOM_FOR_DOCUMENTS)
        self._schema = schema
        self._profile = profile
        self._scales = Scales(schema)

    def read(self, text: str) -> Document:
        """The document with this text. Raises Refusal."""
        known = self.kept.get(text)
        if known is None:
            known = self._read(text)
            self.kept.put(text, known, 32 * len(text) + WEIGHT_OF_A_DOCUMENT)
        if isinstance(known, Refusal):
            raise Refusal(known.code, known.errors)  # a new one, as raising leaves traces in it
        return known

    def variables(self, operation: OperationDefinitionNode, given: dict[str, Any]) -> dict[str, Any]:
        """The variables of an operation, coerced. Raises Refusal."""
        definitions = operation.variable_definitions or ()
        values = get_variable_values(self._schema, definitions, given, MOST_ERRORS, hide_suggestions=True)
        if not isinstance(values, VariableValues):
            raise _refusal(values, Code.BAD_USER_INPUT)
        return values.coerced

    def cost(self, document: Document, known: Known, variables: Mapping[str, Any]) -> int:
        """What an operation costs with its variables, at most. Raises Refusal when that is too much."""
        sized_by = known.weighed.sized_by
        if not sized_by:
            return known.weighed.weight.cost
        sizes = tuple(_size(variables.get(name)) for name in sized_by)
        cost = known.costs.get(sizes)
        if cost is None:
            cost = self._weighed(document.tree, known.node, variables).weight.cost
            if len(known.costs) >= MOST_COSTS:
                known.costs.clear()
            known.costs[sizes] = cost
        return cost

    def _read(self, text: str) -> Document | Refusal:
        try:
            tree = self._parsed(text)
            nodes = [node for node in tree.definitions if isinstance(node, OperationDefinitionNode)]
            weighed = [Known(node, self._weighed(tree, node, None)) for node in nodes]
        except Refusal as error:
            return error
        errors = validate(self._schema, tree, max_errors=MOST_ERRORS, hide_suggestions=True)
        if errors:
            return _refusal(map(_explained, errors), Code.GRAPHQL_VALIDATION_FAILED)
        return Document(tree, {known.node.name.value if known.node.name else None: known for known in weighed})

    def _parsed(self, text: str) -> DocumentNode:
        limit = self._profile.limits.tokens
        try:
            return _without_tokens(parse(text, max_tokens=limit))
        except GraphQLError as error:
            if error.message.startswith(TOO_MANY_TOKENS):
                raise _beyond(LimitExceeded(Code.TOKEN_LIMIT_EXCEEDED, "tokens", limit + 1, limit)) from None
            raise _refusal([error], Code.GRAPHQL_PARSE_FAILED) from None

    def _weighed(
        self, tree: DocumentNode, node: OperationDefinitionNode, variables: Mapping[str, Any] | None
    ) -> Weighed:
        """An operation that is within all limits. Raises Refusal."""
        try:
            weighed = self._scales.weigh(tree, node, variables)
            check(weighed.weight, self._profile.limits)
        except LimitExceeded as error:
            raise _beyond(error) from None
        if weighed.weight.introspection_depth and not self._profile.takes_introspection:
            raise refusal(Code.INTROSPECTION_DISABLED, "introspection is not answered here")
        return weighed


def _without_tokens(tree: DocumentNode) -> DocumentNode:
    """The tree without the tokens that it was made of, which nobody asks for: their circles only the collector ends."""
    token = tree.loc.start_token if tree.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following
    return tree


def _refusal(errors: Iterable[GraphQLError], code: Code) -> Refusal:
    return Refusal(code, described(errors, code))


def _explained(error: GraphQLError) -> GraphQLError:
    """The error, with a reason where graphql-core gives none."""
    if error.message != ABORTED:
        return error
    problem = f"too many fields have the same name: it would take more than {MOST_COMPARISONS:,} comparisons to see"
    return GraphQLError(f"{problem} whether they agree")


def _beyond(error: LimitExceeded) -> Refusal:
    return refusal(error.code, str(error))


def _size(value: Any) -> Any:
    """What of a variable's value a cost depends on."""
    return len(value) if isinstance(value, list) else value
