"""The explorer: GraphiQL with a role switch and a collection of operations, served from this package alone.

Its front end is in `src/`; `make explorer` builds it into `assets/`, the only files that a browser loads.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


@dataclass(frozen=True)
class Session:
    """Somebody as whom the explorer can ask: a name to show, a role, and a token of the LMS.

    The page carries the token to whoever opens it: give sessions in demo and development only.
    """

    label: str
    role: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Operation:
    """An operation of the collection: what it is called, what it is good for, its document and its variables."""

    name: str
    description: str
    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExplorerConfig:
    """What the page is told. `endpoint`, `subscriptions` and `path` are paths on the server's own origin.

    The first of `sessions` is signed in by default; without sessions the page offers a field for a token. The first
    of `operations` opens on the first visit. Subscriptions go over a WebSocket to `subscriptions`, or to `endpoint`.
    """

    endpoint: str = "/graphql"
    sessions: Sequence[Session] = ()
    operations: Sequence[Operation] = ()
    title: str = "Collegium"
    subscriptions: str | None = None
    path: str = "/graphiql"


def routes(config: ExplorerConfig) -> list[BaseRoute]:
    """The routes of the page, at `config.path`, and of its assets, below it."""

    async def explorer(request: Request) -> Response:
        return page(config, request)

    return [
        Route(config.path, explorer, name="explorer"),
        Mount(
            f"{config.path}/assets",
            Assets(packages=[(__name__, "assets")]),
            name="explorer-assets",
            middleware=[Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)],
        ),
    ]


def page(config: ExplorerConfig, request: Request) -> Response:
    """The page itself, which any address of the origin may answer: its own addresses are absolute paths."""
    assets, built = f"{config.path}/assets", _manifest()
    text = PAGE.substitute(
        title=escape(config.title),
        script=escape(f"{assets}/{built['script']}"),
        style=escape(f"{assets}/{built['style']}"),
        icon=ICON,
        config=_data(config),
    )
    return HTMLResponse(text, headers=HEADERS | {"Content-Security-Policy": _policy(request)})


class Assets(StaticFiles):
    """The built files. Each has a hash of its content in its name, so a browser need never ask twice."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at `path`, to be kept for a year; other than the built scripts and styles, for an hour."""
        response = await super().get_response(path, scope)
        seconds = "31536000, immutable" if HASHED.search(path) else "3600"
        response.headers["Cache-Control"] = f"public, max-age={seconds}"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


HASHED = re.compile(r"-[0-9A-Z]{8}\.\w+$")
HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")

HEADERS = {
    "Cache-Control": "no-store",  # the page may carry tokens
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src {connect}; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='%231f5fa8'%3E"
    "%3Cpath d='M12 3 22 8.5 12 14 2 8.5ZM6 12.5v4c0 3 12 3 12 0v-4L12 16Z'/%3E%3C/svg%3E"
)

PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="icon" href="$icon">
<link rel="stylesheet" href="$style">
<script type="module" src="$script"></script>
</head>
<body>
<div id="explorer"><p class="loading">Loading the explorer…</p></div>
<noscript>The explorer needs JavaScript.</noscript>
<script type="application/json" id="config">$config</script>
</body>
</html>
"""
)


def _data(config: ExplorerConfig) -> str:
    """The configuration as JSON that no element of HTML can begin or end in."""
    data = {
        "title": config.title,
        "endpoint": config.endpoint,
        "subscriptions": config.subscriptions or config.endpoint,
        "sessions": [
            {"label": session.label, "role": session.role, "token": session.token} for session in config.sessions
        ],
        "operations": [
            {
                "name": operation.name,
                "description": operation.description,
                "query": operation.query,
                "variables": dict(operation.variables),
            }
            for operation in config.operations
        ],
    }
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def _policy(request: Request) -> str:
    """What the page may load: this origin only, by HTTP and, as 'self' does not mean it everywhere, by WebSocket."""
    host = request.headers.get("host", "")
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    return POLICY.format(connect=f"'self'{sockets}")


@cache
def _manifest() -> dict[str, str]:
    """The names of the script and the style sheet with which the page begins."""
    manifest: dict[str, str] = json.loads(files(__name__).joinpath("assets/manifest.json").read_text("utf-8"))
    return manifest
