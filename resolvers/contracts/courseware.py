"""What becomes of courses that are added to a contract: one answer for each, worked out before anything is written.

"If a course is added to a contract, the system checks for any existing runs that have the source flag set" and re-runs
that for the contract (`spec/b2b-courseware.md`, "Source Course Run").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from edx.contract_keys import ContractTag, Prefix, contract_run_key, prefix_of
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from resolvers.refusals import Reason


class Outcome(StrEnum):
    """What becomes of one course."""

    CREATE = "create"
    EXISTS = "exists"
    NO_SOURCE = "no_source"
    AMBIGUOUS = "ambiguous"
    CONFLICT = "conflict"
    KEY_TOO_LONG = "key_too_long"


@dataclass(frozen=True, slots=True)
class SourceRun:
    """A run that others may be made from."""

    id: int
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """A course, the runs that may be its source, and those that the contract has of it, the latest last."""

    id: int
    key: str
    sources: Sequence[SourceRun] = ()
    runs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """The contract that runs are made for, and when; `organization` is the bare key."""

    number: int
    organization: str
    prefix: Prefix
    start: datetime | None
    end: datetime | None
    moment: datetime

    @property
    def tag(self) -> ContractTag:
        """The run part of the keys of runs that are made now: of the year by UTC."""
        return ContractTag(self.number, self.moment.year)


@dataclass(frozen=True, slots=True)
class Wish:
    """How courses are to be added: `is_anew` asks for another run of a course that the contract has already.

    `source` names the run to be copied. `is_forced` takes sources of another family of prefixes.
    """

    is_anew: bool = False
    is_forced: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedCourse:
    """What becomes of one course. `run` is the key of the run that there is or will be, `start` and `end` its dates.

    `code` and `message` say why there is no run, and `source_keys` which runs are called sources.
    """

    course_id: int
    course: str
    outcome: Outcome
    run: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    source: SourceRun | None = None
    code: Reason | None = None
    message: str | None = None
    source_keys: tuple[str, ...] = field(default=())

    @property
    def source_key(self) -> str | None:
        """The course key of the run that is copied."""
        return None if self.source is None else self.source.key


def planned(
    offer: Offer, courses: Iterable[CourseFacts], taken: Mapping[str, str], wish: Wish | None = None
) -> list[PlannedCourse]:
    """What becomes of each course, in their order; `taken` has the keys of known runs by their folded form."""
    taken = dict(taken)
    plans: list[PlannedCourse] = []
    for course in courses:
        plan = _planned(offer, course, taken, wish or Wish())
        if plan.outcome is Outcome.CREATE and plan.run is not None:
            taken[plan.run.casefold()] = plan.run  # two courses may have sources of one number
        plans.append(plan)
    return plans


def possible_keys(offer: Offer, courses: Iterable[CourseFacts]) -> list[str]:
    """The keys, folded, that runs of these courses could get."""
    keys = (_key(offer, source) for course in courses for source in course.sources)
    return [key.folded for key in keys if isinstance(key, CourseKey)]


def _planned(offer: Offer, course: CourseFacts, taken: Mapping[str, str], wish: Wish) -> PlannedCourse:
    if course.runs and not wish.is_anew:
        return PlannedCourse(course.id, course.key, Outcome.EXISTS, course.runs[-1])
    source = _source(course, wish)
    if isinstance(source, PlannedCourse):
        return source
    if not (wish.is_forced or offer.prefix.takes(prefix_of(CourseKey.parse(source.key).org))):
        what = f"'{offer.prefix.text}'" if offer.prefix.text else "no prefix"
        reason = f"the source {source.key} was not made for organizations of {what}"
        return _lacking(course, Outcome.CONFLICT, Reason.PREFIX_MISMATCH, reason, source=source)
    key = _key(offer, source)
    if isinstance(key, str):
        return _lacking(course, Outcome.KEY_TOO_LONG, Reason.KEY_TOO_LONG, key, source=source)
    if key.folded in taken:
        code, reason = _conflict(course, taken[key.folded])
        return _lacking(course, Outcome.CONFLICT, code, reason, source=source, run=taken[key.folded])
    start = offer.start or offer.moment.replace(microsecond=0)
    return PlannedCourse(course.id, course.key, Outcome.CREATE, str(key), start, offer.end, source)


def _conflict(course: CourseFacts, key: str) -> tuple[Reason, str]:
    if key in course.runs:
        return Reason.RUN_EXISTS_FOR_CONTRACT, f"the contract has the run {key}, and one a year is all that keys allow"
    return Reason.KEY_CONFLICT, f"the key {key} is that of a run which is not one of the contract's, or not any more"


def _source(course: CourseFacts, wish: Wish) -> SourceRun | PlannedCourse:
    """The one source to copy, or why there is none."""
    sources = course.sources
    if wish.source is not None:
        folded = wish.source.casefold()
        sources = [source for source in sources if source.key.casefold() == folded]
    match sources:
        case [source]:
            return source
        case []:
            reason = f"no run of {course.key} is its source"
            return _lacking(course, Outcome.NO_SOURCE, Reason.SOURCE_RUN_MISSING, reason)
        case several:
            keys = tuple(source.key for source in several)
            reason = f"several runs of {course.key} are called its source: {', '.join(keys)}; name one, or designate it"
            return PlannedCourse(
                course.id, course.key, Outcome.AMBIGUOUS, code=Reason.SOURCE_RUN_AMBIGUOUS, message=reason,
                source_keys=keys,
            )  # fmt: skip


def _lacking(course: CourseFacts, outcome: Outcome, code: Reason, message: str, **known: Any) -> PlannedCourse:
    return PlannedCourse(course.id, course.key, outcome, code=code, message=message, **known)


def _key(offer: Offer, source: SourceRun) -> CourseKey | str:
    """The key of the run that is made from a source, or why there can be none."""
    try:
        return contract_run_key(CourseKey.parse(source.key), offer.prefix, offer.organization, offer.tag)
    except InvalidCourseKey as error:
        return error.reason
