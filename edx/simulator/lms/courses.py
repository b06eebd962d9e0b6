"""Courses, as recorded: the list with its estimated count, and the detail with its overview."""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from edx.simulator.auth import Call, FieldErrors, Refused, Site, View, anyone, forbidden, json_response
from edx.simulator.options import Options, Throttle
from edx.simulator.paging import neighbours, page_number, page_size, pages_of
from edx.simulator.service import route
from edx.simulator.times import instant_or_none
from edx.simulator.world import NO_START, CourseRun, Key, User

PATH = "/api/courses/v1/courses/"
THROTTLES = (Throttle.COURSES_STAFF, Throttle.COURSES)
MONTHS = ("Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.")
OVERVIEW = (
    '<section class="about">\n  <h2>About This Course</h2>\n  <p>{title}: what it is about.</p>\n</section>\n'
    '<section class="prerequisites">\n  <h2>Requirements</h2>\n  <p>None.</p>\n</section>\n'
)


def routes(site: Site) -> list[Route]:
    """The routes of the list and of one course run, whose slash at the end is optional."""
    detail = View({"GET": _detail}, permission=anyone, throttles=THROTTLES, developer=True)
    many = View({"GET": _list}, permission=anyone, throttles=THROTTLES, developer=True)
    paths = (PATH + "{course_id:course_id}", PATH + "{course_id:course_id}/")
    return [route(site, PATH, many), *(route(site, path, detail) for path in paths)]


def _detail(call: Call) -> Response:
    viewer = _viewer(call)
    run = call.world.runs.get(call.path("course_id"))
    if run is None or not _visible(run, viewer, _now(call)):
        raise Refused(404, "Course not found.")
    body = {**_row(call, run), "overview": OVERVIEW.format(title=html.escape(run.title))}
    if viewer:
        enrollment = call.world.enrollments.get((viewer.username, run.id))
        body["is_enrolled"] = enrollment is not None and enrollment.active
    return json_response(body)


def _list(call: Call) -> Response:
    """`count` is an estimate: rows that the viewer may not see count until a page reaches them."""
    viewer, now = _viewer(call), _now(call)
    rows = list(_asked_for(call, now))
    size = page_size(call)
    number = page_number(call, pages_of(len(rows), size))
    seen, count = _reached(rows, viewer, now, number * size)
    pages = pages_of(count, size)
    pagination = {**neighbours(call.request, number, pages), "count": count, "num_pages": pages}
    results = [_row(call, run) for run in seen[(number - 1) * size :]]
    return json_response({"results": results, "pagination": pagination})


def _reached(rows: Sequence[CourseRun], viewer: User | None, now: datetime, wanted: int) -> tuple[list[CourseRun], int]:
    """The first visible rows as far as wanted, and how many there seem to be in all."""
    seen: list[CourseRun] = []
    for position, run in enumerate(rows):
        if len(seen) == wanted:
            return seen, len(seen) + len(rows) - position
        if _visible(run, viewer, now):
            seen.append(run)
    return seen, len(seen)


def _asked_for(call: Call, now: datetime) -> Iterator[CourseRun]:
    """The runs that the parameters choose, by key."""
    keys = _course_keys(call)
    organization, text = call.query("org"), (call.query("search_term") or "").casefold()
    mobile, active = (call.query(name) == "true" for name in ("mobile", "active_only"))
    for course_id, run in sorted(call.world.runs.items()):
        if (
            (keys is None or course_id in keys)
            and (organization is None or run.key.org.casefold() == organization.casefold())
            and text in f"{run.title} {run.org} {run.number}".casefold()
            and not (mobile and not run.mobile)
            and not (active and run.end is not None and run.end <= now)
        ):
            yield run


def _course_keys(call: Call) -> set[str] | None:
    given = call.query("course_keys")
    if not given:
        return None
    for key in given.split(","):
        if Key.parse(key) is None:
            raise FieldErrors({"course_keys": f"'{key}' is not a valid course key."})
    return set(given.split(","))


def _viewer(call: Call) -> User | None:
    """Whose view it is: that of `username`, which is one's own or, for staff, anybody's; without it a visitor's."""
    username = call.query("username")
    if not username:
        return None
    if call.caller is None or not (call.caller.staff or call.caller.user.username == username):
        raise forbidden()
    if username not in call.world.users:
        raise Refused(404, "User matching query does not exist.")
    return call.world.users[username]


def _visible(run: CourseRun, viewer: User | None, now: datetime) -> bool:
    """Staff and the team see every run, others those that have started or that they may enroll in."""
    if viewer and (viewer.staff or any(member.username == viewer.username for member in run.team)):
        return True
    return not run.staff_only and (run.start <= now or _open(run, now))


def _open(run: CourseRun, now: datetime) -> bool:
    """Whether enrollment is open to anybody."""
    begun = run.enrollment_start is None or run.enrollment_start <= now
    return begun and (run.enrollment_end is None or now < run.enrollment_end) and not run.invitation_only


def _now(call: Call) -> datetime:
    return datetime.fromtimestamp(call.options.clock(), UTC)


def _row(call: Call, run: CourseRun) -> dict[str, Any]:
    started = run.start != NO_START
    return {
        "blocks_url": f"{call.base}/api/courses/v2/blocks/?course_id={quote(run.id, safe='')}",
        "effort": run.effort,
        "end": instant_or_none(run.end),
        "enrollment_start": instant_or_none(run.enrollment_start),
        "enrollment_end": instant_or_none(run.enrollment_end),
        "id": run.id,
        "media": _media(call.base, run.key),
        "name": _shown(run.title, call.options),
        "number": run.number,
        "org": run.org,
        "short_description": run.short_description,
        "start": instant_or_none(run.start),
        "start_display": f"{MONTHS[run.start.month - 1]} {run.start.day}, {run.start.year}" if started else None,
        "start_type": "timestamp" if started else "empty",
        "pacing": "self" if run.self_paced else "instructor",
        "mobile_available": run.mobile,
        "hidden": run.hidden,
        "invitation_only": run.invitation_only,
        "course_id": run.id,
    }


def _shown(title: str, options: Options) -> str:
    """The title as the list gives it: without what looks like a tag; escaped in older releases."""
    if options.escape_titles:
        return html.escape(title)
    return html.unescape(" ".join(re.sub("<[^>]*>", "", title).split()))


def _media(base: str, key: Key) -> dict[str, Any]:
    path = f"/asset-v1:{key.org}+{key.course}+{key.run}+type@asset+block@images_course_image.jpg"
    if key.deprecated:
        path = f"/c4x/{key.org}/{key.course}/asset/images_course_image.jpg"
    return {
        "banner_image": {"uri": path, "uri_absolute": base + path},
        "course_image": {"uri": path},
        "course_video": {"uri": None},
        "image": {"raw": base + path, "small": base + path, "large": base + path},
    }
