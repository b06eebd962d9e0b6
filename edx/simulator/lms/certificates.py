"""Certificates, as recorded: those of a user, and the one in a course run."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from edx.simulator.auth import Call, Crashed, Site, View, forbidden, json_response
from edx.simulator.service import route
from edx.simulator.times import instant
from edx.simulator.world import Certificate

PATH = "/api/certificates/v0/certificates/{name:name}/"
READ_SCOPE = "certificates:read"


def routes(site: Site) -> list[Route]:
    """The routes of the list and of one certificate."""
    return [
        route(site, PATH, View({"GET": _list}, permission=_list_permitted)),
        route(site, PATH + "courses/{course_id:course_id}/", View({"GET": _detail}, permission=_detail_permitted)),
    ]


def _list_permitted(call: Call) -> bool:
    """A restricted token needs the scope and no filter, see README.md of the recordings."""
    return call.caller is not None and (not call.caller.restricted or READ_SCOPE in call.caller.scopes)


def _detail_permitted(call: Call) -> bool:
    """Staff and the owner. A restricted token would need a filter by organization, and none has it."""
    caller = call.caller
    return caller is not None and not caller.restricted and _may_read(call)


def _may_read(call: Call) -> bool:
    return call.user.user.staff or call.user.user.username == call.path("name")


def _list(call: Call) -> Response:
    """A bare array: passing certificates that can be looked at, the oldest first."""
    username = call.path("name")
    if not _may_read(call):
        raise forbidden() if username in call.world.users else Crashed
    mine = [each for each in call.world.certificates.values() if each.username == username and each.passing]
    return json_response([_row(call, each) for each in sorted(mine, key=lambda each: each.created)])


def _detail(call: Call) -> Response:
    certificate = call.world.certificates.get((call.path("name"), call.path("course_id")))
    if certificate is None:
        return json_response({"error_code": "no_certificate_for_user"}, 404)
    if certificate.download_url is None:
        return json_response({"error_code": "no_certificate_configuration_for_course"}, 404)
    return json_response(_short(certificate))


def _row(call: Call, certificate: Certificate) -> dict[str, Any]:
    run = call.world.runs.get(certificate.course_id)
    return {
        **_short(certificate),
        "course_display_name": run.title if run else None,
        "course_organization": run.key.org if run else None,
        "modified_date": instant(certificate.modified),
        "uuid": certificate.uuid,
    }


def _short(certificate: Certificate) -> dict[str, Any]:
    return {
        "username": certificate.username,
        "course_id": certificate.course_id,
        "certificate_type": certificate.mode,
        "created_date": instant(certificate.created),
        "status": certificate.status,
        "is_passing": certificate.passing,
        "download_url": certificate.download_url,
        "grade": certificate.grade,
    }
