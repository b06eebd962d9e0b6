from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx.olx import Key
from resolvers.content.outline import Outline
from resolvers.content.visibility import (
    NO_START,
    Access,
    Audience,
    Exposure,
    Role,
    State,
    access,
    along,
    exposure,
    is_outlined,
    states,
)
from tests.resolvers.content.trees import PARTITIONS, node, outline, trees

UNIT = Key("vertical", "u")
SEQUENCE = Key("sequential", "s")
NOW = datetime(2020, 6, 1, tzinfo=UTC)
BEFORE, AFTER = "2020-05-31T00:00:00Z", "2020-06-02T00:00:00Z"
LEARNERS = (Role.BETA_TESTER, Role.LEARNER)


def one(course: dict[str, Any], section: Any = None, sequence: Any = None, unit: Any = None) -> Outline:
    """A course of one unit, with these settings at each level."""
    return outline(node("w", node("s", node("u", **unit or {}), **sequence or {}), **section or {}), **course)


def asked(course: Outline, role: Role = Role.LEARNER, at: datetime = NOW, **groups: set[int]) -> Access:
    found = {int(name.strip("_")): frozenset(ids) for name, ids in groups.items()}
    return access(exposure(course, UNIT), Audience(role, at, found))


@pytest.mark.parametrize(
    ("role", "visibility", "expected"),
    [
        (Role.STAFF, None, Access.OPEN),
        (Role.BETA_TESTER, None, Access.OPEN),
        (Role.LEARNER, None, Access.OPEN),
        (Role.ANONYMOUS, None, Access.SIGN_IN),
        (Role.ANONYMOUS, "public_outline", Access.SIGN_IN),
        (Role.ANONYMOUS, "public", Access.OPEN),
        (Role.ANONYMOUS, '"public"', Access.OPEN),
    ],
)
def test_an_open_unit_is_open_by_role(role: Role, visibility: str | None, expected: Access) -> None:
    """content.md, S1."""
    assert asked(one({"course_visibility": visibility} if visibility else {}), role) is expected


@pytest.mark.parametrize(("level", "value"), list(product(range(4), ["true", True, "unreadable"])))
def test_staff_only_at_any_level_hides_all_below_from_all_but_staff(level: int, value: Any) -> None:
    """content.md, S1 (the answer tells the source) and S2. What cannot be read hides."""
    course = one(*[{"visible_to_staff_only": value} if each == level else {} for each in range(4)])

    assert exposure(course, UNIT).staff_only_from == course.lineage(UNIT)[level].key
    assert asked(course, Role.STAFF) is Access.OPEN
    for role in (*LEARNERS, Role.ANONYMOUS):
        assert asked(course, role) is Access.STAFF_ONLY
        assert not is_outlined(exposure(course, UNIT), Audience(role, NOW))


@pytest.mark.parametrize(("level", "value"), list(product(range(4), [AFTER, "unreadable"])))
def test_a_start_to_come_at_any_level_closes_all_below(level: int, value: str) -> None:
    """content.md, S3: the effective start is the latest of all; a child with an earlier one does not leak."""
    levels: list[dict[str, Any]] = [{"start": value} if each == level else {"start": BEFORE} for each in range(4)]
    course = one(*levels)

    assert exposure(course, UNIT).start_from == course.lineage(UNIT)[level].key
    assert asked(course, Role.STAFF) is Access.OPEN
    for role in LEARNERS:
        assert asked(course, role) is Access.NOT_STARTED


@pytest.mark.parametrize(("microseconds", "expected"), [(-1, Access.NOT_STARTED), (0, Access.OPEN), (1, Access.OPEN)])
def test_a_unit_is_open_from_the_very_start(microseconds: int, expected: Access) -> None:
    """content.md, S3 and S11: open at start, by a clock that is given."""
    at = datetime(2020, 6, 2, tzinfo=UTC) + timedelta(microseconds=microseconds)

    assert asked(one({"start": AFTER}), at=at) is expected


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize(("early", "expected"), [("2", Access.OPEN), ("0.5", Access.NOT_STARTED), ("null", None)])
def test_beta_testers_come_early_at_every_level(level: int, early: str, expected: Access | None) -> None:
    """content.md, S4."""
    levels: list[dict[str, Any]] = [{"start": AFTER} if each == level else {} for each in range(4)]
    levels[0]["days_early_for_beta"] = early
    course = one(*levels)

    assert asked(course, Role.BETA_TESTER) is (expected or Access.NOT_STARTED)
    assert asked(course, Role.LEARNER) is Access.NOT_STARTED


