"""Running one operation as a stream of answers: one for each event of a subscription, one in all for the others.

This is graphql-core's `subscribe`, taken apart where it says one may: each event has a context of its own, with the
viewer as of then, a short snapshot, and the time that a query has.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import replace
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution import create_source_event_stream, execute_subscription_event
from graphql.execution.executor import Executor as EventExecutor
from strawberry import Schema
from typing_extensions import override

from db.engine import Database, Row, Snapshot
from resolvers.access import Viewer
from resolvers.context import Context
from resolvers.errors import Code, Unauthenticated
from resolvers.plan.splice import SplicingExecutionContext
from server.applications.callers import application_of
from server.deadlines import Deadline
from server.errors import described, refused
from server.execution import Executor, Operation, Ready, Result
from server.observing import observe
from server.operations import Refusal

Viewing = Callable[[], Viewer]
"""Tells who listens; raises Unauthenticated when that is not known anymore."""


class Operations:
    """Runs the operations of streams, as `executor` lets them through."""

    def __init__(self, executor: Executor, schema: Schema, database: Database) -> None:
        self.profile = executor.profile
        self._executor = executor
        self._schema = schema._schema  # noqa: SLF001 -- what Strawberry calls graphql-core's schema
        self._database = database

    def prepared(self, operation: Operation, viewer: Viewer) -> Ready:
        """The operation, ready to be run for `viewer`. Raises Refusal.

        A subscription only reads, so that what must change nothing may be one.
        """
        ready = self._executor.prepare(replace(operation, is_read_only=False), viewer)
        if ready.request.operation.operation is not OperationType.SUBSCRIPTION:
            return self._executor.prepare(operation, viewer)
        return ready

    async def results(self, operation: Operation, viewing: Viewing) -> AsyncGenerator[Result, None]:
        """The answers to an operation. Close the generator when nobody listens anymore: that ends the source.

        Raises Refusal for an operation that is not run, or a source that fails, and Unauthenticated as `viewing` does.
        """
        try:
            viewer = viewing()
            ready = self.prepared(operation, viewer)
            match ready.request.operation.operation:
                case OperationType.QUERY:
                    yield _run(await self._executor.execute(operation, viewer))
                case OperationType.MUTATION:
                    yield _run(await _finished(self._executor.execute(operation, viewer)))
                case OperationType.SUBSCRIPTION:  # pragma: no branch -- there are no others
                    async with contextlib.aclosing(self._subscribed(ready, viewer, viewing)) as results:
                        async for result in results:
                            yield result
        except (Refusal, Unauthenticated):
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, the client is told and the log has it
            raise _failure([GraphQLError(str(error), original_error=error)]) from None

    async def _subscribed(self, ready: Ready, viewer: Viewer, viewing: Viewing) -> AsyncGenerator[Result, None]:
        """The answers to a subscription, which is one operation in the log however many there are."""
        with observe(ready.request.text, None, viewer.username, application_of(viewer)) as seen:
            seen.of(ready.request, ready.cost)
            await self._executor.charge(ready, viewer)
            async with contextlib.aclosing(self._followed(ready, viewing)) as results:
                async for result in results:
                    seen.answered(result.errors)
                    yield result

    async def _followed(self, ready: Ready, viewing: Viewing) -> AsyncGenerator[Result, None]:
        executor = self._built(ready, await self._context(ready, viewing(), NoSnapshot()))
        source = create_source_event_stream(executor)
        if isawaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            raise _failure(source.errors or ())
        async with contextlib.aclosing(cast("AsyncGenerator[Any, None]", source)) as events:
            async for event in events:
                yield await self._answer(executor.build_per_event_executor(event), ready, viewing())
                await asyncio.sleep(0)  # a source that never waits must not keep everybody else waiting

    def _built(self, ready: Ready, context: Context) -> EventExecutor[Any]:
        name = ready.request.operation.name
        executor = SplicingExecutionContext.build(
            self._schema,
            ready.request.document,
            context_value=context,
            raw_variable_values=ready.given,
            operation_name=name.value if name else None,
            hide_suggestions=True,
        )
        assert not isinstance(executor, list)  # noqa: S101 -- the operation and its variables were read before
        return executor

    async def _context(self, ready: Ready, viewer: Viewer, snapshot: Snapshot) -> Context:
        """A context for what `viewer` may see by now."""
        request = replace(ready.request, permissions=await self._executor.permissions(viewer))
        return self._executor.context(request, viewer, snapshot)

    async def _answer(self, executor: EventExecutor[Any], ready: Ready, viewer: Viewer) -> Result:
        """The answer to one event."""
        deadline = Deadline(ready.seconds)
        try:
            with deadline:
                async with self._database.reading() as deadline.snapshot:
                    executor.context_value = await self._context(ready, viewer, deadline.snapshot)
                    result = execute_subscription_event(executor)
                    finished: ExecutionResult = await result if isawaitable(result) else result
                    return Result(finished.data, described(finished.errors or ()))
        except TimeoutError:
            if not deadline.is_over:
                raise
        problem = f"the event took longer than {ready.seconds:g} seconds and was given up"
        return Result(None, [refused(Code.TIME_LIMIT_EXCEEDED, problem)])


class NoSnapshot(Snapshot):
    """What a source of events has in its context: if it read from a snapshot, it would hold it while it waits."""

    @override
    async def _fetch(self, sql: str, parameters: Sequence[Any]) -> Sequence[Row]:
        raise TypeError("a source of events reads in a block of info.context.database.reading()")

    @override
    async def _release(self) -> None: ...


async def _finished(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, which is done to its end even if nobody waits for it anymore: as over plain HTTP."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _run(result: Result) -> Result:
    """The result of an operation that was run. Raises Refusal."""
    if result.refusal is not None:
        raise Refusal(result.refusal, result.errors)
    return result


def _failure(errors: Sequence[GraphQLError]) -> Refusal:
    shown = described(errors)
    return Refusal(Code(shown[0]["extensions"]["code"]), shown)
