"""Reports on learners for staff: the associations with one program or with all, with their progress, page by page.

Copies are taken as they are and never asked for again: a report says as of when each learner's are.
"""

import operator
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, String, bindparam, literal_column, select, tuple_

from db.engine import Database, Row
from db.tables import Course, Learner, Program, ProgramStatus, ProgramUser, ProgramUserStatus, now
from db.types import any_of, micros
from resolvers.learners.curricula import curricula, from_snapshot, records
from resolvers.learners.curricula import moment as moment_of
from resolvers.learners.rules import ProgramProgress, program_progress
from resolvers.plan.statements import Read, keys_parameter, render

PAGE = 500


@dataclass(frozen=True, slots=True)
class Line:
    """An association with its learner's progress; `courses` are the states of the program's courses by readable id."""

    program: str
    username: str
    status: str
    source: str
    associated_at: datetime
    completed_at: datetime | None
    progress: ProgramProgress
    courses: Mapping[str, str]
    enrollments_at: datetime | None
    certificates_at: datetime | None


async def lines(database: Database, program: str | None = None) -> AsyncIterator[list[Line]]:
    """The associations with the program of a UUID, or with all, in pages; deleted ones and deleted programs left out.

    Each page is a read of its own, so that however many there are, neither memory nor a transaction grows with them.
    """
    statement = render(_page(program), database.dialect, AFTER)
    after: Mapping[str, Any] = {"after_program": 0, "after_name": ""}
    while True:
        async with database.reading() as snapshot:
            rows = await snapshot.fetch(statement.sql, *statement.parameters(after))
            if not rows:
                return
            fetch = from_snapshot(snapshot, database.dialect)
            programs = await curricula(fetch, {row[0] for row in rows})
            known = await records(fetch, {row[2] for row in rows})
            ids = {course for each in programs.values() for course in each.courses()}
            names = {row[0]: row[1] for row in await fetch(COURSES, sorted(ids))}
        moment = now()
        yield [_line(row, program_progress(programs[row[0]], known[row[2]], moment), names) for row in rows]
        after = {"after_program": rows[-1][0], "after_name": rows[-1][2]}


AFTER: Mapping[str, Read] = {name: operator.itemgetter(name) for name in ("after_program", "after_name")}
COURSES = select(Course.id, Course.readable_id).where(any_of(Course.id, keys_parameter(BigInteger())))


def _page(program: str | None) -> Select[*tuple[Any, ...]]:
    of = ProgramUser
    times = [of.created_at, of.completed_at, Learner.enrollments_at, Learner.certificates_at]
    after = tuple_(bindparam("after_program", type_=BigInteger()), bindparam("after_name", type_=String()))
    query = (
        select(of.program_id, Program.uuid, of.username, of.status, of.source, *map(micros, times))
        .join(Program, Program.id == of.program_id)
        .outerjoin(Learner, Learner.username == of.username)
        .where(of.status != ProgramUserStatus.DELETED, Program.status != ProgramStatus.DELETED)
        .where(tuple_(of.program_id, of.username) > after)
        .order_by(of.program_id, of.username)
        .limit(literal_column(str(PAGE), BigInteger()))
    )
    return query if program is None else query.where(Program.uuid == program)


def _line(row: Row, progress: ProgramProgress, names: Mapping[int, str]) -> Line:
    _, program, username, status, source, *times = row
    associated, completed, enrollments, certificates = map(moment_of, times)
    assert associated is not None  # noqa: S101 -- every association has its time
    courses = {names[course.course_id]: course.state.value for course in progress.courses}
    return Line(program, username, status, source, associated, completed, progress, courses, enrollments, certificates)


async def programs(database: Database, program: str | None = None) -> Sequence[Row]:
    """What a report says of the programs themselves, or of the one of a UUID: UUID, name and status."""
    query = select(Program.uuid, Program.name, Program.status).where(Program.status != ProgramStatus.DELETED)
    if program is not None:
        query = query.where(Program.uuid == program)
    statement = render(query.order_by(Program.id), database.dialect, {})
    async with database.reading() as snapshot:
        return await snapshot.fetch(statement.sql, *statement.parameters({}))
