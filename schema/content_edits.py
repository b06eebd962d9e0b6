"""Changing the content of runs: several changes as one version, and what all edits answer (spec/content-api.md)."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import strawberry

from resolvers.context import Context
from resolvers.editing.changes import Change
from resolvers.editing.requests import Asked, edit
from resolvers.editing.writing import Edited
from schema.content_inputs import ContentChangeInput, ContentEditInput, ExpectedSubtreeInput, made
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


async def edited(
    info: Info, given: ContentEditInput, changes: Callable[[], Sequence[Change]], payload: type[E], *, is_list: bool
) -> E:
    """The payload of an edit. `changes` is called only for viewers who may change the run."""
    context = info.context

    async def done() -> E:
        key, made = await edit(
            Asked(context.database, context.viewer, given.course_run),
            context.editor,
            changes,
            given.expected,
            uploads=context.uploads,
            token=given.lock_token,
            message=given.message,
            is_dry=given.validate_only,
            is_list=is_list,
        )
        await context.snapshot.release()
        return payload(user_errors=[], key=key, edit=ContentEdit.of(made))

    return await answered(info, done(), lambda errors: payload(user_errors=errors))


@strawberry.type(description="What became of `applyContentChanges`.")
class ApplyContentChangesPayload(ContentEditPayload):
    """The payload of `applyContentChanges`."""


@strawberry.input(description="Changes of the content of a run, which become one version.")
class ApplyContentChangesInput(ContentEditInput):
    """The input of `applyContentChanges`."""

    changes: list[ContentChangeInput] = strawberry.field(
        description="The changes, each made to what those before it left; 1000 at most."
    )
    expected_subtrees: list[ExpectedSubtreeInput] | None = strawberry.field(
        default=None,
        description="Subtrees that must be as they were; others may have changed elsewhere meanwhile.",
    )

    @property
    def subtrees(self) -> Mapping[str, str]:
        """The hashes that blocks must have."""
        return {each.block: each.hash for each in self.expected_subtrees or ()}


async def apply_content_changes(info: Info, input: ApplyContentChangesInput) -> ApplyContentChangesPayload | None:
    """Make changes as one version."""
    return await edited(info, input, lambda: made(input.changes), ApplyContentChangesPayload, is_list=True)
