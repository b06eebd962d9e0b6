"""The terms of contracts and the status that follows from them, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from db.tables import Contract, ContractMembership
from resolvers.contracts.terms import (
    ContractStatus,
    Standing,
    Terms,
    day_of,
    first_moment,
    last_moment,
    price_of,
)
from resolvers.refusals import Reason

DAY = timedelta(days=1)
START, END = first_moment(date(2026, 1, 1)), last_moment(date(2026, 12, 31))
STANDING = Standing(is_enabled=True, start=START, end=END, max_learners=2, taken=0)


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (datetime(2025, 12, 31, 23, 59, 59, 999999, UTC), ContractStatus.UPCOMING),
        (datetime(2026, 1, 1, tzinfo=UTC), ContractStatus.ACTIVE),
        (datetime(2026, 12, 31, tzinfo=UTC), ContractStatus.ACTIVE),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), ContractStatus.ACTIVE),
        (datetime(2027, 1, 1, tzinfo=UTC), ContractStatus.EXPIRED),
        (datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), ContractStatus.ACTIVE),
    ],
)
def test_the_first_and_the_last_day_belong_to_a_contract(moment: datetime, status: ContractStatus) -> None:
    """Both ends are inclusive, and days are those of UTC: learners do not lose the last day (A3), nor is a day
    compared with a time (C2)."""
    assert STANDING.status(moment) is status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, ContractStatus.ACTIVE),
        ({"taken": 1}, ContractStatus.ACTIVE),
        ({"taken": 2}, ContractStatus.FULL),
        ({"taken": 3}, ContractStatus.FULL),
        ({"taken": 10**6, "max_learners": None}, ContractStatus.ACTIVE),
        ({"taken": 10**6, "max_learners": 0}, ContractStatus.ACTIVE),
        ({"start": None, "end": None}, ContractStatus.ACTIVE),
        ({"taken": 2, "is_enabled": False}, ContractStatus.DISABLED),
        ({"start": first_moment(date(2999, 1, 1)), "end": None, "is_enabled": False}, ContractStatus.DISABLED),
        ({"start": None, "end": last_moment(date(2026, 6, 1)), "taken": 2}, ContractStatus.EXPIRED),
        ({"start": first_moment(date(2026, 6, 3)), "taken": 2}, ContractStatus.UPCOMING),
    ],
)
def test_a_status_follows_from_switch_dates_and_seats_in_this_order(changes: dict[str, object], status: str) -> None:
    """C1: usable is enabled, started and not ended; C5: a limit of 0 or none never makes it full."""
    assert replace(STANDING, **changes).status(datetime(2026, 6, 2, tzinfo=UTC)) == status  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "reason", "field"),
    [
        ({"name": " "}, Reason.REQUIRED, "name"),
        ({"name": None}, Reason.REQUIRED, "name"),
        ({"name": "n" * 256}, Reason.TOO_LONG, "name"),
        ({"name": "n\0"}, Reason.INVALID, "name"),
        ({"welcome": "w" * 256}, Reason.TOO_LONG, "welcome"),
        ({"welcome_details": "\ud800"}, Reason.INVALID, "welcomeDetails"),
        ({"start_date": date(2026, 2, 2), "end_date": date(2026, 2, 1)}, Reason.INVALID_DATES, "endDate"),
        ({"max_learners": -1}, Reason.INVALID, "maxLearners"),
        ({"price": Decimal("-0.01")}, Reason.INVALID, "price"),
        ({"price": Decimal("1.005")}, Reason.INVALID, "price"),
        ({"price": Decimal(100000000)}, Reason.INVALID, "price"),
        ({"price": Decimal("NaN")}, Reason.INVALID, "price"),
        ({"price": Decimal("Infinity")}, Reason.INVALID, "price"),
    ],
)
def test_terms_that_make_no_sense_are_refused(given: dict[str, object], reason: Reason, field: str) -> None:
    """C3, C4: nobody checked that a contract ends after it starts, nor its price."""
    [problem] = Terms("Contract").changed(given).problems()
    assert (problem.code, problem.place) == (reason, (field,))


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = Terms("", start_date=date(2026, 2, 2), end_date=date(2026, 2, 1), max_learners=-1, price=Decimal(-1))
    assert [problem.place[0] for problem in wrong.problems()] == ["name", "endDate", "maxLearners", "price"]


@pytest.mark.parametrize("price", ["0", "0.01", "1500", "1500.5", "99999999.99"])
def test_a_price_comes_back_as_it_was(price: str) -> None:
    """1.2: ten digits, two of them behind the point; larger ones than a product's price overflowed."""
    terms = Terms("Contract", price=Decimal(price))
    assert not list(terms.problems())
    assert Decimal(price_of(terms.columns()["price_cents"])) == Decimal(price)


def test_a_contract_of_one_day_lasts_from_its_beginning_to_its_last_second() -> None:
    terms = Terms("Contract", start_date=date(2026, 5, 5), end_date=date(2026, 5, 5))
    assert list(terms.problems()) == []
    columns = terms.columns()
    assert columns["start"] == datetime(2026, 5, 5, tzinfo=UTC)
    assert columns["end"] == datetime(2026, 5, 5, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1969, 12, 31), date(2026, 2, 28), date(9999, 12, 31)])
def test_days_come_back_as_they_were(day: date) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for moment in (first_moment(day), last_moment(day)):
        assert moment is not None
        assert day_of((moment - epoch) // timedelta(microseconds=1)) == day.isoformat()
    assert day_of(None) is None


def test_terms_are_read_back_from_their_columns_and_empty_limits_are_none() -> None:
    terms = Terms("C", "d", ContractMembership.CODE, date(2026, 1, 1), None, 5, Decimal("12.50"), "w", "more")
    assert Terms.of(Contract(**terms.columns())) == terms
    empty = Terms("C").changed({"membership": None, "max_learners": 0, "price": None, "welcome": None})
    assert Terms.of(Contract(**empty.columns())) == Terms("C")
