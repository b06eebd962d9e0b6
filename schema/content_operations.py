"""A mutation for each operation on content, beside those that make many changes at once (spec/content-api.md).

Each takes what the change of the same name takes in a list, and answers what the list would.
"""

from collections.abc import Mapping
from typing import Any

import strawberry

from resolvers.context import Context
from schema.content_edits import ContentEditPayload, E, edited
from schema.content_inputs import (
    AssetDeletionInput,
    AssetInput,
    BlockAdditionInput,
    BlockDeletionInput,
    BlockMoveInput,
    BlockReplacementInput,
    BlockSettingsChangeInput,
    ContentEditInput,
    CourseSettingsChangeInput,
    GradingPolicyInput,
    TabsInput,
)

Info = strawberry.Info[Context, None]


async def _edited(info: Info, given: Any, payload: type[E]) -> E:
    """The payload of one change, which its input makes."""
    return await edited(info, given, lambda: [given.change()], payload, is_list=False)


@strawberry.input
class BlockEditInput(ContentEditInput):
    """What the inputs of edits of a block share."""

    expected_subtree: str | None = strawberry.field(
        default=None,
        description="Hash that the block must have, as `ContentBlock.hash` has it; of an addition, its parent. Others "
        "may have changed elsewhere meanwhile.",
    )

    @property
    def about(self) -> str:
        """The block that is expected to be as it was."""
        return str(vars(self)["block"])

    @property
    def subtrees(self) -> Mapping[str, str]:
        """The hash that the block must have."""
        return {} if self.expected_subtree is None else {self.about: self.expected_subtree}


# Blocks


@strawberry.input(description="A subtree that takes the place of another.")
class ReplaceBlockInput(BlockReplacementInput, BlockEditInput):
    """The input of `replaceBlock`."""


@strawberry.type(description="What became of `replaceBlock`.")
class ReplaceBlockPayload(ContentEditPayload):
    """The payload of `replaceBlock`."""


async def replace_block(info: Info, input: ReplaceBlockInput) -> ReplaceBlockPayload | None:
    """Put a subtree in place of another."""
    return await _edited(info, input, ReplaceBlockPayload)


@strawberry.input(description="A subtree that a block gets as a new child.")
class AddBlockInput(BlockAdditionInput, BlockEditInput):
    """The input of `addBlock`."""

    @property
    def about(self) -> str:
        """The block that gets the child."""
        return self.parent


@strawberry.type(description="What became of `addBlock`.")
class AddBlockPayload(ContentEditPayload):
    """The payload of `addBlock`."""


async def add_block(info: Info, input: AddBlockInput) -> AddBlockPayload | None:
    """Add a child."""
    return await _edited(info, input, AddBlockPayload)


@strawberry.input(description="Settings that a block is to have.")
class UpdateBlockSettingsInput(BlockSettingsChangeInput, BlockEditInput):
    """The input of `updateBlockSettings`."""


@strawberry.type(description="What became of `updateBlockSettings`.")
class UpdateBlockSettingsPayload(ContentEditPayload):
    """The payload of `updateBlockSettings`."""


async def update_block_settings(info: Info, input: UpdateBlockSettingsInput) -> UpdateBlockSettingsPayload | None:
    """Set settings of a block."""
    return await _edited(info, input, UpdateBlockSettingsPayload)


@strawberry.input(description="A block that is to stand elsewhere at the same level of the hierarchy.")
class MoveBlockInput(BlockMoveInput, BlockEditInput):
    """The input of `moveBlock`."""


@strawberry.type(description="What became of `moveBlock`.")
class MoveBlockPayload(ContentEditPayload):
    """The payload of `moveBlock`."""


async def move_block(info: Info, input: MoveBlockInput) -> MoveBlockPayload | None:
    """Move a block."""
    return await _edited(info, input, MoveBlockPayload)


@strawberry.input(description="A block that is to be deleted, with all below it that stands nowhere else.")
class DeleteBlockInput(BlockDeletionInput, BlockEditInput):
    """The input of `deleteBlock`."""


@strawberry.type(description="What became of `deleteBlock`.")
class DeleteBlockPayload(ContentEditPayload):
    """The payload of `deleteBlock`."""


async def delete_block(info: Info, input: DeleteBlockInput) -> DeleteBlockPayload | None:
    """Delete a block."""
    return await _edited(info, input, DeleteBlockPayload)


# The course and its files


@strawberry.input(description="Settings that the course is to have.")
class UpdateCourseSettingsInput(CourseSettingsChangeInput, ContentEditInput):
    """The input of `updateCourseSettings`."""


@strawberry.type(description="What became of `updateCourseSettings`.")
class UpdateCourseSettingsPayload(ContentEditPayload):
    """The payload of `updateCourseSettings`."""


async def update_course_settings(info: Info, input: UpdateCourseSettingsInput) -> UpdateCourseSettingsPayload | None:
    """Set settings of the course."""
    return await _edited(info, input, UpdateCourseSettingsPayload)


@strawberry.input(description="A file that learners are to have.")
class PutAssetInput(AssetInput, ContentEditInput):
    """The input of `putAsset`."""


@strawberry.type(description="What became of `putAsset`.")
class PutAssetPayload(ContentEditPayload):
    """The payload of `putAsset`."""


async def put_asset(info: Info, input: PutAssetInput) -> PutAssetPayload | None:
    """Put a file for learners."""
    return await _edited(info, input, PutAssetPayload)


@strawberry.input(description="A file that learners are to have no more.")
class DeleteAssetInput(AssetDeletionInput, ContentEditInput):
    """The input of `deleteAsset`."""


@strawberry.type(description="What became of `deleteAsset`.")
class DeleteAssetPayload(ContentEditPayload):
    """The payload of `deleteAsset`."""


async def delete_asset(info: Info, input: DeleteAssetInput) -> DeleteAssetPayload | None:
    """Delete a file for learners."""
    return await _edited(info, input, DeleteAssetPayload)


@strawberry.input(description="The grading policy that the course is to have.")
class UpdateGradingPolicyInput(GradingPolicyInput, ContentEditInput):
    """The input of `updateGradingPolicy`."""


@strawberry.type(description="What became of `updateGradingPolicy`.")
class UpdateGradingPolicyPayload(ContentEditPayload):
    """The payload of `updateGradingPolicy`."""


async def update_grading_policy(info: Info, input: UpdateGradingPolicyInput) -> UpdateGradingPolicyPayload | None:
    """Set the grading policy."""
    return await _edited(info, input, UpdateGradingPolicyPayload)


@strawberry.input(description="The tabs that the course is to have.")
class UpdateTabsInput(TabsInput, ContentEditInput):
    """The input of `updateTabs`."""


@strawberry.type(description="What became of `updateTabs`.")
class UpdateTabsPayload(ContentEditPayload):
    """The payload of `updateTabs`."""


async def update_tabs(info: Info, input: UpdateTabsInput) -> UpdateTabsPayload | None:
    """Set the tabs."""
    return await _edited(info, input, UpdateTabsPayload)
