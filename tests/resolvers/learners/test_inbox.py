"""Events of learners: stored at once, taken up in the order of their times, with as few calls as can be."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from db.engine import Database, open_database
from db.errors import DatabaseUnavailable
from db.tables import LearnerCertificate, LearnerEnrollment, LearnerEvent, ProgramUser, now
from edx.events import Event, EventKind
from edx.simulator import Fault, Kind
from resolvers.learners import Learners, inbox
from tests.asking import ADMIN
from tests.resolvers.learners.conftest import CERTIFICATES, MANY, ONE, OTHER_RUN, RUN, Campus

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
UNKNOWN_RUN = "course-v1:No+Such+Run"


def enrollment(username: str = "ada", *, number: int = 1, minutes: int = 0, run: str = RUN, **facts: Any) -> Event:
    given = {"mode": "audit", "is_active": True, **facts}
    at = NOON + timedelta(minutes=minutes)
    return Event(f"{username}-{run}-{number}", EventKind.ENROLLMENT, username, run, at, given)


def certificate(
    username: str = "ada", *, number: int = 1, run: str = RUN, kind: EventKind = EventKind.CERTIFICATE
) -> Event:
    return Event(f"c-{username}-{run}-{number}", kind, username, run, now(), {"mode": "verified"})


async def enrollments(campus: Campus) -> list[tuple[str, str, bool]]:
    of = LearnerEnrollment
    async with campus.database.writing() as session:
        rows = await session.execute(select(of.username, of.mode, of.is_active).order_by(of.username, of.course_key))
        return [(name, mode, is_active) for name, mode, is_active in rows]


async def associations(campus: Campus) -> list[tuple[str, int, str]]:
    of = ProgramUser
    async with campus.database.writing() as session:
        rows = await session.execute(select(of.username, of.program_id, of.source).order_by(of.username, of.program_id))
        return [(name, program, source) for name, program, source in rows]


async def undone(campus: Campus) -> list[str]:
    async with campus.database.writing() as session:
        return list(await session.scalars(select(LearnerEvent.id).where(LearnerEvent.done_at.is_(None))))


async def test_an_event_is_stored_once_however_often_it_comes(campus: Campus) -> None:
    inbox = campus.learners.inbox

    assert await inbox.put([enrollment(), enrollment(number=2), enrollment()]) == 2
    assert await inbox.put([enrollment()]) == 0
    counts = await asyncio.gather(*(inbox.put([enrollment(number=3)]) for _ in range(5)))
    assert sorted(counts) == [0, 0, 0, 0, 1]


async def test_enrollment_events_change_the_copies_and_associate_nobody(campus: Campus) -> None:
    """The two triggers are a listing and a certificate event; no call is made."""
    await campus.learners.inbox.put([enrollment(), enrollment("bob", is_active=False)])
    await campus.learners.inbox.take_up()

    assert await enrollments(campus) == [("ada", "audit", True), ("bob", "audit", False)]
    assert await associations(campus) == []
    assert campus.calls() == {}
    assert await undone(campus) == []


async def test_the_later_event_holds_in_whatever_order_they_come(campus: Campus) -> None:
    last = enrollment(number=3, minutes=3, mode="verified")
    for events in ([last], [enrollment(minutes=1), enrollment(number=2, minutes=2, is_active=False)]):
        await campus.learners.inbox.put(events)
        await campus.learners.inbox.take_up()

    assert await enrollments(campus) == [("ada", "verified", True)]


async def test_an_event_older_than_what_the_lms_told_changes_nothing(campus: Campus) -> None:
    campus.enroll("ada", mode="verified")
    await campus.names(ADMIN, "ada")

    await campus.learners.inbox.put([enrollment(is_active=False)])
    await campus.learners.inbox.take_up()

    assert await enrollments(campus) == [("ada", "verified", True)]


async def test_an_event_from_the_future_is_not_the_last_word(campus: Campus) -> None:
    await campus.learners.inbox.put([enrollment(minutes=10**7, is_active=False)])
    await campus.learners.inbox.take_up()
    campus.enroll("ada", mode="verified")
    campus.passes(minutes=1)
    await campus.names(ADMIN, "ada")

    assert await enrollments(campus) == [("ada", "verified", True)]


async def test_a_certificate_event_has_the_enrollments_checked_and_associates(campus: Campus) -> None:
    """spec/programs.md, "ProgramUser": the other of the two events."""
    campus.enroll("ada", mode="verified")
    campus.certify("ada")
    await campus.learners.inbox.put([certificate(), certificate(number=2)])

    await campus.learners.inbox.take_up()

    assert await associations(campus) == [("ada", 2, "certificate"), ("ada", 6, "certificate")]
    assert campus.calls() == {MANY: 1, CERTIFICATES: 1}
    assert await undone(campus) == []


async def test_checks_of_many_learners_are_gathered_a_hundred_names_a_call(campus: Campus) -> None:
    names = [f"learner{number:03}" for number in range(250)]
    for name in names[:5]:
        campus.enroll(name)
    await campus.learners.inbox.put([certificate(name, number=i) for name in names for i in range(3)])

    while await campus.learners.inbox.take_up():
        pass

    assert campus.calls() == {MANY: 3, CERTIFICATES: 250}
    assert len(await associations(campus)) == 10


async def test_a_revocation_takes_the_certificate_back_at_once(campus: Campus) -> None:
    campus.enroll("ada", mode="verified")
    campus.certify("ada")
    await campus.learners.inbox.put([certificate()])
    await campus.learners.inbox.take_up()
    campus.breaks(Fault(Kind.CUT))
    await campus.learners.inbox.put([certificate(number=2, kind=EventKind.REVOCATION)])

    await campus.learners.inbox.take_up()

    async with campus.database.writing() as session:
        assert list(await session.scalars(select(LearnerCertificate.is_passing))) == [False]


async def test_events_wait_while_the_lms_is_down_and_are_taken_up_later(campus: Campus) -> None:
    """§2.6: on a certificate event, retry later."""
    campus.enroll("ada")
    campus.breaks(Fault(Kind.ERROR, status=503))
    await campus.learners.inbox.put([certificate()])
    assert await campus.learners.inbox.take_up() == 1
    assert len(await undone(campus)) == 1
    assert await campus.learners.inbox.take_up() == 0

    campus.faults.set([])
    campus.passes(minutes=1)
    async with campus.database.writing() as session:
        await session.execute(update(LearnerEvent).values(due_at=now() - timedelta(seconds=1)))
    await campus.learners.inbox.take_up()

    assert len(await associations(campus)) == 2
    assert await undone(campus) == []


async def test_unknown_runs_and_impossible_names_are_taken_without_effect(campus: Campus) -> None:
    events = [certificate(run=UNKNOWN_RUN), certificate("a,b"), certificate("x" * 200)]
    await campus.learners.inbox.put(events)

    await campus.learners.inbox.take_up()

    assert await associations(campus) == []
    assert campus.calls() == {}
    assert await undone(campus) == []


async def test_two_processes_do_not_take_up_the_same_events(campus: Campus) -> None:
    await campus.learners.inbox.put([certificate(f"learner{number}") for number in range(20)])

    await asyncio.gather(*(campus.learners.inbox.take_up() for _ in range(4)))

    assert campus.calls()[CERTIFICATES] == 20
    assert await undone(campus) == []


async def test_while_it_runs_what_is_stored_is_taken_up_soon(campus: Campus) -> None:
    campus.enroll("ada")
    async with campus.learners.inbox.running():
        await campus.learners.inbox.put([certificate()])
        for _ in range(50):
            await asyncio.sleep(0.1)
            if await associations(campus):
                break

    assert len(await associations(campus)) == 2


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_who_does_not_wait_any_more_keeps_nothing_from_others(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events of several requests are written together."""
    events = campus.learners.inbox

    async def put_beside_one_that_went() -> int:
        gone = asyncio.create_task(events.put([enrollment("bob")]))
        await asyncio.sleep(0)
        gone.cancel()
        return await events.put([enrollment("ada")])

    assert await put_beside_one_that_went() == 1
    assert len(await undone(campus)) == 2

    async def failing(*_: object) -> None:
        raise ConnectionError("no database")

    monkeypatch.setattr(inbox, "_insert", failing)
    with pytest.raises(DatabaseUnavailable, match="no database"):
        await put_beside_one_that_went()


