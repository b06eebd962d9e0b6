"""The rows of sites, and the organizations that their courses belong to."""

from typing import NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import DirectorySite, OrganizationAlias
from db.tables.base import now
from resolvers.catalog.facts import OrganizationFacts
from resolvers.catalog.organizations import create_organizations, find_organizations
from resolvers.catalog.settling import settled
from resolvers.directories.keys import safe
from resolvers.directories.layout import Layout


class PutSite(NamedTuple):
    """The id of a site, whether it is new, and whether it has another parent than before."""

    id: int
    is_new: bool
    is_moved: bool


async def put_site(session: AsyncSession, name: str, layout: Layout, root: str) -> PutSite:
    """Add a site or bring a known one up to date. Raises Refused where its organization's key is none."""

    async def attempt() -> PutSite:
        organization = await put_organization(session, name, layout)
        parent = await find_site(session, layout.parents.get(name))
        values = {"root": root, "parent_id": None if parent is None else parent.id, "synchronized_at": now()}
        known = await find_site(session, name)
        if known is None:
            values |= {"name": name, "name_folded": name.casefold(), "organization_id": organization}
            id_ = await session.scalar(insert(DirectorySite).returning(DirectorySite.id), values)
            return PutSite(int(id_ or 0), is_new=True, is_moved=True)
        is_moved = known.parent_id != values["parent_id"]
        await session.execute(update(DirectorySite).where(DirectorySite.id == known.id).values(**values))
        return PutSite(known.id, is_new=False, is_moved=is_moved)

    return await settled(session, attempt)


async def find_site(session: AsyncSession, name: str | None) -> DirectorySite | None:
    """The site of that name, if there is one."""
    if name is None:
        return None
    found: DirectorySite | None = await session.scalar(
        select(DirectorySite).where(DirectorySite.name_folded == name.casefold())
    )
    return found


async def put_organization(session: AsyncSession, site: str, layout: Layout) -> int:
    """The id of a site's organization, which is made if there is none.

    The site's name, as it is in the keys of runs, is another name of it from then on.
    """
    facts = OrganizationFacts(layout.organizations.get(site) or safe(site))
    facts.check()
    found = await find_organizations(session, [facts.key])
    ids = [row["id"] for row in found.values()] or list((await create_organizations(session, [facts])).values())
    alias = safe(site).casefold()
    if await session.get(OrganizationAlias, alias) is None:
        await session.execute(insert(OrganizationAlias), {"alias": alias, "organization_id": ids[0]})
    return int(ids[0])
