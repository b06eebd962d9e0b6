"""The changes that can be made to content (spec/content-api.md, "Update" and "Delete"), one class each.

Blocks are meant by `type/url_name`, by their full key, or by `url_name` alone where only one block has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from edx.olx import Blob


class Orphans(StrEnum):
    """What is to become of blocks that a change would leave without a parent."""

    DECLINE = "decline"
    """The change is not made; the error names them all."""
    DELETE = "delete"


class Duplicates(StrEnum):
    """What is to be done about a new block whose type and name another one has already."""

    REJECT = "reject"
    RENAME = "rename"
    """The new one gets a free name."""
    SHARE_IF_EQUAL = "share_if_equal"
    """Where both say the same the one that is there gets one more parent, else the change is not made."""


@dataclass(frozen=True, slots=True)
class Olx:
    """OLX that is sent: `text` is one element, or `files` are those of a folder, by path.

    `root` is the block in `files` at which the subtree begins, as `type/url_name`; without it the one that the manifest
    of an export names, or the block that is replaced.
    """

    text: str | None = None
    files: Mapping[str, Blob] = field(default_factory=dict)
    root: str | None = None
    upload: str | None = None
    """The id of an upload that has one or the other, read before changes are made."""


@dataclass(frozen=True, slots=True)
class ReplaceBlock:
    """A subtree in place of another. Pointers without a definition keep what is there under their name."""

    block: str
    olx: Olx
    orphans: Orphans
    duplicates: Duplicates = Duplicates.REJECT
    allow_move: bool = False


@dataclass(frozen=True, slots=True)
class AddBlock:
    """A new child, at an index from 0 or at the end."""

    parent: str
    olx: Olx
    index: int | None = None
    duplicates: Duplicates = Duplicates.REJECT
    allow_move: bool = False


@dataclass(frozen=True, slots=True)
class SetBlockSettings:
    """Other values of settings, None for those that are not to be set any more. Others stay as they are."""

    block: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SetCourseSettings:
    """The same for the course itself."""

    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MoveBlock:
    """Another place, at the same level. `index` counts the children of the new parent without the block.

    `source` is the parent to take it from, where it has several.
    """

    block: str
    parent: str
    index: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteBlock:
    """A block is taken out of the course, with all below it that stands nowhere else.

    With `strict` that is refused where something refers to them.
    """

    block: str
    strict: bool = False


@dataclass(frozen=True, slots=True)
class PutAsset:
    """A file for learners, its path relative to `static/`. None leaves what is known of it as it is."""

    path: str
    blob: Blob
    content_type: str | None = None
    locked: bool | None = None
    upload: str | None = None
    """The id of an upload that has the bytes, read before changes are made."""


@dataclass(frozen=True, slots=True)
class DeleteAsset:
    """An asset, by its path or by its name in links."""

    name: str
    strict: bool = False


@dataclass(frozen=True, slots=True)
class SetGradingPolicy:
    """Assignment types and cut-offs, in the form of `grading_policy.json`."""

    policy: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SetTabs:
    """All tabs in their order, in the form of `policy.json`, and pages of theirs, by `url_slug`."""

    tabs: Sequence[Mapping[str, Any]]
    pages: Mapping[str, Blob] = field(default_factory=dict)


Change: TypeAlias = (
    ReplaceBlock
    | AddBlock
    | SetBlockSettings
    | SetCourseSettings
    | MoveBlock
    | DeleteBlock
    | PutAsset
    | DeleteAsset
    | SetGradingPolicy
    | SetTabs
)
