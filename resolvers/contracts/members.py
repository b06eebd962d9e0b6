"""Who belongs to a contract: added and taken out by staff and by managers of the organization.

A contract has no more members than seats. Leaving one ends no enrollment.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Contract, ContractMember, OrganizationManager, now
from resolvers.access import Permission, Viewer
from resolvers.audit import record
from resolvers.contracts.terms import ContractStatus, Standing, members, seats_used
from resolvers.errors import NotFound
from resolvers.grants import may_for, require_some
from resolvers.refusals import Problem, Reason, Refusal, refuse_if

LONGEST_NAME = 255
MOST_NAMES = 500
CHANGE = Permission.CHANGE_CONTRACTS


async def add(session: AsyncSession, viewer: Viewer, number: int, usernames: Sequence[str]) -> int:
    """Add learners to a contract, all or none; how many did not belong to it before. Raises Refusal and NotFound."""
    contract = await _managed(session, viewer, number)
    refuse_if(checked_names(usernames, "usernames"))
    known = select(ContractMember.username).where(ContractMember.contract_id == number)
    old = set(await session.scalars(known.where(ContractMember.username.in_(usernames))))
    new = [name for name in dict.fromkeys(usernames) if name not in old]
    if new:
        await _require_room(session, contract, len(new))
        rows = [{"contract_id": number, "username": name, "added_by": viewer.username or ""} for name in new]
        await session.execute(insert(ContractMember), rows)
        record(session, viewer, "add members", f"Contract:{number}", dict.fromkeys(new, (None, "member")))
    return len(new)


async def remove(session: AsyncSession, viewer: Viewer, number: int, usernames: Sequence[str]) -> int:
    """Take learners out of a contract; how many belonged to it. Their enrollments stay. Raises Refusal, NotFound."""
    await _managed(session, viewer, number)
    refuse_if(checked_names(usernames, "usernames"))
    member = ContractMember
    gone = delete(member).where(member.contract_id == number, member.username.in_(usernames))
    names = sorted(await session.scalars(gone.returning(member.username)))
    if names:
        record(session, viewer, "remove members", f"Contract:{number}", dict.fromkeys(names, ("member", None)))
    return len(names)


async def standing(session: AsyncSession, number: int) -> tuple[Standing, int, int]:
    """What the status of a contract follows from, its members and the learners enrolled in its runs."""
    row = (await session.execute(select(Contract, members(), seats_used()).where(Contract.id == number))).one()
    contract, belonging, enrolled = row
    taken = max(belonging, enrolled)
    found = Standing(contract.is_enabled, contract.start, contract.end, contract.max_learners, taken)
    return found, belonging, enrolled


async def _require_room(session: AsyncSession, contract: Contract, new: int) -> None:
    found, belonging, enrolled = await standing(session, contract.id)
    status, most = found.status(now()), contract.max_learners
    if status in {ContractStatus.DISABLED, ContractStatus.EXPIRED}:
        raise Refusal([Problem(Reason.CONTRACT_INACTIVE, f"the contract is {status.value}")])
    if most is not None and (enrolled >= most or belonging + new > most):
        taken = max(belonging, enrolled)
        reason = f"the contract has {most} seats; {taken} are taken, and {new} more are asked for"
        raise Refusal([Problem(Reason.CONTRACT_FULL, reason, ("usernames",))])


async def require_to_manage(session: AsyncSession, viewer: Viewer) -> set[int]:
    """The organizations that a viewer manages. Raises Forbidden for those who are neither managers nor staff."""
    query = select(OrganizationManager.organization_id).where(OrganizationManager.username == viewer.username)
    organizations = set(await session.scalars(query))
    if not organizations:
        await require_some(session, viewer, CHANGE)
    return organizations


async def _managed(session: AsyncSession, viewer: Viewer, number: int) -> Contract:
    """A contract, locked, for a viewer who is staff or manages its organization. Raises Forbidden and NotFound."""
    organizations = await require_to_manage(session, viewer)
    contract = await session.scalar(select(Contract).where(Contract.id == number).with_for_update())
    is_theirs = contract is not None and contract.organization_id in organizations
    if contract is None or not (is_theirs or await may_for(session, viewer, CHANGE, contract.organization_id)):
        raise NotFound(f"there is no contract {number}")
    return contract


def checked_names(usernames: Sequence[str], field: str) -> Iterator[Problem]:
    """What is wrong with a list of LMS usernames."""
    if not 0 < len(usernames) <= MOST_NAMES:
        yield Problem(Reason.INVALID, f"{len(usernames)} names are not between 1 and {MOST_NAMES}", (field,))
    for position, name in enumerate(usernames):
        if not name.strip() or len(name) > LONGEST_NAME or "\0" in name:
            place = (field, str(position)) if field.endswith("s") else (field,)
            yield Problem(Reason.INVALID, f"a username has 1 to {LONGEST_NAME} characters", place)
