"""Where a learner is in a course's content, as the LMS tells its learning front end.

Shapes are those of `/api/courseware/`; what else they hold is ignored. Each call is about whoever it is signed in as,
so that it takes the learner's own `authorization`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from edx.answers import Answer
from edx.blocks import BlockKey
from edx.errors import InvalidCourseKey, NotFound, Rejected
from edx.fields import BadField, flag, optional, required, short
from edx.http import OpenEdxHttp, quoted
from edx.keys import CourseKey
from edx.lms import read_whole

COURSEWARE = "/api/courseware"


@dataclass(frozen=True, slots=True)
class LastPlace:
    """The sequence and the unit of the block that a learner completed last."""

    sequence: BlockKey
    unit: BlockKey


@dataclass(frozen=True, slots=True)
class SequenceStanding:
    """A sequence for a learner: the active unit, as the LMS counts from 1, and what it waits for."""

    position: int | None
    is_gated: bool
    prerequisite: str = ""
    prerequisite_name: str = ""


@dataclass(frozen=True, slots=True)
class CourseAccess:
    """Whether a learner has access to a course; if not `reason` says why, in the LMS's code.

    `has_exam_to_pass` while they have to pass an entrance exam.
    """

    reason: str | None = None
    has_exam_to_pass: bool = False


class CoursewareRecords:
    """The courseware part of the LMS. Every method raises `OpenEdxError`."""

    def __init__(self, http: OpenEdxHttp) -> None:
        self._http = http

    async def last_place(self, course: CourseKey, *, authorization: str) -> LastPlace | None:
        """Where the learner was last; None for nowhere, and in a course that is not there for them."""
        answer = await self._get(f"resume/{quoted(course)}", "courseware_resume", authorization)
        return read_whole(answer, lambda item: read_place(item, course)) if answer else None

    async def sequence(self, key: BlockKey, *, authorization: str) -> SequenceStanding | None:
        """How a sequence stands for the learner; None for what is none for them."""
        answer = await self._get(f"sequence/{quote(str(key), safe='')}", "courseware_sequence", authorization)
        return read_whole(answer, read_sequence) if answer else None

    async def access(self, course: CourseKey, *, authorization: str) -> CourseAccess | None:
        """Whether the learner has access to a course; None for one that is not there for them."""
        answer = await self._get(f"course/{quoted(course)}", "courseware_course", authorization)
        return read_whole(answer, read_access) if answer else None

    async def _get(self, path: str, operation: str, authorization: str) -> Answer | None:
        try:
            return await self._http.call(
                "GET", f"{COURSEWARE}/{path}", operation=operation, authorization=authorization
            )
        except NotFound:
            return None
        except Rejected as error:
            if error.status == 422:  # noqa: PLR2004 -- HTTP's own number: a block that is no sequence
                return None
            raise


def read_place(item: Mapping[str, Any], course: CourseKey) -> LastPlace | None:
    """The answer about the block completed last, whose `section_id` is that of the sequence."""
    sequence, unit = (optional(item, name, short, "") for name in ("section_id", "unit_id"))
    if not (sequence and unit):
        return None
    try:
        return LastPlace(BlockKey.parse(sequence, among=course), BlockKey.parse(unit, among=course))
    except InvalidCourseKey as error:
        raise BadField(str(error)) from error


def read_sequence(item: Mapping[str, Any]) -> SequenceStanding:
    """The metadata of a sequence."""
    gated = item.get("gated_content")
    if not isinstance(gated, dict):
        raise BadField("'gated_content' is no object")
    return SequenceStanding(
        position=position if isinstance(position := item.get("position"), int) else None,
        is_gated=optional(gated, "gated", flag, default=False),
        prerequisite=optional(gated, "prereq_id", short, ""),
        prerequisite_name=optional(gated, "prereq_section_name", short, ""),
    )


def read_access(item: Mapping[str, Any]) -> CourseAccess:
    """The metadata of a course."""
    access = item.get("course_access")
    if not isinstance(access, dict):
        raise BadField("'course_access' is no object")
    exam = item.get("entrance_exam_data") or {}
    is_needed = optional(exam, "entrance_exam_enabled", flag, default=False)
    return CourseAccess(
        reason=None if required(access, "has_access", flag) else optional(access, "error_code", short, "unknown"),
        has_exam_to_pass=is_needed and not optional(exam, "entrance_exam_passed", flag, default=True),
    )
