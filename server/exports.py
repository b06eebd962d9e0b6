"""Exports for staff, streamed: the learners of a program as CSV, and all programs and learners as lines of JSON.

They need the permission to see what programs others are in. However long they are, memory does not grow with them.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from db.engine import Database
from resolvers.access import Permission, Viewer
from resolvers.errors import Code, ServiceUnavailable, Unauthenticated
from resolvers.learners import report
from resolvers.learners.exports import as_csv, as_json
from server.errors import refused


class Exports:
    """The exports of one database, for those whom `sign_in` finds and who may have them."""

    def __init__(self, database: Database, sign_in: Callable[[Mapping[str, str]], Viewer]) -> None:
        self._database = database
        self._sign_in = sign_in

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/exports/programs/{uuid}/learners.csv", self.program_as_csv, methods=["GET"]),
            Route("/exports/learners.ndjson", self.all_as_json, methods=["GET"]),
        ]

    async def program_as_csv(self, request: Request) -> Response:
        """The learners of one program, one a line, in the order of their usernames; 404 where there is no program."""
        program = uuid_in(request)
        if refusal := self._refusal(request):
            return refusal
        if not await report.programs(self._database, program):
            return _error(404, Code.NOT_FOUND, f"there is no program '{request.path_params['uuid']}'")
        return _streamed(as_csv(self._database, program), "text/csv; charset=utf-8", "learners.csv")

    async def all_as_json(self, request: Request) -> Response:
        """All programs, then all associations with their progress, one JSON object a line."""
        return self._refusal(request) or _streamed(as_json(self._database), "application/x-ndjson", "learners.ndjson")

    def _refusal(self, request: Request) -> Response | None:
        try:
            viewer = self._sign_in(request.headers)
        except Unauthenticated as error:
            return _error(401, Code.UNAUTHENTICATED, str(error))
        except ServiceUnavailable as error:
            return _error(503, error.code, str(error))
        if not viewer.is_signed_in:
            return _error(401, Code.UNAUTHENTICATED, "Sign in: send a token of the LMS in the header Authorization.")
        if not viewer.may(Permission.SEE_PROGRAMS_OF_OTHERS):
            return _error(403, Code.FORBIDDEN, "you may not see which programs other learners are associated with")
        return None


def uuid_in(request: Request) -> str:
    """The UUID in the path of a request; one that is none, which nothing has, is empty."""
    try:
        return str(UUID(request.path_params["uuid"]))
    except ValueError:
        return ""


def _streamed(body: AsyncIterator[bytes], media_type: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(body, media_type=media_type, headers=headers)


def _error(status: int, code: Code, message: str) -> Response:
    headers = {"www-authenticate": 'JWT realm="api"'} if status == 401 else {}  # noqa: PLR2004 -- HTTP's own number
    return JSONResponse({"errors": [refused(code, message)]}, status, headers)
