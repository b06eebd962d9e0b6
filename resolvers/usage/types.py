"""Where types of blocks and their settings were seen, since when, and what problems there were with them.

So that whoever looks at a bug knows whether it is the first one (spec/content-api.md, "Observability").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from db.engine import Database, Row, Snapshot
from db.tables import BlockTypeUse
from db.types import instant
from resolvers.usage.reading import rows_of

MOST = 100
COLUMNS = (
    BlockTypeUse.setting,
    BlockTypeUse.code,
    BlockTypeUse.course_run_id,
    BlockTypeUse.count,
    BlockTypeUse.blocks,
    BlockTypeUse.first_at,
    BlockTypeUse.last_at,
    BlockTypeUse.first_version,
    BlockTypeUse.last_version,
)


@dataclass(frozen=True, eq=False)
class Seen:
    """That a run had blocks of a type, with a setting if that is not empty; with a `code`, a problem with them."""

    setting: str
    code: str
    run_id: int
    count: int
    blocks: int
    first_at: datetime
    last_at: datetime
    first_version: str | None
    last_version: str | None

    @property
    def of_setting(self) -> str | None:
        """The setting that it is about, None for none."""
        return self.setting or None


@dataclass(eq=False)
class Together:
    """What is known of several runs together."""

    name: str
    seen: Sequence[Seen] = field(repr=False)

    @property
    def runs(self) -> int:
        """How many there are."""
        return len(self.seen)

    @property
    def versions(self) -> int:
        """How many versions brought or changed such blocks."""
        return sum(each.count for each in self.seen)

    @property
    def first_at(self) -> datetime | None:
        """When the first of them was made."""
        return min((each.first_at for each in self.seen), default=None)

    @property
    def last_at(self) -> datetime | None:
        """When the last of them was made."""
        return max((each.last_at for each in self.seen), default=None)


@dataclass(eq=False)
class TypeUsage(Together):
    """A type of blocks, or one of its settings: where it was seen, and what problems there were."""

    setting: str | None = None
    settings: tuple[Together, ...] = ()
    faults: tuple[Seen, ...] = ()

    @property
    def latest(self) -> tuple[Seen, ...]:
        """The runs that had it last, and when."""
        return _latest(self.seen)


async def type_usage(database: Database, snapshot: Snapshot, kind: str, setting: str | None) -> TypeUsage:
    """What is known of a type, or of a setting of it. One statement."""
    query = select(*COLUMNS).where(BlockTypeUse.block_type == kind)
    if setting is not None:
        query = query.where(BlockTypeUse.setting == setting)
    rows = [_seen(row, database.dialect.name) for row in await rows_of(database, snapshot, query)]
    uses: dict[str, list[Seen]] = {}
    for each in rows:
        if not each.code:
            uses.setdefault(each.setting, []).append(each)
    settings = () if setting is not None else tuple(Together(name, uses[name]) for name in sorted(uses) if name)
    return TypeUsage(kind, uses.get(setting or "", []), setting, settings, _latest(each for each in rows if each.code))


def _latest(seen: Iterable[Seen]) -> tuple[Seen, ...]:
    return tuple(sorted(seen, key=lambda each: each.last_at, reverse=True)[:MOST])


def _seen(row: Row, dialect: str) -> Seen:
    values: list[Any] = list(row)
    for place in (5, 6):
        values[place] = instant(values[place], dialect)
    return Seen(*values)
