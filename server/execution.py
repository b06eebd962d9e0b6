"""From an operation to its answer, by the batch executor where it can and graphql-core where it must.

An operation of planned fields only never enters graphql-core's executor; every other one does, and each planned field
in it is answered by the same plans.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, OperationType, execute
from strawberry import Schema

from db.engine import Database, Snapshot
from resolvers.access import Permission, Viewer
from resolvers.content.load import Courses
from resolvers.content.uploads import Uploads
from resolvers.context import Context
from resolvers.directories.layout import Layout
from resolvers.editing.writing import Editor
from resolvers.errors import Code
from resolvers.features import Feature, withheld
from resolvers.grants import Grantees
from resolvers.instances.known import Instance
from resolvers.learners import Learners
from resolvers.paths.service import Paths
from resolvers.plan.planner import Planner, Request
from resolvers.plan.splice import SplicingExecutionContext
from resolvers.programs.lifecycle import Rules
from resolvers.programs.offers import Offers
from server import observing
from server.applications.callers import application_of, check_scope
from server.deadlines import Deadline, watch
from server.documents.trusted import KnownDocuments
from server.errors import described, refused
from server.limits import INTROSPECTION_SHARE, UNLIMITED
from server.observing import Observation, observe
from server.operations import Documents, Operation, Refusal, refusal
from server.profiles import Profile
from server.throttle import Throttle

__all__ = ["Executor", "Operation", "Ready", "Result"]

OPEN_FIELDS = frozenset({"__typename", "__schema", "__type", "health"})
"""Root fields that need no sign-in."""

STREAM = "a subscription is answered as text/event-stream or over a WebSocket"


@dataclass(frozen=True)
class Result:
    """The answer to an operation. One that was not run at all has errors, the code of its `refusal`, and no data."""

    data: Mapping[str, Any] | None
    errors: Sequence[Mapping[str, Any]] = ()
    refusal: Code | None = None
    extensions: Mapping[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """The response map, in the order that the specification recommends."""
        body: dict[str, Any] = {"errors": list(self.errors)} if self.errors else {}
        if self.refusal is None:
            body["data"] = self.data
        return body if self.extensions is None else body | {"extensions": self.extensions}


@dataclass(frozen=True)
class Ready:
    """An operation that may be run: with its variables as they came, its cost at most, and its time in seconds.

    `introspected` is how many objects of introspection there are at most, which are no part of the cost.
    """

    request: Request
    given: dict[str, Any]
    cost: int
    seconds: float
    introspected: int = 0


class Executor:
    """Runs the operations of one schema on one database, as far as a profile lets them through.

    Without one, any document is run, however large: whoever serves strangers gives a profile. `throttle` counts what
    callers ask for, and `documents` finds those that are named by a hash.
    """

    def __init__(
        self,
        schema: Schema,
        database: Database,
        profile: Profile | None = None,
        rules: Rules | None = None,
        *,
        offers: Offers | None = None,
        features: Iterable[Feature] = Feature,
        throttle: Throttle | None = None,
        documents: KnownDocuments | None = None,
        layout: Layout | None = None,
        learners: Learners | None = None,
        paths: Paths | None = None,
        courses: Courses | None = None,
        instances: Sequence[Instance] = (),
        uploads: Uploads | None = None,
    ) -> None:
        self.profile = profile or Profile(UNLIMITED)
        self.rules = rules or Rules()
        self.offers = offers
        self._features = frozenset(features)
        self._withheld = withheld(self._features)
        self._throttle = throttle
        self._known = documents
        self._layout = layout or Layout()
        self.grantees = Grantees(database)
        self.learners = learners or Learners(database)
        self._paths = paths or Paths(None, self.learners.mirror)
        self.courses = courses
        self._instances = instances
        self.editor = None if courses is None else Editor(courses)
        self.uploads = uploads or (None if courses is None else Uploads(courses.store))
        self._schema = schema._schema  # noqa: SLF001 -- what Strawberry calls graphql-core's schema
        self._database = database
        self.documents = Documents(self._schema, self.profile)
        self.planner = Planner(self._schema, database.dialect)
        watch(database)

    async def execute(self, operation: Operation, viewer: Viewer) -> Result:
        """The answer to `operation` for `viewer`; the faults of fields are among its errors."""
        with observe(operation.query, operation.name, viewer.username, application_of(viewer)) as seen:
            result = await self.run(operation, viewer, seen)
            seen.answered(result.errors)
            return result

    async def run(self, operation: Operation, viewer: Viewer, seen: Observation) -> Result:
        """The same; what is found out about the operation goes into `seen`, of which nothing is told."""
        try:
            ready = self.prepare(operation, viewer, await self.permissions(viewer))
            seen.of(ready.request, ready.cost)
            if ready.request.operation.operation is OperationType.SUBSCRIPTION:
                raise refusal(Code.NOT_ACCEPTABLE, STREAM)
            await self.charge(ready, viewer)
        except Refusal as error:
            return Result(None, error.errors, error.code)
        result = await self._in_time(ready, viewer, seen)
        if self.profile.shows_cost or (operation.extensions or {}).get("cost") is True:
            cost = {"requested": ready.cost, "actual": _objects(result.data), "limit": self.profile.limits.cost}
            return replace(result, extensions={**(result.extensions or {}), "cost": cost})
        return result

    async def charge(self, ready: Ready, viewer: Viewer) -> None:
        """Take the points that an operation costs its caller. Raises Refusal."""
        if self._throttle is not None:
            await self._throttle.take(viewer, ready.cost + ready.introspected // INTROSPECTION_SHARE)

    async def permissions(self, viewer: Viewer) -> frozenset[Permission]:
        """The viewer's permissions, with the one that has grants looked up, for those who have some.

        None of them is for a part of the product that is off.
        """
        granted = viewer.permissions
        sees_all = viewer.may(Permission.SEE_UNPUBLISHED_PROGRAMS) or not viewer.is_signed_in
        if not sees_all and await self.grantees.includes(viewer.username):
            granted |= {Permission.SEE_GRANTED_PROGRAMS}
        return granted - self._withheld if self._withheld else granted

    def prepare(self, operation: Operation, viewer: Viewer, permissions: frozenset[Permission] | None = None) -> Ready:
        """The operation, ready to be run for `viewer`, by default with what its roles permit. Raises Refusal."""
        text = self._text(operation)
        document = self.documents.read(text)
        known = document.selected(operation.name)
        kind = known.node.operation
        if operation.is_read_only and kind is not OperationType.QUERY:
            raise refusal(Code.METHOD_NOT_ALLOWED, f"a {kind.value} is not run by GET; use POST")
        check_scope(viewer, kind)
        given = dict(operation.variables or {})
        variables = self.documents.variables(known.node, given)
        permitted = viewer.permissions - self._withheld if permissions is None else permissions
        request = Request(text, document.tree, known.node, variables, permitted, viewer.username)
        if not viewer.is_signed_in and not OPEN_FIELDS.issuperset(self.planner.root_fields(request)):
            problem = "Sign in: send a token of the LMS in the header Authorization."
            raise refusal(Code.UNAUTHENTICATED, problem)
        limits = self.profile.limits
        seconds = limits.mutation_seconds if kind is OperationType.MUTATION else limits.query_seconds
        introspected = known.weighed.weight.introspection_cost
        return Ready(request, given, self.documents.cost(document, known, variables), seconds, introspected)

    def _text(self, operation: Operation) -> str:
        """The document of an operation, which may be named only. Raises Refusal where it is not to be run."""
        text = operation.query
        if self._known is not None:
            text = self._known.text(text, operation.document_id, operation.extensions)
        if self.profile.is_known is not None and not self.profile.is_known(text):
            raise refusal(Code.PERSISTED_QUERY_NOT_FOUND, "only documents that are known here are run")
        return text

    def context(self, request: Request, viewer: Viewer, snapshot: Snapshot) -> Context:
        """What the resolvers of one operation, or of one event of a subscription, share."""
        return Context(
            viewer,
            self._database,
            snapshot,
            self.planner,
            request,
            self.grantees,
            self.learners,
            self._paths,
            observing.refused,
            self.rules,
            self.offers,
            self._features,
            self._throttle,
            self._layout,
            courses=self.courses,
            editor=self.editor,
            instances=self._instances,
            uploads=self.uploads,
        )

    async def _in_time(self, ready: Ready, viewer: Viewer, seen: Observation) -> Result:
        """The answer, or an error in its place when it takes too long; its statements do not go on then."""
        deadline = Deadline(ready.seconds)
        try:
            with deadline:
                async with self._database.reading() as snapshot:
                    deadline.snapshot = snapshot
                    try:
                        return await self._answer(ready, viewer, snapshot)
                    finally:
                        seen.statements += snapshot.statements
        except TimeoutError:
            if not deadline.is_over:
                raise
        kind = ready.request.operation.operation.value
        problem = f"the {kind} took longer than {ready.seconds:g} seconds and was given up"
        return Result(None, [refused(Code.TIME_LIMIT_EXCEEDED, problem)])

    async def _answer(self, ready: Ready, viewer: Viewer, snapshot: Snapshot) -> Result:
        context = self.context(ready.request, viewer, snapshot)
        answer = await self.planner.answer(ready.request, snapshot, context)
        if answer is not None:
            return Result(answer.data, described(answer.errors), extensions=_extensions(context))
        return await self._executed(ready, context)

    async def _executed(self, ready: Ready, context: Context) -> Result:
        """The answer that graphql-core's executor gives."""
        name = ready.request.operation.name
        result = execute(
            self._schema,
            ready.request.document,
            context_value=context,
            variable_values=ready.given,
            operation_name=name.value if name else None,
            executor_class=SplicingExecutionContext,
            hide_suggestions=True,
        )
        finished: ExecutionResult = await result if isawaitable(result) else result
        return Result(finished.data, described(finished.errors or ()), extensions=_extensions(context))


def _extensions(context: Context) -> Mapping[str, Any] | None:
    return {"warnings": context.warnings} if context.warnings else None


def _objects(value: Any) -> int:
    """The objects in an answer, which is what `cost` is an upper bound of; the answer itself is none."""
    count, pending = 0, list(value.values()) if isinstance(value, Mapping) else []
    while pending:
        each = pending.pop()
        if isinstance(each, Mapping):
            count += 1
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)
    return count
