"""The bulk list of enrollments, as recorded: newest first, by cursor, inactive rows too; for staff alone."""

import re
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from edx.simulator.auth import Call, FieldErrors, Refused, Site, View, json_response, staff
from edx.simulator.cursors import Cursor, InvalidCursor, cut
from edx.simulator.options import Throttle
from edx.simulator.paging import LARGEST_PAGE, link, page_size
from edx.simulator.service import route
from edx.simulator.times import instant
from edx.simulator.world import Enrollment, Key

PATH = "/api/enrollment/v1/enrollments"
THROTTLES = (Throttle.ENROLLMENTS_STAFF, Throttle.ENROLLMENTS)
MOST_NAMES = 100
USERNAME = re.compile(r"[-a-zA-Z0-9_]+")
BAD_USERNAME = "Usernames can only contain letters (A-Z, a-z), numerals (0-9), underscores (_), and hyphens (-)."


def routes(site: Site) -> list[Route]:
    """The routes of the list: the slash at the end is optional."""
    view = View({"GET": _list}, permission=staff, throttles=THROTTLES, developer=True)
    return [route(site, path, view) for path in (PATH, PATH + "/")]


def _list(call: Call) -> Response:
    try:
        cursor = Cursor.parse(call.query("cursor") or "")
    except InvalidCursor:
        raise Refused(404, "Invalid cursor") from None
    page = cut(_rows(call), lambda row: row.created, cursor, page_size(call, default=LARGEST_PAGE))
    links = {"next": page.next, "previous": page.previous}
    return json_response(
        {name: link(call.request, cursor=at) if at else None for name, at in links.items()}
        | {"results": [_row(row) for row in page.rows]}
    )


def _rows(call: Call) -> list[Enrollment]:
    """The rows asked for, newest first. Of one time, the order is that of the database's index, as recorded."""
    usernames, courses = _asked_for(call)
    rows = call.world.enrollments.values()
    filtered = usernames is not None or courses is not None
    found = [
        row
        for row in rows
        if (usernames is None or row.username in usernames) and (courses is None or row.course_id in courses)
    ]
    found.sort(key=lambda row: row.number, reverse=not filtered)
    return sorted(found, key=lambda row: row.created, reverse=True)


def _asked_for(call: Call) -> tuple[set[str] | None, set[str] | None]:
    """The user names and the course ids that the parameters choose. FieldErrors for all that is badly formed."""
    errors: dict[str, str] = {}
    names, emails = (_list_of(call, name) for name in ("username", "email"))
    courses = _list_of(call, "course_id", "course_ids")
    for name, given in (("username", names), ("email", emails)):
        if given and len(given) > MOST_NAMES:
            errors[name] = f"Too many {name}s in a single request - {len(given)}. A maximum of {MOST_NAMES} is allowed"
    if "username" not in errors and not all(USERNAME.fullmatch(name) for name in names or ()):
        errors["username"] = BAD_USERNAME
    for course in courses or ():
        if Key.parse(course) is None:
            errors["course_id"] = f"'{course}' is not a valid course id."
    if errors:
        raise FieldErrors(errors)
    return _both(names, _with_emails(call, emails)), None if courses is None else set(courses)


def _list_of(call: Call, *names: str) -> list[str] | None:
    """The items of the first parameter that is given and not empty."""
    given = next((value for name in names if (value := call.query(name))), None)
    return given.split(",") if given else None


def _with_emails(call: Call, emails: list[str] | None) -> list[str] | None:
    if emails is None:
        return None
    return [user.username for user in call.world.users.values() if user.email in emails]


def _both(names: list[str] | None, others: list[str] | None) -> set[str] | None:
    """The user names that both parameters choose, where one that is missing chooses all."""
    if names is None or others is None:
        chosen = names if others is None else others
        return None if chosen is None else set(chosen)
    return set(names) & set(others)


def _row(row: Enrollment) -> dict[str, Any]:
    return {
        "created": instant(row.created),
        "mode": row.mode,
        "is_active": row.active,
        "user": row.username,
        "course_id": row.course_id,
    }
