"""`/course/…`: old links into courses, which lead on to the canonical page of the learning front end.

Whoever is signed in, by the LMS's cookies or a token, is led by all the rules; others by those alone that need to know
nothing of the course. Whatever happens, a link goes on: at worst to the page that it names.
"""

from collections.abc import Callable, Iterable, Mapping

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from db.engine import Database
from db.errors import DatabaseError
from resolvers.access import ANONYMOUS, Viewer
from resolvers.errors import RequestError
from resolvers.features import Feature, withheld
from resolvers.paths.reading import MalformedPath, Path, read
from resolvers.paths.refusals import by_rule
from resolvers.paths.service import Asker, Paths
from server.cookies import with_token_of_cookies

VARY = "Authorization, Cookie"
FOR_ANYBODY = {"cache-control": "public, max-age=300", "vary": VARY}
FOR_ONE = {"cache-control": "private, no-store", "vary": VARY}

log = structlog.get_logger(__name__)


class CoursewareLinks:
    """Redirects to the learning front end at `base`, which is the only host that they lead to."""

    def __init__(
        self,
        database: Database,
        paths: Paths,
        sign_in: Callable[[Mapping[str, str]], Viewer],
        *,
        base: str,
        features: Iterable[Feature] = Feature,
    ) -> None:
        self._database = database
        self._paths = paths
        self._sign_in = sign_in
        self._base = base.rstrip("/")
        self._withheld = withheld(features)

    def routes(self) -> list[Route]:
        """The routes, of which the rest is read as it was written and not as the router decodes it."""
        return [Route(f"{start}/{{rest:path}}", self.answer) for start in ("/course", "/preview/course")]

    async def answer(self, request: Request) -> Response:
        """302 to the page that a link leads to; 404 for what is no link into a course."""
        text = request.scope["raw_path"].decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        try:
            path = read(f"{text}?{query}" if query else text)
        except MalformedPath as error:
            return PlainTextResponse(f"This is no courseware path: {error}.\n", 404, FOR_ANYBODY)
        viewer = self._viewer(request)
        if not viewer.is_signed_in:
            return self._redirect(by_rule(path), FOR_ANYBODY)
        return self._redirect(await self._target(viewer, path), FOR_ONE)

    def _viewer(self, request: Request) -> Viewer:
        """Whoever is signed in; nobody where the token is no good any more, or nobody can tell."""
        try:
            return self._sign_in(with_token_of_cookies(request.headers))
        except RequestError:
            return ANONYMOUS

    async def _target(self, viewer: Viewer, path: Path) -> Path | str:
        """Where a link leads somebody."""
        asker = Asker(viewer, viewer.permissions - self._withheld)
        try:
            async with self._database.reading() as snapshot:
                [found] = await self._paths.resolve(snapshot, asker, [str(path)])
        except (DatabaseError, RequestError) as error:
            log.warning("link_not_resolved", error=str(error))
            return by_rule(path)
        return found.resolution.target or path

    def _redirect(self, target: Path | str, headers: Mapping[str, str]) -> Response:
        return RedirectResponse(f"{self._base}{target}", 302, headers)
