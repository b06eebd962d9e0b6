"""Reports on learners as text: the learners of a program as CSV, and programs with their learners as lines of JSON.

However long they are, memory does not grow with them.
"""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import orjson

from db.engine import Database
from db.types import iso
from resolvers.learners import report
from resolvers.learners.report import Line

COLUMNS = (
    "username", "status", "source", "associated_at", "completed_at", "completed", "courses_needed", "courses_done",
    "enrollments_as_of", "certificates_as_of",
)  # fmt: skip


async def as_csv(database: Database, program: str) -> AsyncIterator[bytes]:
    """The learners of the program of a UUID, one a line below the names of the columns, in the order of usernames."""
    yield _rows([COLUMNS])
    async for page in report.lines(database, program):
        yield _rows([_columns(line) for line in page])


async def as_json(database: Database, program: str | None = None) -> AsyncIterator[bytes]:
    """All programs, then all associations with their progress, or those of one program: one JSON object a line."""
    found = await report.programs(database, program)
    yield _objects({"type": "program", "program": uuid, "name": name, "status": status} for uuid, name, status in found)
    async for page in report.lines(database, program):
        yield _objects(_object(line) for line in page)


def _columns(line: Line) -> tuple[Any, ...]:
    progress = line.progress
    return (
        line.username, line.status, line.source, _iso(line.associated_at), _iso(line.completed_at),
        str(progress.is_completed).lower(), progress.needed, progress.done, _iso(line.enrollments_at),
        _iso(line.certificates_at),
    )  # fmt: skip


def _object(line: Line) -> dict[str, Any]:
    columns = dict(zip(COLUMNS, _columns(line), strict=True))
    columns["completed"] = line.progress.is_completed
    return {"type": "association", "program": line.program, **columns, "courses": line.courses}


def _rows(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _objects(objects: Any) -> bytes:
    return b"".join(orjson.dumps(each) + b"\n" for each in objects)


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else iso(moment)
