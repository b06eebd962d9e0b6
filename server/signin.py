"""Who sent a request: the LMS's signed tokens, checked by the rules of `spec/programs.md`, "Authentication".

A token that fails any rule is refused as a whole; none at all makes an anonymous viewer.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

import orjson
import structlog
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from resolvers.access import ANONYMOUS, HELD, Role, Viewer
from resolvers.errors import Unauthenticated
from server.applications.callers import from_lms
from server.keyset import STRONG_SECRET, public_keys, secret_key
from server.metrics import REFUSED_TOKENS
from server.settings import Settings

SCHEMES = frozenset({"jwt", "bearer"})
LONGEST_TOKEN = 16 * 1024
"""Characters; what the LMS makes is below 2,000."""

MAJOR_VERSIONS = frozenset({"0", "1"})
"""Versions of the LMS's tokens whose meaning is known here; it makes 1.2.0."""

REMEMBERED = 1024

log = structlog.get_logger(__name__)


class Reason(StrEnum):
    """Why a token is refused, for logs and counters."""

    NOT_CONFIGURED = "NOT_CONFIGURED"
    MALFORMED = "MALFORMED"
    BAD_ALGORITHM = "BAD_ALGORITHM"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    MISSING_CLAIM = "MISSING_CLAIM"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    BAD_AUDIENCE = "BAD_AUDIENCE"
    BAD_ISSUER = "BAD_ISSUER"
    UNSUPPORTED_VERSION = "UNSUPPORTED_VERSION"
    RESTRICTED = "RESTRICTED"


class InvalidToken(Unauthenticated):
    """A token that nobody is signed in by. The message is safe to show and has nothing of the token's content."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CannotMint(Exception):
    """A development token that would not mean what was asked for; the message says what to change."""


class SignIn:
    """Finds the viewer of a request, under the keys and rules of `settings`.

    The viewers of the last tokens are remembered, so that a token is verified once; its end is looked at every time.
    `clock` gives seconds since 1970. Not for several threads at once.
    """

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._rules = Rules(settings)
        self._keys = _keys(settings)
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[Viewer, float]] = OrderedDict()

    def viewer(self, headers: Mapping[str, str]) -> Viewer:
        """The viewer of a request; `headers` are looked up by lower-case name.

        `Authorization: JWT <token>` and `Bearer <token>` sign in; without the header the viewer is anonymous.
        Raises InvalidToken, and logs its reason.
        """
        authorization = headers.get("authorization")
        if authorization is None:
            return ANONYMOUS
        try:
            return self._signed_in(authorization)
        except InvalidToken as error:
            REFUSED_TOKENS.labels(error.reason.value).inc()
            log.info("unauthenticated", reason=error.reason.value, detail=str(error))
            raise

    def _signed_in(self, authorization: str) -> Viewer:
        known = self._remembered.get(authorization)
        if known is None:
            token = _token(authorization)
            claims = verified(token, self._keys)
            known = self._rules.viewer(claims, token, now=self._clock()), float(claims["exp"])
            self._remember(authorization, known)
        else:
            self._rules.check_end(known[1], now=self._clock())
            self._remembered.move_to_end(authorization)
        return known[0]

    def _remember(self, authorization: str, known: tuple[Viewer, float]) -> None:
        self._remembered[authorization] = known
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)


Keys = Mapping[str, Sequence[OctKey | RSAKey]]
"""By algorithm: a token chooses among the keys of its algorithm, never what kind of key it is checked with."""


def _keys(settings: Settings) -> Keys:
    secrets: list[OctKey] = []
    if settings.jwt_secret is not None:
        secret = settings.jwt_secret.get_secret_value()
        secrets.append(secret_key(secret))
        if len(secret.encode()) < STRONG_SECRET:
            log.warning("short_jwt_secret", bytes=len(secret.encode()), recommended=STRONG_SECRET)
    public = public_keys(settings.jwt_public_keys) if settings.jwt_public_keys else ()
    return {"HS256": secrets, "RS256": public, "RS512": public}


REGISTRIES = {
    name: jws.JWSRegistry(algorithms=[name], strict_check_header=False) for name in ("HS256", "RS256", "RS512")
}


def verified(token: str, keys: Keys) -> dict[str, Any]:
    """The claims of a token that one of the `keys` has signed. Raises InvalidToken.

    A key that the token names is tried first, but the LMS need not name one, nor the key set know the name.
    """
    if not any(keys.values()):
        raise InvalidToken(Reason.NOT_CONFIGURED, "This server has no keys to check tokens with.")
    header, payload, signed = _parsed(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in REGISTRIES:
        raise InvalidToken(Reason.BAD_ALGORITHM, "The token is not signed with HS256, RS256 or RS512.")
    if not keys[algorithm]:
        raise InvalidToken(Reason.NOT_CONFIGURED, f"This server has no key to check {algorithm} tokens with.")
    candidates = sorted(keys[algorithm], key=lambda key: key.kid != header.get("kid"))
    if not any(_is_signed_by(key, signed, REGISTRIES[algorithm]) for key in candidates):
        raise InvalidToken(Reason.BAD_SIGNATURE, "The token is not signed with a key that this server knows.")
    return payload


def _token(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() not in SCHEMES:
        raise InvalidToken(Reason.MALFORMED, "Send the header as 'Authorization: JWT <token>'.")
    return token.strip()


def _parsed(token: str) -> tuple[dict[str, Any], dict[str, Any], jws.CompactSignature]:
    """A token's header, its claims and what to check their signature on; nothing is trusted yet."""
    if len(token) > LONGEST_TOKEN:
        raise InvalidToken(Reason.MALFORMED, f"The token has more than {LONGEST_TOKEN} characters.")
    try:
        signed = jws.extract_compact(token.encode("ascii"))
        header: Any = signed.headers()
        claims = orjson.loads(signed.payload)  # unlike json, it knows no NaN and no infinity: every end comes
    except (JoseError, ValueError):
        message = "This is not a JWT; ask the LMS for one with token_type=jwt."
        raise InvalidToken(Reason.MALFORMED, message) from None
    if not isinstance(header, dict) or not isinstance(claims, dict):  # joserfc looks for no more than "alg" in header
        raise InvalidToken(Reason.MALFORMED, "The token's header and claims are not objects.")
    return header, claims, signed


