"""Drafts of a run's content: what publishing and discarding them, whole or block by block, makes of it (F50 to F52)."""

import asyncio
from collections.abc import Iterable, KeysView, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from db.store import (
    Commit,
    Draft,
    Head,
    Intake,
    Store,
    VersionConflict,
    commit,
    drafts,
    drop_draft,
    head_of,
    save_draft,
)
from edx.olx import Course, Key, UnwritableBlock
from resolvers.content.exports import NoSuchBlock, find_block
from resolvers.content.fields import DiffRecord, difference
from resolvers.content.imports import Imported, Prepared, Target, of_stored
from resolvers.content.load import Content, Courses, load
from resolvers.content.readers import for_staff
from resolvers.content.reading import ContentRecord, Record, in_thread
from resolvers.editing.locks import LockRefused, check
from resolvers.editing.requests import Asked, locked
from resolvers.errors import FeatureDisabled
from resolvers.merging.conflicts import Unresolved
from resolvers.merging.merge import CannotMerge, merge
from resolvers.merging.sides import Side
from resolvers.merging.transplant import NoPlace, transplant
from resolvers.plan.sources import Batch
from resolvers.refusals import Problem, Reason, Refusal


@dataclass(frozen=True, slots=True)
class Both:
    """What a run shows, and its draft with what the run showed when that was begun."""

    run: str
    draft: Draft
    head: Head
    published: Content
    written: Content
    base: Content


async def publish(asked: Asked, courses: Courses | None, target: Target, blocks: Sequence[str]) -> Imported:
    """Let a run show its draft, or some blocks of it with all below them.

    What was changed besides the draft since that was begun stays. Raises Refusal, Unresolved where both have changed
    the same thing, and what `Asked.run` does.
    """
    with asked.operation("publishDraft") as seen:
        both, target, store = await _begun(asked, courses, target)
        seen.run_id = target.run_id
        made = await asyncio.to_thread(_published, both, target, blocks)
        if any(conflict.choice is None for conflict in made.conflicts):
            raise Unresolved(made.conflicts)
        return await _saved(store, made, both, target, "publish", is_whole=not blocks)


async def discard(asked: Asked, courses: Courses | None, target: Target, blocks: Sequence[str]) -> Imported:
    """Do away with the draft of a run, or take some blocks of it as the run shows them. Raises as `publish` does."""
    with asked.operation("discardDraft") as seen:
        both, target, store = await _begun(asked, courses, target)
        seen.run_id = target.run_id
        made = await asyncio.to_thread(_discarded, both, blocks)
        return await _saved(store, made, both, target, "discard", is_whole=not blocks)


async def _begun(asked: Asked, courses: Courses | None, target: Target) -> tuple[Both, Target, Store]:
    async with asked.database.writing() as session:
        run = await asked.run(session)
    if courses is None:
        raise FeatureDisabled("this installation does without content")
    store = courses.store
    head, draft = await head_of(store, run), (await drafts(store, [run])).get(run)
    if head is None or draft is None:
        raise Refusal([Problem(Reason.INVALID, f"the run {asked.key} has no draft", ("courseRun",))])
    if target.expected is not None and target.expected != head.root:
        raise _conflict(VersionConflict(target.expected, head.root))
    published, written, base = [await load(store, each.root, each.frame) for each in (head, draft.head, draft.base)]
    return (
        Both(asked.key, draft, head, published, written, base),
        replace(target, run_id=run, author=asked.author),
        store,
    )


def _published(both: Both, target: Target, blocks: Sequence[str]) -> Prepared:
    sides = [Side.of(each.course, each.digests) for each in (both.base, both.published, both.written)]
    try:
        merged = merge(*sides, resolution=target.resolution)
    except CannotMerge as error:
        raise Refusal([Problem(Reason.INVALID, str(error))]) from error
    if not blocks:
        return replace(_prepared(replace(merged.course, drafts=())), conflicts=merged.conflicts)
    keys = _keys(both.run, blocks, both.written.course, both.published.course)
    held = [each.blocks[key] for each in (both.base, both.published, both.written) for key in keys & each.blocks.keys()]
    about = {block.key for each in held for block in each.walk()}
    conflicts = tuple(conflict for conflict in merged.conflicts if about & {conflict.block, *conflict.blocks})
    return replace(_prepared(_transplanted(merged.course, both.published.course, keys)), conflicts=conflicts)


