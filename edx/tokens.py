"""Access tokens of the LMS: one for all calls, got with an application's credentials and kept while it lasts.

`Tokens` is the `Authority` of `edx.http`; the LMS and Studio take the same tokens.
"""

import asyncio
import re
from base64 import urlsafe_b64decode
from binascii import Error as BrokenBase64
from dataclasses import dataclass, field
from typing import Any, Self

import orjson

from edx.answers import Answer
from edx.http import OpenEdxHttp
from edx.patience import HttpSettings

TOKEN_PATH = "/oauth2/access_token"  # noqa: S105  a path
MARGIN = 30.0
"""Seconds before its end at which a token is not used any more; a tenth of its life if that is less."""

COMPACT_JWT = re.compile(r"[\w-]+\.([\w-]+)\.[\w-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """A token to send with calls, the user it speaks for, and the clock's time until which it is used."""

    authorization: str = field(repr=False)
    username: str
    usable_until: float


class Tokens:
    """The tokens of one application, whose credentials belong to a user of the LMS (grant `client_credentials`).

    `url` is the LMS's base URL, with or without `/oauth2/access_token`. However many calls need a token at once, one is
    asked for; if that fails, all of them fail with the same `OpenEdxError`, and the next call asks anew.
    """

    def __init__(self, url: str, client_id: str, client_secret: str, *, settings: HttpSettings | None = None) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self._http = OpenEdxHttp(re.sub(r"/oauth2(/access_token)?/?$", "", url), settings=settings)
        self._clock = self._http.settings.clock
        self._token: Token | None = None
        self._asking: asyncio.Task[Token] | None = None

    def __repr__(self) -> str:
        return f"Tokens({self._http.base_url!r}, {self.client_id!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop asking and close all connections."""
        if self._asking:
            self._asking.cancel()
            await asyncio.wait({self._asking})
        await self._http.aclose()

    async def authorization(self) -> str:
        """The value of the header Authorization, `JWT …`."""
        return (await self._current()).authorization

    async def username(self) -> str:
        """The user whom the application acts as, as its token says."""
        return (await self._current()).username

    def refused(self, authorization: str) -> None:
        """Forget the token if it is this one: several calls may learn of its end, a newer one must outlive that."""
        if self._token and self._token.authorization == authorization:
            self._token = None

    async def _current(self) -> Token:
        if self._token and self._clock() < self._token.usable_until:
            return self._token
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(look_at)
        # one caller that gives up must not take the token from the others
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Token:
        asked = self._clock()
        answer = await self._http.call(
            "POST",
            TOKEN_PATH,
            operation="token",
            form={
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": self._client_secret,
                "token_type": "jwt",
            },
            idempotent=True,
            private=True,
        )
        self._token = read_token(answer, asked=asked)
        return self._token


def read_token(answer: Answer, *, asked: float) -> Token:
    """The token in an answer, whose life is counted from when it was asked for."""
    match answer.json():
        case {"access_token": str(token), "token_type": str(kind), "expires_in": int() | float() as life} if life > 0:
            pass
        case _:
            raise answer.unexpected("no token: access_token, token_type or expires_in is missing or of a wrong type")
    if kind.upper() != "JWT":
        raise answer.unexpected("a token of another type in place of a JWT")
    username = claims_of(token).get("preferred_username")
    if not isinstance(username, str) or not username:
        raise answer.unexpected("no token: not a JWT that names its user")
    return Token(f"JWT {token}", username, asked + life - min(MARGIN, life / 10))


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT claims, or nothing if it is none. Unverified: it came from the LMS itself, over our own connection."""
    parts = COMPACT_JWT.fullmatch(token)
    if parts is None:
        return {}
    try:
        claims = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (BrokenBase64, orjson.JSONDecodeError):
        return {}
    return claims if isinstance(claims, dict) else {}


def look_at(task: asyncio.Task[Token]) -> None:
    """Take note of a failure that nobody waits for any more, so that it is not reported as overlooked."""
    if not task.cancelled():
        task.exception()
