"""What is told of how content is used: operations by time, with percentiles, and how long the queue was."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, String, bindparam, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from db.engine import Database, Row, Snapshot
from db.tables import ContentUsage, CourseRun, Job
from db.types import EPOCH, ListOf, any_of, instant
from resolvers.errors import BadUserInput
from resolvers.jobs.kinds import CONTENT
from resolvers.plan.statements import render
from resolvers.usage.operations import OK, VALIDATED
from resolvers.usage.slots import percentile

MOST_PERIODS = 1000
MOST_ROWS = 100_000
MILLISECONDS = 1000
GOOD = frozenset({OK, VALIDATED})


class Bucket(StrEnum):
    """How long the periods are that are told apart."""

    FIVE_MINUTES = "five_minutes"
    HOUR = "hour"
    DAY = "day"


LENGTHS: Mapping[Bucket, timedelta] = {
    Bucket.FIVE_MINUTES: timedelta(minutes=5),
    Bucket.HOUR: timedelta(hours=1),
    Bucket.DAY: timedelta(days=1),
}


class Dimension(StrEnum):
    """What operations can be told apart by."""

    APPLICATION = "application"
    USERNAME = "username"
    OPERATION = "operation"
    BLOCK_TYPE = "block_type"
    COURSE_RUN = "course_run"
    OUTCOME = "outcome"


COLUMNS: Mapping[Dimension, InstrumentedAttribute[Any]] = {
    Dimension.APPLICATION: ContentUsage.application,
    Dimension.USERNAME: ContentUsage.username,
    Dimension.OPERATION: ContentUsage.operation,
    Dimension.BLOCK_TYPE: ContentUsage.block_type,
    Dimension.COURSE_RUN: ContentUsage.course_run_id,
    Dimension.OUTCOME: ContentUsage.outcome,
}


@dataclass(frozen=True)
class Wanted:
    """Which operations are asked for: those of each dimension that is given, from `start` up to, not with, `end`."""

    start: datetime
    end: datetime
    bucket: Bucket
    by: tuple[Dimension, ...] = ()
    only: Mapping[Dimension, Sequence[Any]] = field(default_factory=dict)


@dataclass(eq=False)
class Counts:
    """Operations that are counted together."""

    count: int = 0
    failed: int = 0
    blocks: int = 0
    slots: Counter[int] = field(default_factory=Counter)

    def add(self, outcome: str, slot: int, count: int, blocks: int) -> None:
        """Count some more."""
        self.count += count
        self.failed += 0 if outcome in GOOD else count
        self.blocks += blocks
        self.slots[slot] += count

    @property
    def p50(self) -> float | None:
        """Milliseconds that half of them did not exceed."""
        return self._percentile(0.5)

    @property
    def p99(self) -> float | None:
        """Milliseconds that 99 of a hundred did not exceed."""
        return self._percentile(0.99)

    def _percentile(self, part: float) -> float | None:
        seconds = percentile(self.slots, part)
        return None if seconds is None else round(seconds * MILLISECONDS, 3)


@dataclass(eq=False)
class Group(Counts):
    """Those that are alike in the dimensions which are told apart; the others are None."""

    alike: Mapping[Dimension, Any] = field(default_factory=dict)

    @property
    def application(self) -> str | None:
        """The application."""
        return self.alike.get(Dimension.APPLICATION) or None

    @property
    def username(self) -> str | None:
        """Who did it."""
        return self.alike.get(Dimension.USERNAME) or None

    @property
    def operation(self) -> str | None:
        """The operation."""
        return self.alike.get(Dimension.OPERATION) or None

    @property
    def block_type(self) -> str | None:
        """The type of the blocks."""
        return self.alike.get(Dimension.BLOCK_TYPE) or None

    @property
    def run_id(self) -> int | None:
        """The run."""
        return self.alike.get(Dimension.COURSE_RUN) or None

    @property
    def outcome(self) -> str | None:
        """What came of it."""
        return self.alike.get(Dimension.OUTCOME) or None


@dataclass(eq=False, kw_only=True)
class Period(Counts):
    """Those that began within a period. `depth` is how many jobs waited at most, `wait` how long, in milliseconds."""

    start: datetime
    end: datetime
    depth: int = 0
    wait: float | None = None
    groups: tuple[Group, ...] = ()


async def usage(database: Database, snapshot: Snapshot, wanted: Wanted) -> list[Period]:
    """The periods in their order, also those in which nothing happened. Raises BadUserInput for too much."""
    periods = _periods(wanted)
    dialect = database.dialect.name
    groups: list[dict[tuple[Any, ...], Group]] = [{} for _ in periods]
    first, length = periods[0].start, LENGTHS[wanted.bucket]
    for began, slot, outcome, count, blocks, *alike in await rows_of(database, snapshot, _operations(wanted)):
        number = (instant(began, dialect) - first) // length
        periods[number].add(outcome, slot, count, blocks)
        if wanted.by:
            group = groups[number].get(tuple(alike))
            if group is None:
                group = groups[number][tuple(alike)] = Group(alike=dict(zip(wanted.by, alike, strict=True)))
            group.add(outcome, slot, count, blocks)
    for period, found in zip(periods, groups, strict=True):
        period.groups = tuple(sorted(found.values(), key=_frequent))
    jobs = [
        tuple(None if raw is None else instant(raw, dialect) for raw in row)
        for row in await rows_of(database, snapshot, _waits(wanted))
    ]
    _queued(periods, jobs)
    return periods


def _frequent(group: Group) -> tuple[int, list[str]]:
    return -group.count, [str(each) for each in group.alike.values()]


async def run_ids(database: Database, snapshot: Snapshot, keys: Sequence[str]) -> list[int]:
    """The ids of runs by their keys in whatever case; of those that are not there none."""
    query = select(CourseRun.id).where(_among(CourseRun.key_folded, [key.casefold() for key in keys]))
    return [row[0] for row in await rows_of(database, snapshot, query)]


def _periods(wanted: Wanted) -> list[Period]:
    length = LENGTHS[wanted.bucket]
    start = EPOCH + (wanted.start - EPOCH) // length * length
    count = -((start - wanted.end) // length)
    if count < 1:
        raise BadUserInput("the time ends before it begins")
    if count > MOST_PERIODS:
        raise BadUserInput(f"{count} periods are more than {MOST_PERIODS}; take longer ones, or a shorter time")
    return [Period(start=start + number * length, end=start + (number + 1) * length) for number in range(count)]


def _operations(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    periods = _periods(wanted)
    alike = [COLUMNS[dimension] for dimension in wanted.by]
    number, blocks = (cast(func.sum(column), BigInteger) for column in (ContentUsage.count, ContentUsage.blocks))
    begins = ContentUsage.period >= periods[0].start, ContentUsage.period < periods[-1].end
    query = select(ContentUsage.period, ContentUsage.slot, ContentUsage.outcome, number, blocks, *alike)
    query = query.where(*begins, *(_among(COLUMNS[name], values) for name, values in wanted.only.items()))
    if Dimension.BLOCK_TYPE in wanted.by:
        query = query.where(ContentUsage.block_type != "")
    elif Dimension.BLOCK_TYPE not in wanted.only:
        query = query.where(ContentUsage.block_type == "")
    return query.group_by(ContentUsage.period, ContentUsage.slot, ContentUsage.outcome, *alike)


def _waits(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    """When jobs that waited meanwhile were asked for, and when they waited no more."""
    left = func.coalesce(Job.started_at, Job.finished_at, type_=Job.created_at.type)
    since = _periods(wanted)[0].start
    waited = Job.queue == CONTENT, Job.created_at < wanted.end, or_(left.is_(None), left >= since)
    return select(Job.created_at, left).where(*waited)


def _queued(periods: Sequence[Period], jobs: Sequence[tuple[Any, ...]]) -> None:
    """Work out how many jobs waited at most in each period, and how long those did that were taken up in it."""
    first, length = periods[0].start, periods[0].end - periods[0].start
    changes = sorted([(asked, 1) for asked, _ in jobs] + [(left, -1) for _, left in jobs if left is not None])
    depth, at = 0, 0
    for period in periods:
        while at < len(changes) and changes[at][0] < period.start:
            depth += changes[at][1]
            at += 1
        period.depth = depth
        while at < len(changes) and changes[at][0] < period.end:
            depth += changes[at][1]
            period.depth = max(period.depth, depth)
            at += 1
    for asked, left in jobs:
        number = (left - first) // length if left is not None else len(periods)
        if number < len(periods):
            wait = (left - asked) / timedelta(milliseconds=1)
            periods[number].wait = max(periods[number].wait or 0.0, wait)


def _among(column: InstrumentedAttribute[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    kind = BigInteger() if column is ContentUsage.course_run_id else String()
    return any_of(column, bindparam(None, list(values), type_=ListOf(kind)))


async def rows_of(database: Database, snapshot: Snapshot, query: Select[*tuple[Any, ...]]) -> Sequence[Row]:
    """The raw rows of a SELECT whose parameters are all given. Raises BadUserInput for too many."""
    statement = render(query.limit(MOST_ROWS + 1), database.dialect, {})
    rows = await snapshot.fetch(statement.sql, *statement.parameters({}))
    if len(rows) > MOST_ROWS:
        raise BadUserInput("this would be too much; ask for a shorter time, or tell less apart")
    return rows
