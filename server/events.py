"""`POST /events`: where Open edX tells what happened to learners. Events are stored, answered with 202, then taken up.

A body is one event or a list of them, signed in the header `X-Collegium-Signature` or sent with the secret as a token.
"""

import hmac
from hashlib import sha256
from typing import Any

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db.errors import DatabaseError
from edx.events import Event, read_event
from edx.fields import BadField
from resolvers.learners.inbox import Inbox
from server.metrics import EVENTS

PATH = "/events"
SIGNATURE = "x-collegium-signature"
MOST_EVENTS = 1000
LARGEST_BODY = 2 * 1024 * 1024
MEDIA_TYPES = frozenset({"application/json", "application/cloudevents+json", "application/cloudevents-batch+json"})

log = structlog.get_logger(__name__)


class Refused(Exception):
    """A request of which nothing is stored."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class EventsEndpoint:
    """Takes events for an inbox from whoever knows the secret."""

    def __init__(self, inbox: Inbox, secret: str) -> None:
        self._inbox = inbox
        self._secret = secret.encode()

    def routes(self) -> list[Route]:
        """The route."""
        return [Route(PATH, self.answer, methods=["POST"])]

    async def answer(self, request: Request) -> Response:
        """202 with what was done with the events, all of them or none."""
        try:
            events, others = _read(await self._body(request))
            new = await self._inbox.put(events) if events else 0
        except Refused as error:
            EVENTS.labels("refused").inc()
            log.warning("events_refused", status=error.status, reason=str(error))
            return JSONResponse({"error": str(error)}, error.status)
        except DatabaseError as error:
            log.warning("database_fault", error=str(error))
            return JSONResponse({"error": "The database does not answer; try again later."}, 503)
        except ClientDisconnect:
            return Response(status_code=400)
        EVENTS.labels("new").inc(new)
        EVENTS.labels("known").inc(len(events) - new)
        EVENTS.labels("ignored").inc(others)
        return JSONResponse({"accepted": new, "known": len(events) - new, "ignored": others}, 202)

    async def _body(self, request: Request) -> bytes:
        """The body, from whoever knows the secret. Raises Refused."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in MEDIA_TYPES:
            raise Refused(415, "send events as application/json")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise Refused(413, f"the body has more than {LARGEST_BODY} bytes")
        if not self._is_known(request, bytes(body)):
            raise Refused(401, "the signature or the token is missing or wrong")
        return bytes(body)

    def _is_known(self, request: Request, body: bytes) -> bool:
        signature = request.headers.get(SIGNATURE)
        if signature is not None:
            expected = "sha256=" + hmac.new(self._secret, body, sha256).hexdigest()
            return hmac.compare_digest(signature.encode(), expected.encode())
        given = request.headers.get("authorization", "").encode("latin-1")  # the bytes as they came
        return hmac.compare_digest(given, b"Bearer " + self._secret)


def _read(body: bytes) -> tuple[list[Event], int]:
    """The events in a body that are of use here, and how many others there are. Raises Refused."""
    try:
        given: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(400, "the body is no JSON") from None
    items = given if isinstance(given, list) else [given]
    if len(items) > MOST_EVENTS:
        raise Refused(413, f"{len(items)} events are more than {MOST_EVENTS}")
    events: list[Event] = []
    for position, item in enumerate(items):
        try:
            event = read_event(item)
        except BadField as error:
            raise Refused(400, f"event {position}: {error}") from None
        if event is not None:
            events.append(event)
    return events, len(items) - len(events)
