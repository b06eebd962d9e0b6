"""Studio as we see it: course runs shown, made, changed, rerun and cloned through `/api/v1/course_runs/`.

Shapes are those recorded from the real one. Only global staff may call, and cloning into another organization needs a
superuser. Nothing but reads and `change` is ever sent twice: what is not known to have failed may have been done.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edx.answers import Answer
from edx.errors import DestinationExists, NotFound, Rejected, SourceMissing
from edx.fields import BadField, instant_or_none, optional, required, text, word
from edx.http import OpenEdxHttp, quoted
from edx.keys import CourseKey
from edx.lms import PAGE_SIZE, BadItem, Pacing, course_key, pacing, read_item, read_whole

RUNS = "/api/v1/course_runs/"
CLONE = f"{RUNS}clone/"
NOT_FOUND = ("Not found.",)

CLONE_SECONDS = 120.0
"""How long the answer to a clone is waited for: Studio copies the whole course before it answers."""

CLONE_REFUSALS: Mapping[str, type[Rejected]] = {
    "Source course does not exist.": SourceMissing,
    "Destination course already exists.": DestinationExists,
}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the team of a course run; `role` is `instructor` or `staff`."""

    username: str
    role: str


@dataclass(frozen=True, slots=True)
class StudioRun:
    """A course run as its authors see it. Times are in UTC, None where Studio has none."""

    key: CourseKey
    title: str
    start: datetime | None
    end: datetime | None
    enrollment_start: datetime | None
    enrollment_end: datetime | None
    pacing: Pacing
    team: tuple[Member, ...] = ()
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What of a run is to be set; what is None is left as it is.

    Studio refuses an `end` that is null, so that an end can be moved but not taken away. `enrollment` are the first
    and the last moment of enrollment, either of them None for no bound. Members are added, never removed.
    """

    title: str | None = None
    pacing: Pacing | None = None
    start: datetime | None = None
    end: datetime | None = None
    enrollment: tuple[datetime | None, datetime | None] | None = None
    team: Sequence[Member] = ()

    def body(self) -> dict[str, Any]:
        """The changes as Studio reads them."""
        dates = {"start": self.start, "end": self.end}
        schedule: dict[str, datetime | None] = {name: moment for name, moment in dates.items() if moment is not None}
        if self.enrollment is not None:
            schedule["enrollment_start"], schedule["enrollment_end"] = self.enrollment
        values = {
            "title": self.title,
            "pacing_type": self.pacing and f"{self.pacing}_paced",
            "schedule": schedule,
            "team": [{"user": member.username, "role": member.role} for member in self.team],
        }
        return {name: value for name, value in values.items() if value}


NOTHING = Changes()


class Studio:
    """A client of Studio. Every method raises `OpenEdxError`; `clone_seconds` is the patience for copying a course."""

    def __init__(self, http: OpenEdxHttp, *, clone_seconds: float = CLONE_SECONDS) -> None:
        self._http = http
        self._clone_seconds = clone_seconds

    async def run(self, key: CourseKey) -> StudioRun | None:
        """One course run; None if there is none, which for a while may be so of one that has just been made."""
        try:
            answer = await self._http.call("GET", path_of(key), operation="studio_run")
        except NotFound as error:
            if error.messages == NOT_FOUND:
                return None
            raise
        return read_whole(answer, read_studio_run)

    async def runs(self) -> AsyncIterator[StudioRun | BadItem]:
        """All course runs, in the order in which they were made."""
        async for page in self._http.pages(RUNS, operation="studio_runs", query={"page_size": PAGE_SIZE}):
            for item in page:
                yield read_item(item, "id", read_studio_run)

    async def create(self, key: CourseKey, title: str, given: Changes = NOTHING) -> StudioRun:
        """Make an empty run. Without a team nobody is on it. A key that is taken is `Failed`: Studio breaks over it."""
        parts = {"org": key.org, "number": key.course, "run": key.run, "title": title}
        return await self._made(RUNS, {**whole_schedule(given).body(), **parts}, "studio_create")

    async def rerun(
        self, source: CourseKey, run: str, given: Changes = NOTHING, *, number: str | None = None
    ) -> StudioRun:
        """Make a run out of another one of the same organization. Dates of enrollment are thrown away by Studio."""
        parts = {"run": run} if number is None else {"run": run, "number": number}
        body = {**whole_schedule(given).body(), **parts}
        return await self._made(f"{path_of(source)}rerun/", body, "studio_rerun")

    async def clone(self, source: CourseKey, destination: CourseKey) -> None:
        """Copy a run to a key of any organization; whoever calls becomes its instructor.

        The copy has the title and the dates of the source, but none of enrollment, and neither modes nor enrollments.
        Raises SourceMissing and DestinationExists. After any `Unreachable` but NotSent, and after `Failed`, the run
        may be there, or come yet.
        """
        body = {"source_course_id": str(source), "destination_course_id": str(destination)}
        try:
            await self._http.call(
                "POST", CLONE, operation="studio_clone", json=body, idempotent=False, patience=self._clone_seconds
            )
        except Rejected as error:
            for message in error.messages:
                if kind := CLONE_REFUSALS.get(message):
                    raise as_kind(error, kind) from error
            raise

    async def change(self, key: CourseKey, changes: Changes) -> StudioRun:
        """Change a run, and nothing of it that is not named: a PATCH, for a PUT would empty its team."""
        answer = await self._http.call(
            "PATCH", path_of(key), operation="studio_change", json=changes.body(), idempotent=True
        )
        return read_whole(answer, read_studio_run)

    async def _made(self, path: str, body: Mapping[str, Any], operation: str) -> StudioRun:
        answer: Answer = await self._http.call(
            "POST", path, operation=operation, json=body, idempotent=False, patience=self._clone_seconds
        )
        return read_whole(answer, read_studio_run)


def path_of(key: CourseKey) -> str:
    """Where a run is."""
    return f"{RUNS}{quoted(key)}/"


def whole_schedule(given: Changes) -> Changes:
    """The same, for a run that is to be made: ValueError if there are dates, but not both `start` and `end`."""
    dates = (given.start, given.end)
    if None in dates and (any(dates) or given.enrollment is not None):
        raise ValueError("a run is made with both start and end, or without any dates")
    return given


def as_kind(error: Rejected, kind: type[Rejected]) -> Rejected:
    """The same refusal as one of a narrower kind."""
    return kind(
        error.reason,
        method=error.method,
        path=error.path,
        status=error.status,
        messages=error.messages,
        retry_after=error.retry_after,
        excerpt=error.excerpt,
    )


def read_studio_run(item: Mapping[str, Any]) -> StudioRun:
    """A run as Studio gives it, whose `schedule` may hold nulls."""
    schedule = required(item, "schedule", mapping)
    return StudioRun(
        key=required(item, "id", course_key),
        title=required(item, "title", text),
        start=required(schedule, "start", instant_or_none),
        end=required(schedule, "end", instant_or_none),
        enrollment_start=required(schedule, "enrollment_start", instant_or_none),
        enrollment_end=required(schedule, "enrollment_end", instant_or_none),
        pacing=required(item, "pacing_type", pacing),
        team=optional(item, "team", listed(member), ()),
        image_url=optional(item, "images", card_image, None),
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise BadField("not an object")
    return value


def listed(read: Callable[[Any], Member]) -> Callable[[Any], tuple[Member, ...]]:
    """A reader of a list of what `read` reads."""

    def read_list(value: Any) -> tuple[Member, ...]:
        if not isinstance(value, list):
            raise BadField("not a list")
        return tuple(read(item) for item in value)

    return read_list


def member(value: Any) -> Member:
    """A member of a team."""
    item = mapping(value)
    return Member(required(item, "user", word), required(item, "role", word))


def card_image(value: Any) -> str | None:
    """The address of the run's image."""
    return optional(mapping(value), "card_image", text, "") or None