def _is_signed_by(key: OctKey | RSAKey, signed: jws.CompactSignature, registry: jws.JWSRegistry) -> bool:
    try:
        return jws.validate_compact(signed, key, registry=registry)
    except (JoseError, ValueError, TypeError):  # a key for another algorithm, or a header that nobody can obey
        return False


class Rules:
    """What the claims of a signed token must say, and whom they make of its bearer.

    The claims are those of Open edX: `exp`, `iat`, `aud`, `iss`, `version`, `is_restricted`, `preferred_username`,
    `administrator`. Times are seconds since 1970.
    """

    def __init__(self, settings: Settings) -> None:
        self._audience = frozenset(settings.jwt_audience or ())
        self._issuers = frozenset(settings.jwt_issuers or ())
        self._leeway = settings.jwt_leeway
        self._authors = frozenset(settings.authors)

    def viewer(self, claims: Mapping[str, Any], token: str, *, now: float) -> Viewer:
        """The viewer that the claims of a token make. Raises InvalidToken."""
        self._check_times(claims, now)
        self._check_origin(claims)
        _check_kind(claims)
        username = claims.get("preferred_username")
        if not isinstance(username, str) or not username.strip():
            raise _missing("preferred_username")
        role = self.role(username, is_administrator=claims.get("administrator") is True)
        return from_lms(username, HELD[role], token=token)

    def role(self, username: str, *, is_administrator: bool) -> Role:
        """The highest role of a user: staff of the LMS are administrators (`spec/programs.md`, "Roles")."""
        if is_administrator:
            return Role.ADMIN
        return Role.AUTHOR if username in self._authors else Role.LEARNER

    def check_end(self, exp: float, *, now: float) -> None:
        """Raise InvalidToken when a token's time is over."""
        if now > exp + self._leeway:
            raise InvalidToken(Reason.EXPIRED, "The token has expired.")

    def _check_times(self, claims: Mapping[str, Any], now: float) -> None:
        exp, begins = _seconds(claims, "exp"), [_seconds(claims, "iat")]
        if "nbf" in claims:
            begins.append(_seconds(claims, "nbf"))
        self.check_end(exp, now=now)
        if max(begins) > now + self._leeway:
            raise InvalidToken(Reason.NOT_YET_VALID, "The token is from the future; compare the clocks.")

    def _check_origin(self, claims: Mapping[str, Any]) -> None:
        issuer = claims.get("iss")
        if issuer is None:
            raise _missing("iss")
        if not isinstance(issuer, str) or issuer not in self._issuers:
            raise InvalidToken(Reason.BAD_ISSUER, "The token is not from an issuer that this server trusts.")
        if not self._audience:
            return
        audience = claims.get("aud")
        if audience is None:
            raise _missing("aud")
        if not _names_one_of(self._audience, audience):
            raise InvalidToken(Reason.BAD_AUDIENCE, "The token is for another audience.")


