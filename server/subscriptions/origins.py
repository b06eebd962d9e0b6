"""Whose pages may open streams: those of our own origin and of origins that are allowed by name.

Browsers let any page open a WebSocket to any server and tell only where the page is from.
"""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit


def is_allowed(headers: Mapping[str, str], origins: Collection[str]) -> bool:
    """Whether a request with these headers, by lower-case name, may open a stream.

    `origins` are like `https://dashboard.example.org`. What is no browser sends no Origin and may.
    """
    origin = headers.get("origin")
    if origin is None or origin.lower() in origins:
        return True
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    return host != "" and host.lower() == headers.get("host", "").lower()