def _discarded(both: Both, blocks: Sequence[str]) -> Prepared:
    if blocks:
        keys = _keys(both.run, blocks, both.published.course, both.written.course)
        return _prepared(_transplanted(both.published.course, both.written.course, keys))
    return _prepared(replace(both.published.course, drafts=()))


def _prepared(course: Course) -> Prepared:
    """A course of what two versions had, which both may have given other files of one path."""
    try:
        return of_stored(course)
    except UnwritableBlock as error:
        raise Refusal([Problem(Reason.INVALID, str(error))]) from error


def _transplanted(source: Course, target: Course, keys: Iterable[Key]) -> Course:
    try:
        return transplant(source, target, list(keys))
    except NoPlace as error:
        raise Refusal([Problem(Reason.INVALID, str(error), ("blocks",))]) from error


def _keys(run: str, blocks: Sequence[str], *courses: Course) -> KeysView[Key]:
    """The blocks that are meant, in their order."""
    return {_key(run, number, text, *courses): None for number, text in enumerate(blocks)}.keys()


def _key(run: str, number: int, text: str, *courses: Course) -> Key:
    for course in courses:
        try:
            found = find_block(course, text, run).key
        except NoSuchBlock:
            continue
        if found != course.root.key:
            return found
        raise Refusal([Problem(Reason.INVALID, "leave out the blocks for the whole course", ("blocks", str(number)))])
    raise Refusal([Problem(Reason.BLOCK_UNKNOWN, f"there is no block {text!r}", ("blocks", str(number)))])


async def _saved(
    store: Store, made: Prepared, both: Both, target: Target, operation: str, *, is_whole: bool
) -> Imported:
    """Write what was made: the run's content, or of a discarded block its draft."""
    intake = Intake(store)
    await intake.blobs(made.written.blobs.values())
    await intake.nodes(made.written.nodes)
    is_draft = operation == "discard" and not is_whole
    expected = both.draft.head.root if is_draft else both.head.root
    change: Commit = made.commit(target, operation, intake.until, expected)
    try:
        async with store.database.writing() as session:
            await check(session, target.run_id, target.token)
            head, is_new = await (save_draft if is_draft else commit)(session, change)
            is_done = (head.root, head.frame) == (both.draft.head.root, both.draft.head.frame)
            if is_whole or (is_done and not is_draft):
                await drop_draft(session, target.run_id)
    except LockRefused as refused:
        raise Refusal([locked(refused)]) from refused
    except VersionConflict as error:
        raise _conflict(error) from error
    return replace(made.told(), head=head, is_new=is_new)


def _conflict(error: VersionConflict) -> Refusal:
    data = {"current_version": error.current}
    return Refusal([Problem(Reason.VERSION_CONFLICT, str(error), ("expectedVersion",), data)])


@dataclass(eq=False)
class DraftRecord(Record):
    """The draft of a run."""

    published: ContentRecord
    draft: Draft
    content: ContentRecord

    @property
    def version(self) -> str:
        """Its hash."""
        return self.draft.head.root

    @property
    def base_version(self) -> str:
        """What the run showed when it was begun."""
        return self.draft.base.root

    @property
    def username(self) -> str:
        """Who wrote it last."""
        return self.draft.username

    @property
    def at(self) -> datetime:
        """When."""
        return self.draft.at


@for_staff
async def load_draft(batch: Batch) -> Mapping[ContentRecord, Any]:
    """The draft of the run of each version: a batch source."""
    courses, snapshot = batch.context.courses, batch.context.snapshot
    known = await drafts(courses.store, list({record.loaded.head.run_id for record in batch.keys}), snapshot)
    found = {}
    for record in batch.keys:
        if draft := known.get(record.loaded.head.run_id):
            content = ContentRecord(await courses.load(draft.head, snapshot), record.run)
            found[record] = DraftRecord(record, draft, content)
    return found


async def load_draft_changes(batch: Batch) -> Mapping[DraftRecord, Any]:
    """What each draft has changed of the version that it is asked below: a batch source."""

    def find(record: DraftRecord) -> DiffRecord:
        return difference(record.published, record.content)

    return await in_thread(batch.keys, find)
