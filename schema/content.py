"""The content of course runs: versions, blocks, assets, and what differs (spec/content-api.md, "Read")."""

from datetime import datetime
from enum import Enum

import strawberry

from db import tables
from resolvers.access import visible_versions
from resolvers.content import diff, drafts, fields, links, merging, reading, search, updates
from resolvers.content.audiences import load_state, load_visibility
from resolvers.content.pins import load_pins
from resolvers.editing.following import load_lock
from resolvers.instances.fields import load_instances
from resolvers.plan.declare import asked, attribute, batched, column, computed, noun
from schema.content_audience import AudienceInput, BlockAccess, BlockState, CourseRole, PartitionGroupsInput
from schema.content_locks import ContentLock
from schema.instance import InstanceContent


@strawberry.enum(description="What sets a setting of a block.")
class BlockSettingSource(Enum):
    """Sources of settings."""

    OWN = strawberry.enum_value(reading.SettingSource.OWN.value, description="The block's own OLX.")
    POLICY = strawberry.enum_value(
        reading.SettingSource.POLICY.value, description="The policy of the course, which wins over the OLX."
    )
    INHERITED = strawberry.enum_value(
        reading.SettingSource.INHERITED.value, description="A block above, which hands it down."
    )


@strawberry.enum(description="What became of a block or a file between two versions.")
class ContentChangeKind(Enum):
    """Kinds of changes."""

    ADDED = strawberry.enum_value(diff.Change.ADDED.value, description="It was not there before.")
    REMOVED = strawberry.enum_value(diff.Change.REMOVED.value, description="It is not there any more.")
    MOVED = strawberry.enum_value(
        diff.Change.MOVED.value, description="It stands in another block or order; it may have changed, too."
    )
    CHANGED = strawberry.enum_value(diff.Change.CHANGED.value, description="Its settings or its text are others.")


@strawberry.enum(description="What of a block holds the text that was looked for.")
class ContentMatchPlace(Enum):
    """Places of matches."""

    NAME = strawberry.enum_value(search.Where.NAME.value, description="The display name, or the name in the key.")
    SETTING = strawberry.enum_value(search.Where.SETTING.value, description="A setting.")
    TEXT = strawberry.enum_value(search.Where.TEXT.value, description="The page or the markup.")


@strawberry.enum(description="What a link leads to.")
class ContentLinkKind(Enum):
    """Kinds of links."""

    ASSET = strawberry.enum_value(links.Kind.ASSET.value, description="A file for learners.")
    BLOCK = strawberry.enum_value(links.Kind.BLOCK.value, description="Another block.")


@strawberry.type(description="How many blocks of a type there are.")
class BlockTypeCount:
    """A count."""

    type: str = attribute("type", "Type, such as `problem`.")
    count: int = attribute("count", "How many.")


@strawberry.type(description="A setting of a block.")
class BlockSetting:
    """A setting."""

    name: str = attribute("name", "Name, such as `due`.")
    value: str = attribute(
        "value", "Value as text: as OLX has it, or as JSON where a policy sets it. Passwords are not shown."
    )
    source: BlockSettingSource = attribute("source", "What sets it.")
    set_by: "ContentBlock" = attribute("set_by", "Block that sets it: this one, or the nearest above that does.")
    is_secret: bool = attribute("is_secret", "Whether it is a password, whose value is not shown.")


@strawberry.type(description="Whether somebody sees a block at a time, and what decides it.")
class BlockVisibility:
    """Visibility."""

    access: BlockAccess = attribute("access", "Whether they may have it, or what keeps them from it.")
    is_listed: bool = attribute("is_listed", "Whether they see in the outline that it is there.")
    opens_at: datetime | None = attribute(
        "opens_at", "When it opens to them, the latest of its own start and those of all above it; null: never."
    )
    start_from: "ContentBlock | None" = attribute("start_from", "Block whose start that is.")
    due: datetime | None = attribute("due", "When it is due.")
    due_from: "ContentBlock | None" = attribute("due_from", "Block whose due date that is.")
    closes_at: datetime | None = attribute("closes_at", "When it closes to learners again; null: never.")
    staff_only_from: "ContentBlock | None" = attribute(
        "staff_only_from", "Block that is for staff alone, with all below it; null where none is."
    )


