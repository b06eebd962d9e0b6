"""The keys that tokens are checked with: the LMS's public RSA keys, and the secret shared with it.

The public ones come as a JSON Web Key Set (RFC 7517), as Open edX has them in its own settings.
"""

import warnings
from typing import Any

import orjson
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OctKey, RSAKey

SMALLEST_RSA = 2048
"""Bits; RFC 7518 §3.3 allows no less."""

STRONG_SECRET = 32
"""Bytes; RFC 7518 §3.2 wants no less, though many an LMS has less."""

MOST_KEYS = 16
"""A bound on the work that one token can cause."""


class BadKeySet(ValueError):
    """A text that is no set of public keys. The message says what is wrong and never shows a key."""


def public_keys(text: str) -> tuple[RSAKey, ...]:
    """The RSA keys for signatures of a JSON Web Key Set; keys of other types and uses are passed over.

    Raises BadKeySet.
    """
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadKeySet("it is not JSON") from None
    entries = given.get("keys") if isinstance(given, dict) else None
    if not isinstance(entries, list):
        raise BadKeySet("it is not an object with the list 'keys'")
    keys = [_public_key(entry, number) for number, entry in enumerate(entries, 1) if _is_for_signatures(entry)]
    if not keys:
        raise BadKeySet("it holds no RSA key for signatures")
    if len(keys) > MOST_KEYS:
        raise BadKeySet(f"it holds more than {MOST_KEYS} keys")
    return tuple(keys)


def secret_key(secret: str) -> OctKey:
    """The key of a shared secret, as long or short as the LMS has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # SignIn logs what is wrong with a short one
        return OctKey.import_key(secret)


def _is_for_signatures(entry: Any) -> bool:
    if not isinstance(entry, dict):
        raise BadKeySet("one of its keys is not an object")
    return entry.get("kty") == "RSA" and entry.get("use", "sig") == "sig"


def _public_key(entry: dict[str, Any], number: int) -> RSAKey:
    if "d" in entry:
        raise BadKeySet(f"its key {number} is a private key; give the public one")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # small keys are refused below
            key = RSAKey.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        raise BadKeySet(f"its key {number} is not a valid RSA key") from None
    if key.public_key.key_size < SMALLEST_RSA:
        raise BadKeySet(f"its key {number} has less than {SMALLEST_RSA} bits")
    return key
