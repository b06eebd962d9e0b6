"""What an operation is counted as: by what ended it, and what it touched."""

import asyncio
from typing import Any

import pytest

from db.errors import DatabaseBusy
from db.store import StoreFull, UnknownVersion, VersionConflict
from edx.olx import ArchiveRefused, Code, Key, Place, Problem, Report, Severity
from resolvers.editing.locks import LockRefused
from resolvers.editing.problems import EditCode, EditProblem, EditRefused
from resolvers.errors import Forbidden, NotFound
from resolvers.jobs import JobCanceled, JobFailed
from resolvers.refusals import Problem as UserProblem
from resolvers.refusals import Reason, Refusal
from resolvers.usage.operations import Operation, outcome_of, uses_of
from resolvers.usage.recorder import Done, Usage
from tests.resolvers.editing.courses import demo

HTML = Key("html", "page")
WRONG = EditProblem(EditCode.INVALID_SETTING, "due: Invalid data ('secret')", HTML, setting="due")
BROKEN = Problem(Code.SYNTAX, Severity.ERROR, "mismatched tag", Place("html/page.xml"), HTML)


class Noting(Usage):
    """Keeps what was noted."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[Done] = []

    def note(self, done: Done) -> None:
        self.done.append(done)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (EditRefused([WRONG]), "INVALID_SETTING"),
        (Refusal([UserProblem(Reason.CONTENT_REFUSED, "no", (), {"problem": WRONG})]), "INVALID_SETTING"),
        (Refusal([UserProblem(Reason.BAD_COURSE_KEY, "no")]), "BAD_COURSE_KEY"),
        (LockRefused(EditCode.LOCK_EXPIRED, None), "LOCK_EXPIRED"),
        (ArchiveRefused(Report((BROKEN,), 1)), "SYNTAX"),
        (VersionConflict("a", "b"), "VERSION_CONFLICT"),
        (UnknownVersion("a"), "VERSION_UNKNOWN"),
        (StoreFull("full"), "SERVICE_UNAVAILABLE"),
        (DatabaseBusy("busy"), "SERVICE_UNAVAILABLE"),
        (Forbidden("no"), "FORBIDDEN"),
        (NotFound("no"), "NOT_FOUND"),
        (TimeoutError(), "TIME_LIMIT_EXCEEDED"),
        (JobFailed("GONE", "x"), "GONE"),
        (JobCanceled("x"), "CANCELLED"),
        (asyncio.CancelledError(), "CANCELLED"),
        (ZeroDivisionError(), "INTERNAL_SERVER_ERROR"),
    ],
)
def test_the_outcome_is_a_code(error: BaseException, outcome: str) -> None:
    assert outcome_of(error) == outcome


def test_an_operation_is_noted_once_with_codes_and_names_and_never_with_content() -> None:
    usage = Noting()
    seen = Operation(usage, "updateBlockSettings", "ada", "lms:ada", 7)
    seen.touched(["html"])
    with pytest.raises(EditRefused), seen:
        raise EditRefused([WRONG])
    [done] = usage.done
    assert done.seconds > 0
    assert (done.operation, done.username, done.application, done.run_id) == ("updateBlockSettings", "ada", "lms", 7)
    assert (done.outcome, done.types, done.faults) == (
        "INVALID_SETTING", {"html": 1}, {("html", "due", "INVALID_SETTING"): 1},
    )  # fmt: skip
    assert "secret" not in repr(done)


def test_of_what_an_archive_is_told_only_what_is_worth_it_is_kept() -> None:
    usage = Noting()
    info = Problem(Code.POLICY_OVERRIDES, Severity.INFO, "m", Place("x"), HTML)
    unknown = Problem(Code.SYNTAX, Severity.ERROR, "m", Place("x"))
    with Operation(usage, "importCourse", "ada", "", 7) as seen:
        seen.told([info, unknown, BROKEN, BROKEN])
    assert usage.done[0].faults == {("html", "", "SYNTAX"): 2}


def test_settings_are_those_of_the_policy_too() -> None:
    course: Any = demo()
    found = uses_of(course, course.root.walk())
    assert found["problem", ""] == 2
    assert (found["problem", "weight"], found["problem", "max_attempts"]) == (1, 1)
    assert found["course", "tabs"] == 1
