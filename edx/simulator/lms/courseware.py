"""Courseware as the learning front end sees it: who may have a course, where they were, and a sequence's units.

The shapes are those of that front end's pact. Each is about whoever calls; opaque tokens are not taken.
"""

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from edx.simulator.auth import Call, Refused, Site, View, anyone, json_response, not_found
from edx.simulator.service import route
from edx.simulator.times import instant, instant_or_none
from edx.simulator.world import CourseRun, LastBlock, Sequence

PATH = "/api/courseware/"
NO_BLOCK = LastBlock("", "", "")
NOT_A_SEQUENCE = 422


def routes(site: Site) -> list[Route]:
    """The routes: none of them ends in a slash."""
    course = View({"GET": _course}, permission=anyone, bearer=False, developer=True)
    sequence = View({"GET": _sequence}, permission=anyone, bearer=False, developer=True)
    return [
        route(site, PATH + "course/{course_id:course_id}", course),
        route(site, PATH + "sequence/{usage_id:path}", sequence),
        route(site, PATH + "resume/{course_id:course_id}", View({"GET": _resume}, bearer=False, developer=True)),
    ]


def _resume(call: Call) -> Response:
    """What was completed last; of a course in which nothing was, nulls."""
    run = _run(call)
    last = call.world.last_blocks.get((call.user.user.username, run.id), NO_BLOCK)
    return json_response(
        {"block_id": last.block or None, "section_id": last.sequence or None, "unit_id": last.unit or None}
    )


def _run(call: Call) -> CourseRun:
    run = call.world.runs.get(call.path("course_id"))
    if run is None:
        raise not_found()
    return run


def _denial(call: Call, course_id: str) -> str | None:
    """Why the caller has no access to the content of a course."""
    if call.caller is None:
        return "authentication_required"
    if call.caller.staff:
        return None
    username = call.caller.user.username
    if reason := call.world.denials.get((username, course_id)):
        return reason
    row = call.world.enrollments.get((username, course_id))
    if row is None or not row.active:
        return "enrollment_required"
    return "course_not_started" if call.world.runs[course_id].start > _now(call) else None


def _now(call: Call) -> datetime:
    return datetime.fromtimestamp(call.options.clock(), UTC)


def _sequence(call: Call) -> Response:
    """A sequence for who may have it; a unit or a component has no such data."""
    usage_id = call.path("usage_id")
    sequence = call.world.sequences.get(usage_id)
    if sequence is None and any(usage_id == unit for each in call.world.sequences.values() for unit, _ in each.units):
        return Response(status_code=NOT_A_SEQUENCE)
    if sequence is None or sequence.course_id not in call.world.runs:
        raise not_found() if usage_id.startswith("block-v1:") else Refused(404, f"Invalid usage key: '{usage_id}'.")
    if _denial(call, sequence.course_id) is not None:
        raise not_found()
    return json_response(_metadata(call, sequence))


def _metadata(call: Call, sequence: Sequence) -> dict[str, Any]:
    prerequisite = None if call.user.staff else sequence.prerequisite
    return {
        "items": [_item(sequence, unit, title, is_gated=prerequisite is not None) for unit, title in sequence.units],
        "item_id": sequence.id,
        "is_time_limited": False,
        "is_proctored": False,
        "is_hidden_after_due": sequence.hidden_after_due,
        "position": call.world.positions.get((call.user.user.username, sequence.id)),
        "tag": "sequential",
        "banner_text": None,
        "save_position": False,
        "show_completion": False,
        "gated_content": {
            "prereq_id": prerequisite[0] if prerequisite else None,
            "prereq_url": f"/courses/{sequence.course_id}/jump_to/{prerequisite[0]}" if prerequisite else None,
            "prereq_section_name": prerequisite[1] if prerequisite else None,
            "gated": prerequisite is not None,
            "gated_section_name": sequence.title,
        },
        "display_name": sequence.title,
        "format": sequence.format,
    }


def _item(sequence: Sequence, unit: str, title: str, *, is_gated: bool) -> dict[str, Any]:
    return {
        "content": "",
        "page_title": title,
        "type": "other" if is_gated else "problem",
        "id": unit,
        "bookmarked": False,
        "path": f"{sequence.title} > {title}",
        "graded": sequence.format is not None,
        "contains_content_type_gated_content": False,
        "href": "",
    }


def _course(call: Call) -> Response:
    """A course with whether the caller may have it; what is about money and medals is as in a course without them."""
    run = _run(call)
    caller = call.caller.user.username if call.caller else ""
    row = call.world.enrollments.get((caller, run.id))
    is_staff = call.caller is not None and call.caller.staff
    return json_response(
        {
            "id": run.id,
            "name": run.title,
            "org": run.org,
            "number": run.number,
            "short_description": run.short_description,
            "start": instant(run.start),
            "end": instant_or_none(run.end),
            "enrollment_start": instant_or_none(run.enrollment_start),
            "enrollment_end": instant_or_none(run.enrollment_end),
            "enrollment": {"mode": row.mode if row else None, "is_active": bool(row and row.active)},
            "course_access": _access(_denial(call, run.id)),
            "is_staff": is_staff,
            "original_user_is_staff": is_staff,
            "entrance_exam_data": {
                "entrance_exam_current_score": 0.0,
                "entrance_exam_enabled": False,
                "entrance_exam_id": "",
                "entrance_exam_minimum_score_pct": 0.65,
                "entrance_exam_passed": True,
            },
            "tabs": [{"title": "Course", "slug": "courseware", "priority": 0, "type": "courseware", "url": ""}],
            **PLAIN,
        }
    )


def _access(reason: str | None) -> dict[str, Any]:
    return {
        "has_access": reason is None,
        "error_code": reason,
        "developer_message": None if reason is None else f"No access: {reason}",
        "user_message": None,
        "additional_context_user_message": None,
        "user_fragment": None,
    }


PLAIN: dict[str, Any] = {
    "access_expiration": None,
    "can_show_upgrade_sock": False,
    "content_type_gating_enabled": False,
    "license": "all-rights-reserved",
    "offer": None,
    "related_programs": None,
    "user_timezone": None,
    "verified_mode": None,
    "show_calculator": False,
    "notes": {"enabled": False, "visible": True},
    "marketing_url": None,
    "celebrations": {
        "first_section": False,
        "streak_length_to_celebrate": None,
        "streak_discount_enabled": False,
    },
    "user_has_passing_grade": False,
    "course_exit_page_is_active": False,
    "certificate_data": None,
    "verify_identity_url": None,
    "verification_status": "none",
    "linkedin_add_to_profile_url": None,
    "user_needs_integrity_signature": False,
    "language": "en",
    "whole_course_translation_enabled": False,
}
"""What is the same for every course and learner."""
