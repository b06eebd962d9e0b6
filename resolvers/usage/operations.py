"""One content operation while it runs: a block at whose end it is counted, with what it turned out to be.

Never with content or secrets: of what was touched types and names of settings are kept, of what went wrong the code.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Self

from db.engine import Database
from db.errors import DatabaseError
from db.store import Author, StoreError, UnknownVersion, VersionConflict
from edx.olx import ArchiveRefused, Block, Course, Problem, Severity
from resolvers.editing.locks import LockRefused
from resolvers.editing.problems import EditProblem, EditRefused
from resolvers.errors import Code, RequestError
from resolvers.jobs.errors import JobCanceled, JobFailed
from resolvers.refusals import Refusal
from resolvers.usage.recorder import Done, Fault, Usage, Use, usage_of

OK = "ok"
VALIDATED = "validated"
"""What became of an operation that was only to be checked, and could be done."""
CANCELLED = "CANCELLED"
VERSION_CONFLICT, VERSION_UNKNOWN = "VERSION_CONFLICT", "VERSION_UNKNOWN"


def operation(database: Database, name: str, author: Author, run_id: int = 0) -> "Operation":
    """A block in which an operation is done, to be filled with what is found out about it.

    `name` is that of the mutation, the field or the command, in the form of GraphQL. Whatever ends the block early is
    its outcome.
    """
    return Operation(usage_of(database), name, author.username, author.application or "", run_id)


@dataclass(slots=True)
class Operation:
    """An operation. `types` are how many blocks of each type it touched, `version` the new one that it made, if any."""

    usage: Usage = field(repr=False)
    name: str
    username: str
    application: str
    run_id: int
    outcome: str = OK
    types: Mapping[str, int] = field(default_factory=dict)
    uses: Mapping[Use, int] = field(default_factory=dict)
    faults: Counter[Fault] = field(default_factory=Counter)
    version: str | None = None
    is_over: bool = True
    """False where it goes on elsewhere, and is counted there."""
    _began: float = 0.0

    def __enter__(self) -> Self:
        self._began = perf_counter()
        return self

    def touched(self, blocks: Iterable[str]) -> None:
        """Take the types of the blocks that it was about."""
        self.types = Counter(blocks)

    def made(self, version: str, uses: Mapping[Use, int]) -> None:
        """Take the new version, and what it brought or changed."""
        self.version = version
        self.uses = uses

    def told(self, problems: Iterable[Problem | EditProblem]) -> None:
        """Take problems of blocks that were told, errors and warnings."""
        for problem in problems:
            is_worth = not isinstance(problem, Problem) or problem.severity > Severity.INFO
            if problem.block is not None and is_worth:
                self.faults[_fault(problem)] += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = perf_counter() - self._began
        if not self.is_over:
            return
        if error is not None:
            self.outcome = outcome_of(error)
            self.told(problems_of(error))
        self.usage.note(
            Done(
                self.name,
                self.username,
                self.application.partition(":")[0],  # the LMS's own are called by their users
                self.run_id,
                self.outcome,
                seconds,
                self.types,
                self.version,
                self.uses,
                self.faults,
            )
        )


OUTCOMES: Mapping[type[BaseException] | tuple[type[BaseException], ...], str] = {
    (asyncio.CancelledError, JobCanceled): CANCELLED,
    VersionConflict: VERSION_CONFLICT,
    UnknownVersion: VERSION_UNKNOWN,
    (StoreError, DatabaseError): Code.SERVICE_UNAVAILABLE.value,
    TimeoutError: Code.TIME_LIMIT_EXCEEDED.value,
}
"""What becomes of an operation that one of these ends, the special ones first."""


def outcome_of(error: BaseException) -> str:
    """The code of what ended an operation, of which there are few."""
    if problems := problems_of(error):
        return problems[0].code.value
    if isinstance(error, Refusal):
        return error.problems[0].code.value
    if isinstance(error, LockRefused | RequestError | JobFailed):
        return str(error.code)
    found = (outcome for kinds, outcome in OUTCOMES.items() if isinstance(error, kinds))
    return next(found, Code.INTERNAL_SERVER_ERROR.value)


def problems_of(error: BaseException) -> list[Problem | EditProblem]:
    """The problems of blocks that an operation was refused for."""
    match error:
        case EditRefused():
            return list(error.problems)
        case ArchiveRefused():
            return list(error.report.problems)
        case Refusal():
            found = [problem.data.get("problem") for problem in error.problems]
            return [problem for problem in found if isinstance(problem, EditProblem)]
    return []


def _fault(problem: Problem | EditProblem) -> Fault:
    assert problem.block is not None  # noqa: S101 -- the caller has looked
    if isinstance(problem, Problem):
        return problem.block.type, "", problem.code.value
    return problem.block.type, problem.setting, problem.reason or problem.code.value


def uses_of(course: Course, blocks: Iterable[Block]) -> Mapping[Use, int]:
    """How many of some blocks there are of each type, and of each type with each setting."""
    found: Counter[Use] = Counter()
    for block in blocks:
        found[block.type, ""] += 1
        found.update((block.type, name) for name in course.settings_of(block))
    return found
