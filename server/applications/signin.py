"""Who sent a request, through which application: by a token of the LMS, or by one of ours.

A token of ours is looked up among the registered applications at every request: what was disabled, or has a new
secret, or another role, is so here at most five seconds later, whatever the token says.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson
import structlog
from joserfc.util import urlsafe_b64decode

from db.tables import now
from resolvers.access import ANONYMOUS, HELD, Viewer
from resolvers.errors import Unauthenticated
from server.applications.callers import Caller
from server.applications.fresh import Kept
from server.applications.registry import Application
from server.applications.tokens import TYPE, Grant, Tokens
from server.metrics import REFUSED_TOKENS
from server.signin import LONGEST_TOKEN, REMEMBERED, SCHEMES, InvalidToken

LONGEST_HEADER = 1024

log = structlog.get_logger(__name__)


class Revoked(Unauthenticated):
    """A token whose application is let in no longer, or not by the secret that the token was got by."""


class ApplicationSignIn:
    """Finds the viewer of a request: `lms` for the LMS's tokens, `tokens` and the registered applications for ours.

    Without `tokens` this server issues none, and reads none. `clock` gives the present moment.
    """

    def __init__(
        self,
        lms: Callable[[Mapping[str, str]], Viewer],
        tokens: Tokens | None,
        applications: Kept[Mapping[str, Application]],
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._lms = lms
        self._tokens = tokens
        self._applications = applications
        self._clock = clock
        self._grants: OrderedDict[bytes, Grant] = OrderedDict()

    def viewer(self, headers: Mapping[str, str]) -> Viewer:
        """The viewer of a request; `headers` are looked up by lower-case name.

        Raises Unauthenticated, and logs why, and ServiceUnavailable when the applications are not known.
        """
        authorization = headers.get("authorization")
        if authorization is None:
            return ANONYMOUS
        if self._tokens is None or not _is_ours(authorization[:LONGEST_HEADER]):
            return self._lms(headers)
        try:
            return self._caller(self._grant(_token(authorization), self._tokens))
        except Unauthenticated as error:
            reason = error.reason.value if isinstance(error, InvalidToken) else "REVOKED"
            REFUSED_TOKENS.labels(reason).inc()
            log.info("unauthenticated", reason=reason, detail=str(error))
            raise

    def _grant(self, token: str, tokens: Tokens) -> Grant:
        """What a token says; the last ones are remembered, so that each is verified once. Raises InvalidToken."""
        digest = sha256(token.encode(errors="replace")).digest()
        grant = self._grants.get(digest)
        if grant is None:
            self._grants[digest] = grant = tokens.grant(token)
            if len(self._grants) > REMEMBERED:
                self._grants.popitem(last=False)
        else:
            self._grants.move_to_end(digest)
        tokens.check_end(grant)
        return grant

    def _caller(self, grant: Grant) -> Caller:
        application = self._applications.get().get(grant.client_id)
        if application is None or not application.honours(grant.generation, self._clock()):
            raise Revoked("The token's application is disabled or has a new secret.")
        scopes = grant.scopes & application.scopes
        return Caller(application.username, HELD[application.role], application.client_id, scopes, application.points)


def _token(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() in SCHEMES and len(token) <= LONGEST_TOKEN else ""


@lru_cache(REMEMBERED)
def _is_ours(authorization: str) -> bool:
    """Whether the JWT in a header that begins so says that it is ours; it is verified as such then."""
    header = _token(authorization).partition(".")[0]
    try:
        found: Any = orjson.loads(urlsafe_b64decode(header.encode("ascii")))
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("typ") == TYPE
