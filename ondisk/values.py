"""Single values in the files: texts, flags, dates, durations, strict in their type.

Each reader takes an `Item` and gives the value, or raises `Rejected`.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from ondisk.diagnostics import Code
from ondisk.documents import Item, Rejected, noun
from ondisk.names import fold, is_ntiid

__all__ = ["check_keys", "date", "duration", "flag", "identifier", "objects", "optional", "text", "texts", "word"]

T = TypeVar("T")

TRUE = {"true", "t", "yes", "y", "1", "on"}
FALSE = {"false", "f", "no", "n", "0", "off"}
LEGACY_DURATION = re.compile(r"\s*(\d{1,9})\s+(weeks|days|hours|minutes|seconds)\s*", re.IGNORECASE)
ISO_DURATION = re.compile(
    r"P(?=.)(?:(?P<weeks>\d{1,9})W)?(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9})S)?)?"
)
LISTED = 10


def optional(fields: Mapping[str, Item], key: str, read: Callable[[Item], T]) -> T | None:
    """A value that may be missing or null, which is None; a bad one is None and an error in the report of its file."""
    if (item := fields.get(key)) is None or item.value is None:
        return None
    try:
        return read(item)
    except Rejected as error:
        item.report(error)
        return None


def text(item: Item, *, least: int = 0, most: int | None = None) -> str:
    """A text of `least` to `most` characters, as it is."""
    if not isinstance(item.value, str):
        raise item.rejected(f"{noun(item.value)} in place of a text", Code.WRONG_TYPE)
    if len(item.value.strip()) < least:
        raise item.rejected("the text is empty")
    if most is not None and len(item.value) > most:
        raise item.rejected(f"the text has {len(item.value)} characters, more than {most}")
    return item.value


def word(item: Item, *, most: int | None = None) -> str:
    """A text that is not empty, without the white space around it."""
    return text(item, least=1, most=most).strip()


def texts(item: Item) -> tuple[str, ...]:
    """A list of texts, or one text with spaces between them; each once, in order, and none empty."""
    if isinstance(item.value, str):
        return tuple(dict.fromkeys(item.value.split()))
    return tuple(dict.fromkeys(word(element) for element in item.elements()))


def flag(item: Item) -> bool:
    """True or false, also written as a text such as `"true"` or `"no"`."""
    if isinstance(item.value, bool):
        return item.value
    word = item.value.strip().lower() if isinstance(item.value, str) else ""
    if word not in TRUE | FALSE:
        raise item.rejected(f"{noun(item.value)} in place of true or false", Code.WRONG_TYPE)
    return word in TRUE


def objects(item: Item) -> list[dict[str, Item]]:
    """A list of objects; null and an empty object are an empty list."""
    if item.value == {}:
        return []
    return [element.members() for element in item.elements()]


def identifier(item: Item) -> str:
    """The NTIID of a piece of content."""
    if not is_ntiid(value := word(item)):
        raise item.rejected(f"{value!r} is not an NTIID", Code.BAD_NTIID)
    return value


def date(item: Item) -> datetime:
    """A moment in UTC; one without offset is in UTC already."""
    written = word(item)
    try:
        return moment(written)
    except ValueError as error:
        raise item.rejected(str(error)) from None


def moment(written: str) -> datetime:
    """A moment written in ISO 8601, in UTC; raises ValueError."""
    try:
        value = datetime.fromisoformat(written)
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{written!r} is not a date and time in ISO 8601") from None


def duration(item: Item) -> timedelta:
    """A length of time: `16 Weeks` (the unit in the plural, in any case) or ISO 8601 (`P118D`)."""
    written = word(item)
    try:
        if legacy := LEGACY_DURATION.fullmatch(written):
            return timedelta(**{legacy[2].lower(): int(legacy[1])})
        if iso := ISO_DURATION.fullmatch(written):
            return timedelta(**{unit: int(count) for unit, count in iso.groupdict("0").items()})
    except OverflowError:
        raise item.rejected(f"{written!r} is too long") from None
    raise item.rejected(f"{written!r} is not a duration such as '16 Weeks' or 'P112D'")


def check_keys(item: Item, known: Collection[str]) -> None:
    """Advise on keys without meaning, and warn of those that are nearly one with a meaning."""
    meant = {fold(key): key for key in sorted(known)}
    unknown = {key: member for key, member in item.members().items() if key not in known}
    near = [key for key in unknown if fold(key) in meant]
    for key in near[:LISTED]:
        unknown[key].warn(Code.NEAR_MISS, f"this key has no meaning, {meant[fold(key)]!r} has")
    if rest := [key for key in unknown if key not in near]:
        others = f" (nor have {len(rest) - 1} others: {', '.join(rest[1:LISTED])})" if rest[1:] else ""
        unknown[rest[0]].advise(Code.UNKNOWN_KEY, f"this key has no meaning here{others}")
