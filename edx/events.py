"""Events that Open edX tells of learners: certificates, enrollments and their ends, as JSON.

The data are those of openedx-events (`learning/data.py`); the envelope is a CloudEvent, as webhooks and the event bus
send it: `id`, `type`, `time` and `data`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from edx.fields import BadField, flag, instant, optional, required, short, word

PREFIX = "org.openedx.learning."


class EventKind(StrEnum):
    """What is told."""

    CERTIFICATE = "certificate"
    REVOCATION = "revocation"
    ENROLLMENT = "enrollment"
    UNENROLLMENT = "unenrollment"


TYPES: Mapping[str, EventKind] = {
    "certificate.created.v1": EventKind.CERTIFICATE,
    "certificate.changed.v1": EventKind.CERTIFICATE,
    "certificate.revoked.v1": EventKind.REVOCATION,
    "course.enrollment.created.v1": EventKind.ENROLLMENT,
    "course.enrollment.changed.v1": EventKind.ENROLLMENT,
    "course.unenrollment.completed.v1": EventKind.UNENROLLMENT,
}
"""The types of events that are of use here, without their common prefix."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to `username` in the run `course_key` `at` a time.

    `facts` hold what of the event matters, and nothing personal: `mode` and, of an enrollment, `is_active`.
    """

    id: str
    kind: EventKind
    username: str
    course_key: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


def read_event(item: Any) -> Event | None:
    """An event; None for one of a type that is of no use here. Raises BadField, which names the place."""
    if not isinstance(item, dict):
        raise BadField("an event is an object")
    name = required(item, "type" if "type" in item else "event_type", word)
    id_ = required(item, "id", word)
    kind = TYPES.get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
    if kind is None:
        return None
    data = _part(item, "data")
    is_certificate = kind in (EventKind.CERTIFICATE, EventKind.REVOCATION)
    data = _part(data, "certificate" if is_certificate else "enrollment")
    facts: dict[str, Any] = {"mode": optional(data, "mode", short, "")}
    if not is_certificate:
        facts["is_active"] = kind is EventKind.ENROLLMENT and optional(data, "is_active", flag, default=True)
    return Event(
        id=id_,
        kind=kind,
        username=required(_part(_part(data, "user"), "pii"), "username", word),
        course_key=required(_part(data, "course"), "course_key", word),
        at=optional(item, "time", instant, datetime.now(UTC)),
        facts=facts,
    )


def _part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = item.get(name)
    if not isinstance(part, dict):
        raise BadField(f"'{name}' is missing or no object")
    return part
