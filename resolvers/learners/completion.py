"""Completion: an association becomes completed when all that its program requires is done, and a certificate is due.

A completed association is active again only when a certificate that it was made of is lost, never because the program
came to require more (`spec/programs.md`, "Progress, Completion, and Certification").
"""

from collections.abc import Collection
from uuid import uuid4

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import inserting
from db.tables import ProgramCertificate, ProgramUser, ProgramUserSource, ProgramUserStatus, now
from resolvers.learners.associations import associate
from resolvers.learners.copies import touch
from resolvers.learners.curricula import curricula, from_session, records
from resolvers.learners.rules import Curriculum, Record, program_progress


async def associate_and_settle(session: AsyncSession, usernames: Collection[str], source: ProgramUserSource) -> None:
    """Associate learners with programs; what they have completed already is completed at once."""
    await associate(session, usernames, source)
    await settle(session, usernames)


async def settle(session: AsyncSession, usernames: Collection[str]) -> None:
    """Bring the associations of these learners, and the certificates of their programs, up to date with what is known.

    Associations are locked in one order, so that two settlements do not wait for each other.
    """
    of = ProgramUser
    query = select(of).where(
        of.username.in_(sorted(usernames)),
        or_(of.status == ProgramUserStatus.ACTIVE, of.status == ProgramUserStatus.COMPLETED),
    )
    users = list(await session.scalars(query.order_by(of.id).with_for_update()))
    if not users:
        return
    fetch = from_session(session)
    programs = await curricula(fetch, {user.program_id for user in users})
    known = await records(fetch, {user.username for user in users})
    for user in users:
        await _settle_one(session, user, programs[user.program_id], known[user.username])


async def _settle_one(session: AsyncSession, user: ProgramUser, program: Curriculum, record: Record) -> None:
    moment = now()
    is_completed = program_progress(program, record, moment).is_completed
    if is_completed and user.status is ProgramUserStatus.ACTIVE:
        user.status, user.completed_at = ProgramUserStatus.COMPLETED, moment
        await _award(session, user)
    elif not is_completed and user.status is ProgramUserStatus.COMPLETED and _has_lost_one(program, record):
        user.status, user.completed_at = ProgramUserStatus.ACTIVE, None
        of = ProgramCertificate
        revoking = update(of).where(of.username == user.username, of.program_id == user.program_id)
        await session.execute(revoking.where(of.revoked_at.is_(None)).values(revoked_at=moment))
    else:
        return
    await touch(session, [user.username])


async def _award(session: AsyncSession, user: ProgramUser) -> None:
    """Award the program's certificate; one that was revoked is valid again."""
    insert = inserting(session, ProgramCertificate)
    awarded = {
        "uuid": str(uuid4()), "username": user.username, "program_id": user.program_id, "awarded_at": now(),
        "revoked_at": None,
    }  # fmt: skip
    again = {"awarded_at": insert.excluded.awarded_at, "revoked_at": None}
    await session.execute(
        insert.on_conflict_do_update(index_elements=["username", "program_id"], set_=again), [awarded]
    )


def _has_lost_one(program: Curriculum, record: Record) -> bool:
    """Whether a certificate in one of the program's courses is known to count no more."""
    runs = {mode.course_key for modes in program.run_modes.values() for mode in modes}
    lost = {key for key, certificate in record.certificates.items() if not certificate.is_passing}
    return not runs.isdisjoint(lost)
