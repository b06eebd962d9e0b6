"""The terms of a contract: its days, its seats and its price, and the status that follows from them.

Days are those of UTC, and both ends belong to the contract: it begins as its first day does and ends with the last
second of its last day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, exists, false, func, or_, select, true
from sqlalchemy.orm import aliased

from db.tables import Contract, ContractMember, ContractMembership, CourseRun, LearnerEnrollment
from db.types import instant, present
from resolvers.access import in_effect, is_ready
from resolvers.catalog.errors import BadFact
from resolvers.catalog.facts import check_texts
from resolvers.refusals import Problem, Reason

MOST_SEATS = 2**31 - 1
MOST_CENTS = 99_999_999_99
"""Two places behind the point and eight before it."""

LONGEST = {"name": 255, "welcome": 255}
LAST_SECOND = time(23, 59, 59, tzinfo=UTC)


class ContractStatus(StrEnum):
    """Where a contract is. What comes first here wins: a contract that is switched off is neither expired nor full."""

    DISABLED = "disabled"
    UPCOMING = "upcoming"
    EXPIRED = "expired"
    FULL = "full"
    ACTIVE = "active"


@dataclass(frozen=True)
class Terms:
    """What is agreed. `max_learners` 0 or None is no limit, `price` 0 or None is free of charge."""

    name: str
    description: str = ""
    membership: ContractMembership = ContractMembership.MANAGED
    start_date: date | None = None
    end_date: date | None = None
    max_learners: int | None = None
    price: Decimal | None = None
    welcome: str = ""
    welcome_details: str = ""

    def problems(self) -> Iterator[Problem]:
        """All that is wrong with them."""
        if not self.name.strip():
            yield Problem(Reason.REQUIRED, "it needs a name", ("name",))
        for field, longest in LONGEST.items():
            if (length := len(getattr(self, field))) > longest:
                yield Problem(Reason.TOO_LONG, f"it has {length} characters, {longest} are allowed", (GIVEN[field],))
        for field in ("name", "description", "welcome", "welcome_details"):
            try:
                check_texts(text=getattr(self, field))
            except BadFact as error:
                yield Problem(Reason.INVALID, str(error), (GIVEN[field],))
        if self.start_date and self.end_date and self.end_date < self.start_date:
            yield Problem(Reason.INVALID_DATES, "it would end before it starts", ("endDate",))
        if not 0 <= (self.max_learners or 0) <= MOST_SEATS:
            yield Problem(Reason.INVALID, "a number of learners is not negative", ("maxLearners",))
        yield from self._price_problems()

    def _price_problems(self) -> Iterator[Problem]:
        cents = (self.price or Decimal()) * 100
        if not cents.is_finite() or cents != cents.to_integral_value():
            yield Problem(Reason.INVALID, "a price has at most two places behind the point", ("price",))
        elif not 0 <= cents <= MOST_CENTS:
            yield Problem(Reason.INVALID, "a price is between 0 and 99999999.99", ("price",))

    def columns(self) -> dict[str, Any]:
        """As the table has them."""
        kept = ("name", "description", "membership", "welcome", "welcome_details")
        return {
            **{field: getattr(self, field) for field in kept},
            "name_folded": self.name.casefold(),
            "start": first_moment(self.start_date),
            "end": last_moment(self.end_date),
            "max_learners": self.max_learners or None,
            "price_cents": int((self.price or Decimal()) * 100),
        }

    def told(self) -> dict[str, Any]:
        """As JSON, by the names that the API has, for histories: the same for all that the table has alike."""
        columns = self.columns()
        shown = columns | {
            "start_date": self.start_date and self.start_date.isoformat(),
            "end_date": self.end_date and self.end_date.isoformat(),
            "price": price_of(columns["price_cents"]) if columns["price_cents"] else None,
        }
        return {name: shown[field] for field, name in GIVEN.items()}

    @classmethod
    def of(cls, contract: Contract) -> "Terms":
        """The terms of a contract."""
        return cls(
            name=contract.name,
            description=contract.description,
            membership=contract.membership,
            start_date=contract.start and contract.start.date(),
            end_date=contract.end and contract.end.date(),
            max_learners=contract.max_learners,
            price=Decimal(contract.price_cents) / 100 if contract.price_cents else None,
            welcome=contract.welcome,
            welcome_details=contract.welcome_details,
        )

    def changed(self, given: Mapping[str, Any]) -> "Terms":
        """The terms with some of them changed; None empties one, and a membership becomes the usual one."""
        return replace(self, **{name: EMPTY[name] if value is None else value for name, value in given.items()})


EMPTY: Mapping[str, Any] = {field.name: getattr(Terms(""), field.name) for field in fields(Terms)}
"""What each term is where nothing is agreed."""

GIVEN: Mapping[str, str] = {
    "name": "name",
    "description": "description",
    "membership": "membership",
    "start_date": "startDate",
    "end_date": "endDate",
    "max_learners": "maxLearners",
    "price": "price",
    "welcome": "welcome",
    "welcome_details": "welcomeDetails",
}
"""The terms by the names that the API has for them."""


def first_moment(day: date | None) -> datetime | None:
    """When a day begins."""
    return None if day is None else datetime.combine(day, time(tzinfo=UTC))


def last_moment(day: date | None) -> datetime | None:
    """The last second of a day."""
    return None if day is None else datetime.combine(day, LAST_SECOND)


def day_of(micros: int | None) -> str | None:
    """The day of a moment, given in microseconds since 1970, as ISO 8601 has it."""
    return None if micros is None else instant(micros).date().isoformat()


def price_of(cents: int) -> str:
    """An amount in hundredths as a decimal number."""
    return f"{cents // 100}.{cents % 100:02}"


@dataclass(frozen=True)
class Standing:
    """What the status of a contract follows from; `taken` is the number of its seats that are taken."""

    is_enabled: bool
    start: datetime | None
    end: datetime | None
    max_learners: int | None
    taken: int

    def status(self, at: datetime) -> ContractStatus:
        """Where the contract is at a moment."""
        if not self.is_enabled:
            return ContractStatus.DISABLED
        if self.start is not None and at < self.start:
            return ContractStatus.UPCOMING
        if self.end is not None and at > self.end:
            return ContractStatus.EXPIRED
        is_full = bool(self.max_learners) and self.taken >= (self.max_learners or 0)
        return ContractStatus.FULL if is_full else ContractStatus.ACTIVE


def seats_used() -> ScalarSelect[int]:
    """How many learners are enrolled in runs of a contract, each counted once, as far as the LMS has told."""
    run = aliased(CourseRun)
    enrolled = select(func.count(LearnerEnrollment.username.distinct())).select_from(LearnerEnrollment)
    enrolled = enrolled.join(run, run.key == LearnerEnrollment.course_key)
    return enrolled.where(run.contract_id == Contract.id, LearnerEnrollment.is_active).scalar_subquery()


def members() -> ScalarSelect[int]:
    """How many learners belong to a contract."""
    return select(func.count(ContractMember.id)).where(ContractMember.contract_id == Contract.id).scalar_subquery()


def is_full() -> ColumnElement[bool]:
    """Whether no learner may be added to a contract: as many belong to it, or are enrolled, as it has seats."""
    most = Contract.max_learners
    return and_(most.is_not(None), or_(members() >= most, seats_used() >= most))


STATUS: ColumnElement[str] = case(
    (~Contract.is_enabled, ContractStatus.DISABLED.value),
    (Contract.start > present(), ContractStatus.UPCOMING.value),
    (Contract.end < present(), ContractStatus.EXPIRED.value),
    (is_full(), ContractStatus.FULL.value),
    else_=ContractStatus.ACTIVE.value,
)
"""As `Standing.status`, at present."""


def can_be_joined() -> ColumnElement[bool]:
    """Whether learners may enroll in a course run now; in a contract's when that is in effect and has a seat left."""
    opened = or_(CourseRun.enrollment_start.is_(None), CourseRun.enrollment_start <= present())
    closed = or_(CourseRun.enrollment_end.is_(None), CourseRun.enrollment_end > present())
    has_seat = exists().where(Contract.id == CourseRun.contract_id, in_effect(), ~is_full())
    offered = or_(CourseRun.contract_id.is_(None), has_seat)
    conditions = (opened, closed, offered, is_ready(), CourseRun.retired_at.is_(None), ~CourseRun.is_source)
    return case((and_(*conditions), true()), else_=false())
