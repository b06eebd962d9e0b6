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
from resolvers.learners.curriculum import Curriculum
from resolvers.learners.outbox import OutgoingKind, put
from resolvers.learners.rules import Record, program_progress


class Completion:
    """What makes associations completed. Where somebody `is_told`, what becomes of certificates is in the outbox."""

    def __init__(self, *, is_told: bool = False) -> None:
        self._is_told = is_told

    async def associate(self, session: AsyncSession, usernames: Collection[str], source: ProgramUserSource) -> None:
        """Associate learners with programs; what they have completed already is completed at once."""
        await associate(session, usernames, source)
        await self.settle(session, usernames)

    async def settle(self, session: AsyncSession, usernames: Collection[str]) -> None:
        """Bring the associations of these learners, and their certificates of programs, up to date with what is known.

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
            await self._settle_one(session, user, programs[user.program_id], known[user.username])

    async def _settle_one(self, session: AsyncSession, user: ProgramUser, program: Curriculum, record: Record) -> None:
        is_completed = program_progress(program, record, now()).is_completed
        if is_completed and user.status is ProgramUserStatus.ACTIVE:
            user.status, user.completed_at = ProgramUserStatus.COMPLETED, now()
            certificate, kind = await _award(session, user), OutgoingKind.AWARDED
        elif not is_completed and user.status is ProgramUserStatus.COMPLETED and _has_lost_one(program, record):
            user.status, user.completed_at = ProgramUserStatus.ACTIVE, None
            certificate, kind = await _revoke(session, user), OutgoingKind.REVOKED
        else:
            return
        await touch(session, [user.username])
        if self._is_told and certificate is not None:
            put(session, kind, user.username, user.program_id, certificate)


async def _revoke(session: AsyncSession, user: ProgramUser) -> str | None:
    """Revoke the program's certificate; its UUID, None where there was none that was good."""
    of = ProgramCertificate
    own = (of.username == user.username, of.program_id == user.program_id, of.revoked_at.is_(None))
    revoked: str | None = await session.scalar(update(of).where(*own).values(revoked_at=now()).returning(of.uuid))
    return revoked


async def _award(session: AsyncSession, user: ProgramUser) -> str | None:
    """Award the program's certificate, of which this gives the UUID; one that was revoked is valid again."""
    insert = inserting(session, ProgramCertificate)
    awarded = {
        "uuid": str(uuid4()), "username": user.username, "program_id": user.program_id, "awarded_at": now(),
        "revoked_at": None,
    }  # fmt: skip
    again = {"awarded_at": insert.excluded.awarded_at, "revoked_at": None}
    upsert = insert.values(awarded).on_conflict_do_update(index_elements=["username", "program_id"], set_=again)
    number: str | None = await session.scalar(upsert.returning(ProgramCertificate.uuid))
    return number


def _has_lost_one(program: Curriculum, record: Record) -> bool:
    """Whether a certificate in one of the program's courses is known to count no more."""
    runs = {mode.course_key for modes in program.run_modes.values() for mode in modes}
    lost = {key for key, certificate in record.certificates.items() if not certificate.is_passing}
    return not runs.isdisjoint(lost)
