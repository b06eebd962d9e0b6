"""Roles that hold for one organization or one program: who has them, and what they permit there.

The permissions of a viewer on a program are the union of those of the roles that the token gives and of the grants on
the program and on its organizations.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.errors import DatabaseError
from db.tables import ProgramOrganization, RoleGrant
from db.types import any_of
from resolvers.access import PERMISSIONS, Permission, Role, Viewer
from resolvers.errors import Forbidden
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, rows_for

FRESH_SECONDS = 5.0

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


async def may_for(session: AsyncSession, viewer: Viewer, permission: Permission, organization: int | None) -> bool:
    """Whether the viewer has the permission everywhere or for an organization, of which None is none."""
    if viewer.may(permission):
        return True
    grants = await grants_of(session, viewer)
    return organization is not None and permission in grants.organizations.get(organization, frozenset())


async def require_for(session: AsyncSession, viewer: Viewer, permission: Permission, organization: int | None) -> None:
    """Raise Forbidden unless the viewer has the permission everywhere or for an organization, of which None is none."""
    if not await may_for(session, viewer, permission, organization):
        raise Forbidden(f"you lack the permission to {permission.value.replace('_', ' ')} of this organization")


async def require_some(session: AsyncSession, viewer: Viewer, permission: Permission) -> None:
    """Raise Forbidden for viewers who have the permission nowhere, before anything is looked up for them."""
    if viewer.may(permission):
        return
    grants = await grants_of(session, viewer)
    if not any(permission in found for found in [*grants.organizations.values(), *grants.programs.values()]):
        raise Forbidden(f"you lack the permission to {permission.value.replace('_', ' ')}")


async def load_permissions(batch: Batch) -> dict[int, list[str]]:
    """What the viewer may do with each of the programs with these ids: a batch source."""
    viewer: Viewer = batch.context.viewer
    snapshot, dialect = batch.context.snapshot, batch.context.database.dialect
    of = ProgramOrganization
    on_program = select(RoleGrant.program_id, RoleGrant.username, RoleGrant.role).where(
        any_of(RoleGrant.program_id, keys_parameter(BigInteger()))
    )
    on_organization = (
        select(of.program_id, RoleGrant.username, RoleGrant.role)
        .join(of, of.organization_id == RoleGrant.organization_id)
        .where(any_of(of.program_id, keys_parameter(BigInteger())))
    )
    found = {key: set(viewer.permissions) for key in batch.keys}
    for query in (on_program, on_organization):
        for program, username, role in await rows_for(snapshot, dialect, query, batch.keys):
            if username == viewer.username:
                found[program] |= PERMISSIONS[Role(role)]
    return {key: sorted(permission.value for permission in of & ON_PROGRAMS) for key, of in found.items()}


ON_PROGRAMS = frozenset(
    {
        Permission.SEE_PROGRAMS,
        Permission.SEE_UNPUBLISHED_PROGRAMS,
        Permission.CHANGE_PROGRAMS,
        Permission.PUBLISH_PROGRAMS,
    }
)
"""The permissions that are about single programs."""


class Grantees:
    """The users who have grants, as of at most some seconds ago.

    Only they get the predicate that looks grants up; that one reads the table, so that a revoked grant ends at once.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._usernames: frozenset[str] = frozenset()
        self._read_at: float | None = None

    async def includes(self, username: str | None) -> bool:
        """Whether the user has grants."""
        now = self._clock()
        if self._read_at is None or now - self._read_at > FRESH_SECONDS:
            self._read_at = now  # others that ask meanwhile make do with what is known
            try:
                self._usernames = await self._read()
            except DatabaseError:  # what is asked of the database next says so
                self._usernames, self._read_at = frozenset(), None
        return username in self._usernames

    async def _read(self) -> frozenset[str]:
        async with self._database.reading() as snapshot:
            snapshot.is_single = True
            return frozenset(row[0] for row in await snapshot.fetch("SELECT DISTINCT username FROM role_grant"))

    def forget(self) -> None:
        """Read the table again at the next question: this process just changed it."""
        self._read_at = None


async def load_organization_permissions(batch: Batch) -> dict[int, list[str]]:
    """What the viewer may do with the programs of each of the organizations with these ids: a batch source."""
    viewer: Viewer = batch.context.viewer
    query = select(RoleGrant.organization_id, RoleGrant.username, RoleGrant.role).where(
        any_of(RoleGrant.organization_id, keys_parameter(BigInteger()))
    )
    found = {key: set(viewer.permissions) for key in batch.keys}
    for key, username, role in await rows_for(
        batch.context.snapshot, batch.context.database.dialect, query, batch.keys
    ):
        if username == viewer.username:
            found[key] |= PERMISSIONS[Role(role)]
    return {key: sorted(permission.value for permission in of & ON_PROGRAMS) for key, of in found.items()}
