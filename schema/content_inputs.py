"""What mutations of content are given: the changes, and what they are made for (spec/content-api.md, "Update")."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeVar

import orjson
import strawberry

from db.tables import DRAFT, PUBLISHED
from edx.olx import Blob, InMemory
from edx.olx.documents import is_too_deep
from resolvers.editing import changes
from resolvers.editing.changes import Change
from resolvers.editing.writing import Expected
from resolvers.refusals import Problem, Reason, Refusal

T = TypeVar("T")
MOST_CHANGES = 1000
BLOCK = "Block: its key within the course, such as `vertical/intro`, its full key, or its name if only it has that."


def _given(description: str) -> Any:
    return strawberry.field(default=None, description=description)


@strawberry.enum(description="What is to become of blocks that a change would leave without a parent.")
class OrphanPolicy(Enum):
    """Policies for orphans."""

    DECLINE = strawberry.enum_value(
        changes.Orphans.DECLINE.value, description="Nothing is changed; the error names them all."
    )
    DELETE = strawberry.enum_value(changes.Orphans.DELETE.value, description="They are deleted; the answer names them.")


@strawberry.enum(description="What is to be done about a new block whose type and name another one has.")
class DuplicatePolicy(Enum):
    """Policies for duplicate names."""

    REJECT = strawberry.enum_value(changes.Duplicates.REJECT.value, description="Nothing is changed.")
    RENAME = strawberry.enum_value(changes.Duplicates.RENAME.value, description="The new one gets a free name.")
    SHARE_IF_EQUAL = strawberry.enum_value(
        changes.Duplicates.SHARE_IF_EQUAL.value,
        description="Where both say the same, the one that is there gets one more parent; else nothing is changed.",
    )


@strawberry.input(description="A file; either its text or its bytes are given.")
class ContentFileInput:
    """A file."""

    path: str = strawberry.field(description="Path, such as `html/intro.html`.")
    text: str | None = _given("What it says, if it is a text.")
    base64: str | None = _given("Its bytes, in base64.")

    def blob(self) -> Blob:
        """Its bytes. Raises Refusal."""
        return _blob(self.path, self.text, self.base64)


@strawberry.input(
    description="OLX: one element, or the files of a folder as an export has them, sent here or uploaded before. "
    "Pointers without a definition keep the blocks that are there under their names."
)
class OlxInput:
    """OLX."""

    text: str | None = _given("One element, such as `<html>…</html>`, with all that is in it.")
    files: list[ContentFileInput] | None = _given("Files of a folder.")
    upload: str | None = _given("Id of an upload, in place of both: an archive, or one element.")
    root: str | None = _given("Block in the files at which the subtree begins, such as `vertical/intro`.")

    def olx(self) -> changes.Olx:
        """As edits take it. Raises Refusal."""
        if self.upload is not None:
            if self.text is not None or self.files:
                raise Refusal([Problem(Reason.INVALID, "with an upload nothing else can be given", ("olx", "upload"))])
            return changes.Olx(root=self.root, upload=self.upload)
        return changes.Olx(self.text, _blobs(self.files, "olx", "files"), self.root)


@strawberry.input(description="Another value of a setting.")
class SettingInput:
    """A setting."""

    name: str = strawberry.field(description="Name, such as `due`.")
    value: str | None = _given("Value as OLX has it, structures as JSON; null: it is not to be set any more.")


@strawberry.input(description="A subtree in place of another.")
class BlockReplacementInput:
    """A replacement."""

    block: str = strawberry.field(description=BLOCK)
    olx: OlxInput = strawberry.field(description="The new subtree; its root must be of the same type.")
    orphans: OrphanPolicy = strawberry.field(description="What is to become of blocks that it leaves out.")
    duplicates: DuplicatePolicy | None = _given("What is to be done about names that others have; REJECT by default.")
    allow_move: bool = strawberry.field(
        default=False, description="Whether pointers may take blocks from elsewhere in the course."
    )

    def change(self) -> Change:
        """As edits take it. Raises Refusal."""
        return changes.ReplaceBlock(
            self.block,
            self.olx.olx(),
            _orphans(self.orphans),
            _duplicates(self.duplicates),
            self.allow_move,
        )


@strawberry.input(description="A new child of a block.")
class BlockAdditionInput:
    """An addition."""

    parent: str = strawberry.field(description=BLOCK)
    olx: OlxInput = strawberry.field(description="The new subtree; without a name it gets one.")
    index: int | None = _given("Place among the children, from 0; the end by default.")
    duplicates: DuplicatePolicy | None = _given("What is to be done about names that others have; REJECT by default.")
    allow_move: bool = strawberry.field(
        default=False, description="Whether pointers may take blocks from elsewhere in the course."
    )

    def change(self) -> Change:
        """As edits take it. Raises Refusal."""
        policy = _duplicates(self.duplicates)
        return changes.AddBlock(self.parent, self.olx.olx(), self.index, policy, self.allow_move)


@strawberry.input(description="Other values of settings of a block; those that are not named stay.")
class BlockSettingsChangeInput:
    """Settings of a block."""

    block: str = strawberry.field(description=BLOCK)
    settings: list[SettingInput] = strawberry.field(description="The settings.")

    def change(self) -> Change:
        """As edits take it. Raises Refusal."""
        return changes.SetBlockSettings(self.block, _settings(self.settings))


@strawberry.input(description="Other values of settings of the course; those that are not named stay.")
class CourseSettingsChangeInput:
    """Settings of the course."""

    settings: list[SettingInput] = strawberry.field(description="The settings.")

    def change(self) -> Change:
        """As edits take it. Raises Refusal."""
        return changes.SetCourseSettings(_settings(self.settings))


@strawberry.input(description="Another place for a block, at the same level of the hierarchy.")
class BlockMoveInput:
    """A move."""

    block: str = strawberry.field(description=BLOCK)
    parent: str = strawberry.field(description="Block that it is to stand in.")
    index: int | None = _given("Place among the other children, from 0; the end by default.")
    source: str | None = _given("Block to take it from, where it stands in several.")

    def change(self) -> Change:
        """As edits take it."""
        return changes.MoveBlock(self.block, self.parent, self.index, self.source)


@strawberry.input(description="A block that is to go, with all below it that stands nowhere else.")
class BlockDeletionInput:
    """A deletion."""

    block: str = strawberry.field(description=BLOCK)
    strict: bool = strawberry.field(default=False, description="Whether references to it stand against that.")

    def change(self) -> Change:
        """As edits take it."""
        return changes.DeleteBlock(self.block, self.strict)


@strawberry.input(description="A file for learners, in place of the one at its path if there is one.")
class AssetInput:
    """An asset."""

    path: str = strawberry.field(description="Path below `static/`.")
    text: str | None = _given("What it says, if it is a text.")
    base64: str | None = _given("Its bytes, in base64.")
    upload: str | None = _given("Id of an upload that has its bytes.")
    content_type: str | None = _given("Media type.")
    is_locked: bool | None = _given("Whether only learners of the course may have it.")

    def change(self) -> Change:
        """As edits take it. Raises Refusal."""
        if self.upload is None:
            blob = _blob(self.path, self.text, self.base64)
            return changes.PutAsset(self.path, blob, self.content_type, self.is_locked)
        if self.text is not None or self.base64 is not None:
            raise _invalid("upload", "with an upload nothing else can be given")
        return changes.PutAsset(self.path, InMemory.of(b""), self.content_type, self.is_locked, self.upload)


@strawberry.input(description="A file for learners that is to go.")
class AssetDeletionInput:
    """An asset less."""

    asset: str = strawberry.field(description="Path below `static/`, or the name that links have.")
    strict: bool = strawberry.field(default=False, description="Whether links to it stand against that.")

    def change(self) -> Change:
        """As edits take it."""
        return changes.DeleteAsset(self.asset, self.strict)


@strawberry.input(description="Another grading policy.")
class GradingPolicyInput:
    """A grading policy."""

    policy: str = strawberry.field(description="JSON in the form of `grading_policy.json`.")

    def change(self) -> Change:
        """As edits take it. Raises Refusal."""
        return changes.SetGradingPolicy(_json(self.policy, dict, "policy"))


@strawberry.input(description="All tabs of a course, in their order.")
class TabsInput:
    """Tabs."""

    tabs: str = strawberry.field(description="JSON in the form of `tabs` in `policy.json`: a list of objects.")
    pages: list[ContentFileInput] | None = _given("Pages of tabs; the path is the `url_slug`.")

    def change(self) -> Change:
        """As edits take it. Raises Refusal."""
        tabs = _json(self.tabs, list, "tabs")
        if not all(isinstance(tab, dict) for tab in tabs):
            raise _invalid("tabs", "a tab is not an object")
        return changes.SetTabs(tabs, _blobs(self.pages, "pages"))


@strawberry.input(description="One change; exactly one of the fields is given.", one_of=True)
class ContentChangeInput:
    """A change."""

    replace_block: BlockReplacementInput | None = strawberry.field(
        default=strawberry.UNSET, description="A subtree in place of another."
    )
    add_block: BlockAdditionInput | None = strawberry.field(default=strawberry.UNSET, description="A new child.")
    update_block_settings: BlockSettingsChangeInput | None = strawberry.field(
        default=strawberry.UNSET, description="Other values of settings of a block."
    )
    update_course_settings: CourseSettingsChangeInput | None = strawberry.field(
        default=strawberry.UNSET, description="Other values of settings of the course."
    )
    move_block: BlockMoveInput | None = strawberry.field(default=strawberry.UNSET, description="Another place.")
    delete_block: BlockDeletionInput | None = strawberry.field(default=strawberry.UNSET, description="A block less.")
    put_asset: AssetInput | None = strawberry.field(default=strawberry.UNSET, description="A file for learners.")
    delete_asset: AssetDeletionInput | None = strawberry.field(
        default=strawberry.UNSET, description="A file for learners less."
    )
    update_grading_policy: GradingPolicyInput | None = strawberry.field(
        default=strawberry.UNSET, description="Another grading policy."
    )
    update_tabs: TabsInput | None = strawberry.field(default=strawberry.UNSET, description="Other tabs.")

    def change(self) -> Change:
        """As edits take it. Raises Refusal."""
        given: Any = next(value for value in vars(self).values() if value)
        change: Change = given.change()
        return change


@strawberry.input(description="What a subtree must be like for a change to be made.")
class ExpectedSubtreeInput:
    """An expectation."""

    block: str = strawberry.field(description=BLOCK)
    hash: str = strawberry.field(description="Its hash, as `ContentBlock.hash` has it.")


@strawberry.enum(description="What of a run's content is meant.")
class ContentBranch(Enum):
    """Branches."""

    PUBLISHED = strawberry.enum_value(PUBLISHED, description="What the run shows.")
    DRAFT = strawberry.enum_value(DRAFT, description="Its draft, which learners do not see until it is published.")


@strawberry.input
class ContentEditInput:
    """What the inputs of all edits share."""

    course_run: str = strawberry.field(description="Course key of the run.")
    expected_version: str | None = _given(
        "Version that the run must be at. Needed, unless a subtree is expected, the run is locked, or `force` is given."
    )
    force: bool = strawberry.field(default=False, description="Whether to change whatever is there.")
    branch: ContentBranch | None = _given("Whether to change what the run shows, as by default, or its draft.")
    lock_token: str | None = _given("Token of the lock of the run, which the change renews.")
    validate_only: bool = strawberry.field(
        default=False, description="Whether to tell all that would be told, the version too, without changing anything."
    )
    message: str = strawberry.field(default="", description="Why, for the history.")

    @property
    def subtrees(self) -> Mapping[str, str]:
        """The hashes that blocks must have, by block."""
        return {}

    @property
    def expected(self) -> Expected:
        """What the change is made for."""
        return Expected(self.expected_version, self.subtrees, self.force, _branch(self.branch))


def _branch(given: Any) -> str:
    return PUBLISHED if given is None else str(given.value)


def _orphans(given: Any) -> changes.Orphans:
    return changes.Orphans(given.value)


def _duplicates(given: Any) -> changes.Duplicates:
    return changes.Duplicates.REJECT if given is None else changes.Duplicates(given.value)


def _blobs(files: Sequence[ContentFileInput] | None, *place: str) -> dict[str, Blob]:
    """Files by path. Raises Refusal that says which of them is malformed."""
    found: dict[str, Blob] = {}
    for number, file in enumerate(files or ()):
        if file.path in found:
            raise Refusal([Problem(Reason.INVALID, f"{file.path!r} comes twice", (*place, str(number), "path"))])
        found[file.path] = _placed(file.blob, *place, str(number))
    return found


def _settings(given: Sequence[SettingInput]) -> dict[str, str | None]:
    """Values by name. Raises Refusal for a setting that is to have two."""
    found: dict[str, str | None] = {}
    for number, each in enumerate(given):
        if each.name in found:
            place = ("settings", str(number), "name")
            raise Refusal([Problem(Reason.INVALID, f"{each.name!r} comes twice", place)])
        found[each.name] = each.value
    return found


def made(given: Sequence[ContentChangeInput]) -> list[Change]:
    """The changes of a list. Raises Refusal that says which of them is malformed."""
    if len(given) > MOST_CHANGES:
        raise Refusal([Problem(Reason.INVALID, f"at most {MOST_CHANGES} changes can be made at once", ("changes",))])
    return [_placed(each.change, "changes", str(number)) for number, each in enumerate(given)]


def _placed(make: Callable[[], T], *place: str) -> T:
    try:
        return make()
    except Refusal as refusal:
        raise Refusal(Problem(each.code, each.message, (*place, *each.place)) for each in refusal.problems) from refusal


def _invalid(place: str, message: str) -> Refusal:
    return Refusal([Problem(Reason.INVALID, message, (place,))])


def _blob(path: str, text: str | None, encoded: str | None) -> Blob:
    if (text is None) == (encoded is None):
        raise _invalid("text", f"either the text or the bytes of {path!r} are to be given")
    if text is not None:
        return InMemory.of(text.encode("utf-8", "surrogatepass"))
    try:
        return InMemory.of(base64.b64decode(encoded or "", validate=True))
    except binascii.Error as error:
        raise _invalid("base64", f"the bytes of {path!r} are not in base64: {error}") from error


def _json(text: str, shape: type, place: str) -> Any:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _invalid(place, f"not JSON: {error.msg} in line {error.lineno}") from error
    if not isinstance(found, shape):
        raise _invalid(place, f"not {'a list' if shape is list else 'an object'}")
    if is_too_deep(found):
        raise _invalid(place, "nested too deep")
    return found
