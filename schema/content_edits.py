"""Mutations of content and locks of runs (spec/content-api.md, "Update", "Delete" and "Concurrency")."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import strawberry

from resolvers.context import Context
from resolvers.editing import locks
from resolvers.editing.changes import Change
from resolvers.editing.requests import Asked, edit
from resolvers.editing.writing import Edited
from schema.content_inputs import ContentChangeInput, ContentEditInput, made
from schema.content_problem import ContentProblem, NamedBlock
from schema.course_run import CourseRun
from schema.payload import Payload, answered, changed

Info = strawberry.Info[Context, None]


@strawberry.type(description="A block that says something else than before.")
class ChangedBlock:
    """A block that changed."""

    key: str = strawberry.field(description="Type and name, such as `vertical/intro`.")
    hash: str = strawberry.field(description="Hash of the block and all below it as they are now.")


@strawberry.type(description="What one change did.")
class ContentStep:
    """A step."""

    block: str | None = strawberry.field(description="Block that it is about, as it is called now.")
    previous_parent: str | None = strawberry.field(description="Of a move: the block that it stood in.")
    previous_index: int | None = strawberry.field(description="Of a move: its place there, from 0.")


@strawberry.type(description="What changes made of the content of a run.")
class ContentEdit:
    """An edit."""

    version: str = strawberry.field(description="Version after the changes, or the one that would be.")
    previous_version: str = strawberry.field(description="Version before them.")
    is_new: bool = strawberry.field(description="Whether anything is other than before.")
    changed: list[ChangedBlock] = strawberry.field(description="Blocks that say something else themselves.")
    removed: list[NamedBlock] = strawberry.field(description="Blocks that are not part of the course any more.")
    warnings: list[ContentProblem] = strawberry.field(description="What is worth knowing.")
    steps: list[ContentStep] = strawberry.field(description="What each of the changes did, in their order.")

    @classmethod
    def of(cls, edited: Edited) -> "ContentEdit":
        """As GraphQL has it."""
        applied = edited.applied
        return cls(
            version=edited.version,
            previous_version=edited.previous,
            is_new=edited.is_new,
            changed=[ChangedBlock(key=str(key), hash=edited.subtrees[key]) for key in applied.changed],
            removed=[NamedBlock.of(named) for named in applied.removed],
            warnings=[ContentProblem.of(warning) for warning in applied.warnings],
            steps=[
                ContentStep(
                    block=None if done.block is None else str(done.block),
                    previous_parent=None if done.parent is None else str(done.parent),
                    previous_index=done.index,
                )
                for done in applied.done
            ],
        )


@strawberry.type
class ContentEditPayload(Payload):
    """The fields of the payloads of all edits."""

    key: strawberry.Private[str | None] = None
    edit: ContentEdit | None = strawberry.field(default=None, description="What was done; null when nothing was.")
    course_run: CourseRun | None = changed("key", "The run as it is now; null when nothing was changed.")


E = TypeVar("E", bound=ContentEditPayload)


@strawberry.type(description="What became of `applyContentChanges`.")
class ApplyContentChangesPayload(ContentEditPayload):
    """The payload of `applyContentChanges`."""


@strawberry.input(description="Changes of the content of a run, which become one version.")
class ApplyContentChangesInput(ContentEditInput):
    """The input of `applyContentChanges`."""

    changes: list[ContentChangeInput] = strawberry.field(
        description="The changes, each made to what those before it left; 1000 at most."
    )


async def apply_content_changes(info: Info, input: ApplyContentChangesInput) -> ApplyContentChangesPayload:
    """Make changes as one version."""
    payload = ApplyContentChangesPayload
    work = _edited(info, input, lambda: made(input.changes), payload)
    return await answered(info, work, lambda errors: payload(user_errors=errors))


async def _edited(info: Info, given: ContentEditInput, changes: Callable[[], Sequence[Change]], payload: type[E]) -> E:
    context = info.context
    asked = Asked(context.database, context.viewer, given.course_run)
    edited = await edit(
        asked,
        context.editor,
        changes,
        given.expected,
        token=given.lock_token,
        message=given.message,
        is_dry=given.validate_only,
    )
    await context.snapshot.release()
    return payload(user_errors=[], key=given.course_run, edit=ContentEdit.of(edited))


# Locks


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
