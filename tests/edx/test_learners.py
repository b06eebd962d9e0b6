"""Enrollments and certificates of learners, as the platform was recorded to give them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from edx.errors import OpenEdxError, Rejected, Throttled, UnexpectedAnswer
from edx.http import OpenEdxHttp
from edx.learners import Certificate, Enrollment, LearnerRecords, is_plain, is_possible
from tests.edx.conftest import Service, recorded, replayed, reply

ROW = {
    "created": "2015-12-22T02:47:17Z",
    "mode": "audit",
    "is_active": True,
    "user": "alice",
    "course_id": "course-v1:ANUx+ASTRO2X+2B3T2015",
}
LISTS: dict[str, dict[str, Any]] = {exchange["name"]: exchange for exchange in recorded("enrollments")}
MINE: dict[str, dict[str, Any]] = {exchange["name"]: exchange for exchange in recorded("enrollment")}
CERTIFICATES: dict[str, dict[str, Any]] = {exchange["name"]: exchange for exchange in recorded("certificates")}


@pytest.fixture
def records(http: OpenEdxHttp) -> LearnerRecords:
    return LearnerRecords(http)


async def test_many_learners_are_asked_for_in_one_call_and_inactive_rows_are_told_apart(
    service: Service, records: LearnerRecords
) -> None:
    exchange = LISTS["username=alice,bob (staff): active and inactive rows"]
    service.answers(replayed(exchange))

    found = await records.enrollments(["alice", "bob"])

    assert [seen.parameters["username"] for seen in service.seen] == [["alice,bob"]]
    assert [(each.username, each.course_key, each.is_active) for each in found] == [
        (row["user"], row["course_id"], row["is_active"]) for row in exchange["response"]["body"]["results"]
    ]
    assert {each.is_active for each in found} == {True, False}


async def test_pages_are_followed_by_cursor(service: Service, records: LearnerRecords) -> None:
    """The cursor envelope of v1 (recordings, claim a)."""
    first = LISTS["course_id=, 107 rows: page 1 (100 rows, cursor next)"]
    second = LISTS["page 2 through the next link"]
    service.answers(replayed(first), replayed(second))
    names = {row["user"] for each in (first, second) for row in each["response"]["body"]["results"]}

    assert len(await records.enrollments(sorted(names))) == 107
    assert "cursor=" in service.seen[1].query


async def test_pages_are_followed_by_number(service: Service, records: LearnerRecords) -> None:
    """The page-number envelope of v2 (domain/programs §3.4)."""
    following = f"{service.url}/api/enrollment/v1/enrollments/?page=2"
    service.answers(
        reply({"next": following, "previous": None, "count": 2, "num_pages": 2, "results": [ROW]}),
        reply({"next": None, "previous": "x", "count": 2, "num_pages": 2, "results": [{**ROW, "course_id": "a/b/c"}]}),
    )

    assert [each.course_key for each in await records.enrollments(["alice"])] == [ROW["course_id"], "a/b/c"]
    assert service.seen[1].parameters == {"page": ["2"]}


async def test_rows_of_names_that_were_not_asked_for_are_left_out(service: Service, records: LearnerRecords) -> None:
    """Some databases compare names without case; we do not."""
    service.answers(reply({"next": None, "previous": None, "results": [{**ROW, "user": "Alice"}, ROW]}))

    assert [each.username for each in await records.enrollments(["alice"])] == ["alice"]


async def test_one_learner_is_asked_for_with_a_token_of_their_own(service: Service, records: LearnerRecords) -> None:
    exchange = MINE["staff for another user"]
    [row] = exchange["response"]["body"]
    service.answers(replayed(exchange))

    key, enrolled_at = row["course_details"]["course_id"], datetime(2025, 1, 4, 12, 31, tzinfo=UTC)
    found = await records.enrollments_of("bob", authorization="JWT bobs")
    assert found == [Enrollment("bob", key, row["mode"], True, enrolled_at)]
    [seen] = service.seen
    assert (seen.path, seen.query) == ("/api/enrollment/v1/enrollment", "user=bob")
    assert seen.headers["authorization"] == "JWT bobs"


@pytest.mark.parametrize("name", ["staff: user with no enrolment", "staff: unknown user"])
async def test_who_is_unknown_or_not_enrolled_has_no_enrollments(
    service: Service, records: LearnerRecords, name: str
) -> None:
    service.answers(replayed(MINE[name]))

    assert await records.enrollments_of("nobody") == []


async def test_certificates_are_read(service: Service, records: LearnerRecords) -> None:
    exchange = CERTIFICATES["list for another user, staff"]
    service.answers(replayed(exchange))

    found = await records.certificates_of("alice")

    assert [(each.course_key, each.mode, each.is_passing, each.grade) for each in found] == [
        (row["course_id"], row["certificate_type"], row["is_passing"], row["grade"])
        for row in exchange["response"]["body"]
    ]
    assert isinstance(found[0], Certificate)
    assert service.seen[0].path == "/api/certificates/v0/certificates/alice/"


@pytest.mark.parametrize("name", ["list, none", "list, unknown user, staff"])
async def test_who_is_unknown_or_has_none_has_no_certificates(
    service: Service, records: LearnerRecords, name: str
) -> None:
    service.answers(replayed(CERTIFICATES[name]))

    assert await records.certificates_of("nobody") == []


async def test_a_name_is_percent_encoded_in_a_path(service: Service, records: LearnerRecords) -> None:
    service.answers(reply([]))

    await records.certificates_of("a.b@c/d")

    assert service.seen[0].path == "/api/certificates/v0/certificates/a.b%40c%2Fd/"


async def test_a_refused_token_of_the_learner_is_not_tried_twice(service: Service, records: LearnerRecords) -> None:
    service.answers(replayed(MINE["expired JWT"]))

    with pytest.raises(Rejected):
        await records.enrollments_of("alice", authorization="JWT old")
    assert len(service.seen) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("101 usernames", Rejected),
        ("badly formed username", Rejected),
        ("non-staff", Rejected),
        ("throttled (staff; request 121 of the minute was the first refused)", Throttled),
    ],
)
async def test_recorded_refusals_are_typed(
    service: Service, records: LearnerRecords, name: str, expected: type[OpenEdxError]
) -> None:
    service.answers(replayed(LISTS[name]))

    with pytest.raises(expected):
        await records.enrollments(["alice"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"results": [{**ROW, "is_active": "yes"}], "next": None},
        {"results": [{**ROW, "user": None}], "next": None},
        {"results": [{**ROW, "created": "yesterday"}], "next": None},
        {"results": ["alice"], "next": None},
        [ROW],
    ],
)
async def test_garbage_is_an_error_and_no_shorter_list(service: Service, records: LearnerRecords, body: Any) -> None:
    service.answers(reply(body))

    with pytest.raises(UnexpectedAnswer):
        await records.enrollments(["alice"])


@pytest.mark.parametrize("body", [{}, "page", [{**ROW, "course_details": None}], [[]]])
async def test_garbage_in_place_of_one_learners_lists_is_an_error(
    service: Service, records: LearnerRecords, body: Any
) -> None:
    service.answers(reply(body))

    with pytest.raises(UnexpectedAnswer):
        await records.enrollments_of("alice")
    with pytest.raises(UnexpectedAnswer):
        await records.certificates_of("alice")


@pytest.mark.parametrize(
    ("username", "plain", "possible"),
    [
        ("alice", True, True),
        ("a-b_9", True, True),
        ("zoë", False, True),
        ("a.b@c+d e", False, True),
        ("alice,bob", False, False),
        ("a/b", False, False),
        ("", False, False),
        ("a\n", False, False),
        ("a" * 151, False, False),
    ],
)
def test_only_names_that_the_lms_could_have_are_passed_on(username: str, plain: bool, possible: bool) -> None:
    """§2.6: a comma would make two users of one."""
    assert (is_plain(username), is_possible(username)) == (plain, possible)