@strawberry.type(description="A block of a course: the course itself, a section, a unit, a problem.")
class ContentBlock:
    """A block."""

    key: str = attribute("key", "Its identity within the course: type and name, such as `vertical/intro`.")
    usage_key: str = attribute("usage_key", "The key that Open edX has for it in this run, `block-v1:…`.")
    type: str = attribute("type", "Type, such as `vertical`.")
    url_name: str = attribute("url_name", "Name among the blocks of its type.")
    display_name: str = attribute("display_name", "What people call it; its name if nobody does.")
    hash: str = attribute("hash", "Hash of the block and all below it; where two are equal, so are the blocks.")
    level: int = attribute("level", "How deep it is; the course is 0.")
    is_inline: bool = attribute("is_inline", "Whether it is defined within its parent's file.")
    children: list["ContentBlock"] = attribute("children", "Blocks right below, in order.")
    parent: "ContentBlock | None" = attribute("parent", "Block that it stands in, the first of several.")
    ancestors: list["ContentBlock"] = attribute("ancestors", "Blocks from the course down to its parent.")
    settings: list[BlockSetting] = attribute("settings", "What is set for this block, by name.")
    effective_settings: list[BlockSetting] = attribute(
        "effective_settings", "What holds for it: its own settings and those that blocks above hand down, by name."
    )
    olx: str = asked(fields.load_olx, "Its definition in OLX, as it stands in its file. Passwords are not shown.")
    text: str = asked(fields.load_text, "The page of an HTML block, else what stands between the tags of its OLX.")
    used_by: list[str] = asked(
        fields.load_users, "Where it is referred to: keys of blocks, and paths of pages of the course."
    )
    visible_to: BlockVisibility = asked(
        load_visibility,
        "Whether somebody sees it at a time; by default learners in no group, now. For who sees all of the content.",
        {
            "role": (CourseRole | None, "What they are to the course."),
            "groups": (list[PartitionGroupsInput] | None, "Groups that they are in."),
            "at": (datetime | None, "When."),
        },
    )
    state: BlockState | None = asked(
        load_state,
        "How it stands, with all below it; null below units. For who sees all of the content.",
        {"at": (datetime | None, "When; now by default.")},
    )


@strawberry.type(description="A file for learners.")
class ContentAsset:
    """An asset."""

    key: str = attribute("key", "What content calls it: links are `/static/` and this.")
    name: str = attribute("name", "What people call it, and what the file is called.")
    path: str = attribute("path", "Path among the files of the course.")
    size: float = attribute("size", "Bytes.")
    digest: str = attribute("digest", "SHA-256 of its bytes.")
    content_type: str = attribute("content_type", "Media type.")
    is_locked: bool = attribute("is_locked", "Whether only learners of the course may have it.")
    url: str = asked(
        fields.load_urls,
        "Path and query of an address on this server where the file can be had without signing in, whole or in ranges, "
        "for an hour at least.",
    )
    used_by: list[str] = asked(
        fields.load_users, "Where it is referred to: keys of blocks, and paths of pages and style sheets."
    )


@strawberry.type(description="A setting as blocks of a type have it.")
class BlockSettingUse:
    """A setting that was seen."""

    name: str = attribute("name", "Name.")
    count: int = attribute("count", "How many blocks of the type have it.")
    examples: list[str] = attribute("examples", "Its most frequent values, three at most.")


@strawberry.type(description="What a course shows of a type of blocks, so that further ones can be written like it.")
class BlockTypeUse:
    """A type of blocks as it is used."""

    type: str = attribute("type", "Type, such as `problem`.")
    count: int = attribute("count", "How many there are.")
    settings: list[BlockSettingUse] = attribute("settings", "Settings that any of them has, by name.")
    parents: list[str] = attribute("parents", "Types of the blocks that they stand in.")
    children: list[str] = attribute("children", "Types of the blocks that stand in them.")
    example: ContentBlock = attribute("example", "One of them: that with most settings.")


@strawberry.type(description="A block that a search found.")
class ContentMatch:
    """A match."""

    block: ContentBlock = attribute("block", "The block.")
    where: ContentMatchPlace = attribute("where", "What of it holds the text.")
    setting: str | None = attribute("setting", "Name of the setting that does.")
    excerpt: str = attribute("excerpt", "The text with some of what stands around it.")


