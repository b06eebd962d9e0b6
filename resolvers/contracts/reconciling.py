"""Holding the runs of a contract against what Open edX has of them: a job, since Open edX is asked about each run.

The result of the job lists the differences; where a repair is asked for, jobs for each run see to what can be repaired.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.tables import CourseRun, Job, Rerun, RerunState
from edx.errors import OpenEdxError
from edx.keys import CourseKey
from resolvers.access import Role, Viewer
from resolvers.contracts.edits import locked
from resolvers.jobs import Handler, Handlers, JobContext, JobFailed, Kind, TryAgain, enqueue
from resolvers.reruns import Platform
from resolvers.reruns.reconcile import Difference, compare, repair, survey, unknown
from resolvers.reruns.wanted import Wanted, wanted_of

RECONCILE = Kind(name="RECONCILE_CONTRACT", queue="studio", attempts=5)
NOT_CONFIGURED = "OPEN_EDX_NOT_CONFIGURED"


async def request(session: AsyncSession, viewer: Viewer, number: int, *, with_repair: bool) -> str:
    """Have a contract's runs compared with Open edX, and repaired if asked to; the job's UUID."""
    await locked(session, viewer, number)
    key = f"{number}:{'repair' if with_repair else 'look'}"
    given = {"contract": number, "repair": with_repair}
    job = await enqueue(session, RECONCILE, f"Contract:{number}", input=given, by=viewer, key=key)
    return job.uuid


def reconcile_handlers(platform: Platform | None) -> Handlers:
    """What does the work in a platform; without one, the jobs fail and say so."""
    return {RECONCILE: reconcile_handler(platform)}


def reconcile_handler(platform: Platform | None) -> Handler:
    """What compares contracts with a platform."""

    async def reconcile(context: JobContext) -> dict[str, Any]:
        if platform is None:
            raise JobFailed(NOT_CONFIGURED, "no setting says how to reach Studio and the LMS")
        number = int(context.input["contract"])
        async with context.writing() as session:
            wanted, known = await _wanted(session, number)
        await context.advance("COMPARING", 0, len(wanted))
        try:
            differences = await _differences(platform, number, wanted, known)
        except OpenEdxError as error:
            raise TryAgain("OPEN_EDX", str(error)) from error
        jobs: list[Job] = []
        if context.input["repair"] and differences:
            viewer = Viewer(context.requested_by, frozenset({Role.ADMIN}))
            async with context.writing() as session:
                jobs = await repair(session, await _runs(session, wanted), differences, by=viewer)
        told = [_told(difference) for difference in differences]
        return {"runs": len(wanted), "differences": told, "jobs": [job.uuid for job in jobs]}

    return reconcile


async def _differences(
    platform: Platform, number: int, wanted: dict[CourseKey, Wanted], known: list[CourseKey]
) -> list[Difference]:
    found = await survey(platform, wanted)
    differences = [each for key, of in wanted.items() for each in compare(of, found[key], platform.open_end)]
    there = [run async for run in platform.studio.runs()]
    return [*differences, *unknown(number, known, there)]


async def _wanted(session: AsyncSession, number: int) -> tuple[dict[CourseKey, Wanted], list[CourseKey]]:
    """The contract's runs that are made, as they are to be, and the keys of all that it has or is to have."""
    parent = aliased(CourseRun)
    query = select(CourseRun, parent, Rerun.state).join(Rerun, Rerun.id == CourseRun.id)
    query = query.join(parent, parent.id == CourseRun.parent_id).where(CourseRun.contract_id == number)
    rows = (await session.execute(query.order_by(CourseRun.id))).all()
    wanted = [wanted_of(run, source) for run, source, state in rows if state is RerunState.READY]
    return {each.key: each for each in wanted}, [CourseKey.parse(run.key) for run, _, _ in rows]


async def _runs(session: AsyncSession, wanted: dict[CourseKey, Wanted]) -> dict[CourseKey, CourseRun]:
    query = select(CourseRun).where(CourseRun.key.in_([str(key) for key in wanted]))
    return {CourseKey.parse(run.key): run for run in await session.scalars(query)}


def _told(difference: Difference) -> dict[str, str | None]:
    """A difference as JSON."""
    return {
        "key": str(difference.key), "aspect": difference.aspect.value, "ours": difference.ours,
        "theirs": difference.theirs,
    }  # fmt: skip
