"""Passwords in content, which are never shown: `lti_passports` and its like (spec/content-api.md; notes, F26)."""

import re
from typing import Any

import orjson

from edx.olx.kinds import SECRETS

HIDDEN = "••••••"
WRITTEN = re.compile(rf"""\b({"|".join(sorted(SECRETS))})(\s*=\s*)("[^"]*"|'[^']*')""")


def shown(name: str, value: Any) -> str:
    """A setting's value as a text: JSON where it is none, and nothing of a password."""
    if name in SECRETS:
        return HIDDEN if value not in ("", "[]", "null", None, [], {}) else ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def redacted(markup: str) -> str:
    """OLX without the values of such attributes."""
    return WRITTEN.sub(lambda match: f'{match[1]}{match[2]}"{HIDDEN}"', markup)
