"""The courses that paths lead into: runs with the content that they have, in a statement for all of them.

What a version of content comes to as courseware is worked out once and kept, within bounds.
"""

import functools
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import BigInteger, Dialect, Select, String, false, select

from db.engine import Snapshot
from db.store import Head, StoreError
from db.tables import BlockSlug, ContentHead, ContentVersion, CourseRun
from db.types import any_of
from edx.keys import CourseKey
from edx.olx import Course, Key
from resolvers.access import Permission, authored, visible_runs
from resolvers.content.outline import outline_of
from resolvers.errors import ServiceUnavailable
from resolvers.paths.courseware import SEQUENCE, Courseware, courseware
from resolvers.paths.slugs import Named, Slugs
from resolvers.plan.statements import keys_parameter, rows_for

MOST_BLOCKS = 100_000
"""Blocks of all courses whose courseware a process keeps."""

VERSION = tuple(getattr(ContentVersion, "course_run_id" if name == "run_id" else name) for name in Head.__slots__)
PINNED = (
    select(*VERSION)
    .where(any_of(ContentVersion.root, keys_parameter(String())), ContentVersion.expired_at.is_(None))
    .order_by(ContentVersion.number)
)
SLUGS = select(
    BlockSlug.course_run_id,
    BlockSlug.sequence,
    BlockSlug.block_type,
    BlockSlug.block_name,
    BlockSlug.slug,
    BlockSlug.is_current,
).where(any_of(BlockSlug.course_run_id, keys_parameter(BigInteger())))


@functools.lru_cache(64)
def runs_query(permissions: frozenset[Permission]) -> Select[*tuple[object, ...]]:
    """The runs of some keys that a viewer may see, whether they are their author, and what is their content now."""
    is_author = authored(CourseRun.id) if Permission.SEE_GRANTED_CONTENT in permissions else false()
    query = select(CourseRun.id, CourseRun.key, is_author, *VERSION)
    query = query.outerjoin(ContentHead, ContentHead.course_run_id == CourseRun.id)
    query = query.outerjoin(ContentVersion, ContentVersion.id == ContentHead.version_id)
    query = query.where(any_of(CourseRun.key_folded, keys_parameter(String())))
    visible = visible_runs(permissions)
    return query if visible is None else query.where(visible)


@dataclass(frozen=True, slots=True)
class Run:
    """A run, and the entry of its history that is its content now; None where it has no content here.

    `is_authored` if the viewer is an author of its organization, by grant.
    """

    id: int
    key: CourseKey
    is_authored: bool
    head: Head | None


class Loaded(Protocol):
    """A version of a run's content that was loaded."""

    @property
    def course(self) -> Course:
        """The course as it was read from its files."""


class Contents(Protocol):
    """What loads versions of content."""

    async def load(self, head: Head, snapshot: Snapshot | None = None) -> Loaded:
        """One of them. Raises StoreError."""


class Places:
    """The courseware of runs."""

    def __init__(self, contents: Contents, dialect: Dialect) -> None:
        self._contents = contents
        self._dialect = dialect
        self._kept: OrderedDict[tuple[str, str], Courseware] = OrderedDict()

    async def runs(
        self, snapshot: Snapshot, keys: Collection[CourseKey], permissions: frozenset[Permission], viewer: str | None
    ) -> dict[str, Run]:
        """Those of the runs that there are for a viewer, by the folded key."""
        query, folded = runs_query(permissions), [key.folded for key in keys]
        rows = await rows_for(snapshot, self._dialect, query, folded, viewer)
        runs = (
            Run(id_, CourseKey.parse(key), bool(is_author), Head(*head) if head[0] is not None else None)
            for id_, key, is_author, *head in rows
        )
        return {run.key.folded: run for run in runs}

    async def pinned(self, snapshot: Snapshot, versions: Collection[str]) -> dict[tuple[int, str], Head]:
        """The newest entries with these versions, by run and version."""
        rows = await rows_for(snapshot, self._dialect, PINNED, list(versions))
        return {(head.run_id, head.root): head for head in (Head(*row) for row in rows)}

    async def slugs(self, snapshot: Snapshot, runs: Collection[int]) -> Mapping[int, Slugs]:
        """The slugs of runs; runs without any are left out."""
        named: dict[int, list[Named]] = {}
        for run, sequence, kind, name, slug, is_current in await rows_for(snapshot, self._dialect, SLUGS, list(runs)):
            within = Key(SEQUENCE, sequence) if sequence else None
            named.setdefault(run, []).append(Named(Key(kind, name), within, slug, bool(is_current)))
        return {run: Slugs.of(each) for run, each in named.items()}

    async def courseware(self, snapshot: Snapshot | None, head: Head) -> Courseware:
        """The courseware of a version, from memory where it is there. Raises ServiceUnavailable."""
        key = head.root, head.frame
        if key not in self._kept:
            try:
                loaded = await self._contents.load(head, snapshot)
            except StoreError as error:
                raise ServiceUnavailable("The content of the course cannot be read now; try again later.") from error
            self._kept[key] = courseware(outline_of(loaded.course))
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(len(each.outline.entries) for each in self._kept.values()) > MOST_BLOCKS:
            self._kept.popitem(last=False)
        return self._kept[key]
