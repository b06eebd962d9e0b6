"""The copies of what the LMS has of learners: how fresh they are, and writing them, many learners at once.

News are ordered by when they were true: a row that is known from later is never overwritten by something older.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Dialect, Insert, String, Table, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Snapshot, inserting
from db.tables import (
    Base,
    CourseRun,
    Learner,
    LearnerCertificate,
    LearnerEnrollment,
    Program,
    ProgramCourseRunMode,
    ProgramStatus,
    ProgramUser,
    now,
)
from db.types import any_of, micros
from edx.learners import Certificate, Enrollment
from resolvers.learners.curricula import moment as moment_of
from resolvers.plan.statements import keys_parameter, rows_for


class Kind(StrEnum):
    """What there are copies of."""

    ENROLLMENTS = "enrollments"
    CERTIFICATES = "certificates"


@dataclass(frozen=True, slots=True)
class Freshness:
    """As of when each kind of copy of a learner's is, None for never, and what time makes them outdated.

    `is_unassociated` where an active enrollment is in a program that the learner has no association with.
    """

    enrollments_at: datetime | None = None
    certificates_at: datetime | None = None
    outdated_at: datetime | None = None
    is_unassociated: bool = False

    def at(self, kind: Kind) -> datetime | None:
        """As of when the copies of one kind are."""
        return self.enrollments_at if kind is Kind.ENROLLMENTS else self.certificates_at

    def is_fresh(self, kind: Kind, lifetime: timedelta, moment: datetime) -> bool:
        """Whether the copies of one kind need not be asked for again."""
        at = self.at(kind)
        return at is not None and moment - at < lifetime and (self.outdated_at is None or at >= self.outdated_at)


UNKNOWN = Freshness()

CANDIDATE = (
    exists()
    .where(
        LearnerEnrollment.username == Learner.username,
        LearnerEnrollment.is_active,
        CourseRun.key == LearnerEnrollment.course_key,
        ProgramCourseRunMode.course_run_id == CourseRun.id,
        Program.id == ProgramCourseRunMode.program_id,
        Program.status == ProgramStatus.ACTIVE,
        ~exists()
        .where(ProgramUser.username == LearnerEnrollment.username, ProgramUser.program_id == Program.id)
        .correlate(LearnerEnrollment, Program),
    )
    .correlate(Learner)
)
FRESHNESS = select(
    Learner.username,
    micros(Learner.enrollments_at),
    micros(Learner.certificates_at),
    micros(Learner.outdated_at),
    CANDIDATE,
).where(any_of(Learner.username, keys_parameter(String())))


async def freshness(snapshot: Snapshot, dialect: Dialect, usernames: Sequence[str]) -> dict[str, Freshness]:
    """How fresh the copies of each learner are: one statement."""
    rows = await rows_for(snapshot, dialect, FRESHNESS, usernames)
    found = {
        name: Freshness(moment_of(enrollments), moment_of(certificates), moment_of(outdated), bool(is_unassociated))
        for name, enrollments, certificates, outdated, is_unassociated in rows
    }
    return {username: found.get(username, UNKNOWN) for username in usernames}


async def keep_enrollments(
    session: AsyncSession, usernames: Collection[str], enrollments: Iterable[Enrollment], at: datetime
) -> set[str]:
    """Make the copies of all enrollments of these learners as the LMS had them `at`; those whom that changes."""
    given = {(each.username, each.course_key): (each.mode, each.enrolled_at) for each in enrollments if each.is_active}
    table = LearnerEnrollment
    known = await _known(session, table, usernames)
    rows = [
        _row(key, at, mode=mode, is_active=True, enrolled_at=enrolled)
        for key, (mode, enrolled) in given.items()
        if (row := known.get(key)) is None or (row.known_at <= at and (row.mode, row.is_active) != (mode, True))
    ]
    rows += [
        _row(key, at, mode=row.mode, is_active=False, enrolled_at=row.enrolled_at)
        for key, row in known.items()
        if key not in given and row.is_active and row.known_at <= at
    ]
    await _upsert(session, table, rows)
    return await _note(session, usernames, rows, Kind.ENROLLMENTS, at)


async def keep_certificates(
    session: AsyncSession, usernames: Collection[str], certificates: Iterable[Certificate], at: datetime
) -> set[str]:
    """As `keep_enrollments`, for certificates; one that the LMS shows no more counts no more."""
    given = {(each.username, each.course_key): each for each in certificates}
    table = LearnerCertificate
    known = await _known(session, table, usernames)
    rows = [
        _row(
            key, at, mode=each.mode, is_passing=each.is_passing, grade=each.grade, download_url=each.download_url,
            awarded_at=each.awarded_at,
        )
        for key, each in given.items()
        if (row := known.get(key)) is None or (row.known_at <= at and _certified(row) != _certified(each))
    ]  # fmt: skip
    rows += [
        _row(
            key, at, mode=row.mode, is_passing=False, grade=row.grade, download_url=None, awarded_at=row.awarded_at
        )
        for key, row in known.items()
        if key not in given and row.is_passing and row.known_at <= at
    ]  # fmt: skip
    await _upsert(session, table, rows)
    return await _note(session, usernames, rows, Kind.CERTIFICATES, at)


def _certified(row: Any) -> tuple[Any, ...]:
    return row.mode, row.is_passing, row.grade, row.download_url, row.awarded_at


async def _known(
    session: AsyncSession, table: type[LearnerEnrollment | LearnerCertificate], usernames: Collection[str]
) -> dict[tuple[str, str], Any]:
    rows = (await session.execute(select(table.__table__).where(table.username.in_(usernames)))).all()
    return {(row.username, row.course_key): row for row in rows}


def _row(key: tuple[str, str], at: datetime, **values: Any) -> dict[str, Any]:
    return {"username": key[0], "course_key": key[1], "known_at": at, **values}


async def _upsert(session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows in one bulk statement, in an order in which two writers lock alike."""
    if rows:
        ordered = sorted(rows, key=lambda row: (row["username"], row["course_key"]))
        await session.execute(upserting(session, table, newer="known_at"), ordered)


