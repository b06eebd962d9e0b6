"""Root fields of subscriptions.

A source of events is an async generator. It runs for as long as somebody listens and ends by being closed; between
events it holds no snapshot: what it reads it reads in a block of `info.context.database.reading()`.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated

import strawberry

from resolvers.context import Context
from resolvers.errors import BadUserInput
from resolvers.jobs.following import follow
from resolvers.learners.service import permit_username, some_username
from resolvers.reads import job_key, program_key
from schema.content_following import ContentVersionChange, content_changes
from schema.content_locks import ContentLockChange, lock_changes
from schema.health import Health, health
from schema.job import Job
from schema.payload import changed
from schema.program import Program

LONGEST_PAUSE = 3600


@strawberry.type(description="A sign of life of the server.")
class Heartbeat:
    """What `heartbeat` sends."""

    number: int = strawberry.field(description="How many came before it in this subscription.")
    at: datetime = strawberry.field(description="The server's clock.")
    health: Health | None = strawberry.field(
        resolver=health, description="Whether the server works, asked just now and for this heartbeat."
    )


def heartbeats(
    every: Annotated[int, strawberry.argument(description="Seconds between two of them, from 1 to 3600.")] = 10,
) -> AsyncGenerator[Heartbeat | None, None]:
    """A heartbeat at once, and one after every pause. Raises BadUserInput."""
    if not 1 <= every <= LONGEST_PAUSE:
        raise BadUserInput(f"every: {every} is not between 1 and {LONGEST_PAUSE}")
    return _beating(every)


async def _beating(every: int) -> AsyncGenerator[Heartbeat | None, None]:
    for number in itertools.count():  # pragma: no branch -- it has no end
        yield Heartbeat(number=number, at=datetime.now(UTC).replace(microsecond=0))
        await asyncio.sleep(every)


@strawberry.type(description="A change of a learner's, or how things stand when the subscription begins.")
class LearnerChange:
    """What `programProgress` sends."""

    username: str = strawberry.field(description="LMS username of the learner.")
    at: datetime = strawberry.field(description="The server's clock.")
    uuid: strawberry.Private[str | None] = None
    program: Program | None = changed(
        "uuid", "The program as it is now, with `learner` for the progress; null where the viewer may not see it."
    )


def learner_changes(
    info: strawberry.Info[Context, None],
    program: Annotated[strawberry.ID, strawberry.argument(description="Global id of the program.")],
    username: Annotated[
        str | None,
        strawberry.argument(description="LMS username; the viewer's by default. Learners may name themselves only."),
    ] = None,
) -> AsyncGenerator[LearnerChange | None, None]:
    """A learner at once and after each change. Raises BadUserInput and Forbidden."""
    context = info.context
    name = some_username(username or context.viewer.username or "")
    permit_username(name, context.viewer.username, context.request.permissions)
    return _changing(context, name, program_key(program))


async def _changing(context: Context, username: str, uuid: str) -> AsyncGenerator[LearnerChange | None, None]:
    async with contextlib.aclosing(context.learners.followers.follow(username)) as changes:
        async for _ in changes:  # pragma: no branch -- it has no end
            yield LearnerChange(username=username, at=datetime.now(UTC), uuid=uuid)


@strawberry.type(description="A change of a job, or how it stands when the subscription begins.")
class JobChange:
    """What `jobProgress` sends."""

    at: datetime = strawberry.field(description="The server's clock.")
    uuid: strawberry.Private[str | None] = None
    job: Job | None = changed("uuid", "The job as it is now; null where it is there for the viewer no more.")


def job_changes(
    info: strawberry.Info[Context, None],
    job: Annotated[strawberry.ID, strawberry.argument(name="id", description="Global id of the job.")],
) -> AsyncGenerator[JobChange | None, None]:
    """A job at once and after each change. Raises BadUserInput and NotFound."""
    return _working(info.context, job_key(job))


async def _working(context: Context, uuid: str) -> AsyncGenerator[JobChange | None, None]:
    viewer, permissions = context.viewer.username, context.request.permissions
    async with contextlib.aclosing(follow(context.database, uuid, viewer, permissions)) as changes:
        async for _ in changes:
            yield JobChange(at=datetime.now(UTC), uuid=uuid)


@strawberry.type(description="What can be followed.")
class Subscription:
    """The subscriptions."""

    heartbeat: AsyncGenerator[Heartbeat | None, None] = strawberry.subscription(
        resolver=heartbeats,
        description="Signs of life at regular times: whoever hears none for longer has lost the server.",
    )
    program_progress: AsyncGenerator[LearnerChange | None, None] = strawberry.subscription(
        resolver=learner_changes,
        description="Changes of a learner's enrollments, certificates and associations, each within a second.",
    )
    job_progress: AsyncGenerator[JobChange | None, None] = strawberry.subscription(
        resolver=job_changes,
        description="A job as it goes on, until it is over.",
    )
    content_lock: AsyncGenerator[ContentLockChange | None, None] = strawberry.subscription(
        resolver=lock_changes,
        description="Who locks the content of a run, and what becomes of the lock; for who may change the content.",
    )
    content_versions: AsyncGenerator[ContentVersionChange | None, None] = strawberry.subscription(
        resolver=content_changes,
        description="The versions of a run's content as they are made; for who may see the content.",
    )
