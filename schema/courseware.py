"""What becomes of the courses and runs of contracts (`spec/b2b-courseware.md`)."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from db import tables
from resolvers.context import Context
from resolvers.contracts import dates
from resolvers.contracts.adding import Adder
from resolvers.contracts.courseware import Outcome, PlannedCourse, Wish
from resolvers.contracts.dates import DateChange
from resolvers.contracts.drift import Drift
from resolvers.contracts.edits import CHANGE
from resolvers.contracts.removing import Removal
from resolvers.errors import BadUserInput
from resolvers.features import Feature
from resolvers.grants import require_some
from resolvers.plan.declare import attribute, linked
from resolvers.reads import contract_key, program_key
from resolvers.refusals import Refusal
from schema.course import Course
from schema.course_run import CourseRun
from schema.features import Needs
from schema.program import Program
from schema.user_error import UserErrorCode

Info = strawberry.Info[Context, None]


@strawberry.enum(description="What becomes of a course that is added to a contract.")
class CoursewareOutcome(Enum):
    """Outcomes of adding a course."""

    CREATE = strawberry.enum_value(Outcome.CREATE.value, description="The contract gets a run of it.")
    EXISTS = strawberry.enum_value(Outcome.EXISTS.value, description="The contract has a run of it already.")
    NO_SOURCE = strawberry.enum_value(Outcome.NO_SOURCE.value, description="No run of it is its source.")
    AMBIGUOUS = strawberry.enum_value(Outcome.AMBIGUOUS.value, description="Several runs of it are called its source.")
    CONFLICT = strawberry.enum_value(
        Outcome.CONFLICT.value, description="The key is another run's, or the source is for other organizations."
    )
    KEY_TOO_LONG = strawberry.enum_value(
        Outcome.KEY_TOO_LONG.value, description="The key would be longer than Open edX takes."
    )


@strawberry.enum(description="What became of a run that was taken out of a contract.")
class RemovalOutcome(Enum):
    """Outcomes of removals."""

    KEPT = strawberry.enum_value(
        Removal.KEPT.value, description="Learners are enrolled in it: it stays the contract's, but nobody may join it."
    )
    UNLINKED = strawberry.enum_value(
        Removal.UNLINKED.value, description="It is no contract's any more, and shown to staff only."
    )
    DELETED = strawberry.enum_value(Removal.DELETED.value, description="It never was in Open edX, and is forgotten.")


@strawberry.enum(description="How a course of a program of a contract has changed.")
class DriftChange(Enum):
    """Changes of programs."""

    ADDED = strawberry.enum_value(
        Drift.ADDED.value, description="The program has it, and the contract got no run of it through the program."
    )
    DROPPED = strawberry.enum_value(
        Drift.DROPPED.value, description="The contract got a run of it through the program, which has it no more."
    )


@strawberry.type(description="What becomes of one course that is added to a contract.")
class CoursewareResult:
    """An answer for a course."""

    course: Course | None = linked("course_id", tables.Course.id, "The course.")
    outcome: CoursewareOutcome = attribute("outcome", "What becomes of it.")
    key: str | None = attribute("run", "Course key of the run that there is or would be; null where there can be none.")
    start: datetime | None = attribute("start", "When the run that is to be made starts.")
    end: datetime | None = attribute("end", "When it ends; null where the contract has no end.")
    source: CourseRun | None = linked("source_key", tables.CourseRun.key, "Run that is copied.")
    source_keys: list[str] = attribute("source_keys", "Course keys of the runs called sources, if several are.")
    course_run: CourseRun | None = linked("run", tables.CourseRun.key, "The run, where there is one with the key.")
    code: UserErrorCode | None = attribute("code", "Why there is no run, for programs.")
    message: str | None = attribute("message", "Why there is no run, for people.")


@strawberry.type(description="A run that was taken out of a contract.")
class RemovedCourseRun:
    """What became of a run."""

    key: str = attribute("key", "Its course key.")
    outcome: RemovalOutcome = attribute("outcome", "What became of it.")
    course_run: CourseRun | None = linked("run", tables.CourseRun.key, "The run, if it is still there.")


@strawberry.type(description="A course that a program of a contract has gained or lost since its courses were added.")
class ContractDrift:
    """A difference between a program and what a contract got through it."""

    program: Program | None = linked("program", tables.Program.id, "The program.")
    course: Course | None = linked("course", tables.Course.id, "The course.")
    change: DriftChange = attribute("change", "What happened to it.")


@strawberry.type(description="What would become, or became, of the dates of a contract's run.")
class ContractDateChange:
    """A change of dates."""

    course_run: CourseRun | None = linked("run", tables.CourseRun.key, "The run as it is now.")
    key: str = attribute("key", "Its course key.")
    start: datetime | None = attribute("start", "When it starts before the change; enrollment opens then, too.")
    end: datetime | None = attribute("end", "When it ends before the change; enrollment closes then, too.")
    new_start: datetime | None = attribute("new_start", "When it starts after the change.")
    new_end: datetime | None = attribute("new_end", "When it ends after the change; null: never.")


def told(name: str, description: str) -> Any:
    """A field of a payload that shows the records in its private attribute `name`."""

    async def resolve(root: Any, info: Info) -> Any:
        return await info.context.told(info, tuple(getattr(root, name)))

    return strawberry.field(resolver=resolve, description=description)


def plan_courseware(description: str) -> Any:
    """The field that says what would become of a course, or of a program's courses."""
    return strawberry.field(resolver=_plan_courseware, description=description, extensions=[Needs(Feature.CONTRACTS)])