async def test_a_thousand_events_are_stored_in_a_second(campus: Campus) -> None:
    """They come one by one, from a thousand requests at once."""
    began = asyncio.get_running_loop().time()

    counts = await asyncio.gather(*(campus.learners.inbox.put([enrollment(f"l{i}")]) for i in range(1000)))

    assert sum(counts) == 1000
    assert asyncio.get_running_loop().time() - began < 2


@pytest.mark.parametrize(("has_token", "first"), [(True, ONE), (False, MANY)])
async def test_a_refresh_asks_the_lms_again_however_fresh_the_copies_are(
    campus: Campus, has_token: bool, first: str
) -> None:
    campus.enroll("ada")
    viewer = campus.viewer("ada", has_token=has_token)
    await campus.names(viewer)
    campus.enroll("ada", OTHER_RUN)
    campus.calls()
    campus.passes(seconds=1)
    document = """mutation { refreshEnrollments(input: {}) { userErrors { code }
        learners { username isStale enrollmentsAsOf certificatesAsOf } } }"""

    payload = (await campus.data(document, viewer))["refreshEnrollments"]

    at = campus.clock[0].isoformat().replace("+00:00", "Z")
    fresh = {"username": "ada", "isStale": False, "enrollmentsAsOf": at, "certificatesAsOf": at}
    assert payload == {"userErrors": [], "learners": [fresh]}
    assert campus.calls() == {first: 1, CERTIFICATES: 1}
    assert len(await enrollments(campus)) == 2


