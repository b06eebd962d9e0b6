"""Mutations of drafts: they are published or discarded, whole or block by block."""

import strawberry

from resolvers.content import drafts
from resolvers.content.imports import Target
from resolvers.content.merging import NOBODY
from resolvers.context import Context
from resolvers.editing.requests import Asked
from resolvers.merging.conflicts import Unresolved
from resolvers.refusals import Problem, Reason
from schema.content_merge import ContentConflict, ContentMerge
from schema.content_modes import ConflictResolutionInput, ContentChoice, resolution_of
from schema.course_run import CourseRun
from schema.payload import Payload, answered, changed
from schema.user_error import user_error

Info = strawberry.Info[Context, None]


@strawberry.input
class DraftInput:
    """What the inputs of all mutations of drafts share."""

    course_run: str = strawberry.field(description="Course key of the run.")
    blocks: list[str] | None = strawberry.field(
        default=None,
        description="Only these blocks with all below them, such as `vertical/intro`; all if none is given.",
    )
    expected_version: str | None = strawberry.field(
        default=None, description="Version that the run must show now; where it does not, nothing is changed."
    )
    lock_token: str | None = strawberry.field(default=None, description="Token of the lock of the run.")
    message: str = strawberry.field(default="", description="Why, for the history.")

    @property
    def target(self) -> Target:
        """As it is written, but for who asks."""
        return Target(0, NOBODY, self.expected_version, self.message, token=self.lock_token)


@strawberry.input(description="A draft that a run is to show.")
class PublishDraftInput(DraftInput):
    """The input of `publishDraft`."""

    resolutions: list[ConflictResolutionInput] | None = strawberry.field(
        default=None,
        description="What is to be taken where the draft and, meanwhile, what the run shows have been changed: OURS is "
        "what the run shows, THEIRS the draft.",
    )
    others: ContentChoice | None = strawberry.field(
        default=None, description="What is to be taken for all other conflicts; without it they stand against it."
    )

    @property
    def target(self) -> Target:
        """As it is written, but for who asks."""
        resolution = resolution_of(self.resolutions, self.others)
        return Target(0, NOBODY, self.expected_version, self.message, token=self.lock_token, resolution=resolution)


@strawberry.input(description="A draft that is not wanted any more.")
class DiscardDraftInput(DraftInput):
    """The input of `discardDraft`."""


@strawberry.type
class DraftPayload(Payload):
    """The fields of the payloads of mutations of drafts."""

    key: strawberry.Private[str | None] = None
    course_run: CourseRun | None = changed("key", "The run as it is now; null when nothing was changed.")


@strawberry.type(description="What became of `publishDraft`.")
class PublishDraftPayload(DraftPayload):
    """The payload of `publishDraft`."""

    merge: ContentMerge | None = strawberry.field(
        default=None, description="What was made, or what stands against it; null where it was not tried."
    )


@strawberry.type(description="What became of `discardDraft`.")
class DiscardDraftPayload(DraftPayload):
    """The payload of `discardDraft`."""


async def publish_draft(info: Info, input: PublishDraftInput) -> PublishDraftPayload | None:
    """Publish a draft."""

    async def work() -> PublishDraftPayload:
        try:
            done = await drafts.publish(_asked(info, input), info.context.courses, input.target, input.blocks or ())
        except Unresolved as unresolved:
            told = ContentMerge(
                version=None, is_new=False, conflicts=list(map(ContentConflict.of, unresolved.conflicts)), kept=[]
            )
            problem = Problem(Reason.MERGE_CONFLICTS, str(unresolved), ("resolutions",))
            return PublishDraftPayload(user_errors=[user_error(problem)], merge=told)
        await info.context.snapshot.release()
        return PublishDraftPayload(user_errors=[], key=input.course_run, merge=ContentMerge.of(done))

    return await answered(info, work(), lambda errors: PublishDraftPayload(user_errors=errors))


async def discard_draft(info: Info, input: DiscardDraftInput) -> DiscardDraftPayload | None:
    """Discard a draft."""

    async def work() -> DiscardDraftPayload:
        await drafts.discard(_asked(info, input), info.context.courses, input.target, input.blocks or ())
        await info.context.snapshot.release()
        return DiscardDraftPayload(user_errors=[], key=input.course_run)

    return await answered(info, work(), lambda errors: DiscardDraftPayload(user_errors=errors))


def _asked(info: Info, given: DraftInput) -> Asked:
    return Asked(info.context.database, info.context.viewer, given.course_run)