def contract_date_changes(description: str) -> Any:
    """The field that says what would become of the dates of a contract's runs."""
    return strawberry.field(resolver=_date_changes, description=description, extensions=[Needs(Feature.CONTRACTS)])


def propose_run_key(description: str) -> Any:
    """The field that says which key the next run of a course would get."""
    return strawberry.field(resolver=_propose_run_key, description=description, extensions=[Needs(Feature.CONTRACTS)])


async def _plan_courseware(
    info: Info,
    *,
    contract: Annotated[strawberry.ID, strawberry.argument(description="Global id of the contract.")],
    course: Annotated[str | None, strawberry.argument(description="Id of a course, such as `MITx+6.002x`.")] = None,
    program: Annotated[strawberry.ID | None, strawberry.argument(description="Global id of a program.")] = None,
    source_run: Annotated[str | None, strawberry.argument(description="Course key of the run to copy.")] = None,
    force: Annotated[bool, strawberry.argument(description="Whether to take a source of any prefix.")] = False,
) -> list[CoursewareResult]:
    plans = await _planned(info, contract, course, program, Wish(is_forced=force, source=source_run))
    shown: Any = await info.context.told(info, tuple(plans))
    results: list[CoursewareResult] = shown
    return results


async def _propose_run_key(
    info: Info,
    *,
    contract: Annotated[strawberry.ID, strawberry.argument(description="Global id of the contract.")],
    course: Annotated[str, strawberry.argument(description="Id of a course, such as `MITx+6.002x`.")],
    source_run: Annotated[str | None, strawberry.argument(description="Course key of the run to copy.")] = None,
) -> CoursewareResult:
    plans = await _planned(info, contract, course, None, Wish(is_anew=True, source=source_run))
    shown: Any = await info.context.told(info, plans[0])
    result: CoursewareResult = shown
    return result


async def _date_changes(
    info: Info,
    *,
    contract: Annotated[strawberry.ID, strawberry.argument(description="Global id of the contract.")],
) -> list[ContractDateChange]:
    context = info.context

    async def work(session: AsyncSession) -> list[DateChange]:
        await require_some(session, context.viewer, CHANGE)
        return await dates.propose(session, context.viewer, contract_key(contract))

    shown: Any = await context.told(info, tuple(await context.changing(work)))
    changes: list[ContractDateChange] = shown
    return changes


async def _planned(
    info: Info, contract: str, course: str | None, program: str | None, wish: Wish
) -> list[PlannedCourse]:
    """The plans. What a mutation would tell as a user error is an error of the argument here."""
    context = info.context

    async def work(session: AsyncSession) -> list[PlannedCourse]:
        await require_some(session, context.viewer, CHANGE)
        uuid = None if program is None else program_key(program)
        return await Adder(session, context.viewer, contract_key(contract), wish).plan(course, uuid)

    try:
        return await context.changing(work)
    except Refusal as refusal:
        raise BadUserInput(str(refusal)) from refusal
