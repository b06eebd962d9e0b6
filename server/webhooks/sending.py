"""The webhook: events about certificates of programs, sent to the address that a setting names.

Each is one POST, signed as those are that come in; whatever is not answered with 2xx in time did not arrive.
"""

import asyncio
import hmac
from datetime import timedelta
from hashlib import sha256
from importlib.metadata import version

import httpx

from resolvers.learners.outbox import NotDelivered
from server.events import SIGNATURE

SECONDS = 10.0
"""How long the receiver may take."""


class Webhook:
    """Sends bodies to `url`, signed with a secret; to be closed at the end."""

    def __init__(self, url: str, secret: str, *, seconds: float = SECONDS) -> None:
        self._url = url
        self._secret = secret.encode()
        self._seconds = seconds
        agent = f"Collegium/{version('collegium')}"
        self._client = httpx.AsyncClient(timeout=seconds, headers={"User-Agent": agent}, follow_redirects=False)

    async def deliver(self, body: bytes) -> None:
        """Send one event. Raises NotDelivered."""
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: "sha256=" + hmac.new(self._secret, body, sha256).hexdigest(),
        }
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                status, wait = answer.status_code, answer.headers.get("retry-after", "")
        except TimeoutError:
            raise NotDelivered(f"it took longer than {self._seconds:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}".rstrip(": ")) from None
        if not 200 <= status < 300:  # noqa: PLR2004 -- HTTP's own numbers
            raise NotDelivered(f"it answered {status}", timedelta(seconds=int(wait)) if wait.isdecimal() else None)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()
