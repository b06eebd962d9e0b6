"""Times as the platform writes them in JSON."""

from datetime import UTC, datetime


def instant(value: datetime) -> str:
    """An instant in UTC: `2025-01-02T03:04:05.678901Z`, without a fraction if there is none."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def instant_or_none(value: datetime | None) -> str | None:
    """The same where there may be none."""
    return None if value is None else instant(value)
