"""The dates of a contract's runs after those of the contract have changed: proposed first, then applied and pushed.

No change of a contract touches its runs by itself.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Contract, CourseRun
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from resolvers.access import Viewer
from resolvers.audit import record
from resolvers.contracts.edits import locked, looked_at
from resolvers.refusals import Problem, Reason, Refusal
from resolvers.reruns import request_configurations


@dataclass(frozen=True, slots=True)
class DateChange:
    """What a run's dates are and what they would be; enrollment opens and closes with the run."""

    run: str
    start: datetime | None
    end: datetime | None
    new_start: datetime | None
    new_end: datetime | None

    @property
    def key(self) -> str:
        """The course key of the run."""
        return self.run


def change_of(contract: Contract, run: CourseRun) -> DateChange | None:
    """What would become of a run's dates, or None where they are as the contract says.

    A contract without a start leaves that of its runs, which started when they were made.
    """
    start, end = contract.start or run.start, contract.end
    if (run.start, run.end, run.enrollment_start, run.enrollment_end) == (start, end, start, end):
        return None
    return DateChange(run.key, run.start, run.end, start, end)


async def propose(session: AsyncSession, viewer: Viewer, number: int) -> list[DateChange]:
    """What would become of the dates of a contract's runs, which nobody is kept from. Raises Forbidden and NotFound."""
    contract = await looked_at(session, viewer, number)
    changes = [change_of(contract, run) for run in await session.scalars(_runs(number))]
    return [change for change in changes if change is not None]


async def apply(session: AsyncSession, viewer: Viewer, number: int, keys: Collection[str] | None) -> list[DateChange]:
    """Give runs of a contract its dates, all or those with these keys, and have them pushed to Studio.

    Raises Refusal, Forbidden and NotFound.
    """
    contract = await locked(session, viewer, number)
    runs = (await session.scalars(_runs(number).with_for_update())).all()
    wanted = None if keys is None else _folded(keys, {run.key_folded for run in runs})
    chosen = [run for run in runs if wanted is None or run.key_folded in wanted]
    changes = {run: change for run in chosen if (change := change_of(contract, run)) is not None}
    for run, change in changes.items():
        run.start = run.enrollment_start = change.new_start
        run.end = run.enrollment_end = change.new_end
    if changes:
        await session.flush()
        await request_configurations(session, list(changes), by=viewer)
        told = {
            run.key: (_told(change.start, change.end), _told(run.start, run.end)) for run, change in changes.items()
        }
        record(session, viewer, "apply dates", f"Contract:{number}", told)
    return list(changes.values())


def _folded(keys: Collection[str], known: Collection[str]) -> set[str]:
    """The keys as they are compared. Raises Refusal for what is no run of the contract."""
    found = set[str]()
    for position, key in enumerate(keys):
        place = ("courseRuns", str(position))
        try:
            folded = CourseKey.parse(key).folded
        except InvalidCourseKey as error:
            raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), place)]) from error
        if folded not in known:
            raise Refusal([Problem(Reason.NOT_IN_CONTRACT, f"'{key}' is no run of the contract", place)])
        found.add(folded)
    return found


def _runs(number: int) -> Select[CourseRun]:
    query = select(CourseRun).where(CourseRun.contract_id == number, CourseRun.retired_at.is_(None))
    return query.order_by(CourseRun.id)


def _told(*moments: datetime | None) -> list[str | None]:
    return [None if moment is None else moment.isoformat() for moment in moments]
