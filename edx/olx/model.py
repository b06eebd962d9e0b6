"""A course as a tree of immutable blocks, with the bytes of every file that it came from.

Edit it with `dataclasses.replace` along the path from the root: subtrees are shared, and the kept bytes of a file are
used for as long as the block says what they say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edx.olx.blobs import Blob, File
from edx.olx.kinds import WITH_POLICY
from edx.olx.markup import Attributes
from edx.olx.problems import Key, Place


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of the file that a block was defined in, and `meaning`, a digest of what they say in canonical form."""

    blob: Blob
    meaning: str


@dataclass(frozen=True, slots=True)
class Block:
    """A block. `settings` are its own attributes as written, texts all of them, without its name.

    What it is to Open edX are `type`, `settings`, `children`, `markup` and `body`, and its name where it stands; all
    else is about the files that it came from, and a hash of its content may leave it out.
    `markup` is what stands between its tags besides blocks: a problem's questions, a video's sources, a course's wiki;
    `body` the page of an html block. `pointer` is None for a block that is defined within its parent's file, else the
    attributes besides `url_name` of the tag that points to it: none, or in files of 2012 `filename` and settings that
    win over the block's own. `source` is the file it was read from, None for a block that has no file, or not yet.
    """

    type: str
    url_name: str
    settings: Attributes = ()
    children: tuple["Block", ...] = ()
    markup: bytes = field(default=b"", repr=False)
    body: File | None = None
    pointer: Attributes | None = ()
    source: Source | None = None
    name_is_synthetic: bool = False
    """Whether the name stands nowhere and was made up on reading."""
    is_missing: bool = False
    """Whether there is only a pointer to it, and no definition; see `Options.allow_missing`."""
    place: Place = field(default=Place(""), compare=False, repr=False)
    """Where its definition begins, for messages."""

    @property
    def key(self) -> Key:
        """Its identity within the course."""
        return Key(self.type, self.url_name)

    @property
    def is_inline(self) -> bool:
        """Whether it is defined within its parent's file."""
        return self.pointer is None

    @property
    def display_name(self) -> str:
        """What people call it; its name if nobody does."""
        return self.get("display_name") or self.url_name

    def get(self, name: str) -> str | None:
        """The value of a setting as written, None if it is not set here."""
        found = dict(self.settings)
        found.update(self.pointer or ())
        return found.get(name)

    def walk(self) -> Iterator["Block"]:
        """The block and all below it, in the order of the course; a block with several parents comes once."""
        seen: set[Key] = set()
        left = [self]
        while left:
            block = left.pop()
            if block.key not in seen:
                seen.add(block.key)
                yield block
                left.extend(reversed(block.children))


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON file and what it says. The value is shared: do not change it."""

    path: str
    blob: Blob
    value: Any = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file for learners below `static/`. Content refers to it by `key`, people know it as `name`.

    `entry` is what `policies/assets.json` says about it, None if it says nothing: so it is with transcripts.
    """

    key: str
    name: str
    file: File
    entry: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def is_locked(self) -> bool:
        """Whether only learners of the course may have it."""
        return bool(self.entry and self.entry.get("locked"))


@dataclass(frozen=True, slots=True)
class Draft:
    """A unit or component that is not published, or differs from what is."""

    block: Block

    @property
    def parent(self) -> str:
        """The full key of the block that it belongs under, as written."""
        return self.block.get("parent_url") or self.block.get("parent_sequential_url") or ""

    @property
    def index(self) -> int:
        """Its place among the children of that block, from 0."""
        text = self.block.get("index_in_children_list") or ""
        return int(text) if text.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class Course:
    """A course or a library.

    `kind` is `course` or `library`; `org`, `course` and `run` are the parts of its key, of a library `course` is its
    code. They stand outside the tree, so that equal content is equal whatever its run.

    Paths are relative to the folder of its root; `folder` is that folder in the archive, with a final `/`, or nothing.
    """

    kind: str
    org: str
    course: str
    folder: str
    root: Block
    entry: Source | None = None
    """`course.xml` where it only points to the root; else the root itself is read from there."""
    policy: Document | None = None
    grading: Document | None = None
    assets_policy: Document | None = None
    assets: tuple[Asset, ...] = ()
    about: tuple[File, ...] = ()
    info: tuple[File, ...] = ()
    tabs: tuple[File, ...] = ()
    drafts: tuple[Draft, ...] = ()
    extras: tuple[File, ...] = ()
    """All other files, verbatim, such as definitions that no block leads to."""
    outside: tuple[File, ...] = ()
    """Files beside `folder`, their paths as in the archive."""

    @property
    def run(self) -> str:
        """The last part of the key: the name of the root."""
        return self.root.url_name

    def settings_of(self, block: Block) -> dict[str, Any]:
        """What is set for a block: its attributes, which are texts, and over them its policy, in the types of JSON.

        As Open edX reads them: videos and the blocks of other packages know no policy.
        """
        settings: dict[str, Any] = dict(block.settings) | dict(block.pointer or ())
        if block.type in WITH_POLICY:
            settings.update(self.policy_of(block.key))
        return settings

    def pages(self, folder: str) -> dict[str, File]:
        """The files of `about`, `info` or `tabs` by their names; a folder named like the run wins over the others."""
        groups = {"about": self.about, "info": self.info, "tabs": self.tabs}
        named = {file.path.removeprefix(f"{folder}/"): file for file in groups[folder]}
        mine = {
            name.removeprefix(f"{self.run}/"): file for name, file in named.items() if name.startswith(f"{self.run}/")
        }
        return named | mine

    def policy_of(self, key: Key) -> Mapping[str, Any]:
        """What the policy sets for a block, in the types of JSON."""
        found = self.policy.value.get(str(key)) if self.policy else None
        return found if isinstance(found, dict) else {}
