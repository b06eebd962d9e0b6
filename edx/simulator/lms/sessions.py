"""Signing in at the LMS as people do, and the page that lets Studio know who signed in (OAuth2, code grant).

No recording of these pages is there: they follow the platform's code (`user_authn`, `oauth_dispatch`).
"""

import secrets
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from edx.simulator.auth import Site, json_response
from edx.simulator.service import html
from edx.simulator.sessions import CSRF_COOKIE, begin, forged, form_of, is_forged, user_of

COOKIE = "sessionid"
WRONG = {"success": False, "value": "Email or password is incorrect.", "error_code": "incorrect-email-or-password"}
STUDIO = "studio-sso-id"
"""The client id that Studio has at the LMS."""


def routes(site: Site) -> list[Route]:
    """The routes: a token for forms, the sign-in, and the authorization of Studio."""

    async def token(request: Request) -> Response:
        value = request.cookies.get(CSRF_COOKIE) or secrets.token_hex(16)
        response = json_response({"csrfToken": value})
        response.set_cookie(CSRF_COOKIE, value)
        return response

    async def sign_in(request: Request) -> Response:
        if is_forged(request):
            return forged()
        form = await form_of(request)
        given = form.get("email_or_username", "")
        user = next((each for each in site.world.users.values() if given in {each.username, each.email}), None)
        if user is None or not user.password or user.password != form.get("password"):
            return json_response(WRONG, 400)
        return begin(site.world, json_response({"success": True, "redirect_url": "/dashboard"}), COOKIE, user)

    async def authorize(request: Request) -> Response:
        user = user_of(site.world, request, COOKIE)
        if user is None:
            return RedirectResponse(f"/login?next={quote(str(request.url))}", 302)
        if request.query_params.get("client_id") != STUDIO:
            return HTMLResponse(html("Error: invalid_request"), 400)
        code = secrets.token_hex(16)
        site.world.codes[code] = user.username
        back = {"code": code, "state": request.query_params.get("state", "")}
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{urlencode(back)}", 302)

    return [
        Route("/csrf/api/v1/token", token),
        Route("/api/user/v2/account/login_session/", sign_in, methods=["POST"]),
        *(Route(path, authorize) for path in ("/oauth2/authorize", "/oauth2/authorize/")),
    ]
