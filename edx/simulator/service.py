"""A service out of views: its routes, the HTML pages for what is not there or breaks, and the redirect to the slash."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route

from edx.simulator.auth import Crashed, Site, View

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class _CourseId(PathConvertor):
    """What may stand in a path for a course id: three parts. Anything else is an unknown path."""

    regex = r"[^/+]+(?:/|\+)[^/+]+(?:/|\+)[^/?]+"


class _Name(PathConvertor):
    """The name of a user or the short name of an organization in a path."""

    regex = "[^/+,]+"


register_url_convertor("course_id", _CourseId())
register_url_convertor("name", _Name())


def route(site: Site, path: str, view: View) -> Route:
    """The route of a view: `{course_id:course_id}` and `{name:name}` in the path stand for what they say."""

    async def endpoint(request: Request) -> Response:
        return await site.answer(view, request)

    return Route(path, endpoint, methods=METHODS)


def service(routes: Iterable[Route]) -> Starlette:
    """An application of these routes with the platform's HTML pages for 404 and 500."""
    routes = list(routes)
    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
        404: partial(_unknown_path, routes),
        Crashed: _crash,
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


async def _unknown_path(routes: list[Route], request: Request, _: Exception) -> Response:
    """301 to the same path with a slash if that is known, whatever the method; else 404."""
    scope = {**request.scope, "path": request.scope["path"] + "/"}
    if any(each.matches(scope)[0] != Match.NONE for each in routes):
        query = f"?{request.url.query}" if request.url.query else ""
        headers = {"location": f"{request.url.path}/{query}", "content-type": "text/html; charset=utf-8"}
        return Response(status_code=301, headers=headers)
    return HTMLResponse(html("Page Not Found"), 404)


async def _crash(_: Request, __: Exception) -> Response:
    return HTMLResponse(html("Server Error"), 500)


def html(title: str) -> str:
    """A page as people see it."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><title>{title} | Simulator</title></head>\n<body></body>\n</html>\n'
    )
