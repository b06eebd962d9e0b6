"""Columns mean the same on both databases, and through the driver as through SQLAlchemy."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, StatementError

from db.engine import Database
from db.errors import NaiveDatetime
from db.tables import CourseRun, Organization, Pacing
from db.types import EPOCH, MICROSECOND, instant, micros, raw_instant
from resolvers.plan.builders import INSTANTS
from tests.catalog import course, course_run, organization

INSTANTS_TO_KEEP = [
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
    datetime(2100, 1, 1, tzinfo=UTC),
    datetime(2026, 6, 1, 2, tzinfo=timezone(timedelta(hours=5, minutes=45))),
]


async def stored(database: Database, start: datetime) -> None:
    async with database.writing() as session:
        session.add(course_run(course(organization("X"), "1", "Course"), "R", start=start))


@pytest.mark.parametrize("moment", INSTANTS_TO_KEEP)
async def test_a_time_comes_out_as_it_went_in_to_the_microsecond(database: Database, moment: datetime) -> None:
    await stored(database, moment)

    async with database.writing() as session:
        assert await session.scalar(select(CourseRun.start)) == moment
    async with database.reading() as snapshot:
        [row] = await snapshot.fetch('SELECT "start" FROM course_run')
        [portable] = await snapshot.fetch(str(select(micros(CourseRun.start)).compile(dialect=database.dialect)))
    assert portable[0] == (moment - EPOCH) // MICROSECOND
    assert row[0] == raw_instant(moment, database.dialect.name)
    assert instant(portable[0]) == instant(row[0], database.dialect.name) == moment
    assert INSTANTS[database.dialect.name][row[0]] == moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError) as caught:
        await stored(database, datetime(2026, 1, 1))  # noqa: DTZ001 -- the point

    assert isinstance(caught.value.orig, NaiveDatetime)


async def damage(database: Database) -> None:
    async with database.writing() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE course_run SET pacing = 'sideways'")


async def test_an_enum_holds_its_values_only(database: Database) -> None:
    await stored(database, datetime(2026, 1, 1, tzinfo=UTC))

    with pytest.raises(IntegrityError):
        await damage(database)
    async with database.writing() as session:
        assert await session.scalar(select(CourseRun.pacing)) is Pacing.INSTRUCTOR


async def test_texts_sort_byte_by_byte(database: Database) -> None:
    keys = ["b", "B", "a", "é", "z", "A-", "A_", "a b"]
    async with database.writing() as session:
        session.add_all([organization(key.replace(" ", "~") + str(i)) for i, key in enumerate(keys)])

    async with database.writing() as session:
        found = list(await session.scalars(select(Organization.key).order_by(Organization.key)))
    assert found == sorted(found, key=str.encode)
