"""`mergeContent`: what the source of a run has changed, taken over (spec/content-api.md, "Problem statement")."""

from enum import Enum

import strawberry

from resolvers.content import imports, merging
from resolvers.content.imports import Imported, Target
from resolvers.content.secrets import shown
from resolvers.context import Context
from resolvers.editing.requests import Asked
from resolvers.merging import conflicts
from resolvers.merging.conflicts import Conflict, Unresolved
from resolvers.merging.layers import NOTHING
from resolvers.merging.protection import Kept
from resolvers.refusals import Problem, Reason
from schema.content_modes import ConflictResolutionInput, ContentChoice, ContentImportMode, mode_of, resolution_of
from schema.course_run import CourseRun
from schema.payload import Payload, answered, changed
from schema.user_error import user_error

Info = strawberry.Info[Context, None]


@strawberry.enum(description="What of a course both a run and its source have changed.")
class ContentAspect(Enum):
    """Aspects."""

    SETTING = strawberry.enum_value(conflicts.Aspect.SETTING.value, description="A setting of a block.")
    TEXT = strawberry.enum_value(conflicts.Aspect.TEXT.value, description="The page or the markup of a block.")
    PLACE = strawberry.enum_value(
        conflicts.Aspect.PLACE.value,
        description="Where a block stands: both moved it, or one moved and the other deleted it.",
    )
    ORDER = strawberry.enum_value(conflicts.Aspect.ORDER.value, description="The order of the children of a block.")
    DELETION = strawberry.enum_value(
        conflicts.Aspect.DELETION.value,
        description="One deleted a block, and the other changed it, or something below it.",
    )
    FILE = strawberry.enum_value(
        conflicts.Aspect.FILE.value, description="A file beside the blocks, or what a list says of it."
    )
    GRADING = strawberry.enum_value(conflicts.Aspect.GRADING.value, description="A part of the grading policy.")


@strawberry.type(description="Something that both a run and its source have changed, each in its own way.")
class ContentConflict:
    """A conflict."""

    key: str = strawberry.field(description="What resolutions call it; the same each time that the merge is tried.")
    aspect: ContentAspect = strawberry.field(description="What both have changed.")
    block: str | None = strawberry.field(description="Block that it is about.")
    breadcrumb: list[str] = strawberry.field(description="Display names from the course down to the block.")
    name: str | None = strawberry.field(description="Name of the setting, path of the file, or part of the policy.")
    base: str | None = strawberry.field(description="What the source had when it was taken last; null: nothing.")
    ours: str | None = strawberry.field(description="What the run has; null: nothing.")
    theirs: str | None = strawberry.field(description="What the source has now; null: nothing.")
    blocks: list[str] = strawberry.field(description="Others that it is about, such as those below a deleted block.")
    choice: ContentChoice | None = strawberry.field(description="What is taken; null as long as nobody said.")

    @classmethod
    def of(cls, conflict: Conflict) -> "ContentConflict":
        """As GraphQL has it."""
        return cls(
            key=conflict.id,
            aspect=ContentAspect(conflict.aspect.value),
            block=None if conflict.block is None else str(conflict.block),
            breadcrumb=list(conflict.breadcrumb),
            name=conflict.name or None,
            base=conflict.base,
            ours=conflict.ours,
            theirs=conflict.theirs,
            blocks=[str(block) for block in conflict.blocks],
            choice=None if conflict.choice is None else ContentChoice(conflict.choice.value),
        )


@strawberry.type(description="A protected setting that the source has another value of, which was not taken.")
class KeptSetting:
    """A setting that stayed."""

    block: str = strawberry.field(description="Block that has it.")
    name: str = strawberry.field(description="Name.")
    ours: str | None = strawberry.field(description="The value of the run, which stays; null: it is not set.")
    theirs: str | None = strawberry.field(description="The value of the source; null: it is not set.")

    @classmethod
    def of(cls, kept: Kept) -> "KeptSetting":
        """As GraphQL has it."""
        ours, theirs = (None if value is NOTHING else shown(kept.name, value) for value in (kept.ours, kept.theirs))
        return cls(block=str(kept.block), name=kept.name, ours=ours, theirs=theirs)


