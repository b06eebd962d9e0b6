"""What the LMS has of learners: their enrollments, of one or of many at once, and their certificates.

Shapes are those of `/api/enrollment/v1/` and `/api/certificates/v0/`; what else they hold is ignored.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from edx.answers import Answer
from edx.errors import UnexpectedAnswer
from edx.fields import BadField, flag, instant, optional, required, short, text, word
from edx.http import OpenEdxHttp

ENROLLMENT = "/api/enrollment/v1/enrollment"
ENROLLMENTS = "/api/enrollment/v1/enrollments/"
CERTIFICATES = "/api/certificates/v0/certificates/"
MOST_NAMES = 100
"""User names in one call of the bulk list."""

PAGE_SIZE = 100
LONGEST_NAME = 150
PLAIN_NAME = re.compile(r"[-a-zA-Z0-9_]+")
POSSIBLE_NAME = re.compile(r"[\w.@+ -]+")

COUNTED = frozenset({"enrollment", "enrollments"})
"""The operations whose calls the platform counts together, 120 a minute of staff: not those for certificates."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Enrollment:
    """An enrollment of `username`; `course_key` is as the LMS wrote it, `mode` a slug such as `verified`."""

    username: str
    course_key: str
    mode: str
    is_active: bool
    enrolled_at: datetime


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of `username` that may be looked at by now; `mode` is the enrollment mode that it was earned in."""

    username: str
    course_key: str
    mode: str
    is_passing: bool
    grade: str
    download_url: str | None
    awarded_at: datetime


def is_possible(username: str) -> bool:
    """Whether the LMS could have a user of this name; of others it is never asked."""
    return len(username) <= LONGEST_NAME and POSSIBLE_NAME.fullmatch(username) is not None


def is_plain(username: str) -> bool:
    """Whether the bulk list takes the name on every installation; one that it does not take spoils the whole call."""
    return len(username) <= LONGEST_NAME and PLAIN_NAME.fullmatch(username) is not None


class LearnerRecords:
    """The learners' part of the LMS. Every method raises `OpenEdxError`.

    `authorization`, where given, is that of the learner asked for, and spares the application's own budget of calls.
    """

    def __init__(self, http: OpenEdxHttp) -> None:
        self._http = http

    async def enrollments(self, usernames: Sequence[str]) -> list[Enrollment]:
        """All enrollments of at most 100 plain user names, inactive ones too; unknown users have none."""
        query: dict[str, str | int] = {"username": ",".join(usernames), "page_size": PAGE_SIZE}
        found: list[Enrollment] = []
        async for page in self._http.pages(ENROLLMENTS, operation="enrollments", query=query):
            found += _all_of(page, read_enrollment, ENROLLMENTS)
        asked = frozenset(usernames)
        return [enrollment for enrollment in found if enrollment.username in asked]

    async def enrollments_of(self, username: str, *, authorization: str | None = None) -> list[Enrollment]:
        """The active enrollments of one user; of an unknown user there are none."""
        answer = await self._http.call(
            "GET", ENROLLMENT, operation="enrollment", query={"user": username}, authorization=authorization
        )
        return [each for each in _listed(answer, read_details) if each.username == username]

    async def certificates_of(self, username: str, *, authorization: str | None = None) -> list[Certificate]:
        """The passing certificates of one user that may be looked at by now (`spec/programs.md`, "Progress")."""
        path = f"{CERTIFICATES}{quote(username, safe='')}/"
        answer = await self._http.call("GET", path, operation="certificates", authorization=authorization)
        return [each for each in _listed(answer, read_certificate) if each.username == username]


def read_enrollment(item: Mapping[str, Any]) -> Enrollment:
    """A row of the bulk list."""
    return Enrollment(
        username=required(item, "user", word),
        course_key=required(item, "course_id", word),
        mode=required(item, "mode", word),
        is_active=required(item, "is_active", flag),
        enrolled_at=required(item, "created", instant),
    )


def read_details(item: Mapping[str, Any]) -> Enrollment:
    """A row of one user's list, which has the course in an object of its own."""
    details = item.get("course_details")
    if not isinstance(details, dict):
        raise BadField("'course_details' is no object")
    return read_enrollment({**item, "course_id": details.get("course_id")})


def read_certificate(item: Mapping[str, Any]) -> Certificate:
    """A row of the list of certificates."""
    return Certificate(
        username=required(item, "username", word),
        course_key=required(item, "course_id", word),
        mode=required(item, "certificate_type", word),
        is_passing=required(item, "is_passing", flag),
        grade=optional(item, "grade", short, ""),
        download_url=optional(item, "download_url", text, "") or None,
        awarded_at=required(item, "created_date", instant),
    )


def _listed(answer: Answer, read: Callable[[Mapping[str, Any]], T]) -> list[T]:
    """The items of an answer that is a bare array."""
    items = answer.json()
    if not isinstance(items, list):
        raise answer.unexpected("no array")
    return _all_of(items, read, answer.call.path)


def _all_of(items: Sequence[Any], read: Callable[[Mapping[str, Any]], T], path: str) -> list[T]:
    """All items, or none of them: one left out would look like an enrollment that ended."""
    try:
        return [read(item) if isinstance(item, dict) else _no_object() for item in items]
    except BadField as error:
        raise UnexpectedAnswer(str(error), method="GET", path=path) from error


def _no_object() -> Any:
    raise BadField("an item is no object")