@pytest.mark.parametrize("start", ["null", None, "unreadable"])
def test_a_course_whose_start_is_null_is_closed_to_all_learners(start: Any) -> None:
    """content.md, S5."""
    course = one({"start": start})

    assert [asked(course, role, at=datetime(2100, 1, 1, tzinfo=UTC)) for role in LEARNERS] == [Access.NOT_STARTED] * 2


def test_a_course_without_a_start_starts_when_open_edx_says() -> None:
    """content.md, F43: the default start is 2030-01-01."""
    course = outline(node("w"))
    root = course.course
    bare = Outline(course.root, {**course.entries, course.root: type(root)(root.key, "C", {}, root.children)})

    assert along(bare.lineage(bare.root)).start == NO_START


def test_what_is_not_released_is_listed_and_closed() -> None:
    """content.md, S6."""
    found = exposure(one({}, sequence={"start": AFTER}), UNIT)

    assert access(found, Audience(Role.LEARNER, NOW)) is Access.NOT_STARTED
    assert is_outlined(found, Audience(Role.LEARNER, NOW))


@pytest.mark.parametrize("level", range(4))
def test_what_hides_from_the_outline_is_open_all_the_same(level: int) -> None:
    """content.md, S7."""
    course = one(*[{"hide_from_toc": "true"} if each == level else {} for each in range(4)])

    assert asked(course) is Access.OPEN
    assert not is_outlined(exposure(course, UNIT), Audience(Role.LEARNER, NOW))


