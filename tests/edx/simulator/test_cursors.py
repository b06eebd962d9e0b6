"""Paging by cursor: forwards and back again over rows of different and of equal times."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from edx.simulator.cursors import Cursor, InvalidCursor, cut

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

Row = tuple[int, datetime]


def rows(*days: int) -> list[Row]:
    """Rows at these days, newest first."""
    return [(number, BEGIN + timedelta(days=day)) for number, day in enumerate(sorted(days, reverse=True))]


def forwards(all_rows: Sequence[Row], size: int) -> list[Sequence[Row]]:
    pages: list[Sequence[Row]] = []
    cursor = Cursor()
    while len(pages) <= len(all_rows):
        page = cut(all_rows, lambda row: row[1], cursor, size)
        pages.append(page.rows)
        if page.next is None:
            break
        cursor = Cursor.parse(str(page.next))
    return pages


@pytest.mark.parametrize("size", [1, 2, 3, 10])
@pytest.mark.parametrize("days", [(1, 2, 3, 4, 5), (1, 1, 1, 1, 1), (1, 2, 2, 2, 3, 3), ()])
def test_going_forwards_meets_every_row_once(days: tuple[int, ...], size: int) -> None:
    all_rows = rows(*days)
    assert [row for page in forwards(all_rows, size) for row in page] == all_rows


@pytest.mark.parametrize("size", [1, 2, 3])
def test_going_back_from_the_end_meets_the_same_rows(size: int) -> None:
    all_rows, page = rows(*range(7)), cut(rows(*range(7)), lambda row: row[1], Cursor(), size)
    while page.next:
        page = cut(all_rows, lambda row: row[1], Cursor.parse(str(page.next)), size)
    met = list(page.rows)
    while page.previous:
        page = cut(all_rows, lambda row: row[1], Cursor.parse(str(page.previous)), size)
        met = [*page.rows, *met]
    assert met == all_rows


def test_the_first_page_has_no_previous_and_the_last_no_next() -> None:
    page = cut(rows(1, 2), lambda row: row[1], Cursor(), 2)
    assert (page.next, page.previous) == (None, None)


def test_a_page_beyond_the_end_is_empty_and_leads_back() -> None:
    beyond = cut(rows(1, 2), lambda row: row[1], Cursor(10), 2)
    assert (beyond.rows, beyond.next, beyond.previous) == ([], None, Cursor(reverse=True))

    before = cut(rows(1, 2), lambda row: row[1], Cursor(10, reverse=True), 2)
    assert (before.rows, before.next, before.previous) == ([], Cursor(), None)


@pytest.mark.parametrize(
    ("cursor", "text"),
    [
        (Cursor(2), "bz0y"),
        (
            Cursor(position=datetime(2025, 2, 1, 8, 6, 0, 6000, tzinfo=UTC)),
            "cD0yMDI1LTAyLTAxKzA4JTNBMDYlM0EwMC4wMDYwMDAlMkIwMCUzQTAw",
        ),
        (
            Cursor(reverse=True, position=datetime(2025, 3, 1, 12, tzinfo=UTC)),
            "cj0xJnA9MjAyNS0wMy0wMSsxMiUzQTAwJTNBMDAlMkIwMCUzQTAw",
        ),
    ],
)
def test_cursors_are_encoded_as_recorded(cursor: Cursor, text: str) -> None:
    """recordings/enrollments.json."""
    assert str(cursor) == text
    assert Cursor.parse(text) == cursor


@pytest.mark.parametrize("text", ["garbage", "bz14", "cD14", "é"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        Cursor.parse(text)
