"""Our own access tokens, for registered applications: JWTs as in RFC 9068, signed with a secret of this server.

Their header has the type `at+jwt`, which the LMS's tokens do not have, and neither kind is ever checked with the keys
of the other.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from joserfc import jwt

from server.applications.registry import Application, Scope
from server.keyset import STRONG_SECRET, secret_key
from server.signin import InvalidToken, Reason, verified

TYPE = "at+jwt"
ISSUER = "collegium"
LIFETIME = timedelta(hours=1)
LEEWAY = 1.0
"""Seconds by which the clocks of this server's processes may differ."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says: whose it is, within which scopes, by a secret of which generation, and until when."""

    client_id: str
    scopes: frozenset[Scope]
    generation: int
    expires: float


class Tokens:
    """Issues and reads tokens under one secret, the same for all processes. `clock` gives seconds since 1970."""

    def __init__(self, secret: str, *, lifetime: timedelta = LIFETIME, clock: Callable[[], float] = time.time) -> None:
        if len(secret.encode()) < STRONG_SECRET:
            raise ValueError(f"the secret for tokens must have {STRONG_SECRET} bytes or more")
        self.lifetime = lifetime
        self._key = secret_key(secret)
        self._clock = clock

    def issue(self, application: Application, scopes: frozenset[Scope], generation: int) -> str:
        """A token for an application, got by its secret of a generation."""
        now = int(self._clock())
        claims = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": application.username,
            "client_id": application.client_id,
            "scope": " ".join(sorted(scopes)),
            "generation": generation,
            "iat": now,
            "exp": now + int(self.lifetime.total_seconds()),
            "jti": uuid4().hex,
        }
        return jwt.encode({"alg": "HS256", "typ": TYPE}, claims, self._key)

    def grant(self, token: str) -> Grant:
        """What a token says, whose end is not looked at yet. Raises InvalidToken."""
        claims = verified(token, {"HS256": [self._key], "RS256": (), "RS512": ()})
        if claims.get("iss") != ISSUER or claims.get("aud") != ISSUER:
            raise InvalidToken(Reason.BAD_ISSUER, "The token is not one of this server.")
        try:
            scopes = frozenset(map(Scope, claims["scope"].split()))
            return Grant(str(claims["client_id"]), scopes, int(claims["generation"]), float(claims["exp"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InvalidToken(Reason.MISSING_CLAIM, "The token lacks claims.") from None

    def check_end(self, grant: Grant) -> None:
        """Raise InvalidToken when the time of a token is over."""
        if self._clock() > grant.expires + LEEWAY:
            raise InvalidToken(Reason.EXPIRED, "The token has expired.")
