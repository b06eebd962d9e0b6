"""The learners whose dashboards are measured: each in twelve programs and sixty runs, a third of which are passed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.data import EPOCH, Row, Sizes, catalog, write
from db.engine import open_database
from db.tables import (
    Base,
    Learner,
    LearnerCertificate,
    LearnerEnrollment,
    ProgramCourseRunMode,
    ProgramRequirement,
    ProgramUser,
)
from edx.simulator.world import Application, Certificate, CourseRun, Key, User, World

PROGRAMS_EACH = 12
COURSES_EACH = 5
"""Courses of each program that a learner is enrolled in."""

LEARNERS = 1000
CLIENT = "bench"
"""Id and secret of our application at the LMS."""

RUNS_COUNTED = 2
"""Runs of each course that count for a program."""


def username(number: int) -> str:
    return f"learner{number:04d}"


async def fill(url: str, sizes: Sizes, learners: int = LEARNERS) -> None:
    """Write the learners into a database that has the catalog."""
    database = open_database(url)
    try:
        for table, rows in _tables(sizes, learners).items():
            await write(database.engine, table, list(rows))
    finally:
        await database.close()


def _tables(sizes: Sizes, learners: int) -> Mapping[type[Base], Iterator[Row]]:
    courses = _courses(sizes)
    return {
        ProgramCourseRunMode: _run_modes(sizes, courses),
        Learner: _learners(learners),
        ProgramUser: _users(sizes, learners),
        LearnerEnrollment: _enrollments(sizes, learners, courses),
        LearnerCertificate: _certificates(sizes, learners, courses),
    }


def _courses(sizes: Sizes) -> dict[int, list[int]]:
    """The courses of each program, in order."""
    found: dict[int, list[int]] = {}
    for node in catalog(sizes)[ProgramRequirement]:
        if node["course_id"] is not None:
            found.setdefault(node["program_id"], []).append(node["course_id"])
    return found


def _programs(sizes: Sizes, learner: int) -> list[int]:
    """The ids of the active programs that a learner is in."""
    active = [number + 1 for number in range(sizes.programs) if sizes.status(number) == "active"]
    return [active[(learner * 5 + i * 31) % len(active)] for i in range(PROGRAMS_EACH)]


def _run_key(sizes: Sizes, course: int, run: int) -> str:
    organization, number = (course - 1) % sizes.organizations, (course - 1) // sizes.organizations
    return f"course-v1:Org{organization}X+C{number}.0x+R{run}"


def _run_modes(sizes: Sizes, courses: Mapping[int, list[int]]) -> Iterator[Row]:
    for program, of_program in courses.items():
        for course in of_program:
            for run in range(RUNS_COUNTED):
                yield {"program_id": program, "course_run_id": course * sizes.runs_each + run, "mode_slug": "verified"}


def _learners(learners: int) -> Iterator[Row]:
    moment = datetime.now(UTC)
    for number in range(learners):
        yield {"username": username(number), "enrollments_at": moment, "certificates_at": moment, "changed_at": moment}


def _users(sizes: Sizes, learners: int) -> Iterator[Row]:
    for number in range(learners):
        for program in _programs(sizes, number):
            yield {
                "username": username(number), "program_id": program, "status": "active", "source": "listing",
                "created_at": EPOCH, "updated_at": EPOCH,
            }  # fmt: skip


def _enrolled(sizes: Sizes, learner: int, courses: Mapping[int, list[int]]) -> list[str]:
    """The keys of the runs that a learner is enrolled in, each once."""
    keys = [_run_key(sizes, c, 0) for p in _programs(sizes, learner) for c in courses[p][:COURSES_EACH]]
    return list(dict.fromkeys(keys))


def _enrollments(sizes: Sizes, learners: int, courses: Mapping[int, list[int]]) -> Iterator[Row]:
    for number in range(learners):
        for i, key in enumerate(_enrolled(sizes, number, courses)):
            mode = "verified" if i % 2 else "audit"
            yield _copy(number, key) | {"mode": mode, "is_active": True, "enrolled_at": EPOCH}


def _certificates(sizes: Sizes, learners: int, courses: Mapping[int, list[int]]) -> Iterator[Row]:
    for number in range(learners):
        for key in _enrolled(sizes, number, courses)[::3]:
            yield _copy(number, key) | {"mode": "verified", "is_passing": True, "grade": "0.9", "awarded_at": EPOCH}


def _copy(learner: int, key: str) -> dict[str, Any]:
    return {"username": username(learner), "course_key": key, "known_at": EPOCH}


def world(sizes: Sizes, learners: int = LEARNERS) -> World:
    """An LMS that has of the learners what their copies have."""
    made, runs = World(), set[str]()
    made.add_user(User("worker", "worker@example.org", staff=True))
    made.add_application(Application(CLIENT, CLIENT, "worker"))
    for number in range(learners):
        made.add_user(User(username(number), f"{username(number)}@example.org"))
    courses = _courses(sizes)
    for number, row in enumerate(_enrollments(sizes, learners, courses)):
        if row["course_key"] not in runs:
            runs.add(row["course_key"])
            key = Key.parse(row["course_key"])
            assert key is not None
            made.add_run(CourseRun(key, "A run"))
        at = EPOCH + timedelta(seconds=number)  # the LMS pages by it
        made.enroll(row["username"], row["course_key"], at, mode=row["mode"])
    for row in _certificates(sizes, learners, courses):
        name, key = row["username"], row["course_key"]
        made.certify(Certificate(name, key, row["mode"], EPOCH, EPOCH, "0" * 32, "0.9", "downloadable", "/1"))
    return made
