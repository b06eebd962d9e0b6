"""Answers about content to requests that are none of GraphQL: what goes wrong has a status and the codes of errors."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from db.errors import DatabaseError
from db.store import StoreError, VersionConflict
from edx.olx import ArchiveRefused
from resolvers import refusals
from resolvers.access import Viewer
from resolvers.content.uploads import BadUpload, ChecksumMismatch, OffsetConflict, UploadTooLarge, UploadUnknown
from resolvers.editing.locks import LockRefused
from resolvers.errors import Code, Forbidden, NotFound, ServiceUnavailable, Unauthenticated
from resolvers.transfer.importing import report_of
from resolvers.transfer.trees import BadTree, Incomplete
from server.applications.callers import check_scope
from server.content.forms import BadForm
from server.operations import Refusal
from server.throttle import Throttle

Work = Callable[[Request], Awaitable[Response]]

STATUSES: Mapping[type[Exception], tuple[int, str]] = MappingProxyType(
    {
        BadUpload: (400, Code.BAD_REQUEST),
        BadForm: (400, Code.BAD_REQUEST),
        BadTree: (400, Code.BAD_REQUEST),
        Unauthenticated: (401, Code.UNAUTHENTICATED),
        Forbidden: (403, Code.FORBIDDEN),
        NotFound: (404, Code.NOT_FOUND),
        UploadUnknown: (404, Code.NOT_FOUND),
        OffsetConflict: (409, Code.OFFSET_CONFLICT),
        Incomplete: (409, Code.INCOMPLETE_TREE),
        VersionConflict: (409, refusals.Reason.VERSION_CONFLICT),
        UploadTooLarge: (413, Code.PAYLOAD_TOO_LARGE),
        ArchiveRefused: (422, refusals.Reason.ARCHIVE_REFUSED),
        ChecksumMismatch: (460, Code.CHECKSUM_MISMATCH),
        ServiceUnavailable: (503, Code.SERVICE_UNAVAILABLE),
        StoreError: (503, Code.SERVICE_UNAVAILABLE),
        DatabaseError: (503, Code.SERVICE_UNAVAILABLE),
    }
)
"""What is answered for what goes wrong, the narrower kinds first; 460 is what tus has for it."""
LOCKED = 423


class Entrance:
    """Finds who sent a request, by `sign_in`; each request takes a point of theirs, if points are counted."""

    def __init__(self, sign_in: Callable[[Mapping[str, str]], Viewer], throttle: Throttle | None = None) -> None:
        self._sign_in = sign_in
        self._throttle = throttle

    async def viewer(self, request: Request) -> Viewer:
        """Who sent a request. Raises Unauthenticated, and Refusal for those who may only read, or not as often."""
        viewer = self._sign_in(request.headers)
        if viewer.username is None:
            raise Unauthenticated("Sign in: send a token in the header Authorization.")
        if request.method not in ("GET", "HEAD"):
            check_scope(viewer, OperationType.MUTATION)
        if self._throttle is not None:
            await self._throttle.take(viewer, 1)
        return viewer


class Unsupported(Exception):
    """A request that is refused for how it is made: its status, code, and headers of the answer."""

    def __init__(self, status: int, code: Code, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}


OTHERS: tuple[type[Exception], ...] = (Unsupported, Refusal, refusals.Refusal, LockRefused, ClientDisconnect)
HANDLED = (*OTHERS, *STATUSES)


async def answered(work: Work, request: Request, headers: Mapping[str, str]) -> Response:
    """The answer of `work`, or what went wrong with it; `headers` are those of all failures."""
    try:
        return await work(request)
    except HANDLED as error:
        status, code, message = _seen(error)
        more = {"upload-offset": str(error.current)} if isinstance(error, OffsetConflict) else {}
        more |= error.headers if isinstance(error, Unsupported) else {}
        return failure(status, code, message, {**headers, **more}, _told(error))


def _seen(error: Exception) -> tuple[int, str, str]:
    """Status, code and message of an error."""
    match error:
        case Unsupported():
            return error.status, error.code, str(error)
        case Refusal():
            status = 429 if error.code is Code.RATE_LIMITED else 403
            return status, error.code, error.errors[0]["message"]
        case refusals.Refusal():
            return 400, error.problems[0].code, str(error)
        case LockRefused():
            return LOCKED, error.code, str(error)
        case ClientDisconnect():
            return 400, Code.BAD_REQUEST, "the request broke off"
    status, code = next(found for kind, found in STATUSES.items() if isinstance(error, kind))
    return status, code, str(error)


def failure(
    status: int, code: str, message: str, headers: Mapping[str, str], told: Mapping[str, Any] | None = None
) -> Response:
    """An answer that says what went wrong, in the form of GraphQL's errors."""
    challenge = {"www-authenticate": 'JWT realm="api"'} if status == 401 else {}  # noqa: PLR2004 -- HTTP's own number
    error = {"message": message, "extensions": {"code": str(code), **(told or {})}}
    return JSONResponse({"errors": [error]}, status, {**headers, **challenge})


def _told(error: Exception) -> Mapping[str, Any]:
    """What there is to say of an error beside its message."""
    match error:
        case Incomplete():
            return {"nodes": error.nodes, "blobs": error.blobs}
        case VersionConflict():
            return {"currentVersion": error.current}
        case ArchiveRefused():
            return report_of(error.report)
    return {}
