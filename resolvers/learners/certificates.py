"""Certificates of programs: who has one for what, and whether it is still good.

`spec/programs.md`, "Progress, Completion, and Certification"; awarding and revoking is in `completion`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, bindparam, select

from db.engine import Database
from db.tables import Organization, Program, ProgramCertificate, ProgramOrganization, ProgramStatus
from db.types import any_of, micros
from resolvers.learners.curricula import moment
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, render, rows_for

_of = ProgramCertificate
AWARDED = select(_of.program_id, _of.username, _of.uuid, micros(_of.awarded_at), micros(_of.revoked_at)).where(
    any_of(_of.username, keys_parameter(String()))
)
VERIFIED = (
    select(
        _of.username, micros(_of.awarded_at), micros(_of.revoked_at), Program.id, Program.name,
        Organization.display_name, Organization.key,
    )
    .join(Program, Program.id == _of.program_id)
    .outerjoin(ProgramOrganization, ProgramOrganization.program_id == Program.id)
    .outerjoin(Organization, Organization.id == ProgramOrganization.organization_id)
    .where(_of.uuid == bindparam("uuid", type_=String()), Program.status != ProgramStatus.DELETED)
    .order_by(ProgramOrganization.position)
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Awarded:
    """A certificate of a learner's, and where its page is."""

    uuid: str
    url: str
    awarded_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verified:
    """What anybody who has the UUID of a certificate may know of it; `program_id` is ours alone."""

    uuid: str
    program_id: int
    username: str
    program: str
    organizations: tuple[str, ...]
    awarded_at: datetime | None
    revoked_at: datetime | None


async def load_certificates(batch: Batch) -> dict[str, Awarded]:
    """The certificates of associations, by `progress.ASSOCIATION`: a batch source."""
    context, links = batch.context, batch.context.learners.links
    usernames = sorted({key.partition(":")[2] for key in batch.keys})
    rows = await rows_for(context.snapshot, context.database.dialect, AWARDED, usernames)
    return {
        f"{program}:{username}": Awarded(uuid, links.of_certificate(uuid), moment(awarded), moment(revoked))
        for program, username, uuid, awarded, revoked in rows
    }


async def verify(database: Database, uuid: str) -> Verified | None:
    """The certificate with a UUID; None where there is none, or its program was deleted."""
    statement = render(VERIFIED, database.dialect, {"uuid": lambda values: values["uuid"]})
    async with database.reading() as snapshot:
        rows = await snapshot.fetch(statement.sql, *statement.parameters({"uuid": uuid}))
    if not rows:
        return None
    username, awarded, revoked, program_id, program, *_ = rows[0]
    organizations = tuple(name or key for *_, name, key in rows if key is not None)
    return Verified(uuid, program_id, username, program, organizations, moment(awarded), moment(revoked))
