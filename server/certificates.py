"""`/certificates/UUID`: where anybody to whom a certificate of a program is shown sees whether it is good."""

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from db.engine import Database
from db.errors import DatabaseError
from db.types import iso
from resolvers.learners.certificates import Verified, verify
from resolvers.learners.links import CERTIFICATES, Links
from resolvers.learners.pages import POLICY, page
from server.exports import uuid_in

MISSING = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="robots" content="noindex"><title>No such certificate</title></head>
<body><main><h1>No such certificate</h1><p>There is no certificate at this address.</p></main></body></html>
"""

HEADERS = {
    "content-security-policy": f"{POLICY}; frame-ancestors 'none'; sandbox",
    "cache-control": "no-cache",
}
"""Templates are written by many: what they make has no origin, and runs and sends nothing."""

log = structlog.get_logger(__name__)


class CertificatePages:
    """The pages of the certificates of one database, which need no sign-in: who has a UUID was given it."""

    def __init__(self, database: Database, links: Links) -> None:
        self._database = database
        self._links = links

    def routes(self) -> list[Route]:
        """The route."""
        return [Route(f"{CERTIFICATES}{{uuid}}", self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        """The certificate as a page for people or, to who prefers it, as JSON; 404 where there is none.

        With `?download` the page is a file to keep.
        """
        wants_json = "application/json" in request.headers.get("accept", "")
        try:
            found = await verify(self._database, uuid_in(request))
            if not wants_json and found is not None:
                return await self._page(request, found)
        except DatabaseError as error:
            log.warning("database_fault", error=str(error))
            return Response("The database does not answer; try again later.", 503, media_type="text/plain")
        if wants_json:
            return JSONResponse({} if found is None else _told(found), 404 if found is None else 200)
        return HTMLResponse(MISSING, 404)

    async def _page(self, request: Request, found: Verified) -> Response:
        links = self._links if self._links.site else Links(site=str(request.base_url).rstrip("/"))
        headers = dict(HEADERS)
        if "download" in request.query_params:
            headers["content-disposition"] = f'attachment; filename="certificate-{found.uuid}.html"'
        return HTMLResponse(await page(self._database, found, links.of_certificate(found.uuid)), headers=headers)


def _told(found: Verified) -> dict[str, object]:
    return {
        "username": found.username,
        "program": found.program,
        "organizations": list(found.organizations),
        "awardedAt": found.awarded_at and iso(found.awarded_at),
        "revokedAt": found.revoked_at and iso(found.revoked_at),
        "isValid": found.revoked_at is None,
    }
