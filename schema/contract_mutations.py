"""Mutations of contracts, of who belongs to them and of who looks after them."""

from collections.abc import Sequence
from typing import Any, TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import CourseKeyPrefix
from resolvers.context import Context
from resolvers.contracts import dates, edits, members, organizations
from resolvers.contracts.dates import DateChange
from resolvers.contracts.terms import Terms
from resolvers.grants import require_some
from resolvers.reads import contract_key
from schema.catalog_mutations import OrganizationPayload
from schema.contract import Contract
from schema.contract_inputs import (
    ActivateContractInput,
    AddContractMembersInput,
    ContractInput,
    CreateContractInput,
    DeactivateContractInput,
    MembersInput,
    RemoveContractMembersInput,
    SetOrganizationManagerInput,
    SetOrganizationPrefixInput,
    UpdateContractInput,
)
from schema.courseware import ContractDateChange, told
from schema.payload import Payload, answered, changed, changing
from schema.program_inputs import or_none

Info = strawberry.Info[Context, None]
P = TypeVar("P", bound="ContractPayload")
M = TypeVar("M", bound="MembersPayload")


@strawberry.type
class ContractPayload(Payload):
    """The fields of payloads that lead to a contract."""

    number: strawberry.Private[int | None] = None
    contract: Contract | None = changed("number", "The contract as it is now; null when nothing was changed.")


@strawberry.type
class MembersPayload(ContractPayload):
    """The fields of payloads of changes of members."""

    changed_count: int = strawberry.field(default=0, description="For how many learners it made a difference.")


@strawberry.type(description="What became of `createContract`.")
class CreateContractPayload(ContractPayload):
    """The payload of `createContract`."""


@strawberry.type(description="What became of `updateContract`.")
class UpdateContractPayload(ContractPayload):
    """The payload of `updateContract`."""

    proposed: strawberry.Private[Sequence[DateChange]] = ()
    date_changes: list[ContractDateChange] = told(
        "proposed", "What `applyContractDates` would do to its runs; none when nothing was changed."
    )


@strawberry.type(description="What became of `activateContract`.")
class ActivateContractPayload(ContractPayload):
    """The payload of `activateContract`."""


@strawberry.type(description="What became of `deactivateContract`.")
class DeactivateContractPayload(ContractPayload):
    """The payload of `deactivateContract`."""


@strawberry.type(description="What became of `addContractMembers`.")
class AddContractMembersPayload(MembersPayload):
    """The payload of `addContractMembers`."""


@strawberry.type(description="What became of `removeContractMembers`.")
class RemoveContractMembersPayload(MembersPayload):
    """The payload of `removeContractMembers`."""


@strawberry.type(description="What became of `setOrganizationManager`.")
class SetOrganizationManagerPayload(OrganizationPayload):
    """The payload of `setOrganizationManager`."""


@strawberry.type(description="What became of `setOrganizationPrefix`.")
class SetOrganizationPrefixPayload(OrganizationPayload):
    """The payload of `setOrganizationPrefix`."""


async def create_contract(info: Info, input: CreateContractInput) -> CreateContractPayload | None:
    """Make a contract."""
    viewer = info.context.viewer

    async def work(session: AsyncSession) -> int:
        terms = Terms("").changed(input.terms())
        return await edits.create(session, viewer, input.organization, terms, or_none(input.idempotency_key))

    async def change() -> CreateContractPayload:
        return CreateContractPayload(user_errors=[], number=await info.context.changing(work))

    return await answered(info, change(), lambda errors: CreateContractPayload(user_errors=errors))


async def update_contract(info: Info, input: UpdateContractInput) -> UpdateContractPayload | None:
    """Change a contract's terms."""
    viewer = info.context.viewer

    async def attempt(session: AsyncSession) -> UpdateContractPayload:
        await require_some(session, viewer, edits.CHANGE)
        number = contract_key(input.id)
        await edits.update(session, viewer, number, input.terms(), or_none(input.expected_revision))
        await session.flush()
        proposed = await dates.propose(session, viewer, number)
        return UpdateContractPayload(user_errors=[], number=number, proposed=proposed)

    work = info.context.changing(attempt)
    return await answered(info, work, lambda errors: UpdateContractPayload(user_errors=errors))


async def activate_contract(info: Info, input: ActivateContractInput) -> ActivateContractPayload | None:
    """Switch a contract on."""
    return await _changing(info, input, ActivateContractPayload, _switching(info, input, is_enabled=True))


async def deactivate_contract(info: Info, input: DeactivateContractInput) -> DeactivateContractPayload | None:
    """Switch a contract off."""
    return await _changing(info, input, DeactivateContractPayload, _switching(info, input, is_enabled=False))


async def add_contract_members(info: Info, input: AddContractMembersInput) -> AddContractMembersPayload | None:
    """Add members."""
    return await _members(info, input, AddContractMembersPayload, members.add)


async def remove_contract_members(info: Info, input: RemoveContractMembersInput) -> RemoveContractMembersPayload | None:
    """Remove members."""
    return await _members(info, input, RemoveContractMembersPayload, members.remove)


async def set_organization_manager(
    info: Info, input: SetOrganizationManagerInput
) -> SetOrganizationManagerPayload | None:
    """Make a manager, or end that."""
    viewer = info.context.viewer
    return await changing(
        info,
        lambda errors, key: SetOrganizationManagerPayload(user_errors=errors, key=key),
        lambda session: organizations.set_manager(
            session, viewer, input.organization, input.username, is_manager=input.is_manager
        ),
    )


async def set_organization_prefix(info: Info, input: SetOrganizationPrefixInput) -> SetOrganizationPrefixPayload | None:
    """Set a prefix."""
    viewer, prefix = info.context.viewer, CourseKeyPrefix(str(input.prefix.value))
    return await changing(
        info,
        lambda errors, key: SetOrganizationPrefixPayload(user_errors=errors, key=key),
        lambda session: organizations.set_prefix(session, viewer, input.organization, prefix, or_none(input.slug)),
    )


def _switching(info: Info, given: ContractInput, *, is_enabled: bool) -> Any:
    revision = or_none(given.expected_revision)
    return lambda session, number: edits.switch(session, info.context.viewer, number, revision, is_enabled=is_enabled)


async def _changing(info: Info, given: ContractInput, kind: type[P], work: Any) -> P:
    """The payload of a change of one contract, whose id is looked at once the viewer may change some."""

    async def attempt(session: AsyncSession) -> int:
        await require_some(session, info.context.viewer, edits.CHANGE)
        number = contract_key(given.id)
        await work(session, number)
        return number

    async def change() -> P:
        return kind(user_errors=[], number=await info.context.changing(attempt))

    return await answered(info, change(), lambda errors: kind(user_errors=errors))


async def _members(info: Info, given: MembersInput, kind: type[M], work: Any) -> M:
    async def attempt(session: AsyncSession) -> M:
        await members.require_to_manage(session, info.context.viewer)
        number = contract_key(given.contract)
        count = await work(session, info.context.viewer, number, given.usernames)
        return kind(user_errors=[], number=number, changed_count=count)

    return await answered(info, info.context.changing(attempt), lambda errors: kind(user_errors=errors))