def _check_kind(claims: Mapping[str, Any]) -> None:
    """Refuse tokens of a later format, and those that give a partner's application less than its user may do."""
    version = claims.get("version", "1.0.0")
    if not isinstance(version, str) or version.partition(".")[0] not in MAJOR_VERSIONS:
        raise InvalidToken(Reason.UNSUPPORTED_VERSION, "The token is of a later version than this server knows.")
    if claims.get("is_restricted", False) is not False:
        raise InvalidToken(Reason.RESTRICTED, "The token is of a restricted application, which is not served here.")


def _names_one_of(accepted: Collection[str], audience: object) -> bool:
    named = audience if isinstance(audience, list) else [audience]
    return any(isinstance(name, str) and name in accepted for name in named)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _missing(name)
    return value


def _missing(claim: str) -> InvalidToken:
    return InvalidToken(Reason.MISSING_CLAIM, f"The token has no usable claim '{claim}'.")


def mint(
    settings: Settings, username: str, role: Role, lifetime: timedelta, *, clock: Callable[[], float] = time.time
) -> str:
    """A token for development, like the LMS's and signed with the shared secret, that makes `username` a `role`.

    Raises CannotMint without a secret, and when the settings give that user another role.
    """
    if settings.jwt_secret is None:
        raise CannotMint("tokens are signed with COLLEGIUM_JWT_SECRET, which is not set")
    if not username.strip() or lifetime <= timedelta(0):
        raise CannotMint("a token needs a username and a lifetime")
    is_administrator = role is Role.ADMIN
    got = Rules(settings).role(username, is_administrator=is_administrator)
    if got is not role:
        listed = "must" if role is Role.AUTHOR else "must not"
        raise CannotMint(f"the token would make {username} {got.value}: COLLEGIUM_AUTHORS {listed} name that user")
    key = secret_key(settings.jwt_secret.get_secret_value())
    claims = _claims(settings, username, int(clock()), lifetime) | {"administrator": is_administrator}
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, key)


def _claims(settings: Settings, username: str, now: int, lifetime: timedelta) -> dict[str, Any]:
    origin = {"aud": settings.jwt_audience, "iss": settings.jwt_issuers}
    return {
        **{claim: names[0] for claim, names in origin.items() if names},
        "exp": now + math.ceil(lifetime.total_seconds()),
        "iat": now,
        "grant_type": "password",
        "preferred_username": username,
        "scopes": ["read", "write", "email", "profile"],
        "version": "1.2.0",
        "sub": sha256(username.encode()).hexdigest()[:32],
        "filters": [],
        "is_restricted": False,
        "email_verified": True,
        "email": f"{username}@example.org",
        "name": username,
        "family_name": "",
        "given_name": username,
        "superuser": False,
    }