@pytest.mark.parametrize(
    ("usernames", "code"),
    [(["bob"], "FORBIDDEN"), (["ada", "bob"], "FORBIDDEN"), ([], "BAD_USER_INPUT"), (["x"] * 101, "BAD_USER_INPUT")],
)
async def test_learners_refresh_themselves_only(campus: Campus, usernames: list[str], code: str) -> None:
    document = (
        "mutation ($input: RefreshEnrollmentsInput!) { refreshEnrollments(input: $input) { learners { isStale } } }"
    )
    error = await campus.asking.error(document, {"input": {"usernames": usernames}}, viewer=campus.viewer("ada"))

    assert error["extensions"]["code"] == code
    assert campus.calls() == {}


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_events_that_are_done_are_forgotten_after_a_month(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    learners = Learners(database)
    await learners.inbox.put([enrollment(number=number, run=UNKNOWN_RUN) for number in (1, 2)])
    await learners.inbox.take_up()
    async with database.writing() as session:
        old = update(LearnerEvent).where(LearnerEvent.id.endswith("-1"))
        await session.execute(old.values(done_at=now() - timedelta(days=31)))
    monkeypatch.setattr(inbox, "PERIOD", 0.01)
    times = iter([now() - timedelta(hours=2)])
    monkeypatch.setattr(inbox, "now", lambda: next(times, now()))
    async with learners.inbox.running():
        for _ in range(100):
            await asyncio.sleep(0.02)
            async with database.writing() as session:
                left = list(await session.scalars(select(LearnerEvent.id)))
            if len(left) == 1:
                break
    await learners.aclose()

    assert left == [f"ada-{UNKNOWN_RUN}-2"]


async def test_taking_events_up_goes_on_while_the_database_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PERIOD", 0.01)
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    learners = Learners(database)
    with capture_logs() as lines:
        async with learners.inbox.running():
            await asyncio.sleep(0.2)
    await learners.aclose()
    await database.close()

    events = [line["event"] for line in lines]
    assert len(events) > 1
    assert set(events) == {"events_not_taken_up"}