@strawberry.type(description="A link to nothing.")
class BrokenLink:
    """A broken link."""

    place: str = attribute("place", "Where it stands: the key of a block, or the path of a page.")
    block: ContentBlock | None = attribute("block", "The block that it stands in; null where that is a page.")
    kind: ContentLinkKind = attribute("kind", "What it is meant to lead to.")
    target: str = attribute("target", "Name of what is not there.")


@strawberry.type(description="The links in a version.")
class ContentReferences:
    """References."""

    broken: list[BrokenLink] = attribute("broken", "Links to nothing.")
    unused_assets: list[ContentAsset] = attribute("unused", "Assets that nothing refers to.")


@strawberry.type(description="A setting that differs between two versions.")
class BlockSettingChange:
    """A change of a setting."""

    name: str = attribute("name", "Name.")
    before: str | None = attribute("before", "Value before; null where it was not set.")
    after: str | None = attribute("after", "Value after; null where it is not set.")


@strawberry.type(description="A block that differs between two versions.")
class BlockChange:
    """A change of a block."""

    change: ContentChangeKind = attribute("change", "What became of it.")
    key: str = attribute("key", "Type and name.")
    display_name: str = attribute("display_name", "What people call it.")
    before: ContentBlock | None = attribute("before", "The block before; null where it was not there.")
    after: ContentBlock | None = attribute("after", "The block after; null where it is not there.")
    old_parent: str | None = attribute("old_parent", "Key of the block that it stood in.")
    new_parent: str | None = attribute("new_parent", "Key of the block that it stands in.")
    settings: list[BlockSettingChange] = attribute("settings", "Settings that differ, by name.")
    is_text_changed: bool = attribute("is_text_changed", "Whether its page or markup differs.")
    text_diff: str = asked(
        fields.load_difference, "Lines of its page or markup that differ, in the form of `diff -u`; may be empty."
    )


@strawberry.type(description="A file besides those of blocks that differs between two versions.")
class FileChange:
    """A change of a file."""

    change: ContentChangeKind = attribute("change", "What became of it.")
    path: str = attribute("path", "Path among the files of the course.")


@strawberry.type(description="What differs between two versions.")
class ContentDiff:
    """A diff."""

    old_version: str = attribute("old", "The version before.")
    new_version: str = attribute("new", "The version after.")
    blocks: list[BlockChange] = attribute(
        "blocks", "Blocks that differ: in the order of the course, the removed ones last. A change of blanks is none."
    )
    files: list[FileChange] = attribute("files", "Other files that differ: assets, policies, pages, by path.")


@strawberry.type(description="A setting that updates of a run from its source leave as it is.")
class ProtectedSetting:
    """A protected setting."""

    name: str = attribute("name", "Name, such as `due`.")
    type: str | None = attribute("only_type", "Only of blocks of this type; null where it is not about a type.")
    block: str | None = attribute("only_block", "Only of this block; null where it is not about one block.")


@strawberry.type(description="What is being written of a run's content, and not shown to learners yet.")
class ContentDraft:
    """A draft."""

    version: str = attribute("version", "Hash of all of it.")
    base_version: str = attribute("base_version", "What the run showed when the draft was begun.")
    username: str = attribute("username", "Who changed it last, by LMS username.")
    changed_at: datetime = attribute("at", "When.")
    content: "CourseContent" = attribute("content", "All of it.")
    changes: ContentDiff = asked(drafts.load_draft_changes, "What it has changed of the version that it is asked of.")


@strawberry.type(description="What a run has taken from its source last, an archive or another run.")
class ContentUpstream:
    """The source of a run."""

    version: str = attribute("version", "What the source had then.")
    taken_at: datetime = attribute("at", "When it was taken.")
    username: str = attribute("username", "Who took it, by LMS username.")
    from_run: str | None = attribute("from_run", "Course key of the run that it came from; null for an archive.")
    latest_version: str | None = attribute("latest", "What that run has now; null for an archive.")
    is_behind: bool | None = attribute("is_behind", "Whether that run has something else by now; null for an archive.")
    local_changes: ContentDiff = asked(merging.load_local_changes, "What was changed in the run since then.")
    source_changes: ContentDiff | None = asked(
        merging.load_source_changes, "What that run has changed since then; null for an archive."
    )


