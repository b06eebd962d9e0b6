"""Sign-in by the cookies that the LMS sets for Open edX's micro-frontends (`edx-jwt-cookie-*`).

They do what edx-drf-extensions does on the platform's own services: a request with the header `USE-JWT-COOKIE` is
signed in by the token whose halves are in two cookies. Browsers send cookies along with requests of any page, so such
a request must come from a page that is trusted, and whatever may change something must repeat a token that only that
page can read: it is had at `/csrf/api/v1/token`, where the platform's own client library looks for it.
"""

import hmac
import re
import secrets
from collections.abc import Awaitable, Collection, Mapping

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from resolvers.errors import Code
from server import metrics
from server.errors import refused
from server.exchange import headers_of, with_header
from server.subscriptions.origins import is_allowed

HALVES = ("edx-jwt-cookie-header-payload", "edx-jwt-cookie-signature")
WANTED = "use-jwt-cookie"
CSRF_COOKIE = "collegium_csrf"
"""Not the platform's `csrftoken`: set for the whole domain, the LMS's would stand beside ours under one name."""

CSRF_HEADER = "x-csrftoken"
CSRF_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger(__name__)


class JwtCookies:
    """ASGI middleware: puts the token of the cookies into `Authorization` where a request wants to be signed in so.

    A header `Authorization` that is there already stays, and cookies do not matter then.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str] = ()) -> None:
        self._app = app
        self._origins = frozenset(origin.lower() for origin in origins)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request; 403 where it may have been forged."""
        if scope["type"] == "http" and _wants_cookies(scope):
            headers = Headers(scope=scope)
            cookies = _cookies(headers)
            problem = self._problem(scope["method"], headers, cookies)
            if problem is not None:
                return _forbidden(problem)(scope, receive, send)
            scope = _signed_in(scope, cookies)
        return self._app(scope, receive, send)

    def _problem(self, method: str, headers: Headers, cookies: Mapping[str, str]) -> str | None:
        """Why a request may have been forged, or None."""
        if not is_allowed(headers, self._origins):
            return "cookies sign in from pages of this server and of COLLEGIUM_ALLOWED_ORIGINS only"
        if method in READ_ONLY:
            return None
        kept, sent = cookies.get(CSRF_COOKIE, ""), headers.get(CSRF_HEADER, "")
        if CSRF_TOKEN.fullmatch(kept) and hmac.compare_digest(kept.encode(), sent.encode()):
            return None
        return "send the csrfToken of /csrf/api/v1/token in the header X-CSRFToken, and its cookie along"


def csrf_route() -> Route:
    """Where a page gets the token that its requests must repeat, `{"csrfToken": …}`, and the cookie to compare with."""

    async def csrf(request: Request) -> Response:
        kept = _cookies(request.headers).get(CSRF_COOKIE, "")
        token = kept if CSRF_TOKEN.fullmatch(kept) else secrets.token_urlsafe(32)
        response = JSONResponse({"csrfToken": token}, headers={"Cache-Control": "no-store"})
        response.set_cookie(CSRF_COOKIE, token, httponly=True, samesite="lax", secure=request.url.scheme == "https")
        return response

    return Route("/csrf/api/v1/token", csrf, methods=["GET"])


def _wants_cookies(scope: Scope) -> bool:
    headers = headers_of(scope)
    return WANTED in headers and "authorization" not in headers


def _cookies(headers: Headers) -> Mapping[str, str]:
    """The cookies of a request; where several have one name, the first, which browsers send for the nearest path."""
    found: dict[str, str] = {}
    for part in ";".join(headers.getlist("cookie")).split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name, value)
    return found


def _signed_in(scope: Scope, cookies: Mapping[str, str]) -> Scope:
    """The request with the token of its cookies; without both halves nobody is signed in."""
    token = _token(cookies)
    return scope if token is None else with_header(scope, "authorization", token)


def _token(cookies: Mapping[str, str]) -> str | None:
    halves = [cookies.get(name) for name in HALVES]
    return f"JWT {'.'.join(half for half in halves if half)}" if all(halves) else None


def with_token_of_cookies(headers: Headers) -> Headers:
    """The headers of a request signed in by its cookies, whatever page it comes from; `Authorization` goes before them.

    For what a browser merely follows a link to: it changes nothing, and no page can read its answer.
    """
    token = None if "authorization" in headers else _token(_cookies(headers))
    return headers if token is None else Headers({**headers, "authorization": token})


def _forbidden(problem: str) -> Response:
    log.info("forbidden", detail=problem)
    metrics.REFUSED_TOKENS.labels("CSRF").inc()
    return JSONResponse({"errors": [refused(Code.FORBIDDEN, problem)]}, 403)
