"""Passwords in content, which are never shown: `lti_passports` and its like (spec/content-api.md; notes, F26)."""

import re
from typing import Any

import orjson

from edx.olx.kinds import SECRETS

HIDDEN = "••••••"
NAMES = "|".join(sorted(SECRETS))
WRITTEN = re.compile(rf"""\b({NAMES})(\s*=\s*)("[^"]*"|'[^']*')""")
ELEMENT = re.compile(rf"(<(?:[\w.-]+:)?(?:{NAMES})\b[^<>]*(?<!/)>)[^<]*(?:<!\[CDATA\[.*?(?:\]\]>|\Z)[^<]*)*", re.DOTALL)
"""The beginning and the text of an element that is a setting, as Open edX writes what does not fit an attribute."""
QUOTES = r'(?:"|&quot;|\\")'
LIST = r"\[[^\]]*(?:\](?:[^\[\]{}<>]*\])*)?"
MEMBER = re.compile(rf"({QUOTES}(?:{NAMES}){QUOTES}\s*:\s*)({LIST}|{QUOTES}.*?{QUOTES}|[^,}}\]\s]+)", re.DOTALL)
"""A member of JSON that stands in a text."""


def shown(name: str, value: Any) -> str:
    """A setting's value as a text: JSON where it is none, and nothing of a password, however deep it is."""
    if name in SECRETS:
        return HIDDEN if value not in ("", "[]", "null", None, [], {}) else ""
    return redacted(value if isinstance(value, str) else orjson.dumps(value).decode())


def is_redacted(text: str) -> bool:
    """Whether a text has a password as it is shown here, which must not take the place of the password."""
    if HIDDEN not in text:
        return False
    return any(HIDDEN in match[0] for pattern in (WRITTEN, ELEMENT, MEMBER) for match in pattern.finditer(text))


def redacted(text: str) -> str:
    """OLX, or JSON, without the values of such settings."""
    if not any(name in text for name in SECRETS):
        return text
    text = WRITTEN.sub(lambda match: f'{match[1]}{match[2]}"{HIDDEN}"', text)
    text = ELEMENT.sub(lambda match: f"{match[1]}{HIDDEN}", text)
    return MEMBER.sub(lambda match: f'{match[1]}"{HIDDEN}"', text)
