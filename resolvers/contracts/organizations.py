"""What contracts need to know of an organization: what stands before its key in course keys, and who manages it."""

import re

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import CourseKeyPrefix, Organization, OrganizationAlias, OrganizationManager
from edx.contract_keys import Prefix
from resolvers.access import Viewer
from resolvers.audit import difference, record
from resolvers.catalog.settling import settled
from resolvers.contracts.edits import CHANGE, key_problem, organization_named
from resolvers.contracts.members import checked_names
from resolvers.grants import require_for, require_some
from resolvers.refusals import Problem, Reason, Refusal, refuse_if

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SLUG = 255


async def set_prefix(session: AsyncSession, viewer: Viewer, key: str, prefix: CourseKeyPrefix, slug: str | None) -> str:
    """Say what stands before an organization's key in the keys of new runs, and its name in web addresses; its key.

    Runs that there are keep their keys, and the organization is found by all prefixes that it ever had. A slug of None
    is left as it is, an empty one taken away. Raises Refusal and Forbidden.
    """
    await require_some(session, viewer, CHANGE)
    found = await organization_named(session, key)
    await require_for(session, viewer, CHANGE, found["id"])
    if reason := key_problem(found["key"], prefix):
        raise Refusal([Problem(Reason.KEY_TOO_LONG, reason, ("prefix",))])
    if slug and (len(slug) > LONGEST_SLUG or not SLUG.fullmatch(slug)):
        reason = f"a slug has up to {LONGEST_SLUG} small letters and digits, with hyphens between them"
        raise Refusal([Problem(Reason.INVALID, reason, ("slug",))])
    await settled(session, lambda: _set_prefix(session, viewer, found["id"], prefix, slug))
    return str(found["key"])


async def _set_prefix(
    session: AsyncSession, viewer: Viewer, id_: int, prefix: CourseKeyPrefix, slug: str | None
) -> None:
    organization = await session.get_one(Organization, id_, with_for_update=True, populate_existing=True)
    before = {"prefix": organization.prefix.value, "slug": organization.slug}
    organization.prefix = prefix
    if slug is not None:
        await _require_free(session, slug, id_)
        organization.slug = slug or None
    await _alias(session, id_, f"{Prefix(prefix.value).text}{organization.key}")
    changes = difference(before, {"prefix": prefix.value, "slug": organization.slug})
    if changes:
        record(session, viewer, "set prefix", f"Organization:{organization.key}", changes)
    await session.flush()


async def _require_free(session: AsyncSession, slug: str, id_: int) -> None:
    taken = select(Organization.key).where(Organization.slug == slug, Organization.id != id_)
    if slug and (other := await session.scalar(taken)) is not None:
        raise Refusal([Problem(Reason.NAME_TAKEN, f"the organization {other} has this slug", ("slug",))])


async def _alias(session: AsyncSession, id_: int, name: str) -> None:
    """Have the organization found under a name that no other one is found under."""
    query = select(OrganizationAlias.organization_id).where(OrganizationAlias.alias == name.casefold())
    owner = await session.scalar(query)
    if owner not in {None, id_}:
        reason = f"'{name}' is another organization in the catalog"
        raise Refusal([Problem(Reason.ORG_KEY_TAKEN, reason, ("prefix",))])
    if owner is None:
        await session.execute(insert(OrganizationAlias).values(alias=name.casefold(), organization_id=id_))


async def set_manager(session: AsyncSession, viewer: Viewer, key: str, username: str, *, is_manager: bool) -> str:
    """Have a user manage the contracts of an organization, or not; its key. Raises Refusal and Forbidden."""
    await require_some(session, viewer, CHANGE)
    found = await organization_named(session, key)
    await require_for(session, viewer, CHANGE, found["id"])
    refuse_if(checked_names([username], "username"))

    async def attempt() -> None:
        manager = OrganizationManager
        same = (manager.organization_id == found["id"], manager.username == username)
        was = await session.scalar(select(manager.id).where(*same)) is not None
        if was is is_manager:
            return
        if is_manager:
            session.add(manager(organization_id=found["id"], username=username, added_by=viewer.username or ""))
        else:
            await session.execute(delete(manager).where(*same))
        states = (None, "manager") if is_manager else ("manager", None)
        record(session, viewer, "set manager", f"Organization:{found['key']}", {username: states})
        await session.flush()

    await settled(session, attempt)
    return str(found["key"])
