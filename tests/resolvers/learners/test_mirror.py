"""The LMS is asked as seldom as can be, and what it told before is shown when it does not answer."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from db.engine import Database
from db.tables import Learner, LearnerEnrollment
from edx.errors import Unreachable
from edx.simulator import Fault, Kind
from resolvers.access import Role
from resolvers.learners import Learners
from resolvers.learners.copies import Kind as CopyKind
from resolvers.learners.copies import outdate
from resolvers.learners.mirror import CERTIFICATE_CALLS, Memory
from tests.asking import ADMIN
from tests.resolvers.learners.conftest import CERTIFICATES, DOWN, ELSEWHERE, MANY, ONE, OTHER_RUN, RUN, Campus

ASSOCIATED = ["Program 1", "Program 5"]
VIEWER = "{ viewer { enrollmentsAsOf isStale programs { totalCount nodes { program { name } } } } }"


async def test_one_request_for_one_learner_is_one_call_however_many_programs(campus: Campus) -> None:
    """§2.6: N programs requested for one user in one request are one LMS call."""
    campus.enroll("ada")
    query = """{ viewer { programs { nodes { program { name } } } again: programs { totalCount } }
        programs(filter: {username: "ada"}) { nodes { name } }
        organization(key: "Org0X") { programs(filter: {username: "ada"}) { totalCount } } }"""

    data = await campus.data(query, campus.viewer("ada"))

    assert [node["program"]["name"] for node in data["viewer"]["programs"]["nodes"]] == ASSOCIATED
    assert [node["name"] for node in data["programs"]["nodes"]] == ASSOCIATED
    assert data["organization"]["programs"]["totalCount"] == 2
    assert campus.calls() == {MANY: 1}


async def test_a_learner_is_asked_for_with_a_token_of_their_own(campus: Campus) -> None:
    campus.enroll("ada")

    assert await campus.names(campus.viewer("ada", has_token=True)) == ASSOCIATED
    assert campus.calls() == {ONE: 1}


async def test_a_token_that_the_lms_does_not_take_is_done_without(campus: Campus) -> None:
    campus.enroll("ada")
    campus.faults.set([])
    viewer = campus.viewer("ada")
    object.__setattr__(viewer, "authorization", "JWT nonsense")

    assert await campus.names(viewer) == ASSOCIATED
    assert campus.calls() == {ONE: 1, MANY: 1}


async def test_the_token_of_staff_is_not_used_for_others(campus: Campus) -> None:
    campus.enroll("ada")
    campus.enroll("boss")

    assert await campus.names(campus.viewer("boss", Role.ADMIN, has_token=True), "ada") == ASSOCIATED
    assert campus.calls() == {MANY: 1}


async def test_a_repeat_within_the_lifetime_is_no_call_and_one_after_it_is(campus: Campus) -> None:
    campus.enroll("ada")
    viewer = campus.viewer("ada")
    await campus.names(viewer)
    campus.calls()

    campus.passes(minutes=4)
    assert await campus.names(viewer) == ASSOCIATED
    assert campus.calls() == {}

    campus.passes(minutes=2)
    assert await campus.names(viewer) == ASSOCIATED
    assert campus.calls() == {MANY: 1}


async def test_that_there_is_nothing_is_remembered_too(campus: Campus) -> None:
    for _ in range(3):
        assert await campus.names(ADMIN, "nobody") == []

    assert campus.calls() == {MANY: 1}


async def test_a_burst_of_requests_for_one_learner_is_one_call(campus: Campus) -> None:
    campus.enroll("ada")
    campus.breaks(Fault(Kind.DELAY, seconds=0.1))
    for has_token, expected in ((False, {MANY: 1}), (True, {ONE: 1})):
        viewer = campus.viewer("ada", has_token=has_token)

        answers = await asyncio.gather(*(campus.names(viewer) for _ in range(50)))

        assert answers == [ASSOCIATED] * 50
        assert campus.calls() == expected
        campus.passes(minutes=6)


async def test_a_hundred_learners_in_one_request_are_one_call_and_its_pages(campus: Campus) -> None:
    """§2.6: 100 users are 1 list call of at most 100 usernames."""
    names = [f"learner{number:03}" for number in range(100)]
    for name in names:
        campus.enroll(name)
        campus.enroll(name, OTHER_RUN)
    fields = " ".join(
        f'n{i}: programs(filter: {{username: "{name}"}}) {{ totalCount }}' for i, name in enumerate(names)
    )

    data = await campus.data(f"{{ {fields} }}", ADMIN)

    assert {each["totalCount"] for each in data.values()} == {2}
    assert campus.calls() == {MANY: 2}


async def test_a_thousand_learners_in_batches_of_staff_are_at_most_ten_calls(campus: Campus) -> None:
    names = [f"learner{number:04}" for number in range(1000)]
    for name in names[::7]:
        campus.enroll(name)

    given = ", ".join(f"$n{i}: String!" for i in range(100))
    fields = " ".join(f"n{i}: programs(filter: {{username: $n{i}}}) {{ totalCount }}" for i in range(100))

    async def ask(batch: list[str]) -> None:
        variables = {f"n{i}": name for i, name in enumerate(batch)}
        data = await campus.data(f"query ({given}) {{ {fields} }}", ADMIN, **variables)
        assert [each["totalCount"] for each in data.values()] == [2 * (name in names[::7]) for name in batch]

    await asyncio.gather(*(ask(names[i : i + 100]) for i in range(0, 1000, 100)))

    assert campus.calls()[MANY] <= 10


async def test_single_requests_at_once_are_gathered_into_calls_for_many(campus: Campus) -> None:
    names = [f"learner{number:04}" for number in range(300)]

    await asyncio.gather(*(campus.names(campus.viewer(name)) for name in names))

    assert campus.calls()[MANY] <= 40


async def test_never_more_calls_are_made_than_the_lms_takes_in_a_minute(campus: Campus) -> None:
    """The LMS refuses the 121st call of a minute; before that the copies are shown as they are."""
    for number in range(125):
        answer = await campus.asking.response(VIEWER, viewer=campus.viewer(f"a.{number}"))
        assert answer["data"]["viewer"]["isStale"] is (number >= 120)

    assert sum(campus.calls().values()) == 120


@pytest.mark.parametrize("fault", DOWN, ids=lambda fault: f"{fault.kind}-{fault.status}")
async def test_when_the_lms_does_not_answer_the_copies_are_shown_and_marked(campus: Campus, fault: Fault) -> None:
    """§2.6: down, slow, throttled or garbage: never a failed list."""
    campus.enroll("ada")
    viewer = campus.viewer("ada", has_token=fault.status == 500)
    before = await campus.asking.response(VIEWER, viewer=viewer)
    campus.passes(minutes=6)
    campus.breaks(fault)

    after = await campus.asking.response(VIEWER, viewer=viewer)

    assert "errors" not in after
    assert "extensions" not in before
    assert (before["data"]["viewer"]["isStale"], after["data"]["viewer"]["isStale"]) == (False, True)
    assert after["data"]["viewer"] == {**before["data"]["viewer"], "isStale": True}
    assert [warning["code"] for warning in after["extensions"]["warnings"]] == ["LEARNER_DATA_STALE"]


async def test_a_learner_of_whom_nothing_is_known_has_an_empty_list_while_the_lms_is_down(campus: Campus) -> None:
    campus.breaks(Fault(Kind.CUT))

    data = await campus.data(VIEWER, campus.viewer("ada"))

    assert data["viewer"] == {"enrollmentsAsOf": None, "isStale": True, "programs": {"totalCount": 0, "nodes": []}}


async def test_after_a_failure_the_lms_is_given_some_rest(campus: Campus) -> None:
    campus.breaks(Fault(Kind.ERROR, status=503))
    for _ in range(5):
        await campus.names(ADMIN, "ada")
    assert campus.calls() == {MANY: 1}

    campus.faults.set([])
    campus.passes(seconds=11)
    campus.enroll("ada")
    assert await campus.names(ADMIN, "ada") == ASSOCIATED


async def test_what_comes_too_late_for_a_request_is_kept_for_the_next_one(campus: Campus) -> None:
    campus.enroll("ada")
    campus.breaks(Fault(Kind.DELAY, seconds=0.4))
    object.__setattr__(campus.learners.mirror.rules, "patience", 0.1)
    assert await campus.names(ADMIN, "ada") == []

    await asyncio.sleep(0.7)

    assert await campus.names(ADMIN, "ada") == ASSOCIATED
    assert campus.calls() == {MANY: 1}


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_request_waits_once_for_all_that_it_wants_of_a_slow_lms(campus: Campus) -> None:
    """A dashboard asks for enrollments, then for certificates: its patience is that of the whole request."""
    campus.enroll("ada")
    campus.breaks(Fault(Kind.DELAY, seconds=30))
    object.__setattr__(campus.learners.mirror.rules, "patience", 1.0)
    memory, waited = Memory(), []
    async with campus.database.reading() as snapshot:
        for kind in CopyKind:
            await campus.learners.mirror.standings(snapshot, memory, ["ada"], [kind])
            waited.append(memory.waited)

    assert waited[0] >= 0.9
    assert waited[1] - waited[0] < 0.7


@pytest.mark.parametrize("name", ["ada,bob", "a/b", "x" * 151, "ada\n", "'; DROP TABLE learner; --"])
async def test_names_that_the_lms_cannot_have_are_not_passed_on(campus: Campus, name: str) -> None:
    """§2.6: a comma would make two users of one."""
    assert await campus.names(ADMIN, name) == []
    assert campus.calls() == {}


async def test_a_name_that_not_every_lms_takes_does_not_spoil_the_call_for_others(campus: Campus) -> None:
    campus.enroll("zoë")
    campus.enroll("ada")

    names = await asyncio.gather(*(campus.names(ADMIN, name) for name in ("zoë", "ada")))

    assert names == [ASSOCIATED] * 2
    assert campus.calls() == {ONE: 1, MANY: 1}


async def test_inactive_enrollments_and_ones_that_ended_are_told_from_active_ones(campus: Campus) -> None:
    campus.enroll("ada")
    campus.enroll("ada", ELSEWHERE, active=False)
    await campus.names(ADMIN, "ada")
    campus.world.enrollments["ada", RUN].active = False
    campus.passes(minutes=6)
    await campus.names(ADMIN, "ada")

    async with campus.database.writing() as session:
        rows = (await session.execute(select(LearnerEnrollment.course_key, LearnerEnrollment.is_active))).all()
    assert [tuple(row) for row in rows] == [(RUN, False)]


async def test_copies_are_written_in_one_bulk_statement_for_all(campus: Campus) -> None:
    """The learners' rows, their enrollments, and nothing for those that did not change."""
    names = [f"learner{number:03}" for number in range(100)]
    for name in names:
        campus.enroll(name)
    statements: list[str] = []
    engine = campus.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2].split()[0]))

    await campus.learners.mirror.refresh(names, ["enrollments"])  # type: ignore[list-item]
    assert statements.count("INSERT") == 3
    statements.clear()
    await campus.learners.mirror.refresh(names, ["enrollments"])  # type: ignore[list-item]
    assert statements.count("INSERT") == 1

    async with campus.database.writing() as session:
        assert await session.scalar(select(func.count()).select_from(LearnerEnrollment)) == 100


