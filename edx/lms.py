"""The LMS as we see it: its organizations, course runs and their modes, read through its REST APIs; modes are added.

Shapes are those of `/api/organizations/v0/`, `/api/courses/v1/` and `/api/course_modes/v1/`; what else they hold is
ignored.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from edx.answers import Answer
from edx.errors import NotFound
from edx.fields import BadField, flag, instant_or_none, optional, required, text, title, whole, word
from edx.http import OpenEdxHttp, quoted
from edx.keys import CourseKey

ORGANIZATIONS = "/api/organizations/v0/organizations/"
COURSES = "/api/courses/v1/courses/"
MODES = "/api/course_modes/v1/courses/"
PAGE_SIZE = 100
"""The most that the platform gives in a page."""

KEYS_AT_ONCE = 50

T = TypeVar("T")


class Pacing(StrEnum):
    """Who sets the pace of a run."""

    INSTRUCTOR = "instructor"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Organization:
    """An active organization; `key` is its short name, the organization part of course keys."""

    key: str
    name: str
    description: str
    logo_url: str | None


@dataclass(frozen=True, slots=True)
class CourseRun:
    """A course run as its users see it. Times are in UTC, None where the platform has none."""

    key: CourseKey
    name: str
    short_description: str
    image_url: str | None
    start: datetime | None
    end: datetime | None
    enrollment_start: datetime | None
    enrollment_end: datetime | None
    pacing: Pacing
    is_hidden: bool
    is_invitation_only: bool


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode in which learners may enroll in a run; `price` in units of `currency` (`usd`), `sku` '' where none is."""

    slug: str
    name: str
    sku: str = ""
    price: int = 0
    currency: str = "usd"
    expires: datetime | None = None


DEFAULT_MODE = Mode("audit", "Audit")
"""The mode of a run that has none of its own: the enrollment API shows it so."""


@dataclass(frozen=True, slots=True)
class BadItem:
    """An item of a list that could not be read, to be reported: `raw_id` as the platform wrote it, if it did."""

    raw_id: str
    reason: str


class Lms:
    """A client of the LMS. `username` is whose view of the courses is asked for, by default the signed-in user's.

    Every method raises `OpenEdxError`.
    """

    def __init__(self, http: OpenEdxHttp, *, username: str | None = None) -> None:
        self._http = http
        self._username = username

    async def organizations(self) -> AsyncIterator[Organization | BadItem]:
        """All active organizations."""
        query = {"page_size": PAGE_SIZE}
        async for page in self._http.pages(ORGANIZATIONS, operation="organizations", query=query):
            for item in page:
                if not (isinstance(item, dict) and item.get("active") is False):
                    yield read_item(item, "short_name", read_organization)

    async def course_runs(
        self, *, org: str | None = None, active_only: bool = False
    ) -> AsyncIterator[CourseRun | BadItem]:
        """All course runs that the user may see, of one organization if given.

        `active_only` leaves out the runs that have ended. A run may come twice, as pages shift while they are read.
        """
        query = {**await self._viewer(), "page_size": PAGE_SIZE}
        if org is not None:
            query["org"] = org
        if active_only:
            query["active_only"] = "true"
        async for page in self._http.pages(COURSES, operation="courses", query=query):
            for item in page:
                yield read_item(item, "id", read_course_run)

    async def shown(self, keys: Sequence[CourseKey]) -> set[CourseKey]:
        """Those of the runs that the user may see: one call for each fifty, whose keys fit into an address.

        An LMS that is too old for the parameter `course_keys` gives all its runs in place of these.
        """
        query: dict[str, str | int] = {**await self._viewer(), "page_size": PAGE_SIZE}
        found: set[CourseKey] = set()
        for start in range(0, len(keys), KEYS_AT_ONCE):
            query["course_keys"] = ",".join(map(str, keys[start : start + KEYS_AT_ONCE]))
            async for page in self._http.pages(COURSES, operation="courses", query=query):
                items = [read_item(item, "id", lambda run: required(run, "id", course_key)) for item in page]
                found.update(item for item in items if not isinstance(item, BadItem))
        return found.intersection(keys)

    async def modes(self, key: CourseKey) -> list[Mode]:
        """The modes of a run that there is, expired ones too; of an unknown one those of a run without any."""
        return await self.own_modes(key) or [DEFAULT_MODE]

    async def own_modes(self, key: CourseKey) -> list[Mode]:
        """The modes that were given to a run; none for an unknown one, too."""
        answer = await self._http.call("GET", f"{MODES}{quoted(key)}/", operation="course_modes")
        items = answer.json()
        if not isinstance(items, list):
            raise answer.unexpected("not a list")
        try:
            return [read_mode(item) for item in items]
        except BadField as error:
            raise answer.unexpected(str(error)) from error

    async def add_mode(self, key: CourseKey, mode: Mode) -> None:
        """Give a run a mode that it has not. Not sent twice: for a mode that is there the LMS breaks down (`Failed`).

        So it does for a run that it does not know (yet). A SKU and an expiry are left to whoever sells the mode.
        """
        body = {
            "course_id": str(key),
            "mode_slug": mode.slug,
            "mode_display_name": mode.name,
            "min_price": mode.price,
            "currency": mode.currency,
        }
        await self._http.call("POST", f"{MODES}{quoted(key)}/", operation="add_mode", json=body, idempotent=False)

    async def course_run(self, key: CourseKey) -> CourseRun | None:
        """One course run; None if there is none or the user may not see it."""
        path = f"{COURSES}{quoted(key)}/"
        query = await self._viewer()
        try:
            answer = await self._http.call("GET", path, operation="course", query=query)
        except NotFound as error:
            if error.messages == ("Course not found.",):
                return None
            raise
        return read_whole(answer, read_course_run)

    async def ping(self) -> None:
        """Make one cheap call as the signed-in user, without retries; raises if that does not work."""
        answer = await self._http.call("GET", ORGANIZATIONS, operation="ping", query={"page_size": 1}, attempts=1)
        answer.json()

    async def _viewer(self) -> dict[str, str | int]:
        """Without a username even staff see only what an anonymous visitor sees."""
        username = self._username or await self._http.username()
        return {"username": username} if username else {}


