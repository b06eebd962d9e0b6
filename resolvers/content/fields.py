"""Batch sources of content: what the fields of a run, a version and a block are answered by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from mimetypes import guess_type
from typing import Any

from db.tables import now
from edx.olx import Asset, Assets, Key
from edx.olx.assets import is_media_type
from resolvers.content.audiences import audience, outlined, seen_by
from resolvers.content.diff import BlockChange, FileChange, blocks_changed, files_changed
from resolvers.content.exports import AmbiguousBlock, NoSuchBlock, find_block
from resolvers.content.links import Kind, Link
from resolvers.content.readers import contents, for_staff, of_record
from resolvers.content.reading import BlockRecord, ContentRecord, Record, in_thread
from resolvers.content.references import References
from resolvers.content.search import Match, search
from resolvers.content.signing import File, Signer
from resolvers.errors import BadUserInput
from resolvers.plan.sources import Batch
from resolvers.usage.reads import counted

MOST_FOUND = 100
MOST_LISTED = 1000
USUAL_LEVEL = 3
"""How deep an outline goes by default: to units."""


async def load_block(batch: Batch) -> dict[ContentRecord, Any]:
    """The block of each version that a key means: a batch source."""
    found: dict[ContentRecord, Any] = {}
    for record in batch.keys:
        try:
            found[record] = record.block(_found(record, batch.arguments["key"]))
        except NoSuchBlock as error:
            found[record] = BadUserInput(str(error)) if isinstance(error, AmbiguousBlock) else None
    return found


def _found(record: ContentRecord, text: str) -> Key:
    """The key of the block that a text means: `type/url_name`, a name, or the key that Open edX has for it."""
    return find_block(record.loaded.course, text, str(record.run)).key


@counted("outline", of_record)
async def load_outline(batch: Batch) -> Mapping[ContentRecord, Any]:
    """The blocks of each version in the order of the course, or those that somebody would see: a batch source."""
    if "visibleTo" in batch.arguments:
        return await _load_outline_for(batch)
    return _outlines(batch)


@for_staff
async def _load_outline_for(batch: Batch) -> Mapping[ContentRecord, Any]:
    whom = audience(batch.arguments["visibleTo"])
    return {record: outlined(blocks, seen_by(record, whom)) for record, blocks in _outlines(batch).items()}


def _outlines(batch: Batch) -> dict[ContentRecord, list[BlockRecord]]:
    types = batch.arguments.get("types")
    deepest = batch.arguments.get("depth", USUAL_LEVEL)
    wanted = None if types is None else frozenset(types)
    return {record: list(record.outline(deepest, wanted)) for record in batch.keys}


@counted("olx", of_record)
async def load_olx(batch: Batch) -> Mapping[BlockRecord, Any]:
    """The OLX of blocks: a batch source."""
    return await in_thread(batch.keys, BlockRecord.olx)


@counted("text", of_record)
async def load_text(batch: Batch) -> Mapping[BlockRecord, Any]:
    """The texts of blocks: a batch source."""
    return await in_thread(batch.keys, BlockRecord.text)


@dataclass(eq=False)
class AssetRecord(Record):
    """A file for learners."""

    content: ContentRecord
    asset: Asset

    @property
    def key(self) -> str:
        """What content calls it."""
        return self.asset.key

    @property
    def name(self) -> str:
        """What people call it."""
        return self.asset.name

    @property
    def path(self) -> str:
        """Where it stands among the files."""
        return self.asset.file.path

    @property
    def size(self) -> int:
        """Bytes."""
        return self.asset.file.blob.size

    @property
    def digest(self) -> str:
        """SHA-256."""
        return self.asset.file.blob.digest

    @property
    def content_type(self) -> str:
        """The media type."""
        return content_type_of(self.asset)

    @property
    def is_locked(self) -> bool:
        """Whether only learners may have it."""
        return self.asset.is_locked


def content_type_of(asset: Asset) -> str:
    """What the list of assets says of a file, else what its name does."""
    listed = (asset.entry or {}).get("contentType")
    if isinstance(listed, str) and is_media_type(listed):
        return listed
    return guess_type(asset.name)[0] or "application/octet-stream"


async def load_assets(batch: Batch) -> dict[ContentRecord, Any]:
    """The assets of each version by path, so many after a path: a batch source."""
    most, after = _count(batch, MOST_LISTED), batch.arguments.get("after", "")
    if isinstance(most, BadUserInput):
        return dict.fromkeys(batch.keys, most)
    return {
        record: [
            AssetRecord(record, asset)
            for asset in sorted(record.loaded.course.assets, key=lambda asset: asset.file.path)
            if asset.file.path > after
        ][:most]
        for record in batch.keys
    }


async def load_urls(batch: Batch) -> dict[AssetRecord, str]:
    """Where each asset can be downloaded for some time: a batch source."""
    signer: Signer = batch.context.courses.signer
    moment = now()
    return {record: signer.url(File(record.digest, record.name, record.content_type), moment) for record in batch.keys}


async def load_asset(batch: Batch) -> dict[ContentRecord, AssetRecord | None]:
    """The asset of each version that a link means: a batch source."""
    found = {}
    for record in batch.keys:
        asset = Assets(record.loaded.course.assets).find(batch.arguments["name"].removeprefix("/static/"))
        found[record] = AssetRecord(record, asset) if asset else None
    return found


@dataclass(frozen=True)
class MatchRecord:
    """A block that a search found."""

    block: BlockRecord
    where: Any
    excerpt: str
    setting: str | None


@counted("search", of_record)
async def load_search(batch: Batch) -> Mapping[ContentRecord, Any]:
    """The blocks of each version that have a text: a batch source."""
    text, most = batch.arguments["text"], _count(batch, MOST_FOUND)
    if isinstance(most, BadUserInput):
        return dict.fromkeys(batch.keys, most)
    if not text.strip():
        return dict.fromkeys(batch.keys, BadUserInput("there is nothing to look for"))

    def find(record: ContentRecord) -> list[MatchRecord]:
        return [_match(record, match) for match in search(record.loaded.course, text, most)]

    return await in_thread(batch.keys, find)


def _match(record: ContentRecord, match: Match) -> MatchRecord:
    return MatchRecord(record.block(match.block.key), match.where, match.excerpt, match.setting)


def _count(batch: Batch, most: int) -> Any:
    """How many are asked for; the error where that is too many or none."""
    first = batch.arguments.get("first", MOST_FOUND)
    return first if 1 <= first <= most else BadUserInput(f"first must be from 1 to {most}, and is {first}")


@dataclass(frozen=True)
class BrokenLink:
    """A link to nothing: where it stands, and what it means to lead to."""

    place: str
    block: BlockRecord | None
    kind: Kind
    target: str


@dataclass(eq=False)
class ReferencesRecord(Record):
    """The links of a version."""

    content: ContentRecord
    references: References

    @property
    def broken(self) -> tuple[BrokenLink, ...]:
        """Links to nothing."""
        return tuple(self._broken(place, link) for place, link in self.references.broken)

    def _broken(self, place: str, link: Link) -> BrokenLink:
        kind, _, name = place.partition("/")
        block = Key(kind, name) if Key(kind, name) in self.content.content.blocks else None
        target = f"{link.type}/{link.name}" if link.type else link.name
        return BrokenLink(place, self.content.block(block) if block else None, link.kind, target)

    @property
    def unused(self) -> tuple[AssetRecord, ...]:
        """Assets that nothing refers to."""
        wanted = set(self.references.unused)
        assets = self.content.loaded.course.assets
        return tuple(AssetRecord(self.content, asset) for asset in assets if asset.file.path in wanted)


async def _references(records: Sequence[ContentRecord]) -> Mapping[ContentRecord, Any]:
    """The links of versions, which are looked for once."""
    return await in_thread(records, lambda record: record.content.references)


@counted("references", of_record)
@for_staff
async def load_references(batch: Batch) -> dict[ContentRecord, Any]:
    """The links of each version: a batch source."""
    return {
        record: found if isinstance(found, Exception) else ReferencesRecord(record, found)
        for record, found in (await _references(batch.keys)).items()
    }


@for_staff
async def load_users(batch: Batch) -> dict[Any, Any]:
    """Where each block or asset is referred to: a batch source."""
    found = await _references(list({record.content for record in batch.keys}))
    return {record: _users(record, found[record.content]) for record in batch.keys}


def _users(record: Any, references: Any) -> Any:
    if isinstance(references, Exception):
        return references
    if isinstance(record, AssetRecord):
        return list(references.assets.get(record.path, ()))
    return list(references.blocks.get(record.block.key, ()))


@dataclass(eq=False)
class BlockChangeRecord(Record):
    """A block that differs."""

    told: BlockChange
    before: BlockRecord | None
    after: BlockRecord | None

    @property
    def change(self) -> Any:
        """What became of it."""
        return self.told.change

    @property
    def key(self) -> str:
        """Type and name."""
        return str(self.told.block.key)

    @property
    def display_name(self) -> str:
        """What people call it."""
        record = self.after or self.before
        return record.display_name if record else self.key

    @property
    def parents(self) -> tuple[str | None, str | None]:
        """The keys of the blocks that it stood and stands in."""
        before, after = self.told.parents
        return (str(before) if before else None), (str(after) if after else None)

    @property
    def old_parent(self) -> str | None:
        """The block that it stood in."""
        return self.parents[0]

    @property
    def new_parent(self) -> str | None:
        """The block that it stands in."""
        return self.parents[1]

    @property
    def settings(self) -> Any:
        """Settings that differ."""
        return self.told.settings

    @property
    def is_text_changed(self) -> bool:
        """Whether its text differs."""
        return self.told.is_text_changed


@dataclass(frozen=True)
class DiffRecord:
    """What differs between two versions."""

    old: str
    new: str
    blocks: tuple[BlockChangeRecord, ...]
    files: tuple[FileChange, ...]


@counted("diff", of_record)
@for_staff
async def load_diff(batch: Batch) -> dict[ContentRecord, Any]:
    """What differs in each version from an older one of the same run: a batch source."""
    wanted = Batch(
        [str(record.run) for record in batch.keys], {"version": batch.arguments["fromVersion"]}, batch.context
    )
    older = await contents(wanted)
    found: dict[ContentRecord, Any] = {}
    for record in batch.keys:
        old = older.get(str(record.run))
        found[record] = difference(old, record) if isinstance(old, ContentRecord) else old
    return found


def difference(old: ContentRecord, new: ContentRecord) -> DiffRecord:
    """What differs between two versions of a run's content."""
    changes = tuple(
        BlockChangeRecord(
            change,
            old.block(change.block.key) if change.block.key in old.content.blocks else None,
            new.block(change.block.key) if change.block.key in new.content.blocks else None,
        )
        for change in blocks_changed(old.content, new.content)
    )
    return DiffRecord(old.version, new.version, changes, tuple(files_changed(old.loaded.course, new.loaded.course)))


async def load_difference(batch: Batch) -> Mapping[BlockChangeRecord, Any]:
    """The lines of blocks' texts that differ: a batch source."""
    return await in_thread(batch.keys, lambda record: record.told.text())
