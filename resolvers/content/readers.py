"""Who reads the content of which run, and how much of it: staff all of it, learners what is open to them now."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, select

from db.engine import Snapshot
from db.store import BlobsUnavailable, Head, UnknownVersion
from db.store.store import keys
from db.store.versions import COLUMNS
from db.tables import ContentHead, ContentVersion, CourseRun
from db.types import any_of
from edx.keys import CourseKey
from resolvers.access import Permission, authored
from resolvers.content.load import Content, Courses, Loaded
from resolvers.content.nodes import write
from resolvers.content.reading import ContentRecord
from resolvers.content.viewing import seen, view
from resolvers.content.visibility import Audience, Role, groups_of_mode
from resolvers.errors import Forbidden, ServiceUnavailable, VersionNotFound
from resolvers.learners.mirror import Kind
from resolvers.learners.progress import OWN_ENROLLMENTS
from resolvers.learners.service import standings
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, rows_for
from resolvers.usage.reads import counted

Load = Callable[[Batch], Awaitable[Mapping[Any, Any]]]

MOST_VIEWS = 16
"""Views of learners that a process keeps."""

MOST_RECORDS = 8
"""Versions of which a process keeps what it worked out for staff."""

OF_RUNS = (
    select(CourseRun.key, *COLUMNS)
    .join(ContentHead, ContentHead.course_run_id == CourseRun.id)
    .join(ContentVersion, ContentVersion.id == ContentHead.version_id)
    .where(any_of(CourseRun.key, keys()))
)
ENTRIES = (
    select(CourseRun.key, *COLUMNS, ContentVersion.expired_at)
    .join(ContentVersion, ContentVersion.course_run_id == CourseRun.id)
    .where(any_of(CourseRun.key, keys()))
    .order_by(ContentVersion.number)
)
AUTHORED = select(CourseRun.key).where(
    any_of(CourseRun.key, keys_parameter(CourseRun.key.type)), authored(CourseRun.id)
)


@dataclass(frozen=True, slots=True)
class Readers:
    """The runs whose content a viewer may see: all of it as staff, or what is open to them as learners."""

    staff: Sequence[str]
    learners: Mapping[str, Audience]


async def readable(
    snapshot: Snapshot, dialect: Dialect, runs: Sequence[str], viewer: str | None, permissions: frozenset[Permission]
) -> list[str]:
    """Those of some runs, by key, whose content a viewer may see as staff."""
    if Permission.SEE_CONTENT in permissions:
        return list(runs)
    if Permission.SEE_GRANTED_CONTENT not in permissions:
        return []
    return [row[0] for row in await rows_for(snapshot, dialect, AUTHORED, list(runs), viewer)]


async def readers(context: Any, runs: Sequence[str]) -> Readers:
    """Who the viewer is to some runs, by course key. Learners are those who are enrolled."""
    username, permissions, dialect = context.viewer.username, context.request.permissions, context.database.dialect
    staff = await readable(context.snapshot, dialect, runs, username, permissions)
    others = [key for key in runs if key not in staff]
    if not others or username is None or Permission.SEE_GRANTED_CONTENT not in permissions:
        return Readers(staff, {})
    await standings(context, [username], [Kind.ENROLLMENTS])
    rows = await rows_for(context.snapshot, dialect, OWN_ENROLLMENTS, others, username)
    at = context.learners.clock()
    return Readers(staff, {row[0]: Audience(Role.LEARNER, at, groups_of_mode(row[1])) for row in rows})


async def _seen(courses: Courses, loaded: Loaded, run: CourseKey, audience: Audience) -> ContentRecord | None:
    """A version as somebody sees it; None where the course is closed to them."""
    return await asyncio.to_thread(_seen_record, courses, loaded, run, audience)


def _seen_record(courses: Courses, loaded: Loaded, run: CourseKey, audience: Audience) -> ContentRecord | None:
    found = view(loaded.content.outline, audience)
    if found is None:
        return None
    key = loaded.head.root, loaded.head.frame, frozenset(found.children.items()), found.closed
    content = courses.views.get(key)
    if content is None:
        course = seen(loaded.course, found)
        content = Content(course, write(course).blocks)
        while len(courses.views) >= MOST_VIEWS:
            courses.views.pop(next(iter(courses.views)), None)
        courses.views[key] = content
    return ContentRecord(Loaded(loaded.head, content), run, is_whole=False, unlisted=found.unlisted)


def _of_answer(_key: Any, answer: Any) -> tuple[int, str]:
    return answer.loaded.head.run_id if isinstance(answer, ContentRecord) else 0, ""


def of_record(record: Any, _answer: Any) -> tuple[int, str]:
    """The run that a version or a block is of, and the type of the block."""
    return _version_of(record).loaded.head.run_id, "" if isinstance(record, ContentRecord) else record.type


@counted("content", _of_answer)
async def load_content(batch: Batch) -> dict[str, Any]:
    """The content of runs, by key, as it is or as it was at a version: all of it, or what is open to a learner.

    None for who may not see it: a batch source.
    """
    return await contents(batch)


async def contents(batch: Batch) -> dict[str, Any]:
    """The same, which is not counted."""
    courses: Courses | None = batch.context.courses
    if courses is None:
        return {}
    who = await readers(batch.context, batch.keys)
    snapshot, version = batch.context.snapshot, batch.arguments.get("version")
    if version is not None:
        return {**await _old(courses, who.staff, version, snapshot), **{key: _refusal() for key in who.learners}}
    shown = [*who.staff, *who.learners]
    rows = await courses.store.fetch(OF_RUNS, shown, snapshot) if shown else []
    known = batch.arguments.get("ifNoneMatch")
    rows = [row for row in rows if row[1 + COLUMNS.index(ContentVersion.root)] != known or row[0] in who.learners]
    return {row[0]: await _record(courses, row[0], Head(*row[1:]), snapshot, who.learners.get(row[0])) for row in rows}


async def _old(courses: Courses, runs: Sequence[str], version: str, snapshot: Any) -> dict[str, Any]:
    """The content of runs as it was at a version."""
    entries: dict[str, list[Any]] = {key: [] for key in runs}
    for row in await courses.store.fetch(ENTRIES, runs, snapshot) if runs else []:
        if row[1 + COLUMNS.index(ContentVersion.root)] == version:
            entries[row[0]].append(row)
    return {key: await _old_record(courses, key, rows, version, snapshot) for key, rows in entries.items()}


async def _old_record(courses: Courses, key: str, rows: Sequence[Any], version: str, snapshot: Any) -> Any:
    kept = [row for row in rows if row[-1] is None]
    if not kept:
        return VersionNotFound(str(UnknownVersion(version, is_expired=bool(rows))))
    return await _record(courses, key, Head(*kept[-1][1:-1]), snapshot)


async def _record(courses: Courses, key: str, head: Head, snapshot: Any, audience: Audience | None = None) -> Any:
    run = CourseKey.parse(key)
    try:
        loaded = await courses.load(head, snapshot)
    except BlobsUnavailable as error:
        return ServiceUnavailable(str(error))
    return _whole(courses, loaded, run) if audience is None else await _seen(courses, loaded, run, audience)


def _whole(courses: Courses, loaded: Loaded, run: CourseKey) -> ContentRecord:
    """All of a version; what was worked out of it for the last readers is kept."""
    key = run, loaded.head
    found = courses.records.get(key)
    if found is None or found.content is not loaded.content:
        while len(courses.records) >= MOST_RECORDS:
            courses.records.pop(next(iter(courses.records)), None)
        found = courses.records[key] = ContentRecord(loaded, run)
    return found


def for_staff(load: Load) -> Load:
    """A batch source for viewers who may see all of the content; Forbidden for others."""

    @functools.wraps(load)
    async def loaded(batch: Batch) -> Mapping[Any, Any]:
        theirs = [record for record in batch.keys if _version_of(record).is_whole]
        found: dict[Any, Any] = {record: _refusal() for record in batch.keys if record not in theirs}
        return found | dict(await load(Batch(theirs, batch.arguments, batch.context))) if theirs else found

    return loaded


def _version_of(record: Any) -> ContentRecord:
    found: ContentRecord = record if isinstance(record, ContentRecord) else record.content
    return found


def _refusal() -> Forbidden:
    return Forbidden("this is for those who may see all of the content")