def read_item(item: Any, id_name: str, read: Callable[[Mapping[str, Any]], T]) -> T | BadItem:
    """An item of a list, or what is wrong with it: one bad course must not hide the others."""
    if not isinstance(item, dict):
        return BadItem("", "not an object")
    try:
        return read(item)
    except BadField as error:
        return BadItem(str(item.get(id_name, ""))[:300], str(error))


def read_whole(answer: Answer, read: Callable[[Mapping[str, Any]], T]) -> T:
    """An answer that is one item; raises `UnexpectedAnswer` if that cannot be read."""
    item = answer.json()
    if not isinstance(item, dict):
        raise answer.unexpected("not an object")
    try:
        return read(item)
    except BadField as error:
        raise answer.unexpected(str(error)) from error


def read_organization(item: Mapping[str, Any]) -> Organization:
    """An organization as the organizations API gives it."""
    return Organization(
        key=required(item, "short_name", word),
        name=required(item, "name", title),
        description=optional(item, "description", text, ""),
        logo_url=optional(item, "logo", text, "") or None,
    )


def read_course_run(item: Mapping[str, Any]) -> CourseRun:
    """A course run as the courses API gives it; `org` and `number` there are for display and not unique."""
    return CourseRun(
        key=required(item, "id", course_key),
        name=required(item, "name", title),
        short_description=optional(item, "short_description", title, ""),
        image_url=optional(item, "media", course_image, None),
        start=required(item, "start", instant_or_none),
        end=required(item, "end", instant_or_none),
        enrollment_start=required(item, "enrollment_start", instant_or_none),
        enrollment_end=required(item, "enrollment_end", instant_or_none),
        pacing=required(item, "pacing", pacing),
        is_hidden=optional(item, "hidden", flag, default=False),
        is_invitation_only=optional(item, "invitation_only", flag, default=False),
    )


def read_mode(item: Any) -> Mode:
    """A mode as the course modes API gives it; older releases write the price as a text, such as `49.00`."""
    if not isinstance(item, dict):
        raise BadField("not an object")
    return Mode(
        slug=required(item, "mode_slug", word),
        name=optional(item, "mode_display_name", title, ""),
        sku=optional(item, "sku", text, ""),
        price=optional(item, "min_price", whole, 0),
        currency=optional(item, "currency", text, "usd"),
        expires=optional(item, "expiration_datetime", instant_or_none, None),
    )


def course_key(value: Any) -> CourseKey:
    """The key of a run."""
    return CourseKey.parse(text(value))


def pacing(value: Any) -> Pacing:
    """`instructor` and `self` of the LMS, `instructor_paced` and `self_paced` of Studio, in any case."""
    return Pacing(text(value).lower().removesuffix("_paced"))


def course_image(value: Any) -> str | None:
    """The address of the course's image, with its host where the platform gives it."""
    match value:
        case {"image": {"raw": str(address)}} | {"course_image": {"uri": str(address)}}:
            return address or None
        case _:
            return None
