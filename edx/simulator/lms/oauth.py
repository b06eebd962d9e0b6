"""Tokens for client credentials, as recorded: /oauth2/access_token, and the simulator's own /oauth2/jwks.json."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from edx.simulator.auth import Site, address, json_response
from edx.simulator.options import Throttle
from edx.simulator.service import METHODS, html
from edx.simulator.tokens import JWT_SECONDS, OPAQUE_SECONDS, issue_jwt, issue_opaque, key_set
from edx.simulator.world import Application


def routes(site: Site) -> list[Route]:
    """The routes: the slash at the end of the token's is optional."""

    async def access_token(request: Request) -> Response:
        return _answer(site, request, await request.body())

    async def jwks(_: Request) -> Response:
        return json_response(key_set(site.options))

    paths = ("/oauth2/access_token", "/oauth2/access_token/")
    return [*(Route(path, access_token, methods=METHODS) for path in paths), Route("/oauth2/jwks.json", jwks)]


def _answer(site: Site, request: Request, body: bytes) -> Response:
    if site.throttles.wait(Throttle.TOKENS, address(request)) is not None:
        return HTMLResponse(html("Too Many Requests"), 429)
    if request.method != "POST":
        headers = {"allow": "POST, OPTIONS", "content-type": "text/html; charset=utf-8"}
        return Response(status_code=200 if request.method == "OPTIONS" else 405, headers=headers)
    form = _form(request, body)
    if form.get("grant_type") != "client_credentials":
        return _error(400, "unsupported_grant_type")
    application = _client(site, request, form)
    if application is None:
        return _error(401, "invalid_client")
    scopes = _scopes(application, form)
    if scopes is None:
        return _error(400, "invalid_scope")
    return json_response(_token(site, request, form, application, scopes))


def _form(request: Request, body: bytes) -> dict[str, str]:
    """The form; a body of another type is no form, and so an empty one."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _client(site: Site, request: Request, form: Mapping[str, str]) -> Application | None:
    """The application whose id and secret the form or HTTP Basic give."""
    client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    application = site.world.applications.get(client_id)
    if application is None or not secrets.compare_digest(application.client_secret.encode(), secret.encode()):
        return None
    return application


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return client_id, secret


def _scopes(application: Application, form: Mapping[str, str]) -> tuple[str, ...] | None:
    """The scopes asked for, by default all that need not be asked for; None if one of them is not to be had."""
    asked = tuple(form.get("scope", "").split()) or application.scopes
    return asked if set(asked) <= {*application.scopes, *application.on_request} else None


def _token(
    site: Site, request: Request, form: Mapping[str, str], application: Application, scopes: tuple[str, ...]
) -> dict[str, object]:
    wanted = form.get("token_type") or request.headers.get("x-token-type", "")
    if wanted.lower() == "jwt":
        asymmetric = form.get("asymmetric_jwt", "").lower() == "true"
        token = issue_jwt(site.world, site.options, application, scopes, asymmetric=asymmetric)
        kind, seconds = "JWT", JWT_SECONDS
    else:
        token = issue_opaque(site.world, site.options, application, scopes)
        kind, seconds = "Bearer", OPAQUE_SECONDS
    return {"access_token": token, "expires_in": seconds, "token_type": kind, "scope": " ".join(scopes)}


def _error(status: int, error: str) -> Response:
    response = json_response({"error": error}, status)
    if status == 401:  # noqa: PLR2004 - a status
        response.headers["www-authenticate"] = f'Bearer error="{error}"'
    return response