async def _note(
    session: AsyncSession, usernames: Collection[str], rows: Iterable[Mapping[str, Any]], kind: Kind, at: datetime
) -> set[str]:
    """Write as of when the copies are; the learners whose `rows` changed."""
    table = _table(Learner)
    insert, column = inserting(session, Learner), f"{kind.value}_at"
    is_later = or_(table.c[column].is_(None), table.c[column] < insert.excluded[column])
    values = {column: insert.excluded[column]}
    upsert = insert.on_conflict_do_update(index_elements=["username"], set_=values, where=is_later)
    moment = now()
    await session.execute(upsert, [{"username": name, column: at, "changed_at": moment} for name in sorted(usernames)])
    changed = {str(row["username"]) for row in rows}
    await touch(session, changed)
    return changed


async def touch(session: AsyncSession, usernames: Collection[str]) -> None:
    """Say that something of these learners' is different now."""
    await _set_moment(session, usernames, "changed_at", now())


async def outdate(session: AsyncSession, usernames: Collection[str], moment: datetime) -> None:
    """Have the LMS asked again for what of these learners' is as of before `moment`."""
    await _set_moment(session, usernames, "outdated_at", moment)


async def _set_moment(session: AsyncSession, usernames: Collection[str], column: str, moment: datetime) -> None:
    insert = inserting(session, Learner)
    rows = [{"username": name, "changed_at": now(), column: moment} for name in sorted(usernames)]
    if rows:
        values = {column: insert.excluded[column]}
        await session.execute(insert.on_conflict_do_update(index_elements=["username"], set_=values), rows)


def upserting(session: AsyncSession, kind: type[Base], *, newer: str, kept: Collection[str] = ()) -> Insert:
    """An INSERT that overwrites a known row, but for the columns `kept`, where the new one is at least as `newer`."""
    insert, table = inserting(session, kind), _table(kind)
    keys = [column.name for column in table.primary_key]
    names = [column.name for column in table.columns if column.name not in {*keys, *kept}]
    values = {name: insert.excluded[name] for name in names}
    upsert: Insert = insert.on_conflict_do_update(
        index_elements=keys, set_=values, where=table.c[newer] <= insert.excluded[newer]
    )
    return upsert


def _table(kind: type[Base]) -> Table:
    table = kind.__table__
    assert isinstance(table, Table)  # noqa: S101 -- all of ours are
    return table
