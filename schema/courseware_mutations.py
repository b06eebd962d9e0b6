"""Mutations of what contracts offer: source runs, courses and programs added, runs taken out."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from resolvers.context import Context
from resolvers.contracts import dates, reconciling, removing, runs, sources
from resolvers.contracts.adding import Adder
from resolvers.contracts.courseware import PlannedCourse, Wish
from resolvers.contracts.dates import DateChange
from resolvers.contracts.edits import CHANGE
from resolvers.contracts.removing import RemovedRun
from resolvers.grants import require_some
from resolvers.reads import contract_key, program_key
from schema.catalog_mutations import CourseRunPayload
from schema.contract_inputs import (
    AddCourseToContractInput,
    AddingInput,
    AddProgramToContractInput,
    ApplyContractDatesInput,
    ClearSourceRunInput,
    DesignateSourceRunInput,
    ReconcileContractInput,
    RemoveCourseRunFromContractInput,
    RemoveProgramFromContractInput,
    RerunCourseForContractInput,
    RetryRerunInput,
    SyncContractProgramInput,
)
from schema.contract_mutations import ContractPayload
from schema.courseware import ContractDateChange, CoursewareResult, RemovedCourseRun, told
from schema.job import Job
from schema.payload import Payload, answered, changed, changing
from schema.program_inputs import or_none

Info = strawberry.Info[Context, None]
A = TypeVar("A", bound="AddingPayload")
R = TypeVar("R", bound="RemovingPayload")


@strawberry.type
class AddingPayload(ContractPayload):
    """The fields of payloads of additions."""

    plans: strawberry.Private[Sequence[PlannedCourse]] = ()
    results: list[CoursewareResult] = told("plans", "What became of each course, in order; none when it was refused.")


@strawberry.type
class RemovingPayload(ContractPayload):
    """The fields of payloads of removals."""

    removed: strawberry.Private[Sequence[RemovedRun]] = ()
    removed_course_runs: list[RemovedCourseRun] = told("removed", "What became of each run that was taken out.")


@strawberry.type(description="What became of `applyContractDates`.")
class ApplyContractDatesPayload(ContractPayload):
    """The payload of `applyContractDates`."""

    changes: strawberry.Private[Sequence[DateChange]] = ()
    date_changes: list[ContractDateChange] = told("changes", "What became of the dates of each run that changed.")


@strawberry.type(description="What became of `reconcileContract`.")
class ReconcileContractPayload(Payload):
    """The payload of `reconcileContract`."""

    uuid: strawberry.Private[str | None] = None
    job: Job | None = changed("uuid", "The job that compares; its result lists the differences.")


@strawberry.type(description="What became of `retryRerun`.")
class RetryRerunPayload(CourseRunPayload):
    """The payload of `retryRerun`."""


@strawberry.type(description="What became of `designateSourceRun`.")
class DesignateSourceRunPayload(CourseRunPayload):
    """The payload of `designateSourceRun`."""


@strawberry.type(description="What became of `clearSourceRun`.")
class ClearSourceRunPayload(CourseRunPayload):
    """The payload of `clearSourceRun`."""


@strawberry.type(description="What became of `addCourseToContract`.")
class AddCourseToContractPayload(AddingPayload):
    """The payload of `addCourseToContract`."""


@strawberry.type(description="What became of `addProgramToContract`.")
class AddProgramToContractPayload(AddingPayload):
    """The payload of `addProgramToContract`."""


@strawberry.type(description="What became of `rerunCourseForContract`.")
class RerunCourseForContractPayload(AddingPayload):
    """The payload of `rerunCourseForContract`."""


@strawberry.type(description="What became of `syncContractProgram`.")
class SyncContractProgramPayload(AddingPayload):
    """The payload of `syncContractProgram`."""


@strawberry.type(description="What became of `removeCourseRunFromContract`.")
class RemoveCourseRunFromContractPayload(RemovingPayload):
    """The payload of `removeCourseRunFromContract`."""


@strawberry.type(description="What became of `removeProgramFromContract`.")
class RemoveProgramFromContractPayload(RemovingPayload):
    """The payload of `removeProgramFromContract`."""


async def designate_source_run(info: Info, input: DesignateSourceRunInput) -> DesignateSourceRunPayload | None:
    """Designate a source."""
    return await changing(
        info,
        lambda errors, key: DesignateSourceRunPayload(user_errors=errors, key=key),
        lambda session: sources.designate(session, info.context.viewer, input.key),
    )


async def clear_source_run(info: Info, input: ClearSourceRunInput) -> ClearSourceRunPayload | None:
    """Clear a source."""
    return await changing(
        info,
        lambda errors, key: ClearSourceRunPayload(user_errors=errors, key=key),
        lambda session: sources.clear(session, info.context.viewer, input.key),
    )


async def add_course_to_contract(info: Info, input: AddCourseToContractInput) -> AddCourseToContractPayload | None:
    """Add a course."""
    wish = Wish(is_forced=input.force, source=or_none(input.source_run))
    return await _adding(info, input, AddCourseToContractPayload, wish, lambda adder: adder.add_course(input.course))


async def rerun_course_for_contract(
    info: Info, input: RerunCourseForContractInput
) -> RerunCourseForContractPayload | None:
    """Add another run of a course."""
    wish = Wish(is_anew=True, is_forced=input.force, source=or_none(input.source_run))
    return await _adding(info, input, RerunCourseForContractPayload, wish, lambda adder: adder.add_course(input.course))


async def add_program_to_contract(info: Info, input: AddProgramToContractInput) -> AddProgramToContractPayload | None:
    """Add a program."""
    wish = Wish(is_forced=input.force)
    return await _adding(
        info, input, AddProgramToContractPayload, wish, lambda adder: adder.add_program(program_key(input.program))
    )


async def sync_contract_program(info: Info, input: SyncContractProgramInput) -> SyncContractProgramPayload | None:
    """Bring a program up to date."""
    wish = Wish(is_forced=input.force)
    return await _adding(
        info, input, SyncContractProgramPayload, wish, lambda adder: adder.sync_program(program_key(input.program))
    )


async def remove_course_run_from_contract(
    info: Info, input: RemoveCourseRunFromContractInput
) -> RemoveCourseRunFromContractPayload | None:
    """Take a run out."""

    async def work(session: AsyncSession, number: int) -> list[RemovedRun]:
        return [await removing.remove_run(session, info.context.viewer, number, input.course_run)]

    return await _removing(info, input.contract, RemoveCourseRunFromContractPayload, work)


async def remove_program_from_contract(
    info: Info, input: RemoveProgramFromContractInput
) -> RemoveProgramFromContractPayload | None:
    """Take a program out."""

    async def work(session: AsyncSession, number: int) -> list[RemovedRun]:
        uuid = program_key(input.program)
        return await removing.remove_program(session, info.context.viewer, number, uuid, with_runs=input.with_runs)

    return await _removing(info, input.contract, RemoveProgramFromContractPayload, work)


async def apply_contract_dates(info: Info, input: ApplyContractDatesInput) -> ApplyContractDatesPayload | None:
    """Give runs the contract's dates."""
    viewer = info.context.viewer

    async def attempt(session: AsyncSession) -> ApplyContractDatesPayload:
        await require_some(session, viewer, CHANGE)
        number = contract_key(input.contract)
        changes = await dates.apply(session, viewer, number, or_none(input.course_runs))
        return ApplyContractDatesPayload(user_errors=[], number=number, changes=changes)

    work = info.context.changing(attempt)
    return await answered(info, work, lambda errors: ApplyContractDatesPayload(user_errors=errors))


