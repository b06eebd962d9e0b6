"""The situation in which the LMS was recorded: its users, organizations, course runs, enrollments and certificates."""

from datetime import UTC, datetime, timedelta

from edx.simulator.world import Certificate, CourseRun, Key, Member, Mode, Organization, World
from tests.edx.simulator.replay import Situation, people
from tests.recordings import recording

CS101, CS102 = "course-v1:ExampleX+CS101+2025_T1", "course-v1:ExampleX+CS102+2025_T1"
BIO1, EMPTY, TIES = "course-v1:OtherX+BIO1+2025", "course-v1:OtherX+EMPTY+2026", "course-v1:OtherX+TIES+2026"


def lms_situation() -> Situation:
    """A fresh one; every file of the LMS was recorded in it."""
    situation = people()
    world = situation.world
    _organizations(world)
    _runs(world)
    _enrollments(world)
    _certificates(world)
    return situation


def _organizations(world: World) -> None:
    listed = recording("organizations", "list, page_size=1000 (above the maximum)").response.body["results"]
    for row in listed:
        created, modified = (datetime.fromisoformat(row[name]) for name in ("created", "modified"))
        logo = "/uploads/organization_logos/org01x.png" if row["logo"] else None
        world.organizations[row["short_name"]] = Organization(
            row["id"], row["short_name"], row["name"], created, modified, row["description"], logo
        )
    created = world.organizations["Org11X"].created
    world.organizations["Org12X"] = Organization(12, "Org12X", "Organisation 12", created, created, active=False)


def _run(world: World, key: str, title: str) -> CourseRun:
    """A run with the dates that most had: from January to June 2025."""
    parsed = Key.parse(key)
    assert parsed
    run = CourseRun(parsed, title, start=_day("2025-01-06"), end=_day("2025-06-30"))
    run.enrollment_start, run.enrollment_end = _day("2024-11-01"), _day("2025-05-31")
    return world.add_run(run)


def _runs(world: World) -> None:
    cs101 = _run(world, CS101, "Introduction to Examples")
    cs101.team.append(Member("carol", "staff"))
    cs101.modes["audit"] = Mode("audit", "Audit")
    cs101.modes["verified"] = Mode(
        "verified", "Verified Certificate", 49, "usd", _day("2027-05-01"), True, "Pay and verify", "ABC123", "BULK123"
    )
    cs102 = _run(world, CS102, "Second Steps")
    cs102.self_paced = True
    cs102.end = cs102.enrollment_start = cs102.enrollment_end = None
    cs102.modes["honor"] = Mode("honor", "Honor")
    bio1 = _run(world, BIO1, "Biology & <Life>")
    bio1.invitation_only, bio1.start, bio1.end = True, _day("2024-01-01"), _day("2024-03-01")
    _run(world, EMPTY, "Nobody here").start = _day("2030-01-01")
    _run(world, TIES, "Rows of one instant")
    for number in range(1, 13):
        _run(world, f"course-v1:ManyX+M{number:02}+2025", f"Many {number:02}")


def _enrollments(world: World) -> None:
    world.enroll("alice", CS101, datetime.fromisoformat("2025-01-02T03:04:05.678901Z"), mode="verified")
    world.enroll("alice", CS102, _day("2025-01-03"), mode="honor", active=False)
    world.enroll("alice", BIO1, _day("2024-01-05") + timedelta(hours=10), mode="honor")
    world.enroll("bob", CS101, datetime(2025, 1, 4, 12, 30, 15, tzinfo=UTC), active=False)
    world.enroll("bob", CS102, datetime(2025, 1, 4, 12, 31, tzinfo=UTC), mode="honor")
    for number in range(1, 106):
        created = datetime(2025, 2, 1, 8, tzinfo=UTC) + timedelta(minutes=number, milliseconds=number)
        mode = "audit" if number % 3 else "verified"
        world.enroll(f"learner{number:03}", CS101, created, mode=mode, active=bool(number % 10))
    for number in range(1, 6):
        world.enroll(f"learner{number:03}", TIES, datetime(2025, 3, 1, 12, tzinfo=UTC))


def _certificates(world: World) -> None:
    certificate = Certificate("alice", CS101, "verified", _at(72104), _at(72119), "1" * 32, "0.98")
    certificate.download_url = "https://certs.example.org/alice-cs101.pdf"
    world.certify(certificate)
    address = f"/certificates/{'2' * 32}"
    world.certify(Certificate("alice", BIO1, "honor", _at(76326), _at(76339), "2" * 32, "0.71", download_url=address))
    world.certify(Certificate("alice", CS102, "honor", _at(80000), _at(80000), "3" * 32, "0.2", "notpassing"))


def _at(microsecond: int) -> datetime:
    return datetime(2026, 11, 21, 3, 56, 32, microsecond, tzinfo=UTC)


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
