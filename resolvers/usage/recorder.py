"""What was done, added up in memory and written in the background: an operation costs some microseconds here.

What waits is bounded, is written every few seconds and when the process ends, and tried again where it could not be.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeAlias
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database, inserting
from db.errors import DatabaseError
from db.store.store import chunks
from db.tables import Base, BlockTypeUse, ContentTotal, ContentUsage, now
from edx.olx.kinds import KNOWN
from resolvers.background import alongside
from resolvers.usage.slots import slot_of

PERIOD = 300
"""Seconds that are told apart."""
PAUSE = 5.0
"""Seconds between two times that what waits is written."""
HOURLY = timedelta(hours=1)
KEPT = timedelta(days=400)
MOST_WAITING = 50_000
"""Rows that wait; what comes on top is not counted."""
MOST_TOLD = 2000
"""Settings and problems of one operation that are kept."""
ROWS = 500
OTHERS = "other"
"""What types of blocks that we know nothing of are called where there may be few."""
NAME, SETTING = 64, 255
"""Characters that the tables have room for."""

Use: TypeAlias = tuple[str, str]
"""A type of blocks and a setting; the setting is empty for the type itself."""
Fault: TypeAlias = tuple[str, str, str]
"""A type of blocks, a setting or nothing, and the code of a problem."""

Rows: TypeAlias = dict[tuple[Any, ...], list[Any]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """One operation that is over."""

    operation: str
    username: str
    application: str
    run_id: int
    outcome: str
    seconds: float
    types: Mapping[str, int] = field(default_factory=dict)
    version: str | None = None
    uses: Mapping[Use, int] = field(default_factory=dict)
    faults: Mapping[Fault, int] = field(default_factory=dict)


class Waiting:
    """What is to be written: rows of the three tables, by their keys."""

    def __init__(self) -> None:
        self.counts: Rows = {}
        self.totals: Rows = {}
        self.uses: Rows = {}
        self.dropped = 0

    def count(self, done: Done, period: int) -> None:
        """Count an operation, as one, and for each type of blocks that it touched."""
        if len(self.counts) >= MOST_WAITING:
            self.dropped += 1
            return
        moment, slot, micros = datetime.fromtimestamp(period, UTC), slot_of(done.seconds), round(done.seconds * 1e6)
        for kind, blocks in (("", 0), *done.types.items()):
            what = done.operation, kind[:NAME], done.outcome
            key = (moment, *what, done.application, done.username, done.run_id, slot)
            _add_up(self.counts, key, 1, blocks)
            few = kind if kind in KNOWN or not kind else OTHERS
            _add_up(self.totals, (done.operation, few, done.outcome, done.application), 1, micros)

    def use(self, done: Done, moment: float) -> None:
        """Note which types and settings were seen, and what problems with them."""
        if len(self.uses) >= MOST_WAITING:
            return
        at = datetime.fromtimestamp(moment, UTC)
        found = [((kind, setting, ""), number) for (kind, setting), number in done.uses.items()]
        for (kind, setting, code), number in [*found, *done.faults.items()][:MOST_TOLD]:
            key = kind[:NAME], setting[:SETTING], code[:NAME], done.run_id
            version = None if code else done.version
            _use_again(self.uses, key, [1, number, at, at, version, version])

    def take_back(self, others: "Waiting") -> None:
        """Take what could not be written: it comes before what is here."""
        self.dropped += others.dropped
        for mine, theirs in ((self.counts, others.counts), (self.totals, others.totals)):
            for key, numbers in theirs.items():
                _add_up(mine, key, *numbers)
        newer, self.uses = self.uses, others.uses
        for key, values in newer.items():
            _use_again(self.uses, key, values)


def _add_up(rows: Rows, key: tuple[Any, ...], *numbers: int) -> None:
    found = rows.get(key)
    if found is None:
        rows[key] = list(numbers)
    else:
        found[0] += numbers[0]
        found[1] += numbers[1]


def _use_again(rows: Rows, key: tuple[Any, ...], values: list[Any]) -> None:
    found = rows.get(key)
    if found is None:
        rows[key] = values
    else:
        rows[key] = [found[0] + values[0], found[1] + values[1], found[2], values[3], found[4], values[5]]


_kept: "WeakKeyDictionary[Database, Usage]" = WeakKeyDictionary()


def usage_of(database: Database) -> "Usage":
    """What counts the operations on the content of a database: one in a process."""
    found = _kept.get(database)
    if found is None:
        found = _kept[database] = Usage()
    return found


class Usage:
    """Counts operations. `note` may be called from any part of the process' loop, and never waits."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._waiting = Waiting()
        self._writing = asyncio.Lock()

    def note(self, done: Done) -> None:
        """Count an operation that ended just now."""
        moment = self._clock()
        self._waiting.count(done, int(moment) // PERIOD * PERIOD)
        self._waiting.use(done, moment)

    async def flush(self, database: Database) -> bool:
        """Write what waits; whether that was possible. What could not be written goes on waiting."""
        async with self._writing:
            waiting, self._waiting = self._waiting, Waiting()
            try:
                await _write(database, waiting)
            except DatabaseError as error:
                log.warning("usage_not_written", reason=str(error))
                self._waiting.take_back(waiting)
                return False
        if waiting.dropped:
            log.warning("usage_dropped", operations=waiting.dropped)
        return True

    @contextlib.asynccontextmanager
    async def running(self, database: Database, kept: timedelta = KEPT) -> AsyncIterator[None]:
        """Write now and again for the time of the block, and at its end; what is older than `kept` is forgotten."""

        async def work() -> NoReturn:
            forgotten = now() - HOURLY
            while True:
                await asyncio.sleep(PAUSE)
                if await self.flush(database) and now() - forgotten >= HOURLY:
                    forgotten = now()
                    await _forget(database, now() - kept)

        try:
            async with alongside(work):
                yield
        finally:
            await self.flush(database)


async def _forget(database: Database, before: datetime) -> None:
    """Delete what is older than a time; which types there are, and since when, is kept."""
    try:
        async with database.writing() as session:
            await session.execute(delete(ContentUsage).where(ContentUsage.period < before))
            old = (BlockTypeUse.code != "", BlockTypeUse.last_at < before)
            await session.execute(delete(BlockTypeUse).where(*old))
    except DatabaseError as error:
        log.warning("usage_not_forgotten", reason=str(error))


async def _write(database: Database, waiting: Waiting) -> None:
    """Write rows, some in each transaction, and take those that are written out of what waits."""
    for table, rows in ((ContentUsage, waiting.counts), (ContentTotal, waiting.totals), (BlockTypeUse, waiting.uses)):
        for keys in chunks(sorted(rows), ROWS):  # in one order, so that processes do not wait for each other in a ring
            async with database.writing() as session:
                await _add(session, table, [(*key, *rows[key]) for key in keys])
            for key in keys:
                del rows[key]


ADDED = frozenset({"count", "blocks", "micros"})
KEPT_FIRST = frozenset({"first_at", "first_version"})


async def _add(session: AsyncSession, table: type[Base], rows: Sequence[tuple[Any, ...]]) -> None:
    """Add numbers to those that are there; what was first stays, what is last is replaced."""
    columns = table.__table__.columns
    names = [column.name for column in columns]
    keys = [column.name for column in columns if column.primary_key]
    insert = inserting(session, table)
    changed = {
        name: columns[name] + insert.excluded[name] if name in ADDED else insert.excluded[name]
        for name in names
        if name not in KEPT_FIRST and name not in keys
    }
    upsert = insert.on_conflict_do_update(index_elements=keys, set_=changed)
    await session.execute(upsert, [dict(zip(names, row, strict=True)) for row in rows])