@strawberry.type(description="What was made of the content of a run and of its source.")
class ContentMerge:
    """A merge."""

    version: str | None = strawberry.field(
        description="Version that there is now, or that there would be; null where conflicts are to be resolved first."
    )
    is_new: bool = strawberry.field(description="Whether the run is at another version than before.")
    conflicts: list[ContentConflict] = strawberry.field(description="What both have changed, also what was resolved.")
    kept: list[KeptSetting] = strawberry.field(description="Protected settings that the source has other values of.")

    @classmethod
    def of(cls, done: Imported) -> "ContentMerge":
        """As GraphQL has it."""
        is_decided = all(conflict.choice is not None for conflict in done.conflicts)
        return cls(
            version=done.version if is_decided else None,
            is_new=done.is_new,
            conflicts=[ContentConflict.of(conflict) for conflict in done.conflicts],
            kept=[KeptSetting.of(kept) for kept in done.kept],
        )


@strawberry.input(description="A run that is to take over what another one has.")
class MergeContentInput:
    """The input of `mergeContent`."""

    course_run: str = strawberry.field(description="Course key of the run that is changed.")
    from_run: str = strawberry.field(description="Course key of the run that is its source.")
    from_version: str | None = strawberry.field(
        default=None, description="A version that the source had; what it has now if none is given."
    )
    mode: ContentImportMode | None = strawberry.field(
        default=None, description="What becomes of what the run has; MERGE by default."
    )
    resolutions: list[ConflictResolutionInput] | None = strawberry.field(
        default=None, description="What is to be taken for certain conflicts."
    )
    others: ContentChoice | None = strawberry.field(
        default=None, description="What is to be taken for all other conflicts; without it they stand against a merge."
    )
    expected_version: str | None = strawberry.field(
        default=None, description="Version that the run must be at now; where it is not, nothing is changed."
    )
    lock_token: str | None = strawberry.field(default=None, description="Token of the lock of the run.")
    validate_only: bool = strawberry.field(
        default=False, description="Whether to tell all that would be told, the version too, without changing anything."
    )
    message: str = strawberry.field(default="", description="Why, for the history.")

    @property
    def target(self) -> Target:
        """As imports take it, but for who asks."""
        return Target(
            0,
            merging.NOBODY,
            self.expected_version,
            self.message,
            mode_of(self.mode, imports.Mode.MERGE),
            self.lock_token,
            resolution_of(self.resolutions, self.others),
        )


@strawberry.type(description="What became of `mergeContent`.")
class MergeContentPayload(Payload):
    """The payload of `mergeContent`."""

    key: strawberry.Private[str | None] = None
    merge: ContentMerge | None = strawberry.field(
        default=None, description="What was made, or what stands against it; null where it was not tried."
    )
    course_run: CourseRun | None = changed("key", "The run as it is now; null when nothing was changed.")


async def merge_content(info: Info, input: MergeContentInput) -> MergeContentPayload | None:
    """Take over what another run has."""
    context = info.context
    asked = Asked(context.database, context.viewer, input.course_run)
    source = Asked(context.database, context.viewer, input.from_run)

    async def work() -> MergeContentPayload:
        try:
            done = await merging.merge_from(
                asked, context.courses, source, input.from_version, input.target, is_dry=input.validate_only
            )
        except Unresolved as unresolved:
            told = ContentMerge(
                version=None, is_new=False, conflicts=list(map(ContentConflict.of, unresolved.conflicts)), kept=[]
            )
            problem = Problem(Reason.MERGE_CONFLICTS, str(unresolved), ("resolutions",))
            return MergeContentPayload(user_errors=[user_error(problem)], merge=told)
        await context.snapshot.release()
        return MergeContentPayload(user_errors=[], key=input.course_run, merge=ContentMerge.of(done))

    return await answered(info, work(), lambda errors: MergeContentPayload(user_errors=errors))
