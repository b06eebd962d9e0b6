"""Locks of the content of runs (spec/content-api.md, "Concurrency")."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, TypeVar

import strawberry

from resolvers.context import Context
from resolvers.editing import locks
from resolvers.editing.following import Happened, follow_lock
from resolvers.editing.requests import Asked
from resolvers.plan.declare import told
from schema.payload import Payload, answered

Info = strawberry.Info[Context, None]


@strawberry.type(description="A lock of the content of a run.")
class ContentLock:
    """A lock."""

    username: str = told("username", "LMS username of who has it.")
    application: str | None = told("application", "Application that they came through.")
    acquired_at: datetime = told("since", "When it was acquired.")
    expires_at: datetime = told("expires_at", "When it ends if it is not used until then.")
    fencing: int = told("fencing", "Number that grows with every lock of the run.")
    token: str | None = told("token", "What changes are sent with; told to its holder alone, by the mutations.")

    @classmethod
    def of(cls, lock: locks.Lock) -> "ContentLock":
        """As GraphQL has it."""
        return cls(
            username=lock.username,
            application=lock.application,
            acquired_at=lock.since,
            expires_at=lock.expires_at,
            fencing=lock.fencing,
            token=lock.token,
        )


@strawberry.input(description="A run whose content is to be locked.")
class AcquireLockInput:
    """The input of `acquireLock`."""

    course_run: str = strawberry.field(description="Course key of the run.")
    seconds: int = strawberry.field(
        default=locks.DEFAULT_SECONDS,
        description=f"How long the lock lasts without use, from {locks.SHORTEST} to {locks.LONGEST}.",
    )
    wait: bool = strawberry.field(
        default=False,
        description="Whether to stand in line while somebody else has the lock. The place is kept for "
        f"{locks.WAIT_SECONDS} seconds: ask again until then, or when the lock is free (`contentLock`).",
    )


@strawberry.input(description="A lock that is to last longer.")
class RenewLockInput:
    """The input of `renewLock`."""

    course_run: str = strawberry.field(description="Course key of the run.")
    token: str = strawberry.field(description="Token of the lock.")


@strawberry.input(description="A lock that is not needed any more.")
class ReleaseLockInput:
    """The input of `releaseLock`."""

    course_run: str = strawberry.field(description="Course key of the run.")
    token: str = strawberry.field(description="Token of the lock.")


@strawberry.input(description="A run whose lock is to be taken away from its holder.")
class BreakLockInput:
    """The input of `breakLock`."""

    course_run: str = strawberry.field(description="Course key of the run.")


@strawberry.type
class LockPayload(Payload):
    """The fields of payloads that lead to a lock."""

    lock: ContentLock | None = strawberry.field(default=None, description="The lock; null when there is none.")


@strawberry.type(description="What became of `acquireLock`.")
class AcquireLockPayload(LockPayload):
    """The payload of `acquireLock`."""

    place: int | None = strawberry.field(
        default=None, description="Place in the line for it, from 1; null for who has the lock, or does not wait."
    )
    held: ContentLock | None = strawberry.field(
        default=None, description="For who waits: the lock that is held now; null if it is free for the first in line."
    )


@strawberry.type(description="What became of `renewLock`.")
class RenewLockPayload(LockPayload):
    """The payload of `renewLock`."""


@strawberry.type(description="What became of `releaseLock`.")
class ReleaseLockPayload(Payload):
    """The payload of `releaseLock`."""

    was_held: bool = strawberry.field(default=False, description="Whether it was the lock of the run until now.")


@strawberry.type(description="What became of `breakLock`.")
class BreakLockPayload(LockPayload):
    """The payload of `breakLock`."""


L = TypeVar("L", bound=LockPayload)


def _asked(info: Info, key: str) -> Asked:
    return Asked(info.context.database, info.context.viewer, key)


async def _locked(info: Info, payload: type[L], work: Any) -> L:
    async def done() -> L:
        lock = await work
        return payload(user_errors=[], lock=None if lock is None else ContentLock.of(lock))

    return await answered(info, done(), lambda errors: payload(user_errors=errors))


async def acquire_lock(info: Info, input: AcquireLockInput) -> AcquireLockPayload | None:
    """Lock a run, or renew the lock that the viewer has, or stand in line for it."""
    asked = _asked(info, input.course_run)
    if not input.wait:
        return await _locked(info, AcquireLockPayload, asked.locking(locks.acquire, asked.author, input.seconds))

    async def done() -> AcquireLockPayload:
        got = await asked.locking(locks.acquire_or_wait, asked.author, input.seconds)
        if isinstance(got, locks.Lock):
            return AcquireLockPayload(user_errors=[], lock=ContentLock.of(got))
        held = None if got.lock is None else ContentLock.of(got.lock)
        return AcquireLockPayload(user_errors=[], place=got.place, held=held)

    return await answered(info, done(), lambda errors: AcquireLockPayload(user_errors=errors))


async def renew_lock(info: Info, input: RenewLockInput) -> RenewLockPayload | None:
    """Let a lock last longer."""
    return await _locked(info, RenewLockPayload, _asked(info, input.course_run).locking(locks.renew, input.token))


async def release_lock(info: Info, input: ReleaseLockInput) -> ReleaseLockPayload | None:
    """Give a lock back."""

    async def done() -> ReleaseLockPayload:
        was_held = await _asked(info, input.course_run).locking(locks.release, input.token)
        return ReleaseLockPayload(user_errors=[], was_held=was_held)

    return await answered(info, done(), lambda errors: ReleaseLockPayload(user_errors=errors))


async def break_lock(info: Info, input: BreakLockInput) -> BreakLockPayload | None:
    """Take a lock away."""
    return await _locked(info, BreakLockPayload, _asked(info, input.course_run).break_lock())


# Following


@strawberry.enum(description="What became of the lock of a run.")
class ContentLockEvent(Enum):
    """What can become of a lock."""

    ACQUIRED = strawberry.enum_value(Happened.ACQUIRED.value, description="Somebody acquired it.")
    RENEWED = strawberry.enum_value(Happened.RENEWED.value, description="Its holder used it, so it lasts longer.")
    RELEASED = strawberry.enum_value(Happened.RELEASED.value, description="Its holder gave it back.")
    BROKEN = strawberry.enum_value(Happened.BROKEN.value, description="It was taken away from its holder.")
    EXPIRED = strawberry.enum_value(Happened.EXPIRED.value, description="It ended, since it was not used for too long.")


@strawberry.type(description="What becomes of the lock of a run, or how it stands when the subscription begins.")
class ContentLockChange:
    """What `contentLock` sends."""

    at: datetime = strawberry.field(description="The server's clock.")
    event: ContentLockEvent | None = strawberry.field(description="What happened; null at the beginning.")
    username: str | None = strawberry.field(
        description="LMS username of who has the lock, or had it last; null where nobody had."
    )
    application: str | None = strawberry.field(description="Application that they came through.")
    lock: ContentLock | None = strawberry.field(description="The lock that is held now; null while it is free.")


async def lock_changes(
    info: Info,
    course_run: Annotated[str, strawberry.argument(description="Course key of the run.")],
) -> AsyncGenerator[ContentLockChange | None, None]:
    """The lock of a run at once and after each change. Raises what `Asked.run` does."""
    asked = _asked(info, course_run)
    run, key = await asked.found()
    async with contextlib.aclosing(follow_lock(asked.database, run, key)) as changes:
        async for change in changes:  # pragma: no branch -- it has no end
            standing = change.standing
            yield ContentLockChange(
                at=datetime.now(UTC),
                event=None if change.happened is None else ContentLockEvent(change.happened.value),
                username=standing.last.username if standing else None,
                application=standing.last.application if standing else None,
                lock=ContentLock.of(standing.lock) if standing and standing.lock else None,
            )
