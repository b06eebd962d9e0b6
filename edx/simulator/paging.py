"""Paging by number, as the platform's default paginator does it, and the links between pages."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from edx.simulator.auth import Call, Refused

PAGE_SIZE = 10
LARGEST_PAGE = 100


def page_size(call: Call, default: int = PAGE_SIZE, largest: int = LARGEST_PAGE) -> int:
    """The page size asked for, cut to the largest; the default if it is missing or no positive number."""
    text = call.query("page_size") or ""
    size = int(text) if text.isdecimal() else 0
    return min(size, largest) or default


def page_number(call: Call, pages: int) -> int:
    """The page asked for, from 1; `last` is the last one. Refused with 404 if there is no such page."""
    text = call.query("page") or "1"
    number = pages if text == "last" else int(text) if text.isdecimal() else 0
    if not 1 <= number <= pages:
        raise Refused(404, "Invalid page.")
    return number


def pages_of(count: int, size: int) -> int:
    """How many pages there are: at least one."""
    return max(1, -(-count // size))


def page(call: Call, items: Sequence[Any]) -> tuple[dict[str, Any], Sequence[Any]]:
    """The envelope of a page without its `results`, and the items that are on it."""
    size = page_size(call)
    pages = pages_of(len(items), size)
    number = page_number(call, pages)
    start = (number - 1) * size
    envelope = {
        **neighbours(call.request, number, pages),
        "count": len(items),
        "num_pages": pages,
        "current_page": number,
        "start": start,
    }
    return envelope, items[start : start + size]


def neighbours(request: Request, number: int, pages: int) -> dict[str, str | None]:
    """The links to the next and the previous page, or None."""
    previous = None if number == 1 else link(request, page=None if number == 2 else number - 1)  # noqa: PLR2004
    return {"next": link(request, page=number + 1) if number < pages else None, "previous": previous}


def link(request: Request, **changes: Any) -> str:
    """The address of this request with parameters set, or taken away if None; the rest sorted, as the platform does."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name not in changes]
    query += [(name, str(value)) for name, value in changes.items() if value is not None]
    address = str(request.url.replace(query=urlencode(sorted(query), encoding="utf-8")))
    return address.rstrip("?")
