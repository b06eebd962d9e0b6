"""Making contracts, changing their terms, and switching them on and off; for staff.

Every function raises Refusal with all that is wrong, Forbidden and NotFound.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Contract, CourseKeyPrefix, Organization, OrganizationAlias
from edx.contract_keys import Prefix
from edx.keys import MAX_ORG
from resolvers.access import Permission, Viewer
from resolvers.audit import difference, record
from resolvers.catalog.settling import settled
from resolvers.contracts.terms import Terms
from resolvers.errors import NotFound
from resolvers.grants import may_for, require_for, require_some
from resolvers.idempotency import once
from resolvers.refusals import Problem, Reason, Refusal, refuse_if

CHANGE = Permission.CHANGE_CONTRACTS


async def create(session: AsyncSession, viewer: Viewer, organization: str, terms: Terms, key: str | None) -> int:
    """Make a contract with an organization, which is named by its key or by prefix and key; the contract's number.

    `key` makes repetitions harmless.
    """
    await require_some(session, viewer, CHANGE)
    found = await organization_named(session, organization)
    await require_for(session, viewer, CHANGE, found["id"])
    refuse_if([*terms.problems(), *_key_problems(found)])
    given = {"organization": found["key"], **terms.told()}

    async def attempt() -> str:
        return await once(session, viewer, "createContract", key, given=given, work=made)

    async def made() -> str:
        contract = Contract(organization_id=found["id"], **terms.columns())
        session.add(contract)
        await session.flush()
        record(session, viewer, "create", f"Contract:{contract.id}", difference({}, given))
        return str(contract.id)

    return int(await settled(session, attempt))


async def update(
    session: AsyncSession, viewer: Viewer, number: int, given: Mapping[str, Any], expected_revision: int | None
) -> None:
    """Change terms of a contract; its runs keep their dates."""
    contract = await locked(session, viewer, number, expected_revision)
    before = Terms.of(contract)
    after = before.changed(given)
    refuse_if(after.problems())
    changes = difference(before.told(), after.told())
    if changes:
        for column, value in after.columns().items():
            setattr(contract, column, value)
        contract.revision += 1
        record(session, viewer, "update", f"Contract:{number}", changes)


async def switch(
    session: AsyncSession, viewer: Viewer, number: int, expected_revision: int | None, *, is_enabled: bool
) -> None:
    """Have a contract in effect while its dates say so, or not at all."""
    contract = await locked(session, viewer, number, expected_revision)
    if contract.is_enabled is not is_enabled:
        contract.is_enabled = is_enabled
        contract.revision += 1
        action = "activate" if is_enabled else "deactivate"
        record(session, viewer, action, f"Contract:{number}", {"isEnabled": (not is_enabled, is_enabled)})


async def locked(session: AsyncSession, viewer: Viewer, number: int, expected_revision: int | None = None) -> Contract:
    """A contract for a viewer who may change it, locked: none else changes it, its members or its runs meanwhile."""
    contract = await _found(session, viewer, select(Contract).with_for_update(), number)
    if expected_revision is not None and expected_revision != contract.revision:
        reason = f"the contract is at revision {contract.revision}, not {expected_revision}"
        data = {"current_revision": contract.revision}
        raise Refusal([Problem(Reason.REVISION_CONFLICT, reason, ("expectedRevision",), data)])
    return contract


async def looked_at(session: AsyncSession, viewer: Viewer, number: int) -> Contract:
    """A contract for a viewer who may change it, which nobody is kept from meanwhile."""
    return await _found(session, viewer, select(Contract), number)


async def _found(session: AsyncSession, viewer: Viewer, query: Select[Contract], number: int) -> Contract:
    await require_some(session, viewer, CHANGE)
    contract = await session.scalar(query.where(Contract.id == number))
    if contract is None or not await may_for(session, viewer, CHANGE, contract.organization_id):
        raise NotFound(f"there is no contract {number}")
    return contract


async def organization_named(session: AsyncSession, key: str) -> RowMapping:
    """Id, key and prefix of an organization, by its key or by prefix and key. Raises Refusal."""
    query = select(Organization.id, Organization.key, Organization.prefix)
    query = query.join(OrganizationAlias, OrganizationAlias.organization_id == Organization.id)
    found = (await session.execute(query.where(OrganizationAlias.alias == key.casefold()))).mappings().one_or_none()
    if found is None:
        raise Refusal([Problem(Reason.ORG_UNKNOWN, f"there is no organization '{key}'", ("organization",))])
    return found


def key_problem(key: str, prefix: CourseKeyPrefix) -> str | None:
    """Why an organization's key with its prefix cannot stand in a course key, or None."""
    length = len(Prefix(prefix.value).text) + len(key)
    return None if length <= MAX_ORG else f"with its prefix the key has {length} characters, {MAX_ORG} are allowed"


def _key_problems(organization: RowMapping) -> list[Problem]:
    reason = key_problem(organization["key"], organization["prefix"])
    return [] if reason is None else [Problem(Reason.KEY_TOO_LONG, reason, ("organization",))]
