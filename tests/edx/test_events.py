"""Events of Open edX, in the shapes of openedx-events (domain notes §3.6)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from edx.events import Event, EventKind, read_event
from edx.fields import BadField

RUN = "course-v1:ANUx+ASTRO2X+2B3T2015"
USER = {"id": 7, "is_active": True, "pii": {"username": "ada", "email": "ada@example.org", "name": "Ada"}}
COURSE = {"course_key": RUN, "display_name": "Exoplanets", "start": None, "end": None}


def told(name: str, /, **data: Any) -> dict[str, Any]:
    """A CloudEvent as it is sent."""
    part = "certificate" if "certificate" in name else "enrollment"
    return {
        "specversion": "1.0",
        "id": "5a1f2b0c-0000-11f0-8000-000000000001",
        "type": f"org.openedx.learning.{name}.v1",
        "source": "openedx/lms/web",
        "time": "2026-05-01T12:00:00.5+00:00",
        "data": {part: {"user": USER, "course": COURSE, "mode": "verified", **data}},
    }


@pytest.mark.parametrize(
    ("name", "data", "kind", "facts"),
    [
        ("certificate.created", {"current_status": "downloadable"}, EventKind.CERTIFICATE, {"mode": "verified"}),
        ("certificate.changed", {"grade": "0.9", "name": "Ada"}, EventKind.CERTIFICATE, {"mode": "verified"}),
        ("certificate.revoked", {}, EventKind.REVOCATION, {"mode": "verified"}),
        (
            "course.enrollment.created", {"is_active": True, "creation_date": "2026-05-01T12:00:00Z"},
            EventKind.ENROLLMENT, {"mode": "verified", "is_active": True},
        ),
        (
            "course.enrollment.changed", {"is_active": False}, EventKind.ENROLLMENT,
            {"mode": "verified", "is_active": False},
        ),
        (
            "course.unenrollment.completed", {"is_active": True}, EventKind.UNENROLLMENT,
            {"mode": "verified", "is_active": False},
        ),
    ],
)  # fmt: skip
def test_events_are_read_without_what_is_personal(name: str, data: Any, kind: EventKind, facts: Any) -> None:
    item = told(name, **data)

    at = datetime(2026, 5, 1, 12, 0, 0, 500000, tzinfo=UTC)
    assert read_event(item) == Event(item["id"], kind, "ada", RUN, at, facts)
    item["event_type"] = item.pop("type")
    assert read_event(item) is not None


@pytest.mark.parametrize("name", ["org.openedx.learning.thread.created.v1", "org.openedx.content_authoring.x.v1", "x"])
def test_events_of_other_types_are_none_of_ours(name: str) -> None:
    assert read_event({"id": "1", "type": name}) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"id": ""},
        {"id": None},
        {"id": "x" * 256},
        {"type": 7},
        {"time": "yesterday"},
        {"data": None},
        {"data": {}},
        {"data": {"enrollment": []}},
        {"data": {"enrollment": {"user": USER, "course": {}}}},
        {"data": {"enrollment": {"user": {"pii": {}}, "course": COURSE}}},
        {"data": {"enrollment": {"user": USER, "course": COURSE, "is_active": "no"}}},
        {"data": {"enrollment": {"user": USER, "course": COURSE, "mode": "m" * 256}}},
        {"data": {"enrollment": {"user": {"pii": {"username": "a\x00b"}}, "course": COURSE}}},
    ],
)
def test_bad_events_are_refused_with_a_reason(changed: Any) -> None:
    with pytest.raises(BadField):
        read_event(told("course.enrollment.created") | changed)
    with pytest.raises(BadField):
        read_event("event")
