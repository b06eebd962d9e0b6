"""Following the content of a run: who waits hears of each new version, whatever process makes it."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from sqlalchemy import String, select

from db.engine import Database, Snapshot
from db.store import Head
from db.store.versions import CHANNEL, COLUMNS
from db.tables import ContentHead, ContentVersion, CourseRun
from db.types import any_of
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from resolvers import following
from resolvers.access import Permission
from resolvers.content.fields import DiffRecord, difference
from resolvers.content.load import Courses
from resolvers.content.readers import readable
from resolvers.content.reading import ContentRecord
from resolvers.errors import BadUserInput, NotFound
from resolvers.following import LOOK
from resolvers.plan.statements import keys_parameter, rows_for

RUNS = select(CourseRun.key, CourseRun.id).where(any_of(CourseRun.key_folded, keys_parameter(String())))
HEADS = (
    select(*COLUMNS)
    .join(ContentHead, ContentHead.version_id == ContentVersion.id)
    .join(CourseRun, CourseRun.id == ContentHead.course_run_id)
    .where(any_of(CourseRun.key, keys_parameter(String())))
)


@dataclass(frozen=True, slots=True)
class NewHead:
    """The version that a run's content is at now, and the one before that was told of; None for none."""

    key: str
    before: Head | None
    head: Head | None


async def follow_content(
    database: Database, text: str, viewer: str | None, permissions: frozenset[Permission], *, look: float = LOOK
) -> AsyncGenerator[NewHead, None]:
    """The version of a run at once, and whenever it is another; many changes at once are one.

    Raises BadUserInput for what is no course key, and NotFound where there is no run whose content the viewer may see.
    """
    key, run = await _run(database, text, viewer, permissions)

    async def read(snapshot: Snapshot) -> Head | None:
        snapshot.is_single = True
        rows = await rows_for(snapshot, database.dialect, HEADS, [key])
        return Head(*rows[0]) if rows else None

    before: Head | None = None
    async with contextlib.aclosing(following.follow(database, CHANNEL, str(run), read, look=look)) as heads:
        async for head in heads:  # pragma: no branch -- it never ends by itself
            yield NewHead(key, before, head)
            before = head


async def _run(
    database: Database, text: str, viewer: str | None, permissions: frozenset[Permission]
) -> tuple[str, int]:
    try:
        folded = CourseKey.parse(text).folded
    except InvalidCourseKey as error:
        raise BadUserInput(str(error)) from error
    async with database.reading() as snapshot:
        rows = await rows_for(snapshot, database.dialect, RUNS, [folded])
        shown = await readable(snapshot, database.dialect, [row[0] for row in rows], viewer, permissions)
    if not shown:
        raise NotFound(f"there is no content of {text!r}")
    return rows[0][0], rows[0][1]


async def difference_of(courses: Courses | None, database: Database, change: NewHead) -> DiffRecord | None:
    """What differs between the two versions; None where there was none before."""
    if courses is None or change.before is None or change.head is None:
        return None
    run = CourseKey.parse(change.key)
    async with database.reading() as snapshot:
        old, new = [ContentRecord(await courses.load(head, snapshot), run) for head in (change.before, change.head)]
    return difference(old, new)
