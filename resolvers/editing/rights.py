"""Who may change which run's content (spec/content-api.md, "Security"; notes on OLX, O2).

As in Studio: staff everywhere, authors the runs of their organizations, and a run's own instructors and assistants:
those of its directory, and the team that it has in Studio, as that was last read (`resolvers.catalog.teams`).
"""

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Course, CourseRun
from resolvers.access import Permission, Viewer, teaches, teaches_some
from resolvers.errors import Forbidden
from resolvers.grants import grants_of, require_some


async def may_edit(session: AsyncSession, viewer: Viewer, run_id: int) -> bool:
    """Whether a viewer may change the content of a run, as of now: a job asks again when it begins (O3)."""
    if viewer.username is None:
        return False
    if viewer.may(Permission.CHANGE_CONTENT):
        return True
    organization = await session.scalar(select(Course.organization_id).join(CourseRun).where(CourseRun.id == run_id))
    grants = await grants_of(session, viewer)
    if organization is not None and Permission.CHANGE_CONTENT in grants.organizations.get(organization, frozenset()):
        return True
    return bool(await session.scalar(select(teaches(literal(run_id), viewer.username))))


async def require_to_edit_some(session: AsyncSession, viewer: Viewer) -> None:
    """Raise Forbidden for viewers who may change the content of no run, before anything is looked up for them."""
    if viewer.username is None or not await session.scalar(select(teaches_some(viewer.username))):
        await require_some(session, viewer, Permission.CHANGE_CONTENT)


async def require_to_edit(session: AsyncSession, viewer: Viewer, run_id: int) -> None:
    """Raise Forbidden unless the viewer may change the content of the run."""
    if not await may_edit(session, viewer, run_id):
        raise Forbidden("you may not change the content of this run")
