"""What browsers may do with the server's answers: CORS for the front ends that are known, headers of caution for all.

Origins are written as browsers send them: `https://apps.example.org`, without a path.
"""

from collections.abc import Collection, Iterable, Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.logs import HEADER as REQUEST_ID

Header = tuple[bytes, bytes]

CAUTION: Sequence[Header] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""What every answer says that does not say it otherwise: nothing is run or loaded, whatever a browser takes it for."""

ONLY_HTTPS: Header = (b"strict-transport-security", b"max-age=31536000")

SENT_HEADERS = ("Authorization", "Content-Type", "Traceparent", "USE-JWT-COOKIE", "X-CSRFToken", REQUEST_ID)
READ_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", REQUEST_ID)
REMEMBERED_SECONDS = 600


def cors(origins: Collection[str]) -> Sequence[Middleware]:
    """CORS for pages of these origins, with cookies; without any, browsers keep to the rule of the same origin."""
    if not origins:
        return ()
    return (
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=("GET", "POST"),
            allow_headers=SENT_HEADERS,
            allow_credentials=True,
            expose_headers=READ_HEADERS,
            max_age=REMEMBERED_SECONDS,
        ),
    )


class Cautious:
    """ASGI middleware: every answer tells browsers to trust it no more than needed. Pages bring a policy of their own.

    That only HTTPS is to be used is told over HTTPS alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = (*CAUTION, ONLY_HTTPS) if scope["scheme"] == "https" else CAUTION

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with(wanted, message.get("headers", ()))
            await send(message)

        await self._app(scope, receive, answer)


def _with(wanted: Iterable[Header], given: Iterable[Header]) -> list[Header]:
    """The headers of an answer, and those that are wanted and not among them."""
    names = {name for name, _ in given}
    return [*given, *(each for each in wanted if each[0] not in names)]