async def test_what_is_outdated_is_asked_for_again(campus: Campus) -> None:
    await campus.names(ADMIN, "ada")
    campus.calls()
    campus.passes(seconds=1)
    async with campus.database.writing() as session:
        await outdate(session, ["ada"], campus.clock[0])

    await campus.names(ADMIN, "ada")

    assert campus.calls() == {MANY: 1}


async def test_a_fresh_listing_takes_two_statements(campus: Campus) -> None:
    """One for how fresh the copies are, and one for the list."""
    campus.enroll("ada")
    await campus.names(ADMIN, "ada")

    await campus.names(ADMIN, "ada")

    assert campus.asking.statements == 2


async def test_copies_say_as_of_when_they_are(campus: Campus) -> None:
    at = campus.clock[0]
    data = await campus.data(VIEWER, campus.viewer("ada"))

    assert data["viewer"]["enrollmentsAsOf"] == at.isoformat().replace("+00:00", "Z")
    async with campus.database.writing() as session:
        learner = await session.get_one(Learner, "ada")
    assert abs(learner.enrollments_at - at) < timedelta(milliseconds=1)  # type: ignore[operator]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_calls_with_a_learners_own_token_are_given_up_at_the_end(campus: Campus) -> None:
    campus.enroll("ada")
    campus.breaks(Fault(Kind.DELAY, seconds=1))
    asking = asyncio.create_task(campus.names(campus.viewer("ada", has_token=True)))
    async with asyncio.timeout(20):
        while not campus.learners.mirror._own:  # noqa: ASYNC110 -- it is begun in another task
            await asyncio.sleep(0)
    [own] = campus.learners.mirror._own.values()

    await campus.learners.mirror.aclose()

    assert own.cancelled()
    assert await asking == []


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_an_lms_that_fails_is_not_asked_for_the_certificates_of_all_the_others(campus: Campus) -> None:
    campus.breaks(Fault(Kind.ERROR, status=503))
    names = [f"learner{number}" for number in range(3 * CERTIFICATE_CALLS)]

    failures = await campus.learners.mirror.refresh(names, [CopyKind.CERTIFICATES])

    assert sorted(failures) == sorted(names)
    assert "the LMS is given some rest" in {str(each) for each in failures.values()}
    assert campus.calls()[CERTIFICATES] <= CERTIFICATE_CALLS


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_that_much_was_answered_is_forgotten_in_time(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.learners.mirror.REMEMBERED", 2)
    for name in ("ada", "bob", "eve", "joe"):
        await campus.names(ADMIN, name)

    assert len(campus.learners.mirror._answered_at) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_without_an_lms_nobody_can_be_known(database: Database) -> None:
    learners = Learners(database)
    [(name, failure)] = (await learners.mirror.refresh(["ada"], [CopyKind.ENROLLMENTS])).items()
    await learners.aclose()
    assert (name, type(failure)) == ("ada", Unreachable)