@pytest.mark.parametrize(
    ("pace", "due", "end", "expected"),
    [
        ("false", BEFORE, None, Access.PAST_DUE),
        ("false", BEFORE, AFTER, Access.PAST_DUE),
        ("false", AFTER, BEFORE, Access.OPEN),
        ("false", NOW.isoformat(), None, Access.OPEN),
        ("false", "null", BEFORE, Access.OPEN),
        ("false", "unreadable", None, Access.OPEN),
        ("true", BEFORE, AFTER, Access.OPEN),
        ("true", AFTER, BEFORE, Access.PAST_DUE),
        ("true", BEFORE, "null", Access.OPEN),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_what_hides_after_due_closes_at_the_due_date_or_the_end_of_a_course_at_ones_own_pace(
    pace: str, due: str, end: str | None, expected: Access, own: bool
) -> None:
    """content.md, S8; the due date may be handed down."""
    above, below = ({}, {"due": due}) if own else ({"due": due}, {})
    course = one({"self_paced": pace, "end": end}, above, {"hide_after_due": "true", **below})

    assert asked(course) is expected
    assert asked(course, Role.STAFF) is Access.OPEN
    assert is_outlined(exposure(course, UNIT), Audience(Role.LEARNER, NOW))
    assert exposure(course, UNIT).due_from == (SEQUENCE if own else Key("chapter", "w"))


@pytest.mark.parametrize(
    ("above", "own", "mine", "expected"),
    [
        ("null", '{"101": [1]}', {1}, Access.OPEN),
        ("null", '{"101": [1]}', {2}, Access.NOT_IN_GROUP),
        ("null", '{"101": [1, 2]}', {2}, Access.OPEN),
        ("null", '{"101": [1]}', set(), Access.NOT_IN_GROUP),
        ('{"101": [1]}', '{"101": [1, 2]}', {2}, Access.NOT_IN_GROUP),
        ('{"101": [1]}', '{"101": [1, 2]}', {1}, Access.OPEN),
        ('{"101": [1]}', '{"101": [2]}', {1, 2}, Access.NOT_IN_GROUP),
        ('{"101": [1]}', '{"101": []}', {2}, Access.NOT_IN_GROUP),
        ("null", '{"101": []}', set(), Access.OPEN),
        ("null", '{"101": [3]}', {3}, Access.NOT_IN_GROUP),
        ("null", '{"999": [1]}', {1}, Access.NOT_IN_GROUP),
        ("null", '{"107": [2]}', set(), Access.OPEN),
        ('{"107": [1]}', '{"107": [2]}', {1}, Access.NOT_IN_GROUP),
        ("null", '{"50": [1]}', {1}, Access.OPEN),
        ("null", '{"50": [1]}', {2}, Access.NOT_IN_GROUP),
        ('{"50": [1]}', '{"101": [1]}', {1}, Access.OPEN),
        ("null", "{", {1}, Access.STAFF_ONLY),
    ],
)
def test_groups_narrow_down_from_the_top(above: str, own: str, mine: set[int], expected: Access) -> None:
    """content.md, S9: parent ∩ child, an empty rest lets nobody in, an empty list is no restriction."""
    partitions = '[{"id": 101, "groups": [{"id": 1}, {"id": 2}]}, {"id": 107, "groups": [], "active": false}]'
    course = one({"user_partitions": partitions}, {"group_access": above}, {}, {"group_access": own})

    assert asked(course, _101=mine, _50=mine, _999=mine) is expected
    assert asked(course, Role.STAFF) is Access.OPEN


def test_all_partitions_have_to_let_somebody_in() -> None:
    """content.md, S9."""
    course = one({"user_partitions": PARTITIONS}, {"group_access": '{"50": [2]}'}, {}, {"group_access": '{"101": [1]}'})

    assert asked(course, _50={2}, _101={1}) is Access.OPEN
    assert asked(course, _50={1}, _101={1}) is Access.NOT_IN_GROUP
    assert asked(course, _50={2}) is Access.NOT_IN_GROUP


HIDDEN, LATER, TOC = {"visible_to_staff_only": True}, {"start": AFTER}, {"hide_from_toc": True}
UNSET = {"start": NO_START.isoformat()}


@pytest.mark.parametrize(
    ("course", "units", "expected"),
    [
        ({}, [{}, {}], State.LIVE),
        ({}, [{}, HIDDEN], State.LIVE),
        ({}, [{}, TOC], State.LIVE),
        ({}, [HIDDEN, HIDDEN], State.STAFF_ONLY),
        ({}, [TOC, HIDDEN], State.HIDE_FROM_TOC),
        ({}, [{}, LATER], State.READY),
        (LATER, [{}, {}], State.READY),
        (LATER | {"self_paced": True}, [{}], State.LIVE),
        (UNSET, [{}, {}], State.UNSCHEDULED),
        (UNSET, [], State.UNSCHEDULED),
        ({}, [UNSET, UNSET], State.NEEDS_ATTENTION),
        ({}, [], State.LIVE),
        (LATER, [], State.READY),
    ],
)
def test_sequences_stand_as_their_units_do(course: Any, units: list[Any], expected: State) -> None:
    """content.md, S10."""
    found = outline(node("w", node("s", *(node(f"u{i}", **own) for i, own in enumerate(units)))), **course)

    assert states(found, NOW)[SEQUENCE] is expected


def test_changes_that_are_not_published_and_prerequisites_show() -> None:
    """content.md, S10."""
    course = one({})

    assert states(course, NOW, changed=[UNIT])[course.root] is State.NEEDS_ATTENTION
    assert states(course, NOW, gated=[SEQUENCE])[SEQUENCE] is State.GATED
    assert states(one({}, HIDDEN), NOW, changed=[UNIT])[UNIT] is State.STAFF_ONLY


def times() -> st.SearchStrategy[datetime]:
    return st.datetimes(datetime(2019, 1, 1), datetime(2022, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- given


@given(trees(), times(), st.sampled_from(list(Role)))
@settings(max_examples=60, deadline=None)
def test_nothing_is_more_open_than_what_it_stands_in(course: Outline, at: datetime, role: Role) -> None:
    """content.md, S2, S3, S9: for everybody, at every time."""
    audience = Audience(role, at, {101: frozenset({1})})
    for entry in course.walk():
        chain = course.lineage(entry.key)
        opens = [access(along(chain[: length + 1]), audience) is Access.OPEN for length in range(len(chain))]
        assert all(above or not below for above, below in pairwise(opens))


@given(trees(), times())
@settings(max_examples=60, deadline=None)
def test_staff_see_all_beta_testers_what_learners_see_and_learners_what_anybody_sees(
    course: Outline, at: datetime
) -> None:
    """content.md, S1, S4; but for what beta testers' earlier date does not change, that it closes after it is due."""
    for entry in course.walk():
        found = exposure(course, entry.key)
        opens = [
            access(found, Audience(role, at)) is Access.OPEN
            for role in (Role.ANONYMOUS, Role.LEARNER, *LEARNERS[:1], Role.STAFF)
        ]
        assert opens == sorted(opens)
        assert opens[-1]


@given(trees(), times(), st.timedeltas(timedelta(), timedelta(days=900)))
@settings(max_examples=60, deadline=None)
def test_what_opened_stays_open_but_for_due_dates(course: Outline, at: datetime, later: timedelta) -> None:
    """content.md, S11."""
    for entry in course.walk():
        found = exposure(course, entry.key)
        if access(found, Audience(Role.LEARNER, at)) is Access.OPEN:
            assert access(found, Audience(Role.LEARNER, at + later)) in {Access.OPEN, Access.PAST_DUE}


def test_an_exposure_of_nothing_is_closed() -> None:
    assert access(Exposure(), Audience(Role.LEARNER, NOW)) is Access.NOT_STARTED
