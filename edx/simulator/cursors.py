"""Paging by cursor: places between rows ordered by a time that several of them may share, newest first.

A cursor is a position (the time of a row) and an offset from it, as the platform's framework encodes them in base 64.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from urllib.parse import parse_qs, urlencode

Row = TypeVar("Row")

LARGEST_OFFSET = 1000


class InvalidCursor(ValueError):
    """A text that is no cursor."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: `offset` rows on from those at `position`, or before them if in `reverse`."""

    offset: int = 0
    reverse: bool = False
    position: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The cursor that a text encodes. Raises InvalidCursor."""
        try:
            parts = parse_qs(base64.b64decode(text.encode("ascii"), validate=True).decode("ascii"))
            position = datetime.fromisoformat(parts["p"][0]).astimezone(UTC) if "p" in parts else None
            offset = min(int(parts.get("o", ["0"])[0]), LARGEST_OFFSET)
        except (ValueError, binascii.Error) as error:
            raise InvalidCursor(text) from error
        return cls(offset, parts.get("r", ["0"])[0] == "1", position)

    def __str__(self) -> str:
        parts = {"o": str(self.offset) if self.offset else "", "r": "1" if self.reverse else ""}
        parts["p"] = str(self.position) if self.position else ""
        query = urlencode({name: value for name, value in parts.items() if value})
        return base64.b64encode(query.encode("ascii")).decode("ascii")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """A page, and the cursors of its neighbours where it has them."""

    rows: Sequence[Row]
    next: Cursor | None
    previous: Cursor | None


def cut(rows: Sequence[Row], time: Callable[[Row], datetime], cursor: Cursor, size: int) -> Page[Row]:
    """The page of `rows` (newest first) at a cursor."""
    rows = rows[::-1] if cursor.reverse else rows
    if cursor.position:
        rows = [row for row in rows if _beyond(time(row), cursor)]
    page = rows[cursor.offset : cursor.offset + size]
    rest = rows[cursor.offset + size :]
    before = cursor.position is not None or cursor.offset > 0
    ahead = time(rest[0]) if rest else None
    if cursor.reverse:
        page = page[::-1]
        return _Neighbours(page, time, cursor, size, before, bool(rest), cursor.position, ahead).page()
    return _Neighbours(page, time, cursor, size, bool(rest), before, ahead, cursor.position).page()


def _beyond(moment: datetime, cursor: Cursor) -> bool:
    position = cursor.position or moment
    return moment > position if cursor.reverse else moment < position


@dataclass(frozen=True, slots=True)
class _Neighbours(Generic[Row]):
    """What the cursors of the neighbours follow from: whether there are rows on either side, and their times."""

    rows: Sequence[Row]
    time: Callable[[Row], datetime]
    cursor: Cursor
    size: int
    has_next: bool
    has_previous: bool
    next_position: datetime | None
    previous_position: datetime | None

    def page(self) -> Page[Row]:
        return Page(self.rows, self._next() if self.has_next else None, self._previous() if self.has_previous else None)

    def _next(self) -> Cursor:
        if not self.rows:
            return Cursor(position=self.next_position)
        turned = self.cursor.reverse and self.cursor.offset
        times = [self.time(row) for row in reversed(self.rows)]
        mark = self._mark(times, times[0] if turned else self.next_position)
        if mark:
            return Cursor(mark[0], reverse=False, position=mark[1])
        if not self.has_previous:
            return Cursor(self.size)
        offset = 0 if self.cursor.reverse else self.cursor.offset + self.size
        return Cursor(offset, reverse=False, position=self.previous_position)

    def _previous(self) -> Cursor:
        if not self.rows:
            return Cursor(reverse=True, position=self.previous_position)
        turned = not self.cursor.reverse and self.cursor.offset
        times = [self.time(row) for row in self.rows]
        mark = self._mark(times, times[0] if turned else self.previous_position)
        if mark:
            return Cursor(mark[0], reverse=True, position=mark[1])
        if not self.has_next:
            return Cursor(self.size, reverse=True)
        offset = self.cursor.offset + self.size if self.cursor.reverse else 0
        return Cursor(offset, reverse=True, position=self.next_position)

    @staticmethod
    def _mark(times: Sequence[datetime], beyond: datetime | None) -> tuple[int, datetime] | None:
        """The nearest time that differs from the one beyond the page, and how many rows are nearer."""
        for offset, moment in enumerate(times):
            if moment != beyond:
                return offset, moment
        return None
