"""Times as the platform writes and reads them in JSON."""

from datetime import UTC, datetime

NO_INSTANT = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


def instant(value: datetime) -> str:
    """An instant in UTC: `2025-01-02T03:04:05.678901Z`, without a fraction if there is none."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def instant_or_none(value: datetime | None) -> str | None:
    """The same where there may be none."""
    return None if value is None else instant(value)


def parse_instant(value: object) -> datetime | None:
    """The instant that a text gives, UTC unless it says otherwise; None if it gives none."""
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if parsed is None or parsed.tzinfo:
        return parsed and parsed.astimezone(UTC)
    return parsed.replace(tzinfo=UTC)
