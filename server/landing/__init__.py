"""The pages for people who come with a browser: what this server is, where everything is, and the documentation.

Nothing on them runs: no script, and a policy that forbids any.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from graphql import GraphQLSchema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from resolvers.health import version
from server.explorer import ICON
from server.landing import documentation
from server.landing.picture import draw

STYLE = "/landing.css"
SCHEMA = "/schema.graphql"
DOCUMENTATION = "/docs/"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class LandingConfig:
    """What is shown. `explorer` is its path, if there is one; without a schema neither it nor its picture is."""

    endpoint: str
    explorer: str | None = None
    schema: GraphQLSchema | None = None
    sdl: Callable[[], str] | None = None


def routes(config: LandingConfig) -> list[BaseRoute]:
    """The page at `/`, the documentation, and the schema in its definition language at `/schema.graphql`."""

    async def start(_request: Request) -> Response:
        return _page("Collegium", _start(config))

    async def document(request: Request) -> Response:
        return _page(*_document(request.path_params["path"]))

    async def contents(_request: Request) -> Response:
        return _page("Documentation", _contents())

    async def definition(_request: Request) -> Response:
        text = (config.sdl or str)()
        return PlainTextResponse(text, headers={"Content-Disposition": 'attachment; filename="schema.graphql"'})

    async def style(_request: Request) -> Response:
        return Response(_file("style.css"), media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})

    public: list[BaseRoute] = [
        Route("/", start),
        Route(STYLE, style),
        Route(DOCUMENTATION, contents),
        Route(f"{DOCUMENTATION}{{path:path}}", document),
    ]
    return [*public, Route(SCHEMA, definition)] if config.sdl else public


def _page(title: str, content: str) -> Response:
    text = Template(_file("page.html")).substitute(
        title=escape(title), content=content, style=STYLE, icon=ICON, docs=DOCUMENTATION, version=escape(version())
    )
    return HTMLResponse(text, headers=HEADERS)


def _start(config: LandingConfig) -> str:
    links = "".join(_link(address, *words) for address, words in _links(config).items())
    picture = "" if config.schema is None else Template(_file("picture.html")).substitute(svg=draw(config.schema))
    return Template(_file("start.html")).substitute(links=links, picture=picture, endpoint=config.endpoint)


def _links(config: LandingConfig) -> Mapping[str, tuple[str, str]]:
    """Addresses, with their names and what is there."""
    links = {
        DOCUMENTATION: ("Documentation", "Settings, limits, errors, subscriptions, operation."),
        "/healthz": ("Alive", "Answers as long as the process does."),
        "/readyz": ("Ready", "Database, migrations, and when the LMS last answered."),
    }
    if config.sdl is not None:
        links = {SCHEMA: ("Schema", "Every type and field, described, to download."), **links}
    if config.explorer is not None:
        links = {config.explorer: ("Explorer", "Write operations, complete and run them in the browser."), **links}
    return links


def _link(address: str, name: str, what: str) -> str:
    return (
        f'<li><a href="{escape(address)}"><strong>{escape(name)}</strong><code>{escape(address)}</code>'
        f"<span>{escape(what)}</span></a></li>"
    )


def _document(path: str) -> tuple[str, str]:
    """The title and the content of a page of the documentation. Raises HTTPException (404)."""
    if path not in documentation.texts():
        raise HTTPException(404)
    return documentation.title(path), f"<article>{documentation.html(path)}</article>"


def _contents() -> str:
    pages = "".join(
        f'<li><a href="{DOCUMENTATION}{escape(path)}">{escape(documentation.title(path))}</a></li>'
        for path in documentation.texts()
    )
    return f"<article><h1>Documentation</h1><ul>{pages}</ul></article>"


@cache
def _file(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")
