"""Addresses that pages show as images and links: browsers run some of what is no address of a web site."""

from urllib.parse import urlsplit

NO_ADDRESS = "it is no http:// or https:// address"
SCHEMES = frozenset({"http", "https"})


def is_web_address(text: str) -> bool:
    """Whether a text is an absolute address that a browser loads from a server."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.hostname) and not any(map(str.isspace, text))


def is_loaded(text: str) -> bool:
    """Whether a browser loads a text from a server, as an address of its own or from where the page is."""
    try:
        return urlsplit(text).scheme in SCHEMES | {""}
    except ValueError:
        return False
