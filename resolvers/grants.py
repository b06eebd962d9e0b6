"""Roles that hold for one organization or one program: who has them, and what they permit there.

The permissions of a viewer on a program are the union of those of the roles that the token gives and of the grants on
the program and on its organizations.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import ProgramOrganization, RoleGrant
from resolvers.access import PERMISSIONS, Permission, Role, Viewer
from resolvers.errors import Forbidden

Permissions = frozenset[Permission]


@dataclass(frozen=True)
class Grants:
    """What one user may do with the programs of organizations and with single programs, by id."""

    organizations: Mapping[int, Permissions] = field(default_factory=dict)
    programs: Mapping[int, Permissions] = field(default_factory=dict)

    def on(self, program: int | None, organizations: Collection[int]) -> Permissions:
        """The permissions on a program of these organizations; None for one that is yet to be made."""
        found = self.programs.get(program, frozenset()) if program is not None else frozenset()
        return found.union(*(self.organizations.get(each, frozenset()) for each in organizations))


async def grants_of(session: AsyncSession, viewer: Viewer) -> Grants:
    """The grants of a viewer."""
    organizations: dict[int, Permissions] = {}
    programs: dict[int, Permissions] = {}
    for grant in await session.scalars(select(RoleGrant).where(RoleGrant.username == viewer.username)):
        scope, key = (organizations, grant.organization_id) if grant.organization_id else (programs, grant.program_id)
        assert key is not None  # noqa: S101 -- the table checks that a grant has one scope
        scope[key] = scope.get(key, frozenset()) | PERMISSIONS[Role(grant.role)]
    return Grants(organizations, programs)


async def permissions_on(session: AsyncSession, viewer: Viewer, program: int) -> Permissions:
    """What a viewer may do with a program."""
    if Permission.CHANGE_PROGRAMS in viewer.permissions and Permission.PUBLISH_PROGRAMS in viewer.permissions:
        return viewer.permissions
    query = select(ProgramOrganization.organization_id).where(ProgramOrganization.program_id == program)
    grants = await grants_of(session, viewer)
    return viewer.permissions | grants.on(program, set(await session.scalars(query)))


async def require_to_create(session: AsyncSession, viewer: Viewer, organizations: Collection[int]) -> None:
    """Raise Forbidden unless the viewer may make programs for each of the organizations."""
    if viewer.may(Permission.CHANGE_PROGRAMS):
        return
    grants = await grants_of(session, viewer)
    if not organizations or not all(
        Permission.CHANGE_PROGRAMS in grants.organizations.get(each, frozenset()) for each in organizations
    ):
        raise Forbidden("you may not make programs for these organizations")


async def require_some(session: AsyncSession, viewer: Viewer, permission: Permission) -> None:
    """Raise Forbidden for viewers who have the permission nowhere, before anything is looked up for them."""
    if viewer.may(permission):
        return
    grants = await grants_of(session, viewer)
    if not any(permission in found for found in [*grants.organizations.values(), *grants.programs.values()]):
        raise Forbidden(f"you lack the permission to {permission.value.replace('_', ' ')}")
