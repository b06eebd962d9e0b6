"""Locks of the content of runs (spec/content-api.md, "Concurrency")."""

from datetime import datetime
from typing import Any, TypeVar

import strawberry

from resolvers.context import Context
from resolvers.editing import locks
from resolvers.editing.requests import Asked
from schema.payload import Payload, answered

Info = strawberry.Info[Context, None]


@strawberry.type(description="A lock of the content of a run.")
class ContentLock:
    """A lock."""

    username: str = strawberry.field(description="LMS username of who has it.")
    application: str | None = strawberry.field(description="Application that they came through.")
    acquired_at: datetime = strawberry.field(description="When it was acquired.")
    expires_at: datetime = strawberry.field(description="When it ends if it is not used until then.")
    fencing: int = strawberry.field(description="Number that grows with every lock of the run.")
    token: str | None = strawberry.field(description="What changes are sent with; for its holder alone.")

    @classmethod
    def of(cls, lock: locks.Lock) -> "ContentLock":
        """As GraphQL has it."""
        return cls(
            username=lock.holder.username,
            application=lock.holder.application,
            acquired_at=lock.since,
            expires_at=lock.expires_at,
            fencing=lock.fencing,
            token=lock.token or None,
        )


@strawberry.input(description="A run whose content is to be locked.")
class AcquireLockInput:
    """The input of `acquireLock`."""

    course_run: str = strawberry.field(description="Course key of the run.")
    seconds: int = strawberry.field(
        default=locks.DEFAULT_SECONDS,
        description=f"How long the lock lasts without use, from {locks.SHORTEST} to {locks.LONGEST}.",
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


async def acquire_lock(info: Info, input: AcquireLockInput) -> AcquireLockPayload:
    """Lock a run, or renew the lock that the viewer has."""
    asked = _asked(info, input.course_run)
    work = asked.locking(locks.acquire, asked.author, input.seconds)
    return await _locked(info, AcquireLockPayload, work)


async def renew_lock(info: Info, input: RenewLockInput) -> RenewLockPayload:
    """Let a lock last longer."""
    return await _locked(info, RenewLockPayload, _asked(info, input.course_run).locking(locks.renew, input.token))


async def release_lock(info: Info, input: ReleaseLockInput) -> ReleaseLockPayload:
    """Give a lock back."""

    async def done() -> ReleaseLockPayload:
        was_held = await _asked(info, input.course_run).locking(locks.release, input.token)
        return ReleaseLockPayload(user_errors=[], was_held=was_held)

    return await answered(info, done(), lambda errors: ReleaseLockPayload(user_errors=errors))


async def break_lock(info: Info, input: BreakLockInput) -> BreakLockPayload:
    """Take a lock away."""
    return await _locked(info, BreakLockPayload, _asked(info, input.course_run).break_lock())
