"""Tokens: the JWTs and opaque tokens that the LMS issues, and who it is that shows one."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from edx.simulator.options import Options
from edx.simulator.world import Application, Grant, User, World

JWT_SECONDS = 3600
OPAQUE_SECONDS = 36000
OPAQUE_LENGTH = 30
VERSION = "1.2.0"
RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. A restricted token may do only what its `scopes` name."""

    user: User
    scopes: tuple[str, ...]
    restricted: bool = False

    @property
    def staff(self) -> bool:
        """Whether the caller may do what global staff may: a restricted token never does."""
        return self.user.staff and not self.restricted


def issue_jwt(
    world: World, options: Options, application: Application, scopes: Sequence[str], *, asymmetric: bool = False
) -> str:
    """A JWT of the application's user: HS256, or RS512 if asked for or if the application is restricted."""
    user = world.users[application.username]
    claims = claims_of(user, options, scopes, restricted=application.restricted)
    if asymmetric or application.restricted:
        return jwt.encode({"alg": "RS512", "typ": "JWT"}, claims, signing_key(options), algorithms=["RS512"])
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, _secret(options), algorithms=["HS256"])


def claims_of(
    user: User, options: Options, scopes: Sequence[str], *, restricted: bool = False, seconds: int = JWT_SECONDS
) -> dict[str, Any]:
    """The claims as recorded. Those on the user's person and rights come with the scopes `email` and `profile`."""
    now = int(options.clock())
    claims: dict[str, Any] = {
        "aud": options.audience,
        "exp": now + seconds,
        "grant_type": "client-credentials",
        "iat": now,
        "iss": options.issuer,
        "preferred_username": user.username,
        "scopes": list(scopes),
        "version": VERSION,
        "sub": hashlib.md5(user.username.encode(), usedforsecurity=False).hexdigest(),
        "filters": [],
        "is_restricted": restricted,
        "email_verified": True,
    }
    if "email" in scopes:
        claims["email"] = user.email
    if "profile" in scopes:
        claims |= _profile(user)
    return claims


def _profile(user: User) -> dict[str, Any]:
    given, _, family = user.name.rpartition(" ")
    return {
        "name": user.name,
        "family_name": family,
        "given_name": given,
        "administrator": user.staff,
        "superuser": user.superuser,
    }


def issue_opaque(world: World, options: Options, application: Application, scopes: Sequence[str]) -> str:
    """An opaque token, which the world remembers."""
    token = secrets.token_hex(OPAQUE_LENGTH // 2)
    expires = options.clock() + OPAQUE_SECONDS
    world.grants[token] = Grant(application.username, tuple(scopes), application.restricted, expires)
    return token


def caller_of_jwt(world: World, options: Options, token: str) -> Caller | None:
    """Whose JWT this is; None if it is expired, forged, for another audience or no JWT at all."""
    claims = _claims(options, token)
    if claims is None or claims.get("aud") != options.audience or claims.get("iss") != options.issuer:
        return None
    expires, user = claims.get("exp"), world.users.get(str(claims.get("preferred_username")))
    if user is None or not isinstance(expires, int) or expires <= options.clock():
        return None
    return Caller(user, tuple(claims.get("scopes", ())), restricted=bool(claims.get("is_restricted")))


def _claims(options: Options, token: str) -> Mapping[str, Any] | None:
    """The claims if one of the two keys has signed them, each by its own algorithm only."""
    for key, algorithm in ((_secret(options), "HS256"), (signing_key(options), "RS512")):
        try:
            return jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError):
            continue
    return None


def caller_of_opaque(world: World, options: Options, token: str) -> Caller | None:
    """Whose opaque token this is; None if it is unknown or expired."""
    grant = world.grants.get(token)
    if grant is None or grant.expires <= options.clock():
        return None
    return Caller(world.users[grant.username], grant.scopes, restricted=grant.restricted)


def key_set(options: Options) -> dict[str, Any]:
    """The public key of the RS512 tokens as a JWK set. The platform serves none: this is the simulator's addition."""
    return {"keys": [signing_key(options).as_dict(private=False)]}


def signing_key(options: Options) -> RSAKey:
    """The private key of the RS512 tokens: the one given, or one that this process makes once."""
    return options.signing_key or _key_of_process()


@cache
def _key_of_process() -> RSAKey:
    return RSAKey.generate_key(RSA_BITS)


@cache
def _key_of(secret: str) -> OctKey:
    return OctKey.import_key(secret)


def _secret(options: Options) -> OctKey:
    return _key_of(options.jwt_secret)
