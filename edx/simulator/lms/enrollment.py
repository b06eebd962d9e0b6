"""The enrollments of one user, and a course run as they show it, as recorded."""

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from edx.simulator.auth import Call, Refused, Site, View, anyone, json_response
from edx.simulator.lms.enrollments import THROTTLES
from edx.simulator.service import route
from edx.simulator.times import instant, instant_or_none
from edx.simulator.world import CourseRun, Enrollment, Mode

PATH = "/api/enrollment/v1/"
DEFAULT_MODE = Mode("audit", "Audit")


def routes(site: Site) -> list[Route]:
    """The routes: none of them ends in a slash."""
    mine = View({"GET": _list, "POST": _enroll}, throttles=THROTTLES)
    one = View({"GET": _detail}, throttles=THROTTLES)
    course = View({"GET": _course}, permission=anyone, throttles=THROTTLES, authenticates=False)
    return [
        route(site, PATH + "enrollment", mine),
        route(site, PATH + "enrollment/{name:name},{course_id:course_id}", one),
        route(site, PATH + "enrollment/{course_id:course_id}", one),
        route(site, PATH + "course/{course_id:course_id}", course),
    ]


def _list(call: Call) -> Response:
    """Active enrollments, by default one's own. Staff see anybody's; others only those in courses of their teams."""
    username = call.query("user") or call.user.user.username
    rows = [row for row in call.world.enrollments.values() if row.username == username and row.active]
    shown = [row for row in rows if row.course_id in call.world.runs and _may_see(call, row)]
    return json_response([_row(call, row) for row in sorted(shown, key=lambda row: row.created)])


def _may_see(call: Call, row: Enrollment) -> bool:
    caller = call.user
    team = call.world.runs[row.course_id].team
    mine = row.username == caller.user.username
    return mine or caller.staff or any(member.username == caller.user.username for member in team)


def _detail(call: Call) -> Response:
    """One enrollment, inactive or not; where there is none, nothing at all with 200."""
    username = call.request.path_params.get("name", call.user.user.username)
    if username != call.user.user.username and not call.user.staff:
        return Response(status_code=404)
    row = call.world.enrollments.get((username, call.path("course_id")))
    return json_response(_row(call, row)) if row and row.course_id in call.world.runs else Response()


def _course(call: Call) -> Response:
    run = call.world.runs.get(call.path("course_id"))
    if run is None:
        return _message(f"No course found for course ID '{call.path('course_id')}'")
    expired_too = bool(call.query("include_expired"))
    return json_response(_details(call, run, expired_too=expired_too))


def _enroll(call: Call) -> Response:
    """Enroll oneself or, for staff, anybody; or change an enrollment's mode and whether it is active."""
    body = call.json_object()
    username = body.get("user") or call.user.user.username
    details = body.get("course_details")
    course_id = details.get("course_id") if isinstance(details, dict) else None
    if username != call.user.user.username and not call.user.staff:
        return Response(status_code=404)
    if course_id is None:
        return _message("Course ID must be specified to create a new enrollment.")
    if course_id not in call.world.runs:
        return _message(f"No course '{course_id}' found for enrollment")
    if username not in call.world.users:
        raise Refused(406, {"message": f"The user {username} does not exist."})
    return json_response(_row(call, _enrolled(call, username, course_id, body)))


def _enrolled(call: Call, username: str, course_id: str, body: dict[str, Any]) -> Enrollment:
    row = call.world.enrollments.get((username, course_id))
    if row is None:
        now = datetime.fromtimestamp(call.options.clock(), UTC)
        row = call.world.enroll(username, course_id, now)
    row.mode, row.active = body.get("mode") or row.mode, body.get("is_active", True)
    return row


def _message(text: str) -> Response:
    return json_response({"message": text}, 400)


def _row(call: Call, row: Enrollment) -> dict[str, Any]:
    return {
        "created": instant(row.created),
        "mode": row.mode,
        "is_active": row.active,
        "course_details": _details(call, call.world.runs[row.course_id], expired_too=False),
        "user": row.username,
    }


def _details(call: Call, run: CourseRun, *, expired_too: bool) -> dict[str, Any]:
    """A course run; one without modes shows the default one."""
    now = datetime.fromtimestamp(call.options.clock(), UTC)
    modes = list(run.modes.values()) or [DEFAULT_MODE]
    return {
        "course_id": run.id,
        "course_name": run.title,
        "enrollment_start": instant_or_none(run.enrollment_start),
        "enrollment_end": instant_or_none(run.enrollment_end),
        "course_start": instant_or_none(run.start),
        "course_end": instant_or_none(run.end),
        "invite_only": run.invitation_only,
        "course_modes": [_mode(each) for each in modes if expired_too or each.expires is None or each.expires > now],
        "pacing_type": "Self Paced" if run.self_paced else "Instructor Paced",
    }


def _mode(mode: Mode) -> dict[str, Any]:
    return {
        "slug": mode.slug,
        "name": mode.name,
        "min_price": mode.price,
        "suggested_prices": "",
        "currency": mode.currency,
        "expiration_datetime": instant_or_none(mode.expires),
        "description": mode.description,
        "sku": mode.sku,
        "bulk_sku": mode.bulk_sku,
    }
