"""`/certificates/UUID`: where anybody to whom a certificate of a program is shown sees whether it is good."""

from datetime import datetime
from html import escape
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from db.engine import Database
from db.errors import DatabaseError
from resolvers.learners.certificates import Verified, verify

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>{title}</title></head>
<body><main><h1>{title}</h1>{body}</main></body></html>
"""

log = structlog.get_logger(__name__)


class CertificatePages:
    """The pages of the certificates of one database, which need no sign-in: who has a UUID was given it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/certificates/{uuid}", self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        """The certificate, as a page for people or, to who prefers it, as JSON; 404 where there is none."""
        wants_json = "application/json" in request.headers.get("accept", "")
        try:
            found = await verify(self._database, str(UUID(request.path_params["uuid"])))
        except ValueError:
            found = None
        except DatabaseError as error:
            log.warning("database_fault", error=str(error))
            return Response("The database does not answer; try again later.", 503, media_type="text/plain")
        if wants_json:
            return JSONResponse({} if found is None else _told(found), 404 if found is None else 200)
        return HTMLResponse(_page(found), 404 if found is None else 200)


def _told(found: Verified) -> dict[str, object]:
    return {
        "username": found.username,
        "program": found.program,
        "organizations": list(found.organizations),
        "awardedAt": _iso(found.awarded_at),
        "revokedAt": _iso(found.revoked_at),
        "isValid": found.revoked_at is None,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _page(found: Verified | None) -> str:
    if found is None:
        return PAGE.format(title="No such certificate", body="<p>There is no certificate at this address.</p>")
    assert found.awarded_at is not None  # noqa: S101 -- every certificate has its time
    publishers = escape(", ".join(found.organizations))
    body = f"<p>{escape(found.username)} completed the program <strong>{escape(found.program)}</strong>"
    body += f" of {publishers}" if publishers else ""
    body += f" on {found.awarded_at:%Y-%m-%d}.</p>"
    if found.revoked_at is not None:
        body += f"<p><strong>The certificate was revoked on {found.revoked_at:%Y-%m-%d} and is not valid.</strong></p>"
    return PAGE.format(title="Certificate" if found.revoked_at is None else "Revoked certificate", body=body)
