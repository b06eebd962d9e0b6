"""The values that settings can have, as Open edX's fields take them, and how OLX writes them (U11)."""

import json
from collections.abc import Callable
from typing import Any

from edx.olx.canonical import FORBIDDEN, is_name
from edx.olx.documents import is_too_deep
from edx.olx.kinds import SECRETS
from resolvers.content import settings as read
from resolvers.content.secrets import HIDDEN

SWITCHES = frozenset(
    {
        "graded",
        "visible_to_staff_only",
        "hide_from_toc",
        "hide_after_due",
        "self_paced",
        "invitation_only",
        "is_time_limited",
        "is_entrance_exam",
        "is_practice_exam",
        "is_onboarding_exam",
        "is_proctored_enabled",
        "in_entrance_exam",
        "entrance_exam_enabled",
        "mobile_available",
        "hide_progress_tab",
        "show_reset_button",
        "use_latex_compiler",
        "edxnotes",
        "edxnotes_visibility",
        "video_auto_advance",
        "video_speed_optimizations",
        "download_video",
        "download_track",
        "show_captions",
        "allow_resetting_children",
        "has_score",
    }
)
TIMES = frozenset(
    {
        "start",
        "due",
        "end",
        "enrollment_start",
        "enrollment_end",
        "announcement",
        "certificate_available_date",
        "submission_start",
        "submission_due",
    }
)
INTEGERS = frozenset(
    {
        "max_attempts",
        "relative_weeks_due",
        "default_time_limit_minutes",
        "submission_wait_seconds",
        "attempts_before_showanswer_button",
        "max_count",
    }
)
NUMBERS = frozenset({"weight", "days_early_for_beta", "minimum_grade_credit", "entrance_exam_minimum_score_pct"})
LISTS = frozenset({"advanced_modules", "user_partitions", "pdf_textbooks", "html_textbooks", "lti_passports"})
OBJECTS = frozenset({"discussion_topics", "transcripts", "group_id_to_child", "video_bumper", "discussions_settings"})
CHOICES = {
    "showanswer": frozenset(
        {
            "always",
            "answered",
            "attempted",
            "closed",
            "finished",
            "correct_or_past_due",
            "past_due",
            "never",
            "after_attempts",
            "after_all_attempts",
            "after_all_attempts_or_correct",
            "attempted_no_past_due",
        }
    ),
    "rerandomize": frozenset({"always", "onreset", "never", "per_student", "true", "false"}),
    "show_correctness": frozenset({"always", "never", "past_due"}),
}
FILES = frozenset({"url_name", "slug", "org", "course", "library", "filename", "xml_attributes", "parent_url"})
FILES |= {"parent_sequential_url", "index_in_children_list", "children", "xblock-family"}
"""Attributes that are about files, and no settings."""
ELSEWHERE = {"tabs": "updateTabs", "grading_policy": "updateGradingPolicy"}
POLICY_ONLY = frozenset({"discussion_topics", "discussion_blackouts"})
"""Settings of a course that stand in its policy and not in its XML."""
CAPITALS = frozenset({"openassessment"})
"""Types that write `True` where all others write `true`."""


def fault_of_name(name: str) -> str:
    """Why a setting cannot be set; nothing if it can."""
    if name in ELSEWHERE:
        return f"{name} is changed by {ELSEWHERE[name]}"
    if name in FILES:
        return f"{name} is about files, and no setting"
    is_fine = is_name(name) and ":" not in name and name != "xmlns"  # which would make another tag of the block's
    return "" if is_fine else f"{name!r} cannot be the name of a setting"


def fault_of_value(name: str, value: Any) -> str:
    """Why a setting cannot have a value, in Open edX's words; nothing if it can."""
    if value is None:
        return ""
    if name in SECRETS and HIDDEN in str(value):
        return f"Invalid data ({HIDDEN} only stands for the password, which is not shown)"
    try:
        _check(name, value)
        text = text_of("", value)
    except (read.Unreadable, TypeError, ValueError) as error:
        return f"Invalid data ({error})"
    found = FORBIDDEN.search(text)
    return f"Invalid data ({found[0]!r} cannot stand in XML)" if found else ""


def _check(name: str, value: Any) -> None:
    readers: list[tuple[frozenset[str], Callable[[Any], Any]]] = [
        (SWITCHES, read.switch),
        (TIMES, read.moment),
        (INTEGERS, _integer),
        (NUMBERS, read.number),
        (frozenset({"group_access"}), read.groups),
        (LISTS, lambda given: _shape(given, list)),
        (OBJECTS, lambda given: _shape(given, dict)),
    ]
    for names, reader in readers:
        if name in names:
            reader(value)
    if is_too_deep(read.plain(value)):
        raise read.Unreadable("it is nested too deep")
    if name in CHOICES and str(read.plain(value)).lower() not in CHOICES[name]:
        raise read.Unreadable(f"{value!r} is none of {', '.join(sorted(CHOICES[name]))}")


def _integer(value: Any) -> None:
    found = read.number(value)
    if found is not None and found != int(found):
        raise read.Unreadable(f"{value!r} is no whole number")


def _shape(value: Any, shape: type) -> None:
    found = read.plain(value)
    if found is not None and not isinstance(found, shape):
        raise read.Unreadable(f"{value!r} is no {'list' if shape is list else 'object'}")


def text_of(kind: str, value: Any) -> str:
    """A value as an attribute of a block of this type. Raises ValueError for what JSON cannot say."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) and kind in CAPITALS:
        return str(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
