"""Sessions of people: the cookies that pages know them by, and the token that a form must have from its own page."""

import secrets
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from edx.simulator.service import html
from edx.simulator.world import User, World

CSRF_COOKIE, CSRF_HEADER = "csrftoken", "x-csrftoken"


def user_of(world: World, request: Request, cookie: str) -> User | None:
    """The user whose session the cookie of this name is."""
    return world.users.get(world.sessions.get(request.cookies.get(cookie, ""), ""))


def begin(world: World, response: Response, cookie: str, user: User) -> Response:
    """Begin a session: the answer, with its cookie."""
    key = secrets.token_hex(16)
    world.sessions[key] = user.username
    response.set_cookie(cookie, key, httponly=True)
    return response


def with_csrf(request: Request, response: Response) -> Response:
    """The answer, with the cookie that the next form is to repeat in a header."""
    response.set_cookie(CSRF_COOKIE, request.cookies.get(CSRF_COOKIE) or secrets.token_hex(16))
    return response


def is_forged(request: Request) -> bool:
    """Whether a form does not come from a page of the site."""
    wanted = request.cookies.get(CSRF_COOKIE)
    return not wanted or request.headers.get(CSRF_HEADER) != wanted


def forged() -> Response:
    """The page that a forged form is answered with."""
    return HTMLResponse(html("403 Forbidden: CSRF verification failed. Request aborted."), 403)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form."""
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
