"""Scalars that the specification of GraphQL does not have."""

from datetime import UTC, date, datetime
from decimal import Decimal as DecimalNumber
from decimal import InvalidOperation
from typing import Any

import strawberry
from strawberry.types.scalar import ScalarDefinition


def aware(value: Any) -> datetime:
    """Read a time. Raises TypeError for what is no text and ValueError for one without a zone."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"'{value}' has no time zone; write 'Z' behind it for UTC")
    return moment


def told(value: datetime) -> str:
    """A time as answers have it."""
    return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


DateTime: ScalarDefinition = strawberry.scalar(
    name="DateTime",
    description="A point in time in ISO 8601, always with its zone; in answers in UTC, such as `2026-09-01T12:00:00Z`.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    parse_value=aware,
    serialize=told,
)


def day(value: Any) -> date:
    """Read a day. Raises TypeError for what is no text and ValueError for another form than `2026-09-01`."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    found = date.fromisoformat(value)
    if found.isoformat() != value:
        raise ValueError(f"'{value}' is not written as year, month and day, such as '2026-09-01'")
    return found


def number(value: Any) -> DecimalNumber:
    """Read a decimal number. Raises TypeError for what is no text nor integer, and ValueError for other texts."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is neither a text, such as '1500.00', nor an integer")
    try:
        return DecimalNumber(value)
    except InvalidOperation as error:
        raise ValueError(f"'{value}' is not a decimal number") from error


Date: ScalarDefinition = strawberry.scalar(
    name="Date",
    description="A day, such as `2026-09-01`; where it begins or ends something, it does so in UTC.",
    specified_by_url="https://scalars.graphql.org/andimarek/local-date",
    parse_value=day,
    serialize=date.isoformat,
)
Decimal: ScalarDefinition = strawberry.scalar(
    name="Decimal",
    description="A decimal number as a text, so that none of it is lost, such as `1500.00`.",
    specified_by_url="https://speleotrove.com/decimal/decarith.html",
    parse_value=number,
    serialize=str,
)
