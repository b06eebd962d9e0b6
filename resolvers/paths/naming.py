"""Giving sequences and units readable names in paths (`spec/courseware-paths.md`, "Further work").

Slugs belong to a run, outside of the hashed tree: no version of content changes by them, and each finds its blocks by
them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import BlockSlug, Course, CourseRun
from edx.blocks import BlockKey
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from edx.olx import Key
from resolvers.access import Permission, Viewer
from resolvers.audit import record
from resolvers.errors import BadUserInput, FeatureDisabled, NotFound
from resolvers.grants import require_for, require_some
from resolvers.paths.courseware import Courseware
from resolvers.paths.reading import Path
from resolvers.paths.slugs import fault
from resolvers.refusals import Problem, Reason, Refusal, refuse_if

NO_RUN = "there is no such course run, or it has no content here"


@dataclass(frozen=True, slots=True)
class Naming:
    """What is to be named how: the texts of a mutation's input. Without a slug the block is to have none."""

    run: str
    block: str
    slug: str | None
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """A block of a run and, if it is a unit, the sequence that it is named in."""

    run: CourseKey
    block: Key
    sequence: Key | None

    @property
    def path(self) -> str:
        """The path to the block."""
        keys = [self.block] if self.sequence is None else [self.sequence, self.block]
        return str(Path(self.run, tuple(str(BlockKey(self.run, *key)) for key in keys)))


@dataclass(frozen=True, slots=True)
class NamedBlock:
    """A block with its slug and its former ones, the newest first, and the path to it by its key."""

    path: str
    slug: str | None
    former: tuple[str, ...]


async def set_slug(context: Any, naming: Naming) -> NamedBlock:
    """Give a block a slug; the one that it had leads to it from then on, too.

    Raises Forbidden, NotFound for a run that is not there or has no content, BadUserInput and Refusal.
    """
    viewer: Viewer = context.viewer
    if not viewer.may(Permission.CHANGE_CONTENT):
        await context.changing(lambda session: require_some(session, viewer, Permission.CHANGE_CONTENT))
    try:
        run = CourseKey.parse(naming.run)
    except InvalidCourseKey as error:
        raise BadUserInput(f"courseRun: {error}") from error
    key, course = await _content(context, run)
    spot = place(course, key, naming)
    if naming.slug is not None:
        refuse_if(Problem(Reason.INVALID, wrong, ("slug",)) for wrong in [fault(naming.slug)] if wrong)
    rows: list[BlockSlug] = await context.changing(lambda session: _set(session, viewer, spot, naming.slug))
    current = next((row.slug for row in rows if row.is_current), None)
    return NamedBlock(spot.path, current, tuple(row.slug for row in rows if not row.is_current))


async def _content(context: Any, run: CourseKey) -> tuple[CourseKey, Courseware]:
    """The run as the catalog spells its key, and its content."""
    places = context.paths.places
    if places is None:
        raise FeatureDisabled("This installation does without content.")
    runs = await places.runs(context.snapshot, [run], context.request.permissions, context.viewer.username)
    found = runs.get(run.folded)
    if found is None or found.head is None:
        raise NotFound(NO_RUN)
    return found.key, await places.courseware(context.snapshot, found.head)


def place(course: Courseware, run: CourseKey, naming: Naming) -> Spot:
    """Where what is named stands.

    A unit of several sequences is that of the first, if none is given. Raises Refusal.
    """
    block = _key(course, run, naming.block, "block")
    wanted = None if naming.sequence is None else _key(course, run, naming.sequence, "sequence")
    if wanted is None and block in course.sequences:
        return Spot(run, block, None)
    homes = [sequence.key for sequence in course.homes.get(block, ()) if wanted in {None, sequence.key}]
    if not homes:
        message = f"{naming.block} is neither a sequence nor a unit" + (" of that sequence" if wanted else "")
        raise Refusal([Problem(Reason.BLOCK_UNKNOWN, message, ("block",))])
    return Spot(run, block, homes[0])


def _key(course: Courseware, run: CourseKey, text: str, field: str) -> Key:
    try:
        key = BlockKey.parse(text, among=run)
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.INVALID, str(error), (field,))]) from error
    found = Key(key.type, key.name)
    if key.course.folded != run.folded or found not in course.outline.entries:
        raise Refusal([Problem(Reason.BLOCK_UNKNOWN, f"there is no {text} in {run}", (field,))])
    return found


async def _set(session: AsyncSession, viewer: Viewer, spot: Spot, slug: str | None) -> list[BlockSlug]:
    """The slugs of the block afterwards, the newest first."""
    run_id = await _locked(session, viewer, spot.run)
    scope = spot.sequence.name if spot.sequence else ""
    query = select(BlockSlug).where(BlockSlug.course_run_id == run_id, BlockSlug.sequence == scope)
    rows = list(await session.scalars(query.order_by(BlockSlug.id.desc())))
    mine = [row for row in rows if (row.block_type, row.block_name) == spot.block]
    before = next((row.slug for row in mine if row.is_current), None)
    if slug == before:
        return mine
    if slug is not None and not _is_former(rows, mine, slug):
        kind, name = spot.block
        added = BlockSlug(course_run_id=run_id, sequence=scope, block_type=kind, block_name=name, slug=slug)
        session.add(added)
        mine = [added, *mine]
    for row in mine:
        row.is_current = row.slug == slug
    record(session, viewer, "set slug", f"CourseRun:{spot.run}", {f"slug of {'/'.join(spot.block)}": (before, slug)})
    await session.flush()
    return mine


async def _locked(session: AsyncSession, viewer: Viewer, run: CourseKey) -> int:
    """The id of a run, which stays locked so that changes of its slugs come one by one. Raises as `set_slug`."""
    query = select(CourseRun.id, Course.organization_id).join(Course, Course.id == CourseRun.course_id)
    query = query.where(CourseRun.key_folded == run.folded).with_for_update(of=CourseRun, key_share=True)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise NotFound(NO_RUN)
    await require_for(session, viewer, Permission.CHANGE_CONTENT, row.organization_id)
    return int(row.id)


def _is_former(rows: Sequence[BlockSlug], mine: Sequence[BlockSlug], slug: str) -> bool:
    """Whether the block had the slug once; if so it is written as now. Raises Refusal where another has or had it."""
    known = next((row for row in rows if row.slug_folded == slug.casefold()), None)
    if known is not None and known not in mine:
        state = "is" if known.is_current else "was once"
        message = f"{slug!r} {state} the slug of {known.block_type}/{known.block_name}"
        raise Refusal([Problem(Reason.SLUG_TAKEN, message, ("slug",))])
    if known is not None:
        known.slug = slug
    return known is not None
