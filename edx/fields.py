"""Reading one field of an item that Open edX answered, strictly in its type and leniently in its spelling."""

import html
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")

MAX_WORD = 255

ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")


class BadField(ValueError):
    """A field is missing, of a wrong type, or makes no sense."""


def required(item: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> T:
    """A field that must be there."""
    if name not in item:
        raise BadField(f"'{name}' is missing")
    try:
        return read(item[name])
    except ValueError as error:
        raise BadField(f"'{name}': {error}") from error


def optional(item: Mapping[str, Any], name: str, read: Callable[[Any], T], default: T) -> T:
    """A field that may be missing or null, which means `default`."""
    return default if item.get(name) is None else required(item, name, read)


def text(value: Any) -> str:
    """A text as it is."""
    if not isinstance(value, str):
        raise BadField(f"{kind_of(value)} in place of a text")
    return value


def short(value: Any) -> str:
    """A text that may be empty, but is no longer than the platform's columns."""
    if len(text(value)) > MAX_WORD:
        raise BadField(f"it has more than {MAX_WORD} characters")
    if "\x00" in value:
        raise BadField("it contains U+0000, which no database holds")
    return str(value)


def word(value: Any) -> str:
    """A text for machines: neither empty nor longer than the platform's columns."""
    if not text(value).strip():
        raise BadField("it is empty")
    return short(value)


def title(value: Any) -> str:
    """A text for people, which the course list gives escaped for HTML: `Art &amp; Craft` reads `Art & Craft`.

    Only whole entities are replaced, so that `R&D` and `lecture &notes` stay.
    """
    return ENTITY.sub(lambda entity: html.unescape(entity[0]), text(value)).strip()


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise BadField(f"{kind_of(value)} in place of true or false")
    return value


def whole(value: Any) -> int:
    """A whole number, which some releases write as a text with decimals: `49.00`."""
    try:
        number = float(value) if isinstance(value, str) else value
    except ValueError:
        raise BadField(f"{value!r} is no number") from None
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise BadField(f"{kind_of(value)} in place of a number")
    return int(number)


def instant(value: Any) -> datetime:
    """A moment in UTC, written `2015-12-22T02:47:17Z`, with `+0000`, with another offset or with fractions.

    One without an offset is taken as UTC, which is what the platform keeps.
    """
    try:
        moment = datetime.fromisoformat(text(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadField(str(error) if isinstance(error, BadField) else f"{value!r} is no date and time") from error


def instant_or_none(value: Any) -> datetime | None:
    """A moment in UTC, or none where the platform has none."""
    return None if value is None else instant(value)


def kind_of(value: Any) -> str:
    """What a JSON value is, in JSON's terms."""
    kinds: dict[type, str] = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return "null" if value is None else kinds[type(value)]