async def reconcile_contract(info: Info, input: ReconcileContractInput) -> ReconcileContractPayload | None:
    """Compare a contract with Open edX."""
    viewer = info.context.viewer

    async def work(session: AsyncSession) -> str:
        await require_some(session, viewer, CHANGE)
        return await reconciling.request(session, viewer, contract_key(input.contract), with_repair=input.repair)

    return await changing(info, lambda errors, uuid: ReconcileContractPayload(user_errors=errors, uuid=uuid), work)


async def retry_rerun(info: Info, input: RetryRerunInput) -> RetryRerunPayload | None:
    """Have a run made after all."""
    return await changing(
        info,
        lambda errors, key: RetryRerunPayload(user_errors=errors, key=key),
        lambda session: runs.retry(session, info.context.viewer, input.key),
    )


async def _adding(
    info: Info,
    given: AddingInput,
    kind: type[A],
    wish: Wish,
    work: Callable[[Adder], Awaitable[list[PlannedCourse]]],
) -> A:
    async def attempt(session: AsyncSession) -> A:
        await require_some(session, info.context.viewer, CHANGE)
        number = contract_key(given.contract)
        adder = Adder(session, info.context.viewer, number, wish, or_none(given.idempotency_key))
        return kind(user_errors=[], number=number, plans=await work(adder))

    return await answered(info, info.context.changing(attempt), lambda errors: kind(user_errors=errors))


async def _removing(
    info: Info, contract: str, kind: type[R], work: Callable[[AsyncSession, int], Awaitable[list[RemovedRun]]]
) -> R:
    async def attempt(session: AsyncSession) -> R:
        await require_some(session, info.context.viewer, CHANGE)
        number = contract_key(contract)
        return kind(user_errors=[], number=number, removed=await work(session, number))

    return await answered(info, info.context.changing(attempt), lambda errors: kind(user_errors=errors))
