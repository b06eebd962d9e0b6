"""`POST /oauth2/access_token`: tokens for registered applications, by their own credentials (RFC 6749, §4.4).

The path and the form are those of the LMS, so that a client of the one is a client of the other.
"""

import base64
import binascii
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db.engine import Database
from db.errors import DatabaseError
from db.tables import now
from resolvers.access import ANONYMOUS
from resolvers.errors import Code
from server.applications.registry import Application, Scope, find
from server.applications.tokens import Tokens
from server.operations import Refusal
from server.throttle import Throttle

PATH = "/oauth2/access_token"
FORM = "application/x-www-form-urlencoded"
LONGEST_FORM = 8 * 1024
MOST_PARAMETERS = 16
LONGEST_ID = 64
NO_STORE: Mapping[str, str] = MappingProxyType({"cache-control": "no-store", "pragma": "no-cache"})
CHALLENGE: Mapping[str, str] = MappingProxyType({"www-authenticate": 'Basic realm="api", charset="UTF-8"'})

log = structlog.get_logger(__name__)


class OAuthError(Exception):
    """A request that gets no token: its status, and `error` and `error_description` as in RFC 6749, §5.2."""

    def __init__(self, status: int, error: str, description: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.headers = headers or {}


class TokenEndpoint:
    """Answers requests for tokens, which take a point each of the address that they come from."""

    def __init__(self, database: Database, tokens: Tokens, throttle: Throttle) -> None:
        self._database = database
        self._tokens = tokens
        self._throttle = throttle

    def routes(self) -> list[Route]:
        """The routes: the slash at the end is optional, as at the LMS."""
        return [Route(path, self.answer, methods=["POST"]) for path in (PATH, f"{PATH}/")]

    async def answer(self, request: Request) -> Response:
        """A token, or why there is none."""
        try:
            await self._throttle.take(ANONYMOUS, 1)
            return _json(await self._granted(request))
        except OAuthError as error:
            log.info("no_access_token", error=error.error, detail=str(error))
            return _json({"error": error.error, "error_description": str(error)}, error.status, error.headers)
        except Refusal as error:
            status = 429 if error.code is Code.RATE_LIMITED else 503
            description = error.errors[0]["message"]
            return _json({"error": "temporarily_unavailable", "error_description": description}, status)
        except DatabaseError as error:
            log.warning("database_fault", error=str(error))
            description = "The database does not answer; try again later."
            return _json({"error": "temporarily_unavailable", "error_description": description}, 503)

    async def _granted(self, request: Request) -> dict[str, Any]:
        form = await _form(request)
        given_by_header = request.headers.get("authorization")
        client_id, secret = _credentials(given_by_header, form)
        grant_type = form.get("grant_type")
        if grant_type is None:
            raise OAuthError(400, "invalid_request", "grant_type is missing")
        application, generation = await self._authenticated(client_id, secret, by_header=given_by_header is not None)
        if grant_type != "client_credentials":
            raise OAuthError(400, "unsupported_grant_type", "only client_credentials is granted here")
        scopes = _scopes(application, form.get("scope", ""))
        log.info("access_granted", application=application.client_id, scopes=" ".join(sorted(scopes)))
        return {
            "access_token": self._tokens.issue(application, scopes, generation),
            "token_type": "Bearer",
            "expires_in": int(self._tokens.lifetime.total_seconds()),
            "scope": " ".join(sorted(scopes)),
        }

    async def _authenticated(self, client_id: str, secret: str, *, by_header: bool) -> tuple[Application, int]:
        """The application, and the generation of its secret, as they are now; which of them is wrong is not told."""
        is_possible = client_id.isascii() and client_id.isalnum() and len(client_id) <= LONGEST_ID
        application = await find(self._database, client_id) if is_possible else None
        generation = application.generation_of(secret, now()) if application else None
        if application is None or generation is None or application.is_disabled:
            problem = "the client is unknown, or its secret is wrong"
            raise OAuthError(401, "invalid_client", problem, CHALLENGE if by_header else {})
        return application, generation


async def _form(request: Request) -> dict[str, str]:
    """The parameters of a request, each given once at most. Raises OAuthError."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError(400, "invalid_request", f"send the parameters as {FORM}")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            raise OAuthError(413, "invalid_request", f"the form has more than {LONGEST_FORM} bytes")
    try:
        pairs = parse_qsl(body.decode(), errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise OAuthError(400, "invalid_request", "the form is not UTF-8, or has too many parameters") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError(400, "invalid_request", "a parameter is given twice")
    return form


def _credentials(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret, from HTTP Basic or from the form, but not from both. Raises OAuthError."""
    if authorization is None:
        if "client_id" not in form or "client_secret" not in form:
            raise OAuthError(401, "invalid_client", "client_id and client_secret are missing")
        return form["client_id"], form["client_secret"]
    if "client_secret" in form:
        raise OAuthError(400, "invalid_request", "the client says who it is in two ways; choose one")
    scheme, _, value = authorization.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        client_id = colon = secret = ""
    if scheme.lower() != "basic" or not colon:
        raise OAuthError(401, "invalid_client", "the header Authorization is not HTTP Basic", CHALLENGE)
    return unquote_plus(client_id), unquote_plus(secret)  # RFC 6749, §2.3.1


def _scopes(application: Application, asked: str) -> frozenset[Scope]:
    """The scopes asked for, by default all that the application has. Raises OAuthError."""
    named = frozenset(asked.split()) or application.scopes
    if not named <= application.scopes:
        had = " ".join(sorted(application.scopes))
        raise OAuthError(400, "invalid_scope", f"the scopes of the application are: {had}")
    return frozenset(map(Scope, named))


def _json(content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(content, status, {**NO_STORE, **(headers or {})})
