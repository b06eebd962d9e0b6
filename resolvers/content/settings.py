"""The values of settings that decide who sees what: texts of OLX, or JSON of a policy, read for what they mean.

`Unreadable` is for the caller to decide on: what cannot be read must never show what is hidden.
"""

from datetime import UTC, datetime
from typing import Any

import orjson


class Unreadable(ValueError):
    """A value that does not mean anything for its setting."""


def plain(value: Any) -> Any:
    """The value that a text of OLX stands for: JSON where it is JSON, else the text itself, without outer blanks."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value.strip()


def switch(value: Any) -> bool:
    """Whether a setting is on: `true`, `True` and `1` are, `false`, `null` and nothing are not."""
    found = plain(value)
    if isinstance(found, str):
        found = {"true": True, "false": False, "": False, "none": False}.get(found.lower(), found)
    if found in (None, False, 0):
        return False
    if found in (True, 1):
        return True
    raise Unreadable(f"{found!r} is neither true nor false")


def moment(value: Any) -> datetime | None:
    """A time, in UTC where it names no zone; None for `null`."""
    found = plain(value)
    if found in (None, ""):
        return None
    try:
        read = datetime.fromisoformat(str(found))
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{found!r} is no time") from error


def number(value: Any) -> float | None:
    """A number; None for `null`."""
    found = plain(value)
    if found in (None, ""):
        return None
    if isinstance(found, int | float) and not isinstance(found, bool):
        return float(found)
    raise Unreadable(f"{found!r} is no number")


def groups(value: Any) -> dict[int, frozenset[int]]:
    """The groups of each partition, as `group_access` has them: `{"50": [1, 2]}`."""
    found = plain(value)
    if found in (None, ""):
        return {}
    try:
        return {int(partition): frozenset(map(int, listed or ())) for partition, listed in found.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise Unreadable(f"{found!r} does not name groups of partitions") from error


def partitions(value: Any) -> dict[int, frozenset[int] | None]:
    """The groups that there are of each partition, as `user_partitions` has them; None for one that is not active."""
    found = plain(value)
    if found in (None, ""):
        return {}
    try:
        return {
            int(each["id"]): frozenset(int(group["id"]) for group in each.get("groups", ()))
            if each.get("active", True)
            else None
            for each in found
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{found!r} are no partitions") from error
