"""Scalars that the specification of GraphQL does not have."""

from datetime import UTC, datetime
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
