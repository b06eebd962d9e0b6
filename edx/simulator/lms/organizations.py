"""Organizations, as recorded: /api/organizations/v0/organizations/. Only active ones are shown."""

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from edx.simulator.auth import Call, Refused, Site, View, forbidden, json_response, not_found
from edx.simulator.paging import page
from edx.simulator.service import route
from edx.simulator.times import instant
from edx.simulator.world import Organization

PATH = "/api/organizations/v0/organizations/"
ACTIVE_REFUSED = "Value of 'active' may not be specified via Organizations HTTP API."
REQUIRED = "This field is required."
NOT_NULL = "This field may not be null."
NO_TEXT = "Not a valid string."


def routes(site: Site) -> list[Route]:
    """The routes of the list and of one organization."""
    detail = View({"GET": _detail, "PUT": _put, "PATCH": _patch}, bearer=False)
    return [route(site, PATH, View({"GET": _list}, bearer=False)), route(site, PATH + "{name:name}/", detail)]


def _list(call: Call) -> Response:
    active = [each for each in call.world.organizations.values() if each.active]
    envelope, items = page(call, sorted(active, key=lambda each: each.id))
    return json_response({**envelope, "results": [_row(call, each) for each in items]})


def _detail(call: Call) -> Response:
    found = call.world.organizations.get(call.path("name"))
    if found is None or not found.active:
        raise not_found()
    return json_response(_row(call, found))


def _put(call: Call) -> Response:
    """Create, replace or rename; `active` may not be set, and an inactive organization becomes active."""
    if not call.user.staff:
        raise forbidden()
    body = call.json_object()
    if "active" in body:
        raise Refused(400, [ACTIVE_REFUSED])
    wrong = {name: [_complaint(body, name)] for name in ("name", "short_name") if not isinstance(body.get(name), str)}
    if wrong:
        raise Refused(400, wrong)
    return json_response(_row(call, _stored(call, body)))


def _complaint(body: dict[str, Any], name: str) -> str:
    if name not in body:
        return REQUIRED
    return NOT_NULL if body[name] is None else NO_TEXT


def _stored(call: Call, body: dict[str, Any]) -> Organization:
    organizations, now = call.world.organizations, datetime.fromtimestamp(call.options.clock(), UTC)
    old = organizations.pop(call.path("name"), None)
    new = Organization(
        id=old.id if old else max((each.id for each in organizations.values()), default=0) + 1,
        short_name=body["short_name"],
        name=body["name"],
        created=old.created if old else now,
        modified=now,
        description=body.get("description"),
        logo=body.get("logo"),
    )
    organizations[new.short_name] = new
    return new


def _patch(call: Call) -> Response:
    raise Refused(405, 'Method "PATCH" not allowed.') if call.user.staff else forbidden()


def _row(call: Call, organization: Organization) -> dict[str, Any]:
    logo = organization.logo
    return {
        "id": organization.id,
        "created": instant(organization.created),
        "modified": instant(organization.modified),
        "name": organization.name,
        "short_name": organization.short_name,
        "description": organization.description,
        "logo": call.base + logo if logo and logo.startswith("/") else logo,
        "active": organization.active,
    }
