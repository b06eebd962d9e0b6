"""API views as Django REST framework has them: who calls, whether they may, how often, and the two shapes of errors."""

import json
import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from edx.simulator.options import Options, Throttle
from edx.simulator.tokens import Caller, caller_of_jwt, caller_of_opaque
from edx.simulator.world import World

INVALID_TOKEN = "Invalid token."  # noqa: S105 - a message
NO_CREDENTIALS = "Authentication credentials were not provided."
FORBIDDEN = "You do not have permission to perform this action."
UNKNOWN_TOKEN = {
    "error_code": "token_nonexistent",
    "developer_message": "The provided access token does not match any valid tokens.",
}
WINDOW = 60
"""Seconds over which a throttle counts."""


class Refused(Exception):
    """A request that is refused in words: `detail` goes into the view's shape of errors."""

    def __init__(self, status: int, detail: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


class FieldErrors(Exception):
    """Parameters that are refused with 400, in words for each, in the shape that such views share."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


class Crashed(Exception):
    """What the platform does not catch: it answers 500 with an HTML page."""


def not_found() -> Refused:
    """The plain 404 of a view."""
    return Refused(404, "Not found.")


def forbidden() -> Refused:
    """The plain 403 of a view."""
    return Refused(403, FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a view, after authentication. `caller` is None for an anonymous one, `body` the raw bytes."""

    world: World
    options: Options
    request: Request
    caller: Caller | None
    body: bytes

    @property
    def user(self) -> Caller:
        """The caller, where the view lets nobody else in."""
        if self.caller is None:
            raise Refused(401, NO_CREDENTIALS)
        return self.caller

    @property
    def base(self) -> str:
        """The address of the service as the caller wrote it, without a slash at the end."""
        return str(self.request.base_url).rstrip("/")

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A parameter of the query, the last one if it is there more than once."""
        return self.request.query_params.get(name)

    def json(self, media_type: str = "application/json") -> Any:
        """The body parsed. Refused with 415 for another media type, with 400 in Python's words if it is no JSON."""
        given = self.request.headers.get("content-type", "")
        if given.partition(";")[0].strip() != media_type:
            raise Refused(415, f'Unsupported media type "{given}" in request.')
        return parse_json(self.body)

    def json_object(self, media_type: str = "application/json") -> dict[str, Any]:
        """The body parsed as `json` does. Refused with 400 if it is JSON of another type."""
        body = self.json(media_type)
        if not isinstance(body, dict):
            message = f"Invalid data. Expected a dictionary, but got {type(body).__name__}."
            raise Refused(400, {"non_field_errors": [message]})
        return body


def parse_json(body: bytes) -> Any:
    """The JSON of a body. Refused with 400 in the words of Python's own parser, as the platform answers."""
    try:
        return json.loads(body)
    except ValueError as error:
        raise Refused(400, f"JSON parse error - {error}") from None


Permission = Callable[[Call], bool]
Handler = Callable[[Call], Response]


def anyone(_: Call) -> bool:
    """The view is open to all."""
    return True


def signed_in(call: Call) -> bool:
    """Any user, but no restricted token."""
    return call.caller is not None and not call.caller.restricted


def staff(call: Call) -> bool:
    """Global staff, but no restricted token."""
    return call.caller is not None and call.caller.staff


@dataclass(frozen=True, slots=True)
class View:
    """A view of the API: what it does by method, for whom, and how it says no.

    `throttles` are (of staff, of others). `bearer` tells whether opaque tokens are taken beside JWTs.
    `developer` chooses the shape of errors: `{"developer_message": …}` without WWW-Authenticate and Retry-After,
    or `{"detail": …}` with them. `anonymous_message` is what a view tells an anonymous caller who may not. A view that
    does not authenticate takes everybody for anonymous, whatever token is shown.
    """

    handlers: Mapping[str, Handler]
    permission: Permission = signed_in
    throttles: tuple[Throttle, Throttle] | None = None
    authenticates: bool = True
    bearer: bool = True
    developer: bool = False
    anonymous_message: str = NO_CREDENTIALS

    @property
    def allow(self) -> str:
        """The value of the header Allow, in the order in which the platform gives it."""
        head = ("HEAD",) if "GET" in self.handlers else ()
        return ", ".join((*self.handlers, *head, "OPTIONS"))


@dataclass(slots=True)
class Throttles:
    """The requests of the last minute by throttle and caller."""

    options: Options
    _past: dict[tuple[Throttle, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def wait(self, throttle: Throttle, caller: str) -> float | None:
        """Count a request; if there were too many in the last minute, the seconds to wait (it is then not counted)."""
        rate = self.options.rates.get(throttle)
        if rate is None:
            return None
        now, past = self.options.clock(), self._past[throttle, caller]
        while past and past[0] <= now - WINDOW:
            past.popleft()
        if len(past) >= rate:
            return WINDOW - (now - past[0])
        past.append(now)
        return None


@dataclass(frozen=True, slots=True)
class Site:
    """A service that has views: what they share."""

    world: World
    options: Options
    throttles: Throttles

    async def answer(self, view: View, request: Request) -> Response:
        """Go through a view in the platform's order: media type, caller, permission, throttle, method."""
        body = await request.body()
        try:
            response = self._handled(view, request, body)
        except Refused as refused:
            response = _refusal(view, refused)
        except FieldErrors as refused:
            errors = {name: {"developer_message": text} for name, text in refused.errors.items()}
            response = json_response({"field_errors": errors}, 400)
        response.headers["allow"] = view.allow
        return response

    def _handled(self, view: View, request: Request, body: bytes) -> Response:
        _negotiate(request)
        call = Call(self.world, self.options, request, self._caller(view, request), body)
        if not view.permission(call):
            raise forbidden() if call.caller else Refused(401, view.anonymous_message)
        self._throttle(view, call)
        handler = view.handlers.get("GET" if request.method == "HEAD" else request.method)
        if request.method == "OPTIONS":
            return json_response({"renders": ["application/json"], "parses": ["application/json"]})
        if handler is None:
            raise Refused(405, f'Method "{request.method}" not allowed.')
        return handler(call)

    def _caller(self, view: View, request: Request) -> Caller | None:
        if not view.authenticates:
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "jwt":
            return _known(caller_of_jwt(self.world, self.options, token), INVALID_TOKEN)
        if scheme.lower() == "bearer" and view.bearer:
            return _known(caller_of_opaque(self.world, self.options, token), UNKNOWN_TOKEN)
        return None

    def _throttle(self, view: View, call: Call) -> None:
        if view.throttles is None:
            return
        of_staff, of_others = view.throttles
        caller = call.caller.user.username if call.caller else f"address {address(call.request)}"
        wait = self.throttles.wait(of_staff if call.caller and call.caller.staff else of_others, caller)
        if wait is not None:
            seconds = math.ceil(wait)
            message = f"Request was throttled. Expected available in {seconds} second{'' if seconds == 1 else 's'}."
            raise Refused(429, message, {"retry-after": str(seconds)})


def address(request: Request) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else ""


def _known(caller: Caller | None, message: Any) -> Caller:
    if caller is None:
        raise Refused(401, message)
    return caller


def _negotiate(request: Request) -> None:
    """The views render JSON alone."""
    accept = request.headers.get("accept", "*/*")
    wanted = {item.partition(";")[0].strip() for item in accept.split(",")}
    if not wanted & {"*/*", "application/*", "application/json"}:
        raise Refused(406, "Could not satisfy the request Accept header.")


def _refusal(view: View, refused: Refused) -> Response:
    if view.developer:
        return json_response({"developer_message": refused.detail}, refused.status)
    body = {"detail": refused.detail} if isinstance(refused.detail, str) else refused.detail
    response = json_response(body, refused.status)
    response.headers.update(refused.headers)
    if refused.status == 401:  # noqa: PLR2004 - a status
        response.headers["www-authenticate"] = 'JWT realm="api"'
    return response


def json_response(body: Any, status: int = 200) -> Response:
    """JSON as the platform labels it."""
    return Response(orjson.dumps(body), status, media_type="application/json")