@strawberry.type(description="A version of the content of a course run.")
class CourseContent:
    """A version."""

    version: str = attribute(
        "version", "Hash of all of the content, 64 hexadecimal digits; equal content has the same one in every run."
    )
    number: int = attribute("number", "Its place in the history of the run, from 1.")
    block_count: int = attribute("block_count", "How many blocks there are, the course included.")
    file_count: int = attribute("file_count", "How many files its archive has.")
    size: float = attribute("bytes", "Bytes of these files.")
    counts: list[BlockTypeCount] = attribute("counts", "How many blocks there are of each type, by type.")
    root: ContentBlock = attribute("root", "The course itself.")
    outline: list[ContentBlock] = asked(
        fields.load_outline,
        "Blocks in the order of the course, down to units by default; one with several parents comes once.",
        {
            "depth": (int | None, "How deep: 0 is the course, 1 its sections, 3 units, 4 what is in them."),
            "types": (list[str] | None, "Only blocks of these types."),
            "visible_to": (AudienceInput | None, "Only blocks that somebody would see in it at a time."),
        },
    )
    block: ContentBlock | None = asked(
        fields.load_block,
        "A block; null where there is none.",
        {"key": (str, "Type and name, such as `vertical/intro`, a name that only one block has, or its usage key.")},
    )
    assets: list[ContentAsset] = asked(
        fields.load_assets,
        "Files for learners, by path.",
        {
            "first": (int | None, "How many: 100 by default, 1,000 at most."),
            "after": (str | None, "Path after which the list starts."),
        },
    )
    asset: ContentAsset | None = asked(
        fields.load_asset,
        "The file that a link means; null where there is none.",
        {"name": (str, "What follows `/static/` in a link: key, name or path.")},
    )
    references: ContentReferences = asked(fields.load_references, "Links to nothing, and assets without links.")
    search: list[ContentMatch] = asked(
        fields.load_search,
        "Blocks that have a text in their names, settings or pages, in the order of the course. Case does not matter.",
        {
            "text": (str, "What to look for."),
            "first": (int | None, "How many: 100 by default and at most."),
        },
    )
    block_types: list[BlockTypeUse] = attribute("types", "Types of blocks with what the course shows of them.")
    lock: ContentLock | None = asked(
        load_lock,
        "The lock under which one client alone may change the content of the run; null while it is free.",
    )
    instances: list[InstanceContent] = asked(
        load_instances, "The run on each instance of Open edX that content can be pushed to."
    )
    diff: ContentDiff | None = asked(
        fields.load_diff, "What differs from an older version.", {"from_version": (str, "A version that the run had.")}
    )
    draft: ContentDraft | None = asked(drafts.load_draft, "The draft of the run; null where there is none.")
    upstream: ContentUpstream | None = asked(
        merging.load_upstream, "What the run has taken from its source last; null where it has no source."
    )
    protected_settings: list[ProtectedSetting] = asked(
        updates.load_protected, "Settings of the run that updates from its source leave as they are now, by name."
    )


def _is_expired(expired: int | None) -> bool:
    return expired is not None


@noun(
    tables.ContentVersion,
    key=tables.ContentVersion.id,
    visible=visible_versions,
    description="An entry in the history of a run's content.",
)
class ContentVersion:
    """A version in the history."""

    number: int = column(tables.ContentVersion.number, "Its place in the history, from 1.")
    version: str = column(tables.ContentVersion.root, "Hash of all of the content.")
    parent_version: str | None = column(tables.ContentVersion.parent, "Version before; null for the first.")
    username: str = column(tables.ContentVersion.username, "Who made it, by LMS username.")
    application: str | None = column(tables.ContentVersion.application, "Through which application.")
    at: datetime = column(tables.ContentVersion.at, "When.")
    operation: str = column(tables.ContentVersion.operation, "By what, such as `import`, `restore` or `re-run`.")
    branch: str = column(
        tables.ContentVersion.branch,
        "What it was: `published` for what the run showed, `draft`, or `source` for what its source had.",
    )
    message: str = column(tables.ContentVersion.message, "Why, in the words of who made it; may be empty.")
    block_count: int = column(tables.ContentVersion.blocks, "How many blocks it has.")
    file_count: int = column(tables.ContentVersion.files, "How many files its archive has.")
    size: float = column(tables.ContentVersion.bytes, "Bytes of these files.")
    is_expired: bool = computed(
        _is_expired, [tables.ContentVersion.expired_at], "Whether it was not kept: only this entry is left of it."
    )
    pins: list[str] = batched(
        tables.ContentVersion.id, load_pins, "Names under which it is kept for good, however old it gets."
    )
