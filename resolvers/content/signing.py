"""Addresses of files that are good for some time for whoever has them: downloads take neither cookies nor tokens."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_bytes
from urllib.parse import quote, urlencode

PATH = "/content/files"
ARCHIVES = "/content/archives"
LIFETIME = timedelta(hours=1)
"""How long an address is good at least; at most it is twice that, so that it stays the same for a while."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to be downloaded: the digest of its bytes, or the id of an export, and as what."""

    digest: str
    name: str
    content_type: str


class Signer:
    """Signs addresses with a key that all processes share; without one, with its own."""

    def __init__(self, secret: str | None = None) -> None:
        self._key = hmac.digest(secret.encode(), b"addresses of files", "sha256") if secret else token_bytes(32)

    def url(self, file: File, now: datetime, path: str = PATH) -> str:
        """The path and query of the address of a file that is found below `path`."""
        period = int(LIFETIME.total_seconds())
        until = (int(now.timestamp()) // period + 2) * period
        query = {"type": file.content_type, "until": until, "signature": self._signature(file, until)}
        return f"{path}/{file.digest}/{quote(file.name, safe='')}?{urlencode(query)}"

    def is_good(self, file: File, until: int, signature: str, now: datetime) -> bool:
        """Whether an address was signed here, and is still good."""
        signed = self._signature(file, until)
        return hmac.compare_digest(signed.encode(), signature.encode()) and now.timestamp() < until

    def _signature(self, file: File, until: int) -> str:
        parts = (file.digest, file.name, file.content_type, str(until))
        data = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        return hmac.new(self._key, data, sha256).hexdigest()
