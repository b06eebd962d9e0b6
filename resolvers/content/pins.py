"""Versions that are kept for good, under names that say why (notes on OLX, §2.5 and §6)."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.store import UnknownVersion, pin, unpin
from db.tables import ContentPin, CourseRun
from db.types import any_of
from resolvers.audit import record
from resolvers.editing.requests import Asked
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, rows_for
from resolvers.refusals import Problem, Reason, Refusal

LONGEST = 255
"""Characters of a name."""

NAMES = select(ContentPin.version_id, ContentPin.name).where(
    any_of(ContentPin.version_id, keys_parameter(BigInteger()))
)


async def pin_version(session: AsyncSession, asked: Asked, version: str, name: str) -> str:
    """Keep a version of a run until it is unpinned; the run's key. Raises Refusal and what `Asked.run` does."""
    run = await asked.run(session)
    if not name.strip() or len(name) > LONGEST or "\0" in name:
        message = f"a name has 1 to {LONGEST} characters, not all of them blanks, and none of them U+0000"
        raise Refusal([Problem(Reason.INVALID, message, ("name",))])
    try:
        await pin(session, run, version, name, asked.author)
    except UnknownVersion as error:
        raise Refusal([Problem(Reason.VERSION_UNKNOWN, str(error), ("version",))]) from error
    return await _told(session, asked, run, "pin content", (None, f"{version} {name}"))


async def unpin_version(session: AsyncSession, asked: Asked, version: str, name: str) -> str:
    """Keep a version no longer than others are, unless it has another name; the run's key. Twice is no error."""
    run = await asked.run(session)
    await unpin(session, run, version, name)
    return await _told(session, asked, run, "unpin content", (f"{version} {name}", None))


async def _told(
    session: AsyncSession, asked: Asked, run: int, action: str, change: tuple[str | None, str | None]
) -> str:
    key = await session.scalar(select(CourseRun.key).where(CourseRun.id == run))
    record(session, asked.viewer, action, f"CourseRun:{key}", {"pin": change})
    return str(key)


async def load_pins(batch: Batch) -> Mapping[int, list[str]]:
    """The names under which versions are kept, by the ids of entries of histories: a batch source."""
    found: dict[int, list[str]] = {key: [] for key in batch.keys}
    rows = await rows_for(batch.context.snapshot, batch.context.database.dialect, NAMES, list(batch.keys))
    for id_, name in rows:
        found[id_].append(name)
    return {id_: sorted(names) for id_, names in found.items()}
