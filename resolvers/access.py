"""Who may do what: roles, permissions, and the viewer of a request.

Roles and their permissions are data (`spec/programs.md`, "Roles and Permissions"); nothing else decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import ColumnElement, String, and_, bindparam, exists, false, or_, select, true

from db.tables import Program, ProgramOrganization, ProgramStatus, RoleGrant

VIEWER = "viewer_username"
"""The parameter of statements that holds the viewer's username."""


class Permission(StrEnum):
    """One thing that a viewer may do."""

    SEE_PROGRAMS = "see_programs"
    SEE_UNPUBLISHED_PROGRAMS = "see_unpublished_programs"
    SEE_GRANTED_PROGRAMS = "see_granted_programs"  # unpublished ones, where a grant says so
    SEE_PROGRAMS_OF_OTHERS = "see_programs_of_others"
    CHANGE_PROGRAMS = "change_programs"
    PUBLISH_PROGRAMS = "publish_programs"
    GRANT_ROLES = "grant_roles"


class Role(StrEnum):
    """A named set of permissions."""

    LEARNER = "learner"
    AUTHOR = "author"
    ADMIN = "admin"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.LEARNER: frozenset({Permission.SEE_PROGRAMS}),
        Role.AUTHOR: frozenset(
            {Permission.SEE_PROGRAMS, Permission.SEE_UNPUBLISHED_PROGRAMS, Permission.CHANGE_PROGRAMS}
        ),
        Role.ADMIN: frozenset(Permission) - {Permission.SEE_GRANTED_PROGRAMS},
    }
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever sent a request: a signed-in user with roles, or nobody.

    `username` is the LMS username, compared with case, or None for an anonymous request, which has no roles.
    """

    username: str | None
    roles: frozenset[Role] = frozenset()
    permissions: frozenset[Permission] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        granted = frozenset[Permission]().union(*(PERMISSIONS[role] for role in self.roles))
        object.__setattr__(self, "permissions", granted)

    @property
    def is_signed_in(self) -> bool:
        """Whether a valid token named the user."""
        return self.username is not None

    def may(self, permission: Permission) -> bool:
        """Whether one of the viewer's roles grants `permission`."""
        return permission in self.permissions


ANONYMOUS = Viewer(username=None)


def visible_programs(permissions: frozenset[Permission]) -> ColumnElement[bool]:
    """Which programs a viewer may see through any edge (`spec/programs.md`, "Program Lifecycle").

    Deleted ones nobody; unpublished ones only those who build programs; none where programs are switched off.
    """
    if Permission.SEE_UNPUBLISHED_PROGRAMS in permissions:
        return Program.status != ProgramStatus.DELETED
    if Permission.SEE_PROGRAMS not in permissions:
        return false()
    published = or_(Program.status == ProgramStatus.ACTIVE, Program.status == ProgramStatus.RETIRED)
    if Permission.SEE_GRANTED_PROGRAMS not in permissions:
        return published
    return or_(published, and_(Program.status == ProgramStatus.UNPUBLISHED, _is_granted()))


def _is_granted() -> ColumnElement[bool]:
    of = ProgramOrganization
    organizations = select(of.organization_id).where(of.program_id == Program.id)
    return exists().where(
        RoleGrant.username == bindparam(VIEWER, type_=String()),
        or_(RoleGrant.role == Role.AUTHOR.value, RoleGrant.role == Role.ADMIN.value),
        or_(RoleGrant.program_id == Program.id, RoleGrant.organization_id.in_(organizations)),
    )


def visible_history(permissions: frozenset[Permission]) -> ColumnElement[bool]:
    """Whose history of programs a viewer may see: all or nothing."""
    return true() if Permission.SEE_UNPUBLISHED_PROGRAMS in permissions else false()
