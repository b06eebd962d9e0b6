"""Grants of roles for one organization or one program."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import TypeVar

import strawberry
from sqlalchemy import false, true

from db import tables
from resolvers import granting
from resolvers.access import Permission, Role
from resolvers.context import Context
from resolvers.granting import Scope
from resolvers.plan.declare import column, noun, one
from resolvers.reads import program_key
from schema.organization import Organization
from schema.payload import Payload, answered
from schema.program import Program

Info = strawberry.Info[Context, None]
P = TypeVar("P", bound=Payload)


@strawberry.enum(description="A role that can be granted for an organization or a program.")
class GrantedRole(Enum):
    """Roles of grants."""

    AUTHOR = strawberry.enum_value(
        Role.AUTHOR.value, description="Sees and changes programs before they are published."
    )
    ADMIN = strawberry.enum_value(Role.ADMIN.value, description="Publishes them too.")


@noun(
    tables.RoleGrant,
    key=tables.RoleGrant.id,
    visible=lambda permissions: true() if Permission.GRANT_ROLES in permissions else false(),
    description="A role of a user for the programs of one organization, or for one program.",
)
class RoleGrant:
    """A grant."""

    username: str = column(tables.RoleGrant.username, "LMS username of who has it.")
    role: GrantedRole = column(tables.RoleGrant.role, "The role.")
    organization: Organization | None = one(tables.RoleGrant.organization_id, "Organization whose programs it is for.")
    program: Program | None = one(tables.RoleGrant.program_id, "Program that it is for.")
    granted_by: str = column(tables.RoleGrant.granted_by, "Who gave it, by LMS username.")
    granted_at: datetime = column(tables.RoleGrant.granted_at, "When it was given.")


@strawberry.input
class RoleInput:
    """What the inputs of both mutations share."""

    username: str = strawberry.field(description="LMS username of the user.")
    role: GrantedRole = strawberry.field(description="The role.")
    organization: str | None = strawberry.field(
        default=strawberry.UNSET, description="Key of the organization whose programs it is for."
    )
    program: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Global id of the program that it is for."
    )

    def scope(self) -> Scope:
        """Where the role holds. Raises BadUserInput."""
        return Scope(self.organization or None, program_key(self.program) if self.program else None)


@strawberry.input(description="A role for a user, for one organization or one program.")
class GrantRoleInput(RoleInput):
    """The input of `grantRole`."""


@strawberry.input(description="A role of a user that is to end.")
class RevokeRoleInput(RoleInput):
    """The input of `revokeRole`."""


@strawberry.type(description="What became of `grantRole`.")
class GrantRolePayload(Payload):
    """The payload of `grantRole`."""


@strawberry.type(description="What became of `revokeRole`.")
class RevokeRolePayload(Payload):
    """The payload of `revokeRole`."""


async def grant_role(info: Info, input: GrantRoleInput) -> GrantRolePayload | None:
    """Give a role."""
    return await _changed(info, input, GrantRolePayload, granting.grant)


async def revoke_role(info: Info, input: RevokeRoleInput) -> RevokeRolePayload | None:
    """Take a role away."""
    return await _changed(info, input, RevokeRolePayload, granting.revoke)


async def _changed(info: Info, input: RoleInput, kind: type[P], work: Callable[..., Awaitable[None]]) -> P:
    scope, viewer = input.scope(), info.context.viewer

    async def change() -> P:
        await info.context.changing(
            lambda session: work(session, viewer, input.username, Role(str(input.role.value)), scope)
        )
        info.context.grantees.forget()
        return kind(user_errors=[])

    return await answered(info, change(), lambda errors: kind(user_errors=errors))
