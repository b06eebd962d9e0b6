"""Course modes, as recorded: the list and creation per course run, and each by its slug."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from edx.simulator.auth import Call, Crashed, Refused, Site, View, json_response, not_found, staff
from edx.simulator.service import route
from edx.simulator.times import NO_INSTANT, instant_or_none, parse_instant
from edx.simulator.world import Mode

PATH = "/api/course_modes/v1/courses/{course_id:course_id}/"
MERGE_PATCH = "application/merge-patch+json"
REQUIRED = ("course_id", "mode_slug", "mode_display_name", "currency")
UNCHANGING = ("course_id", "mode_slug")


def routes(site: Site) -> list[Route]:
    """The routes of the list and of one mode."""
    many = View({"GET": _list, "POST": _post}, permission=staff)
    one = View({"GET": _detail, "PATCH": _patch, "DELETE": _delete}, permission=staff)
    return [route(site, PATH, many), route(site, PATH + "{slug:path}", one)]


def _list(call: Call) -> Response:
    """An unknown course has no modes, and that is no error."""
    run = call.world.runs.get(call.path("course_id"))
    return json_response([_row(run.id, mode) for mode in run.modes.values()] if run else [])


def _post(call: Call) -> Response:
    """The course of the body wins over that of the path. An unknown course or an existing mode breaks the platform."""
    body = call.json_object()
    values = _read(body, required=REQUIRED)
    run = call.world.runs.get(body["course_id"])
    if run is None or values["slug"] in run.modes:
        raise Crashed
    mode = Mode(**values)
    run.modes[mode.slug] = mode
    return json_response(_row(run.id, mode), 201)


def _detail(call: Call) -> Response:
    return json_response(_row(call.path("course_id"), _found(call)))


def _patch(call: Call) -> Response:
    mode, body = _found(call), call.json_object(MERGE_PATCH)
    fixed = {name: ["This field cannot be modified."] for name in UNCHANGING if name in body}
    if fixed:
        raise Refused(400, fixed)
    call.world.runs[call.path("course_id")].modes[mode.slug] = replace(mode, **_read(body))
    return Response(status_code=204)


def _delete(call: Call) -> Response:
    del call.world.runs[call.path("course_id")].modes[_found(call).slug]
    return Response(status_code=204)


def _found(call: Call) -> Mode:
    run = call.world.runs.get(call.path("course_id"))
    mode = run.modes.get(call.path("slug")) if run else None
    if mode is None:
        raise not_found()
    return mode


def _row(course_id: str, mode: Mode) -> dict[str, Any]:
    return {
        "course_id": course_id,
        "mode_slug": mode.slug,
        "mode_display_name": mode.name,
        "min_price": mode.price,
        "currency": mode.currency,
        "expiration_datetime": instant_or_none(mode.expires),
        "expiration_datetime_is_explicit": mode.expires_explicitly,
        "description": mode.description,
        "sku": mode.sku,
        "bulk_sku": mode.bulk_sku,
    }


def _read(body: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of a body by field of Mode. Refused with the errors of every field: nothing may be null."""
    values: dict[str, Any] = {}
    errors = {name: ["This field is required."] for name in required if name not in body}
    for name, (field, read) in FIELDS.items():
        if name not in body:
            continue
        try:
            values[field] = read(body[name])
        except ValueError as error:
            errors[name] = ["This field may not be null."] if body[name] is None else [str(error)]
    if errors:
        raise Refused(400, errors)
    return values


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Not a valid string.")  # noqa: TRY004 - wrong types and values are refused alike
    if not value.strip():
        raise ValueError("This field may not be blank.")
    return value


def _price(value: Any) -> int:
    try:
        return int(value)
    except (OverflowError, TypeError, ValueError):
        raise ValueError("A valid integer is required.") from None


def _instant(value: Any) -> Any:
    parsed = parse_instant(value)
    if parsed is None:
        raise ValueError(NO_INSTANT)
    return parsed


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Must be a valid boolean.")  # noqa: TRY004 - wrong types and values are refused alike
    return value


FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "mode_slug": ("slug", _text),
    "mode_display_name": ("name", _text),
    "min_price": ("price", _price),
    "currency": ("currency", _text),
    "expiration_datetime": ("expires", _instant),
    "expiration_datetime_is_explicit": ("expires_explicitly", _flag),
    "description": ("description", _text),
    "sku": ("sku", _text),
    "bulk_sku": ("bulk_sku", _text),
}
