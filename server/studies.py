"""What the demo's learner does: has completed one program, is in the midst of another, and has begun a third.

The simulated LMS is told so at each start, since it forgets; what it then has is found out as from any LMS.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from db.engine import Database
from db.tables import CourseRun, Program, ProgramCourseRunMode, ProgramStatus
from edx.http import OpenEdxHttp

LEARNER: Final = "learner"
PARTS: Final = (1.0, 0.4, 0.0)
"""How much of each program is passed."""


async def study(database: Database, lms_url: str) -> None:
    """Enroll the learner in the runs of the first active programs. Raises OpenEdxError and DatabaseError."""
    query = (
        select(Program.name, CourseRun.course_id, CourseRun.key, ProgramCourseRunMode.mode_slug)
        .join(ProgramCourseRunMode, ProgramCourseRunMode.program_id == Program.id)
        .join(CourseRun, CourseRun.id == ProgramCourseRunMode.course_run_id)
        .where(Program.status == ProgramStatus.ACTIVE)
        .order_by(Program.name, CourseRun.course_id, CourseRun.start, ProgramCourseRunMode.id)
    )
    async with database.writing() as session:
        rows = list(await session.execute(query))
    programs: dict[str, dict[int, tuple[str, str]]] = {}
    for name, course, run, mode in rows:
        programs.setdefault(name, {}).setdefault(course, (run, mode))
    taken = [
        each
        for runs, passed in zip(programs.values(), PARTS, strict=False)
        for each in _taken(list(runs.values()), passed)
    ]
    async with OpenEdxHttp(lms_url) as http:
        await http.call("PUT", "/_simulator/learners", operation="study", json=taken)


def _taken(runs: Sequence[tuple[str, str]], passed: float) -> list[Mapping[str, Any]]:
    """All runs of a program that is to be completed, else half of them; those that are passed come first."""
    many, done = len(runs) if passed == 1 else (len(runs) + 1) // 2, round(len(runs) * passed)
    return [
        {"username": LEARNER, "course_id": run, "mode": mode, "has_passed": number < done}
        for number, (run, mode) in enumerate(runs[:many])
    ]
