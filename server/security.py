"""Which pages of other origins may read the server's answers: those of the front ends that are known (CORS).

Origins are written as browsers send them: `https://apps.example.org`, without a path.
"""

from collections.abc import Collection, Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from server.exchange import REQUEST_ID

UPLOAD_HEADERS = ("Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset")
SENT_HEADERS = (
    *("Authorization", "Content-Type", "Traceparent", "USE-JWT-COOKIE", "X-CSRFToken", REQUEST_ID),
    *(*UPLOAD_HEADERS, "Upload-Checksum", "X-HTTP-Method-Override"),
)
READ_HEADERS = (
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", REQUEST_ID),
    *(*UPLOAD_HEADERS, "Upload-Expires", "Location"),
    *("Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"),
)
REMEMBERED_SECONDS = 600


def cors(origins: Collection[str]) -> Sequence[Middleware]:
    """CORS for pages of these origins, with cookies; without any, browsers keep to the rule of the same origin."""
    if not origins:
        return ()
    return (
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=("GET", "POST", "HEAD", "PATCH", "DELETE"),
            allow_headers=SENT_HEADERS,
            allow_credentials=True,
            expose_headers=READ_HEADERS,
            max_age=REMEMBERED_SECONDS,
        ),
    )
