"""Taking runs and programs out of contracts.

A run that learners are enrolled in stays the contract's, so that they go on seeing it; another one is nobody's then,
and shown to staff only: it never becomes a public one. Neither can be joined any more. A run that never came to be in
Open edX is forgotten. Every function raises Refusal, Forbidden and NotFound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.tables import ContractCourse, CourseRun, Job, LearnerEnrollment, Rerun, RerunState, now
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from resolvers.access import Viewer
from resolvers.audit import record
from resolvers.contracts.edits import locked
from resolvers.contracts.gathering import link_of, program_with
from resolvers.refusals import Problem, Reason, Refusal
from resolvers.reruns import RERUN, request_configurations
from resolvers.reruns.store import memory_of


class Removal(StrEnum):
    """What became of a run."""

    KEPT = "kept"
    UNLINKED = "unlinked"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class RemovedRun:
    """A run that was taken out of a contract; `run` is its key where it is still there."""

    key: str
    outcome: Removal

    @property
    def run(self) -> str | None:
        """The key by which it is found."""
        return None if self.outcome is Removal.DELETED else self.key


async def remove_run(session: AsyncSession, viewer: Viewer, number: int, key: str) -> RemovedRun:
    """Take a run out of a contract."""
    await locked(session, viewer, number)
    try:
        folded = CourseKey.parse(key).folded
    except InvalidCourseKey as error:
        raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("courseRun",))]) from error
    run = await session.scalar(select(CourseRun).where(CourseRun.key_folded == folded).with_for_update())
    if run is None or run.contract_id != number or run.retired_at is not None:
        reason = f"'{key}' is no run of the contract"
        raise Refusal([Problem(Reason.NOT_IN_CONTRACT, reason, ("courseRun",))])
    return await _removed(session, viewer, number, run)


async def remove_program(
    session: AsyncSession, viewer: Viewer, number: int, uuid: str, *, with_runs: bool
) -> list[RemovedRun]:
    """Unlink a program from a contract, and take out the runs that the contract had through it alone, if asked to."""
    await locked(session, viewer, number)
    program = await program_with(session, uuid)
    link = await link_of(session, number, program)
    if link is None:
        reason = "the program is not one of the contract's"
        raise Refusal([Problem(Reason.NOT_IN_CONTRACT, reason, ("program",))])
    runs = await _runs_of_program_alone(session, number, program) if with_runs else ()
    removed = [await _removed(session, viewer, number, run) for run in runs]
    of = ContractCourse
    await session.execute(delete(of).where(of.contract_id == number, of.program_id == program))
    await session.delete(link)
    record(session, viewer, "remove program", f"Contract:{number}", {uuid: ("program", None)})
    return removed


async def _runs_of_program_alone(session: AsyncSession, number: int, program: int) -> Sequence[CourseRun]:
    of, other = ContractCourse, aliased(ContractCourse)
    shared = exists().where(
        other.contract_id == number, other.course_id == of.course_id, other.program_id.is_distinct_from(program)
    )
    courses = select(of.course_id).where(of.contract_id == number, of.program_id == program, ~shared)
    run = CourseRun
    query = select(run).where(run.contract_id == number, run.retired_at.is_(None), run.course_id.in_(courses))
    return (await session.scalars(query.order_by(run.id).with_for_update())).all()


async def _removed(session: AsyncSession, viewer: Viewer, number: int, run: CourseRun) -> RemovedRun:
    if run.is_designated or run.is_source:
        reason = "it is a source run: retiring it would break future runs for contracts of its course"
        raise Refusal([Problem(Reason.SOURCE_RUN_PROTECTED, reason, ("courseRun",))])
    rerun = await session.get(Rerun, run.id, with_for_update=True)
    await _require_rest(session, run, rerun)
    key, outcome = run.key, await _outcome(session, run, rerun)
    if outcome is Removal.DELETED:
        await session.execute(delete(CourseRun).where(CourseRun.id == run.id))
    else:
        moment = now().replace(microsecond=0)
        run.retired_at = run.enrollment_end = moment
        if run.enrollment_start is not None:
            run.enrollment_start = min(run.enrollment_start, moment)
        if outcome is Removal.UNLINKED:
            run.contract_id = None
        await session.flush()
        await request_configurations(session, [run], by=viewer)
    record(session, viewer, "remove run", f"Contract:{number}", {key: ("run", outcome.value)})
    return RemovedRun(key, outcome)


async def _require_rest(session: AsyncSession, run: CourseRun, rerun: Rerun | None) -> None:
    """Raise Refusal while somebody is making the run: what is begun in Open edX would be nobody's."""
    if rerun is None or rerun.state in {RerunState.READY, RerunState.FAILED}:
        return
    unfinished = select(Job.id).where(Job.kind == RERUN.name, Job.key == run.key, Job.finished_at.is_(None))
    if await session.scalar(unfinished) is not None:
        reason = f"the run {run.key} is being made; wait, or cancel its job first"
        raise Refusal([Problem(Reason.RERUN_IN_PROGRESS, reason, ("courseRun",))])


async def _outcome(session: AsyncSession, run: CourseRun, rerun: Rerun | None) -> Removal:
    if rerun is not None and rerun.state is not RerunState.READY and not memory_of(rerun).clones:
        return Removal.DELETED
    enrolled = exists().where(LearnerEnrollment.course_key == run.key, LearnerEnrollment.is_active)
    return Removal.KEPT if await session.scalar(select(enrolled)) else Removal.UNLINKED
