"""What is wrong with a change of content, or worth knowing about it: in which block, and where."""

from enum import Enum

import strawberry

from resolvers.editing.problems import EditCode, EditProblem, Named


@strawberry.enum(description="Why content is not changed, or what a warning is about.")
class ContentProblemCode(Enum):
    """The codes of problems."""

    ALREADY_THERE = strawberry.enum_value(EditCode.ALREADY_THERE.value, description="The block stands there already.")
    ASSET_UNKNOWN = strawberry.enum_value(EditCode.ASSET_UNKNOWN.value, description="There is no such asset.")
    BLOCK_AMBIGUOUS = strawberry.enum_value(
        EditCode.BLOCK_AMBIGUOUS.value,
        description="The name alone may mean several blocks, or the block stands in several places.",
    )
    BLOCK_UNKNOWN = strawberry.enum_value(EditCode.BLOCK_UNKNOWN.value, description="There is no such block.")
    BROKEN_REFERENCE = strawberry.enum_value(
        EditCode.BROKEN_REFERENCE.value, description="Something refers to what would not be there any more."
    )
    CHILD_ELSEWHERE = strawberry.enum_value(
        EditCode.CHILD_ELSEWHERE.value,
        description="A pointer names a block that stands elsewhere, and moves are not allowed.",
    )
    CHILD_MISSING = strawberry.enum_value(
        EditCode.CHILD_MISSING.value,
        description="A pointer names a block that is neither in the run nor in what was sent.",
    )
    DUPLICATE_NAME = strawberry.enum_value(
        EditCode.DUPLICATE_NAME.value, description="Another block of the type has the name."
    )
    FILE_CLASH = strawberry.enum_value(
        EditCode.FILE_CLASH.value, description="Two different files would have one path, or one name in links."
    )
    INTO_EXPERIMENT = strawberry.enum_value(
        EditCode.INTO_EXPERIMENT.value, description="Nothing can be moved directly into a content experiment."
    )
    INTO_ITSELF = strawberry.enum_value(
        EditCode.INTO_ITSELF.value, description="A block cannot be moved into itself, nor below itself."
    )
    INVALID_GRADING = strawberry.enum_value(
        EditCode.INVALID_GRADING.value, description="A grading policy that does not add up."
    )
    INVALID_INDEX = strawberry.enum_value(
        EditCode.INVALID_INDEX.value, description="There is no such place among the children."
    )
    INVALID_OLX = strawberry.enum_value(
        EditCode.INVALID_OLX.value,
        description="What was sent is not OLX, or its blocks would refuse it; `reason` has the kind of problem.",
    )
    INVALID_PATH = strawberry.enum_value(EditCode.INVALID_PATH.value, description="A path that a file cannot have.")
    INVALID_SETTING = strawberry.enum_value(
        EditCode.INVALID_SETTING.value, description="A setting that cannot have this value, or that is none."
    )
    INVALID_TABS = strawberry.enum_value(
        EditCode.INVALID_TABS.value, description="Tabs that are no tabs, or whose page is missing."
    )
    LEVEL_MISMATCH = strawberry.enum_value(
        EditCode.LEVEL_MISMATCH.value, description="A block that is moved must stay at its level of the hierarchy."
    )
    LOCKED = strawberry.enum_value(EditCode.LOCKED.value, description="Another client has the lock of the run.")
    LOCK_EXPIRED = strawberry.enum_value(
        EditCode.LOCK_EXPIRED.value, description="The lock that the change comes with has ended."
    )
    NO_CHANGES = strawberry.enum_value(
        EditCode.NO_CHANGES.value, description="There is nothing in the list of changes."
    )
    NO_CONTENT = strawberry.enum_value(
        EditCode.NO_CONTENT.value, description="The run has no content yet: a course has to be imported first."
    )
    ORPHANS = strawberry.enum_value(
        EditCode.ORPHANS.value, description="The change would leave blocks without a parent."
    )
    PLACEMENT = strawberry.enum_value(EditCode.PLACEMENT.value, description="A block of this type may not stand there.")
    POLICY_WINS = strawberry.enum_value(
        EditCode.POLICY_WINS.value,
        description="A policy gives a setting another value than the OLX, and wins; only a warning.",
    )
    ROOT_FIXED = strawberry.enum_value(
        EditCode.ROOT_FIXED.value,
        description="The root of a course cannot be moved, deleted, or put into another block.",
    )
    SHARED = strawberry.enum_value(
        EditCode.SHARED.value,
        description="The block stands in several places and changes in all of them; only a warning.",
    )
    TYPE_MISMATCH = strawberry.enum_value(
        EditCode.TYPE_MISMATCH.value, description="A block can only be replaced by one of its type."
    )
    VERSION_CONFLICT = strawberry.enum_value(
        EditCode.VERSION_CONFLICT.value,
        description="The run, or the subtree, is at another version than the one that the change was made for.",
    )
    VERSION_REQUIRED = strawberry.enum_value(
        EditCode.VERSION_REQUIRED.value,
        description="The change does not say which version it is made for, nor is there a lock in its place.",
    )


@strawberry.type(description="A block as people know it.")
class NamedBlock:
    """A block that a problem names."""

    key: str = strawberry.field(description="Type and name, such as `vertical/intro`.")
    display_name: str = strawberry.field(description="What people call it.")
    breadcrumb: list[str] = strawberry.field(description="Display names from the course down to it.")
    descendant_count: int = strawberry.field(description="How many blocks there are below it.")

    @classmethod
    def of(cls, named: Named) -> "NamedBlock":
        """As GraphQL has it."""
        return cls(
            key=str(named.key),
            display_name=named.display_name,
            breadcrumb=list(named.breadcrumb),
            descendant_count=named.descendants,
        )


@strawberry.type(description="One thing that is wrong with a change of content, or worth knowing about it.")
class ContentProblem:
    """A problem or a warning."""

    code: ContentProblemCode = strawberry.field(description="What it is, for programs.")
    message: str = strawberry.field(
        description="What it is, for people; the words of a block's own code are passed on as they are."
    )
    change: int = strawberry.field(description="Which of the changes it is about, from 0.")
    block: str | None = strawberry.field(description="Block that it is about, such as `vertical/intro`.")
    breadcrumb: list[str] = strawberry.field(description="Display names from the course down to the block.")
    file: str | None = strawberry.field(description="File of what was sent, `olx` for a text without a file.")
    line: int | None = strawberry.field(description="Line in the file, from 1.")
    column: int | None = strawberry.field(description="Character in the line, from 1.")
    reason: str | None = strawberry.field(description="Code of the problem of the OLX, such as `SYNTAX`.")
    setting: str | None = strawberry.field(description="Setting that it is about.")
    hint: str | None = strawberry.field(description="What to do about it.")
    current: str | None = strawberry.field(
        description="Version of the run, or hash of the block, that there is in place of the expected one."
    )
    blocks: list[NamedBlock] = strawberry.field(description="Other blocks that it names, such as would-be orphans.")

    @classmethod
    def of(cls, problem: EditProblem) -> "ContentProblem":
        """As GraphQL has it."""
        return cls(
            code=ContentProblemCode(problem.code.value),
            message=problem.message,
            change=problem.change,
            block=None if problem.block is None else str(problem.block),
            breadcrumb=list(problem.breadcrumb),
            file=problem.place.file or None,
            line=problem.place.line or None,
            column=problem.place.column or None,
            reason=problem.reason or None,
            setting=problem.setting or None,
            hint=problem.hint or None,
            current=problem.current or None,
            blocks=[NamedBlock.of(named) for named in problem.blocks],
        )
