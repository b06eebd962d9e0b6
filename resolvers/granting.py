"""Giving roles to users for one organization or one program, and taking them away again; admins only, and audited."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import OrganizationAlias, Program, ProgramStatus, RoleGrant
from resolvers.access import Permission, Role, Viewer
from resolvers.audit import record
from resolvers.catalog.settling import settled
from resolvers.errors import Forbidden, NotFound
from resolvers.refusals import Problem, Reason, Refusal

MAX_USERNAME = 255


@dataclass(frozen=True)
class Scope:
    """Where a grant holds: for the programs of an organization, by key, or for one program, by UUID."""

    organization: str | None = None
    program: str | None = None


async def grant(session: AsyncSession, viewer: Viewer, username: str, role: Role, scope: Scope) -> None:
    """Give a user a role in a scope; giving it again changes nothing. Raises Forbidden and Refusal."""

    async def attempt() -> None:
        organization, program = await _scope(session, viewer, username, scope)
        known = select(RoleGrant).where(*_same(username, role, organization, program))
        if await session.scalar(known) is None:
            session.add(
                RoleGrant(
                    username=username, role=role.value, organization_id=organization, program_id=program,
                    granted_by=viewer.username or "",
                )
            )  # fmt: skip
            _record(session, viewer, "grant", username, role, scope, program)

    await settled(session, attempt)


async def revoke(session: AsyncSession, viewer: Viewer, username: str, role: Role, scope: Scope) -> None:
    """Take a role in a scope from a user who has it. Raises Forbidden, NotFound and Refusal."""
    organization, program = await _scope(session, viewer, username, scope)
    revoked = delete(RoleGrant).where(*_same(username, role, organization, program)).returning(RoleGrant.id)
    if await session.scalar(revoked) is None:
        raise NotFound(f"{username} does not have this role there")
    _record(session, viewer, "revoke", username, role, scope, program)


async def _scope(session: AsyncSession, viewer: Viewer, username: str, scope: Scope) -> tuple[int | None, int | None]:
    """The ids of the organization or the program of a scope."""
    if not viewer.may(Permission.GRANT_ROLES):
        raise Forbidden("you may not grant roles")
    if not username.strip() or len(username) > MAX_USERNAME or "\0" in username:
        raise Refusal([Problem(Reason.INVALID, f"a username has 1 to {MAX_USERNAME} characters", ("username",))])
    if (scope.organization is None) == (scope.program is None):
        raise Refusal([Problem(Reason.INVALID, "name an organization or a program, one of the two")])
    if scope.organization is not None:
        alias = OrganizationAlias.alias == scope.organization.casefold()
        organization = await session.scalar(select(OrganizationAlias.organization_id).where(alias))
        if organization is None:
            raise Refusal(
                [Problem(Reason.ORG_UNKNOWN, f"there is no organization '{scope.organization}'", ("organization",))]
            )
        return organization, None
    wanted = select(Program.id).where(Program.uuid == scope.program, Program.status != ProgramStatus.DELETED)
    program = await session.scalar(wanted)
    if program is None:
        raise Refusal([Problem(Reason.PROGRAM_UNKNOWN, f"there is no program '{scope.program}'", ("program",))])
    return None, program


def _same(username: str, role: Role, organization: int | None, program: int | None) -> list[ColumnElement[bool]]:
    return [
        RoleGrant.username == username,
        RoleGrant.role == role.value,
        RoleGrant.organization_id == organization,
        RoleGrant.program_id == program,
    ]


def _record(  # noqa: PLR0917 -- what a grant consists of
    session: AsyncSession, viewer: Viewer, action: str, username: str, role: Role, scope: Scope, program: int | None
) -> None:
    subject = f"Organization:{scope.organization}" if scope.organization else f"Program:{scope.program}"
    change = (None, role.value) if action == "grant" else (role.value, None)
    record(session, viewer, action, subject, {username: change}, program_id=program)
