"""Merging what another run has, such as the one that a re-run was made of, into a run; and what its source is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.store import Author, Head, Taken, UnknownVersion, VersionConflict, head_of, sources_of
from resolvers.content.fields import DiffRecord, difference
from resolvers.content.imports import Imported, Target, take_over
from resolvers.content.load import Courses, Loaded
from resolvers.content.readers import for_staff
from resolvers.content.reading import ContentRecord, Record, in_thread
from resolvers.editing.locks import LockRefused, check
from resolvers.editing.requests import Asked, locked
from resolvers.errors import FeatureDisabled
from resolvers.merging.merge import CannotMerge
from resolvers.plan.sources import Batch
from resolvers.refusals import Problem, Reason, Refusal

NOBODY = Author("")


async def merge_from(
    asked: Asked, courses: Courses | None, source: Asked, version: str | None, target: Target, *, is_dry: bool
) -> Imported:
    """Make what another run has, or had, the content of a run, or update or merge it.

    `target` is completed by who asks. Raises Refusal, Unresolved with all conflicts, and what `Asked.run` does: the
    viewer has to have the right to change both runs.
    """
    try:
        async with asked.database.writing() as session:
            run, from_run = await asked.run(session), await _source(session, source)
            await check(session, run, target.token)
        if courses is None:
            raise FeatureDisabled("this installation does without content")
        found = await _loaded(courses, source, from_run, version)
        complete = replace(target, run_id=run, author=asked.author, from_run=from_run)
        return await take_over(courses.store, found, complete, is_dry=is_dry)
    except LockRefused as refused:
        raise Refusal([locked(refused)]) from refused
    except VersionConflict as error:
        data = {"current_version": error.current}
        raise Refusal([Problem(Reason.VERSION_CONFLICT, str(error), ("expectedVersion",), data)]) from error
    except CannotMerge as error:
        raise Refusal([Problem(Reason.INVALID, str(error), ("fromRun",))]) from error


async def _source(session: AsyncSession, source: Asked) -> int:
    try:
        return await source.run(session)
    except Refusal as refusal:
        raise Refusal(replace(problem, place=("fromRun",)) for problem in refusal.problems) from refusal


async def _loaded(courses: Courses, source: Asked, run: int, version: str | None) -> Loaded:
    try:
        found = await courses.of_run(run, version)
    except UnknownVersion as error:
        raise Refusal([Problem(Reason.VERSION_UNKNOWN, str(error), ("fromVersion",))]) from error
    if found is None:
        raise Refusal([Problem(Reason.INVALID, f"the run {source.key} has no content", ("fromRun",))])
    return found


@dataclass(eq=False)
class UpstreamRecord(Record):
    """What a run has taken from its source last."""

    content: ContentRecord
    taken: Taken
    base: ContentRecord
    source: Head | None = None
    """What the run that is the source has now."""

    @property
    def version(self) -> str:
        """What the source had."""
        return self.taken.head.root

    @property
    def at(self) -> datetime:
        """When it was taken."""
        return self.taken.at

    @property
    def username(self) -> str:
        """Who took it."""
        return self.taken.username

    @property
    def from_run(self) -> str | None:
        """The run that it came from."""
        return self.taken.from_run

    @property
    def latest(self) -> str | None:
        """The version that it is at."""
        return None if self.source is None else self.source.root

    @property
    def is_behind(self) -> bool | None:
        """Whether the source has something else by now."""
        return None if self.latest is None else self.latest != self.version


@for_staff
async def load_upstream(batch: Batch) -> Mapping[ContentRecord, Any]:
    """What the run of each version has taken from its source: a batch source."""
    courses, snapshot = batch.context.courses, batch.context.snapshot
    runs = {record.loaded.head.run_id for record in batch.keys}
    taken = await sources_of(courses.store, list(runs), snapshot)
    found = {}
    for record in batch.keys:
        if known := taken.get(record.loaded.head.run_id):
            base = ContentRecord(await courses.load(known.head, snapshot), record.run)
            run = known.from_run_id
            source = None if run is None else await head_of(courses.store, run, snapshot=snapshot)
            found[record] = UpstreamRecord(record, known, base, source)
    return found


async def load_local_changes(batch: Batch) -> Mapping[UpstreamRecord, Any]:
    """What was changed in each run since it took something from its source: a batch source."""

    def find(record: UpstreamRecord) -> DiffRecord:
        return difference(record.base, record.content)

    return await in_thread(batch.keys, find)


async def load_source_changes(batch: Batch) -> Mapping[UpstreamRecord, Any]:
    """What the source of each run has changed since then, where it is a run: a batch source."""
    courses, snapshot = batch.context.courses, batch.context.snapshot
    found: dict[UpstreamRecord, Any] = {}
    for record in batch.keys:
        if record.source is not None:
            new = ContentRecord(await courses.load(record.source, snapshot), record.content.run)
            found[record] = difference(record.base, new)
    return found
